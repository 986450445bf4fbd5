// What a marked passage says, shown beside it while the pointer or the focus is on it.
"use strict";
(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true"); // the same is read out with the link
  tip.hidden = true;
  document.body.append(tip);

  const show = (anchor, words) => {
    tip.textContent = words;
    tip.hidden = false;
    const place = anchor.getClientRects()[0];
    const width = tip.offsetWidth;
    const left = Math.min(Math.max(8, place.left), document.documentElement.clientWidth - width - 8);
    const above = place.top - tip.offsetHeight - 6;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${(above > 4 ? above : place.bottom + 6) + window.scrollY}px`;
  };
  const hide = () => (tip.hidden = true);

  const says = (target) => {
    if (!(target instanceof Element)) return null;
    const ref = target.closest("[data-says]");
    if (ref) return [ref, ref.dataset.says];
    let mark = target.closest("mark");
    while (mark && mark.parentElement.closest("mark")) mark = mark.parentElement.closest("mark");
    if (!mark) return null;
    if (mark.title) {
      mark.dataset.title = mark.title; // else the browser would show it too
      mark.removeAttribute("title");
    }
    return mark.dataset.title ? [mark, mark.dataset.title] : null;
  };
  const on = (event) => {
    const found = says(event.target);
    if (found) show(...found);
    else hide();
  };
  document.addEventListener("pointerover", on);
  document.addEventListener("focusin", on);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
})();
