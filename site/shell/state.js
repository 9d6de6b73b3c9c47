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
    synthetic: { read: number(0, 100), allowed: "0 to 100, in %", parts: ["3"] },
    randomisation: { read: number(0, 1), allowed: "0 to 1", parts: ["3"] },
    measure: { read: oneOf("accuracy", "recall", "fid", "fid_infinity"), allowed: "accuracy, recall, fid or fid_infinity", parts: ["3"] },
    total: { read: number(20, 3000, true), allowed: "20 to 3000", parts: ["3"] },
    real: { read: number(0, 1000, true), allowed: "0 to 1000", parts: ["3"] },
    rain: { read: oneOf("record", "hand"), allowed: "record or hand", parts: ["3"] },
    wet_share: { read: number(0, 100, true), allowed: "0 to 100, in %", parts: ["3"] },
    simulator_rain: { read: oneOf("no", "yes"), allowed: "no or yes", parts: ["3"] },
    label_noise: { read: number(0, 45, true), allowed: "0 to 45, in %", parts: ["3"] },
    strategy: { read: oneOf("random", "least_confidence", "margin", "entropy"), allowed: "random, least_confidence, margin or entropy", parts: ["2"] },
    batch: { read: (text) => ([5, 10, 20, 50, 100].includes(Number(text)) ? Number(text) : undefined), allowed: "5, 10, 20, 50 or 100", parts: ["2"] },
    data: { read: oneOf("digits", "rare", "breast_cancer"), allowed: "digits, rare or breast_cancer", parts: ["2"] },
    initial: { read: number(2, 200, true), allowed: "2 to 200", parts: ["2"] },
    budget: { read: number(20, 600, true), allowed: "20 to 600", parts: ["2"] },
    test_share: { read: number(0.1, 0.5), allowed: "0.1 to 0.5", parts: ["2"] },
    seeds: { read: number(1, 20, true), allowed: "1 to 20", parts: ["2", "3"] },
    noise: { read: number(0, 30), allowed: "0 to 30, in %", parts: ["3"] },
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
