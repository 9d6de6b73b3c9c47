// What a record may contain: the page and the command line (src/dataselect_core/ledger/record.py) accept and refuse the
// same records. Records come from a browser's storage and from files, so everything in them is checked before use.
"use strict";

lab.schema = (() => {
  const { parts, tracks, record: RULES } = lab.json("[data-settings]"); // facts/record.json; the core reads it too
  const SCHEMA = RULES.schema;
  const LENGTHS = RULES.lengths;
  const TEXTS = RULES.texts;
  const whole = (pattern) => new RegExp(`^(?:${pattern})$`);
  const KEY = whole(`${RULES.word}|(?:${Object.keys(tracks).join("|")})/(?:${Object.keys(parts).join("|")}|synthesis)/${RULES.name}`);
  const PATH = whole(RULES.path);
  const VERSION = whole(RULES.version);
  const ENGINE = [...RULES.engine].sort();
  const OF_THE_SESSION = RULES.of_the_session; // cases of schema 2 that cannot be recomputed

  const refuse = (text) => { throw new Error(text); };
  const isObject = (value) => Boolean(value) && typeof value === "object" && !Array.isArray(value);
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  /** A value of an object, or the default if it is left out; null is a value. */
  const left = (value, name, otherwise) => (Object.hasOwn(value, name) && value[name] !== undefined ? value[name] : otherwise);
  const short = (value) => String(value).slice(0, 60);

  function text(where, value, most) {
    if (typeof value !== "string") refuse(`${where} must be a text`);
    if ([...value].length > most) refuse(`${where} must be at most ${most} characters`);
  }

  /** Checks an object of numbers, truth values and short texts. */
  function flat(where, value) {
    if (!isObject(value) || Object.keys(value).length > LENGTHS.names) refuse(`${where} must be an object of at most ${LENGTHS.names} names`);
    for (const [name, item] of Object.entries(value)) {
      if (name.length > LENGTHS.name) refuse(`${where} has a name that is too long`);
      if (!(item === null || typeof item === "boolean" || isNumber(item))) text(`${where}.${short(name)}`, item, LENGTHS.item);
    }
  }

  /** Checks assumptions: an object of numbers. */
  function numbers(where, value) {
    flat(where, value);
    for (const [name, item] of Object.entries(value)) if (!isNumber(item)) refuse(`${where}.${short(name)} must be a number`);
  }

  /** Checks any JSON value: its depth and the length of its texts are limited. */
  function plain(where, value, depth) {
    if (depth === 0) refuse(`${where} is nested too deeply`);
    if (Array.isArray(value)) for (const item of value) plain(where, item, depth - 1);
    else if (isObject(value)) {
      for (const [name, item] of Object.entries(value)) {
        if (name.length > LENGTHS["plain name"]) refuse(`${where} has a name that is too long`);
        plain(where, item, depth - 1);
      }
    } else if (!(value === null || typeof value === "boolean" || isNumber(value))) text(where, value, LENGTHS["plain text"]);
  }

  function prediction(key, value) {
    if (!isObject(value)) refuse(`${key} must be an object`);
    text(`${key}.said`, left(value, "said", ""), LENGTHS.said);
    text(`${key}.why`, left(value, "why", ""), LENGTHS.why);
    text(`${key}.locked_at`, left(value, "locked_at", ""), LENGTHS.locked_at);
    if (isObject(value.value)) flat(`${key}.value`, value.value);
    else if (!isNumber(value.value)) text(`${key}.value`, value.value, LENGTHS.answer);
  }

  /** Checks the versions of what computed the figures; null if they are not known. */
  function engine(where, value) {
    if (value === null || value === undefined) return;
    if (!isObject(value) || Object.keys(value).sort().join() !== ENGINE.join()) refuse(`${where} must be null or have ${ENGINE.join(", ")}, and nothing else`);
    for (const [name, version] of Object.entries(value)) {
      text(`${where}.${name}`, version, LENGTHS.version);
      if (!VERSION.test(version)) refuse(`${where}.${name} is not a version`);
    }
  }

  function evidence(key, value) {
    if (!isObject(value)) refuse(`${key} must be an object`);
    text(`${key}.at`, left(value, "at", ""), LENGTHS.at);
    text(`${key}.lab`, left(value, "lab", ""), LENGTHS.lab);
    engine(`${key}.engine`, value.engine);
    flat(`${key}.settings`, left(value, "settings", {}));
    numbers(`${key}.assumptions`, left(value, "assumptions", {}));
    const cases = left(value, "cases", []);
    if (!Array.isArray(cases) || !cases.every((name) => typeof name === "string" && PATH.test(name))) refuse(`${key}.cases must be a list of names`);
    if (cases.length > RULES.most_cases) refuse(`${key}.cases must be at most ${RULES.most_cases}`);
    const values = left(value, "values", {});
    if (!isObject(values) || Object.keys(values).length > RULES.most_entries) refuse(`${key}.values must be an object of at most ${RULES.most_entries} figures`);
    for (const [path, figure] of Object.entries(values)) {
      const where = `${key}.values.${short(path)}`;
      if (!PATH.test(path)) refuse(`${where} is not a path of a figure`);
      if (!isObject(figure) || !RULES.kinds.includes(figure.kind)) refuse(`${where} must have a kind: ${RULES.kinds.join(", ")}`);
      if (figure.value !== null && figure.value !== undefined && !isNumber(figure.value)) text(where, figure.value, LENGTHS.value);
      for (const name of ["unit", "source"]) text(`${where}.${name}`, left(figure, name, ""), LENGTHS[name]);
    }
    if (!Object.hasOwn(value, "settings")) refuse(`${key} must have the settings with which it was captured`);
  }

  /** Checks one entry; the error names what is wrong and where. @param {string} key @param {any} entry */
  function check(key, entry) {
    if (!KEY.test(key)) refuse(`${short(key)} is not a key of a record`);
    if (!isObject(entry) || Object.keys(entry).sort().join() !== "at,value") refuse(`${key} must have a value and a time, and nothing else`);
    if (!isNumber(entry.at) || entry.at < 0 || entry.at > RULES.latest) refuse(`${key}: the time must be milliseconds from 1970 to 2100`);
    const { value } = entry;
    const name = key.split("/").pop();
    if (value === null) return;
    if (Object.hasOwn(TEXTS, name)) text(key, value, TEXTS[name]);
    else if (name.startsWith("prediction")) prediction(key, value);
    else if (name === "evidence") evidence(key, value);
    else if (name === "settings") flat(key, value);
    else if (name === "assumptions") numbers(key, value);
    else plain(key, value, RULES.depth);
  }

  // -- migrations: each takes a record of its schema to the next -------------------------------------------

  const words = (value) => (isObject(value) ? Object.entries(value).map(([name, item]) => `${name} ${item}`).join("; ") : value === null || value === undefined ? "" : String(value));

  /** Entries with each value changed; built so that no key has a special meaning, whatever its name. */
  const mapped = (entries, change) => Object.fromEntries(Object.entries(entries).map(([key, entry]) => {
    const value = isObject(entry) ? entry.value : null;
    return [key, isObject(value) ? { ...entry, value: change(key.split("/").pop(), value) } : entry];
  }));

  /** Schema 1 had no words next to an answer, and did not record which edition had captured the evidence. */
  function from1(record) {
    const edition = record.lab || "0.1.0";
    const entries = mapped(record.entries, (name, value) => {
      if (name.startsWith("prediction")) return { said: words(value.value), ...value };
      return name === "evidence" ? { lab: edition, assumptions: {}, ...value } : value;
    });
    return { ...record, schema: 2, lab: edition, entries };
  }

  /** Schema 2 did not record which engine had computed the evidence, and had cases that cannot be recomputed. */
  function from2(record) {
    const entries = mapped(record.entries, (name, value) => {
      if (name !== "evidence") return value;
      const cases = left(value, "cases", []);
      return { ...value, cases: Array.isArray(cases) ? cases.filter((caseName) => !OF_THE_SESSION.includes(caseName)) : cases, engine: null };
    });
    return { ...record, schema: 3, entries };
  }

  const MIGRATIONS = { 1: from1, 2: from2 };

  /** Migrates a record to the present schema; its entries are not checked yet. @param {any} record */
  function migrate(record) {
    if (!isObject(record) || !isObject(record.entries)) refuse("this is not a record of the lab: it has no entries");
    if (!Number.isInteger(record.schema) || record.schema < 1) refuse(`schema must be a whole number from 1 to ${SCHEMA}`);
    if (record.schema > SCHEMA) throw Object.assign(new Error(`the record comes from a newer edition of the lab (schema ${record.schema}; this one reads up to schema ${SCHEMA})`), { newer: true });
    let migrated = record;
    while (migrated.schema < SCHEMA) migrated = MIGRATIONS[migrated.schema](migrated);
    for (const name of ["lab", "reader"]) text(name, migrated[name], LENGTHS[name]);
    if (migrated.student !== undefined && migrated.student !== null) text("student", migrated.student, LENGTHS.student);
    if (Object.keys(migrated.entries).length > RULES.most_entries) refuse(`entries must be at most ${RULES.most_entries}`);
    // Only the fields of a record; anything else in a file or an export is left out.
    return {
      schema: SCHEMA, lab: migrated.lab, reader: migrated.reader,
      ...(migrated.student ? { student: migrated.student } : {}), entries: { ...migrated.entries },
    };
  }

  return {
    SCHEMA, TEXTS, MOST_BYTES: RULES.most_bytes, MOST_REPORT_BYTES: RULES.most_report_bytes, MOST_RUNS: RULES.most_runs, check, isObject,

    /** A checked record at the present schema; throws an error that states what is wrong. @param {any} record */
    read(record) {
      const migrated = migrate(record);
      for (const [key, entry] of Object.entries(migrated.entries)) check(key, entry);
      return migrated;
    },

    /** The usable part of a record, and whether that is the whole record. @param {any} record */
    salvage(record) {
      const migrated = migrate(record);
      let complete = true;
      for (const [key, entry] of Object.entries(migrated.entries)) {
        try {
          check(key, entry);
        } catch {
          delete migrated.entries[key];
          complete = false;
        }
      }
      return { record: migrated, whole: complete };
    },

    /** Whether two flat objects are equal; the order of names does not matter. */
    same(a, b) {
      const sorted = (value) => JSON.stringify(Object.entries(value || {}).sort(([x], [y]) => (x < y ? -1 : 1)));
      return sorted(a) === sorted(b);
    },
  };
})();
