// What Review and Label have in common: what is said aloud, dialogs, moving among items, sending.
"use strict";
window.papercardsDesk = (() => {
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const say = (text) => {
    const region = find("[data-said]");
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 30); // the same words twice are heard twice
  };

  const toast = find("[data-toast]");
  let again = null;
  const warn = (text, retry = null) => {
    again = retry;
    toast.hidden = false;
    find("[data-alert]", toast).textContent = text;
    find("[data-toast-again]", toast).hidden = !retry;
  };
  const calm = () => (toast.hidden = true);
  find("[data-toast-close]", toast).addEventListener("click", calm);
  find("[data-toast-again]", toast).addEventListener("click", () => {
    calm();
    if (again) again();
  });

  const typing = (target) =>
    target instanceof HTMLElement && /^(TEXTAREA|SELECT)$|^INPUT$/.test(target.tagName) && !/^(radio|checkbox)$/.test(target.type);

  const open = (dialog, focus = null) => {
    dialog.showModal();
    if (focus) focus.focus();
  };

  // One item at a time can be reached with Tab; the arrows lead to the others.
  const items = () => all("[data-item]").filter((one) => one.offsetParent);
  const current = () => {
    const active = document.activeElement && document.activeElement.closest("[data-item]");
    return active || find("[data-item].current");
  };
  const stand = (item, { focus = true } = {}) => {
    if (!item) return;
    for (const one of all("[data-item]")) {
      one.classList.toggle("current", one === item);
      one.tabIndex = one === item ? 0 : -1;
    }
    if (focus) {
      item.focus({ preventScroll: true });
      item.scrollIntoView({ block: "nearest" });
    }
  };
  const step = (by) => {
    const every = items();
    const at = every.indexOf(current());
    stand(every[at < 0 ? 0 : Math.min(Math.max(at + by, 0), every.length - 1)]);
  };
  document.addEventListener("focusin", (event) => {
    const item = event.target.closest && event.target.closest("[data-item]");
    if (item && !item.classList.contains("current")) stand(item, { focus: false });
  });

  const post = async (path, body, more = {}) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      ...more,
    });
    const text = await answer.text();
    try {
      return { status: answer.status, ...JSON.parse(text) };
    } catch {
      return { status: answer.status, said: text };
    }
  };

  return { find, all, say, warn, calm, typing, open, items, current, stand, step, post };
})();
