"""What the peers of sequences share: the same texts and drawings as vae-cuda reads, arguments, rates and JSON lines.

A step of a sequence is a token or a stroke that is predicted, ends counted and padding not.
"""
import argparse
import collections
import gzip
import json
import pathlib
import resource
import statistics
import time

import numpy

STARTED = time.perf_counter()
BEGIN, END, UNKNOWN = range(3)
SPECIALS = ("<bos>", "<eos>", "<unk>")


def parser(batch):
    """The arguments that all have; a peer may add its own."""
    result = argparse.ArgumentParser()
    result.add_argument("--data", required=True, help="folder or file")
    result.add_argument("--epochs", type=int, default=1)
    result.add_argument("--steps", type=int, help="stop after so many instead")
    result.add_argument("--items", type=int, help="train on the first so many")
    result.add_argument("--batch", type=int, default=batch)
    result.add_argument("--threads", type=int, default=2)
    result.add_argument("--mode", default="eager")
    result.add_argument("--seed", type=int, default=1)
    result.add_argument("--quality", action="store_true", help="evaluate as the training goes on, a JSON line each time")
    return result


# ---- Texts ----


def read_lines(folder, part):
    with gzip.open(pathlib.Path(folder) / f"ptb.{part}.txt.gz", "rt", encoding="utf-8") as file:
        return [line.split() for line in file if line.strip()]


def make_vocabulary(lines):
    """Word → id: specials, then the words by frequency, and those as frequent as each other as they come."""
    counts = collections.Counter(word for line in lines for word in line)
    words = [word for word, _ in counts.most_common() if word not in SPECIALS]
    return {word: index for index, word in enumerate((*SPECIALS, *words))}


def encode(lines, vocabulary):
    """Each line's ids, between begin and end."""
    return [numpy.array([BEGIN, *(vocabulary.get(word, UNKNOWN) for word in line), END]) for line in lines]


def read_text(folder, items=None):
    """The vocabulary of the whole training text, and the sentences of each part, of training the first `items`."""
    lines = {part: read_lines(folder, part) for part in ("train", "valid", "test")}
    vocabulary = make_vocabulary(lines["train"])
    lines["train"] = lines["train"][:items]
    return vocabulary, {part: encode(lines[part], vocabulary) for part in lines}


# ---- Drawings ----


def read_drawings(path, items=None):
    """The drawings of each part, [points, 3] (dx, dy, pen lifted), in deviations of the training set's offsets."""
    with numpy.load(path) as file:
        parts = {part: numpy.split(file[part].astype(numpy.float32), file[f"{part}_offsets"][1:-1])
                 for part in ("train", "valid", "test")}
    parts["train"] = parts["train"][:items]
    deviation = numpy.concatenate(parts["train"])[:, :2].std(dtype=numpy.float64)
    for drawings in parts.values():
        for drawing in drawings:
            drawing[:, :2] /= deviation
    return parts


# ---- Melodies ----

HOLD, OFF, FIRST_NOTE, LOWEST, HIGHEST, STEPS_PER_QUARTER = 1, 2, 3, 21, 108, 4
NOTES = FIRST_NOTE + HIGHEST - LOWEST + 1  # tokens there are; 0 is the begin


def read_tracks(path):
    """The notes of each track and channel but drums, as (start, end, pitch) in ticks, and the time signatures, by mido."""
    import mido

    file = mido.MidiFile(path)
    lines, metres = collections.defaultdict(list), []
    for number, track in enumerate(file.tracks):
        time_now, sounding = 0, {}  # by channel and pitch: when it began, and whether it ended another one
        for message in track:
            time_now += message.time
            if message.type == "time_signature":
                metres.append((time_now, message.numerator, message.denominator))
            if message.type not in ("note_on", "note_off") or message.channel == 9:
                continue
            line, key = (number, message.channel), (message.channel, message.note)
            begins = message.type == "note_on" and message.velocity > 0
            start, ended_other = sounding.get(key, (None, False))
            if not begins and ended_other and start == time_now:
                sounding[key] = (start, False)  # the end of the note before, behind the beginning of this one
                continue
            if sounding.pop(key, None):
                lines[line].append((start, time_now, message.note))
            if begins:
                sounding[key] = (time_now, start is not None)
        for (channel, pitch), (start, _) in sounding.items():
            lines[number, channel].append((start, time_now, pitch))
    return file.ticks_per_beat, [sorted(lines[line]) for line in sorted(lines)], sorted(metres)


