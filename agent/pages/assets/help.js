// The list of keys, and dialogs in all rooms: closing one gives the focus back to where it was.
"use strict";
(() => {
  const help = document.querySelector("[data-help]");
  for (const button of document.querySelectorAll("[data-help-open]")) button.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    help.showModal();
  });
  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (event.target.closest("[data-help-open]")) help.showModal();
    else if (close) close.closest("dialog").close();
    else if (event.target instanceof HTMLDialogElement) event.target.close();
  });
})();
