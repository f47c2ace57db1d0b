"use strict";
/* Runs the decode program that the C program embedded (report/page_decoder.h): one function an op, in the table below.
 * Arithmetic is double, results are kept as float32, as on the program's own backends. */

/* ---- The primitives of program/function.h, of which the page's VaeFunctions are made: (a, b) => value, by name ---- */

/* erf(x) = 2/√π e^-x² Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms are all of one sign; beyond 6 it is 1 in double. */
function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); ++n) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const REAL = (x) => x;
const { exp: EXP, log: LOG, sqrt: SQRT, abs: ABS, tanh: TANH, expm1: EXPM1_NEGATIVE } = Math;
const SIGMOID = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const SOFTPLUS = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const NORMAL_CDF = (x) => 0.5 * (1 + erf(x / Math.SQRT2));

const VaeDecoder = (() => {
  /* ---- Means of likelihoods, E[x|z]: (prediction, mean, attributes); `width` numbers of a prediction describe a pixel ---- */

  const itself = (x) => x;

  const eachNumber = (apply) => (prediction, mean) => {
    for (let i = 0; i < mean.length; ++i) mean[i] = apply(prediction[i]);
  };

  /* Calls back with every pixel: where its numbers begin, in the prediction and in the mean. */
  function eachPixel(mean, { width, channels }, visit) {
    for (let pixel = 0; pixel * channels < mean.length; ++pixel) visit(pixel * width, pixel * channels);
  }

  const withinLevels = (x, { scale, shift }) => Math.min(Math.max(x, shift), shift + 255 * scale);

  /* A pixel is its means, and then their widths. */
  const locationScale = (apply) => (prediction, mean, attributes) => eachPixel(mean, attributes, (from, to) => {
    for (let c = 0; c < attributes.channels; ++c) mean[to + c] = apply(prediction[from + c], attributes);
  });

  /* Of the exponential density l·e^(xl)/(e^l - 1) on [0, 1]; near l = 0, where two large numbers cancel, a series. */
  const exponentialMean = (l) => (Math.abs(l) < 0.01 ? 0.5 + l / 12 - (l * l * l) / 720 : -1 / Math.expm1(-l) - 1 / l);

  function softmax(prediction, from, count) {
    const logits = prediction.subarray(from, from + count), largest = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  }

  function categoricalMean(prediction, mean, { scale, shift }) {
    for (let i = 0; i < mean.length; ++i) {
      const level = softmax(prediction, 256 * i, 256).reduce((sum, probability, value) => sum + probability * value, 0);
      mean[i] = level * scale + shift;
    }
  }

  /* A component's means, each moved by those of the channels before it; the numbers' order is that of
   * program/likelihood.h: K logits, means, log-scales and coefficients, channel by channel. */
  function componentMeans(prediction, from, k, attributes) {
    const { channels, mixtures } = attributes, means = [], at = (kind) => prediction[from + kind * mixtures + k];
    for (let c = 0; c < channels; ++c) {
      let value = at(1 + c);
      for (let on = 0; on < c; ++on) value += Math.tanh(at(1 + 2 * channels + (c * (c - 1)) / 2 + on)) * means[on];
      means.push(withinLevels(value, attributes));
    }
    return means;
  }

  const mixtureMean = (prediction, mean, attributes) => eachPixel(mean, attributes, (from, to) => {
    const totals = new Float64Array(attributes.channels);
    softmax(prediction, from, attributes.mixtures).forEach((share, k) => {
      componentMeans(prediction, from, k, attributes).forEach((value, c) => { totals[c] += share * value; });
    });
    mean.set(totals, to);
  });

  const likelihoodMeans = {
    bernoulli: eachNumber(SIGMOID),
    gaussian: eachNumber(itself),
    mse: eachNumber(itself),
    gaussian_shared: eachNumber(itself),
    gaussian_pixel: locationScale(itself),
    laplace: locationScale(itself),
    continuous_bernoulli: eachNumber(exponentialMean),
    categorical: categoricalMean,
    logistic: locationScale(withinLevels),
    logistic_mixture: mixtureMean,
  };

  /* ---- Ops: (inputs, outputs, attributes), tensors being {shape, data}; an operand that is not there is null ---- */

  /* sums[to…] += value × weights[from…] */
  function addProduct(sums, to, value, weights, from, count) {
    if (value === 0) return;
    for (let k = 0; k < count; ++k) sums[to + k] += value * weights[from + k];
  }

  /* A row's mean and inverse deviation. */
  function moments(values, epsilon) {
    let sum = 0, squares = 0;
    for (const value of values) sum += value;
    const mean = sum / values.length;
    for (const value of values) squares += (value - mean) ** 2;
    return [mean, 1 / Math.sqrt(squares / values.length + epsilon)];
  }

  const ops = {
    dense([x, weight, bias], [y], { activation }) {
      const [width, columns] = weight.shape, rows = x.data.length / width, apply = VaeFunctions[activation];
      const sums = new Float64Array(columns);
      for (let row = 0; row < rows; ++row) {
        sums.set(bias.data);
        for (let i = 0; i < width; ++i) {
          addProduct(sums, 0, x.data[row * width + i], weight.data, i * columns, columns);
        }
        for (let j = 0; j < columns; ++j) y.data[row * columns + j] = apply(sums[j]);
      }
    },

    conv2d([x, weight, bias], [y], { activation, kernel, stride, padding }) {
      const [rows, height, width, channels] = x.shape, [, outHeight, outWidth, outputs] = y.shape;
      const apply = VaeFunctions[activation], sums = new Float64Array(outputs);
      for (let at = 0; at < rows * outHeight * outWidth; ++at) {
        const row = Math.floor(at / (outHeight * outWidth)), i = Math.floor(at / outWidth) % outHeight, j = at % outWidth;
        sums.set(bias.data);
        for (let tap = 0; tap < kernel * kernel; ++tap) {
          const h = i * stride - padding + Math.floor(tap / kernel), w = j * stride - padding + (tap % kernel);
          if (h < 0 || h >= height || w < 0 || w >= width) continue;
          const from = ((row * height + h) * width + w) * channels;
          for (let c = 0; c < channels; ++c) addProduct(sums, 0, x.data[from + c], weight.data, (tap * channels + c) * outputs, outputs);
        }
        for (let o = 0; o < outputs; ++o) y.data[at * outputs + o] = apply(sums[o]);
      }
    },

    /* Every input adds to the window of outputs that a convolution would read it for. */
    conv_transpose2d([x, weight, bias], [y], { activation, kernel, stride, padding }) {
      const [rows, height, width, channels] = x.shape, [, outHeight, outWidth, outputs] = y.shape;
      const apply = VaeFunctions[activation], sums = new Float64Array(y.data.length);
      for (let at = 0; at < sums.length; at += outputs) sums.set(bias.data, at);
      for (let at = 0; at < rows * height * width; ++at) {
        const row = Math.floor(at / (height * width)), i = Math.floor(at / width) % height, j = at % width;
        for (let tap = 0; tap < kernel * kernel; ++tap) {
          const h = i * stride - padding + Math.floor(tap / kernel), w = j * stride - padding + (tap % kernel);
          if (h < 0 || h >= outHeight || w < 0 || w >= outWidth) continue;
          const to = ((row * outHeight + h) * outWidth + w) * outputs;
          for (let c = 0; c < channels; ++c) {
            addProduct(sums, to, x.data[at * channels + c], weight.data, (c * kernel * kernel + tap) * outputs, outputs);
          }
        }
      }
      for (let k = 0; k < sums.length; ++k) y.data[k] = apply(sums[k]);
    },

    likelihood_mean([prediction], [mean], attributes) {
      const width = (prediction.data.length / mean.data.length) * attributes.channels;
      likelihoodMeans[attributes.family](prediction.data, mean.data, { ...attributes, width });
    },

    activate([x], [y], { activation }) {
      const apply = VaeFunctions[activation];
      for (let i = 0; i < y.data.length; ++i) y.data[i] = apply(x.data[i]);
    },

    /* Of evaluation: by the running statistics. Channels are the last dimension. */
    batch_norm([x, scale, shift, mean, variance], [y], { activation, epsilon }) {
      const channels = scale.data.length, apply = VaeFunctions[activation];
      const factors = Array.from(scale.data, (value, c) => value / Math.sqrt(variance.data[c] + epsilon));
      for (let i = 0; i < y.data.length; ++i) {
        const c = i % channels;
        y.data[i] = apply((x.data[i] - mean.data[c]) * factors[c] + shift.data[c]);
      }
    },

    layer_norm([x, scale, shift], [y], { activation, epsilon }) {
      const channels = scale.data.length, rows = x.shape[0], columns = x.data.length / rows, apply = VaeFunctions[activation];
      for (let row = 0; row < rows; ++row) {
        const values = x.data.subarray(row * columns, (row + 1) * columns), [mean, inverse] = moments(values, epsilon);
        for (let j = 0; j < columns; ++j) {
          const c = j % channels;
          y.data[row * columns + j] = apply(scale.data[c] * (values[j] - mean) * inverse + shift.data[c]);
        }
      }
    },

    upsample([x], [y], { factor }) {
      const [rows, height, width, channels] = y.shape;
      /* Rows of all images are one run of rows, as the factor divides the height. */
      for (let at = 0; at < rows * height * width; ++at) {
        const row = Math.floor(Math.floor(at / width) / factor), column = Math.floor((at % width) / factor);
        const from = (row * (width / factor) + column) * channels;
        for (let c = 0; c < channels; ++c) y.data[at * channels + c] = x.data[from + c];
      }
    },

    /* Rows follow one another, so the runs of columns of all rows are one list. */
    slice([x], [y], { width, begin, count }) {
      for (let i = 0; i < y.data.length; ++i) y.data[i] = x.data[Math.floor(i / count) * width + begin + (i % count)];
    },

    pad([x], [y], { width, begin, count }) {
      y.data.fill(0);
      for (let i = 0; i < x.data.length; ++i) y.data[Math.floor(i / count) * width + begin + (i % count)] = x.data[i];
    },

    concat([a, b], [y], { a_width, b_width }) {
      for (let run = 0; run * a_width < a.data.length; ++run) {
        y.data.set(a.data.subarray(run * a_width, (run + 1) * a_width), run * (a_width + b_width));
        y.data.set(b.data.subarray(run * b_width, (run + 1) * b_width), run * (a_width + b_width) + a_width);
      }
    },

    matmul([a, b], [y], { a_transposed, b_transposed }) {
      const [rows, columns] = y.shape, inner = a.data.length / rows;
      for (let at = 0; at < rows * columns; ++at) {
        const row = Math.floor(at / columns), column = at % columns;
        let sum = 0;
        for (let k = 0; k < inner; ++k) {
          sum += a.data[a_transposed ? k * rows + row : row * inner + k] * b.data[b_transposed ? column * inner + k : k * columns + column];
        }
        y.data[at] = sum;
      }
    },

    permute_columns([x], [y], { order }) {
      const columns = order.length;
      for (let i = 0; i < y.data.length; ++i) y.data[i] = x.data[i - (i % columns) + order[i % columns]];
    },

    /* A list of instructions, over [rows, columns], of which an operand may have fewer rows or a single column. */
    elementwise(inputs, outputs, { functions: { rows, columns, instructions, outputs: kept } }) {
      const operands = inputs.map(({ shape, data }) => ({ data, divisor: rows / shape[0], width: data.length / shape[0] }));
      const element = ({ data, divisor, width }, row, column) => data[Math.floor(row / divisor) * width + (width === 1 ? 0 : column)];
      const results = new Float64Array(instructions.length), sums = new Float64Array(kept.length);
      const sources = { constant: (value) => value, result: (index) => results[index],
        input: (index, row, column) => element(operands[index], row, column) };
      for (let row = 0; row < rows; ++row) {
        sums.fill(0);
        for (let column = 0; column < columns; ++column) {
          instructions.forEach((instruction, i) => {
            const [a, b] = instruction.operands.map(([source, index]) => sources[source](index, row, column));
            results[i] = VaeFunctions[instruction.function](a, b);
          });
          kept.forEach(({ result, summed }, k) => {
            sums[k] += results[result];
            if (!summed) outputs[k].data[row * columns + column] = results[result];
          });
        }
        kept.forEach(({ summed }, k) => { if (summed) outputs[k].data[row] = sums[k]; });
      }
    },

    sum_rows([x], [y], { count }) {
      const columns = x.data.length / x.shape[0];
      for (let k = 0; k < y.data.length; ++k) {
        const from = Math.floor(k / columns) * count * columns + (k % columns);
        let sum = 0;
        for (let row = 0; row < count; ++row) sum += x.data[from + row * columns];
        y.data[k] = sum;
      }
    },

    log_sum_exp([x], [y], { count }) {
      for (let k = 0; k < y.data.length; ++k) {
        const run = x.data.subarray(k * count, (k + 1) * count), largest = Math.max(...run);
        y.data[k] = largest + Math.log(run.reduce((sum, value) => sum + Math.exp(value - largest), 0));
      }
    },

    add([a, b], [y]) {
      for (let i = 0; i < y.data.length; ++i) y.data[i] = a.data[i] + b.data[i];
    },
  };

  /* ---- The interpreter ---- */

  /* Why a run's decoder cannot be run here, or null. */
  function obstacle(decoder) {
    if (decoder.note) return decoder.note;
    const unknown = [...new Set(decoder.ops.map((op) => op.kind).filter((kind) => !(kind in ops)))];
    if (unknown.length > 0) return `This page cannot run the decoder: it does not know the operation ${unknown.join(", ")}.`;
    for (const { attributes: { family } } of decoder.ops) {
      if (family !== undefined && !(family in likelihoodMeans)) return `This page cannot run the decoder: it does not know the likelihood ${family}.`;
    }
    return null;
  }

  function makeTensors(decoder, weights) {
    return decoder.tensors.map(({ shape, weight }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return { shape, data: weight === null ? new Float32Array(size) : weights.subarray(weight, weight + size) };
    });
  }

  /* run(z) gives the program's output, in an array that the next call overwrites. */
  function prepare(decoder, weights) {
    const tensors = makeTensors(decoder, weights), find = (index) => (index === null ? null : tensors[index]);
    const list = decoder.ops.map((op) => ({ run: ops[op.kind], inputs: op.inputs.map(find), outputs: op.outputs.map(find),
      attributes: op.attributes }));
    return (z) => {
      tensors[decoder.input].data.set(z);
      for (const op of list) op.run(op.inputs, op.outputs, op.attributes);
      return tensors[decoder.output].data;
    };
  }

  /* decode(z) gives the image in [0, 1], [height, width, channels], likewise. */
  function create({ decoder, images, index }) {
    const run = prepare(decoder, new Float32Array(VaeData.bytes(VaeData.block(index, "weights")).buffer));
    const pixels = new Float32Array(images.height * images.width * images.channels), scale = 1 / (images.scale * 255);
    return (z) => {
      run(z).forEach((mean, i) => { pixels[i] = Math.min(Math.max((mean - images.shift) * scale, 0), 1); });
      return pixels;
    };
  }

  return { ops, obstacle, prepare, create };
})();
