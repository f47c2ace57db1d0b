"use strict";
/* Sentences: what the model says, and what it makes of others. */
const VaeSentences = (() => {
  const { make, section } = VaeDom;

  /* Of [given, rest], the first was given to the model. */
  const makeText = (text) => Array.isArray(text) ? [make("span", { class: "given" }, text[0]), make("span", {}, text[1])]
    : [make("span", {}, text === "" ? "(empty)" : text)];

  const makeLine = (text, label) => make("li", {}, label ? make("span", { class: "label" }, label) : null, ...makeText(text));

  function makeGroup({ title, caption, labels, strips }) {
    return make("figure", {}, make("h3", {}, title),
      strips.map((strip) => make("ul", { class: "sentences" }, strip.map((text, i) => makeLine(text, labels[i])))),
      make("figcaption", {}, caption));
  }

  function create(run) {
    if (!run.sentences || run.sentences.length === 0) return null;
    return section("sentences", "Sentences", make("div", { class: "card" }, run.sentences.map(makeGroup)));
  }

  return { create };
})();
