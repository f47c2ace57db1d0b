"""Models of texts as users run them: train, resume, and every command, on a made-up language of some words.

Run by ctest with VAE_PROGRAM."""

import base64
import csv
import gzip
import json
import math
import pathlib
import random
import tempfile
import zlib

from sequence_run import check_resume, lines, on_terminal, pictures, program, refuse, run

SUBJECTS = ["the cat", "a dog", "the old man", "my friend", "the bird"]
VERBS = ["sees", "likes", "eats", "finds"]
OBJECTS = ["the house", "a fish", "some bread", "the red ball", "it"]
COUNTS = {"train": 400, "valid": 60, "test": 50}
BATCH = 32
CONFIG = f"""[data]
train_data = train.txt
validation_data = valid.txt
test_data = test.txt
[model]
family = text_vae
latent = 3
embedding = 12
encoder_units = 16
decoder_units = 16
[train]
epochs = 2
batch_size = {BATCH}
learning_rate = 0.01
beta = 0.05
"""


def make_sentence(draw):
    sentence = f"{draw.choice(SUBJECTS)} {draw.choice(VERBS)} {draw.choice(OBJECTS)}"
    return f"{sentence} and {draw.choice(VERBS)} {draw.choice(OBJECTS)}" if draw.random() < 0.3 else sentence


def make_files(folder):
    draw = random.Random(1)
    for name, count in COUNTS.items():
        (folder / f"{name}.txt").write_text("".join(make_sentence(draw) + "\n" for _ in range(count)))
    (folder / "text.ini").write_text(CONFIG)


def words_of(folder):
    return set((folder / "train.txt").read_text().split()) | {"<unk>"}


def table(path):
    """Rows of numbers below a header."""
    with open(path, newline="") as file:
        return [[float(field) for field in row] for row in list(csv.reader(file))[1:]]


def check_training(folder):
    said = program("--config", "text.ini", "--out", "short", folder=folder)
    for expected in ("400 training, 60 validation, 50 test sentences of up to ", "a vocabulary of 24 tokens, 0.00 %",
                     "0 cut; ", "% padding", "tokens/s", "perplexity", "nats a sentence",
                     "next: vae-cuda sample --run short\n"):
        assert expected in said, f"'{expected}' is not in {said}"
    assert "image" not in said, said
    assert said.count("\n  sample: ") == 2, said
    program("--config", "text.ini", "--set", "train.epochs=50", "--set", "train.learning_rate=0.02", "--out", "run", "--quiet", folder=folder)


def check_pictures(folder):
    """While a text is learned, samples and reconstructions are texts, too."""
    names = [f"epoch-{epoch:04}-{what}.txt" for epoch in (1, 2) for what in ("reconstructions", "samples")]
    assert pictures(folder, "short") == names, pictures(folder, "short")
    made = (folder / "short/pictures/epoch-0002-samples.txt").read_text()
    assert made.count("\n") == 32 and set(made.split()) <= words_of(folder), made
    again = (folder / "short/pictures/epoch-0002-reconstructions.txt").read_text()
    originals = [line[16:] for line in again.splitlines() if line.startswith("original ")]
    assert originals == (folder / "test.txt").read_text().splitlines()[:16], again
    last = ("--checkpoint", "short/checkpoints/last.safetensors")
    assert again == program("reconstruct", *last, "--count", 16, folder=folder)
    said = program("--config", "text.ini", "--set", "train.picture_interval=0", "--out", "rare", folder=folder)
    assert said.count("\n  sample: ") == 1 and pictures(folder, "rare") == names[2:], said
    assert lines(folder, "rare") == lines(folder, "short"), "pictures have changed the training"
    program("report", "--run", "short", "--out", "short.html", folder=folder)
    page = (folder / "short.html").read_text()
    assert '"pictures":[{"epoch":1,"samples":true,"reconstructions":true},{"epoch":2,' in page
    assert base64.b64encode(made.encode()).decode() in page


