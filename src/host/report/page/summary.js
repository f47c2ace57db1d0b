"use strict";
/* Figures and texts: what a run came to, how runs differ, program, configuration, machine. */
const VaeSummary = (() => {
  const { make, format, section } = VaeDom;

  const setting = (run, group, name) => run.config.find(([a, b]) => a === group && b === name)?.[2] ?? "";

  function median(values) {
    const sorted = Array.from(values ?? []).filter(Number.isFinite).sort((a, b) => a - b);
    return sorted.length > 0 ? sorted[sorted.length >> 1] : null;
  }

  /* The split whose last line is the result: test where it was evaluated, else what was. */
  function resultSplit(run) {
    return ["test", "validation", "train_epoch", "train"].find((name) => run.metrics[name].count > 0) ?? "train";
  }

  const rates = { image: "images/s", text: "tokens/s", drawing: "strokes/s", music: "steps/s" };
  const splitNames = { test: "test", validation: "validation", train_epoch: "training", train: "training" };

  function figures(run) {
    const split = resultSplit(run), last = (field) => VaeData.last(run, split, field);
    const speeds = run.metrics.train_epoch.count > 0 ? run.metrics.train_epoch : run.metrics.train;
    const active = ["test", "validation", "train_epoch"].map((name) => VaeData.last(run, name, "active_units")).find((value) => value !== null) ?? null;
    return { split: splitNames[split], negElbo: last("neg_elbo"), reconstruction: last("reconstruction"), kl: last("kl"), active,
      perplexity: last("perplexity"), speed: median(run.images.kind === "image" ? speeds.images_per_second : speeds.sequence_steps_per_second) };
  }

  function tile(value, label, mark = "") {
    return make("div", { class: "card tile" }, make("b", {}, value + mark), make("span", {}, label));
  }

  function tiles(run) {
    const f = figures(run);
    return make("div", { class: "tiles" },
      f.negElbo === null ? null : tile(format(f.negElbo), `${f.split} −ELBO, nats`),
      f.reconstruction === null ? null : tile(format(f.reconstruction), `${f.split} reconstruction`),
      f.kl === null ? null : tile(format(f.kl), `${f.split} KL, nats`),
      f.perplexity === null ? null : tile(format(f.perplexity), `${f.split} perplexity`),
      f.active === null ? null : tile(`${format(f.active)} / ${run.latent}`, "active units"),
      tile(format(run.epoch), "best epoch"),
      tile(format(run.parameters), "parameters"),
      f.speed === null ? null : tile(format(Math.round(f.speed)), rates[run.images.kind]));
  }

  /* ---- Several runs ---- */

  function resultTable(runs, colors) {
    const rows = runs.map((run) => ({ run, ...figures(run) }));
    const columns = [["−ELBO", "negElbo", -1], ["reconstruction", "reconstruction", -1], ["KL", "kl", 0], ["perplexity", "perplexity", -1], ["active units", "active", 0],
      [rates[runs[0].images.kind], "speed", 1]]
      .filter(([, key]) => rows.some((row) => row[key] !== null));
    const best = (key, sign) => rows.reduce((found, row) => (row[key] !== null && (found === null || sign * row[key] > sign * found) ? row[key] : found), null);
    return make("div", { class: "scroll" }, make("table", {},
      make("thead", {}, make("tr", {}, make("th", {}, "run"), make("th", {}, "on"), columns.map(([title]) => make("th", { class: "number" }, title)),
        make("th", { class: "number" }, "best epoch"), make("th", { class: "number" }, "parameters"))),
      make("tbody", {}, rows.map((row) => make("tr", {},
        make("td", {}, make("span", { class: "swatch", style: `background: ${colors[row.run.index]}` }), row.run.label),
        make("td", {}, row.split),
        columns.map(([, key, sign]) => make("td", { class: sign !== 0 && row[key] === best(key, sign) ? "number best" : "number" },
          format(key === "speed" && row[key] !== null ? Math.round(row[key]) : row[key]))),
        make("td", { class: "number" }, format(row.run.epoch)), make("td", { class: "number" }, format(row.run.parameters)))))));
  }

  function differenceTable(runs, colors) {
    /* Of all runs, as families have keys of their own; those that only later runs have come last of their group. */
    const all = [...new Map(runs.flatMap((run) => run.config.map(([group, name]) => [`${group}.${name}`, [group, name]]))).values()];
    const groups = [...new Set(all.map(([group]) => group))];
    const keys = groups.flatMap((wanted) => all.filter(([group]) => group === wanted))
      .filter(([group, name]) => !(group === "run" && name === "out") && new Set(runs.map((run) => setting(run, group, name))).size > 1);
    if (keys.length === 0) return make("p", { class: "note" }, "The configurations are the same.");
    return make("div", { class: "scroll" }, make("table", {},
      make("thead", {}, make("tr", {}, make("th", {}, "key"), runs.map((run) => make("th", {},
        make("span", { class: "swatch", style: `background: ${colors[run.index]}` }), run.label)))),
      make("tbody", {}, keys.map(([group, name]) => make("tr", {}, make("th", {}, `${group}.${name}`),
        runs.map((run) => make("td", {}, setting(run, group, name) || "–")))))));
  }

  function comparison(runs, colors) {
    return section("comparison", "Runs compared", make("div", { class: "card" }, resultTable(runs, colors)),
      make("h3", { style: "margin: 1.2rem 0 0.6rem" }, "Where the configurations differ"),
      make("div", { class: "card" }, differenceTable(runs, colors)));
  }

  /* ---- Texts ---- */

  function program(run) {
    return section("program", "Program", make("div", { class: "card" }, make("pre", { tabindex: 0 }, run.listing)));
  }

  const pairs = (list) => make("dl", { class: "pairs" }, list.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value === "" ? "–" : value)]));

  function configuration(run) {
    const groups = [...new Set(run.config.map(([group]) => group))];
    return section("configuration", "Configuration", make("div", { class: "groups" }, groups.map((group) => make("div", { class: "card" },
      make("h3", {}, `[${group}]`), pairs(run.config.filter(([a]) => a === group).map(([, name, value]) => [name, value])))),
      run.classes.length === 0 ? null : make("div", { class: "card" }, make("h3", {}, `${run.classes.length} classes`),
        make("div", { class: "long", tabindex: 0 }, pairs(run.classes.map((name, label) => [`${label}`, name]))))));
  }

  function machine(run) {
    const m = run.machine;
    const body = m ? pairs([["trained by", m.program], ["device", m.device], ["processor", `${m.processor}, ${m.processors} threads`],
      ["memory", `${(m.memory_bytes / 2 ** 30).toFixed(1)} GiB`], ["system", m.system]])
      : make("p", { class: "note" }, "This run's folder has no machine.json: it was trained by an older version.");
    return section("machine", "Machine", make("div", { class: "card narrow" }, body));
  }

  function subtitle(run) {
    const { kind: items, longest, vocabulary, height, width, channels, numbers } = run.images;
    if (items !== "image") {
      const steps = {
        text: `sentences of up to ${longest - 2} tokens, a vocabulary of ${format(vocabulary)}`,
        drawing: `drawings of up to ${longest - 2} strokes`,
        music: `excerpts of ${longest - 1} steps, a vocabulary of ${format(vocabulary)}`,
      }[items];
      return [setting(run, "model", "family"), `${run.latent} latent dimensions`, `${format(run.train_images)} ${steps}`, run.folder].join(" · ");
    }
    const size = `${height}×${width}${channels === 1 ? "" : `×${channels}`}`;
    const kind = !numbers ? `images of ${size}` : height === 1 && channels === 1 ? `rows of ${width} numbers` : `arrays of ${size} numbers`;
    return [setting(run, "model", "objective").toUpperCase(), `${run.latent} latent dimensions`, `${setting(run, "model", "likelihood")} likelihood`,
      `${format(run.train_images)} ${kind}`, run.folder].join(" · ");
  }

  return { rates, tiles, comparison, program, configuration, machine, subtitle };
})();
