// Touch the plots: drag the threshold in the S-curve, drag the marker along a run, choose a cell of the map by click, tap
// or arrow keys. All three move the control that is there for the keyboard and for screen readers, so whatever listens to
// the control hears of it in the same way.
"use strict";

lab.touch = (() => {
  const NEAR = 26; // px around the line or the curve that take hold of it
  const MAP = "DomainGapPlot";

  /** The view of the figure in a place, with its frame; null before it is drawn. @returns {any} */
  function viewIn(place) {
    const within = (view) => (view.frame ? view : (view.child_views || []).map(within).find(Boolean));
    const roots = [...(globalThis.Bokeh?.index || [])].filter((view) => view.el && place.contains(view.el));
    return roots.map(within).find(Boolean) || null;
  }

  /** The origin of a figure's coordinates on the screen. */
  const origin = (view) => (view.canvas_view?.el || view.el).getBoundingClientRect();

  /** A point of the figure, as it is on the screen. @returns {[number, number]} */
  function onScreen(view, x, y) {
    const { left, top } = origin(view);
    return [left + view.frame.x_scale.compute(x), top + view.frame.y_scale.compute(y)];
  }

  /** The value of a figure at a place of the screen, and whether it is within the axes. */
  function valueAt(view, { clientX, clientY }) {
    const { left, top } = origin(view);
    const { bbox, x_scale: across, y_scale: up } = view.frame;
    const [x, y] = [clientX - left, clientY - top];
    const inside = x >= bbox.left && x <= bbox.right && y >= bbox.top && y <= bbox.bottom;
    return { x: across.invert(Math.min(Math.max(x, bbox.left), bbox.right)), y: up.invert(y), inside };
  }

  /** The columns of what a figure draws under that name. */
  const drawn = (view, name) => view.model.renderers.find((renderer) => renderer.name === name)?.data_source.data;

  /** The slider in a place of the workbench. @returns {any} */
  function sliderIn(part, root) {
    const place = lab.one(`[data-part="${part}"] [data-root="${root}"]`);
    const view = [...(globalThis.Bokeh?.index || [])].find(({ el }) => el && place?.contains(el));
    return view?.model.children?.find((child) => child.type?.endsWith("Slider")) || null;
  }

  /** Moves a slider to the nearest of its steps. */
  function slide(slider, value) {
    if (!slider || slider.disabled) return;
    const { start, end, step } = slider;
    const steps = Math.round((Math.min(Math.max(value, start), end) - start) / step);
    const next = Number((start + steps * step).toFixed(6));
    if (next !== slider.value) slider.value = next;
  }

  // -- drags --------------------------------------------------------------------------------------------------

  /** What can be dragged: plot -> whether a pointer takes hold, and what a move does. */
  const drags = {
    SCurvePlot: {
      holds(view, event) {
        const slider = sliderIn("1", "threshold");
        return slider && !slider.disabled && Math.abs(onScreen(view, slider.value, 0)[0] - event.clientX) <= NEAR;
      },
      moves: (view, event) => slide(sliderIn("1", "threshold"), valueAt(view, event).x),
    },
    LabelingROIPlot: {
      holds(view, event) {
        const form = lab.form("form[data-marker]");
        if (!form || form.hidden || !lab.boot.live) return false;
        const near = nearestRun(view, event);
        return near && near.distance <= NEAR && near.run;
      },
      moves(view, event, run) {
        const { elements } = lab.form("form[data-marker]");
        const costs = runs(view).get(run);
        if (!costs) return;
        if (elements.run.value !== run) {
          elements.run.value = run;
          elements.run.dispatchEvent(new Event("change", { bubbles: true }));
        }
        const { x } = valueAt(view, event);
        const index = costs.xs.reduce((best, cost, i) => (Math.abs(cost - x) < Math.abs(costs.xs[best] - x) ? i : best), 0);
        if (elements.place.value === String(index)) return;
        elements.place.value = String(index);
        elements.place.dispatchEvent(new Event("input", { bubbles: true }));
      },
    },
  };

  /** The runs in the plot: number -> cost and accuracy of each round. @returns {Map<string, {xs: number[], ys: number[]}>} */
  function runs(view) {
    const [lines, names] = [drawn(view, "runs"), drawn(view, "run numbers")];
    return new Map([...(names?.text || [])].map((text, i) => [text, { xs: [...lines.xs[i]], ys: [...lines.ys[i]] }]));
  }

  function nearestRun(view, { clientX, clientY }) {
    let best = null;
    for (const [run, { xs, ys }] of runs(view)) {
      xs.forEach((x, i) => {
        const [left, top] = onScreen(view, x, ys[i]);
        const distance = Math.hypot(left - clientX, top - clientY);
        if (!best || distance < best.distance) best = { run, distance };
      });
    }
    return best;
  }

  /** @param {Event} event @returns {any} */
  function plotOf(event) {
    const target = event.target instanceof Element ? event.target.closest("[data-plot]") : null;
    return target && [target, viewIn(target)];
  }

  let held = null; // {plot, view, what, pointer}: what is being dragged

  document.addEventListener("pointerdown", (event) => {
    const [plot, view] = (event.isPrimary && event.button === 0 && plotOf(event)) || [];
    const drag = plot && view && drags[plot.dataset.plot];
    const what = drag && drag.holds(view, event);
    if (!what) return;
    held = { plot, view, what, pointer: event.pointerId };
    plot.dataset.held = "";
    drag.moves(view, event, what);
    event.preventDefault(); // no text is selected meanwhile
  }, { capture: true });

  document.addEventListener("pointermove", (event) => {
    if (held && held.pointer === event.pointerId) {
      drags[held.plot.dataset.plot].moves(held.view, event, held.what);
      return;
    }
    if (event.pointerType !== "mouse" || event.buttons) return;
    const [plot, view] = plotOf(event) || [];
    const drag = plot && view && drags[plot.dataset.plot];
    if (drag) plot.toggleAttribute("data-near", Boolean(drag.holds(view, event)));
  }, { capture: true });

  for (const kind of ["pointerup", "pointercancel"]) {
    document.addEventListener(kind, (event) => {
      if (!held || held.pointer !== /** @type {PointerEvent} */ (event).pointerId) return;
      delete held.plot.dataset.held;
      held = null;
    }, { capture: true });
  }

  // -- the map ------------------------------------------------------------------------------------------------

  const mapPlace = () => lab.one(`[data-plot="${MAP}"]`);

  /** Sets both sliders to the cell that is nearest to a point of the map. */
  function chooseCell(view, { x, y }) {
    const cells = drawn(view, "cells");
    if (!cells?.x.length) return;
    const nearest = (values, value) => [...values].reduce((best, each) => (Math.abs(each - value) < Math.abs(best - value) ? each : best));
    slide(sliderIn("3", "synthetic"), nearest(cells.x, x));
    slide(sliderIn("3", "randomisation"), nearest(cells.y, y));
    placeHandle();
  }

  document.addEventListener("click", (event) => {
    const [plot, view] = plotOf(event) || [];
    if (!view || plot.dataset.plot !== MAP || !lab.boot.live) return;
    const point = valueAt(view, event);
    if (!point.inside) return;
    chooseCell(view, point);
    lab.one("[data-cell]", plot)?.focus({ preventScroll: true });
  });

  /** Where the reader's point is, for the keyboard: a slider in two directions on the map. */
  function placeHandle() {
    const place = mapPlace();
    const view = place && viewIn(place);
    const [share, strength] = [sliderIn("3", "synthetic"), sliderIn("3", "randomisation")];
    if (!view || !share || !strength || !drawn(view, "cells")?.x.length) {
      lab.one("[data-cell]", place || document.createElement("div"))?.remove();
      return;
    }
    const handle = lab.one("[data-cell]", place) || place.appendChild(lab.element("div", {
      "data-cell": "", role: "slider", tabindex: "0", "aria-label": "Your point on the map", "aria-valuemin": "0", "aria-valuemax": "100",
    }));
    const [left, top] = onScreen(view, share.value, strength.value);
    const box = place.getBoundingClientRect();
    handle.style.translate = `${left - box.left}px ${top - box.top}px`;
    handle.setAttribute("aria-valuenow", String(share.value));
    handle.setAttribute("aria-valuetext", `${share.value} % synthetic, randomisation ${lab.format(strength.value)}`);
  }

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
  document.addEventListener("keydown", (event) => {
    const handle = event.target instanceof Element ? event.target.closest("[data-cell]") : null;
    const step = STEPS[event.key];
    const view = handle && step && viewIn(mapPlace());
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const cells = drawn(view, "cells");
    const [share, strength] = [sliderIn("3", "synthetic"), sliderIn("3", "randomisation")];
    chooseCell(view, { x: share.value + step[0] * cells.width[0], y: strength.value + step[1] * cells.height[0] });
  });

  const soon = () => requestAnimationFrame(() => requestAnimationFrame(() => lab.attempt("the map", placeHandle)));
  document.addEventListener("lab:python", ({ detail }) => {
    if (detail.type === "results" && String(detail.part) === "3" && !detail.locked) soon();
  });
  globalThis.addEventListener("resize", soon);

  return { placeHandle };
})();
