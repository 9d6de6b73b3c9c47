// The clusters of near-duplicates, and two of their texts side by side.
"use strict";

/** One list of clusters and its two texts. Its questions to Python begin with a prefix and carry what `also` gives. */
lab.clusterReader = (prefix = "", also = () => ({})) => {
  let asked = 0;
  let open = null; // {part, kept} of the cluster being read
  let place = null; // where the list is shown

  const ask = (part, name, args) => lab.documents.send({ type: "ask", part, id: ++asked, name: prefix + name, arguments: { ...args, ...also() } });
  const partOf = (section) => section.closest("[data-part]").dataset.part;

  function reset(section) {
    open = null;
    lab.one("[data-clusters]", section)?.replaceChildren();
    for (const side of lab.all("[data-diff]", section)) side.replaceChildren();
    note(section, "Choose a cluster to read two of its texts side by side.");
  }

  function note(section, ...content) {
    lab.one("[data-diff-note]", section)?.replaceChildren(...content);
  }

  function show(section, clusters) {
    const list = lab.one("[data-clusters]", section);
    if (!list) return;
    place = section;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.kept : null;
    list.replaceChildren(lab.element("ul", {}, ...clusters.map((cluster) => {
      const button = lab.element("button", { type: "button", "data-kept": cluster.kept, "aria-pressed": String(open?.kept === cluster.kept) },
        lab.element("span", {}, cluster.name),
        lab.element("span", { class: "quiet" }, ` ${lab.format(cluster.size, "integer")} texts, ${lab.format(cluster.words, "integer")} words`));
      button.addEventListener("click", () => {
        open = { part: partOf(section), kept: cluster.kept };
        for (const other of lab.all("button", list)) other.setAttribute("aria-pressed", String(other === button));
        ask(partOf(section), "cluster", { kept: cluster.kept });
      });
      return lab.element("li", {}, button);
    })));
    if (!clusters.length) list.append(lab.element("p", { class: "quiet" }, "At this threshold no two texts are near-duplicates. Lower it."));
    if (focused) lab.one(`button[data-kept="${focused}"]`, list)?.focus();
  }

  function answer(_, { id, answer }) {
    if (!answer || id !== asked) return;
    if (answer.removed) members(place, answer);
    else if (answer.left) sides(place, answer);
  }

  function members(section, { kept, removed, more }) {
    const select = lab.element("select", { "data-compare": "" }, ...removed.map((document_, i) =>
      lab.element("option", { value: document_.index, selected: i === 0 },
        `${document_.name} (similarity ${document_.similarity === null ? "below 0.30" : lab.format(document_.similarity, "fixed")})`)));
    select.addEventListener("change", () => ask(partOf(section), "diff", { left: kept.index, right: Number(select.value) }));
    note(section, lab.element("label", {}, "Removed text to compare ", select),
      more ? ` The first ${lab.format(removed.length, "integer")}; ${lab.format(more, "integer")} more were removed for this one.` : "");
    if (removed.length) ask(partOf(section), "diff", { left: kept.index, right: removed[0].index });
  }

  function sides(section, answer) {
    ["left", "right"].forEach((side, i) => {
      const place = lab.one(`[data-diff="${side}"]`, section);
      const tag = side === "left" ? "del" : "ins";
      place.replaceChildren(
        lab.element("h5", {}, `${side === "left" ? "Kept" : "Removed"}: ${answer.names[i]}`),
        lab.element("p", {}, ...answer[side].flatMap(([kind, text]) => [
          kind === "gap" ? lab.element("span", { class: "gap" }, `[${lab.format(text, "integer")} words the same]`) : kind === "only" ? lab.element(tag, {}, text) : text, " ",
        ])),
        ...(answer.cut ? [lab.element("p", { class: "quiet" }, `The first ${lab.format(answer.cut, "integer")} words are compared.`)] : []));
    });
  }

  lab.later(() => {
    lab.main.answer(`${prefix}cluster`, answer);
    lab.main.answer(`${prefix}diff`, answer);
  });

  return { show, reset };
};

lab.clusters = lab.clusterReader();
