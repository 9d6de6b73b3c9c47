// Motion that explains: in Part 1 the points of the deduplicated corpus move from where they were, the first time from the
// points of the raw corpus, to where they are with the new threshold. Whoever asks for less motion sees the end at once.
"use strict";

lab.motion = (() => {
  const SECONDS = 0.45;
  const still = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  const watched = new WeakSet();

  /** The figure of a plot. @returns {any} */
  function figureIn(name) {
    const place = lab.one(`[data-plot="${name}"]`);
    const within = (view) => (view.frame ? view : (view.child_views || []).map(within).find(Boolean));
    return [...(globalThis.Bokeh?.index || [])].filter((view) => view.el && place?.contains(view.el)).map(within).find(Boolean)?.model || null;
  }

  const sourceOf = (figure, name) => figure?.renderers.find((renderer) => renderer.name === name)?.data_source || null;

  /** Lets the points of a line move to each new place. @param {any} line @param {any} origin the line that they come from at first */
  function watch(line, origin) {
    let shown = line.data; // what the reader sees
    let frame = 0;
    let own = false; // whether the change comes from here
    const draw = (data) => {
      own = true;
      line.setv({ data }, { sync: false, check_eq: false });
      own = false;
      shown = data;
    };
    line.properties.data.change.connect(() => {
      if (own) return;
      cancelAnimationFrame(frame);
      const end = line.data;
      const from = shown.x?.length ? shown : origin.data;
      shown = end;
      if (still.matches || !end.x?.length || from.x?.length !== end.x.length || document.hidden) return;
      const start = performance.now();
      const [x, y] = [from, end].map((data) => [Array.from(data.x), Array.from(data.y)]);
      const step = (now) => {
        const passed = Math.min(Math.max((now - start) / (1000 * SECONDS), 0), 1);
        if (passed >= 1) return draw(end);
        const share = 1 - (1 - passed) ** 3;
        const between = (k) => x[k].map((value, i) => value + share * (y[k][i] - value));
        draw({ ...end, x: between(0), y: between(1) });
        frame = requestAnimationFrame(step);
      };
      step(start);
    });
  }

  /** Finds the lines once they are drawn. */
  function begin() {
    const figure = figureIn("ICR_Curve");
    const [line, origin] = [sourceOf(figure, "deduplicated"), sourceOf(figure, "raw")];
    if (!line || !origin || watched.has(line)) return;
    watched.add(line);
    watch(line, origin);
  }

  document.addEventListener("lab:boot", () => setTimeout(() => lab.attempt("motion", begin)));
  document.addEventListener("lab:python", () => lab.attempt("motion", begin));
  return { begin };
})();
