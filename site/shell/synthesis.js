// The synthesis: the evidence that the reader captured in all three parts, side by side, its costs, and the takeaways.
"use strict";

lab.synthesis = (() => {
  const MOST_TAKEAWAYS = 5;
  const section = () => lab.one("[data-synthesis]");
  const evidence = (part) => lab.store.get(`${lab.main.track}/${part}/evidence`);
  const figure = (part, path) => evidence(part)?.values?.[path];
  const hasValue = (item) => Boolean(item) && item.value !== null && item.value !== undefined;
  const badge = (kind) => lab.element("span", { class: "figure", "data-kind": kind });

  /** The first figure of a list of "PART:path" that was captured: [part, figure]. */
  function first(paths) {
    for (const reference of paths) {
      const [part, path] = reference.split(":");
      if (hasValue(figure(part, path))) return [part, figure(part, path)];
    }
    return null;
  }

  function column(part) {
    const title = lab.one("h2", lab.one(`[data-part="${part}"]`)).textContent;
    const captured = evidence(part);
    const prediction = lab.store.get(`${lab.main.track}/${part}/prediction`);
    const element = lab.one(`[data-evidence="${part}"]`);
    const lines = element && captured ? lab.evidence.found(element, captured) : [];
    const stateLine = (text, state) => lab.element("p", { class: "state", "data-state": state }, text);
    return lab.element("div", { class: "panel" },
      lab.element("h4", {}, `Part ${part}: ${title}`),
      !prediction ? stateLine("○ Missing: not begun.", "missing") : !captured ? stateLine("◔ Missing: no evidence captured.", "missing")
        : lab.evidence.stale(lab.main.track, part) ? stateLine("◑ Stale: a control has moved since it was captured.", "stale") : stateLine("✓ Captured, current.", "current"),
      prediction ? lab.fold(`synthesis ${part}`, "Prediction and figures", lab.element("p", {}, lab.element("span", { class: "quiet" }, "You predicted: "), prediction.said || String(prediction.value)),
        !lines.length ? null : lab.element("dl", {}, ...lines.flatMap(([label, path, format]) => [
        lab.element("dt", {}, label), lab.element("dd", {}, lab.format(figure(part, path).value, format, ""), " ", badge(figure(part, path).kind))]))) : null,
      captured && !lines.length ? lab.element("p", { class: "quiet" }, "The captured figures are in the report.") : null);
  }

  function costs() {
    const { cost, saved } = JSON.parse(section().dataset.costs);
    let sum = 0;
    const absent = [];
    const row = ([label, paths], counts) => {
      const match = first(paths);
      if (match && counts) sum += match[1].value;
      if (!match && counts) absent.push(label.toLowerCase());
      return lab.element("tr", {}, lab.element("th", { scope: "row" }, label),
        lab.element("td", {}, match ? `Part ${match[0]}` : "–"),
        lab.element("td", {}, ...(match ? [lab.format(match[1].value, "dollars"), " ", badge(match[1].kind)] : ["not captured"])));
    };
    const rows = cost.map((line) => row(line, true));
    const name = absent.length ? `Sum so far, without ${absent.join(", ")}` : "Total";
    const total = lab.element("tr", { class: "total" }, lab.element("th", { scope: "row" }, name), lab.element("td", {}, ""),
      lab.element("td", {}, absent.length === cost.length ? "–" : lab.format(sum, "dollars"), " ", ...(absent.length === cost.length ? [] : [badge("modelled")])));
    return [...rows, total, ...saved.map((line) => row(line, false))];
  }

  function takeaways() {
    let shown = 0;
    for (const item of lab.all("li", section())) {
      const outputs = lab.all("output[data-figure]", item);
      if (!outputs.length) continue;
      const figures = outputs.map((output) => figure(output.dataset.figure, output.dataset.path));
      item.hidden = shown >= MOST_TAKEAWAYS || !figures.every(hasValue);
      outputs.forEach((output, i) => {
        const { format, figure: part } = output.dataset;
        output.textContent = !hasValue(figures[i]) ? "–" : format === "choice" ? lab.lock.words(part, figures[i].value) : lab.format(figures[i].value, format, "");
        // A prediction has no kind.
        if (hasValue(figures[i]) && figures[i].source !== "your prediction") output.dataset.kind = figures[i].kind;
        else delete output.dataset.kind;
      });
      if (!item.hidden) shown += 1;
    }
    for (const list of lab.all("ul", section())) if (lab.one("output[data-figure]", list)) list.hidden = !shown;
    lab.one("[data-no-takeaways]", section()).hidden = shown > 0;
  }

  let drawn = "";
  function show() {
    if (!lab.main || !section()) return;
    const parts = lab.all("[data-part]").map((element) => element.dataset.part);
    const { track } = lab.main;
    // Draw only what has changed: otherwise a screen reader would begin again, and typing would stutter.
    const state = JSON.stringify([track, parts.map((part) => [lab.store.at(`${track}/${part}/evidence`), lab.store.at(`${track}/${part}/prediction`), lab.evidence.stale(track, part)])]);
    if (state !== drawn) {
      drawn = state;
      lab.one("[data-synthesis-evidence]", section()).replaceChildren(...parts.map(column));
      lab.one("[data-synthesis-costs]", section()).replaceChildren(...costs());
      takeaways();
    }
    const open = ["decision", "alternative", "overturn", "risk"].filter((name) => !(lab.store.get(`${track}/synthesis/${name}`) || "").trim());
    const status = lab.one("[data-synthesis-state]", section());
    const text = open.length ? `Still open: ${open.length} of 4 fields.` : "All four fields are written. Your report is under “Your record”.";
    if (status.textContent !== text) status.textContent = text;
  }

  lab.later(() => {
    lab.store.watch(show);
    new MutationObserver(show).observe(document.documentElement, { attributes: true, attributeFilter: ["data-track-now"] });
    document.addEventListener("lab:python", () => setTimeout(show));
    show();
  });

  return { show };
})();
