// What an address can say: one table of properties drives reading and writing, and everything that comes in is
// checked. What was not understood is named, never guessed.
"use strict";

lab.state = (() => {
  const tracks = ["cloud", "edge", "mobile", "tiny"];
  const number = (low, high, whole = false) => (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < low || value > high || (whole && !Number.isInteger(value))) return undefined;
    return value;
  };
  const oneOf = (...names) => (text) => (names.includes(text) ? text : undefined);
  const parts = () => lab.all("[data-part]").map((section) => section.dataset.part);

  /** name in the address -> how to read it, and where it belongs */
  const properties = {
    track: { read: oneOf(...tracks), allowed: tracks.join(", ") },
    part: { read: (text) => (parts().includes(text) ? text : undefined), allowed: "a part of this edition" },
    corpus: { read: oneOf("licences", "crawl"), allowed: "licences or crawl", parts: ["1"] },
    threshold: { read: number(0.5, 1), allowed: "0.5 to 1", parts: ["1"] },
    width: { read: number(1, 12, true), allowed: "1 to 12", parts: ["1"] },
    num_perm: { read: (text) => ([16, 32, 64, 128, 256].includes(Number(text)) ? Number(text) : undefined), allowed: "16, 32, 64, 128 or 256", parts: ["1"] },
    seed: { read: number(0, 9999, true), allowed: "0 to 9999", parts: ["1", "2", "3"] },
    banding: { read: oneOf("auto", "hand"), allowed: "auto or hand", parts: ["1"] },
    bands: { read: number(1, 256, true), allowed: "1 to 256", parts: ["1"] },
    rows: { read: number(1, 256, true), allowed: "1 to 256", parts: ["1"] },
    compute: { read: oneOf("operations", "flops"), allowed: "operations or flops", parts: ["1"] },
  };

  /** What the address says: {track, part, settings, ignored}. */
  function read(search = location.search) {
    const found = { settings: {}, ignored: [] };
    for (const [name, text] of new URLSearchParams(search.slice(0, 2000))) {
      const property = Object.hasOwn(properties, name) ? properties[name] : null;
      if (!property) {
        found.ignored.push(`“${name.slice(0, 40)}” is not a setting of this lab`);
        continue;
      }
      const value = property.read(text.slice(0, 40));
      if (value === undefined) found.ignored.push(`${name}=${text.slice(0, 40)} was ignored; allowed: ${property.allowed}`);
      else if (property.parts) found.settings[name] = value;
      else found[name] = value;
    }
    const part = found.part || "1";
    for (const name of Object.keys(found.settings)) {
      if (properties[name].parts.includes(part)) continue;
      delete found.settings[name];
      found.ignored.push(`${name} is no setting of part ${part}`);
    }
    return found;
  }

  /** The address of a state, below the page's own. */
  function write({ track, part, settings = {} }) {
    const query = new URLSearchParams({ track, part });
    for (const [name, value] of Object.entries(settings)) {
      if (properties[name]?.parts?.includes(part) && !(["bands", "rows"].includes(name) && settings.banding === "auto")) query.set(name, String(value));
    }
    return `?${query}`;
  }

  return { read, write, tracks };
})();
