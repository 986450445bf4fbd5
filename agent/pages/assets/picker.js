// A list of labels that is narrowed by typing; a picked one is told with the event "pick".
// Without words in common nothing is shown; every word must begin a word of the name or the meaning.
"use strict";
(() => {
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const begin = (box) => {
    if (box.dataset.ready) return;
    box.dataset.ready = "yes";
    const input = box.querySelector("input");
    const list = box.querySelector("[role=listbox]");
    const every = [...list.querySelectorAll("[role=option]")].map((node, place) => {
      const name = plain(node.querySelector(".value").textContent);
      return { node, place, name, words: ` ${plain(node.textContent).replace(/[^\p{L}\p{N}]+/gu, " ")}` };
    });
    let at = -1;

    const shown = () => [...list.querySelectorAll("[role=option]:not([hidden])")];
    const mark = (next) => {
      const options = shown();
      at = options.length ? (next + options.length) % options.length : -1;
      for (const node of list.querySelectorAll("[aria-selected=true]")) node.setAttribute("aria-selected", "false");
      if (at < 0) {
        input.removeAttribute("aria-activedescendant");
        return;
      }
      options[at].setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({ block: "nearest" });
    };
    const open = (yes) => {
      list.hidden = !yes;
      input.setAttribute("aria-expanded", String(yes));
      if (!yes) mark(-1), (at = -1), input.removeAttribute("aria-activedescendant");
    };
    const narrow = () => {
      const sought = plain(input.value).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
      const rank = (one) => (sought.length && one.name.startsWith(sought[0]) ? 0 : sought.every((w) => ` ${one.name}`.includes(` ${w}`)) ? 1 : 2);
      for (const one of every) one.node.hidden = !sought.every((word) => one.words.includes(` ${word}`));
      const order = [...every].sort((a, b) => (sought.length ? rank(a) - rank(b) : 0) || a.place - b.place);
      list.append(...order.map((one) => one.node));
      open(true);
      mark(0);
    };
    const take = (node) => {
      input.value = "";
      open(false);
      box.dispatchEvent(new CustomEvent("pick", { bubbles: true, detail: { field: box.dataset.picker, label: node.dataset.label } }));
    };

    input.addEventListener("input", narrow);
    input.addEventListener("focus", () => list.hidden && narrow());
    input.addEventListener("click", () => list.hidden && narrow());
    input.addEventListener("blur", () => setTimeout(() => box.contains(document.activeElement) || open(false), 120));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") list.hidden ? narrow() : mark(at + 1);
      else if (event.key === "ArrowUp") list.hidden ? narrow() : mark(at - 1);
      else if (event.key === "Enter" && !list.hidden && at >= 0) take(shown()[at]);
      else if (event.key === "Escape" && !list.hidden) {
        input.value = "";
        open(false);
        input.dispatchEvent(new CustomEvent("left", { bubbles: true }));
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const node = event.target.closest("[role=option]");
      if (node) take(node);
    });
  };

  window.papercardsPickers = (root) => root.querySelectorAll("[data-picker]").forEach(begin);
  window.papercardsPickers(document);
})();
