// Questions that need an answer before something is lost. The browser's own confirm() shows nothing in a frame without
// `allow-modals` and returns "no". This dialog is part of the page.
"use strict";

lab.dialog = (() => {
  let answerOpen = null; // answers the question that is on the page, if there is one

  /** Puts the box where the reader is looking: a textbook may have enlarged the frame to many screens, and the reader
   * may not see its middle. */
  function place(box, opener) {
    if (window.parent === window) return;
    const near = opener.getBoundingClientRect();
    const top = Math.min(Math.max(near.top - box.offsetHeight / 2, 8), Math.max(innerHeight - box.offsetHeight - 8, 8));
    box.style.top = `${top}px`;
    box.style.bottom = "auto";
    box.style.marginBlock = "0";
  }

  /** Keeps Tab between the buttons if the browser has no modal dialog. */
  function keepTab(event, buttons) {
    if (event.key !== "Tab") return;
    event.preventDefault();
    const step = event.shiftKey ? buttons.length - 1 : 1;
    buttons[(buttons.indexOf(document.activeElement) + step) % buttons.length].focus();
  }

  /**
   * Asks the reader a question and waits for the answer.
   * Escape is the same as "Cancel". The focus returns to where it was.
   * @param {{title: string, text: string, yes: string, no?: string, opener?: HTMLElement | null}} question
   *   `yes` and `no` name the buttons; `opener` gets the focus afterwards if no element had it before.
   * @returns {Promise<boolean>} whether the reader agreed
   */
  function ask({ title, text, yes, no = "Cancel", opener = null }) {
    answerOpen?.(false);
    const active = /** @type {HTMLElement} */ (document.activeElement);
    const from = active && active !== document.body ? active : opener;
    const modal = typeof HTMLDialogElement === "function" && typeof HTMLDialogElement.prototype.showModal === "function";
    const refuse = lab.element("button", { type: "button" }, no);
    const agree = lab.element("button", { type: "button", class: "primary" }, yes);
    const box = lab.element(modal ? "dialog" : "div",
      { class: "ask", role: "alertdialog", "aria-modal": "true", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      lab.element("h2", { id: "ask-title" }, title),
      lab.element("p", { id: "ask-text" }, text),
      lab.element("div", { class: "row" }, refuse, agree));
    const cover = modal ? null : lab.element("div", { class: "ask-cover" });

    return new Promise((resolve) => {
      const answer = (agreed) => {
        if (answerOpen !== answer) return;
        answerOpen = null;
        if (modal) /** @type {HTMLDialogElement} */ (box).close();
        cover?.remove();
        box.remove();
        if (from?.isConnected) from.focus({ preventScroll: true });
        resolve(agreed);
      };
      answerOpen = answer;
      refuse.addEventListener("click", () => answer(false));
      agree.addEventListener("click", () => answer(true));
      box.addEventListener("cancel", (event) => {
        event.preventDefault();
        answer(false);
      });
      box.addEventListener("close", () => answer(false)); // in case the browser closes it in another way
      if (!modal) {
        box.addEventListener("keydown", (event) => {
          if (event.key === "Escape") answer(false);
          else keepTab(event, [refuse, agree]);
        });
      }
      document.body.append(...(cover ? [cover] : []), box);
      if (modal) /** @type {HTMLDialogElement} */ (box).showModal();
      if (from) place(box, from);
      refuse.focus(); // Enter pressed once too often loses nothing
    });
  }

  return { ask };
})();
