#!/usr/bin/env python3
"""Arrays as NumPy saves them, labels and names of classes, from the file to what commands print and draw.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) where NumPy is not installed.
"""
import gzip
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    import numpy as np
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
CONFIG = "[model]\nlayers = 8\nlatent = 2\n[train]\nepochs = 1\nbatch_size = 8\npicture_interval = 0\n[run]\nthreads = 1\n"


def run(folder, *arguments, code=0):
    result = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == code, f"{arguments}: exit code {result.returncode}: {result.stderr}"
    return result.stdout + result.stderr


def train(folder, out, *settings, code=0):
    shutil.rmtree(folder / out, ignore_errors=True)
    sets = [part for setting in settings for part in ("--set", f"data.{setting}")]
    return run(folder, "--config", "tiny.ini", "--out", out, *sets, code=code)


def codes(folder, name):
    run(folder, "encode", "--run", name, "--out", "codes.npy", "--force", "--quiet")
    return np.load(folder / "codes.npy")


def write_png(path, image):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 0, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def check_orders(folder):
    """The same images in every order and type give the same run, so the same codes."""
    images = np.random.default_rng(2).integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)
    first = images.transpose(0, 3, 1, 2)
    np.save(folder / "c.npy", images)
    train(folder, "c", "train_data=c.npy")
    expected = codes(folder, "c")
    cases = {"fortran": (np.asfortranarray(images), []), "big": (images.astype(">u2"), []), "wide": (images.astype(np.int64), []),
             "half": ((images / 255).astype(np.float16), []), "single": ((images / np.float32(255)), []),
             "first": (np.ascontiguousarray(first), ["layout=channels_first"]),
             "both": (np.asfortranarray(first), ["layout=channels_first"])}
    for name, (array, settings) in cases.items():
        np.save(folder / f"{name}-data.npy", array)
        for storage in ["memory", "disk"]:
            said = train(folder, name, f"train_data={name}-data.npy", f"storage={storage}", "cache=cache", *settings)
            assert "warning: [data]" not in said, (name, said)
            assert np.array_equal(codes(folder, name), expected), (name, storage)
    # What commands write and read has the layout of the run.
    run(folder, "decode", "--run", "first", "--input", "codes.npy", "--out", "decoded.npy")
    run(folder, "decode", "--run", "c", "--input", "codes.npy", "--out", "decoded-last.npy")
    decoded = np.load(folder / "decoded.npy")
    assert decoded.shape == (24, 3, 6, 5) and np.array_equal(decoded.transpose(0, 2, 3, 1), np.load(folder / "decoded-last.npy"))
    for given in ["first-data", "both-data"]:
        run(folder, "encode", "--run", "first", "--input", f"{given}.npy", "--out", "again.npy", "--force")
        assert np.array_equal(np.load(folder / "again.npy"), expected), given
    run(folder, "encode", "--run", "first", "--input", "decoded.npy", "--out", "again.npy", "--force")
    run(folder, "reconstruct", "--run", "first", "--input", "first-data.npy", "--npy", "pairs.npy", "--out", "pairs.png")
    assert np.load(folder / "pairs.npy").shape[1:] == (3, 6, 5)
    (folder / "c.npy.gz").write_bytes(gzip.compress((folder / "c.npy").read_bytes()))
    train(folder, "gzip", "train_data=c.npy.gz")
    assert np.array_equal(codes(folder, "gzip"), expected)
    np.save(folder / "plain.npy", first)
    said = train(folder, "bad", "train_data=plain.npy", code=1)
    assert "[24, 3, 6, 5]" in said and "[data] layout = channels_first" in said, said


def check_binary(folder):
    """Zeros and ones are black and white; both parts are compared."""
    ones = (np.random.default_rng(3).random((24, 6, 5)) < 0.3).astype(np.uint8)
    np.save(folder / "white.npy", ones * 255)
    np.save(folder / "ones.npy", ones)
    train(folder, "white", "train_data=white.npy")
    expected = codes(folder, "white")
    for storage in ["memory", "disk", "disk"]:
        said = train(folder, "ones", "train_data=ones.npy", f"storage={storage}", "cache=cache")
        assert "24 images hold only 0 and 1" in said, said
        assert np.array_equal(codes(folder, "ones"), expected), storage
    np.save(folder / "grey.npy", np.arange(12 * 30, dtype=np.uint64).reshape(12, 6, 5) % 250)
    said = train(folder, "mixed", "train_data=ones.npy", "test_data=grey.npy")
    assert "12 images differ in kind from the training images: train_data holds only 0 and 1" in said, said
    np.save(folder / "sixteen.npy", np.arange(12 * 30, dtype=np.int32).reshape(12, 6, 5) % 17)
    said = train(folder, "dark", "train_data=sixteen.npy")
    assert "12 images are dark: no pixel is above 16 of 255" in said, said


