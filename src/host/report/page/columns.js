"use strict";
/* Measured columns of the data beside those of draws from the model: distributions and correlations. */
const VaeColumns = (() => {
  const { make, svg, format, formatTick, section } = VaeDom;
  const HEIGHT = 124, TOP = 6, BOTTOM = 18;
  const sides = ["data", "samples"];

  const percent = (share) => `${format(Number((100 * share).toPrecision(3)))} %`;

  /* ---- Distributions ---- */

  /* A step for each bin, down to the axis at both ends. */
  function outline(shares, toX, toY) {
    return `M${toX(0)} ${toY(0)}${shares.map((share, i) => `V${toY(share).toFixed(1)}H${toX(i + 1).toFixed(1)}`).join("")}V${toY(0)}`;
  }

  function draw(picture, column, tell) {
    const width = Math.max(140, picture.clientWidth || 220), count = column.data.length;
    const top = 1.06 * Math.max(...column.data, ...column.samples);
    const toX = (bin) => (bin / count) * width, toY = (share) => HEIGHT - BOTTOM - (share / top) * (HEIGHT - TOP - BOTTOM);
    const value = (bin) => column.low + (bin / count) * (column.high - column.low);
    const cursor = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.replaceChildren(svg("path", { class: "of-data", d: outline(column.data, toX, toY) }),
      svg("path", { class: "of-samples", d: outline(column.samples, toX, toY) }),
      svg("line", { class: "axis", x1: 0, x2: width, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
      ...[["start", 0], ["middle", count / 2], ["end", count]].map(([anchor, bin]) =>
        svg("text", { x: toX(bin), y: HEIGHT - 5, "text-anchor": anchor }, formatTick(Number(value(bin).toPrecision(4)), (column.high - column.low) / 100))),
      cursor);
    picture.onpointermove = (event) => {
      const box = picture.getBoundingClientRect();
      const bin = Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * count)));
      cursor.setAttribute("x1", toX(bin + 0.5));
      cursor.setAttribute("x2", toX(bin + 0.5));
      cursor.setAttribute("visibility", "visible");
      tell(`${format(value(bin))} to ${format(value(bin + 1))}: ${percent(column.data[bin])}, ${percent(column.samples[bin])}`);
    };
    picture.onpointerleave = () => {
      cursor.setAttribute("visibility", "hidden");
      tell("");
    };
  }

  function marginal(column) {
    const picture = svg("svg", { role: "img", "aria-label": `${column.name}: distribution of data and samples`, height: HEIGHT });
    const outside = sides.map((side, i) => (column.outside[i] >= 0.01 ? `${percent(column.outside[i])} of ${side}` : null)).filter(Boolean);
    const rest = outside.length > 0 ? `outside: ${outside.join(", ")}` : "";
    const readout = make("div", { class: "readout" }, rest || "\u00a0");
    requestAnimationFrame(() => draw(picture, column, (text) => { readout.textContent = text || rest || "\u00a0"; }));
    return make("div", { class: "card column" },
      make("div", { class: "chart-head" }, make("h3", { title: column.name }, column.name), make("small", { title: "distance" }, column.distance.toFixed(3))),
      picture, readout);
  }

  function legend(names) {
    return make("div", { class: "legend" }, sides.map((side, i) => make("span", { class: `key of-${side}` }, make("i"), names[i])));
  }

  function marginals(columns) {
    const { total, shown } = columns, all = shown.length === total;
    const which = all ? "" : `These are the ${shown.length} of ${total} columns whose distributions differ most, the first of them first. `;
    return [make("div", { class: "columns" }, shown.map(marginal)),
      make("p", { class: "caption" }, which, "The number in the corner is the largest difference between the shares of data and of samples below any value ",
        `(Kolmogorov–Smirnov): 0 for the same distributions; over all columns it is ${columns.mean_distance.toFixed(3)} in the mean.`)];
  }

  /* ---- Correlations ---- */

  const signed = (text) => Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const NONE = -128;
  const positive = [209, 69, 59], negative = [47, 111, 222];

  /* Over the surface, so that 0 is the page's own colour by day and night. */
  function paint(canvas, values, count) {
    canvas.width = canvas.height = count;
    const context = canvas.getContext("2d"), image = context.createImageData(count, count);
    for (let i = 0; i < count * count; ++i) {
      if (values[i] === NONE) continue;
      image.data.set(values[i] > 0 ? positive : negative, 4 * i);
      image.data[4 * i + 3] = Math.round((255 * Math.abs(values[i])) / 127);
    }
    context.putImageData(image, 0, 0);
  }

  function scale() {
    const stops = (rgb, from, to) => `rgb(${rgb} / ${from}), rgb(${rgb} / ${to})`;
    return make("div", { class: "row scale" }, make("span", {}, "−1"),
      make("span", { class: "ramp", style: `background: linear-gradient(90deg, ${stops(negative.join(" "), 1, 0)}, ${stops(positive.join(" "), 0, 1)})` }),
      make("span", {}, "1"));
  }

  function matrix(title, values, count, point) {
    const canvas = make("canvas", { class: "matrix", role: "img", "aria-label": `correlations of ${title}` });
    const mark = make("div", { class: "cell", hidden: true });
    paint(canvas, values, count);
    const show = (row, column) => {
      mark.hidden = row === null;
      if (row === null) return;
      mark.style.cssText = `left: ${(100 * column) / count}%; top: ${(100 * row) / count}%; width: ${100 / count}%; height: ${100 / count}%`;
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const at = (offset, size) => Math.min(count - 1, Math.max(0, Math.floor((offset / size) * count)));
      point(at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
    });
    canvas.addEventListener("pointerleave", () => point(null, null));
    return { show, element: make("figure", {}, make("div", { class: "matrix-box" }, canvas, mark), make("figcaption", {}, title)) };
  }

  function correlations(columns) {
    const { related, total } = columns, count = related.names.length;
    if (count < 2) return null;
    const values = sides.map((side) => signed(related[side])), readout = make("span", { class: "readout" }, "\u00a0");
    const text = (value) => (value === NONE ? "none" : (value / 127).toFixed(2));
    const point = (row, column) => {
      for (const figure of figures) figure.show(row, column);
      readout.textContent = row === null ? "\u00a0" : `${related.names[row]}, ${related.names[column]}: ` +
        sides.map((side, i) => `${side} ${text(values[i][row * count + column])}`).join(", ");
    };
    const figures = sides.map((side, i) => matrix(side, values[i], count, point));
    const which = count < total ? ` ${count} of ${total} columns, evenly spaced.` : "";
    return make("div", { class: "card" }, make("div", { class: "chart-head" }, make("h3", {}, "Correlations"), scale()), readout,
      make("div", { class: "matrices" }, figures.map((figure) => figure.element)),
      make("p", { class: "caption" }, `Between any two columns they differ by ${related.difference.toFixed(3)} in the mean.${which}`));
  }

  /* ---- Both ---- */

  function create(run) {
    const { columns } = run;
    if (!columns) return null;
    if (columns.note) return section("columns", "Data and samples", make("p", { class: "note card" }, columns.note));
    const names = [`data: ${format(columns.data_rows)} ${columns.part} rows`,
      `samples: ${format(columns.sample_rows)} draws of ${columns.noise ? "x" : "E[x|z], as nothing draws from this likelihood"}`];
    return section("columns", "Data and samples", legend(names), marginals(columns), correlations(columns));
  }

  return { create };
})();
