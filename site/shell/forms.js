// In a frame whose `sandbox` lacks `allow-forms`, the browser swallows a form's submission before any script hears of
// it. No form of the lab is ever sent anywhere, so that the press of its button is all that is needed.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[type=submit]") : null;
  const form = button && /** @type {HTMLButtonElement} */ (button).form;
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
});
