"""Weighted objectives, flows, several stochastic layers and other priors as users run them: train, resume, evaluate, encode, decode,
sample and export, and what cannot be is refused by the name of its key. The numbers themselves are held to the papers
in tests/gradient.

Run by ctest with VAE_PROGRAM. ONNX Runtime checks the exported models where it is installed."""

import concurrent.futures
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import tempfile

try:
    import numpy as np
    import onnxruntime
except ImportError as error:
    print(f"{error}: the exported models are written, but not run")
    onnxruntime = None

PROGRAM = os.environ["VAE_PROGRAM"]
SIDE, COUNT = 6, 60
CONFIG = """[model]
layers = 12
latent = 3
[data]
train_data = images.idx
test_data = images.idx
[train]
epochs = 3
batch_size = 16
learning_rate = 0.01
picture_interval = 0
[run]
device = cpu
threads = 1
[evaluate]
samples = 200
"""
IWAE, DREG = {"model.objective": "iwae", "train.samples": 5}, {"model.objective": "dreg", "train.samples": 5}
PLANAR, LAYERS = {"model.posterior": "planar", "model.flow_length": 3}, {"model.latent": "3, 2", "model.latent_layers": "7"}
MODELS = {"iwae": IWAE, "dreg": DREG, "planar": PLANAR, "layers": LAYERS, "planar-iwae": PLANAR | IWAE,
          "layers-iwae": LAYERS | IWAE, "sampled": {"model.kl": "sampled", "train.samples": 3},
          "student": {"model.family": "student_prior", "model.prior_freedom": 3}}
REFUSED = {
    "[train] samples": {"model.objective": "ae", "train.samples": 3},
    "[model] posterior: objective = ae": PLANAR | {"model.objective": "ae"},
    "[model] latent: objective = ae": LAYERS | {"model.objective": "ae"},
    "[model] posterior: several stochastic layers": PLANAR | LAYERS,
    "[model] objective: dreg needs the density": PLANAR | DREG,
    "[model] objective: dreg is for one stochastic layer": LAYERS | DREG,
    "[model] likelihood: mse": IWAE | {"model.likelihood": "mse"},
    "[model] latent: family = student_prior": {"model.family": "student_prior", "model.latent": "3, 2"},
    "[model] likelihood: mse is not a density": {"model.family": "student_prior", "model.likelihood": "mse"},
    "[model] flow_length: is a key of family = vae": {"model.family": "student_prior", "model.flow_length": 3},
    "[model] prior_freedom: is a key of family = student_prior": {"model.prior_freedom": 3},
    "[model] prior_freedom: '0.5' is not a number from 1": {"model.family": "student_prior", "model.prior_freedom": 0.5},
    "[model] latent: '3,'": {"model.latent": "3,"},
    "[train] samples: '0'": {"train.samples": 0},
}


def run(folder, *arguments, code=0):
    result = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert result.returncode == code, f"{arguments}: exit code {result.returncode}: {result.stderr}"
    return result.stderr if code else result.stdout


def train(folder, name, settings, code=0):
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return run(folder, "--config", "config.ini", "--out", name, *sets, code=code)


def write_images(path):
    random.seed(1)
    pixels = bytes(random.choice((0, 255)) for _ in range(COUNT * SIDE * SIDE))
    path.write_bytes(struct.pack(">iiii", 0x803, COUNT, SIDE, SIDE) + pixels)


def lines_of(folder, name):
    lines = [json.loads(line) for line in (folder / name / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "images_per_second"} for line in lines]


def check_training(folder, name, settings, weighted):
    """Two epochs and a resume are three epochs, bit for bit; where there is a bound, it is told."""
    told = train(folder, name, settings)
    train(folder, name + "-resumed", settings | {"train.epochs": 2})
    run(folder, "--resume", "--out", name + "-resumed", "--set", "train.epochs=3")
    last = "checkpoints/last.safetensors"
    assert (folder / name / last).read_bytes() == (folder / (name + "-resumed") / last).read_bytes(), name
    lines = lines_of(folder, name)
    assert lines == lines_of(folder, name + "-resumed"), name
    epochs = [line for line in told.splitlines() if line.startswith("epoch ")]
    ends = [line for line in lines if line["split"] in ("train_epoch", "test")]
    assert len(epochs) == 3 and len(ends) >= 6, (name, told)
    for at, line in enumerate(epochs):
        bounds = [float(value) for value in re.findall(r"bound ([0-9.]+)", line)]
        expected = [end["bound"] for end in ends[2 * at:2 * at + 2]] if weighted else []
        assert len(bounds) == len(expected), (name, line)
        assert all(abs(a - b) <= 0.0051 for a, b in zip(bounds, expected)), (name, line, expected)


