// Things that only Part 2 has: the Run button, the list of runs, the 10-Iteration Rule, the marker, the measured rate.
"use strict";

lab.part2 = (() => {
  const PART = "2";
  const words = { random: "random", least_confidence: "least confidence", margin: "margin", entropy: "entropy" };
  const data = { digits: "digits", rare: "digits with a rare class", breast_cancer: "breast cancer", speech: "speech" };
  /** The latest message from Python: runs and search. @type {any} */
  let latest = null;

  const section = () => lab.one(`[data-part="${PART}"]`);
  const form = () => lab.form("form[data-marker]", section());
  const name = (run) => `${run.number}: ${words[run.strategy]}, batch ${run.batch}, ${data[run.data]}, ${run.seeds} ${run.seeds === 1 ? "seed" : "seeds"}`;

  function listRuns() {
    const list = lab.one("[data-runs]", section());
    const focused = document.activeElement?.getAttribute("data-run-button");
    list.replaceChildren(...latest.runs.map((run) => lab.element("li", { class: run.shown && run.data === latest.settings.data ? null : "quiet" },
      lab.element("span", { class: "about" }, `${name(run)}${run.counted ? "" : " (not counted)"}`), " ",
      lab.element("button", { type: "button", "data-run-button": run.number, "data-shown": String(run.shown), "aria-label": `${run.shown ? "Hide" : "Show"} run ${run.number}` },
        lab.element("span", { class: "about" }, run.shown ? "Hide" : "Show"), lab.element("span", { class: "which" }, String(run.number))))));
    if (focused) lab.one(`[data-run-button="${focused}"]`, list)?.focus();
    for (const none of lab.all("[data-no-runs]", section())) none.hidden = latest.runs.length > 0;
  }

  /** The axis of the cost, as the reader wants it; Python that starts again has it as at first. */
  const allCosts = () => /** @type {HTMLInputElement} */ (lab.one("[data-all-costs]", section()));
  document.addEventListener("change", ({ target }) => {
    if (target === allCosts()) lab.main.ask(PART, "all_costs", { everything: allCosts().checked });
  });
  lab.boot.listen(({ type }) => {
    if (type === "live" && section()) allCosts().checked = false;
  });

  const chosen = () => latest?.runs.find((run) => String(run.number) === form().elements.run.value);

  function showMarker() {
    const { counting, marker } = latest.search;
    const fields = form();
    const hadFocus = fields.contains(document.activeElement); // hiding the form would move the focus to the body
    fields.hidden = !counting || !latest.runs.length;
    const select = fields.elements.run;
    const selected = select.value;
    const numbers = latest.runs.map((run) => String(run.number));
    if ([...select.options].map((option) => option.value).join() !== numbers.join()) {
      select.replaceChildren(...latest.runs.map((run) => lab.element("option", { value: run.number }, name(run))));
      select.value = numbers.includes(selected) ? selected : numbers.at(-1) || "";
    } else for (const [i, run] of latest.runs.entries()) if (select.options[i].textContent !== name(run)) select.options[i].textContent = name(run);
    bounds();
    const message = lab.one("[data-marker-said]", section());
    message.hidden = counting;
    if (fields.hidden) forget();
    if (!counting && marker) message.textContent = `Committed: run ${marker.run} at ${marker.labels} labels.`;
    if (hadFocus && !message.hidden) message.focus();
  }

  /** Clears the number that was being tried, which does not belong to a run any more. */
  function forget() {
    form().elements.labels.value = "";
    lab.one("[data-marker-preview]", section()).textContent = "";
    complain("");
  }

  /** Shows why a number of labels is not accepted; an empty text removes the message. */
  function complain(text) {
    const message = lab.one("[data-marker-error]", section());
    message.textContent = text;
    message.hidden = !text;
    form().elements.labels.setAttribute("aria-invalid", String(Boolean(text)));
    if (text) lab.one("[data-marker-preview]", section()).textContent = "";
  }

  /** Takes over the number in the field if it is within the run. */
  function take() {
    const { labels } = form().elements;
    const run = chosen();
    const inside = labels.value.trim() !== "" && Number(labels.value) >= Number(labels.min) && Number(labels.value) <= Number(labels.max);
    if (inside) set(nearest());
    else complain(`Run ${run.number} goes from ${labels.min} to ${labels.max} labels. Enter a number of this range; nothing is committed.`);
    return inside;
  }

  /** Keeps the slider and the field within the chosen run. */
  function bounds() {
    const run = chosen();
    if (!run) return;
    const { labels, place } = form().elements;
    place.max = String(run.labels.length - 1);
    labels.min = String(run.labels[0]);
    labels.max = String(run.labels.at(-1));
    if (labels.value === "") set(Math.floor(run.labels.length / 2));
  }

  function set(index) {
    const run = chosen();
    const { labels, place } = form().elements;
    place.value = String(index);
    labels.value = String(run.labels[Math.min(index, run.labels.length - 1)]);
    complain("");
    preview();
  }

  /** The round of the run nearest to the number in the field. */
  function nearest() {
    const run = chosen();
    const typed = Number(form().elements.labels.value);
    return run.labels.reduce((best, labels, i) => (Math.abs(labels - typed) < Math.abs(run.labels[best] - typed) ? i : best), 0);
  }

  function preview() {
    const run = chosen();
    if (run && lab.boot.live) lab.main.ask(PART, "place", { run: run.number, labels: Number(form().elements.labels.value) });
  }

  lab.main.answer("place", (_, { answer }) => {
    if (form().hidden || form().elements.labels.getAttribute("aria-invalid") === "true") return;
    const message = lab.one("[data-marker-preview]", section());
    message.textContent = `Run ${answer.run} at ${answer.labels} labels: ${lab.format(answer.cost, "dollars")}, accuracy ${lab.format(answer.accuracy, "percent")}.`;
  });

  document.addEventListener("lab:python", ({ detail }) => {
    if (String(detail.part) !== PART || detail.track !== lab.main.track) return;
    if (detail.type === "results" && !detail.locked) {
      if (latest && latest.track !== detail.track) forget();
      const answered = latest?.track === detail.track && !latest.values["index.cost"] && detail.values["index.cost"];
      latest = detail;
      if (answered) useOwnShare();
      showOwnShare();
      listRuns();
      showMarker();
      lab.field('[data-action="run"]', section()).disabled = detail.search.counting && detail.search.left === 0;
    }
  });

  document.addEventListener("lab:another-reader", () => {
    latest = null;
    if (!section()) return;
    forget();
    form().elements.run.replaceChildren();
    form().elements.place.max = "10"; // as in part-2.bench.html
    form().reset();
    form().hidden = true;
    lab.one("[data-runs]", section()).replaceChildren();
    lab.one("[data-no-runs]", section()).hidden = false;
    lab.one("[data-marker-said]", section()).textContent = "";
    if (allCosts().checked) allCosts().click();
  });

  document.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || target.form !== form() || !chosen()) return;
    if (target.name === "place") set(Number(target.value));
  });

  document.addEventListener("change", ({ target }) => {
    if (!(target instanceof Element) || target.closest("form") !== form() || !chosen()) return;
    if (target.getAttribute("name") === "run") bounds();
    if (target.getAttribute("name") === "run") set(nearest());
    else if (target.getAttribute("name") === "labels") take();
  });

  // Enter in a field applies its number, as everywhere; it commits nothing.
  document.addEventListener("submit", (event) => {
    if (event.target === form()) event.preventDefault();
  });

  function commit() {
    const run = chosen();
    if (!run) return;
    if (take()) lab.main.ask(PART, "commit", { run: run.number, labels: Number(form().elements.labels.value) });
    else form().elements.labels.focus();
  }

  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (!button || !section().contains(button)) return;
    if (button.dataset.runButton) lab.main.ask(PART, "show", { run: Number(button.dataset.runButton), shown: button.dataset.shown !== "true" });
    else if (button.dataset.action === "commit-marker") commit();
    else if (button.dataset.action === "run") {
      lab.main.notice("");
      lab.main.ask(PART, "run", {});
    } else if (button.dataset.action === "measure") lab.main.ask(PART, "measure", {});
    else if (button.dataset.action === "use-rate") useRate();
    else if (button.dataset.action === "prune") {
      lab.main.notice("");
      lab.main.ask(PART, "prune", { keep: lab.field("#prune-keep").valueAsNumber, wrong: lab.field("#prune-wrong").valueAsNumber });
    }
    else if (button.dataset.action === "use-own-share") useOwnShare();
  });

  /** The share of the samples that the reader removed in Part 1 on this track: now, else in the captured evidence. */
  function ownShare() {
    const now = lab.main.latest("1");
    const values = now?.track === lab.main.track && !now.locked ? now.values : lab.store.get(`${lab.main.track}/1/evidence`)?.values;
    const share = values?.["removed.documents_share"]?.value;
    return typeof share === "number" && share > 0 && share <= 1 ? Number(share.toFixed(4)) : null;
  }

  /** Puts that share into the field of the assumption, which had the track's. */
  function useOwnShare() {
    const share = ownShare();
    const field = lab.field('[data-assumption="share_removed"]', section());
    if (share === null || !field) return;
    field.value = String(share);
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Says whose share is in force, and offers the reader's own. */
  function showOwnShare() {
    const place = lab.one("[data-own-share]", section());
    const share = ownShare();
    const inForce = latest?.values["index.share"]?.value;
    place.hidden = share === null || typeof inForce !== "number";
    if (place.hidden) return;
    const isOwn = Math.abs(inForce - share) < 1e-9;
    lab.one("span", place).textContent = `Share removed: ${lab.format(inForce, "percent")}${isOwn ? ", from your Part 1." : `. In your Part 1 it was ${lab.format(share, "percent")}.`}`;
    lab.one("button", place).hidden = isOwn;
  }

  /** Puts the rate that was measured here into the field of the assumption. */
  function useRate() {
    const rate = latest?.values["measure.rate"]?.value;
    const field = lab.field('[data-assumption="signature_rate"]', section());
    if (!rate || !field) return;
    field.value = String(Math.round(rate));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  return {};
})();
