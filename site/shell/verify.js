// Checks a report in the page: Python recomputes every figure in it from its settings and seed.
"use strict";

lab.verify = (() => {
  const SHOWN = 600; // rows of the table that are shown; a report of one track has about that many
  const status = () => lab.one("[data-verify-status]");
  const bar = () => lab.bars("[data-verify-progress]")[0];

  function working(on) {
    bar().hidden = !on;
    for (const button of lab.all('[data-action="stop-verify"]')) button.hidden = !on;
    for (const button of lab.fields('[data-action="verify"], [data-action="verify-mine"]')) button.disabled = on;
  }

  const digits = (value) => (value === null || value === undefined ? "–" : String(value));

  function show({ student, reader, checks, unread, notes = [], by }) {
    const result = lab.one("[data-verify-result]");
    const wrong = checks.filter((check) => check.agrees === false);
    const open = checks.filter((check) => check.agrees === null); // could not be compared; the report is not at fault
    const causes = [...new Set(open.map((check) => check.note))];
    const of = (kind, from = checks) => from.filter((check) => check.kind === kind).length;
    const cases = of("case");
    const counted = `${checks.length - cases - of("text")} figures${cases ? ` and ${cases} cases` : ""}`;
    const edited = of("text", wrong);
    const differ = `${wrong.length - edited} of ${counted} differ${edited ? `, and ${edited} ${edited === 1 ? "place" : "places"} of its text` : ""}`;
    const heading = student ? `Report of ${student}` : `Report of reader ${reader}`;
    const row = (check) => lab.element("tr", {},
      lab.element("th", { scope: "row" }, check.kind === "text" ? `Text of the report${check.line ? `: ${check.section}, line ${check.line}` : ""}` : `${check.track}, part ${check.part}: ${check.path}`),
      lab.element("td", {}, digits(check.claimed)), lab.element("td", {}, digits(check.recomputed)),
      lab.element("td", { class: check.agrees ? "agrees" : check.agrees === null ? "quiet" : "differs" },
        check.agrees ? "✓ agrees" : `${check.agrees === null ? "? could not be compared" : "✗ differs"}${check.note ? ` (${check.note})` : ""}`));
    const table = (rows) => lab.element("div", { class: "scroll long", tabindex: "0", role: "region", "aria-label": "Agreement, figure by figure" }, lab.element("table", { class: "figures agreement" },
      lab.element("thead", {}, lab.element("tr", {}, ...["Figure", "In the report", "Computed here", "Agreement"].map((text) => lab.element("th", { scope: "col" }, text)))),
      lab.element("tbody", {}, ...rows.slice(0, SHOWN).map(row))));
    result.replaceChildren(
      lab.element("p", {}, lab.element("strong", {}, !checks.length ? `${heading}: it contains no captured figures, so there is nothing to check.`
        : wrong.length ? `${heading}: ${differ}.`
        : open.length ? `${heading}: ${open.length} of ${counted} could not be compared, and none differs.` : `${heading}: all ${counted} agree${of("text") ? ", and its text is what its record gives" : ""}.`)),
      ...(unread ? [lab.element("p", {}, `Its text was not compared with its record: ${unread}.`)] : []),
      ...causes.map((cause) => lab.element("p", {}, `Could not be compared: ${cause}.`)),
      ...(notes.length ? [lab.element("p", { class: "quiet" }, `Restored while reading: ${notes.join("; ")}.`)] : []),
      lab.element("p", { class: "quiet" }, "Agreement shows that the figures are genuine: these settings and this seed give them. It does not show who made them."),
      lab.element("p", { class: "quiet" }, `${by.computed.length ? `Computed by ${by.computed.join("; and by ")}. ` : ""}Checked by ${by.checked}.`),
      ...(wrong.length || open.length ? [table([...wrong, ...open])] : []),
      ...(checks.length ? [lab.element("details", {}, lab.element("summary", {}, "Every figure"), table(checks))] : []));
    status().textContent = "";
  }

  /** @param {string | File} report a report in any form */
  async function check(report) {
    lab.one("[data-verify-result]").replaceChildren();
    working(true);
    bar().value = 0;
    status().textContent = "Reading the report …";
    try {
      const file = typeof report === "string" ? null : report;
      if (!lab.boot.live) {
        // Throws an error of one sentence if it is not a report.
        lab.store.parse(lab.report.recordIn(typeof report === "string" ? report : await report.text()));
        throw new Error("Python is not running in this page yet, and it computes the figures. Try again when it is; or run “python -m dataselect_core verify” on the file.");
      }
      const source = file ? { name: file.name, file: await lab.desk.base64(await file.arrayBuffer()) } : { text: report };
      show(await lab.desk.ask({ type: "verify", ...source }, (label, share) => {
        bar().value = share;
        status().textContent = `${label} …`;
      }));
    } catch (error) {
      const message = String(error.message || error);
      status().textContent = error.stopped ? "Stopped. Nothing was changed." : /nothing was changed/i.test(message) || !lab.boot.live ? message : `${message.replace(/\.$/, "")}. Nothing was changed.`;
    }
    working(false);
  }

  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-action]") : null;
    const action = button?.getAttribute("data-action");
    if (action === "verify") {
      const field = lab.field("[data-verify-file]");
      field.value = "";
      field.click();
    } else if (action === "verify-mine") check(JSON.stringify(lab.store.record()));
    else if (action === "stop-verify") lab.desk.stop();
  });

  document.addEventListener("change", async ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.matches("[data-verify-file]") || !target.files[0]) return;
    const [file] = target.files;
    if (file.size > lab.schema.MOST_REPORT_BYTES) status().textContent = "The file is larger than any report of this lab. Nothing was changed.";
    else check(file);
  });

  document.addEventListener("lab:another-reader", () => {
    if (!bar().hidden) lab.desk.stop();
    lab.one("[data-verify-result]").replaceChildren();
    status().textContent = "";
    lab.field("[data-verify-file]").value = "";
  });

  return { check };
})();
