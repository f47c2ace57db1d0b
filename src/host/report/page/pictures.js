"use strict";
/* Samples and reconstructions by epoch, with a slider; of texts, lines. */
const VaePictures = (() => {
  const { make, section } = VaeDom;
  const FRAME_MS = 450;
  const samples = "Samples: what the model makes by itself, from the same codes and the same noise at each epoch.";
  const titles = { image: "Pictures by epoch", text: "Sentences by epoch", drawing: "Drawings by epoch", music: "Music by epoch" };
  const captions = {
    image: { samples: "Samples: the same codes from the prior at each epoch.",
      reconstructions: "Reconstructions: a row of images, and below it what the model makes of them." },
    text: { samples, reconstructions: "Reconstructions: sentences of the data, and below each what the model makes of its code." },
    drawing: { samples,
      reconstructions: "Reconstructions: drawings of the data, in blue, and below each, in black, what the model makes of its code." },
    music: { samples,
      reconstructions: "Reconstructions: excerpts of the data, in blue, and below each, in black, what the model makes of its code." },
  };

  function makeImage(kind) {
    const element = make("img", { alt: kind });
    return { element, set: (base64) => { element.src = `data:image/png;base64,${base64}`; } };
  }

  function makeText(kind) {
    const element = make("pre", { tabindex: 0, "aria-label": kind });
    return { element, set: (base64) => { element.textContent = new TextDecoder().decode(VaeData.bytes(base64)); } };
  }

  function makeFigure(run, kind) {
    const shown = run.images.kind === "text" ? makeText(kind) : makeImage(kind);
    const show = (picture) => {
      shown.element.hidden = !picture[kind];
      if (picture[kind]) shown.set(VaeData.block(run.index, `${kind}-${picture.epoch}`));
    };
    return { show, element: make("figure", {}, shown.element, make("figcaption", {}, captions[run.images.kind][kind])) };
  }

  function makePlayer(slider, count, show) {
    let timer = null;
    const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
    const tick = () => {
      const next = Number(slider.value) + 1;
      if (next >= count || !slider.isConnected) return stop();
      slider.value = next;
      show();
    };
    const button = make("button", { type: "button", class: "plain", onclick: () => {
      if (timer !== null) return stop();
      if (Number(slider.value) === count - 1) { slider.value = 0; show(); }
      timer = setInterval(tick, FRAME_MS);
      button.textContent = "Stop";
    } }, "Play");
    return button;
  }

  function create(run) {
    const { pictures } = run;
    if (pictures.length === 0) return null;
    const figures = ["samples", "reconstructions"].filter((kind) => pictures.some((picture) => picture[kind])).map((kind) => makeFigure(run, kind));
    const label = make("span", { class: "value" });
    const show = () => {
      const picture = pictures[Number(slider.value)];
      for (const figure of figures) figure.show(picture);
      label.textContent = `epoch ${picture.epoch}`;
    };
    const slider = make("input", { type: "range", min: 0, max: pictures.length - 1, value: pictures.length - 1, "aria-label": "epoch", oninput: show });
    show();
    const left = run.pictures_found > pictures.length
      ? make("p", { class: "caption" }, `${pictures.length} of ${run.pictures_found} epochs with pictures are embedded; --pictures sets how many.`) : null;
    return section("pictures", titles[run.images.kind], make("div", { class: "card" },
      pictures.length > 1 ? make("div", { class: "row" }, makePlayer(slider, pictures.length, show), slider, label) : null,
      make("div", { class: "pictures" }, figures.map((figure) => figure.element)), left));
  }

  return { create };
})();
