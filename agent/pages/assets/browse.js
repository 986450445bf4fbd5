// The list without waiting for whole pages: links marked data-swap and the search put new parts into the page.
// Without this file they are plain links and a plain form.
"use strict";
(() => {
  const PAUSE_MS = 120;
  const LOOK_MS = 1500;
  const form = document.querySelector("[data-search]");
  const box = form.elements.namedItem("q");
  let running = null;

  const put = (page) => {
    const held = document.activeElement && document.activeElement.closest("[data-key]");
    const key = held && held.dataset.key;
    const kept = new Set([...document.querySelectorAll("details[data-keep][open]")].map((one) => one.dataset.keep));
    for (const old of document.querySelectorAll("[data-part]")) {
      const fresh = page.querySelector(`[data-part="${old.dataset.part}"]`);
      if (!fresh || fresh.innerHTML === old.innerHTML) continue;
      // A live region is heard only if it stays and its text changes.
      if (old.getAttribute("role") === "status") old.textContent = fresh.textContent;
      else old.replaceChildren(...fresh.childNodes);
    }
    for (const one of document.querySelectorAll("details[data-keep]")) one.open = kept.has(one.dataset.keep);
    const columns = document.querySelector("[data-changes]");
    columns.dataset.changes = page.querySelector("[data-changes]").dataset.changes;
    document.title = page.title;
    if (key && !document.activeElement.closest("[data-key]")) {
      const again = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const load = async (url, { keep = "push", top = false } = {}) => {
    if (running) running.abort();
    const mine = (running = new AbortController());
    document.body.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      if (error.name !== "AbortError" && keep !== "none") window.location.assign(url);
      return;
    } finally {
      if (running === mine) {
        running = null;
        document.body.removeAttribute("aria-busy");
      }
    }
    if (keep === "push") history.pushState(null, "", url);
    if (keep === "replace") history.replaceState(null, "", url);
    if (top) window.scrollTo({ top: 0 });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const url = new URL(link.href, location.href);
    box.value = url.searchParams.get("q") || "";
    load(url.href, { top: "top" in link.dataset });
  });

  const address = () => {
    const pairs = [...new FormData(form)].filter(([name, value]) => name !== "q" || value.trim());
    const query = new URLSearchParams(pairs).toString();
    return form.action + (query ? `?${query}` : "");
  };
  let pause = 0;
  let typed = false;
  box.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      // One step back for a whole word, not for each letter.
      load(address(), { keep: typed ? "replace" : "push" });
      typed = true;
    }, PAUSE_MS);
  });
  box.addEventListener("blur", () => (typed = false));
  // What was typed before this script was there is looked for, too.
  if (box.value !== (new URL(location.href).searchParams.get("q") || "")) load(address());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pause);
    load(address(), { keep: typed ? "replace" : "push" });
  });
  window.addEventListener("popstate", () => {
    box.value = new URL(location.href).searchParams.get("q") || "";
    load(location.href, { keep: "none" });
  });

  // Cards appear as they are written.
  let reading = null;
  setInterval(async () => {
    if (document.hidden || running) return;
    try {
      const now = await (await fetch("/browse/status")).json();
      const seen = document.querySelector("[data-changes]").dataset.changes;
      if (String(now.changes) !== seen || (reading !== null && now.reading !== reading)) {
        await load(location.href, { keep: "none" });
      }
      reading = now.reading;
    } catch {
      // The server has ended; what is shown stays.
    }
  }, LOOK_MS);
})();