def check_labels(folder):
    """A folder's pictures are interleaved by class: a file of labels must name them."""
    rng = np.random.default_rng(4)
    names = [f"{kind}/{i:02}.png" for kind in ["glasses", "none"] for i in range(12)]
    for name in names:
        write_png(folder / "faces" / name, rng.integers(0, 60, (6, 6), dtype=np.uint8) + (180 if name < "h" else 0))
    labels = np.array([name < "h" for name in names], dtype=np.uint8)
    np.save(folder / "labels.npy", labels)
    said = train(folder, "bad", "train_data=faces", "train_labels=labels.npy", code=1)
    assert "are interleaved" in said and "a first column `image` of names such as 'glasses/00.png'" in said, said
    rows = "".join(f"{name},{'with' if label else 'without'}\n" for name, label in zip(names, labels))
    (folder / "labels.csv").write_text("image,label\n" + rows)
    train(folder, "named", "train_data=faces", "train_labels=labels.csv")
    assert "label with            1.0000" in run(folder, "probe", "--run", "named", "--label", "with")
    assert "did you mean 'without'?" in run(folder, "probe", "--run", "named", "--label", "witout", code=2)
    train(folder, "classes", "train_data=faces")
    assert "label glasses         1.0000" in run(folder, "probe", "--run", "classes", "--label", "glasses")
    assert "label glasses         1.0000" in run(folder, "probe", "--run", "classes", "--label", "0")
    assert "label none: mean code of 12" in run(folder, "arithmetic", "--run", "classes", "--label", "none", "--index", "0")
    assert "classes     2: glasses, none\n" in run(folder, "info", "--run", "classes")
    run(folder, "report", "--run", "classes", "--out", "page.html", "--quiet")
    assert '"classes":["glasses","none"]' in (folder / "page.html").read_text()
    run(folder, "latent", "--run", "classes", "--out", "plain", "--quiet")
    (folder / "shown.csv").write_text("glasses,Brillen\nnone,\"ohne, frei\"\n")
    train(folder, "shown", "train_data=faces", "class_names=shown.csv")
    assert "label ohne, frei" in run(folder, "probe", "--run", "shown", "--label", "ohne, frei")
    # The file that a run leaves can be given to the next.
    train(folder, "again", "train_data=faces", "train_labels=labels.csv", "class_names=named/class_names.txt")
    assert "classes     2: with, without\n" in run(folder, "info", "--run", "again")


def check_many_classes(folder):
    for i in range(257):
        write_png(folder / "many" / f"c{i:03}" / "0.png", np.full((2, 2), i % 200, dtype=np.uint8))
    train(folder, "many-run", "train_data=many")
    assert "label c256 " in run(folder, "probe", "--run", "many-run", "--label", "c256")
    said = run(folder, "info", "--run", "many-run")
    assert "classes     257: c000, c001, " in said and ", c038, … and 218 more\n" in said, said


def check_thousand(folder):
    """1,000 classes, whose numbers are of any range, through every command that knows of labels."""
    random = np.random.default_rng(4)
    classes = np.concatenate([np.arange(1000), random.permutation(1000), random.permutation(1000)])
    corners = random.integers(0, 256, (1000, 4, 4))
    np.save(folder / "x.npy", np.clip(corners[classes] + random.integers(-9, 9, (3000, 4, 4)), 0, 255).astype(np.uint8))
    np.save(folder / "y.npy", classes.astype(">i8") * 1000003 - 5)
    np.save(folder / "texts.npy", np.array([f"Nº {label}" for label in classes]))
    train(folder, "thousand", "train_data=x.npy", "train_labels=y.npy", "validation=1000", "test_data=x.npy", "test_labels=y.npy",
          "test_limit=900")
    lines = run(folder, "probe", "--run", "thousand", "--classes").splitlines()
    assert "of 1000 classes" in lines[0] and lines[1].endswith("2000 images; test 900") and lines[2].startswith("top 5 "), lines
    assert lines[3] == "the worst" and lines[9] == "the best" and len(lines) == 15 and lines[14].endswith("   2; test 1"), lines
    top = [float(line.split()[-5]) for line in lines[1:3]]
    assert 0.002 < top[0] < top[1], lines
    assert "label -5 " in run(folder, "probe", "--run", "thousand", "--label", "-5")
    assert "label 999002992: mean code of 2 images minus that of 1998" in run(
        folder, "arithmetic", "--run", "thousand", "--label", "999002992", "--index", "0", "--force")
    run(folder, "latent", "--run", "thousand", "--out", "plane", "--quiet")
    run(folder, "evaluate", "--run", "thousand", "--samples", "0", "--npy", "each.npy", "--quiet")
    run(folder, "encode", "--run", "thousand", "--out", "thousand.npy", "--quiet")
    table = (folder / "thousand.csv").read_text().splitlines()
    assert table[0] == "index,class,label" and table[8] == f"7,{7 * 1000003 - 5},7", table[:9]
    run(folder, "report", "--run", "thousand", "--out", "thousand.html", "--quiet")
    assert '"classes":["-5","999998",' in (folder / "thousand.html").read_text()
    train(folder, "texts", "train_data=x.npy", "train_labels=texts.npy", "validation=1000")
    said = run(folder, "probe", "--run", "texts", "--label", "Nº 31")
    assert "label Nº 31 " in said and "2 with, 1998 without; test 1, 999" in said and "validation images" in said, said


with tempfile.TemporaryDirectory() as name:
    place = pathlib.Path(name)
    (place / "tiny.ini").write_text(CONFIG)
    check_orders(place)
    check_binary(place)
    check_labels(place)
    check_many_classes(place)
    check_thousand(place)
    print("arrays of every order and type, labels by name, classes with names")
