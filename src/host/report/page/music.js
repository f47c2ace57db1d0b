"use strict";
/* Music as piano rolls that play when they are clicked, by a plain synthesiser of the page's own: nothing is fetched. */
const VaeMusic = (() => {
  const { make, svg, section } = VaeDom;
  const STEP = 8, SEMITONE = 5, OCTAVE = 12, BLACK = [1, 3, 6, 8, 10];
  const ATTACK_S = 0.008, RELEASE_S = 0.06, LEAD_S = 0.05, LOUDNESS = 0.16;
  let audio = null, stopPlaying = null;

  /* ---- Sound ---- */

  const frequency = (pitch) => 440 * 2 ** ((pitch - 69) / 12);

  function makeNoise(context) {
    const buffer = context.createBuffer(1, context.sampleRate / 4, context.sampleRate), samples = buffer.getChannelData(0);
    let state = 1;
    for (let i = 0; i < samples.length; ++i) {
      state = (state * 48271) % 2147483647;
      samples[i] = state / 1073741823.5 - 1;
    }
    return buffer;
  }

  /* Plays a source, which `last` is or which goes through it, with an envelope. */
  function sound(context, target, source, last, loudness, begin, hold, release) {
    const gain = context.createGain(), end = begin + Math.max(hold, ATTACK_S) + release;
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(loudness, begin + ATTACK_S);
    gain.gain.setValueAtTime(loudness, end - release);
    gain.gain.linearRampToValueAtTime(0, end);
    last.connect(gain).connect(target);
    source.start(begin);
    source.stop(end);
  }

  function playTone(context, target, pitch, begin, seconds) {
    const oscillator = context.createOscillator();
    oscillator.type = "triangle";
    oscillator.frequency.value = frequency(pitch);
    sound(context, target, oscillator, oscillator, LOUDNESS, begin, seconds - RELEASE_S, RELEASE_S);
  }

  /* A low drum is a tone that falls; the others are noise, the brighter the higher they are. */
  function playDrum(context, target, noise, pitch, begin) {
    if (pitch === 36) {
      const oscillator = context.createOscillator();
      oscillator.frequency.setValueAtTime(150, begin);
      oscillator.frequency.exponentialRampToValueAtTime(45, begin + 0.12);
      sound(context, target, oscillator, oscillator, 2.5 * LOUDNESS, begin, 0.02, 0.12);
      return;
    }
    const source = context.createBufferSource(), filter = context.createBiquadFilter();
    source.buffer = noise;
    filter.type = "bandpass";
    filter.frequency.value = { 38: 1800, 42: 8000, 46: 7000, 45: 250, 48: 400, 50: 600, 49: 5000, 51: 6000 }[pitch] || 2000;
    source.connect(filter);
    sound(context, target, source, filter, 2 * LOUDNESS, begin, 0.01, [46, 49, 51].includes(pitch) ? 0.22 : 0.09);
  }

  /* Plays a roll, and calls `show` with the step that sounds, and with null at the end; gives what stops it. */
  function play(roll, group, show) {
    audio = audio || new AudioContext();
    audio.resume();
    const output = audio.createGain(), noise = group.drums ? makeNoise(audio) : null;
    const begin = audio.currentTime + LEAD_S, step = 60 / (group.tempo * group.beat);
    output.connect(audio.destination);
    for (const [start, steps, pitch] of roll.notes) {
      if (group.drums) playDrum(audio, output, noise, pitch, begin + start * step);
      else playTone(audio, output, pitch, begin + start * step, steps * step);
    }
    let playing = true;
    const stop = () => {
      if (!playing) return;
      playing = false;
      output.gain.setTargetAtTime(0, audio.currentTime, 0.01);
      setTimeout(() => output.disconnect(), 200);
      show(null);
    };
    const tick = () => {
      const at = (audio.currentTime - begin) / step;
      if (!playing) return;
      if (at > roll.steps + 2) stop();
      else {
        show(Math.max(at, 0));
        requestAnimationFrame(tick);
      }
    };
    tick();
    return stop;
  }

  /* ---- Piano rolls ---- */

  function pitchesOf(rolls) {
    const all = rolls.flatMap(({ notes }) => notes.map(([, , pitch]) => Number(pitch)));
    let low = all.length ? Math.min(...all) : 60, high = all.length ? Math.max(...all) : 60;
    const missing = Math.max(OCTAVE - (high - low), 0);
    low -= Math.floor(missing / 2) + 1;
    high += Math.ceil(missing / 2) + 1;
    return { low, high };
  }

  function makeBackground(roll, { low, high }, beat) {
    const width = roll.steps * STEP, height = (high - low + 1) * SEMITONE, parts = [];
    for (let pitch = low; pitch <= high; ++pitch) {
      if (BLACK.includes(((pitch % OCTAVE) + OCTAVE) % OCTAVE))
        parts.push(svg("rect", { class: "black", x: 0, y: (high - pitch) * SEMITONE, width, height: SEMITONE }));
    }
    for (let t = 0; t <= roll.steps; t += beat)
      parts.push(svg("path", { class: t % (4 * beat) ? "beat" : "bar", d: `M${t * STEP} 0v${height}` }));
    return parts;
  }

  function makeRoll(roll, group, range, label) {
    const width = roll.steps * STEP, height = (range.high - range.low + 1) * SEMITONE;
    const notes = roll.notes.map(([start, steps, pitch]) => svg("rect", {
      class: start < roll.given ? "note given" : "note", rx: 1,
      x: start * STEP + 0.5, y: (range.high - pitch) * SEMITONE + 0.5, width: steps * STEP - 1, height: SEMITONE - 1 }));
    const head = svg("path", { class: "head", d: `M0 0v${height}`, visibility: "hidden" });
    const picture = svg("svg", { viewBox: `-1 -1 ${width + 2} ${height + 2}`, "aria-hidden": "true" }, [...makeBackground(roll, range, group.beat), ...notes, head]);
    let stop = null;
    const show = (step) => {
      head.setAttribute("visibility", step === null ? "hidden" : "visible");
      if (step === null) stop = null;
      else head.setAttribute("transform", `translate(${Math.min(step, roll.steps) * STEP} 0)`);
    };
    const toggle = () => {
      const own = stop;
      if (stopPlaying) stopPlaying();
      stopPlaying = stop = own ? null : play(roll, group, show);
    };
    return make("button", { type: "button", class: "roll", "aria-label": label, title: "Play, or stop", onclick: toggle }, picture);
  }

  function makeGroup(group) {
    const range = pitchesOf(group.rolls);
    const made = group.rolls.map((roll, i) => makeRoll(roll, group, range, `${group.title}, excerpt ${i + 1}`));
    return make("figure", {}, make("h3", {}, group.title),
      make("div", { class: "rolls", style: `--columns: ${Number(group.columns)}` }, made), make("figcaption", {}, group.caption));
  }

  function create(run) {
    if (!run.music || run.music.length === 0) return null;
    return section("music", "Music", make("div", { class: "card" }, run.music.map(makeGroup)),
      make("p", { class: "caption" }, "Click an excerpt to hear it, and again to stop. Time runs to the right, and higher tones stand higher; a bar begins at each dark line."));
  }

  return { create };
})();