def check_sample(folder):
    def sample(*more):
        return program("sample", "--run", "run", *more, folder=folder)

    made = sample("--count", 70, "--seed", 3)
    assert len(made.splitlines()) == 70 and set(made.split()) <= words_of(folder), made
    assert made == sample("--count", 70, "--seed", 3) != sample("--count", 70, "--seed", 4)
    # A sentence does not depend on how many come with it.
    assert made.startswith(sample("--count", 5, "--seed", 3))
    assert sample("--count", 9, "--greedy", "--codes", "z.csv") == "z.csv: 9 codes\n", "codes alone are not decoded"
    greedy = sample("--count", 9, "--greedy")
    assert greedy == sample("--count", 9, "--temperature", 0) == sample("--count", 9, "--top-k", 1)
    assert greedy == sample("--count", 9, "--top-p", 1e-6) == sample("--count", 9, "--beam", 1)
    assert greedy == program("decode", "--run", "run", "--input", "z.csv", folder=folder)
    assert [len(row) for row in table(folder / "z.csv")] == [3] * 9
    assert set(sample("--count", 9, "--beam", 5).split()) <= words_of(folder)
    said = sample("--count", 9, "--greedy", "--out", "made.txt", "--codes", "drawn.csv")
    assert said == "made.txt: 9 sentences\ndrawn.csv: 9 codes\n" and (folder / "made.txt").read_text() == greedy
    assert max(len(line.split()) for line in sample("--max-length", 2).splitlines()) == 2
    assert len(sample("--count", 3, "--prior", "aggregate", "--components", 2).splitlines()) == 3
    # As many tokens as the longest sentence has; its end is not counted as one.
    longest = max(len(line.split()) for name in COUNTS for line in (folder / f"{name}.txt").read_text().splitlines())
    hot = run("sample", "--run", "run", "--count", 200, "--temperature", 1000, folder=folder)
    assert max(len(line.split()) for line in hot.stdout.splitlines()) == longest, hot.stdout
    assert f" had not ended after {longest} tokens and are cut there" in hot.stderr, hot.stderr
    hot = run("sample", "--run", "run", "--count", 1, "--temperature", 1000, "--max-length", 1, "--seed", 2, folder=folder)
    assert "1 of 1 sentence had not ended after 1 token and is cut there" in hot.stderr, hot.stderr
    # One that ends where the limit is has not been cut.
    whole = sample("--count", 9, "--greedy", "--max-length", longest)
    assert whole == greedy and sample("--count", 9, "--beam", 3, "--max-length", longest) == sample("--count", 9, "--beam", 3)
    shortest = min(len(line.split()) for line in greedy.splitlines())
    cut = run("sample", "--run", "run", "--count", 9, "--greedy", "--max-length", shortest, folder=folder)
    beyond = sum(len(line.split()) > shortest for line in greedy.splitlines())
    assert cut.stdout == "".join(" ".join(line.split()[:shortest]) + "\n" for line in greedy.splitlines())
    assert (f"{beyond} of 9 sentences had not ended" in cut.stderr) == (beyond > 0), cut.stderr
    assert max(len(line.split()) for line in sample("--count", 9, "--beam", 3, "--max-length", 2).splitlines()) <= 2


def check_words(folder):
    """What is said is said of sentences, in the number that there are, and of those that the model made."""
    said = run("reconstruct", "--run", "run", "--count", 3, "--max-length", 1, folder=folder)
    assert "3 of 3 sentences had not ended after 1 token and are cut there" in said.stderr, said.stderr
    quiet = run("reconstruct", "--run", "run", "--count", 3, "--max-length", 1, "--quiet", folder=folder)
    assert quiet.stderr == said.stderr, "--quiet leaves out a warning"
    said = run("complete", "--run", "run", "--index", "0,1", "--count", 2, "--with-originals", "--keep", 1, "--max-length", 2,
               folder=folder)
    assert "4 of 4 sentences had not ended after 2 tokens" in said.stderr, said.stderr
    (folder / "one.txt").write_text("the house\n")
    one = ("--config", "text.ini", "--set", "data.train_data=one.txt", "--set", "data.validation_data=", "--set",
           "data.test_data=", "--set", "train.epochs=1", "--set", "data.max_length=1")
    said = run(*one, "--out", "one", folder=folder)
    assert "\n1 training sentence of up to 1 token; " in said.stdout, said.stdout
    assert "1 sentence is longer than max_length and was cut: 1 token was kept of each" in said.stderr, said.stderr
    said = run("encode", "--run", "one", "--out", "one.npy", folder=folder)
    assert "the run has no test sentences; these are its training sentences" in said.stderr, said.stderr
    assert said.stdout == "one.npy: 1 code of 3, sentence numbered in one.csv\n", said.stdout
    refuse("--split: the run has no test sentences", "encode", "--run", "one", "--split", "test", "--force", folder=folder)
    refuse("--label: the texts have no labels", "probe", "--run", "run", "--label", "a", folder=folder)
    refuse("(60 now, 400 then)", "encode", "--run", "run", "--set",
           "data.train_data=valid.txt", "--out", "other.npy", folder=folder)
    said = run("interpolate", "--run", "run", "--from", "a zebra flies", "--to", "a", "--steps", 2, folder=folder)
    assert "--from: 2 of its 3 words are not in" in said.stderr, said.stderr


