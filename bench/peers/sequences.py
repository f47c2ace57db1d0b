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
