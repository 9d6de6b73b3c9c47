// In a frame whose `sandbox` lacks `allow-forms`, the browser drops a form's submission before any script is notified.
// The lab never sends a form anywhere, so it is enough to react to the form's button.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[type=submit]") : null;
  const form = button && /** @type {HTMLButtonElement} */ (button).form;
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
});