def check_reconstruct(folder):
    test = (folder / "test.txt").read_text().splitlines()
    said = program("reconstruct", "--run", "run", "--index", "4,0", folder=folder)
    pairs = [pair.splitlines() for pair in said.rstrip().split("\n\n")]
    assert [pair[0] for pair in pairs] == [f"original        {test[i]}" for i in (4, 0)], said
    assert all(pair[1].startswith("reconstruction  ") for pair in pairs), said
    (folder / "two.txt").write_text(f"{test[4]}\n{test[0]}\n")
    assert said == program("reconstruct", "--run", "run", "--input", "two.txt", folder=folder)
    assert said.count("original") == 2
    assert program("reconstruct", "--run", "run", folder=folder).count("original") == 16
    assert program("reconstruct", "--run", "run", "--count", 3, "--beam", 4, folder=folder).count("original") == 3
    # The code tells which sentence it is of.
    pairs = program("reconstruct", "--run", "run", "--count", 50, folder=folder).rstrip().split("\n\n")
    words = [[line.split()[1:] for line in pair.splitlines()] for pair in pairs]
    assert sum(a[:2] == b[:2] for a, b in words) > 25, words


def check_interpolate(folder):
    test = (folder / "test.txt").read_text().splitlines()

    def interpolate(*more):
        return program("interpolate", "--run", "run", *more, folder=folder).splitlines()

    between = interpolate("--from", 1, "--to", 2, "--steps", 5, "--codes", "between.csv")
    assert between == interpolate("--from", test[1], "--to", test[2], "--steps", 5) and len(between) == 5
    ends = program("reconstruct", "--run", "run", "--index", "1,2", folder=folder).splitlines()
    assert [between[0], between[4]] == [line[16:] for line in ends if line.startswith("reconstruction")]
    codes = table(folder / "between.csv")
    assert all(math.isclose(2 * c, a + b, abs_tol=1e-5) for a, b, c in zip(codes[0], codes[4], codes[2], strict=True))
    assert interpolate("--from", "1,2", "--to", "2,1", "--steps", 5, "--mode", "spherical").count("") == 1
    assert len(interpolate("--prior", 2, "--steps", 3)) == 7


def check_complete(folder):
    def complete(*more):
        return program("complete", "--run", "run", *more, folder=folder)

    made = complete("--text", "the old man", "--count", 6)
    assert len(made.splitlines()) == 6 and all(line.startswith("the old man") for line in made.splitlines()), made
    assert complete("--text", "the old man", "--greedy", "--count", 2).splitlines()[0].startswith("the old man")
    test = (folder / "test.txt").read_text().splitlines()
    made = complete("--index", "3,4", "--keep", 2, "--count", 2, "--with-originals", "--code", "prior")
    strips = [strip.splitlines() for strip in made.rstrip().split("\n\n")]
    for strip, sentence in zip(strips, (test[3], test[4]), strict=True):
        assert strip[0] == f"original  {sentence}" and len(strip) == 3, made
        assert all(line[10:].split()[:2] == sentence.split()[:2] for line in strip), made
    (folder / "begun.txt").write_text("a dog\nthe cat\n")
    made = complete("--input", "begun.txt", "--count", 1).splitlines()
    assert made[0].startswith("a dog") and made[2].startswith("the cat"), made
    refuse("--beam", "complete", "--run", "run", "--text", "a", "--beam", 2, folder=folder)
    assert "--beam" not in program("complete", "--help", folder=folder)
    assert "--beam" in program("sample", "--help", folder=folder)


