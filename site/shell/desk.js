// Requests to Python about a whole record, and their answers: to write a report, to read one, to check one.
"use strict";

lab.desk = (() => {
  const waiting = new Map();
  let requests = 0;

  /** Sends a request; resolves when Python answers.
   * @param {any} message @param {(label: string, share: number) => void} [progress] */
  function ask(message, progress) {
    if (!lab.boot.live) return Promise.reject(new Error("Python is not running in this page"));
    const id = ++requests;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject, progress });
      lab.documents.send({ ...message, id });
    });
  }

  /** Bytes as base64, for a message. @param {ArrayBuffer} bytes */
  const base64 = (bytes) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes]));
  });

  function settle(id, method, value) {
    waiting.get(id)?.[method](value);
    waiting.delete(id);
  }

  document.addEventListener("lab:python", ({ detail }) => {
    if (!waiting.has(detail.id) || !["report", "verify", "read"].includes(detail.type)) return;
    if ("answer" in detail) settle(detail.id, "resolve", detail.answer);
    else if ("error" in detail) settle(detail.id, "reject", new Error(detail.error));
    else waiting.get(detail.id).progress?.(detail.label, detail.progress);
  });

  lab.boot.listen((message) => {
    if (message.type === "failed") for (const id of [...waiting.keys()]) settle(id, "reject", new Error("Python has stopped"));
  });

  return {
    ask, base64,
    /** Ends the check that is under way. */
    stop() {
      lab.documents.send({ type: "stop-verify" });
      for (const id of [...waiting.keys()]) settle(id, "reject", Object.assign(new Error("stopped"), { stopped: true }));
    },
  };
})();
