// The static site: list, facets, search and papers from the variable that data.js sets. What is shown stands in
// the part of the address after #, so it can be shared; nothing is fetched and no text is ever read as HTML.
"use strict";
(() => {
  const { fields, sorts, pageSize, shown, labels, bars, views, table, papers, renewed } = window.PAPERCARDS;
  const SINGLE = new Set(["code", "data", "weights", "year", "venue"]);
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  const plain = (label) => (Object.hasOwn(labels, label) ? labels[label] : label.replaceAll("-", " "));
  const NAMES = new Set(["venue", "author"]);
  const named = (field, value) => (NAMES.has(field) ? value : plain(value));
  const percent = (share) => (typeof share === "number" ? `${Math.round(share * 100)}%` : "");
  const number = (count) => count.toLocaleString("en");

  const make = (tag, about = {}, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(about)) {
      if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...inside.flat(9).filter((one) => one !== null && one !== undefined && one !== false));
    return made;
  };
  const out = (url, words) => make("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, words);
  const unseen = (words) => make("span", { class: "unseen" }, words);

  // The state, as the server has it in the query string.
  const read = (hash) => {
    const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
    const pairs = [...new URLSearchParams(query || "")];
    const one = (name) => (pairs.find(([key]) => key === name) || [])[1] || "";
    const tags = pairs.filter(([key, value]) => value && fields.some(([field]) => field === key));
    const page = /^[0-9]{1,7}$/.test(one("page")) ? Math.max(1, Number(one("page"))) : 1;
    const sort = Object.hasOwn(sorts, one("sort")) ? one("sort") : "";
    const columns = pairs.filter(([key, value]) => key === "column" && table.columns.some(([name]) => name === value)).map(([, value]) => value);
    const by = fields.some(([field]) => field === one("by")) ? one("by") : "";
    return { path, words: one("q"), tags, sort, page, view: Object.hasOwn(views, one("view")) ? one("view") : "", columns, by };
  };
  const query = (state) => {
    const pairs = [];
    if (state.words) pairs.push(["q", state.words]);
    for (const [field] of fields) pairs.push(...state.tags.filter(([name]) => name === field));
    if (state.sort) pairs.push(["sort", state.sort]);
    if (state.view) pairs.push(["view", state.view]);
    for (const column of state.columns || []) pairs.push(["column", column]);
    if (state.by) pairs.push(["by", state.by]);
    if (state.page > 1) pairs.push(["page", state.page]);
    const text = new URLSearchParams(pairs).toString();
    return text ? `?${text}` : "";
  };
  const listed = (state, change = {}) => `#/${query({ ...state, page: 1, ...change })}`;
  const opened = (state, paper) => `#/paper/${encodeURIComponent(paper.id)}${query({ ...state, page: 1 })}`;
  const has = (state, field, value) => state.tags.some(([f, v]) => f === field && v === value);
  const toggled = (state, field, value) => {
    const left = has(state, field, value)
      ? state.tags.filter(([f, v]) => f !== field || v !== value)
      : [...state.tags.filter(([f]) => f !== field || !SINGLE.has(field)), [field, value]];
    return { tags: left };
  };
  const order = (state) => {
    const words = state.words.trim();
    if (state.sort && !(state.sort === "relevance" && !words)) return state.sort;
    return words ? "relevance" : "file";
  };

  // Words as the server's index takes them: without accents, in lower case, letters and digits only.
  const folded = (text) =>
    ` ${(text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).join(" ")} `;
  const text = (paper) =>
    (paper.parts || []).map(([, pieces]) => pieces.map((one) => (typeof one === "string" ? one : one[0])).join("")).join("\n") ||
    (paper.passages || []).map(([, , words]) => words || "").join("\n");
  const folds = papers.map((paper) => [
    [10, folded(paper.title)],
    [4, folded(paper.tldr)],
    [4, folded(paper.tags.slice(0, 3).flat().join(" "))],
    [8, folded([paper.by || "", ...paper.tags.slice(7).flat()].join(" "))],
    [1, folded(text(paper))],
  ]);
  const WORDS = /(-?)(?:"([^"]*)"?|(\S+))/g;
  const sought = (text) =>
    [...text.matchAll(WORDS)].flatMap(([, minus, phrase, word]) => {
      const said = phrase || word || "";
      const letters = said.match(/[\p{L}\p{N}]/gu) || [];
      if (!letters.length) return [];
      const beginning = word && letters.length > 1 && /[\p{L}\p{N}]$/u.test(said);
      return [{ minus, said: beginning ? folded(said).slice(0, -1) : folded(said) }];
    });
  const score = (fold, wanted) => {
    let sum = 0;
    for (const { said, minus } of wanted) {
      let best = 0;
      for (const [weight, text] of fold) if (text.includes(said)) best += weight;
      if (minus ? best : !best) return 0;
      sum += best;
    }
    return sum || 1;
  };

  const byName = (a, b) => (!a || !b ? !a - !b : a.toLowerCase() < b.toLowerCase() ? -1 : a.toLowerCase() > b.toLowerCase() ? 1 : 0);
  const select = (state) => {
    const wanted = sought(state.words);
    const found = [];
    papers.forEach((paper, at) => {
      const fits = state.tags.every(([field, value]) => {
        const place = fields.findIndex(([name]) => name === field);
        return paper.tags[place].includes(value);
      });
      const relevance = fits ? score(folds[at], wanted) : 0;
      if (relevance) found.push({ paper, at, relevance });
    });
    const by = {
      relevance: (a, b) => b.relevance - a.relevance,
      newest: (a, b) => ((a.paper.date || "") < (b.paper.date || "") ? 1 : (a.paper.date || "") > (b.paper.date || "") ? -1 : b.at - a.at),
      title: (a, b) => (a.paper.title.toLowerCase() < b.paper.title.toLowerCase() ? -1 : 1),
      author: (a, b) => byName(a.paper.tags[9][0], b.paper.tags[9][0]),
      venue: (a, b) => byName(a.paper.tags[8][0], b.paper.tags[8][0]),
      confidence: (a, b) => (b.paper.mean ?? -1) - (a.paper.mean ?? -1),
    }[order(state)];
    if (by) found.sort((a, b) => by(a, b) || a.at - b.at);
    return found.map((one) => one.paper);
  };

  // The list
  const choice = (state, field, value, count) => {
    const on = has(state, field, value);
    return make("li", {}, make("a",
      { href: listed(state, toggled(state, field, value)), class: on && "chosen", "data-key": `${field}:${value}` },
      make("span", { class: "value" }, on && unseen("Remove: "), named(field, value)), " ",
      make("span", { class: "count" }, number(count))));
  };
  const drawing = (name, about, ...inside) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
    made.append(...inside);
    return made;
  };
  const histogram = (state, counts) => {
    const years = [...counts.keys()].map(Number);
    const [first, last, most] = [Math.min(...years), Math.max(...years), Math.max(...counts.values())];
    if (years.length < bars[0] || last - first >= bars[1]) return null;
    const every = Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
    return [
      make("ol", { class: "years", "aria-hidden": "true" }, every.map((year) => {
        const count = counts.get(year);
        const height = Math.max(6, Math.round((100 * count) / most));
        return make("li", {}, count && make("a", { href: listed(state, toggled(state, "year", year)), tabindex: "-1", title: `${year}: ${number(count)}` },
          drawing("svg", { viewBox: "0 0 1 100", preserveAspectRatio: "none" }, drawing("rect", { y: 100 - height, width: 1, height }))));
      })),
      make("p", { class: "ends", "aria-hidden": "true" }, make("span", {}, first), make("span", {}, last))];
  };
  const facet = (state, found, [field, title], place) => {
    const counts = new Map(state.tags.filter(([f]) => f === field).map(([, value]) => [value, 0]));
    const mine = counts.size;
    for (const paper of found) for (const value of paper.tags[place]) counts.set(value, (counts.get(value) || 0) + 1);
    const all = [...counts];
    const rest = all.slice(mine).sort(([a, n], [b, m]) => (field === "year" ? b - a : m - n || (a < b ? -1 : 1)));
    const choices = [...all.slice(0, mine), ...rest].map(([value, count]) => choice(state, field, value, count));
    if (!choices.length) return null;
    const drawn = field === "year" && !mine && histogram(state, counts);
    const cut = drawn ? 0 : choices.length > shown + 1 ? shown : choices.length;
    const folded = choices.length > cut && make("details", { "data-keep": field },
      make("summary", {}, drawn ? "As a list" : `${choices.length - cut} more`), make("ul", {}, choices.slice(cut)));
    const narrow = !drawn && choices.length - cut > 6 && [
      make("input", { class: "narrow", type: "text", "data-narrow": field, placeholder: "Find",
        "aria-label": `Find in ${title.toLowerCase()}`, autocomplete: "off", spellcheck: "false" }),
      make("p", { class: "note", "data-none": true, hidden: true }, "No such value.")];
    return make("section", { class: "facet", "aria-labelledby": `facet-${field}` },
      make("h3", { id: `facet-${field}` }, title), narrow || null, drawn || make("ul", {}, choices.slice(0, cut)), folded);
  };
  const chip = (href, key, ...words) => make("li", {}, make("a", { href, "data-key": `chip:${key}` }, unseen("Remove: "), words,
    make("span", { class: "cross", "aria-hidden": "true" }, "×")));
  const chips = (state) => {
    if (!state.words && !state.tags.length) return null;
    return make("ul", { class: "chips", "aria-label": "Chosen" },
      state.words && chip(listed(state, { words: "" }), "q", `“${state.words}”`),
      state.tags.map(([field, value]) => chip(listed(state, toggled(state, field, value)), `${field}:${value}`,
        make("span", { class: "of" }, (fields.find(([name]) => name === field))[1]), ` ${named(field, value)}`)),
      make("li", {}, make("a", { class: "all", href: "#/", "data-key": "chip:all" }, "Clear all")));
  };
  const tag = (state, field, value) => (has(state, field, value)
    ? named(field, value)
    : make("a", { href: listed(state, toggled(state, field, value)), "data-top": true }, named(field, value)));
  const badge = (name, status, url) => {
    const title = name[0].toUpperCase() + name.slice(1);
    const released = status === "released";
    return make("li", { class: `badge ${released ? "yes" : "soon"}`, title: `${name} ${status}` },
      released && url ? out(url, [title, unseen(` ${status}`), " ↗"]) : [title, released ? unseen(` ${status}`) : ` ${status}`]);
  };
  const corrected = (paper) => (paper.changed
    ? make("span", { class: "corrected" }, paper.changed.length ? `Corrected: ${paper.changed.join(", ")}` : "Reviewed")
    : null);
  const item = (state, paper) => {
    const [tasks, modalities, contributions, ...held] = paper.tags;
    const had = ["code", "data", "weights"].flatMap((name, at) =>
      !held[at].length || held[at][0] === "not-stated" ? [] : [badge(name, held[at][0], (paper.get || [])[at])]);
    return make("li", { class: "paper", "data-item": true },
      make("div", {},
        make("h2", {}, make("a", { href: opened(state, paper), "data-open": true, "data-key": `paper:${paper.id}` }, paper.title)),
        make("div", { class: "credits" },
          paper.by ? make("p", { class: "cited" }, paper.by) : null,
          corrected(paper),
          had.length ? make("ul", { class: "badges", "aria-label": "Availability" }, had) : null),
        make("p", { class: "tldr" }, paper.tldr)),
      make("ul", { class: "tags", "aria-label": "Tags" },
        tasks.map((one) => make("li", { class: "task" }, tag(state, "task", one))),
        contributions.map((one) => make("li", { class: "kind" }, tag(state, "contribution", one))),
        modalities.map((one) => make("li", {}, tag(state, "modality", one)))));
  };
  const paging = (state, last) => {
    if (last < 2) return null;
    const to = (page, rel, words) => make("a", { href: listed(state, { page }), rel, "data-key": rel, "data-top": true }, words);
    return make("nav", { class: "paging", "aria-label": "Pages" },
      state.page > 1 ? to(state.page - 1, "prev", "← Previous") : make("span"),
      make("span", {}, `Page ${number(state.page)} of ${number(last)}`),
      state.page < last ? to(state.page + 1, "next", "Next →") : make("span"));
  };
  const nothing = (state) => {
    const parts = [...new Set([...state.words.matchAll(WORDS)].map(([part]) => part))].filter((part) => /[\p{L}\p{N}]/u.test(part));
    const without = (part) => [...state.words.matchAll(WORDS)].map(([one]) => one).filter((one) => one !== part).join(" ");
    const none = { words: "", tags: [], sort: "" };
    const conditions = [
      ...parts.map((part) => [`“${part.replace(/^"+|"+$/g, "")}”`, { words: part }, { words: without(part) }]),
      ...state.tags.map(([field, value]) => [`${fields.find(([name]) => name === field)[1]} ${named(field, value)}`,
        { tags: [[field, value]] }, toggled(state, field, value)])].slice(0, 6);
    return make("div", { class: "empty" }, make("p", {}, "No papers match."),
      conditions.filter(([, alone]) => !select({ ...none, ...alone }).length).map(([name]) => make("p", {}, `No paper has ${name}.`)),
      make("ul", {}, conditions.map(([name, , rest]) => {
        const count = select({ ...state, ...rest }).length;
        return count ? make("li", {}, make("a", { href: listed(state, rest) }, `Without ${name}: ${number(count)} paper${count === 1 ? "" : "s"}`)) : null;
      }), make("li", {}, make("a", { href: "#/" }, "Show all papers"))));
  };
  const list = (state) => {
    const found = select(state);
    const last = Math.max(1, Math.ceil(found.length / pageSize));
    state.page = Math.min(state.page, last);
    const here = found.slice((state.page - 1) * pageSize, state.page * pageSize);
    const kept = new Set([...document.querySelectorAll("details[data-keep][open]")].map((one) => one.dataset.keep));
    part("filters").replaceChildren(...fields.map((one, at) => facet(state, found, one, at)).filter(Boolean));
    part("said").textContent = found.length === papers.length
      ? `${number(papers.length)} paper${papers.length === 1 ? "" : "s"}`
      : `${number(found.length)} of ${number(papers.length)} papers`;
    part("sorts").hidden = state.view === "map";
    part("sorts").replaceChildren(...Object.entries(sorts)
      .filter(([sort]) => sort !== "relevance" || state.words.trim())
      .map(([sort, title]) => make("a",
        { href: listed(state, { sort }), "data-key": `sort:${sort}`, "aria-current": sort === order(state) && "true" }, title)));
    part("views").replaceChildren(...Object.entries(views).map(([seen, title]) => make("a",
      { href: listed(state, { view: seen, page: state.page }), "data-key": `view:${title}`, "aria-current": seen === state.view && "page" }, title)));
    part("results").replaceChildren(...[
      chips(state),
      !here.length
        ? papers.length ? nothing(state) : make("div", { class: "empty" }, make("p", {}, "No cards."))
        : state.view === "map" ? null
        : state.view === "table" ? tabled(state, here)
        : make("ol", { class: `papers${state.view ? " compact" : ""}`, start: (state.page - 1) * pageSize + 1 }, here.map((one) => item(state, one))),
      state.view === "map" ? null : paging(state, last),
      ...(state.view === "map" && here.length ? mapped(state, found) : []),
    ].flat().filter(Boolean));
    for (const one of document.querySelectorAll("details[data-keep]")) one.open = kept.has(one.dataset.keep);
  };

  // The table
  const capital = (words) => words.slice(0, 1).toUpperCase() + words.slice(1);
  const cell = (paper, column, title) => {
    const place = fields.findIndex(([field]) => field === column);
    const texts = { confidence: [percent(paper.mean)], tldr: [paper.tldr], id: [paper.id] }[column]
      || (column.startsWith("own.") && ((paper.own || []).find(([name]) => name === title) || [])[1])
      || (paper.tags[place] || []).map((value, at) => (at || NAMES.has(column) ? named(column, value) : capital(named(column, value))));
    return texts.slice(0, 3).join("; ") + (texts.length > 3 ? ` +${texts.length - 3}` : "");
  };
  const tabled = (state, here) => {
    const chosen = state.columns.length ? state.columns : table.chosen;
    const columns = chosen.map((name) => table.columns.find(([one]) => one === name)).filter(Boolean);
    const boxes = [...columns, ...table.columns.filter((one) => !columns.includes(one))].map(([name, title]) => {
      const box = make("input", { type: "checkbox", value: name, checked: chosen.includes(name), "data-key": `box:${name}` });
      box.addEventListener("change", () => {
        location.hash = listed(state, { columns: box.checked ? [...chosen, name] : chosen.filter((one) => one !== name), page: state.page });
      });
      return make("label", {}, box, ` ${title}`);
    });
    const head = ([name, title]) => {
      const sort = table.sorts[name];
      return make("th", { scope: "col", "aria-sort": sort && sort === order(state) && (sort === "newest" || sort === "confidence" ? "descending" : "ascending") },
        sort ? make("a", { href: listed(state, { sort }), "data-key": `column:${name}` }, title) : title);
    };
    return [
      make("details", { class: "choose", "data-keep": "columns" }, make("summary", {}, "Columns"),
        make("form", {}, make("fieldset", {}, make("legend", { class: "unseen" }, "Columns of the table"), boxes))),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of papers" }, make("table", { class: "papers-table" },
        make("thead", {}, make("tr", {}, [["title", "Title"], ...columns].map(head))),
        make("tbody", {}, here.map((paper) => make("tr", { "data-item": true },
          make("th", { scope: "row" }, make("a", { href: opened(state, paper), "data-open": true, "data-key": `paper:${paper.id}` }, paper.title), " ", corrected(paper)),
          columns.map(([name, title]) => make("td", {}, cell(paper, name, title)))))))),
    ];
  };

  // The map: the classes of points are those that the server's map has.
  const figure = document.querySelector("[data-map]").parentElement;
  let by = "task";
  let put = null;
  const mapped = (state, found) => {
    by = state.by || "task";
    const place = fields.findIndex(([field]) => field === by);
    const counts = new Map();
    for (const paper of found) for (const value of paper.tags[place]) counts.set(value, (counts.get(value) || 0) + 1);
    const values = [...counts].sort(([a, n], [b, m]) => (by === "year" ? b - a : m - n || (a < b ? -1 : 1))).slice(0, 8).map(([value]) => value);
    const inside = new Set(found);
    const classes = Uint8Array.from(papers, (paper) => (!paper.at ? 255 : inside.has(paper)
      ? Math.max(0, ...paper.tags[place].map((value) => values.indexOf(value) + 1)) || 9 : 0));
    put ||= window.paperMap(figure.querySelector("[data-map]"), {
      ordered: () => by === "year",
      paper: (row) => ({ title: papers[row].title, by: papers[row].by, href: opened(read(location.hash), papers[row]) }),
    });
    put({ xs: papers.map(({ at }) => (at ? at[0] : 0)), ys: papers.map(({ at }) => (at ? at[1] : 0)), classes });
    figure.hidden = false;
    return [
      make("nav", { class: "hues", "aria-label": "Colour by" }, make("span", {}, "Colour by"), fields.map(([field, title]) =>
        make("a", { href: listed(state, { by: field }), "data-key": `by:${field}`, "aria-current": field === by && "true" }, title))),
      make("ul", { class: `key${by === "year" ? " ordered" : ""}`, "aria-label": "Colours" },
        values.map((value, at) => make("li", {}, make("span", { class: `dot dot-${at + 1}`, "aria-hidden": "true" }),
          has(state, by, value) ? named(by, value) : make("a", { href: listed(state, toggled(state, by, value)), "data-key": `hue:${value}` }, named(by, value)))),
        classes.includes(9) ? make("li", {}, make("span", { class: "dot dot-9", "aria-hidden": "true" }), "other") : null),
      figure,
    ];
  };

  // A paper
  const words = (sayings) => sayings.map(([name, , sure]) => `${plain(name)} ${percent(sure)}`.trim()).join(" · ");
  const marked = (sayings, inside) => sayings.reduceRight((within, [, style], at) =>
    make("mark", { class: style, title: at === 0 && words(sayings) }, within), inside);
  const jump = (id) => (event) => {
    event.preventDefault();
    const to = document.getElementById(id);
    for (const old of document.querySelectorAll(".at")) old.classList.remove("at");
    to.classList.add("at");
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "center" });
  };
  const leading = (about, id, inside) => {
    const link = make("a", { href: `#${id}`, ...about }, inside);
    link.addEventListener("click", jump(id));
    return link;
  };
  const piece = (paper, one) => {
    if (typeof one === "string") return one;
    const [text, sayings, ends, url] = one;
    const inside = url ? out(url, text) : text;
    return [sayings.length ? marked(sayings, inside) : inside, ends.map((end) => {
      const says = words(paper.passages[end - 1][0]);
      return leading({ class: "ref", id: `mark-${end}`, "aria-label": `Statement ${end}: ${says}`, "data-says": says }, `passage-${end}`, end);
    })];
  };
  const bar = (share) => (typeof share === "number"
    ? make("span", { class: `bar ${share < 0.7 ? "low" : share < 0.9 ? "middle" : "high"}` }, make("span", { class: "digits" }, percent(share)))
    : null);
  const legend = (passages) => {
    const styles = new Map(passages.flatMap(([sayings]) => sayings.map(([name, style]) => [name, style])));
    return make("ul", { class: "legend", "aria-label": "Colours" }, [...styles].map(([name, style]) =>
      make("li", {}, make("span", { class: `swatch ${style}`, "aria-hidden": "true" }), make("span", { class: "value" }, plain(name)))));
  };
  const passage = ([sayings, place, quote, odd], at) => make("li", { id: `passage-${at + 1}`, tabindex: "-1" },
    make("div", { class: "sayings" },
      sayings.map(([name, style, sure]) => make("span", { class: "saying" },
        make("span", { class: `swatch ${style}`, "aria-hidden": "true" }), make("span", { class: "value" }, plain(name)), " ", bar(sure))),
      odd === undefined
        ? leading({ class: "where" }, `mark-${at + 1}`, [place || "in the text", unseen(`, statement ${at + 1}`)])
        : odd
          ? make("span", { class: "where odd" }, `not found where the card says${place ? `: ${place}` : ""}`)
          : make("span", { class: "where" }, place)),
    make("p", { class: "quote" }, quote));
  const quoted = (paper, passages) => {
    const quotes = passages.filter(([, , , odd]) => odd === false);
    if (paper.parts && !quotes.length) return null;
    return [make("h2", { id: !paper.parts && "abstract" }, "Quotes from the paper"),
      quotes.map(([sayings, place, words]) => make("blockquote", { class: "abstract" },
        marked(sayings, words), place ? [" ", make("cite", {}, place)] : null))];
  };
  const rows = (pairs) => pairs.flatMap(([title, value]) => [make("dt", {}, title), make("dd", {}, value)]);
  const section = (title, ...inside) => make("section", {}, make("h2", {}, title), inside);
  const body = (paper) => {
    const passages = paper.passages || [];
    const names = [["task", "Tasks"], ["modality", "Modalities"], ["contribution", "Contributions"]];
    const status = (at) => paper.tags[3 + at][0] || "not asked";
    const tone = { released: "yes", promised: "soon" };
    return make("article", { class: "card" },
      make("header", {}, make("h1", {}, paper.title), paper.cited ? make("p", { class: "cited" }, paper.cited) : null,
        paper.changed ? make("p", {}, corrected(paper)) : null,
        paper.ways ? make("ul", { class: "ways", "aria-label": "Open the paper" }, paper.ways.map(([title, url]) =>
          make("li", {}, out(url, [title, make("span", { "aria-hidden": "true" }, " ↗")])))) : null,
        make("p", { class: "lead" }, paper.tldr)),
      make("div", { class: "reading-columns" },
        make("section", { "aria-labelledby": "abstract" },
          (paper.parts || []).map(([heading, pieces], at) => [
            make("h2", { id: at === 0 && "abstract" }, heading),
            at === 0 && passages.length ? legend(passages) : null,
            make("p", { class: "abstract" }, pieces.map((one) => piece(paper, one)))]),
          quoted(paper, passages),
          passages.length ? [make("h2", { id: "statements" }, "Statements"),
            make("ol", { class: "passages" }, passages.map(passage))] : null),
        make("aside", { "aria-label": "The card" },
          names.map(([field, title], place) => section(title, make("ul", { class: "labels" },
            paper.tags[place].map((label, at) => make("li", {},
              make("a", { href: listed({ words: "", tags: [[field, label]], sort: "" }) }, plain(label)), " ", bar(paper.sure[place][at]))),
            ((paper.maybe || [])[place] || []).map(([label, sure]) => make("li", { class: "none" }, make("span", {}, `perhaps ${plain(label)}`), " ", bar(sure)))))),
          section("Reproducibility", make("table", { class: "held" }, make("tbody", {},
            ["Code", "Data", "Weights"].map((name, at) => make("tr", {}, make("th", { scope: "row" }, name),
              make("td", { class: tone[status(at)] || "none" }, plain(status(at))),
              make("td", {}, bar((paper.held || [])[at])))))),
          paper.links ? make("ul", { class: "links" }, paper.links.map(([url, kind, safe]) =>
            make("li", {}, safe ? out(url, url) : url, " ", make("span", { class: "sure" }, kind)))) : null),
          paper.own ? section("Your fields", make("dl", { class: "own" }, paper.own.flatMap(([title, texts, sure]) =>
            [make("dt", {}, title), ...texts.map((text, at) => make("dd", {}, make("span", {}, text), at ? null : bar(sure)))]))) : null,
          paper.same ? make("p", {}, `The same paper as ${paper.same}, with the same card.`) : null,
          paper.flags ? section("Flags", make("ul", { class: "labels" }, paper.flags.map((flag) => make("li", {}, plain(flag))))) : null,
          make("section", {}, make("details", {}, make("summary", {}, "Details"),
            make("dl", { class: "made" }, rows([["Id", paper.id], ...["Made with", "Prompt", "Taxonomy"].map((title, at) => [title, paper.made[at]])])))))));
  };
  const single = (state, paper) => {
    const found = select(state);
    const at = found.indexOf(paper);
    const beside = (by, rel, title) => at >= 0 && found[at + by] && make("a", { rel, href: opened(state, found[at + by]) }, title);
    const narrowed = state.words || state.tags.length;
    document.querySelector('[data-view="paper"]').replaceChildren(
      make("nav", { class: "trail", "aria-label": "Papers" },
        make("a", { rel: "up", href: listed(state) }, narrowed ? "← All matching papers" : "← All papers"),
        make("span", {}, beside(-1, "prev", "Previous"), beside(1, "next", "Next"))),
      body(paper));
  };

  // What the address says
  const box = document.getElementById("q");
  const name = document.title;
  let view = "";
  const show = () => {
    const state = read(location.hash);
    const id = state.path.startsWith("paper/") ? decodeURIComponent(state.path.slice(6)) : "";
    const paper = id && papers.find((one) => one.id === id);
    const now = paper ? "paper" : state.path === "charts" ? "charts" : "list";
    const held = document.activeElement && document.activeElement.closest("[data-key]");
    const key = held && held.dataset.key;
    for (const one of document.querySelectorAll("[data-view]")) one.hidden = one.dataset.view !== now;
    for (const one of document.querySelectorAll("[data-tab]")) {
      if (one.dataset.tab === now) one.setAttribute("aria-current", "page");
      else one.removeAttribute("aria-current");
    }
    if (now === "list") {
      if (document.activeElement !== box) box.value = state.words;
      list(state);
      const again = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (again) again.focus({ preventScroll: true });
    }
    if (now === "paper") single(state, paper);
    document.title = paper ? `${paper.title} · papercards` : name;
    if (now !== view || now === "paper" || (held && "top" in held.dataset)) window.scrollTo(0, 0);
    if (view && now !== view && now !== "list") document.getElementById("main").focus({ preventScroll: true });
    view = now;
  };
  let typed = false;
  box.addEventListener("input", () => {
    const to = listed(read(location.hash), { words: box.value });
    if (typed) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    typed = true;
    show();
  });
  box.addEventListener("blur", () => (typed = false));
  document.querySelector("[data-search]").addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the part after # says what is shown
    document.getElementById("main").focus();
  });
  // A page opened from disk cannot fetch, but it can load a script.
  const LOOK_MS = 60000;
  let first = null;
  const look = () => {
    if (document.hidden) return;
    const script = make("script", { src: `news.js?${Date.now()}` });
    script.addEventListener("error", () => script.remove());
    script.addEventListener("load", () => {
      script.remove();
      const news = window.PAPERCARDS_NEWS;
      first ??= news.is;
      if (news.is === first) return;
      const more = news.papers - papers.length;
      const again = make("button", { type: "button", class: "link" }, "Show it");
      again.addEventListener("click", () => location.reload());
      part("news").replaceChildren(
        more > 0 ? `${more} new paper${more > 1 ? "s" : ""}. ` : "The cards have changed. ", again);
    });
    document.head.append(script);
  };
  if (renewed) {
    look();
    setInterval(look, LOOK_MS);
    window.addEventListener("focus", look);
  }
  window.addEventListener("hashchange", show);
  window.addEventListener("popstate", show);
  show();
})();