def check_arithmetic(folder):
    """What a subject makes of a code, added to those of others."""
    train = (folder / "train.txt").read_text().splitlines()
    for name, wanted in (("mine", True), ("others", False)):
        (folder / f"{name}.txt").write_text("".join(line + "\n" for line in train if line.startswith("my friend") == wanted))

    def arithmetic(*more):
        return program("arithmetic", "--run", "run", *more, folder=folder)

    files = ("--with", "mine.txt", "--without", "others.txt")
    made = arithmetic(*files, "--index", "3,4", "--strength", "0:2:3", "--with-originals", "--save-vector", "v.npy")
    strips = [strip.splitlines() for strip in made.rstrip().split("\n\n")]
    test = (folder / "test.txt").read_text().splitlines()
    assert [strip[0] for strip in strips] == ["sentence 3 + mine.txt", "sentence 4 + mine.txt"], made
    assert [strip[1] for strip in strips] == [f"original  {test[i]}" for i in (3, 4)], made
    assert [line[:10].rstrip() for line in strips[0][2:]] == ["decoded", "0", "1", "2"], made
    assert all(strip[2][10:] == strip[3][10:] for strip in strips), made
    again = arithmetic("--vector", "v.npy", "--text", test[3], "--strength", "0:2:3").splitlines()
    assert [line[10:] for line in again[1:]] == [line[10:] for line in strips[0][2:]], again
    signed = arithmetic("--vector", "v.npy", "--text", test[3], "--strength=-2:2:3").splitlines()
    assert [line[:10].rstrip() for line in signed[1:]] == ["decoded", "−2", "0", "2"], signed
    assert all(line[9] == " " and line[10] != " " for line in signed[1:]), signed
    many = arithmetic(*files, "--index", ",".join(map(str, range(50))), "--strength", 2).rstrip().split("\n\n")
    before, after = ([strip.splitlines()[i][10:].startswith("my friend") for strip in many] for i in (1, 2))
    assert sum(after) > sum(before) + 10, many


def check_codes(folder):
    said = program("encode", "--run", "run", "--out", "codes.csv", "--log-variance", "v.csv", folder=folder)
    assert said == "codes.csv: 50 codes of 3, sentences numbered in codes-names.csv\n", said
    codes = table(folder / "codes.csv")
    assert [len(row) for row in codes] == [len(row) for row in table(folder / "v.csv")] == [3] * 50
    program("encode", "--run", "run", "--input", "test.txt", "--out", "again.csv", folder=folder)
    assert codes == table(folder / "again.csv")
    again = program("reconstruct", "--run", "run", "--count", 50, folder=folder).splitlines()
    decoded = program("decode", "--run", "run", "--input", "codes.csv", folder=folder).splitlines()
    assert decoded == [line[16:] for line in again if line.startswith("reconstruction")]


