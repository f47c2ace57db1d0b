"use strict";
/* The latent space live: the decoder runs under the pointer (two dimensions) or behind sliders (more). */
const VaeExplorer = (() => {
  const { make, section } = VaeDom;
  const REACH = 3.2, SLIDER_REACH = 4, SLIDERS = 8, SIDE = 15, MOST_TILES = 75, PLANE = 900, FRAME = 30;

  function toImageData(pixels, { height, width, channels }) {
    const data = new ImageData(width, height);
    for (let i = 0; i < height * width; ++i) {
      for (let c = 0; c < 3; ++c) data.data[4 * i + c] = Math.round(255 * pixels[i * channels + (channels === 3 ? c : 0)]);
      data.data[4 * i + 3] = 255;
    }
    return data;
  }

  function normal() {
    return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  }

  /* ---- What both kinds share: a code, its image, and at most one decoding a frame ---- */

  function makeState(run) {
    const { height, width } = run.images;
    const canvas = make("canvas", { class: "image", width, height, role: "img", "aria-label": "the decoded image" });
    const state = { run, decode: VaeDecoder.create(run), z: new Float32Array(run.latent), canvas, due: false, follow: () => {} };
    state.draw = () => canvas.getContext("2d").putImageData(toImageData(state.decode(state.z), run.images), 0, 0);
    state.set = (z) => {
      state.z.set(z);
      state.follow();
      if (state.due) return;
      state.due = true;
      requestAnimationFrame(() => { state.due = false; state.draw(); });
    };
    return state;
  }

  const button = (text, act) => make("button", { type: "button", class: "plain", onclick: act }, text);

  /* ---- Two dimensions: a plane of decoded images ---- */

  /* About SIDE x SIDE tiles that fill the plane, each of an image's aspect: of wide images there are more rows than columns. */
  function chooseTiles({ height, width }) {
    const stretch = Math.sqrt(width / height);
    const count = (wanted) => Math.min(Math.max(Math.round(wanted), 3), MOST_TILES);
    return { rows: count(SIDE * stretch), columns: count(SIDE / stretch) };
  }

  /* As many tiles a frame as FRAME milliseconds allow, so that the page answers meanwhile; those of a small decoder at once. */
  function drawManifold(state, context) {
    const { images } = state.run, { rows, columns } = chooseTiles(images);
    const small = make("canvas", { width: images.width, height: images.height });
    const drawTile = (row, column) => {
      const z = [((column + 0.5) / columns - 0.5) * 2 * REACH, (0.5 - (row + 0.5) / rows) * 2 * REACH];
      const [left, right] = [column, column + 1].map((edge) => Math.round(edge * PLANE / columns));
      const [top, bottom] = [row, row + 1].map((edge) => Math.round(edge * PLANE / rows));
      small.getContext("2d").putImageData(toImageData(state.decode(z), images), 0, 0);
      context.drawImage(small, left, top, right - left, bottom - top);
    };
    const drawFrom = (first) => {
      const end = performance.now() + FRAME;
      let tile = first;
      do drawTile(Math.floor(tile / columns), tile % columns);
      while (++tile < rows * columns && performance.now() < end);
      if (tile < rows * columns) requestAnimationFrame(() => drawFrom(tile));
    };
    drawFrom(0);
  }

  function makePlane(state) {
    const back = make("canvas", { width: PLANE, height: PLANE, class: "plane", tabindex: 0, role: "application",
      "aria-label": "the latent plane; move the pointer or use the arrow keys" });
    const mark = make("div", { class: "mark" }), label = make("p", { class: "caption" });
    drawManifold(state, back.getContext("2d"));
    state.follow = () => {
      const [x, y] = state.z;
      mark.style.left = `${(50 * (x / REACH + 1)).toFixed(3)}%`;
      mark.style.top = `${(50 * (1 - y / REACH)).toFixed(3)}%`;
      label.textContent = `z = (${x.toFixed(2)}, ${y.toFixed(2)})`;
    };
    const place = (event) => {
      const box = back.getBoundingClientRect();
      const to = (share) => Math.min(Math.max(2 * share - 1, -1), 1) * REACH;
      state.set([to((event.clientX - box.left) / box.width), -to((event.clientY - box.top) / box.height)]);
    };
    back.addEventListener("pointermove", place);
    back.addEventListener("pointerdown", place);
    back.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!move) return;
      event.preventDefault();
      state.set([state.z[0] + 0.05 * move[0], state.z[1] + 0.05 * move[1]]);
    });
    return make("div", { class: "explorer" },
      make("div", {}, make("div", { class: "plane-box" }, back, mark),
        make("p", { class: "caption" }, `Decoded images over z[0] (to the right) and z[1] (up), each from −${REACH} to ${REACH}.`)),
      make("div", {}, state.canvas, label));
  }

  /* ---- More dimensions: sliders ---- */

  /* The dimensions that tell most of an image, in the last epoch; without those figures the first. */
  function chooseDimensions(run) {
    const epochs = VaeData.klByEpoch(run);
    const order = epochs.length > 0 ? VaeBars.order(epochs[epochs.length - 1].values) : Array.from({ length: run.latent }, (_, i) => i);
    return { known: epochs.length > 0, dimensions: order.slice(0, SLIDERS) };
  }

  function makeSliders(state) {
    const { known, dimensions } = chooseDimensions(state.run);
    const rows = dimensions.map((dimension) => {
      const id = `z-${dimension}`, output = make("output", { for: id });
      const input = make("input", { type: "range", id, min: -SLIDER_REACH, max: SLIDER_REACH, step: 0.01, value: 0, oninput: () => {
        const z = Float32Array.from(state.z);
        z[dimension] = Number(input.value);
        state.set(z);
      } });
      return { dimension, input, output, element: make("div", { class: "slider" }, make("label", { for: id }, `z[${dimension}]`), input, output) };
    });
    state.follow = () => {
      for (const { dimension, input, output } of rows) {
        input.value = state.z[dimension];
        output.textContent = state.z[dimension].toFixed(2);
      }
    };
    const which = dimensions.length === state.run.latent ? "all dimensions"
      : known ? `the ${dimensions.length} dimensions of ${state.run.latent} with the largest KL` : `the first ${dimensions.length} dimensions of ${state.run.latent}`;
    return make("div", { class: "explorer" },
      make("div", {}, rows.map((row) => row.element),
        make("div", { class: "buttons" }, button("All zero", () => state.set(new Float32Array(state.run.latent))),
          button("Random code", () => state.set(Float32Array.from(state.z, normal)))),
        make("p", { class: "caption" }, `Sliders on ${which}; a random code draws all ${state.run.latent} from the prior.`)),
      make("div", {}, state.canvas));
  }

  function create(run) {
    const obstacle = VaeDecoder.obstacle(run.decoder);
    if (obstacle) return { element: section("explorer", "Latent space, live", make("p", { class: "note card" }, obstacle)), state: null };
    const state = makeState(run);
    const body = run.latent === 2 ? makePlane(state) : makeSliders(state);
    state.set(new Float32Array(run.latent));
    return { element: section("explorer", "Latent space, live", make("div", { class: "card" }, body)), state };
  }

  return { create };
})();
