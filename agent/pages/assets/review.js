// Reviewing one card. Every edit is sent at once; the answer is the card as it is then.
"use strict";
(() => {
  const { find, all, say, warn, calm, typing, open, items, current, stand, step, post } = window.papercardsDesk;
  const LOOK_MS = 2000;
  const part = find("[data-part=card]");
  const card = () => find("[data-card]", part);
  let busy = Promise.resolve();
  let picking = null; // { item key, status, kept }: a sentence is being chosen for it; kept: its status stays as it is
  let pickFor = null; // the item that a label is being chosen for

  // Who reads on while an answer is under way stays where they are by then; `key` is for where that is gone.
  const put = (html, key) => {
    const active = document.activeElement;
    const held = active === document.body || part.contains(active);
    const at = current() && current().dataset.key;
    const chosen = picking;
    part.innerHTML = html;
    window.papercardsPickers(part);
    picking = null;
    const there = (name) => name && find(`[data-key="${CSS.escape(name)}"]`, part);
    const item = chosen && there(chosen.key);
    // An answer to an earlier edit does not end the choice of a sentence.
    if (item) pickSentence(item, statusOf(item, chosen), chosen.kept);
    stand(there(at) || there(key) || items()[0], { focus: held });
  };
  const statusOf = (item, { status, kept }) => (kept && item.dataset.now !== "not-stated" ? item.dataset.now : status);

  // One after the other, so that each has seen what the one before it did.
  const send = (make) => {
    busy = busy.then(async () => {
      const wish = make();
      if (!wish) return;
      const key = wish.key;
      delete wish.key;
      let answer;
      try {
        answer = await post("/review/edit", { card: card().dataset.card, version: card().dataset.version, ...wish });
      } catch {
        warn("Not saved: the server does not respond.", () => send(make));
        return;
      }
      if (answer.status === 200) {
        calm();
        if (answer.next) {
          location.assign(answer.next);
          return;
        }
        if (answer.part) put(answer.part, key);
        say(answer.said);
        return;
      }
      if (answer.part) put(answer.part, key);
      // Keep the request: after seeing the current state the user may send it again.
      warn(answer.said, answer.status === 409 && wish.do !== "done" && wish.do !== "undo" ? () => send(make) : null);
    });
    return busy;
  };

  const wishOf = (key, more) => () => {
    const item = find(`[data-key="${CSS.escape(key)}"]`, part);
    if (!item) return null;
    const name = "add" in item.dataset ? more.value : item.dataset.name;
    return { key: "add" in item.dataset ? `${item.dataset.field}:${name}` : key, field: item.dataset.field, item: name, seen: item.dataset.seen || "", ...more };
  };
  const act = (item, more) => item && send(wishOf(item.dataset.key, more));

  const accept = (item) => {
    if (!item || "add" in item.dataset || !item.dataset.now) return;
    act(item, { do: "accept" });
    step(1);
  };
  const reject = (item) => {
    if (!item || "add" in item.dataset || !item.dataset.now) return;
    act(item, { do: "reject" });
    step(1);
  };
  const set = (item, value) => {
    if (!item) return;
    if (!("guess" in item.dataset) || value === "not-stated") {
      act(item, { do: "set", value, ...added(item, value) });
      return;
    }
    // A status that states something needs the sentence that says it.
    if (item.dataset.guess && !(value === item.dataset.now)) {
      act(item, { do: "set", value, sentence: Number(item.dataset.guess) });
    } else pickSentence(item, value);
  };
  const added = (item, value) => {
    if (!("add" in item.dataset)) return {};
    const there = find(`[data-key="${CSS.escape(`${item.dataset.field}:${value}`)}"]`, part);
    return { seen: there ? there.dataset.seen : "" };
  };

  const pickSentence = (item, status, kept = false) => {
    picking = { key: item.dataset.key, status, kept };
    const hint = find("[data-pick-hint]", part);
    hint.hidden = false;
    hint.textContent = `${item.dataset.field} ${status}: choose the sentence that states it. Press Enter to choose, Esc to cancel.`;
    card().classList.add("picking");
    stand(find(`[data-sentence="${item.dataset.guess || 1}"]`, part) || find("[data-sentence]", part));
    say(hint.textContent);
  };
  const endPicking = () => {
    const key = picking.key;
    picking = null;
    find("[data-pick-hint]", part).hidden = true;
    card().classList.remove("picking");
    stand(find(`[data-key="${CSS.escape(key)}"]`, part));
  };
  const takeSentence = (item) => {
    const chosen = picking;
    const sentence = Number(item.dataset.sentence);
    endPicking();
    send(() => {
      const now = find(`[data-key="${CSS.escape(chosen.key)}"]`, part);
      return now && wishOf(chosen.key, { do: "set", value: statusOf(now, chosen), sentence })();
    });
  };

  const edit = (item) => {
    if (!item) return;
    if (find("[name=summary]", item)) {
      find("[name=summary]", item).focus();
    } else if ("guess" in item.dataset) {
      if (item.dataset.now !== "not-stated") pickSentence(item, item.dataset.now, true);
    } else if (!item.dataset.sentence) {
      pickFor = item.dataset.key;
      const dialog = find(`[data-pick-dialog="${item.dataset.field}"]`, part);
      open(dialog, find("input", dialog));
    }
  };
  const main = (item) => {
    if (!item || !("mainSeen" in item.dataset) || !item.dataset.now) return;
    const key = item.dataset.key;
    send(() => {
      const now = find(`[data-key="${CSS.escape(key)}"]`, part);
      return now && { key, do: "set", field: now.dataset.field, item: "#main", value: now.dataset.now, seen: now.dataset.mainSeen };
    });
  };
  const undo = () => send(() => ({ key: current() && current().dataset.key, do: "undo" }));
  const finish = () => send(() => (card().dataset.done ? null : { do: "done", token: card().dataset.token }));
  const go = (rel) => {
    const link = find(`a[rel=${rel}]`, part);
    if (link) link.click();
    else say(rel === "next" ? "This is the last paper." : "This is the first paper.");
  };
  const worry = () => {
    const keys = all("[data-to]", part).map((one) => one.dataset.to);
    const item = current();
    toItem(keys[keys.lastIndexOf(item && item.dataset.key) + 1] || keys[0]);
  };
  const toItem = (key) => key && stand(find(`[data-key="${CSS.escape(key)}"]`, part));
  const across = (to) => {
    const item = current();
    const side = item && item.closest("[data-side]");
    const other = find(`[data-side="${to}"]`, part);
    if (!other || side === other) return;
    stand(find(".item.current", other) || all("[data-item]", other)[0]);
  };

  part.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const item = event.target.closest("[data-item]");
    if (picking && item && item.dataset.sentence) {
      event.preventDefault();
      takeSentence(item);
      return;
    }
    if (button && button.dataset.do === "accept") accept(item);
    else if (button && button.dataset.do === "reject") reject(item);
    else if (button && button.dataset.do === "set") set(item, button.dataset.value);
    else if (button && ("pick" in button.dataset || "sentenceFor" in button.dataset)) edit(item);
    else if (button && "main" in button.dataset) main(item);
    else if (button && "finish" in button.dataset) finish();
    else if (button && "undo" in button.dataset) undo();
    else if (button && "skip" in button.dataset) go("next");
    else if (button && "worry" in button.dataset) worry();
    else if (button && "to" in button.dataset) toItem(button.dataset.to);
    else if (button && "reopen" in button.dataset) {
      const seen = button.dataset.seen;
      send(() => ({ do: "set", field: "paper", item: "", value: "", seen }));
    } else if (item && !event.target.closest("a, button, input, textarea")) stand(item);
    else if (button && "focus" in button.dataset) stand(item);
  });
  part.addEventListener("pick", (event) => {
    event.target.closest("dialog").close();
    const item = pickFor && find(`[data-key="${CSS.escape(pickFor)}"]`, part);
    if (item) set(item, event.detail.label);
  });
  part.addEventListener("submit", (event) => {
    event.preventDefault();
    const item = event.target.closest("[data-item]");
    const value = event.target.elements.namedItem("summary").value;
    stand(item);
    act(item, { do: "set", value });
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (find("dialog[open]")) return;
    if (typing(event.target)) {
      if (event.key === "Escape") stand(event.target.closest("[data-item]"));
      return;
    }
    const item = current();
    const key = event.key;
    if (picking) {
      if (key === "Enter" && item && item.dataset.sentence) takeSentence(item);
      else if (key === "Escape") endPicking();
      else if (key === "ArrowDown") step(1);
      else if (key === "ArrowUp") step(-1);
      else return;
      event.preventDefault();
      return;
    }
    if (key === "ArrowDown" || key === "j") step(1);
    else if (key === "ArrowUp" || key === "k") step(-1);
    else if (key === "ArrowRight") across("labels");
    else if (key === "ArrowLeft") across("text");
    else if (key === "a") accept(item);
    else if (key === "r") reject(item);
    else if (key === "e" || (key === "Enter" && event.target === item)) edit(item);
    else if (key === "m") main(item);
    else if (key === "u") undo();
    else if (key === "d") finish();
    else if (key === "w") worry();
    else if (key === "n") go("next");
    else if (key === "p") go("prev");
    else if (key === "Escape") find("a[rel=up]", part).click();
    else if (/^[1-9]$/.test(key) && item) {
      const choice = find(`[data-digit="${key}"]`, item);
      if (choice) set(item, choice.dataset.value);
    } else return;
    event.preventDefault();
  });

  // What others do to this card appears by itself, unless something is being written.
  setInterval(async () => {
    if (document.hidden || picking || find("dialog[open]") || typing(document.activeElement)) return;
    const now = card();
    try {
      const query = new URLSearchParams({ card: now.dataset.card, token: now.dataset.token, version: now.dataset.version });
      const answer = await (await fetch(`/review/now?${query}`)).json();
      if (!answer.part || card() !== now || picking || find("dialog[open]") || typing(document.activeElement)) return;
      put(answer.part, null);
      say(answer.said);
    } catch {
      // The server has ended; the next edit says so.
    }
  }, LOOK_MS);

  worry();
  if (!current()) stand(items()[0]);
})();
