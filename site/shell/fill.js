// Puts Python's results into their places on the page: values with their kind, tables, cases.
"use strict";

lab.fill = (() => {
  /** The label of an option for use inside a sentence, from the table of settings. */
  function option(part, value) {
    const lists = Object.values(lab.state.titles.settings[part] || {}).map((setting) => setting.options || []);
    const match = lists.flat().find((choice) => choice.value === value);
    return match ? match.label.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()) : value ?? "–";
  }

  /** Writes values (path -> {value, unit, kind, source}) into every `[data-value]` of a part. */
  function values(section, reported) {
    for (const output of lab.all("[data-value]", section)) {
      const value = reported[output.dataset.value];
      if (value === undefined) continue;
      const { format } = output.dataset;
      const { part } = section.dataset;
      output.textContent = format === "choice" ? lab.lock.words(part, value.value) : format === "label" ? option(part, value.value) : lab.format(value.value, format, format === "number" || format === "si" ? value.unit : "");
      output.dataset.kind = value.kind;
      output.title = `${value.kind}: ${value.source}`;
    }
  }

  /** Empties the places that belong to a track; places marked as lasting are left alone. */
  function clear(section) {
    for (const output of lab.all("[data-value]:not([data-lasting] *)", section)) {
      output.textContent = "–";
      delete output.dataset.kind;
      output.removeAttribute("title");
    }
    for (const block of lab.all("[data-when]", section)) block.hidden = true;
    for (const body of lab.all("table[data-table-for]:not([data-lasting] *) tbody", section)) body.replaceChildren();
  }

  function cases(section, names) {
    for (const block of lab.all("[data-when]", section)) block.hidden = !names.includes(block.dataset.when);
  }

  function table(section, name, { columns, rows }) {
    const target = lab.table(`table[data-table-for="${name}"]`, section);
    if (!target) return;
    const head = target.tHead || target.createTHead();
    const body = target.tBodies[0] || target.createTBody();
    head.replaceChildren(lab.element("tr", {}, ...columns.map((column) =>
      lab.element("th", { scope: "col" }, column.label, ...(column.kind ? [" ", lab.element("span", { class: "figure", "data-kind": column.kind })] : [])))));
    body.replaceChildren(...rows.map((row) => lab.element("tr", {}, ...row.map((cell, i) =>
      lab.element(i ? "td" : "th", i ? {} : { scope: "row" }, lab.format(cell, columns[i].format))))));
  }

  /** Fills in the names of the corpus's items and of their unit; a name with a capital letter gets a capital letter. */
  function nouns(section, words) {
    for (const place of lab.all("[data-noun]", section)) {
      const name = place.dataset.noun;
      const word = words[name.toLowerCase()];
      if (word) place.textContent = name === name.toLowerCase() ? word : word[0].toUpperCase() + word.slice(1);
    }
  }

  return {
    clear,
    cases,
    values,
    results(section, results) {
      values(section, results.values || {});
      nouns(section, results.nouns || {});
      if (results.locked) return;
      cases(section, results.cases || []);
      for (const [name, content] of Object.entries(results.tables || {})) table(section, name, content);
    },
  };
})();
