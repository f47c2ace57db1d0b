"use strict";
/* Puts the page together. Curves show every run; the rest shows the run that is chosen above. */
const vaeReport = (() => {
  const { make, section } = VaeDom;
  const { report } = VaeData, { runs } = report;
  const colors = runs.map((_, i) => `var(--c${i % 8})`);
  const explorers = new Map();
  let chosen = null;

  /* Two runs of one name are told apart by their folders. */
  for (const run of runs) run.label = runs.some((other) => other !== run && other.name === run.name) ? run.folder : run.name;

  /* ---- Curves ---- */

  function trainSeries(run, field, single) {
    const split = run.metrics.train.count > 1 && run.metrics.train[field] ? "train" : "train_epoch";
    return { label: single ? "training" : run.label, color: single ? "var(--c0)" : colors[run.index], thin: true, dots: split === "train_epoch",
      points: VaeData.points(run, split, field) };
  }

  function heldOutSeries(run, field, single) {
    return ["validation", "test"].filter((split) => run.metrics[split].count > 0).map((split) => ({
      label: single ? split : `${run.label}, ${split}`, color: single ? `var(--c${split === "test" ? 1 : 2})` : colors[run.index], dots: true,
      points: VaeData.points(run, split, field) }));
  }

  /* The evaluation's speed is another matter than training's. That of sequences is counted in their steps. */
  function seriesOf(field) {
    const single = runs.length === 1;
    if (field === "images_per_second") return runs.filter((run) => run.images.kind === "image").map((run) => trainSeries(run, field, single));
    return runs.flatMap((run) => [trainSeries(run, field, single), ...heldOutSeries(run, field, single)]);
  }

  /* Tokens or strokes, unless there are runs of both. */
  function unitOf(field, unit) {
    const kinds = new Set(runs.map((run) => run.images.kind).filter((kind) => kind !== "image"));
    return field === "sequence_steps_per_second" && kinds.size === 1 ? VaeSummary.rates[[...kinds][0]] : unit;
  }

  function curves() {
    const drawn = report.fields.map(([field, title, unit, notNegative]) =>
      VaeChart.create({ title, unit: unitOf(field, unit), series: seriesOf(field), floor: notNegative ? 0 : -Infinity })).filter(Boolean);
    const body = drawn.length > 0 ? make("div", { class: "charts" }, drawn) : make("p", { class: "note card" }, "There are no metrics yet.");
    return section("curves", "Curves", body, drawn.length > 0
      ? make("p", { class: "caption" }, "By training step. Drag to zoom all curves, double-click to see all again; outliers of the first steps may lie outside.") : null);
  }

  function stepsPerEpoch() {
    const { metrics } = runs[0];
    const split = [metrics.train_epoch, metrics.test, metrics.validation].find(({ count }) => count > 0);
    return split ? split.step[0] / split.epoch[0] : 0;
  }

  /* ---- The chosen run ---- */

  function latentSection(run) {
    const bars = VaeBars.create(run);
    return bars && section("latent", "Latent dimensions", bars);
  }

  function details(run) {
    const explorer = VaeExplorer.create(run);
    explorers.set(run.index, explorer.state);
    return [VaePictures.create(run), VaeSketches.create(run), VaeMusic.create(run), VaeSentences.create(run), VaeColumns.create(run), explorer.element, latentSection(run), VaeSummary.program(run), VaeSummary.configuration(run),
      VaeSummary.machine(run)].filter(Boolean);
  }

  function navigation() {
    document.getElementById("nav").replaceChildren(...Array.from(document.querySelectorAll("main section"),
      (part) => make("a", { href: `#${part.id}` }, part.querySelector("h2").textContent)));
  }

  function choose(index) {
    const run = runs[index];
    chosen = index;
    explorers.clear();
    document.getElementById("subtitle").textContent = VaeSummary.subtitle(run);
    document.getElementById("tiles").replaceChildren(VaeSummary.tiles(run));
    document.getElementById("details").replaceChildren(...details(run));
    document.querySelectorAll("#runs button").forEach((tab, i) => tab.setAttribute("aria-selected", String(i === index)));
    navigation();
  }

  function build() {
    const title = runs.map((run) => run.label).join(", ");
    document.title = `${title} – vae-cuda`;
    document.getElementById("title").textContent = runs.length === 1 ? title : `${runs.length} runs compared`;
    document.getElementById("footer").textContent = `Written by vae-cuda ${report.version}. This page is one file and loads nothing.`;
    if (runs.length > 1) {
      document.getElementById("runs").append(...runs.map((run, i) => make("button", { type: "button", role: "tab", onclick: () => choose(i) },
        make("span", { class: "swatch", style: `background: ${colors[i]}` }), run.label)));
    }
    document.getElementById("main").replaceChildren(...[make("div", { id: "tiles" }), runs.length > 1 ? VaeSummary.comparison(runs, colors) : null,
      curves(), make("div", { id: "details" })].filter(Boolean));
    choose(0);
    VaeChart.start(stepsPerEpoch());
  }

  build();

  /* For scripts and tests: the image of a code in [0, 1], and the explorer of the chosen run moved to it. */
  return {
    report,
    choose,
    hover: VaeChart.hover,
    decode: (z) => Array.from(explorers.get(chosen).decode(z)),
    explore: (z) => { explorers.get(chosen).set(z); explorers.get(chosen).draw(); },
  };
})();
