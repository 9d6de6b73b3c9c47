// The one rule for who may overwrite what in the reader's record; docs/records.md states it in words.
"use strict";

lab.merge = (() => {
  const IS_ONCE = /^prediction(-|$)/;
  const IS_FIELDS = new Set(["settings", "assumptions"]);

  const nameOf = (key) => key.split("/").pop();
  const isThere = (entry) => entry !== undefined && entry.value !== null;
  const { isObject } = lab.schema;

  /** Whether two values have the same content; the order of names does not matter. */
  function same(a, b) {
    if (a === b) return true;
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
    if (!isObject(a) || !isObject(b)) return false;
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
  }

  /** Both texts if neither contains the other, so that nothing that a reader wrote is lost. */
  function texts(theirs, mine, most = Infinity) {
    if (theirs.includes(mine)) return theirs;
    if (mine.includes(theirs)) return mine;
    const joined = `${theirs}\n\n${mine}`;
    if ([...joined].length > most) throw new Error("another tab has written in the same field, and both texts together are longer than it takes");
    return joined;
  }

  /** `onto` with those fields of `mine` that have changed since `before`. */
  function fields(before, mine, onto) {
    const result = { ...onto };
    for (const name of new Set([...Object.keys(before), ...Object.keys(mine)])) {
      if (same(before[name], mine[name])) continue;
      if (Object.hasOwn(mine, name)) result[name] = mine[name];
      else delete result[name];
    }
    return result;
  }

  const identity = (run) => run.id || JSON.stringify([run.number, run.settings?.strategy, run.settings?.data, run.settings?.batch, run.settings?.seed]);
  const length = (run) => (run.right || []).reduce((sum, seed) => sum + seed.length, 0);

  /** The runs of two searches, each once; of two versions of a run, the longer. A run whose number is taken gets a new
   * one. Counted runs remain counted, and the marker that was committed first is kept. */
  function searches(theirs, mine) {
    if (!isObject(theirs) || !Array.isArray(theirs.runs)) return mine;
    if (!isObject(mine) || !Array.isArray(mine.runs)) return theirs;
    const merged = new Map(theirs.runs.map((run) => [identity(run), run]));
    const taken = new Set(theirs.runs.map((run) => run.number));
    const numbers = new Map(); // number in `mine` -> merged number
    let last = Math.max(theirs.last || 0, mine.last || 0);
    for (const run of mine.runs) {
      const id = identity(run);
      const theirRun = merged.get(id);
      const number = theirRun ? theirRun.number : taken.has(run.number) ? ++last : run.number;
      numbers.set(run.number, number);
      taken.add(number);
      const longer = theirRun && length(theirRun) > length(run) ? theirRun : run;
      merged.set(id, { ...longer, number, shown: run.shown });
    }
    const runs = [...merged.values()].sort((a, b) => a.number - b.number).slice(-lab.schema.MOST_RUNS);
    const spent = [...new Set([...(theirs.spent || []), ...(mine.spent || [])])];
    const marker = theirs.marker || (mine.marker && { ...mine.marker, run: numbers.get(mine.marker.run) ?? mine.marker.run }) || null;
    const used = Math.max(theirs.used || 0, mine.used || 0, spent.length, runs.filter((run) => run.counted).length);
    return { ...theirs, ...mine, runs, spent, marker, used, last };
  }

  /** The stored entry with the changes that a view has made since it read the storage. */
  function saved(key, base, mine, theirs) {
    const name = nameOf(key);
    const at = Math.max(mine.at, theirs.at);
    const newer = mine.at >= theirs.at ? mine : theirs;
    const before = isThere(base) ? base.value : undefined;
    if (IS_ONCE.test(name)) return isThere(theirs) ? theirs : mine;
    if (!isThere(theirs) || !isThere(mine)) return newer;
    if (name === "kept-search") return { at, value: searches(theirs.value, mine.value) };
    if (name === "seconds") return { at, value: theirs.value + Math.max(0, mine.value - (before || 0)) };
    if (same(theirs.value, before)) return { at, value: mine.value };
    if (IS_FIELDS.has(name)) {
      const [older, younger] = mine.at >= theirs.at ? [theirs, mine] : [mine, theirs];
      return { at, value: fields(before || {}, younger.value, fields(before || {}, older.value, before || {})) };
    }
    if (Object.hasOwn(lab.schema.TEXTS, name)) return { at, value: texts(theirs.value, mine.value, lab.schema.TEXTS[name]) };
    return newer;
  }

  /** An entry of this page merged with the entry in a file of the same reader: the newer one, by field and by run. */
  function brought(key, present, file) {
    const name = nameOf(key);
    const at = Math.max(present.at, file.at);
    const [older, newer] = file.at > present.at ? [present, file] : [file, present];
    if (IS_ONCE.test(name)) return isThere(present) ? present : file;
    if (!isThere(present) || !isThere(file)) return newer;
    if (name === "kept-search") return { at, value: searches(present.value, file.value) };
    if (name === "seconds") return { at, value: Math.max(present.value, file.value) };
    if (IS_FIELDS.has(name)) return { at, value: { ...older.value, ...newer.value } };
    return newer;
  }

  function over(keys, choose) {
    return Object.fromEntries([...keys].sort().map((key) => [key, choose(key)]));
  }

  const union = (...records) => new Set(records.flatMap((record) => Object.keys(record.entries)));

  return {
    texts, same, fields,

    /** Whether an entry is written once and never changed. @param {string} key */
    isOnce: (key) => IS_ONCE.test(nameOf(key)),

    /** The record that a save writes: `mine` is this view's record, `seen` the record as this view last read or wrote
     * it (or null), `theirs` the stored record. Throws if two texts of one field are too long together. */
    records(seen, mine, theirs) {
      const entries = over(union(mine, theirs), (key) => {
        const [s, m, t] = [seen?.entries[key], mine.entries[key], theirs.entries[key]];
        if (!m || !t) return m || t;
        return same(m, t) || (s && same(m.value, s.value)) ? t : saved(key, s, m, t);
      });
      const student = theirs.student || mine.student; // the first student is kept
      return { ...mine, ...(student ? { student } : {}), entries };
    },

    /** The present record merged with a file of the same reader. */
    imported(present, file) {
      const entries = over(union(present, file), (key) => {
        const [p, f] = [present.entries[key], file.entries[key]];
        return p && f ? brought(key, p, f) : p || f;
      });
      const student = present.student || file.student;
      return { ...present, ...(student ? { student } : {}), entries };
    },

    /** The value of an entry after the view sets it: an existing prediction is kept, and searches are merged. */
    within(key, present, value) {
      if (present === undefined || present === null) return value;
      if (this.isOnce(key)) return present;
      return nameOf(key) === "kept-search" && value ? searches(present, value) : value;
    },
  };
})();
