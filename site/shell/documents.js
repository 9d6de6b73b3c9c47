// The Bokeh documents of the workbenches: first shown as the build rendered them, then connected to the same documents
// in Python. Patches are sent one at a time; changes that pile up meanwhile are merged, so the newest setting wins.
"use strict";

lab.documents = (() => {
  /** @type {Map<string, any>} */
  const documents = new Map();
  let events = [];
  let inFlight = 0;
  let sequence = 0;
  let readers = 0; // how many readers this page has shown before the present one
  document.addEventListener("lab:another-reader", () => { readers += 1; });
  lab.boot.listen(({ type }) => { if (type === "live") readers = 0; }, { first: true }); // Python that starts again counts from 0

  /** Whether a workbench sent a message before it opened the record of the present reader, for instance from a run that
   * was still training: it is about the last reader's work. */
  const isOfLastReader = ({ part, type, reader = 0 }) => part !== undefined && type !== "work" && reader !== readers;

  const plain = (text) => JSON.stringify(typeof text === "string" ? JSON.parse(text) : text);

  async function show(part, json) {
    const section = lab.one(`[data-part="${part}"]`);
    if (!section) return; // a workbench without a text has no place on the page
    const Document = globalThis.Bokeh.require("document").Document;
    const bokeh = Document.from_json(JSON.parse(plain(json)));
    const places = bokeh.roots().map((root) => lab.one(`[data-root="${root.name}"]`, section));
    for (const place of places) place?.replaceChildren();
    await globalThis.Bokeh.embed.add_document_standalone(bokeh, section, places, false);
    bokeh.on_change((event) => changed(part, event), true);
    documents.set(part, { bokeh, json: plain(json) });
    lab.names.handles(section);
  }

  /** Shows the first views that the build put into the page: controls to look at while Python starts. */
  async function showFirst() {
    for (const element of lab.all("[data-document]")) {
      if (documents.has(element.dataset.document)) continue;
      await lab.attempt(`the first view of Part ${element.dataset.document}`, show, element.dataset.document, element.textContent);
    }
  }

  function changed(part, event) {
    lab.names.handlesSoon(part);
    const list = (event.events || [event]).filter((patchEvent) => patchEvent.sync); // the others came from Python
    if (!list.length) return;
    for (const patchEvent of list) events.push({ part, event: patchEvent });
    if (list.some((patchEvent) => patchEvent.kind === "ModelChanged" && /^(value|active)$/.test(patchEvent.attr))) document.dispatchEvent(new CustomEvent("lab:moved"));
    flush();
  }

  /** Only the newest change of each property; the others keep their order. */
  function merged(list) {
    const last = new Map();
    list.forEach(({ event }, i) => {
      if (event.kind === "ModelChanged") last.set(`${event.model.id}.${event.attr}`, i);
    });
    return list.filter(({ event }, i) => event.kind !== "ModelChanged" || last.get(`${event.model.id}.${event.attr}`) === i);
  }

  function flush(now = false) {
    if ((inFlight && !now) || !events.length || !lab.boot.live) return;
    const part = events[0].part;
    const ofPart = merged(events.filter((e) => e.part === part));
    events = events.filter((e) => e.part !== part);
    const { bokeh } = documents.get(part);
    const patch = bokeh.create_json_patch(ofPart.map(({ event }) => event));
    send({ type: "patch", part, patch });
  }

  /** Sends a message to Python; returns its number. The message `done` has the same number when Python has finished. */
  function send(message) {
    // A question follows the changes that were made before it.
    if (message.type === "ask") while (events.length && lab.boot.live) flush(true);
    const seq = ++sequence;
    inFlight = seq;
    lab.boot.post({ seq, text: JSON.stringify(message) });
    return seq;
  }

  lab.boot.listen(async (message) => {
    if (message.type === "live") {
      events = [];
      inFlight = 0;
      for (const [part, json] of Object.entries(JSON.parse(message.documents))) {
        await lab.attempt(`the workbench of Part ${part}`, async () => {
          const view = documents.get(part);
          document.documentElement.dataset.firstView = view && view.json === plain(json) ? "kept" : "replaced";
          if (!view || view.json !== plain(json) || view.used) await show(part, json);
          if (documents.has(part)) documents.get(part).used = true;
        });
      }
    } else if (message.type === "done") {
      if (message.seq === inFlight) inFlight = 0;
      flush();
    } else if (message.type === "python") {
      const data = JSON.parse(message.text);
      if (data.type === "patch") {
        documents.get(String(data.part)).bokeh.apply_json_patch(data.patch);
        lab.names.handlesSoon(String(data.part));
      } else if (!isOfLastReader(data)) {
        document.dispatchEvent(new CustomEvent("lab:python", { detail: data }));
      }
    }
  }, { first: true }); // first, because the other listeners need the workbenches to be shown

  /** The model of a widget, by its label. */
  const model = (part, title) => [...(documents.get(part)?.bokeh.all_models || [])].find((candidate) => "title" in candidate && "low" in candidate && candidate.title === title) || null;

  return { showFirst, send, model, has: (part) => documents.has(String(part)), get reader() { return readers; } };
})();
