// The clusters of near-duplicates, and two of their members side by side: texts, frames or signals.
"use strict";

/** A picture of 8 x 8 pixels, ink 0 to 255. @param {number[]} ink */
lab.pixels = (ink, alt) => {
  const side = Math.round(Math.sqrt(ink.length));
  const svg = lab.drawing(`0 0 ${side} ${side}`, alt);
  svg.setAttribute("shape-rendering", "crispEdges");
  ink.forEach((value, i) => svg.append(lab.shape("rect", { x: i % side, y: Math.floor(i / side), width: 1, height: 1, fill: `rgb(${255 - value},${255 - value},${255 - value})` })));
  return svg;
};

/** A picture of a signal: the lowest and highest sample of equal stretches, in [-1, 1].
 * @param {{low: number[], high: number[]}} curve */
lab.waveform = ({ low, high }, alt) => {
  const svg = lab.drawing(`0 0 ${low.length} 60`, alt);
  svg.setAttribute("preserveAspectRatio", "none");
  const point = (value, i) => `${i},${(30 - 29 * value).toFixed(2)}`;
  svg.append(lab.shape("line", { x1: 0, x2: low.length, y1: 30, y2: 30, class: "axis" }),
    lab.shape("polygon", { points: [...high.map(point), ...low.map(point).reverse()].join(" "), class: "wave" }));
  return svg;
};

lab.shape = (tag, attributes) => {
  const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, String(value));
  return shape;
};

lab.drawing = (viewBox, alt) => lab.shape("svg", { viewBox, role: "img", "aria-label": alt });

/** One list of clusters and two members of the chosen one. The names of its questions to Python begin with a prefix,
 * and the questions include what `also` returns. */
lab.clusterReader = (prefix = "", also = () => ({})) => {
  let requests = 0;
  let open = null; // {part, kept} of the cluster being read
  let place = null; // where the list is shown
  let nouns = { item: "text", items: "texts", unit: "words" };

  const ask = (part, name, args) => lab.documents.send({ type: "ask", part, id: ++requests, name: prefix + name, arguments: { ...args, ...also() } });
  const partOf = (section) => section.closest("[data-part]").dataset.part;

  function reset(section) {
    open = null;
    lab.one("[data-clusters]", section)?.replaceChildren();
    for (const side of lab.all("[data-diff]", section)) side.replaceChildren();
    note(section, "Choose a cluster to see two of its members side by side.");
  }

  function note(section, ...content) {
    lab.one("[data-diff-note]", section)?.replaceChildren(...content);
  }

  function show(section, clusters, words = nouns) {
    const list = lab.one("[data-clusters]", section);
    if (!list) return;
    place = section;
    if (words !== nouns) {
      nouns = words;
      const name = nouns.item[0].toUpperCase() + nouns.item.slice(1);
      for (const side of lab.all("[data-diff]", section)) side.setAttribute("aria-label", `${name} that is ${side.dataset.diff === "left" ? "kept" : "removed"}`);
    }
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("data-kept") : null;
    list.replaceChildren(lab.element("ul", {}, ...clusters.map((cluster) => {
      const button = lab.element("button", { type: "button", "data-kept": cluster.kept, "aria-pressed": String(open?.kept === cluster.kept) },
        lab.element("span", {}, cluster.name),
        lab.element("span", { class: "quiet" }, ` ${lab.format(cluster.size, "integer")} ${nouns.items}, ${lab.format(cluster.words, "integer")} ${nouns.unit}`));
      button.addEventListener("click", () => {
        open = { part: partOf(section), kept: cluster.kept };
        for (const item of lab.all("button", list)) item.setAttribute("aria-pressed", String(item === button));
        ask(partOf(section), "cluster", { kept: cluster.kept });
      });
      return lab.element("li", {}, button);
    })));
    if (!clusters.length) list.append(lab.element("p", { class: "quiet" }, `At this threshold no two ${nouns.items} are near-duplicates. Lower it.`));
    if (focused) lab.one(`button[data-kept="${focused}"]`, list)?.focus();
  }

  function answer(_, { id, answer }) {
    if (!answer || id !== requests) return;
    if (answer.removed) members(place, answer);
    else if (answer.left) sides(place, answer);
    else if (answer.pictures) pictures(place, answer);
    else if (answer.curves) curves(place, answer);
  }

  function members(section, { kept, removed, more }) {
    const select = lab.element("select", { "data-compare": "" }, ...removed.map((document_, i) =>
      lab.element("option", { value: document_.index, selected: i === 0 },
        `${document_.name} (similarity ${document_.similarity === null ? "below 0.30" : lab.format(document_.similarity, "fixed")})`)));
    select.addEventListener("change", () => ask(partOf(section), "diff", { left: kept.index, right: Number(select.value) }));
    note(section, lab.element("label", {}, `Removed ${nouns.item} to compare `, select),
      more ? ` The first ${lab.format(removed.length, "integer")}; ${lab.format(more, "integer")} more were removed for this one.` : "");
    if (removed.length) ask(partOf(section), "diff", { left: kept.index, right: removed[0].index });
  }

  function sides(section, answer) {
    ["left", "right"].forEach((side, i) => {
      const target = lab.one(`[data-diff="${side}"]`, section);
      const tag = side === "left" ? "del" : "ins";
      target.replaceChildren(
        heading(i, answer), ...same(i, answer, "word for word"),
        lab.element("p", {}, ...answer[side].flatMap(([kind, text]) => [
          kind === "gap" ? lab.element("span", { class: "gap" }, `[${lab.format(text, "integer")} words the same]`) : kind === "only" ? lab.element(tag, {}, text) : text, " ",
        ])),
        ...(answer.cut ? [lab.element("p", { class: "quiet" }, `The first ${lab.format(answer.cut, "integer")} words are compared.`)] : []));
    });
  }

  const heading = (i, answer) => lab.element("h5", {}, `${i ? "Removed" : "Kept"}: ${answer.names[i]}`);
  /** A sentence next to the removed one: if nothing is marked, a reader would search for differences without it. */
  const same = (i, { identical }, manner) => (i && identical ? [lab.element("p", {}, lab.element("strong", {}, `These two are identical ${manner}.`))] : []);
  const figure = (title, svg, alt) => lab.element("figure", { class: "seen" }, svg, lab.element("figcaption", {}, lab.element("b", {}, `${title}. `), alt));

  /** Shows two frames, and next to the removed one a picture of their difference. */
  function pictures(section, answer) {
    const [kept, removed, difference] = answer.pictures.map(({ title, ink, alt }) => figure(title, lab.pixels(ink, `${title}: ${alt}`), alt));
    lab.one('[data-diff="left"]', section).replaceChildren(heading(0, answer), kept);
    lab.one('[data-diff="right"]', section).replaceChildren(heading(1, answer), ...same(1, answer, "pixel for pixel"), removed, difference);
  }

  function curves(section, answer) {
    answer.curves.forEach((curve, i) => {
      lab.one(`[data-diff="${i ? "right" : "left"}"]`, section).replaceChildren(heading(i, answer), ...same(i, answer, "sample for sample"),
        figure(curve.title, lab.waveform(curve, `${curve.title}: ${curve.alt}`), curve.alt));
    });
  }

  lab.later(() => {
    lab.main.answer(`${prefix}cluster`, answer);
    lab.main.answer(`${prefix}diff`, answer);
  });

  return { show, reset };
};

lab.clusters = lab.clusterReader();
