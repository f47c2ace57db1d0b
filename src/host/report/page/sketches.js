"use strict";
/* Drawings stroke by stroke: each is drawn when it comes into view, and again when it is clicked. */
const VaeSketches = (() => {
  const { make, svg, section } = VaeDom;
  const UNITS = 1000, MARGIN = 60, POINT_MS = 22, LONGEST_MS = 4000;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  /* A stroke is [[x, …], [y, …]] or, where it was given to the model, [[x, …], [y, …], 1]. A dot is a line of no length. */
  function makeStroke([xs, ys, given]) {
    const points = xs.map((x, i) => `${Number(x)} ${Number(ys[i])}`);
    if (points.length === 1) points.push(points[0]);
    const path = svg("path", { d: `M${points.join("L")}`, class: given ? "given" : null, pathLength: 1 });
    return { path, points: points.length };
  }

  /* The first `part` of a stroke, which is 0 to 1. */
  function show(stroke, part) {
    stroke.path.setAttribute("visibility", part > 0 ? "visible" : "hidden");
    if (part < 1) stroke.path.setAttribute("stroke-dasharray", `${part} 2`);
    else stroke.path.removeAttribute("stroke-dasharray");
  }

  function makeDrawing(strokes, label) {
    const drawn = strokes.map(makeStroke), size = UNITS + 2 * MARGIN;
    const total = drawn.reduce((sum, { points }) => sum + points, 0), duration = Math.min(total * POINT_MS, LONGEST_MS);
    let run = 0;
    const showUntil = (points) => {
      let before = 0;
      for (const stroke of drawn) {
        show(stroke, Math.min(Math.max((points - before) / stroke.points, 0), 1));
        before += stroke.points;
      }
    };
    const play = () => {
      const own = ++run, begin = performance.now();
      const tick = (now) => {
        if (own !== run || !element.isConnected) return;
        showUntil(total * Math.min((now - begin) / duration, 1));
        if (now - begin < duration) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    };
    const picture = svg("svg", { viewBox: `${-MARGIN} ${-MARGIN} ${size} ${size}`, "aria-hidden": "true" }, drawn.map(({ path }) => path));
    const element = make("button", { type: "button", class: "sketch", "aria-label": label, title: "Draw again", onclick: play }, picture);
    return { element, play };
  }

  function makeGroup({ title, caption, columns, drawings }) {
    const made = drawings.map((strokes, i) => makeDrawing(strokes, `${title}, drawing ${i + 1}`));
    const playAll = () => made.forEach(({ play }) => play());
    const grid = make("div", { class: "sketches", style: `--columns: ${Number(columns)}` }, made.map(({ element }) => element));
    if (!still && "IntersectionObserver" in window) {
      const observer = new IntersectionObserver((entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        playAll();
      }, { threshold: 0.2 });
      observer.observe(grid);
    }
    return make("figure", {}, make("div", { class: "row" }, make("h3", {}, title), make("button", { type: "button", class: "plain", onclick: playAll }, "Draw all")),
      grid, make("figcaption", {}, caption));
  }

  function create(run) {
    if (!run.sketches || run.sketches.length === 0) return null;
    return section("sketches", "Drawings", make("div", { class: "card" }, run.sketches.map(makeGroup)),
      make("p", { class: "caption" }, "Click a drawing to see it drawn again, stroke by stroke."));
  }

  return { create };
})();
