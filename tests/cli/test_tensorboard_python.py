"""TensorBoard's own reader finds in a run's event files what metrics.jsonl and pictures/ hold, also after a crash and a
resume.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) where NumPy or TensorBoard is not installed.
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy and tensorboard to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
SIDE, COUNT = 8, 80
CONFIG = """
[model]
layers = 24
latent = 3
likelihood = gaussian_shared
[data]
train_data = images.idx
test_data = images.idx
[train]
batch_size = 16
log_interval = 2
[run]
threads = 1
tensorboard = yes
"""


def train(folder, epochs, *arguments):
    result = subprocess.run([PROGRAM, "--config", "tiny.ini", "--out", "run", "--quiet", "--set", f"train.epochs={epochs}",
                             *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def expected_scalars(metrics):
    """{tag: [(step, value)]}"""
    found = {}
    for line in map(json.loads, metrics.read_text().splitlines()):
        for name in ("neg_elbo", "reconstruction", "kl", "bits_per_dimension", "active_units", "mutual_information", "beta", "learning_rate",
                     "grad_norm", "images_per_second"):
            if line.get(name) is not None:
                found.setdefault(f"{name}/{line['split']}", []).append((line["step"], line[name]))
    return found


def check_events(run, files):
    """All files of the run, as TensorBoard reads them, against what the run says elsewhere."""
    assert len(list((run / "tensorboard").iterdir())) == files
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    expected = expected_scalars(run / "metrics.jsonl")
    assert {"active_units/test", "bits_per_dimension/train"} <= set(expected), set(expected)
    assert set(events.Tags()["scalars"]) == set(expected), events.Tags()
    for tag, points in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert [step for step, _ in found] == [step for step, _ in points], (tag, found, points)
        np.testing.assert_allclose([value for _, value in found], [value for _, value in points], rtol=1e-6)
    assert set(events.Tags()["images"]) == {"samples", "reconstructions"}
    for tag in events.Tags()["images"]:
        images = events.Images(tag)
        pictures = sorted((run / "pictures").glob(f"*-{tag}.png"))
        assert len(images) == len(pictures) > 1
        for image, picture in zip(images, pictures):
            data = picture.read_bytes()
            assert image.encoded_image_string == data
            assert (image.width, image.height) == struct.unpack(">II", data[16:24])
    return sum(map(len, expected.values()))


def check(folder):
    images = np.random.default_rng(1).integers(0, 256, (COUNT, SIDE, SIDE), dtype=np.uint8)
    (folder / "images.idx").write_bytes(struct.pack(">IIII", 0x803, COUNT, SIDE, SIDE) + images.tobytes())
    (folder / "tiny.ini").write_text(CONFIG)
    run = folder / "run"
    train(folder, 2)
    check_events(run, 1)

    # The third epoch's checkpoint is lost, as in a crash: what came after the second is trained and told again.
    shutil.copytree(run / "checkpoints", folder / "older")
    train(folder, 3, "--resume")
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(folder / "older", run / "checkpoints")
    train(folder, 4, "--resume")
    count = check_events(run, 3)

    # A run that does not ask for them has none.
    train(folder, 1, "--out", "plain", "--set", "run.tensorboard=no")
    assert not (folder / "plain/tensorboard").exists()
    print(f"TensorBoard reads the {count} numbers of metrics.jsonl, and the pictures")


with tempfile.TemporaryDirectory() as name:
    check(pathlib.Path(name))
