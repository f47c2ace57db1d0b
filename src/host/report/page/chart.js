"use strict";
/* Line charts over training steps. All charts of the page share the visible steps and the cursor. */
const VaeChart = (() => {
  const { make, svg, format, formatTick } = VaeDom;
  const HEIGHT = 210, LEFT = 46, RIGHT = 10, TOP = 8, BOTTOM = 22;
  const charts = [];
  let view = null; /* [first, last] step, or null for all */
  let stepsPerEpoch = 0;

  /* ---- Scales ---- */

  function niceStep(span, count) {
    const raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
    for (const factor of [1, 2, 5]) if (raw <= factor * power) return factor * power;
    return 10 * power;
  }

  function linearTicks(low, high, count) {
    const step = niceStep(high - low, count), ticks = [];
    for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9; tick += step) ticks.push(tick);
    return { ticks, step };
  }

  function logTicks(low, high) {
    const ticks = [], factors = high / low > 1e3 ? [1] : high / low > 8 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power) {
      for (const factor of factors) {
        const tick = factor * 10 ** power;
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    return { ticks, step: low };
  }

  /* First index whose x is at least `value`. */
  function lowerBound(x, value) {
    let low = 0, high = x.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x[middle] < value) low = middle + 1; else high = middle;
    }
    return low;
  }

  const nearest = (x, value) => {
    const i = lowerBound(x, value);
    if (i === 0) return 0;
    return i === x.length || value - x[i - 1] < x[i] - value ? i - 1 : i;
  };

  /* The range of what is seen, but for outliers: the first steps' losses would flatten all that follows. */
  function rangeOf(all, log, floor) {
    const values = all.filter((value) => !log || value > 0).sort((a, b) => a - b);
    if (values.length === 0) return null;
    const at = (share) => values[Math.round(share * (values.length - 1))];
    let low = values[0], high = values[values.length - 1];
    if (values.length >= 20 && !log) {
      const spread = at(0.95) - at(0.05);
      low = Math.max(low, at(0.05) - 0.6 * spread);
      high = Math.min(high, at(0.95) + 0.6 * spread);
    }
    if (high <= floor) return [floor, floor + 1];
    if (high - low <= 1e-9 * Math.abs(high)) {
      if (log) return [low / 2, high * 2];
      return high > 0 ? [0, 1.25 * high] : [low - 1, high + 1];
    }
    if (log) return [low / 1.05, high * 1.05];
    const room = 0.06 * (high - low);
    return [low >= 0 && low < room ? 0 : Math.max(low - room, floor), high + room];
  }

  /* ---- Decimation: of each pixel's points the first, the lowest, the highest and the last, in their order ---- */

  function decimate(x, y, first, last, toX) {
    const kept = [];
    for (let i = first; i < last;) {
      const pixel = Math.floor(toX(x[i]));
      let end = i, low = i, high = i;
      for (; end < last && Math.floor(toX(x[end])) === pixel; ++end) {
        if (y[end] < y[low]) low = end;
        if (y[end] > y[high]) high = end;
      }
      for (const k of [...new Set([i, Math.min(low, high), Math.max(low, high), end - 1])]) kept.push(k);
      i = end;
    }
    return kept;
  }

  /* ---- One chart ---- */

  /* floor: what no value lies below; estimates that do are drawn on it. */
  function create({ title, unit, series, floor = -Infinity, log = false }) {
    const used = series.filter((s) => s.points.x.length > 0);
    if (used.length === 0) return null;
    const chart = { title, series: used.map((s) => ({ ...s, shown: true })), floor, log, scale: null };
    chart.svg = svg("svg", { role: "img", "aria-label": `${title} by training step`, height: HEIGHT });
    chart.readout = make("span", { class: "readout" });
    chart.element = make("div", { class: "card chart" },
      make("div", { class: "chart-head" }, make("h3", {}, title, " ", unit ? make("small", {}, unit) : ""), chart.readout,
        logButton(chart)),
      legend(chart), chart.svg);
    listen(chart);
    charts.push(chart);
    return chart.element;
  }

  function logButton(chart) {
    const button = make("button", { type: "button", "aria-pressed": String(chart.log), title: "logarithmic scale", onclick: () => {
      chart.log = !chart.log;
      button.setAttribute("aria-pressed", String(chart.log));
      draw(chart);
    } }, "log");
    return button;
  }

  function legend(chart) {
    return make("div", { class: "legend" }, chart.series.map((s) => {
      s.output = make("output");
      const button = make("button", { type: "button", "aria-pressed": "true", title: "show or hide", onclick: () => {
        s.shown = !s.shown;
        button.setAttribute("aria-pressed", String(s.shown));
        draw(chart);
      } }, make("i", { class: s.thin ? "thin" : "", style: `border-color: ${s.color}` }), s.label, s.output);
      return button;
    }));
  }

  function stepRange() {
    if (view) return view;
    let low = Infinity, high = -Infinity;
    for (const chart of charts) {
      for (const { points: { x } } of chart.series) {
        low = Math.min(low, x[0]);
        high = Math.max(high, x[x.length - 1]);
      }
    }
    return low < high ? [low, high] : [low - 1, high + 1];
  }

  /* Each series' own range joined, so that no run of several counts as an outlier of the others. */
  function joinedRange(chart, x0, x1) {
    const ranges = chart.series.filter((s) => s.shown).map(({ points: { x, y } }) =>
      rangeOf(Array.from(y.subarray(lowerBound(x, x0), lowerBound(x, x1 + 1e-9))), chart.log, chart.floor)).filter(Boolean);
    if (ranges.length === 0) return [0, 1];
    return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
  }

  function makeScale(chart, width) {
    const [x0, x1] = stepRange(), range = joinedRange(chart, x0, x1);
    const bend = chart.log ? Math.log : (value) => value;
    const [y0, y1] = range.map(bend);
    return {
      width, range, x0, x1,
      x: (step) => LEFT + ((step - x0) / (x1 - x0)) * (width - LEFT - RIGHT),
      y: (value) => HEIGHT - BOTTOM - ((bend(Math.max(value, chart.floor)) - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM),
      step: (pixel) => x0 + ((pixel - LEFT) / (width - LEFT - RIGHT)) * (x1 - x0),
    };
  }

  function drawAxes(chart, scale) {
    const [low, high] = scale.range;
    const vertical = chart.log ? logTicks(low, high) : linearTicks(low, high, 5);
    const horizontal = linearTicks(scale.x0, scale.x1, Math.max(2, Math.floor(scale.width / 62)));
    for (const tick of vertical.ticks) {
      const y = scale.y(tick);
      chart.svg.append(svg("line", { class: "grid", x1: LEFT, x2: scale.width - RIGHT, y1: y, y2: y }),
        svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, formatTick(tick, vertical.step)));
    }
    for (const tick of horizontal.ticks) {
      const x = scale.x(tick);
      chart.svg.append(svg("text", { x, y: HEIGHT - 6, "text-anchor": x > scale.width - 30 ? "end" : x < LEFT + 8 ? "start" : "middle" },
        formatTick(tick, horizontal.step)));
    }
    chart.svg.append(svg("line", { class: "axis", x1: LEFT, x2: scale.width - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }));
  }

  function drawSeries(chart, scale, clip) {
    const { width } = scale;
    for (const s of chart.series) {
      if (!s.shown) continue;
      const { x, y } = s.points;
      const first = Math.max(0, lowerBound(x, scale.x0) - 1), last = Math.min(x.length, lowerBound(x, scale.x1) + 1);
      const kept = decimate(x, y, first, last, scale.x).filter((i) => !chart.log || y[i] > 0);
      const path = kept.map((i, k) => `${k ? "L" : "M"}${scale.x(x[i]).toFixed(1)} ${scale.y(y[i]).toFixed(1)}`).join("");
      chart.svg.append(svg("path", { class: "line", d: path, stroke: s.color, "stroke-width": s.thin ? 1.1 : 1.9,
        opacity: !s.thin ? 1 : kept.length > width ? 0.5 : 0.75, "clip-path": `url(#${clip})` }));
      if (s.dots && kept.length <= 40) {
        for (const i of kept) {
          chart.svg.append(svg("circle", { cx: scale.x(x[i]), cy: scale.y(y[i]), r: 2.6, fill: s.color, "clip-path": `url(#${clip})` }));
        }
      }
    }
  }

  function draw(chart) {
    const width = Math.max(200, chart.svg.clientWidth || 350), scale = makeScale(chart, width);
    const clip = `clip-${charts.indexOf(chart)}`;
    chart.scale = scale;
    chart.svg.replaceChildren(svg("clipPath", { id: clip },
      svg("rect", { x: LEFT, y: TOP - 4, width: width - LEFT - RIGHT + 3, height: HEIGHT - TOP - BOTTOM + 8 })));
    chart.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    drawAxes(chart, scale);
    drawSeries(chart, scale, clip);
    chart.band = svg("rect", { class: "band", y: TOP, height: HEIGHT - TOP - BOTTOM, width: 0 });
    chart.cursor = svg("g", {});
    chart.svg.append(chart.band, chart.cursor);
  }

  /* ---- The pointer ---- */

  function pointAt(chart, step) {
    const { scale } = chart;
    chart.cursor.replaceChildren();
    let shown = step;
    for (const s of chart.series) {
      const i = step === null ? -1 : nearest(s.points.x, step);
      s.output.textContent = i < 0 ? "" : format(s.points.y[i]);
      if (i < 0 || !s.shown) continue;
      if (!s.dots || chart.series.length === 1) shown = s.points.x[i];
      const x = scale.x(s.points.x[i]), y = scale.y(s.points.y[i]);
      if (x < LEFT - 1 || !(y >= TOP - 4 && y <= HEIGHT - BOTTOM + 4)) continue;
      chart.cursor.append(svg("circle", { cx: x, cy: y, r: 3.6, fill: s.color, stroke: "var(--surface)", "stroke-width": 1.5 }));
    }
    if (step === null) {
      chart.readout.textContent = "";
      return;
    }
    const x = scale.x(shown);
    chart.cursor.prepend(svg("line", { class: "cursor", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }));
    const epoch = stepsPerEpoch > 0 ? ` · epoch ${Math.max(1, Math.ceil(shown / stepsPerEpoch))}` : "";
    chart.readout.textContent = `step ${Math.round(shown).toLocaleString("en-US")}${epoch}`;
  }

  function hover(step) {
    for (const chart of charts) pointAt(chart, step);
  }

  function zoom(next) {
    view = next;
    redraw();
  }

  /* Moving shows values everywhere; dragging zooms all charts into the steps passed over; a double click shows all. */
  function listen(chart) {
    let start = null;
    const at = (event) => {
      const box = chart.svg.getBoundingClientRect();
      const pixel = Math.min(Math.max(event.clientX - box.left, LEFT), box.width - RIGHT);
      return chart.scale.step(pixel);
    };
    const mark = (step) => {
      const [a, b] = [chart.scale.x(start), chart.scale.x(step)].sort((p, q) => p - q);
      chart.band.setAttribute("x", a);
      chart.band.setAttribute("width", b - a);
    };
    chart.svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse") return;
      start = at(event);
      chart.svg.setPointerCapture(event.pointerId);
    });
    chart.svg.addEventListener("pointermove", (event) => {
      const step = at(event);
      hover(step);
      if (start !== null) mark(step);
    });
    chart.svg.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const range = [start, at(event)].sort((a, b) => a - b);
      start = null;
      chart.band.setAttribute("width", 0);
      if (chart.scale.x(range[1]) - chart.scale.x(range[0]) > 8) zoom(range);
    });
    chart.svg.addEventListener("pointerleave", () => { if (start === null) hover(null); });
    chart.svg.addEventListener("dblclick", () => zoom(null));
  }

  function redraw() {
    for (const chart of charts) draw(chart);
  }

  /* Call when the charts are in the page: only then have they a width. */
  function start(steps) {
    stepsPerEpoch = steps;
    redraw();
    let width = document.body.clientWidth;
    new ResizeObserver(() => {
      if (document.body.clientWidth === width) return;
      width = document.body.clientWidth;
      redraw();
    }).observe(document.body);
  }

  return { create, start, hover };
})();
