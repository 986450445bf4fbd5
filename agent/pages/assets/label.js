// Labelling one paper. Everything is sent at every change, and counts as saved once the server confirms it.
"use strict";
(() => {
  const { find, all, say, warn, calm, typing, open, items, current, stand, step, post } = window.papercardsDesk;
  const PAUSE_MS = 200;
  const RETRY_MS = 1000;
  const desk = find("[data-paper]");
  const state = find("[data-state]");
  const guide = find("[data-guide]");
  const plain = (id) => id.replaceAll("-", " ");

  // What stands on the page
  const chosen = (section) => all("[data-chosen] > li", section).map((one) => one.dataset.label);
  const collect = () => {
    const work = { paper: desk.dataset.paper, seen: desk.dataset.save, claims: {}, tldr: find("#tldr").value };
    for (const section of all("[data-labels]")) work[section.dataset.labels] = chosen(section);
    for (const item of all("[data-sentence]")) {
      if (item.dataset.kind) work.claims[item.dataset.sentence] = item.dataset.kind;
    }
    for (const group of all("[data-status]")) {
      const picked = find("input:checked", group);
      const sentence = find("select", group).value;
      work[group.dataset.status] = { status: picked ? picked.value : "", sentence: sentence ? Number(sentence) : null };
    }
    return work;
  };

  // Saving: one request at a time, and what was changed meanwhile is sent after it.
  let dirty = false;
  let timer = 0;
  let sending = null;
  const changed = () => {
    dirty = true;
    state.textContent = "Saving …";
    // Not put off by the next key, or who types on would never be saved.
    timer = timer || setTimeout(() => save(), PAUSE_MS);
  };
  const stuck = (text) => {
    dirty = true;
    state.textContent = "Not saved";
    warn(text);
    timer = timer || setTimeout(() => save(), RETRY_MS);
  };
  const request = async (path, more) => {
    dirty = false;
    let answer;
    try {
      answer = await post(path, { ...collect(), ...more });
    } catch {
      stuck("Not saved: the server does not respond. Retrying while this page is open.");
      return null;
    }
    if (answer.status === 200) {
      desk.dataset.save = answer.save;
      calm();
      state.textContent = answer.done ? "Done" : "Saved";
      find("[data-missing]").textContent = answer.missing.length ? `Missing: ${answer.missing.join("; ")}` : "";
      return answer;
    }
    if (answer.status === 409) {
      state.textContent = "Not saved";
      warn(`${answer.said} Reload the page to see it, or keep your version.`, () => {
        desk.dataset.save = answer.save;
        changed();
      });
    } else if (answer.status === 422) {
      state.textContent = "Saved";
      warn(answer.said);
      changed();
    } else stuck(answer.said || "Not saved.");
    return null;
  };
  const save = (path = "/label/save", more = {}) => {
    clearTimeout(timer);
    timer = 0;
    const before = sending || Promise.resolve();
    const mine = before.then(() => request(path, more));
    sending = mine;
    mine.finally(() => {
      if (sending === mine) sending = null;
    });
    return mine;
  };
  // A page that goes away sends what it still has.
  const flush = () => {
    if (dirty) post("/label/save", collect(), { keepalive: true }).then((answer) => answer.save && (desk.dataset.save = answer.save));
    dirty = false;
  };
  document.addEventListener("visibilitychange", () => document.hidden && !sending && flush());
  window.addEventListener("pagehide", () => !sending && flush());
  const leave = async (url) => {
    if (dirty || sending) await save();
    location.assign(url);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !(dirty || sending)) return;
    event.preventDefault();
    leave(link.href);
  });
  window.addEventListener("beforeunload", (event) => (dirty || sending) && state.textContent === "Not saved" && event.preventDefault());

  // Claims
  const setKind = (item, kind) => {
    item.dataset.kind = kind;
    show(item);
    say(kind ? `Sentence ${item.dataset.sentence}: ${plain(kind)}` : `Sentence ${item.dataset.sentence}: not a claim`);
    changed();
  };
  const show = (item) => {
    const kind = item.dataset.kind;
    const words = find(".words", item);
    const kinds = all("[data-set-kind]", item).map((one) => one.dataset.setKind);
    const style = `kind-${Math.max(0, Math.min(kinds.indexOf(kind), 7))}`;
    words.className = kind ? `words marked ${style}` : "words";
    find("[data-swatch]", item).className = `swatch ${style}`;
    find("[data-kind-line]", item).hidden = !kind;
    find("[data-kind-name]", item).textContent = plain(kind);
    item.setAttribute("aria-label", `Sentence ${item.dataset.sentence}, ${kind ? plain(kind) : "not a claim"}`);
    for (const one of all("[data-set-kind]", item)) one.setAttribute("aria-pressed", String(one.dataset.setKind === kind && kind !== ""));
  };

  // Labels
  const build = (line) => {
    const label = line.dataset.label;
    const name = document.createElement("span");
    name.className = "value";
    name.textContent = plain(label);
    const button = (text, title, does) => {
      const one = document.createElement("button");
      one.type = "button";
      one.className = "act";
      one.textContent = text;
      one.setAttribute("aria-label", title);
      one.title = title;
      one.addEventListener("click", does);
      return one;
    };
    const section = line.closest("[data-labels]");
    const up = button("↑", `Make ${plain(label)} the main one`, () => {
      line.parentElement.prepend(line);
      up.focus();
      relabel(section);
    });
    up.classList.add("up");
    const away = button("✕", `Remove ${plain(label)}`, () => {
      line.remove();
      find("input", section).focus();
      relabel(section);
    });
    line.replaceChildren(name, up, away);
  };
  const relabel = (section) => {
    say(`${section.dataset.labels}: ${chosen(section).map(plain).join(", ") || "none"}`);
    changed();
  };
  for (const line of all("[data-chosen] > li")) build(line);
  for (const item of all("[data-sentence]")) show(item);

  document.addEventListener("pick", (event) => {
    const section = find(`[data-labels="${event.detail.field}"]`);
    const have = chosen(section);
    if (have.includes(event.detail.label)) {
      say(`${plain(event.detail.label)} is already chosen.`);
      return;
    }
    if (have.length >= Number(section.dataset.most)) {
      warn(`At most ${section.dataset.most} ${event.detail.field}; remove one first.`);
      return;
    }
    const line = document.createElement("li");
    line.dataset.label = event.detail.label;
    find("[data-chosen]", section).append(line);
    build(line);
    calm();
    relabel(section);
  });

  // Code, data, weights, summary
  const words = () => {
    const count = find("#tldr").value.trim().split(/\s+/).filter(Boolean).length;
    const note = find("[data-words]");
    note.textContent = count ? `${count} of at most 30 words` : "at most 30 words; optional";
    note.classList.toggle("odd", count > 30);
  };
  words();
  desk.addEventListener("input", (event) => {
    const group = event.target.closest("[data-status]");
    if (group) {
      const picked = find("input:checked", group);
      find(".which", group).hidden = !picked || picked.value === "not-stated";
    } else if (event.target.id !== "tldr") return;
    words();
    changed();
  });

  const done = async () => {
    if (sending) await sending;
    const answer = await save("/label/save", { done: true });
    if (answer) location.assign(`/label/next?after=${encodeURIComponent(desk.dataset.paper)}`);
  };
  const reveal = async () => {
    if (sending) await sending;
    if (await save("/label/reveal")) location.reload();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const item = event.target.closest("[data-item]");
    if (button && "setKind" in button.dataset) setKind(item, button.dataset.setKind);
    else if (button && "finish" in button.dataset) done();
    else if (button && "reveal" in button.dataset) reveal();
    else if (button && "guideOpen" in button.dataset) open(guide, find("[data-guide-search]"));
    else if (item) stand(item);
  });

  // Guidelines and definitions, narrowed by what is looked for
  const search = find("[data-guide-search]");
  search.addEventListener("input", () => {
    const sought = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (node) => sought.every((word) => node.textContent.toLowerCase().includes(word));
    let count = 0;
    for (const entry of all("[data-guide-entry]")) {
      entry.hidden = !fits(entry);
      count += !entry.hidden;
    }
    for (const group of all("[data-guide-group]")) group.hidden = !find("[data-guide-entry]:not([hidden])", group);
    const text = find("[data-guide-text]");
    for (const node of text.querySelectorAll("p, li")) {
      node.hidden = !fits(node);
      count += !node.hidden;
    }
    let heading = null;
    let any = false;
    for (const node of text.children) {
      if (/^H\d$/.test(node.tagName)) {
        if (heading) heading.hidden = !any && sought.length > 0;
        heading = node;
        any = false;
      } else if (!node.hidden && (node.tagName !== "UL" || find("li:not([hidden])", node))) any = true;
    }
    if (heading) heading.hidden = !any && sought.length > 0;
    find("[data-guide-found]").textContent = sought.length ? `${count} found` : "";
  });

  const go = (rel) => {
    const link = find(`a[rel=${rel}]`);
    if (link) leave(link.href);
  };
  const radios = (name) => {
    const group = find(`[data-status="${name}"]`);
    (find("input:checked", group) || find("input", group)).focus();
  };
  document.addEventListener("left", () => stand(current() || items()[0]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (find("dialog[open]")) return;
    const key = event.key;
    if (typing(event.target)) {
      if (key === "Escape") stand(current() || items()[0]);
      else if (key === "Backspace" && event.target.value === "" && event.target.closest("[data-labels]")) {
        const last = find("[data-chosen] > li:last-child", event.target.closest("[data-labels]"));
        if (!last) return;
        const section = event.target.closest("[data-labels]");
        last.remove();
        relabel(section);
      } else return;
      event.preventDefault();
      return;
    }
    const radio = event.target.type === "radio";
    const item = event.target.closest("[data-item]") || current();
    if (key === "ArrowDown" && !radio) step(1);
    else if (key === "ArrowUp" && !radio) step(-1);
    else if (/^[0-9]$/.test(key) && item && !radio) {
      const choice = find(`[data-digit="${key}"]`, item);
      if (choice) setKind(item, choice.dataset.setKind);
    } else if (key === "x" && item) setKind(item, "");
    else if (key === "t") find("#pick-tasks").focus();
    else if (key === "m") find("#pick-modalities").focus();
    else if (key === "c") find("#pick-contributions").focus();
    else if (key === "o") radios("code");
    else if (key === "i") radios("data");
    else if (key === "w") radios("weights");
    else if (key === "s") find("#tldr").focus();
    else if (key === "d") done();
    else if (key === "n") go("next");
    else if (key === "p") go("prev");
    else if (key === "g") open(guide, search);
    else if (key === "Escape") {
      if (event.target.closest("[data-sentence]") || event.target === document.body) go("up");
      else stand(current() || items()[0]);
    } else return;
    event.preventDefault();
  });

  stand(items()[0]);
})();