def check_evaluate(folder):
    def evaluate(*more):
        return json.loads(program("evaluate", "--run", "run", "--json", *more, folder=folder))

    found, logged = evaluate("--samples", 50), lines(folder, "run")[-1]
    assert logged["split"] == "test" and found["sentences"] == 50 and found["samples"] == 50
    for key in ("neg_elbo", "reconstruction", "kl", "perplexity"):
        assert math.isclose(found[key], logged[key], rel_tol=1e-6), f"{key}: {found[key]}, in training {logged[key]}"
    for a, b in zip(found["kl_per_dimension"], logged["kl_per_dimension"], strict=True):
        assert math.isclose(a, b, rel_tol=1e-6)
    words = sum(len(line.split()) + 1 for line in (folder / "test.txt").read_text().splitlines())
    assert found["steps"] == words
    assert math.isclose(found["perplexity"], math.exp(found["neg_elbo"] * 50 / words), rel_tol=1e-6)
    assert math.isclose(found["log_likelihood_perplexity"], math.exp(-found["log_likelihood"] * 50 / words),
                        rel_tol=1e-6)
    assert {**found, "seconds": 0} == {**evaluate("--samples", 50), "seconds": 0}
    # More samples tighten the bound. 3,000 do not fit a run, and are cut into several.
    many = evaluate("--samples", 3000)["log_likelihood"]
    assert -found["neg_elbo"] < found["log_likelihood"] < many < 0
    assert abs(many - evaluate("--samples", 1000)["log_likelihood"]) < 0.5
    assert evaluate()["log_likelihood"] is None and evaluate()["neg_elbo"] == found["neg_elbo"]
    assert evaluate("--limit", 7, "--samples", 0)["sentences"] == 7
    assert evaluate("--input", "valid.txt", "--samples", 0)["sentences"] == 60
    program("evaluate", "--run", "run", "--samples", 0, "--npy", "nats.npy", folder=folder)
    rows = (folder / "nats.csv").read_text().splitlines()
    assert rows[0] == "index,neg_elbo" and len(rows) == 51, rows[0]
    assert math.isclose(sum(float(row.split(",")[1]) for row in rows[1:]) / 50, found["neg_elbo"], rel_tol=1e-5)
    said = program("evaluate", "--run", "run", "--samples", 20, "--plot", "kl.png", folder=folder)
    assert said.count("perplexity  ") == 2 and "images" not in said and (folder / "kl.png").exists(), said


