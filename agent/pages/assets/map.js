// The map of papers on a canvas: 100,000 points are drawn in one pass. The page says where points lie, which
// colour each has, and what to do with one; the same file serves the static site.
"use strict";
window.paperMap = (figure, source) => {
  const canvas = figure.querySelector("canvas");
  const here = figure.querySelector("[data-here]");
  const context = canvas.getContext("2d", { alpha: false });
  const GONE = 255;
  const [NEAR, STEP, MOST] = [14, 1.5, 60];
  let points = { xs: [], ys: [], classes: [] };
  let view = { x: 0.5, y: 0.5, scale: 1 };
  let at = -1;
  let size = { width: 0, height: 0 };

  const colours = () => {
    const style = getComputedStyle(figure);
    const ordered = source.ordered() ? "y" : "h";
    const named = Array.from({ length: 10 }, (_, k) => style.getPropertyValue(k === 0 ? "--h0" : k === 9 ? "--h9" : `--${ordered}${k}`).trim());
    return { named, ground: style.getPropertyValue("--raised").trim(), ink: style.getPropertyValue("--ink").trim() };
  };
  const side = () => Math.min(size.width, size.height) * 0.94 * view.scale;
  const stretch = () => Math.max(1, size.width / size.height / 1.25);
  const place = (row) => [
    size.width / 2 + (points.xs[row] / 65535 - view.x) * side() * stretch(), size.height / 2 - (points.ys[row] / 65535 - view.y) * side()];

  const rgba = (hex) => (0xff000000 | (parseInt(hex.slice(5, 7), 16) << 16) | (parseInt(hex.slice(3, 5), 16) << 8) | parseInt(hex.slice(1, 3), 16)) >>> 0;
  const draw = () => {
    if (!canvas.width || !canvas.height) return;
    const { named, ground, ink } = colours();
    const ratio = window.devicePixelRatio || 1;
    const count = Math.min(points.xs.length, points.classes.length);
    const dot = Math.max(1.5, Math.min(9, (Math.sqrt(1 / Math.max(1, count)) * 75 + 1) * Math.sqrt(view.scale)));
    const [across, up] = [side() * stretch(), side()];
    // Many points are written as pixels, which is several times as quick as drawing each.
    const image = count > 5000 && context.createImageData(canvas.width, canvas.height);
    const pixels = image && new Uint32Array(image.data.buffer).fill(rgba(ground));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = ground;
    context.fillRect(0, 0, size.width, size.height);
    // What is not chosen and what has no colour lies below.
    for (const k of [0, 9, 1, 2, 3, 4, 5, 6, 7, 8]) {
      const wide = k === 0 ? dot * 0.7 : dot;
      const [block, colour] = [Math.max(1, Math.round(wide * ratio)), image && rgba(named[k])];
      context.fillStyle = named[k];
      for (let row = 0; row < count; row += 1) {
        if (points.classes[row] !== k) continue;
        const x = size.width / 2 + (points.xs[row] / 65535 - view.x) * across;
        const y = size.height / 2 - (points.ys[row] / 65535 - view.y) * up;
        if (x < 5 || y < 5 || x > size.width - 5 || y > size.height - 5) continue;
        if (image) {
          const first = Math.round(y * ratio - block / 2) * canvas.width + Math.round(x * ratio - block / 2);
          for (let line = 0; line < block; line += 1) pixels.fill(colour, first + line * canvas.width, first + line * canvas.width + block);
        } else {
          context.beginPath();
          context.arc(x, y, wide / 2, 0, 7);
          context.fill();
        }
      }
    }
    if (image) context.putImageData(image, 0, 0);
    if (at >= 0) {
      const [x, y] = place(at);
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, Math.max(5, dot / 2 + 3), 0, 7);
      context.stroke();
    }
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
  const chosen = (row) => points.classes[row] > 0 && points.classes[row] !== GONE;
  const best = (score) => {
    let [found, least] = [-1, Infinity];
    const count = Math.min(points.xs.length, points.classes.length);
    const [[x0, y0], across, up] = [place(0), (side() * stretch()) / 65535, side() / 65535];
    for (let row = 0; row < count; row += 1) {
      if (!chosen(row)) continue;
      const value = score(x0 + (points.xs[row] - points.xs[0]) * across, y0 - (points.ys[row] - points.ys[0]) * up);
      if (value < least) [found, least] = [row, value];
    }
    return [found, least];
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const [row, distance] = best((x, y) => Math.hypot(x - px, y - py));
    return distance < NEAR ? row : -1;
  };
  let asked = 0;
  const show = (row) => {
    if (row === at) return;
    at = row;
    canvas.style.cursor = row < 0 ? "" : "pointer";
    soon();
    clearTimeout(asked);
    if (row < 0) here.textContent = "";
    else asked = setTimeout(async () => {
      const paper = await source.paper(row);
      if (row === at && paper) here.textContent = paper.by ? `${paper.title} (${paper.by})` : paper.title;
    }, 60);
  };
  const open = async (row) => {
    const paper = row >= 0 && (await source.paper(row));
    if (paper) window.location.assign(paper.href);
  };
  const zoom = (by, px = size.width / 2, py = size.height / 2) => {
    const before = side();
    const scale = by ? Math.min(MOST, Math.max(1, view.scale * by)) : 1;
    const wide = stretch();
    const [dx, dy] = [px - size.width / 2, size.height / 2 - py];
    const shift = 1 / before - 1 / ((before / view.scale) * scale);
    view = by && scale > 1 ? { x: view.x + (dx * shift) / wide, y: view.y + dy * shift, scale } : { x: 0.5, y: 0.5, scale: 1 };
    soon();
  };

  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return show(under(event));
    const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
    if (!held.moved && Math.hypot(dx, dy) < 4) return undefined;
    view.x -= dx / side() / stretch();
    view.y += dy / side();
    held = { x: event.clientX, y: event.clientY, moved: true };
    return soon();
  });
  canvas.addEventListener("pointerup", (event) => {
    const still = held && !held.moved;
    held = null;
    if (still) open(under(event));
  });
  canvas.addEventListener("pointerleave", () => show(-1));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // else the page could not be scrolled past it
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(event.deltaY < 0 ? STEP : 1 / STEP, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  const AHEAD = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in AHEAD) {
      const [ax, ay] = AHEAD[event.key];
      const [x0, y0] = at < 0 ? [size.width / 2, size.height / 2] : place(at);
      const before = at;
      const [row] = best((x, y) => {
        const [ahead, aside] = [(x - x0) * ax + (y - y0) * ay, Math.abs((x - x0) * ay) + Math.abs((y - y0) * ax)];
        return before < 0 ? Math.hypot(x - x0, y - y0) : ahead > 0.5 ? ahead + 2 * aside : Infinity;
      });
      if (row >= 0) show(row);
      const [x, y] = row < 0 ? [0, 0] : place(row);
      if (row >= 0 && (x < 0 || y < 0 || x > size.width || y > size.height)) Object.assign(view, { x: points.xs[row] / 65535, y: points.ys[row] / 65535 });
    } else if (event.key === "Enter") open(at);
    else if (event.key === "+" || event.key === "=") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") zoom(0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  figure.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("save" in button.dataset) window.savePng(canvas, "map.png");
    else zoom({ 1: STEP, "-1": 1 / STEP, 0: 0 }[button.dataset.zoom]);
  });
  new ResizeObserver(() => {
    const ratio = window.devicePixelRatio || 1;
    size = { width: canvas.clientWidth, height: canvas.clientHeight };
    [canvas.width, canvas.height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    draw();
  }).observe(canvas);
  for (const media of ["(prefers-color-scheme: dark)", "print"]) window.matchMedia(media).addEventListener("change", draw);

  return (fresh) => {
    points = { ...points, ...fresh };
    const count = points.classes.reduce((sum, k) => sum + (k > 0 && k !== GONE), 0);
    canvas.setAttribute("aria-label", `Map of ${count.toLocaleString("en")} papers`);
    if (at >= 0 && !chosen(at)) show(-1);
    soon();
  };
};

