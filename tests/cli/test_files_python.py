"""Arrays and figures as other tools see them: NumPy opens the .npy files that the program writes and the program those
of NumPy; an XML parser takes the SVG.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) where NumPy is not installed.
"""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

try:
    import numpy as np
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
SIDE, COUNT = 8, 41

CONFIG = """
[model]
layers = 24
latent = 2
[data]
train_data = images.idx
test_data = images.idx
[train]
epochs = 1
batch_size = 16
"""


def run(folder, *arguments, code=0):
    result = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == code, f"{arguments}: exit code {result.returncode}: {result.stderr}"
    return result.stderr


def check(folder):
    images = np.random.default_rng(1).integers(0, 256, (COUNT, SIDE, SIDE), dtype=np.uint8)
    (folder / "images.idx").write_bytes(struct.pack(">IIII", 0x803, COUNT, SIDE, SIDE) + images.tobytes())
    (folder / "tiny.ini").write_text(CONFIG)
    run(folder, "--config", "tiny.ini", "--out", "run", "--quiet")

    # The same images by way of every type that is read give the same codes.
    unit = images.astype(np.float64) / 255
    run(folder, "encode", "--run", "run", "--out", "codes.npy", "--quiet")
    expected = np.load(folder / "codes.npy", allow_pickle=False)
    assert expected.dtype == np.dtype("<f4") and expected.shape == (COUNT, 2), (expected.dtype, expected.shape)
    assert np.isfinite(expected).all() and expected.std() > 0
    for name, array in [
        ("f8", unit),
        ("f4", unit.astype(np.float32)),
        ("big", unit.astype(">f4")),
        ("u1", images),
        ("flat", unit.reshape(COUNT, -1)),
        ("fortran", np.asfortranarray(unit)),
    ]:
        np.save(folder / f"{name}.npy", array)
        run(folder, "encode", "--run", "run", "--input", f"{name}.npy", "--out", f"codes-{name}.npy", "--quiet")
        found = np.load(folder / f"codes-{name}.npy", allow_pickle=False)
        assert np.abs(found - expected).max() <= 1e-5, (name, np.abs(found - expected).max())

    np.savez(folder / "several.npz", first=unit[:2], second=images)
    run(folder, "encode", "--run", "run", "--input", "several.npz:second", "--out", "codes-npz.npy", "--quiet")
    assert np.abs(np.load(folder / "codes-npz.npy", allow_pickle=False) - expected).max() <= 1e-5

    # What cannot be read is said, not guessed.
    for name, array, words in [
        ("complex", unit.astype(np.complex64), "'<c8'"),
        ("object", np.full((2, SIDE, SIDE), None), "'|O'"),
        ("short", unit[:, :7], "but the model takes"),
    ]:
        np.save(folder / f"{name}.npy", array)
        message = run(folder, "encode", "--run", "run", "--input", f"{name}.npy", "--out", "none.npy", code=1)
        assert words in message and f"{name}.npy" in message, message
        assert not (folder / "none.npy").exists()

    run(folder, "latent", "--run", "run", "--out", "figure", "--grid", "6", "--quiet")
    root = xml.parse(folder / "figure.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == space + "svg", root.tag
    assert len(list(root.iter(space + "use"))) > 50 and len(list(root.iter(space + "image"))) == 1
    print("NumPy and the program read each other's arrays; the SVG is well-formed")


with tempfile.TemporaryDirectory() as name:
    check(pathlib.Path(name))