def check_others(folder):
    program("report", "--run", "run", folder=folder)
    page = (folder / "report.html").read_text()
    for expected in ('"title":"Samples"', '"title":"Reconstructions"', '"title":"From one sentence to another"',
                     '"title":"Completions"', '"kind":"text"', "Sequences are made step by step"):
        assert expected in page, expected
    first = (folder / "test.txt").read_text().splitlines()[0]
    assert json.dumps(first) in page
    begun = " ".join(first.split()[:(len(first.split()) + 1) // 2])
    assert f"[{json.dumps(begun)},\"" in page, begun
    assert "sentences   of up to 12 tokens, with a vocabulary of 24\n" in program("info", "--run", "run", folder=folder)
    said = program("info", "--config", "text.ini", folder=folder)
    for expected in ("sentences     400 training, 60 validation, 50 test\n", "vocabulary    24 tokens; 0.00 % of",
                     "% padding in ", " a sentence\n", "shared arena "):
        assert expected in said, f"'{expected}' is not in {said}"
    assert "sentences/s" in program("info", "--config", "text.ini", "--cost", folder=folder)
    said = program("info", "--run", "run", "--measure", "--repeats", 5, folder=folder)
    assert "32 of " in said and "sentences/s" in said and "images" not in said, said
    refuse("--shape is for models of images, but this one is of texts", "info", "--config", "text.ini", "--shape", "2x2",
           folder=folder)


def check_refusals(folder):
    def no(message, *arguments, status=2):
        refuse(message, *arguments, "--run", "run", folder=folder, status=status)

    no("traverse: this model is of texts, which the command is not for: interpolate", "traverse")
    no("a decoder of sequences chooses each step by the one before", "export", "--part", "decoder", "--out", "onnx")
    assert not (folder / "onnx").exists(), "what cannot be exported leaves a folder"
    said = run("export", "--run", "run", "--out", "onnx", folder=folder)
    assert said.stdout == "onnx/encoder.onnx\n" and said.stderr.count("warning") == 1, said
    assert "chooses each step by the one before" in said.stderr, said.stderr
    no("onnx/encoder.onnx: already exists", "export", "--out", "onnx")
    assert program("export", "--run", "run", "--out", "e.onnx", folder=folder) == "e.onnx\n"
    no("--input is for models of images here", "probe", "--input", "test.txt", "--label", "a")
    no("--npy is for models of images, but this one is of texts", "sample", "--npy", "x.npy")
    no("--columns is for models of images, drawings and music, but this one is of texts", "sample", "--columns", 3)
    no("--noise is for models of images", "sample", "--noise")
    no("--crop is for models of images", "encode", "--input", "test.txt", "--crop", 3)
    no("--animate is for models of images", "interpolate", "--prior", 1, "--animate", "x.apng")
    no("samples.png: the name ends in .png, but the output can be a text (.txt)", "sample", "--out", "samples.png")
    no("--greedy and --beam cannot both be given", "sample", "--greedy", "--beam", 2)
    no("--beam, which draws nothing, and --top-k cannot both be given", "sample", "--beam", 2, "--top-k", 2)
    no("'65' is not", "sample", "--beam", 65)
    no("index 50 is past the last item, 49", "reconstruct", "--index", "3,50")
    no("--from names 2 sentences, but --to 1", "interpolate", "--from", "1,2", "--to", 3)
    no("--from and --to, or --prior, are missing", "interpolate", "--from", 3)
    no("--text is what it is added to", "arithmetic", "--vector", "v.npy", "--text", "a", "--index", 3)
    no("says what is added", "arithmetic", "--with", "test.txt")
    no("none.txt", "reconstruct", "--input", "none.txt")
    no("--text TEXT, --input FILE or --index I,J,… says what is to be completed", "complete")
    no("--max-length 2: a beginning has 3 tokens already", "complete", "--text", "a b c", "--max-length", 2)
    no("codes are an array [count, 3]", "decode", "--input", "wide.csv", status=1)
    no("line 2", "reconstruct", "--input", "broken.txt", status=1)
    no("empty.txt: holds no sentences: 2 empty lines were left out", "reconstruct", "--input", "empty.txt", status=1)
    # Where a gzip text breaks off, and not how far it was looked at to see what it is.
    whole, draw = (folder / "test.txt").read_bytes() * 100, random.Random(3)
    noise = "".join(draw.choice("abcdefgh ") for _ in range(100000)).encode()
    for text in (whole, noise):
        stored = gzip.compress(text)[:-20]
        (folder / "cut.txt.gz").write_bytes(stored)
        there = len(zlib.decompressobj(31).decompress(stored))
        no(f"cut.txt.gz: the gzip stream is cut short, after {there} bytes of its content", "reconstruct", "--input",
           "cut.txt.gz", status=1)
    no("made.txt: already exists; --force replaces it", "sample", "--out", "made.txt")
    no("would replace test.txt, which is read", "reconstruct", "--input", "test.txt", "--out", "test.txt", "--force")


def check_scheduled_sampling(folder):
    """The share rises and is logged, training goes elsewhere with it, and the reference draws the same tokens."""
    def train(run, *settings):
        program("--config", "text.ini", "--set", "train.log_interval=1", *(word for s in settings for word in ("--set", s)),
                "--out", run, "--quiet", folder=folder)
        return [line for line in lines(folder, run) if line["split"] == "train"]

    half, rising = "model.scheduled_sampling=0.5", "model.scheduled_sampling_epochs=1.5"
    plain, sampled = train("forced"), train("sampled", half, rising)
    assert not any("scheduled_sampling" in line for line in lines(folder, "forced"))
    steps = plain[-1]["step"] // 2
    for i, line in enumerate(sampled):
        assert math.isclose(line["scheduled_sampling"], min(0.5, 0.5 * i / (1.5 * steps))), line
    assert not any("scheduled_sampling" in line for line in lines(folder, "sampled") if line["split"] == "test")
    # In the first step nothing is drawn: the second pass is that of teacher forcing.
    assert {**sampled[0], "scheduled_sampling": None} == {**plain[0], "scheduled_sampling": None}
    assert sampled[-1]["reconstruction"] != plain[-1]["reconstruction"]
    alone = train("alone", half, rising, "run.threads=1")
    assert alone == sampled, "threads change what is drawn"
    exact = train("exact", half, rising, "run.device=reference")
    assert math.isclose(exact[-1]["reconstruction"], sampled[-1]["reconstruction"], rel_tol=1e-4)
    program("report", "--run", "sampled", "--out", "sampled.html", folder=folder)
    assert "Scheduled sampling" in (folder / "sampled.html").read_text()
    refuse("[model] scheduled_sampling_epochs: belongs to scheduled_sampling, which is 0", "--config",
           "text.ini", "--set", rising, folder=folder)
    refuse("[model] scheduled_sampling: ", "--config", "text.ini", "--set", "model.scheduled_sampling=1.1", folder=folder)
    assert "  scheduled_sampling " in program("--help-config", folder=folder)


def check_vocabulary(folder):
    """A run goes on with the vocabulary that it began with, or not at all."""
    words = [*sorted(set((folder / "train.txt").read_text().split())), "unheard"]
    (folder / "words.txt").write_text("".join(f"{word}\n" for word in words))
    ways = ("--set", "data.vocabulary=words.txt", "--out", "listed", "--quiet")
    program("--config", "text.ini", *ways, folder=folder)
    for other in ([*words, "unseen"], words[:-1]):
        (folder / "words.txt").write_text("".join(f"{word}\n" for word in other))
        refuse(f"the vocabulary was of {len(words) + 3} tokens when the run was started, now it is of {len(other) + 3}",
               "--resume", "--out", "listed", "--set", "train.epochs=9", folder=folder, status=2)


def check_other_tokens(folder):
    """Characters and bytes, whose sentences are put together without blanks."""
    for tokens in ("characters", "bytes"):
        program("--config", "text.ini", "--set", f"data.tokens={tokens}", "--set", "data.max_length=20", "--out", tokens,
                "--quiet", folder=folder)
        letters = set((folder / "train.txt").read_text()) - {"\n"}
        made = program("sample", "--run", tokens, "--count", 5, folder=folder)
        assert len(made.splitlines()) == 5 and set(made) - {"\n"} <= letters, made
        made = program("complete", "--run", tokens, "--text", "the", "--count", 3, folder=folder)
        assert all(line.startswith("the") for line in made.splitlines()), made
        # A beginning is what was typed, blanks included; between words they only part them.
        made = program("complete", "--run", tokens, "--text", " the c ", "--count", 3, "--max-length", 30, folder=folder)
        assert all(line.startswith(" the c ") for line in made.splitlines()), made
    said = run("complete", "--run", "bytes", "--text", "a Z?", "--count", 1, folder=folder)
    assert "--text: 2 of its 4 bytes are not in the model's vocabulary" in said.stderr, said.stderr


def check_terminal(folder):
    """A terminal is shown control characters, which it would obey; a pipe is given them."""
    (folder / "codes.txt").write_text("\x1b]0;title\x07\x1b[31m\n" * 40)
    program("--config", "text.ini", "--set", "data.tokens=bytes", "--set", "data.train_data=codes.txt", "--set",
            "data.validation_data=", "--set", "data.test_data=", "--set", "train.epochs=30", "--out", "codes", "--quiet", folder=folder)
    for command in (("sample", "--count", 4), ("reconstruct", "--count", 2), ("complete", "--text", "\x1b]", "--count", 2)):
        arguments = (*command, "--run", "codes")
        raw = run(*arguments, folder=folder).stdout
        assert "\x1b" in raw, raw
        shown = on_terminal(*arguments, folder=folder)
        assert "\\x1B" in shown and "\x1b" not in shown.replace("\x1b[K", ""), shown


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_files(folder)
        (folder / "wide.csv").write_text("0,0,0,0\n1,0,0,0\n")
        (folder / "broken.txt").write_bytes(b"a dog\na \xff\n")
        (folder / "empty.txt").write_text("\n\n")
        for check in (check_training, check_pictures, check_sample, check_reconstruct, check_interpolate, check_complete,
                      check_arithmetic, check_codes, check_evaluate, check_words, check_refusals, check_vocabulary, check_other_tokens, check_terminal,
                      check_scheduled_sampling, check_others):
            check(folder)
            print(f"{check.__name__}: ok", flush=True)
        # In mid-epoch, and while scheduled sampling rises.
        (folder / "rising.ini").write_text(CONFIG.replace("[train]", "scheduled_sampling = 0.5\nscheduled_sampling_epochs = 6\n[train]"))
        check_resume(folder, "rising.ini")
        print("check_resume: ok")


main()
