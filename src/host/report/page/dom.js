"use strict";
/* Elements and numbers. */
const VaeDom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  /* Five digits that count, thousands apart; small and large ones as powers of ten. */
  function format(value) {
    if (value === null || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2).replace("e+", "e");
    if (Number.isInteger(value) || size >= 10000) return Math.round(value).toLocaleString("en-US");
    return Number(value.toPrecision(5)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  }

  /* For axes: few characters. */
  function formatTick(value, step) {
    const size = Math.abs(value);
    if (size < step * 1e-6) return "0";
    if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
    if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
    if (size < 1e-3) return value.toExponential(1).replace(".0", "").replace("e+", "e");
    return String(Number(value.toPrecision(6)));
  }

  function section(id, title, ...children) {
    return make("section", { id }, make("h2", {}, title), ...children);
  }

  return { make, svg, format, formatTick, section };
})();
