// The keyboard: / to search, j and k along the list or from paper to paper, Escape back.
"use strict";
(() => {
  const typing = (target) =>
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

  const seen = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.offsetParent);

  const step = (by) => {
    const links = seen("[data-open]");
    if (!links.length) {
      const [on] = seen(by > 0 ? "a[rel=next]" : "a[rel=prev]");
      if (on) on.click();
      return;
    }
    const at = links.findIndex((one) => one.closest("[data-item]").contains(document.activeElement));
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.closest("[data-item]").scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const [search] = seen("input[type=search]");
    if (event.key === "Escape") {
      if (search && document.activeElement === search) {
        search.blur();
        return;
      }
      const [up] = seen("a[rel=up]");
      if (up) up.click();
      else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "/" && search) {
      search.focus();
      search.select();
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  });

  // On a narrow screen the filters would push the papers out of sight.
  const fold = () => {
    for (const one of document.querySelectorAll("[data-filters]")) one.open = !narrow.matches;
  };
  const narrow = window.matchMedia("(max-width: 55rem)");
  narrow.addEventListener("change", fold);
  fold();
})();
