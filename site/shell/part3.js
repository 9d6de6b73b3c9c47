// Part 3: notifies Python when the reader opens the part, so that training starts only then, and draws the sheet of
// pictures from the numbers that Python sends.
"use strict";

(() => {
  const PART = "3";
  const BLOCKS = 8; // a picture is 8 x 8 blocks of 0 to 16 ink
  const PIXELS = 6; // pixels of the canvas for each block
  const FRAME = 8; // pixels around a picture
  const ACROSS = 10; // pictures in a row
  const root = document.documentElement;
  const narrow = globalThis.matchMedia("(max-width: 39.99rem)");
  let told = false;

  function tellPython() {
    if (root.dataset.boot !== "live") told = false;
    else if (!told && root.dataset.partNow === PART) {
      told = true;
      tellWidth();
      lab.main.ask(PART, "show", {});
    }
  }

  /** On a phone the numbers of the map are smaller. */
  function tellWidth() {
    if (told) lab.main.ask(PART, "narrow", { narrow: narrow.matches });
  }

  function draw(canvas, pictures) {
    const tile = BLOCKS * PIXELS + 2 * FRAME;
    canvas.width = tile * Math.min(ACROSS, pictures.length);
    canvas.height = tile * Math.ceil(pictures.length / ACROSS);
    const paper = canvas.getContext("2d");
    paper.fillStyle = lab.state.colours.white;
    paper.fillRect(0, 0, canvas.width, canvas.height);
    pictures.forEach(({ ink, mark }, i) => {
      const left = tile * (i % ACROSS) + FRAME;
      const top = tile * Math.floor(i / ACROSS) + FRAME;
      ink.forEach((value, k) => {
        const grey = Math.round(255 - (value * 255) / 16);
        paper.fillStyle = `rgb(${grey},${grey},${grey})`;
        paper.fillRect(left + PIXELS * (k % BLOCKS), top + PIXELS * Math.floor(k / BLOCKS), PIXELS, PIXELS);
      });
      if (!mark) return;
      paper.strokeStyle = mark === "real" ? lab.state.colours.blue : lab.state.colours.orange;
      paper.lineWidth = 3;
      paper.setLineDash(mark === "real" ? [] : [7, 5]);
      paper.strokeRect(left - 3.5, top - 3.5, BLOCKS * PIXELS + 7, BLOCKS * PIXELS + 7);
    });
  }

  /** Shows the rows. They keep their places while a setting moves, so that the page does not jump. */
  function show(section, rows) {
    const sheet = lab.one("[data-sheet]", section);
    if (!sheet) return;
    if (sheet.children.length !== rows.length || !lab.one("canvas", sheet)) {
      sheet.replaceChildren(...rows.map((row) => lab.element("figure", { "data-sheet-row": row.name },
        lab.element("figcaption", {}), lab.element("canvas", { role: "img" }))));
    }
    rows.forEach((row, i) => {
      lab.one("figcaption", sheet.children[i]).textContent = row.title;
      const canvas = lab.one("canvas", sheet.children[i]);
      canvas.setAttribute("aria-label", row.alt);
      draw(canvas, row.pictures);
    });
    sheet.dataset.drawn = String(Number(sheet.dataset.drawn || 0) + 1);
  }

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-remap]")) lab.main.ask(PART, "remap", {});
  });

  document.addEventListener("lab:python", ({ detail }) => {
    if (detail.type !== "pictures" || String(detail.part) !== PART || detail.track !== lab.main.track) return;
    show(lab.one(`[data-part="${PART}"]`), detail.rows);
  });

  narrow.addEventListener("change", tellWidth);
  new MutationObserver(tellPython).observe(root, { attributes: true, attributeFilter: ["data-boot", "data-part-now"] });
})();
