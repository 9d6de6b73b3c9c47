// The lab inside the frame of a textbook: it shows less around the content, takes no keyboard focus, and sends its
// height and progress only to the origin that the address names.
"use strict";

lab.embed = (() => {
  const { embed, origin } = lab.state.address;
  const framed = window.parent !== window;
  const PAUSE = 100; // ms that changes are collected before a message is sent
  if (embed) document.documentElement.dataset.embed = embed;

  /** Whether the page around this one is of another origin. */
  function foreign() {
    try {
      return framed && !window.parent.location.href;
    } catch {
      return true;
    }
  }

  let lastMessage = "";
  let waiting = 0;
  function report() {
    waiting = 0;
    const { track, part } = lab.main.state();
    // The height of the element, not of the frame: so a frame that grew too high can shrink again.
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    const message = { type: "data-selection-lab", height, track, part, state: lab.map.name(track, part) };
    if (JSON.stringify(message) === lastMessage) return;
    lastMessage = JSON.stringify(message);
    window.parent.postMessage(message, origin);
  }

  const soon = () => { waiting ||= setTimeout(report, PAUSE); };

  function start() {
    const note = lab.one("[data-frame-storage]");
    if (note) note.hidden = !(foreign() && lab.store.kind !== "memory");
    if (!embed || !framed || !origin) return;
    new ResizeObserver(soon).observe(document.documentElement);
    new MutationObserver(soon).observe(document.documentElement, { attributes: true, attributeFilter: ["data-part-now", "data-track-now"] });
    lab.store.watch(soon);
    soon();
  }

  return { start, get on() { return Boolean(embed); } };
})();