(() => {
  const figure = document.querySelector("[data-map]");
  const results = document.querySelector('[data-part="results"]');
  if (!figure || window.PAPERCARDS) return;
  const key = () => document.querySelector("[data-query]");
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const put = window.paperMap(figure, {
    ordered: () => key().classList.contains("ordered"),
    paper: async (row) => {
      const answer = await fetch(`/browse/map/${row}`);
      return answer.ok ? answer.json() : null;
    },
  });
  const places = async () => {
    const found = await bytes("/browse/map/places");
    const words = new Uint16Array(found.buffer);
    put({ xs: words.subarray(0, words.length / 2), ys: words.subarray(words.length / 2) });
    return words.length / 2;
  };
  let asked = 0;
  const paint = async () => {
    const mine = (asked += 1);
    const classes = await bytes(`/browse/map/classes?${key().dataset.query}`);
    if (mine !== asked) return;
    put({ classes });
    const list = document.querySelector("[data-list]");
    list.href = `/browse?${key().dataset.query}`;
    const progress = document.querySelector("[data-progress]");
    for (let placed = await places(); placed < classes.length && mine === asked; placed = await places()) {
      progress.textContent = `${placed.toLocaleString("en")} of ${classes.length.toLocaleString("en")} papers are placed so far.`;
      await new Promise((done) => setTimeout(done, 1000));
    }
    progress.textContent = "";
  };
  new MutationObserver(paint).observe(results, { childList: true });
  paint();
})();
