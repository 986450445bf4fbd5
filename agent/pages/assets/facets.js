// The boxes that narrow the values of a long filter. Without this file they are not shown.
"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const typed = new Map();
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const narrow = (box) => {
    const text = folded(box.value.trim());
    const facet = box.closest(".facet");
    let some = false;
    for (const one of facet.querySelectorAll("li")) {
      const value = one.querySelector(".value");
      if (!value) continue;
      one.hidden = Boolean(text) && !folded(value.textContent).includes(text);
      some = some || !one.hidden;
    }
    if (text) facet.querySelector("details").open = true;
    facet.querySelector("[data-none]").hidden = some;
  };

  document.addEventListener("input", (event) => {
    const box = event.target;
    if (!("narrow" in box.dataset)) return;
    typed.set(box.dataset.narrow, box.value);
    narrow(box);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".facet a");
    const box = link && link.closest(".facet").querySelector("[data-narrow]");
    if (box) typed.delete(box.dataset.narrow);
  }, true);

  // Other values come with other papers; what was typed stays.
  const filters = document.querySelector('[data-part="filters"]');
  new MutationObserver(() => {
    for (const box of filters.querySelectorAll("[data-narrow]")) {
      if (!typed.get(box.dataset.narrow)) continue;
      box.value = typed.get(box.dataset.narrow);
      narrow(box);
    }
  }).observe(filters, { childList: true });
})();
