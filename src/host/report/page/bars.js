"use strict";
/* KL of each latent dimension, the largest first. */
const VaeBars = (() => {
  const { make, svg, format, formatTick } = VaeDom;
  const HEIGHT = 200, LEFT = 46, TOP = 8, BOTTOM = 22;

  /* Below this many nats a dimension tells nearly nothing of the image. */
  const LITTLE = 0.01;

  function order(values) {
    return Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  }

  function draw(picture, values, tell) {
    const width = Math.max(200, picture.clientWidth || 600), sorted = order(values);
    const top = Math.max(values[sorted[0]], 1e-9) * 1.05, slot = (width - LEFT - 4) / sorted.length;
    const toY = (value) => HEIGHT - BOTTOM - (Math.max(value, 0) / top) * (HEIGHT - TOP - BOTTOM);
    picture.replaceChildren();
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const y = toY((share * top) / 1.05);
      picture.append(svg("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }),
        svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, formatTick(Number(((share * top) / 1.05).toPrecision(2)), 1e-3)));
    }
    const thin = Math.min(0.8 * slot, slot - 0.5), every = Math.ceil(22 / slot);
    sorted.forEach((dimension, i) => {
      const x = LEFT + i * slot, y = toY(values[dimension]);
      picture.append(svg("rect", { class: values[dimension] < LITTLE ? "bar low" : "bar", x: x + (slot - Math.min(thin, 46)) / 2, y,
        width: Math.min(thin, 46), height: Math.max(HEIGHT - BOTTOM - y, 0.8), rx: Math.min(2, thin / 4),
        onpointerenter: () => tell(`dimension ${dimension}: ${format(values[dimension])} nats`),
        onpointerleave: () => tell("") }));
      if (i % every === 0) picture.append(svg("text", { x: x + slot / 2, y: HEIGHT - 6, "text-anchor": "middle" }, String(dimension)));
    });
  }

  function create(run) {
    const epochs = VaeData.klByEpoch(run);
    if (epochs.length === 0) return null;
    const readout = make("span", { class: "readout" });
    const picture = svg("svg", { role: "img", "aria-label": "KL of each latent dimension", height: HEIGHT });
    const label = make("span", { class: "value" });
    const caption = make("p", { class: "caption" });
    let shown = epochs.length - 1;
    const show = () => {
      const { epoch, values } = epochs[shown];
      draw(picture, values, (text) => { readout.textContent = text; });
      label.textContent = `epoch ${epoch}`;
      const above = values.filter((value) => value >= LITTLE).length;
      caption.textContent = `${above} of ${values.length} dimensions carry at least ${LITTLE} nats; together they carry ` +
        `${format(values.reduce((sum, value) => sum + value, 0))} nats.`;
    };
    const slider = make("input", { type: "range", min: 0, max: epochs.length - 1, value: shown, "aria-label": "epoch",
      oninput: () => { shown = Number(slider.value); show(); } });
    requestAnimationFrame(show);
    return make("div", { class: "card" },
      make("div", { class: "chart-head" }, make("h3", {}, "KL per dimension ", make("small", {}, "nats, the largest first")), readout),
      picture, caption, epochs.length > 1 ? make("div", { class: "row" }, slider, label) : null);
  }

  return { create, order };
})();
