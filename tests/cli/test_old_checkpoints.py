"""Checkpoints of older programs (tests/checkpoints) open, draw the same, export, and their runs go on as they would have."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent.parent / "checkpoints"
PROGRAM = str(pathlib.Path(os.environ["VAE_PROGRAM"]).resolve())
# Other processors round otherwise.
TOLERANCE = 2e-5


def run(*arguments):
    result = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, f"{arguments}: {result.returncode}\n{result.stderr}"
    return result.stdout


def check_checkpoint(path, folder):
    described = run("info", "--checkpoint", path)
    assert "epoch 1, step 3" in described, described
    out = folder / f"{path.stem}.npy"
    run("sample", "--checkpoint", path, "--count", 4, "--seed", 5, "--out", out, "--device", "cpu", "--quiet")
    found, expected = np.load(out), np.load(path.with_suffix(".npy"))
    assert found.shape == expected.shape, f"{path.stem}: {found.shape}"
    error = np.abs(found - expected).max()
    assert error <= TOLERANCE, f"{path.stem}: samples differ by {error}"
    run("export", "--checkpoint", path, "--out", folder / f"{path.stem}-onnx")
    assert (folder / f"{path.stem}-onnx/decoder.onnx").stat().st_size > 0


def losses(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["epoch"], line["step"], line["split"], line["neg_elbo"]) for line in lines]


def check_run(folder):
    shutil.copytree(HERE, folder / "project")
    project = folder / "project"
    run("train", "--resume", "--out", project / "run", "--device", "cpu", "--quiet", "--set", "train.epochs=3")
    found, expected = losses(project / "run/metrics.jsonl"), losses(HERE / "resumed.jsonl")
    assert len(found) == len(expected), found
    for line, old in zip(found, expected):
        assert line[:3] == old[:3] and abs(line[3] - old[3]) <= TOLERANCE * abs(old[3]) * 10, f"{line}, but was {old}"


def main():
    paths = sorted(HERE.glob("*.safetensors"))
    assert len(paths) >= 7, paths
    with tempfile.TemporaryDirectory() as name:
        for path in paths:
            check_checkpoint(path, pathlib.Path(name))
        check_run(pathlib.Path(name))
    print(f"{len(paths)} checkpoints and a run of older programs are opened")


main()