def check_evaluation(folder, name, weighted):
    """-log P(X) of many samples <= the bound of a few <= the negative ELBO, but for noise."""
    found = json.loads(run(folder, "evaluate", "--run", name, "--json"))
    assert -found["log_likelihood"] < found["neg_elbo"], (name, found)
    text = run(folder, "evaluate", "--run", name, "--samples", "0")
    assert ("negative bound" in text) == weighted, (name, text)
    if not weighted:
        assert found["bound"] is None, (name, found)
        return
    assert -found["log_likelihood"] - 0.1 < found["bound"] < found["neg_elbo"], (name, found)
    assert f"{found['bound']:.4f} nats  (importance-weighted, K = 5)" in text, (name, text)


def check_export(folder, name):
    run(folder, "export", "--run", name, "--out", f"{name}/onnx")
    if not onnxruntime:
        return
    pixels = np.frombuffer((folder / "images.idx").read_bytes()[16:], np.uint8).astype(np.float32) / 255
    mean, log_variance, images = (np.load(folder / f"{name}-{part}.npy") for part in ("codes", "log", "images"))
    encoder, decoder = (onnxruntime.InferenceSession(str(folder / name / "onnx" / f"{part}.onnx"))
                        for part in ("encoder", "decoder"))
    found = encoder.run(None, {"x": pixels.reshape(COUNT, SIDE, SIDE, 1)}) + decoder.run(None, {"z": mean})
    for part, expected in zip(found, (mean, log_variance, images)):
        assert np.abs(part.reshape(expected.shape) - expected).max() < 1e-5, name


def check_codes(folder, name):
    run(folder, "encode", "--run", name, "--out", f"{name}-codes.npy", "--log-variance", f"{name}-log.npy")
    run(folder, "decode", "--run", name, "--input", f"{name}-codes.npy", "--out", f"{name}-images.npy")
    run(folder, "sample", "--run", name, "--count", "5", "--npy", f"{name}-samples.npy")
    for part, elements in (("codes", COUNT * 3), ("images", COUNT * SIDE * SIDE), ("samples", 5 * SIDE * SIDE)):
        content = (folder / f"{name}-{part}.npy").read_bytes()
        values = struct.unpack(f"<{elements}f", content[-4 * elements:])
        assert all(-1e3 < value < 1e3 for value in values), (name, part)


def check_warm_up(folder):
    """While beta rises the bound of training steps is easy to better; that does not make an epoch the best."""
    settings = {"model.layers": 64, "model.latent": 8, "train.batch_size": 4, "train.epochs": 11, "data.test_data": ""}
    told = train(folder, "warm", IWAE | settings | {"train.kl_warmup_epochs": 10})
    epochs = [line for line in told.splitlines() if line.startswith("epoch ")]
    bounds = [float(re.search(r"bound ([0-9.]+)", line)[1]) for line in epochs]
    assert min(bounds) < bounds[10] and "not better" not in epochs[10], told


def check_model(folder, name):
    settings = MODELS[name]
    weighted = settings.get("model.objective") in ("iwae", "dreg")
    check_training(folder, name, settings, weighted)
    check_evaluation(folder, name, weighted)
    check_codes(folder, name)
    check_export(folder, name)


def check_refused(folder):
    for words, settings in REFUSED.items():
        found = train(folder, "refused", settings, code=2)
        assert words in found, (words, found)
        assert not (folder / "refused").exists(), words


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "config.ini").write_text(CONFIG)
        write_images(folder / "images.idx")
        # Most of a run's time goes to waiting for the disk.
        with concurrent.futures.ThreadPoolExecutor(len(MODELS) + 2) as pool:
            checks = [pool.submit(check_model, folder, model) for model in MODELS]
            checks += [pool.submit(check_warm_up, folder), pool.submit(check_refused, folder)]
            for check in checks:
                check.result()
    print("passed")


main()
