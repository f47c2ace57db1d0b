"use strict";
/* What the C program embedded (report/page_json.h), as typed arrays. */
const VaeData = (() => {
  const SPLITS = ["train", "train_epoch", "validation", "test"];
  const report = JSON.parse(document.getElementById("report").textContent);

  function bytes(base64) {
    const raw = atob(base64), array = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; ++i) array[i] = raw.charCodeAt(i);
    return array;
  }

  const block = (run, name) => document.getElementById(`run${run}-${name}`)?.textContent ?? null;

  function column(packed, count) {
    if (!packed) return null;
    if ("constant" in packed) return new Float64Array(count).fill(packed.constant);
    return packed.f32 ? new Float32Array(bytes(packed.f32).buffer) : new Float64Array(bytes(packed.f64).buffer);
  }

  function unpackSplit(packed) {
    const split = { count: packed.count, step: column(packed.step, packed.count), epoch: column(packed.epoch, packed.count) };
    for (const [field] of report.fields) split[field] = column(packed[field], packed.count);
    if (packed.kl_per_dimension) {
      const { dimensions, rows, f32 } = packed.kl_per_dimension;
      const values = new Float32Array(bytes(f32).buffer);
      split.klPerDimension = { dimensions, rows: column(rows, values.length / dimensions), values };
    }
    return split;
  }

  /* The split watched after each epoch; its last line is the run's result. */
  function heldOut(run) {
    for (const name of ["validation", "test"]) {
      if (run.metrics[name].count > 0) return name;
    }
    return null;
  }

  /* Points of a field in the order of steps. The last test line is of the best epoch, which lies further back; a curve
   * leaves it out. */
  function points(run, splitName, field) {
    const split = run.metrics[splitName], values = split[field];
    if (!values) return { x: new Float64Array(0), y: new Float64Array(0) };
    const x = [], y = [];
    for (let i = 0; i < split.count; ++i) {
      if (!Number.isFinite(values[i]) || (x.length > 0 && split.step[i] <= x[x.length - 1])) continue;
      x.push(split.step[i]);
      y.push(values[i]);
    }
    return { x: Float64Array.from(x), y: Float64Array.from(y) };
  }

  /* The last finite number of a field, or null. */
  function last(run, splitName, field) {
    const split = run.metrics[splitName], values = split[field];
    for (let i = split.count - 1; values && i >= 0; --i) {
      if (Number.isFinite(values[i])) return values[i];
    }
    return null;
  }

  /* Numbers by dimension of one epoch after the other: [{epoch, values}], of the held-out images where they are there. */
  function klByEpoch(run) {
    for (const name of ["validation", "test", "train_epoch"]) {
      const split = run.metrics[name], kl = split.klPerDimension;
      if (!kl) continue;
      return Array.from(kl.rows, (row, i) => ({
        epoch: split.epoch[row],
        values: kl.values.subarray(i * kl.dimensions, (i + 1) * kl.dimensions),
      }));
    }
    return [];
  }

  report.runs.forEach((run, index) => {
    run.index = index;
    for (const name of SPLITS) run.metrics[name] = unpackSplit(run.metrics[name]);
  });
  return { report, block, bytes, heldOut, points, last, klByEpoch };
})();
