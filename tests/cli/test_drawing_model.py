"""Models of drawings as users run them: train, resume, and every command, on circles and crosses that are drawn by hand, nearly.

Run by ctest with VAE_PROGRAM."""

import json
import math
import pathlib
import random
import re
import struct
import tempfile
import zipfile

from sequence_run import check_resume, lines, pictures, program, refuse, run

COUNTS = {"train": 120, "valid": 20, "test": 20}
CONFIG = """[data]
train_data = train.ndjson
validation_data = valid.ndjson
test_data = test.ndjson
[model]
family = sketch_rnn
latent = 2
encoder_units = 16
decoder_units = 32
components = 3
[train]
epochs = 2
batch_size = 20
learning_rate = 0.01
beta = 0.1
"""


def make_drawing(draw):
    kind, size = draw.choice(["circle", "cross"]), draw.uniform(40, 80)
    angles = [2 * math.pi * i / 10 for i in range(11)]
    lines_of = {"circle": [[(size * math.cos(a), size * math.sin(a)) for a in angles]],
                "cross": [[(-size, 0), (0, 0), (size, 0)], [(0, -size), (0, 0), (0, size)]]}
    strokes = [[[round(p[k] + draw.gauss(0, 2)) for p in line] for k in range(2)] for line in lines_of[kind]]
    return {"word": kind, "drawing": strokes}


def make_files(folder):
    draw = random.Random(2)
    for name, count in COUNTS.items():
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(make_drawing(draw)) + "\n" for _ in range(count)))
    (folder / "drawings.ini").write_text(CONFIG)


