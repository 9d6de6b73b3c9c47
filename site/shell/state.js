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

  /** name in the address -> how to read it, and where it belongs: to the parts whose setting it is (with `least`, where
   * one of them begins higher), to the link of a class, or among the limits of such a link; else to the page. A limit
   * says for which part it is, for which tracks if not for all, and how the page tells it. */
  const properties = {
    track: { read: oneOf(...tracks), allowed: tracks.join(", ") },
    part: { read: (text) => (parts.includes(text) ? text : undefined), allowed: "a part of this edition" },
    embed: { read: oneOf("1"), allowed: "1" },
    origin: { read: origin, longest: 200, allowed: "an origin such as https://textbook.example, without a path" },
    student: { read: someone, longest: 60, allowed: "up to 60 letters, digits, spaces and . _ @ + -", link: true },
    class: { read: someone, longest: 60, allowed: "up to 60 letters, digits, spaces and . _ @ + -", link: true },
    fixed: { read: some, allowed: "seed, limits, or both with a comma between", link: true },
    budget_limit: { read: number(0.01, 1), allowed: "0.01 to 1, a share of the raw training FLOPs", limit: "1", said: "budget at most", format: "percent" },
    guardrail_limit: { read: number(0, 1), allowed: "0 to 1, a share of the removed documents", limit: "1", said: "guardrail at most", format: "percent" },
    target_limit: { read: number(0.5, 1), allowed: "0.5 to 1, a share of the test samples", limit: "2", said: "accuracy at least", format: "percent" },
    cost_limit: { read: number(1, 1e9), allowed: "1 to 1e9, in dollars", limit: "2", said: "project at most", format: "dollars" },
    overhead_limit: { read: number(0, 1), allowed: "0 to 1, a share of the project’s cost", limit: "2", tracks: ["cloud"], said: "selection’s share of the cost at most", format: "percent" },
    critical_limit: { read: number(0, 1), allowed: "0 to 1, a share of the watched class", limit: "2", tracks: ["edge", "tiny"], said: "recall of the watched class at least", format: "percent" },
    rounds_limit: { read: number(1, 600, true), allowed: "1 to 600", limit: "2", tracks: ["mobile"], said: "rounds of selection at most", format: "integer" },
    accuracy_limit: { read: number(0, 1), allowed: "0 to 1, a share of the field’s pictures", limit: "3", said: "field accuracy at least", format: "percent" },
    fid_limit: { read: number(0.01, 10), allowed: "0.01 to 10", limit: "3", said: "FID at most", format: "fixed" },
    recall_limit: { read: number(0, 1), allowed: "0 to 1, a share of the critical class in heavy rain", limit: "3", said: "safety recall at least", format: "percent" },
    supply_limit: { read: number(0, 1000, true), allowed: "0 to 1000", limit: "3", said: "real samples", format: "integer" },
    deadline_limit: { read: number(1, 1e12), allowed: "1 to 1e12, in training steps", limit: "3", said: "training steps at most", format: "integer" },
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
    seeds: { read: number(1, 20, true), allowed: "1 to 20", least: { 3: 2 }, parts: ["2", "3"] },
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
      const { parts: its, least, allowed } = properties[name];
      const value = found.settings[name];
      if (its.includes(part) && !(value < least?.[part])) continue;
      delete found.settings[name];
      found.ignored.push(its.includes(part) ? `${name}=${value} was ignored; allowed in part ${part}: ${allowed.replace(/^\d+/, least[part])}` : `${name} is no setting of part ${part}`);
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
    if (link.limits.supply_limit !== undefined && settings.real !== undefined) {
      if (settings.real !== link.limits.supply_limit) ignored.push(`real=${settings.real} was ignored; supply_limit fixes it`);
      delete settings.real;
    }
    link.fixed = link.fixed.filter((name) => (name === "seed" ? link.seed !== undefined : Object.keys(link.limits).length));
  }

  /** The address of a state, below the page's own: what the page shows, and what its own address had said of class and
   * frame. */
  function write({ track, part, settings = {}, link, embed, origin }) {
    const query = new URLSearchParams({ track, part });
    for (const [name, value] of Object.entries(settings)) {
      const follows = ["bands", "rows"].includes(name) ? settings.banding === "auto" : name === "real" && link?.limits.supply_limit !== undefined;
      if (properties[name]?.parts?.includes(part) && !follows) query.set(name, String(value));
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

  /** The limits that the link of a class can set: name -> its row of the table. */
  const limits = Object.fromEntries(Object.entries(properties).filter(([, { limit }]) => limit));

  return { read, write, complaint, tracks, limits, address: read() };
})();