def quantise(notes, ticks):
    """One note at a time, in steps: of those that begin together the highest. None where most are chords."""
    melody, dropped = [], 0
    for start, end, pitch in notes:
        start, end = ((2 * tick * STEPS_PER_QUARTER + ticks) // (2 * ticks) for tick in (start, end))
        end = max(end, start + 1)
        if melody and melody[-1][0] == start:
            dropped += 1
            if pitch > melody[-1][2]:
                melody[-1] = (start, end, pitch)
            continue
        if melody and melody[-1][1] > start:
            melody[-1] = (melody[-1][0], start, melody[-1][2])
        melody.append((start, end, pitch))
    return melody if dropped <= len(melody) else None


def bars_of(ticks, metres, end):
    """(first step, step behind the last, steps of a bar) of each run of one metre."""
    runs, start, now = [], 0, (4, 4)
    changes = [((2 * tick * STEPS_PER_QUARTER + ticks) // (2 * ticks), (beats, unit)) for tick, beats, unit in metres]
    for at, metre in [change for change in changes if change[0] < end] + [(None, None)]:
        if metre == now:
            continue
        bar = 4 * STEPS_PER_QUARTER * now[0] // now[1]
        stop = start + -(-(end - start) // bar) * bar if at is None else at
        if stop > start:
            runs.append((start, stop, bar))
        start, now = at, metre
    return runs


def cut(melody, first, steps):
    """The tokens of an excerpt, or None where no note begins, a bar of four quarters is silent or a note is beyond the keys."""
    bar, tokens = 4 * STEPS_PER_QUARTER, numpy.full(steps, HOLD)
    notes = [note for note in melody if note[1] > first and note[0] < first + steps]
    if all(start < first for start, _, _ in notes):
        return None
    for begin in range(first, first + steps, bar):
        if not any(end > begin and start < begin + bar for start, end, _ in notes):
            return None
    for start, end, pitch in notes:
        if not LOWEST <= pitch <= HIGHEST:
            return None
        tokens[max(start - first, 0)] = FIRST_NOTE + pitch - LOWEST
        if end < first + steps:
            tokens[end - first] = OFF
    return tokens


def excerpts_of(path, steps):
    ticks, lines, metres = read_tracks(path)
    melodies = [melody for melody in (quantise(line, ticks) for line in lines) if melody]
    runs = bars_of(ticks, metres, max((melody[-1][1] for melody in melodies), default=0))
    for melody in melodies:
        for start, stop, bar in runs:
            for first in range(start, stop - steps + 1, bar):
                if first + steps >= melody[-1][1] + bar:
                    break
                tokens = cut(melody, first, steps)
                if tokens is not None:
                    yield tokens


def read_melodies(folder, bars, transpose, items=None):
    """The different excerpts of each part, [excerpts, steps + 1] with their begins: at each bar, of any metre."""
    parts = {}
    for part in ("train", "valid", "test"):
        found = {}
        shifts = range(-transpose, transpose + 1) if part == "train" else (0,)
        for path in sorted((pathlib.Path(folder) / part).rglob("*.mid")):
            for tokens in excerpts_of(path, bars * 4 * STEPS_PER_QUARTER):
                for shift in shifts:
                    moved = numpy.where(tokens >= FIRST_NOTE, tokens + shift, tokens)
                    notes = moved[tokens >= FIRST_NOTE]
                    if notes.min() >= FIRST_NOTE and notes.max() < NOTES:
                        found.setdefault(moved.tobytes(), moved)
        parts[part] = numpy.stack(list(found.values()))
    parts["train"] = parts["train"][:items]
    return {part: numpy.pad(tokens, ((0, 0), (1, 0))) for part, tokens in parts.items()}


# ---- Batches ----


def batches_by_length(lengths, batch, random=None):
    """Places cut into batches of like lengths: nearly no padding. With `random`, equal lengths and batches shuffled."""
    places = random.permutation(len(lengths)) if random else numpy.arange(len(lengths))
    places = places[numpy.argsort(lengths[places], kind="stable")]
    batches = [places[first:first + batch] for first in range(0, len(places), batch)]
    if random:
        random.shuffle(batches)
    return batches


# ---- Reports ----


def tell(**line):
    print(json.dumps({key: value for key, value in line.items() if value is not None}), flush=True)


class Stopwatch:
    """Steps of sequences per second, and the time from the program's start to its first update."""

    def __init__(self):
        self.rates = []
        self.startup = None

    def first_update(self):
        if self.startup is None:
            self.startup = time.perf_counter() - STARTED

    def interval(self, steps, seconds):
        self.rates.append(steps / seconds)

    def report(self, **extra):
        """The last line that a peer prints."""
        # The first interval pays for compilation and caches.
        rates = self.rates[1:] or self.rates
        tell(sequence_steps_per_second=statistics.median(rates), peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
             startup_seconds=self.startup, **extra)
