// The plots of a part as pictures, with their sentence and their table: kept when evidence is captured, so that a
// report shows what the captured figures looked like.
"use strict";

lab.plots = (() => {
  /** PNG of a plot as base64, or null if nothing is drawn. */
  function png(place) {
    const views = [...(globalThis.Bokeh?.index || [])].filter((view) => view.el && place.contains(view.el));
    for (const view of views) {
      try {
        const { canvas } = view.export("png", false);
        const paper = lab.element("canvas", { width: canvas.width, height: canvas.height });
        const pen = paper.getContext("2d");
        pen.fillStyle = lab.state.colours.white;
        pen.fillRect(0, 0, paper.width, paper.height);
        pen.drawImage(canvas, 0, 0);
        const [, base64] = paper.toDataURL("image/png").split(",");
        if (base64) return base64;
      } catch (error) {
        console.debug(error); // then the report does not have this picture
      }
    }
    return null;
  }

  const textOf = (element) => (element ? element.textContent.replace(/\s+/g, " ").trim() : "");

  /** Text without the badges and blocks that are not shown; pictures in it are replaced by their labels. */
  function shown(element) {
    if (!element) return "";
    const copy = /** @type {HTMLElement} */ (element.cloneNode(true));
    for (const hidden of lab.all("[hidden]", copy)) hidden.remove();
    for (const sign of lab.all('[role="img"]', copy)) sign.replaceWith(`${sign.getAttribute("aria-label")}: `);
    return textOf(copy);
  }

  /** The meaning of the lines and marks of a plot, if its key is next to the picture and not in it. */
  function keyOf(plot) {
    const list = lab.one(".key", plot.parentElement);
    const items = list ? [...list.children].filter((item) => !item.hasAttribute("hidden")).map(shown) : [];
    return items.length ? `Key: ${items.join("; ")}.` : "";
  }

  function plotRecord(section, plot, track) {
    const name = plot.dataset.plot;
    const titled = plot.getAttribute("aria-labelledby");
    const table = lab.table(`table[data-table-for="${name}"]`, section);
    const cells = (row) => [...row.cells].map(textOf);
    const key = keyOf(plot);
    const rows = table ? [...table.tBodies].flatMap((body) => [...body.rows].map(cells)).slice(0, 60) : [];
    return {
      title: (titled && textOf(document.getElementById(titled))) || name,
      place: `${track}/${section.dataset.part}`,
      png: plot.offsetParent === null ? null : png(plot),
      summary: `${shown(lab.one(`[data-summary-for="${name}"]`, section)).slice(0, 2000)} ${key}`.trim(),
      columns: table?.tHead ? [...table.tHead.rows].slice(-1).flatMap(cells) : [],
      rows,
    };
  }

  return {
    /** All plots that a part shows now. */
    /** @returns {[string, ReturnType<typeof plotRecord>][]} */
    now: (section, track) => lab.all("[data-plot]", section).map((plot) => [plot.dataset.plot, plotRecord(section, plot, track)]),

    /** Keeps the pictures that belong to the evidence just captured. */
    keep(section, track) {
      for (const [name, picture] of this.now(section, track)) lab.store.keepPicture(`${track}/${section.dataset.part}/${name}`, picture);
    },

    /** The plots of a report: the kept pictures of captured parts, and the present plots of the others. */
    async all(track) {
      const pictures = (await lab.store.keptPictures("")).map(([, picture]) => picture);
      const places = new Set(pictures.map((picture) => picture.place));
      for (const section of lab.all("[data-part]")) {
        const place = `${track}/${section.dataset.part}`;
        const latest = lab.main.latest(section.dataset.part);
        if (places.has(place) || !latest || latest.locked) continue;
        for (const [, picture] of this.now(section, track)) pictures.push({ ...picture, title: `${picture.title} (as the page shows it now)` });
      }
      return pictures
        .filter((picture) => picture.png || picture.rows.length)
        .map(({ title, place, png: image, summary, columns, rows }) => ({ title, place, ...(image ? { png: image } : {}), summary, columns, rows }));
    },
  };
})();
