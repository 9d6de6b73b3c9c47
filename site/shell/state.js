// What an address can say: one table of properties drives reading and writing, and everything that comes in is
// checked. What was not understood is named, never guessed.
"use strict";

lab.state = (() => {
  const tracks = ["cloud", "edge", "mobile", "tiny"];
  const LONGEST = 2000; // characters of an address that are looked at
  const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;
  const number = (low, high, whole = false) => (text) => {
    const value = decimal.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value) || value < low || value > high || (whole && !Number.isInteger(value))) return undefined;
    return value;
  };
  const oneOf = (...names) => (text) => (names.includes(text) ? text : undefined);
  const oneOfNumbers = (...values) => (text) => values.find((value) => String(value) === text);
  const onPage = lab.all("[data-part]").map((section) => section.dataset.part);
  const parts = onPage.length ? onPage : ["1", "2", "3"]; // the guide to links shows none of them

  /** A name of a person or a class: no markup, no control characters, nothing that hides. */
  const someone = (text) => (/^[\p{L}\p{M}\p{N} ._@+-]{1,60}$/u.test(text) && text.trim() ? text.trim() : undefined);

  /** An origin and nothing else: https, or this machine for trying things out. */
  function origin(text) {
    let address;
    try {
      address = new URL(text);
    } catch {
      return undefined;
    }
    const here = address.protocol === "http:" && ["127.0.0.1", "localhost"].includes(address.hostname);
    return (here || address.protocol === "https:") && address.origin === text ? text : undefined;
  }

  /** What the link of a class may fix. */
  const fixable = ["seed", "limits"];
  const some = (text) => (text.split(",").every((name) => fixable.includes(name)) ? [...new Set(text.split(","))] : undefined);

  /** name in the address -> how to read it, and where it belongs: to the parts whose setting it is, to the link of a
   * class, or among the limits of such a link; else to the page */
  const properties = {
    track: { read: oneOf(...tracks), allowed: tracks.join(", ") },
    part: { read: (text) => (parts.includes(text) ? text : undefined), allowed: "a part of this edition" },
    embed: { read: oneOf("1"), allowed: "1" },
    origin: { read: origin, longest: 200, allowed: "an origin such as https://textbook.example, without a path" },
    student: { read: someone, longest: 60, allowed: "up to 60 letters, digits, spaces and . _ @ + -", link: true },
    class: { read: someone, longest: 60, allowed: "up to 60 letters, digits, spaces and . _ @ + -", link: true },
    fixed: { read: some, allowed: "seed, limits, or both with a comma between", link: true },
    budget_limit: { read: number(0.01, 1), allowed: "0.01 to 1, a share of the raw training FLOPs", limit: true },
    guardrail_limit: { read: number(0, 1), allowed: "0 to 1, a share of the removed documents", limit: true },
    corpus: { read: oneOf("licences", "crawl", "frames", "signals"), allowed: "licences, crawl, frames or signals", parts: ["1"] },
    threshold: { read: number(0.5, 1), allowed: "0.5 to 1", parts: ["1"] },
    width: { read: number(1, 12, true), allowed: "1 to 12", parts: ["1"] },
    num_perm: { read: oneOfNumbers(16, 32, 64, 128, 256), allowed: "16, 32, 64, 128 or 256", parts: ["1"] },
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
    batch: { read: oneOfNumbers(5, 10, 20, 50, 100), allowed: "5, 10, 20, 50 or 100", parts: ["2"] },
    data: { read: oneOf("digits", "rare", "breast_cancer"), allowed: "digits, rare or breast_cancer", parts: ["2"] },
    initial: { read: number(2, 200, true), allowed: "2 to 200", parts: ["2"] },
    budget: { read: number(20, 600, true), allowed: "20 to 600", parts: ["2"] },
    test_share: { read: number(0.1, 0.5), allowed: "0.1 to 0.5", parts: ["2"] },
    seeds: { read: number(1, 20, true), allowed: "1 to 20", parts: ["2", "3"] },
    noise: { read: number(0, 30), allowed: "0 to 30, in %", parts: ["3"] },
  };

  /** What the address says: {track, part, settings, link, embed, origin, ignored}. `link` is what the link of a class
   * sets, {student, class, fixed, seed, limits}. */
  function read(search = location.search) {
    const found = { settings: {}, link: { fixed: [], limits: {} }, ignored: [] };
    const asked = new Set();
    let whole = search;
    if (search.length > LONGEST) {
      whole = search.slice(0, LONGEST).replace(/&[^&]*$/, ""); // what was cut in two says something else
      found.ignored.push(`what follows its first ${LONGEST} characters was ignored`);
    }
    for (const [name, text] of new URLSearchParams(whole)) {
      const property = Object.hasOwn(properties, name) ? properties[name] : null;
      if (!property) {
        found.ignored.push(`“${name.slice(0, 40)}” is not a setting of this lab`);
        continue;
      }
      if (asked.has(name)) {
        found.ignored.push(`a second ${name} was ignored`);
        continue;
      }
      asked.add(name);
      const value = text.length > (property.longest || 40) ? undefined : property.read(text);
      if (value === undefined) found.ignored.push(`${name}=${text.slice(0, 40)} was ignored; allowed: ${property.allowed}`);
      else if (property.parts) found.settings[name] = value;
      else if (property.link) found.link[name] = value;
      else if (property.limit) found.link.limits[name] = value;
      else found[name] = value;
    }
    fix(found);
    const part = found.part || "1";
    for (const name of Object.keys(found.settings)) {
      if (properties[name].parts.includes(part)) continue;
      delete found.settings[name];
      found.ignored.push(`${name} is no setting of part ${part}`);
    }
    return found;
  }

  /** Settles what the link of a class fixes: limits hold only where they are fixed, and nothing is fixed to nothing. */
  function fix({ settings, link, ignored }) {
    if (link.fixed.includes("seed")) {
      if (settings.seed === undefined) ignored.push("fixed=seed was ignored; it needs a seed");
      else link.seed = settings.seed;
    }
    const limits = Object.keys(link.limits);
    if (link.fixed.includes("limits")) {
      if (!limits.length) ignored.push("fixed=limits was ignored; it needs a limit");
    } else if (limits.length) {
      ignored.push(`${limits.join(" and ")} was ignored; it needs fixed=limits`);
      link.limits = {};
    }
    link.fixed = link.fixed.filter((name) => (name === "seed" ? link.seed !== undefined : Object.keys(link.limits).length));
  }

  /** The address of a state, below the page's own: what the page shows, and what its own address had said of class and
   * frame. */
  function write({ track, part, settings = {}, link, embed, origin }) {
    const query = new URLSearchParams({ track, part });
    for (const [name, value] of Object.entries(settings)) {
      if (properties[name]?.parts?.includes(part) && !(["bands", "rows"].includes(name) && settings.banding === "auto")) query.set(name, String(value));
    }
    if (link) {
      for (const name of ["student", "class"]) if (link[name]) query.set(name, link[name]);
      if (link.fixed.length) query.set("fixed", link.fixed.join(","));
      if (link.seed !== undefined) query.set("seed", String(link.seed));
      for (const [name, value] of Object.entries(link.limits)) query.set(name, String(value));
    }
    if (embed) query.set("embed", embed);
    if (origin) query.set("origin", origin);
    return `?${query}`;
  }

  /** One sentence on what an address said in vain, or nothing. */
  function complaint({ ignored }) {
    const rest = ignored.length > 4 ? `; and ${ignored.length - 4} more` : "";
    return ignored.length ? `The address was understood only in part: ${ignored.slice(0, 4).join("; ")}${rest}.` : "";
  }

  return { read, write, complaint, tracks, address: read() };
})();