def size_of(path):
    """Width and height of a PNG."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    return struct.unpack(">II", data[16:24])


def check_training(folder):
    said = program("--config", "drawings.ini", "--out", "short", folder=folder)
    for expected in ("120 training, 20 validation, 20 test drawings of up to ", "0 cut; 2 buckets, ", "strokes/s",
                     "nats a drawing", "next: vae-cuda sample --run short --out samples.png\n"):
        assert expected in said, f"'{expected}' is not in {said}"
    assert "perplexity" not in said and "image" not in said, said
    program("--config", "drawings.ini", "--set", "train.epochs=40", "--out", "run", "--quiet", folder=folder)
    # The encoder ahead of the decoder, with buckets and with programs of one length.
    for published in ("no", "yes"):
        program("--config", "drawings.ini", "--set", "train.encoder_updates=5", "--set", "data.max_length=20", "--set",
                f"model.pen_loss_over_padding={published}", "--out", f"ahead-{published}", "--quiet", folder=folder)
        assert lines(folder, f"ahead-{published}")[0]["encoder_updates"] == 5


def check_pictures_of_training(folder):
    assert pictures(folder, "short") == [f"epoch-{epoch:04}-{what}.png" for epoch in (1, 2) for what in ("reconstructions", "samples")]
    for name in pictures(folder, "short"):
        assert size_of(folder / "short/pictures" / name) == (8 * 128, 4 * 128), name
    # Few held-out drawings make a short row of each.
    few = (folder / "test.ndjson").read_text().splitlines(keepends=True)[:3]
    (folder / "few.ndjson").write_text("".join(few))
    program("--config", "drawings.ini", "--set", "data.test_data=few.ndjson", "--set", "train.epochs=1", "--out", "few",
            "--quiet", folder=folder)
    assert size_of(folder / "few/pictures/epoch-0001-reconstructions.png") == (3 * 128, 2 * 128)
    program("--config", "drawings.ini", "--set", "train.picture_interval=0", "--out", "rare", "--quiet", folder=folder)
    assert lines(folder, "rare") == lines(folder, "short"), "pictures have changed the training"
    program("report", "--run", "short", "--out", "short.html", folder=folder)
    page = (folder / "short.html").read_text()
    assert '"pictures":[{"epoch":1,"samples":true,"reconstructions":true},{"epoch":2,' in page


def check_pictures(folder):
    def make(command, name, drawings, *more, columns, rows, heads=(), names=()):
        """As PNG, and as SVG with the same labels; animations have none."""
        said = program(command, "--run", "run", *more, folder=folder)
        assert said.splitlines()[-1] == f"{name}: {drawings} drawings", said
        width, height = size_of(folder / name)
        assert (width > columns * 128 if names else width == columns * 128), f"{command}: {width} x {height}"
        assert (height > rows * 128 if heads else height == rows * 128), f"{command}: {width} x {height}"
        if name.endswith(".apng"):
            return
        program(command, "--run", "run", *more, "--out", f"{command}.svg", folder=folder)
        drawn = (folder / f"{command}.svg").read_text()
        assert f'width="{width}" height="{height}"' in drawn, drawn
        assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn) == [*heads, *names], drawn

    make("sample", "samples.png", 6, "--count", 6, "--columns", 3, columns=3, rows=2)
    assert program("sample", "--run", "run", "--count", 3, "--codes", "alone.csv", "--out", "with.svg", folder=folder) == (
        "with.svg: 3 drawings\nalone.csv: 3 codes\n")
    before = (folder / "samples.png").read_bytes()
    said = program("sample", "--run", "run", "--count", 3, "--codes", "alone.csv", "--force", folder=folder)
    assert said == "alone.csv: 3 codes\n" and (folder / "samples.png").read_bytes() == before, said
    make("reconstruct", "reconstructions.png", 16, "--count", 8, "--columns", 4, columns=4, rows=4, names=["original", "reconstruction"] * 2)
    ways = ("--from", "0,1", "--to", "2,3", "--steps", 5)
    make("interpolate", "interpolation.png", 10, *ways, columns=5, rows=2, heads=["0", "0.25", "0.5", "0.75", "1"],
         names=["drawing 0", "to drawing 2", "drawing 1", "to drawing 3"])
    make("interpolate", "ways.apng", 10, *ways, "--out", "ways.apng", columns=5, rows=2)
    make("complete", "completions.png", 8, "--index", "0,11", "--count", 3, "--with-originals", columns=4, rows=2,
         heads=["original", "", "", ""], names=["drawing 0", "drawing 11"])
    make("sample", "samples.apng", 6, "--count", 6, "--columns", 3, "--out", "samples.apng", columns=3, rows=2)
    assert b"acTL" in (folder / "samples.apng").read_bytes()
    make("arithmetic", "arithmetic.png", 4, "--label", "circle", "--index", 4, "--strength=-2:2:3", columns=4, rows=1,
         heads=["decoded", "−2", "0", "2"], names=["drawing 4", "+ label circle"])


def check_same(folder):
    """The same seed gives the same bytes, another one others."""
    names = [folder / f"{i}.svg" for i in range(3)]
    for name, seed in zip(names, (1, 1, 2), strict=True):
        program("sample", "--run", "run", "--count", 4, "--seed", seed, "--out", name.name, folder=folder)
    first, same, other = (name.read_bytes() for name in names)
    assert first == same != other and first.count(b"<path") >= 4
    program("sample", "--run", "run", "--count", 3, "--out", "drawn/", folder=folder)
    assert sorted(p.name for p in (folder / "drawn").iterdir()) == ["000000.svg", "000001.svg", "000002.svg"]
    refuse("drawn/: already holds numbered pictures", "sample", "--run", "run", "--out", "drawn/", folder=folder)
    # What is written can be read again.
    program("reconstruct", "--run", "run", "--input", "drawn", "--out", "again.png", folder=folder)
    program("complete", "--run", "run", "--input", "drawn/000001.svg", "--out", "on.svg", "--greedy", folder=folder)
    assert size_of(folder / "again.png")[0] > 0 and b"<path" in (folder / "on.svg").read_bytes()
    program("interpolate", "--run", "run", "--from", "drawn/000000.svg", "--to", "drawn/000001.svg", "--out", "way.svg",
            folder=folder)


def table(path):
    return [line.split(",") for line in path.read_text().splitlines()]


def check_names(folder, kinds):
    """Tables tell of other drawings what there is: the file of each, the class, or only the number."""
    said = program("encode", "--run", "run", "--input", "drawn", "--out", "e.npy", folder=folder)
    assert said == "e.npy: 3 codes of 2, drawings named in e.csv\n", said
    names = [f"00000{i}.svg" for i in range(3)]
    assert table(folder / "e.csv") == [["index", "file"], *([str(i), name] for i, name in enumerate(names))]
    program("evaluate", "--run", "run", "--input", "drawn", "--npy", "nats.npy", folder=folder)
    assert [row[:2] for row in table(folder / "nats.csv")] == table(folder / "e.csv")
    for name, kind in zip(names, ("cat", "cat", "dog"), strict=True):
        (folder / "kinds" / kind).mkdir(parents=True, exist_ok=True)
        (folder / "kinds" / kind / name).write_bytes((folder / "drawn" / name).read_bytes())
    for storage in ("memory", "disk", "disk"):
        program("encode", "--run", "run", "--input", "kinds", "--set", f"data.storage={storage}", "--set", "data.cache=cache",
                "--out", "k.npy", "--force", folder=folder)
        rows = table(folder / "k.csv")
        assert rows[0] == ["index", "file", "class"], rows
        assert sorted(row[1:] for row in rows[1:]) == [[f"{kind}/{name}", kind] for name, kind in
                                                       zip(names, ("cat", "cat", "dog"), strict=True)], rows
    said = program("encode", "--run", "run", "--input", "test.ndjson", "--out", "t.npy", folder=folder)
    assert said == "t.npy: 20 codes of 2, drawings named in t.csv\n", said
    assert table(folder / "t.csv") == [["index", "class"], *([str(i), kind] for i, kind in enumerate(kinds))]
    nameless = [json.dumps({"drawing": json.loads(line)["drawing"]}) for line in (folder / "test.ndjson").read_text().splitlines()]
    (folder / "nameless.ndjson").write_text("\n".join(nameless))
    said = program("encode", "--run", "run", "--input", "nameless.ndjson", "--out", "n.npy", folder=folder)
    assert said == "n.npy: 20 codes of 2, drawings numbered in n.csv\n" and table(folder / "n.csv")[0] == ["index"], said


def check_codes(folder):
    said = program("encode", "--run", "run", "--out", "codes.csv", folder=folder)
    assert said == "codes.csv: 20 codes of 2, drawings named in codes-names.csv\n", said
    kinds = [json.loads(line)["word"] for line in (folder / "test.ndjson").read_text().splitlines()]
    named = [line.split(",")[1] for line in (folder / "codes-names.csv").read_text().splitlines()[1:]]
    assert named == kinds, named
    program("decode", "--run", "run", "--input", "codes.csv", "--out", "decoded.svg", folder=folder)
    check_names(folder, kinds)
    said = program("probe", "--run", "run", "--label", "circle", folder=folder)
    assert float(said.splitlines()[1].split()[3]) > 0.9, said
    said = program("probe", "--run", "run", "--classes", folder=folder)
    assert "   120 drawings; test 20\n" in said and "image" not in said, said
    program("latent", "--run", "run", "--out", "latent.png", folder=folder)
    assert size_of(folder / "latent.png")[0] > 0


def check_evaluate(folder):
    found, logged = json.loads(program("evaluate", "--run", "run", "--json", "--samples", 30, folder=folder)), lines(folder, "run")[-1]
    assert logged["split"] == "test" and found["drawings"] == 20 and found["perplexity"] is None
    for key in ("neg_elbo", "reconstruction", "kl"):
        assert math.isclose(found[key], logged[key], rel_tol=1e-6), f"{key}: {found[key]}, in training {logged[key]}"
    assert math.isclose(found["neg_elbo_per_step"], found["neg_elbo"] * 20 / found["steps"], rel_tol=1e-6)
    assert found["log_likelihood"] > -found["neg_elbo"]
    said = program("evaluate", "--run", "run", folder=folder)
    assert "per step  " in said and "strokes, ends of drawings counted" in said, said


def check_others(folder):
    program("report", "--run", "run", folder=folder)
    page = (folder / "report.html").read_text()
    for expected in ('"title":"Samples"', '"title":"Completions"', '"kind":"drawing"'):
        assert expected in page, expected
    assert "drawings    of up to 10 strokes\n" in program("info", "--run", "run", folder=folder)
    said = program("info", "--config", "drawings.ini", folder=folder)
    assert "drawings      120 training, 20 validation, 20 test\n" in said and "vocabulary" not in said, said


def check_decoder_only(folder):
    program("--config", "drawings.ini", "--set", "model.decoder_only=yes", "--out", "only", "--quiet", folder=folder)
    assert pictures(folder, "only") == ["epoch-0001-samples.png", "epoch-0002-samples.png"]
    for command in (("sample",), ("complete", "--index", 0), ("report", "--force"), ("info",)):
        program(*command, "--run", "only", *(("--force",) if command[0] in ("sample", "complete") else ()), folder=folder)
    said = program("evaluate", "--run", "only", folder=folder)
    assert "a decoder only: this is exact" in said and "KL" not in said, said
    message = "this model is a decoder only and has no codes; sample and complete are for it"
    for command, option in ((("sample", "--codes", "z.npy"), "--codes"), (("sample", "--prior", "aggregate"), "--prior aggregate"),
                            (("evaluate", "--samples", 3), "--samples"), (("evaluate", "--plot", "kl.png"), "--plot")):
        refuse(f"vae-cuda: error: {option}: {message}", *command, "--run", "only", "--force", folder=folder)
    refuse(f"only: {message}", "latent", "--run", "only", "--force", folder=folder)
    for part in ((), ("--part", "encoder")):
        refuse("this model is a decoder only and has no encoder", "export", "--run", "only", "--out", "nothing", *part, folder=folder)
    refuse("but this model has none", "export", "--run", "only", "--out", "nothing", "--part", "decoder", folder=folder)
    assert not (folder / "nothing").exists()
    for command in (("reconstruct",), ("interpolate", "--prior", 1), ("encode", "--out", "none.npy"), ("probe", "--label", "circle"),
                    ("decode", "--input", "codes.csv"), ("arithmetic", "--label", "circle"), ("sample", "--codes", "z.npy"),
                    ("complete", "--index", 0, "--code", "prior"), ("evaluate", "--samples", 3)):
        refuse(message, *command, "--run", "only", "--force", folder=folder)


def check_refusals(folder):
    def no(message, *arguments, status=2):
        refuse(message, *arguments, "--run", "run", folder=folder, status=status)

    no("traverse: this model is of drawings", "traverse")
    refuse("[model] scheduled_sampling: is a key of family = text_vae, music_vae, but family = sketch_rnn", "info", "--config",
           "drawings.ini", "--set", "model.scheduled_sampling=0.1", folder=folder)
    for option in (("--beam", 2), ("--top-k", 2), ("--top-p", 0.5)):
        kinds = "texts" if option[0] == "--beam" else "texts and music"
        no(f"{option[0]} is for models of {kinds}, but this one is of drawings", "sample", *option)
    no("--text is for models of texts", "complete", "--text", "a")
    no("x.txt: the name ends in .txt, but the output can be a picture (.png), or an animation, APNG (.apng or .png), or a drawing (.svg), or a folder", "sample",
       "--out", "x.txt")
    no("--input FILE or --index I,J,… says what is to be completed", "complete")
    no("none.svg", "interpolate", "--from", "none.svg", "--to", 1, "--force")
    no("line 1", "reconstruct", "--input", "broken.ndjson", "--force", status=1)
    unknown = [json.dumps({**json.loads(line), "recognized": False}) for line in (folder / "test.ndjson").read_text().splitlines()]
    (folder / "unknown.ndjson").write_text("\n".join([*unknown, '{"word": "cat", "drawing": []}']))
    no("unknown.ndjson: holds no drawings: 1 drawing without strokes was left out; 20 drawings were left out, as QuickDraw did "
       "not recognize them (recognized = no keeps them)", "reconstruct", "--input", "unknown.ndjson", "--force", status=1)
    (folder / "blank").mkdir()
    for i in range(2):
        (folder / f"blank/{i}.svg").write_text("<svg/>")
    no("blank: holds no drawings: 2 drawings without strokes were left out", "reconstruct", "--input", "blank", "--force", status=1)
    with zipfile.ZipFile(folder / "cut.npz", "w") as archive:
        archive.writestr("test.npy", bytes(3000))
    stored = (folder / "cut.npz").read_bytes()[:2000]
    (folder / "cut.npz").write_bytes(stored)
    no("cut.npz: is cut short, after 2000 bytes, or damaged: ", "reconstruct", "--input", "cut.npz", "--force", status=1)


def check_words(folder):
    """What is said is said of drawings, and of those that the model made."""
    said = run("reconstruct", "--run", "run", "--count", 3, "--max-length", 1, "--force", folder=folder)
    assert "3 of 3 drawings had not ended after 1 stroke and are cut there" in said.stderr, said.stderr
    # As many strokes as the longest drawing has, its end not counted; at such a temperature a third of all steps are ends.
    hot = run("sample", "--run", "run", "--count", 600, "--temperature", 1000, "--force", folder=folder)
    assert " of 600 drawings had not ended after 10 strokes and are cut there" in hot.stderr, hot.stderr
    said = run("info", "--config", "drawings.ini", "--set", "data.max_length=1", folder=folder)
    assert "up to 1 stroke," in said.stdout and "sequence" not in said.stderr, said
    said = run("--config", "drawings.ini", "--set", "data.test_data=", "--set", "data.max_length=4", "--set", "train.epochs=1",
               "--out", "untested", folder=folder)
    assert "drawings are longer than max_length and were cut: 4 strokes were kept of each" in said.stderr, said.stderr
    said = run("encode", "--run", "untested", "--out", "untested.npy", folder=folder)
    assert "the run has no test drawings; these are its validation drawings" in said.stderr, said.stderr


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_files(folder)
        (folder / "broken.ndjson").write_text('{"word": "cat", "drawing": [[[1, 2], [3')
        for check in (check_training, check_pictures_of_training, check_pictures, check_same, check_codes, check_evaluate, check_others,
                      check_words, check_decoder_only, check_refusals):
            check(folder)
            print(f"{check.__name__}: ok", flush=True)
        check_resume(folder, "drawings.ini")
        print("check_resume: ok")


main()
