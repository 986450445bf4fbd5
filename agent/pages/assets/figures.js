// Saves a chart as PNG: the drawing beside the link, in the colours of its file. Without this file there is SVG.
"use strict";
(() => {
  const SCALE = 3;
  const save = (canvas, name) =>
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  window.savePng = save;

  const draw = (svg, name) => {
    const copy = svg.cloneNode(true);
    for (const one of copy.querySelectorAll("a")) one.removeAttribute("href");
    const { width } = svg.viewBox.baseVal;
    const height = Number(svg.dataset.whole);
    copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
    copy.setAttribute("height", height);
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      save(canvas, name);
    });
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  };

  const show = () => {
    for (const link of document.querySelectorAll("[data-png][hidden]")) link.hidden = false;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-png]");
    if (!link) return;
    event.preventDefault();
    draw(link.closest("figure").querySelector("svg"), link.getAttribute("download"));
  });
  new MutationObserver(show).observe(document.querySelector('[data-part="results"]'), { childList: true });
  show();
})();
