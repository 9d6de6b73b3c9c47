// The one rule for who may overwrite what in the reader's record; docs/records.md states it in words.
"use strict";

lab.merge = (() => {
  const IS_ONCE = /^prediction(-|$)/;
  const IS_FIELDS = new Set(["settings", "assumptions"]);

  const nameOf = (key) => key.split("/").pop();
  const isThere = (entry) => entry !== undefined && entry.value !== null;
  const { isObject } = lab.schema;

  /** The same content, with names in whatever order. */
  function same(a, b) {
    if (a === b) return true;
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, i) => same(each, b[i]));
    if (!isObject(a) || !isObject(b)) return false;
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
  }

  /** Both texts where neither holds the other: of what was written nothing is dropped. */
  function texts(theirs, mine, most = Infinity) {
    if (theirs.includes(mine)) return theirs;
    if (mine.includes(theirs)) return mine;
    const both = `${theirs}\n\n${mine}`;
    if ([...both].length > most) throw new Error("another tab has written in the same field, and both texts together are longer than it takes");
    return both;
  }

  /** `onto` with those fields of `mine` that are not as they were. */
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

  /** The runs of two searches, each once; of the same run, the longer. A number that is taken is given anew. Counted runs
   * stay counted, and the marker that was committed first stays. */
  function searches(theirs, mine) {
    if (!isObject(theirs) || !Array.isArray(theirs.runs)) return mine;
    if (!isObject(mine) || !Array.isArray(mine.runs)) return theirs;
    const known = new Map(theirs.runs.map((run) => [identity(run), run]));
    const taken = new Set(theirs.runs.map((run) => run.number));
    const numbers = new Map(); // of mine -> as merged
    let last = Math.max(theirs.last || 0, mine.last || 0);
    for (const run of mine.runs) {
      const id = identity(run);
      const other = known.get(id);
      const number = other ? other.number : taken.has(run.number) ? ++last : run.number;
      numbers.set(run.number, number);
      taken.add(number);
      const longer = other && length(other) > length(run) ? other : run;
      known.set(id, { ...longer, number, shown: run.shown });
    }
    const runs = [...known.values()].sort((a, b) => a.number - b.number).slice(-lab.schema.MOST_RUNS);
    const spent = [...new Set([...(theirs.spent || []), ...(mine.spent || [])])];
    const marker = theirs.marker || (mine.marker && { ...mine.marker, run: numbers.get(mine.marker.run) ?? mine.marker.run }) || null;
    const used = Math.max(theirs.used || 0, mine.used || 0, spent.length, runs.filter((run) => run.counted).length);
    return { ...theirs, ...mine, runs, spent, marker, used, last };
  }

  /** What a view has changed since it saw the storage, put onto what lies there now. */
  function saved(key, seen, mine, theirs) {
    const name = nameOf(key);
    const at = Math.max(mine.at, theirs.at);
    const newer = mine.at >= theirs.at ? mine : theirs;
    const before = isThere(seen) ? seen.value : undefined;
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

  /** What a file of the same reader brings to the record of this page: the newer of each, by field and by run. */
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

    /** Whether an entry is written once and then stands. @param {string} key */
    isOnce: (key) => IS_ONCE.test(nameOf(key)),

    /** What a save writes: `mine` is this view's record, `seen` the record as this view last read or wrote it, or null,
     * `theirs` what lies in the storage. Throws where two texts of one field are too long together. */
    records(seen, mine, theirs) {
      const entries = over(union(mine, theirs), (key) => {
        const [s, m, t] = [seen?.entries[key], mine.entries[key], theirs.entries[key]];
        if (!m || !t) return m || t;
        return same(m, t) || (s && same(m.value, s.value)) ? t : saved(key, s, m, t);
      });
      const student = theirs.student || mine.student; // whoever began stays
      return { ...mine, ...(student ? { student } : {}), entries };
    },

    /** The present record with what a file of the same reader brings. */
    imported(present, file) {
      const entries = over(union(present, file), (key) => {
        const [p, f] = [present.entries[key], file.entries[key]];
        return p && f ? brought(key, p, f) : p || f;
      });
      const student = present.student || file.student;
      return { ...present, ...(student ? { student } : {}), entries };
    },

    /** What a commitment or a search may do to the value that is already there, in the view itself. */
    within(key, present, value) {
      if (present === undefined || present === null) return value;
      if (this.isOnce(key)) return present;
      return nameOf(key) === "kept-search" && value ? searches(present, value) : value;
    },
  };
})();
