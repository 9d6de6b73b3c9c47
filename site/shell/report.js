// The report that a reader hands in. Python writes it if it is running (dataselect_core.ledger.report); without Python
// the page writes a plainer one. Both contain the record, so that a teacher can recompute every figure.
"use strict";

lab.report = (() => {
  const FENCE = /^```json ledger\n([\s\S]*?)^```$/gm;
  const SCRIPT = /<script type="application\/json" id="ledger">([\s\S]*?)<\/script>/g;
  const SYNTHESIS = { decision: "Final strategy", alternative: "Rejected alternative", overturn: "What would overturn it", risk: "Remaining risk" };
  const DECISION = { ...SYNTHESIS, decision: "Decision" }; // in a part
  const PATIENCE = 60000;
  const MOST_NAME = 180; // bytes of a student's name in a file's name, which may have 255 in all
  const titles = () => Object.fromEntries(lab.all("[data-part]").map(({ dataset }) => [dataset.part, lab.state.titles.parts[dataset.part]]));
  // From the table: a browser may have translated the words on the page.
  const trackName = (track) => lab.state.titles.tracks[track] || track;
  const status = () => lab.one("[data-report-status]");

  /** The record inside a report of any form. @param {string} fileText */
  function recordIn(fileText) {
    if (fileText.length > lab.schema.MOST_REPORT_BYTES) throw new Error("The file is larger than any report of this lab. Nothing was changed.");
    const text = fileText.replace(/^\ufeff/, "").replace(/\r\n/g, "\n");
    if (/^\s*[{[]/.test(text)) return text;
    for (const pattern of [SCRIPT, FENCE]) {
      const match = [...text.matchAll(pattern)].pop();
      if (match) return match[1];
    }
    return text; // the check of the record refuses it
  }

  /** Label, path and format of the main figures: part -> lines. */
  const lines = () => Object.fromEntries(lab.all("[data-evidence][data-lines]").map((element) => [element.dataset.evidence, lab.evidence.lines(element)]));

  /** What the present track still lacks, part by part. */
  function missing(track) {
    const entryOf = (part, name) => lab.store.get(`${track}/${part}/${name}`);
    const gaps = [];
    for (const section of lab.all("[data-part]")) {
      const { part } = section.dataset;
      const lacks = [["prediction", "a prediction"], ["evidence", "captured evidence"], ["reflection", "a reflection"]]
        .filter(([name]) => !entryOf(part, name)).map(([, words]) => words);
      if (lacks.length === 3) gaps.push(`Part ${part}: not begun`);
      else if (lacks.length) gaps.push(`Part ${part}: ${lacks.join(", ")}`);
      if (lab.evidence.stale(track, part)) gaps.push(`Part ${part}: its evidence is stale`);
    }
    const open = Object.keys(SYNTHESIS).filter((name) => !entryOf("synthesis", name)).map((name) => SYNTHESIS[name].toLowerCase());
    if (open.length) gaps.push(`Synthesis: ${open.join(", ")}`);
    return gaps;
  }

  // -- without Python ----------------------------------------------------------------------------------------

  const byName = (numbers) => Object.keys(numbers).sort().map((name) => `${name} ${numbers[name]}`).join(", ");

  /** The content of the plain report: [kind, content]; the kinds are "h1", "h2", "h3", "p", "quote", "table" and "fold",
   * whose content is a title and blocks. The order is that of dataselect_core.ledger.report. */
  function blocks() {
    const record = lab.store.record();
    const entryOf = (...key) => record.entries[key.join("/")]?.value;
    /** @type {[string, any][]} */
    const content = [["h1", "Data Selection lab: report"], ["p", `Lab: Data Selection lab ${record.lab}, record schema ${record.schema}`]];
    if (record.student) content.push(["p", `Student: ${record.student}`]);
    const link = lab.links.settingsText(entryOf("class") || {});
    if (link) content.push(["p", `Link of the class: ${link}`]);
    content.push(["p", "Written without Python: no plots. The figures are in the record below and can be checked."]);
    const names = titles();
    /** @returns {[string, any][]} */
    const quotes = (track, part, labels) => Object.entries(labels).filter(([name]) => entryOf(track, part, name)).map(([name, label]) => ["quote", [label, entryOf(track, part, name)]]);
    /** @type {[string, any][]} */
    const full = []; // what is folded at the end
    for (const track of lab.state.tracks) {
      const begun = Object.keys(names).filter((part) => entryOf(track, part, "prediction"));
      if (!begun.length) continue;
      content.push(["h2", `${trackName(track)}: synthesis`]);
      for (const [name, label] of Object.entries(SYNTHESIS)) {
        const text = entryOf(track, "synthesis", name);
        content.push(text ? ["quote", [label, text]] : ["p", `${label}: missing.`]);
      }
      for (const [part, title] of Object.entries(names)) {
        content.push(["h2", `${trackName(track)}, Part ${part}: ${title}`]);
        if (!begun.includes(part)) {
          content.push(["p", "Missing: not begun."]);
          continue;
        }
        content.push(...quotes(track, part, DECISION));
        const lacks = [["evidence", "captured evidence"], ["reflection", "a reflection"]].filter(([name]) => !entryOf(track, part, name));
        if (lacks.length) content.push(["p", `Missing: ${lacks.map(([, words]) => words).join(", ")}.`]);
        for (const key of Object.keys(record.entries).filter((name) => name.startsWith(`${track}/${part}/prediction`)).sort()) {
          const prediction = record.entries[key].value;
          const lock = key.split("/").pop().slice("prediction-".length);
          if (prediction) content.push(["p", `Prediction${lock && ` (${lock})`}, locked ${prediction.locked_at || "at an unknown time"}: ${prediction.said || prediction.value}${prediction.why ? `, because: ${prediction.why}` : ""}.`]);
        }
        const evidence = entryOf(track, part, "evidence");
        if (evidence) {
          const settings = lab.evidence.settings(part, evidence.settings || {});
          if (settings) content.push(["p", `Settings: ${settings}.`]);
          if (Object.keys(evidence.assumptions || {}).length) content.push(["p", `Assumptions changed: ${byName(evidence.assumptions)}.`]);
          const moved = lab.evidence.moved(track, part);
          if (moved.length) content.push(["p", `Stale: the ${moved.join(" and the ")} have changed since this was captured.`]);
          const first = (lines()[part] || []).filter(([, path]) => evidence.values?.[path])
            .map(([label, path, format]) => [lab.evidence.named(label, evidence.values), lab.format(evidence.values[path].value, format), evidence.values[path].kind]);
          if (first.length) content.push(["table", [["Main figures", "Value", "Kind"], ...first]]);
          full.push(["h3", `${trackName(track)}, Part ${part}`],
            ["p", `Evidence captured ${evidence.at || "at an unknown time"} with ${byName(evidence.settings)}.`],
            ["p", `Computed by ${lab.evidence.by(evidence)}.`],
            ["table", [["All captured figures", "Value", "Unit", "Kind", "Source"], ...Object.entries(evidence.values || {}).map(([path, value]) => [path, value.value ?? "–", value.unit || "", value.kind, value.source || ""])]]);
        }
        content.push(...quotes(track, part, { reflection: "Reflection" }));
      }
    }
    if (content.every(([kind]) => kind !== "h2")) content.push(["h2", "Nothing recorded"], ["p", "No prediction has been committed yet."]);
    content.push(["fold", ["Figures in full", [...full, ["p", `Reader: ${record.reader}`]]]]);
    return content;
  }

  const inline = (text) => String(text).replace(/([\\`*_[\]<>|#])/g, "\\$1").replace(/\n/g, " ");
  const escaped = (text) => String(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const record = () => JSON.stringify(lab.store.record(), null, 1);

  function plainMarkdown() {
    const forms = {
      h1: (text) => `# ${inline(text)}`, h2: (text) => `## ${inline(text)}`, h3: (text) => `### ${inline(text)}`, p: inline,
      fold: ([title, inside]) => [`## ${title}`, ...inside.map(([kind, content]) => forms[kind](content))].join("\n\n"),
      quote: ([label, text]) => `${label}:\n\n${text.split("\n").map((line) => `> ${inline(line)}`).join("\n")}`,
      table: ([head, ...rows]) => [head, head.map(() => "---"), ...rows].map((row, i) => `| ${row.map((cell) => (i === 1 ? cell : inline(cell))).join(" | ")} |`).join("\n"),
    };
    return `${blocks().map(([kind, content]) => forms[kind](content)).join("\n\n")}\n\n## Record\n\nThe record below is what a check of this report reads.\n\n\`\`\`json ledger\n${record()}\n\`\`\`\n`;
  }

  function plainHtml() {
    const cells = (row, tag) => `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
    const forms = {
      h1: (text) => `<h1>${escaped(text)}</h1>`, h2: (text) => `<h2>${escaped(text)}</h2>`, h3: (text) => `<h3>${escaped(text)}</h3>`, p: (text) => `<p>${escaped(text)}</p>`,
      fold: ([title, inside]) => `<details><summary><h2>${title}</h2></summary>\n${inside.map(([kind, content]) => forms[kind](content)).join("\n")}\n</details>`,
      quote: ([label, text]) => `<h3>${escaped(label)}</h3><blockquote>${escaped(text)}</blockquote>`,
      table: ([head, ...rows]) => `<table>${cells(head, "th")}${rows.map((row) => cells(row, "td")).join("")}</table>`,
    };
    return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Data Selection lab: report</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem } table { border-collapse: collapse; font-size: .85rem; overflow-wrap: anywhere } td, th { border: 1px solid ${lab.state.colours.rule}; padding: .2rem .5rem; text-align: left; vertical-align: top } blockquote { border-left: 3px solid ${lab.state.colours.blue}; margin: 0; padding-left: 1rem; white-space: pre-wrap }</style></head><body><main>
${blocks().map(([kind, content]) => forms[kind](content)).join("\n")}
</main>
<script type="application/json" id="ledger">${record().replace(/</g, "\\u003c")}</script>
</body></html>
`;
  }

  // -- what the buttons do -----------------------------------------------------------------------------------

  async function reportText(form) {
    const plain = form === "html" ? plainHtml : plainMarkdown;
    if (!lab.boot.live) return plain();
    try {
      const pictures = await lab.plots.all(lab.main.track);
      const timeout = new Promise((_, reject) => setTimeout(() => reject(new Error("Python does not answer")), PATIENCE));
      const shipped = form === "html" ? pictures : pictures.map(({ png, ...rest }) => rest);
      return await Promise.race([lab.desk.ask({ type: "report", form, record: record(), lines: lines(), pictures: shipped }), timeout]);
    } catch (error) {
      console.debug(error);
      return plain();
    }
  }

  /** A name for use in a file name: every letter is kept. Signs that are not allowed there are replaced by their wide
   * forms, which look alike, so that two names never give the same file; a name that is too long ends in the reader's
   * number. */
  function inFileName(name, reader) {
    const safe = name.normalize("NFC").trim().replace(/[\\/:*?"<>|]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)).replace(/(?![\u200c\u200d])\p{C}|\p{Zl}|\p{Zp}/gu, "_").replace(/\.$/, "．");
    const size = (text) => new TextEncoder().encode(text).length;
    if (size(safe) <= MOST_NAME) return safe;
    const letters = [...safe];
    while (size(letters.join("")) > MOST_NAME - 9) letters.pop();
    return `${letters.join("")}-${String(reader).slice(0, 8)}`;
  }

  const fileName = (ending) => `data-selection-report${lab.store.student ? `-${inFileName(lab.store.student, lab.store.record().reader)}` : ""}.${ending}`;
  const types = { markdown: "text/markdown", html: "text/html" };

  function say(text) {
    const element = status();
    if (element) element.textContent = text;
  }

  async function hand(form) {
    say("Writing the report …");
    const text = await reportText(form);
    const name = fileName(form === "html" ? "html" : "md");
    showText(form === "html" ? await reportText("markdown") : text);
    lab.record.save(name, text, types[form]);
    say(`Downloaded as ${name}. If no file arrived, copy the text below.`);
  }

  /** Shows the report as text on the page, for browsers and frames that do not allow downloads. */
  function showText(text) {
    const box = lab.field("[data-report-text]");
    if (!box) return;
    box.value = text;
    box.hidden = false;
  }

  async function copy() {
    say("Writing the report …");
    const text = await reportText("markdown");
    try {
      await navigator.clipboard.writeText(text);
      say("Copied as Markdown.");
    } catch { // a frame, or a page from a folder, may not reach the clipboard
      showText(text);
      const box = lab.field("[data-report-text]");
      box.focus();
      box.select();
      say("The browser keeps the clipboard closed to this page. Copy the text below; it is selected.");
    }
  }

  /** Shows, before the report is made, what it will list as missing. */
  function showMissing() {
    const element = lab.one("[data-report-missing]");
    if (!element || !lab.main) return;
    const lacks = missing(lab.main.track);
    const head = lacks.length ? `On the track ${trackName(lab.main.track)} the report will name as missing:` : `Nothing is missing on the track ${trackName(lab.main.track)}.`;
    element.replaceChildren(lab.element("p", {}, head), lacks.length ? lab.element("ul", {}, ...lacks.map((text) => lab.element("li", {}, text))) : "");
  }

  lab.later(() => {
    lab.store.watch(showMissing);
    new MutationObserver(showMissing).observe(document.documentElement, { attributes: true, attributeFilter: ["data-track-now"] });
    showMissing();
  });

  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-action]") : null;
    const action = button?.getAttribute("data-action");
    if (action === "report-html") hand("html");
    else if (action === "report-markdown") hand("markdown");
    else if (action === "report-json") {
      lab.record.save(fileName("json"), record(), "application/json");
      showText(record());
      say(`Downloaded as ${fileName("json")}. If no file arrived, copy the text below.`);
    } else if (action === "report-copy") copy();
  });

  document.addEventListener("lab:another-reader", () => {
    showText("");
    lab.field("[data-report-text]").hidden = true;
    say("");
  });

  return { recordIn, missing, trackName, inFileName };
})();
