// What an address can contain: reading and writing use one table of properties, and every value that comes in is
// checked. A value that is not understood is reported, never guessed.
"use strict";

lab.state = (() => {
  /** The table of settings and limits that the build put into the page: facts/settings.json, and the tracks.
   * @type {{steps?: string[], parts: Record<string, string>, tracks: Record<string, string>, settings: Record<string, Record<string, any>>, limits: Record<string, any>, colours: Record<string, string>, record: Record<string, any>}} */
  const table = lab.json("[data-settings]");
  const tracks = Object.keys(table.tracks);
  const steps = table.steps || []; // of a part, in order; the guide for instructors has none
  const LONGEST = 2000; // characters of an address that are read
  const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;
  const number = (low, high, whole = false) => (text) => {
    const value = decimal.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value) || value < low || value > high || (whole && !Number.isInteger(value))) return undefined;
    return value;
  };
  const oneOf = (...values) => (text) => values.find((value) => String(value) === text);
  const listed = (words, last = "or") => (words.length > 1 ? `${words.slice(0, -1).join(", ")} ${last} ${words[words.length - 1]}` : words.join(""));

  /** How a row of the table is read, and what it allows, in words. */
  function row({ kind, low, high, options, unit, of }) {
    if (kind === "choice") {
      const values = options.map(({ value }) => value);
      return { read: oneOf(...values), allowed: listed(values) };
    }
    const what = of || (unit === "%" ? "in %" : "");
    return { read: number(low, high, kind === "whole"), allowed: `${low} to ${high >= 1e9 ? high.toExponential().replace("e+", "e") : high}${what && `, ${what}`}` };
  }
  const onPage = lab.all("[data-part]").map((section) => section.dataset.part);
  const parts = onPage.length ? onPage : ["1", "2", "3"]; // the guide for instructors has none of them

  /** A name of a person or a class, in any script and with any signs (O’Brien; Müller, Lisa; 王小明; CS 101/A). Markup,
   * letters that an address has damaged, and control and invisible characters are refused, except the joiners, which
   * Persian and Indic names need. */
  const STEERING = /[<>\ufffd\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;
  function someone(text) {
    const name = text.normalize("NFC").trim();
    return [...name].length <= 60 && /[\p{L}\p{N}]/u.test(name) && !STEERING.test(name) ? name : undefined;
  }
  const NAME = "up to 60 letters, digits, spaces and signs other than < and >, a letter or digit among them";

  /** An origin and nothing else: https, or http on this machine for trying things out. */
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

  /** The properties of an address for the page and for a class: name -> how to read it, and what is allowed. */
  const properties = {
    track: { read: oneOf(...tracks), allowed: tracks.join(", ") },
    part: { read: (text) => (parts.includes(text) ? text : undefined), allowed: "a part of this edition" },
    step: { read: oneOf(...steps), allowed: steps.join(", ") },
    view: { read: oneOf("steps", "page"), allowed: "steps, page" },
    embed: { read: oneOf("1"), allowed: "1" },
    origin: { read: origin, longest: 200, allowed: "an origin such as https://textbook.example, without a path" },
    student: { read: someone, longest: 120, allowed: NAME, link: true },
    class: { read: someone, longest: 120, allowed: NAME, link: true },
    fixed: { read: some, allowed: "seed, limits, or both with a comma between", link: true },
  };
  for (const [name, limit] of Object.entries(table.limits)) properties[name] = { ...row(limit), limit: limit.part };

  /** The settings of each part: part -> name -> how to read it. */
  const settings = Object.fromEntries(Object.entries(table.settings).map(([part, rows]) => [part, Object.fromEntries(Object.entries(rows).map(([name, settingRow]) => [name, row(settingRow)]))]));
  const partsOf = (name) => Object.keys(settings).filter((part) => Object.hasOwn(settings[part], name));

  /** Reads an address: {track, part, settings, link, embed, origin, ignored}. `link` has what the link of a class sets,
   * {student, class, fixed, seed, limits}. */
  function read(search = location.search) {
    /** @type {LabAddress} */
    const address = { settings: {}, link: { fixed: [], limits: {} }, ignored: [] };
    const seenNames = new Set();
    let whole = search;
    if (search.length > LONGEST) {
      whole = search.slice(0, LONGEST).replace(/&[^&]*$/, ""); // a property that was cut in two would be wrong
      address.ignored.push(`what follows its first ${LONGEST} characters was ignored`);
    }
    const query = new URLSearchParams(whole);
    const partText = query.get("part");
    const part = partText !== null && parts.includes(partText) ? partText : "1"; // the settings that follow are for this part
    for (const [name, text] of query) {
      const itsParts = Object.hasOwn(properties, name) ? [] : partsOf(name);
      const property = itsParts.length ? settings[itsParts.includes(part) ? part : itsParts[0]][name] : Object.hasOwn(properties, name) ? properties[name] : null;
      if (!property) {
        address.ignored.push(`“${name.slice(0, 40)}” is not a setting of this lab`);
        continue;
      }
      if (seenNames.has(name)) {
        address.ignored.push(`a second ${name} was ignored`);
        continue;
      }
      seenNames.add(name);
      const value = text.length > (property.longest || 40) ? undefined : property.read(text);
      if (value === undefined) address.ignored.push(`${name}=${text.slice(0, 40)} was ignored; allowed${itsParts.length > 1 ? ` in part ${part}` : ""}: ${property.allowed}`);
      else if (itsParts.length && !itsParts.includes(part)) address.ignored.push(`${name} is not a setting of part ${part}`);
      else if (itsParts.length) address.settings[name] = value;
      else if (property.link) address.link[name] = value;
      else if (property.limit) address.link.limits[name] = value;
      else address[name] = value;
    }
    fix(address);
    return address;
  }

  /** Resolves what the link of a class fixes: limits apply only if the link fixes them, and fixing needs a value. */
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

  /** The query that describes a state: what the page shows, and the class and the frame as in the page's own address.
   * @param {Record<string, any>} state */
  function write({ track, part, step, view, settings: own = {}, link, embed, origin }) {
    const query = new URLSearchParams({ track, part });
    if (step) query.set("step", step);
    if (view) query.set("view", view);
    for (const [name, value] of Object.entries(own)) {
      const isDerived = ["bands", "rows"].includes(name) ? own.banding === "auto" : name === "real" && link?.limits.supply_limit !== undefined;
      if (settings[part] && Object.hasOwn(settings[part], name) && !isDerived) query.set(name, String(value));
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

  /** One sentence about the ignored properties of an address, or an empty text. */
  function complaint({ ignored }) {
    const rest = ignored.length > 4 ? `; and ${ignored.length - 4} more` : "";
    return ignored.length ? `The address was understood only in part: ${ignored.slice(0, 4).join("; ")}${rest}.` : "";
  }

  /** The limits that the link of a class can set: name -> its row of the table, with its part as `limit`. */
  const limits = Object.fromEntries(Object.entries(table.limits).map(([name, limitRow]) => [name, { ...limitRow, limit: limitRow.part }]));

  /** A setting's value in the words of its control. */
  function said(part, name, value) {
    const option = table.settings[part]?.[name]?.options?.find((choice) => choice.value === value);
    return option ? option.label : typeof value === "number" ? lab.format(value, Number.isInteger(value) ? "integer" : "fixed") : String(value);
  }

  return { read, write, said, complaint, tracks, steps, titles: table, colours: table.colours, limits, address: read() };
})();
