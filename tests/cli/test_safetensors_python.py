"""Checkpoints as other tools see them: the Python package `safetensors` opens them, and NumPy, given nothing but what
is in the file, computes the loss that the program logged.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) where the packages are not installed.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy and safetensors to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
SIDE, TRAIN, TEST, HIDDEN, LATENT = 8, 203, 41, 24, 3

CONFIG = f"""
[model]
objective = ae
layers = {HIDDEN}
latent = {LATENT}
activation = tanh
[data]
train_data = train.idx
test_data = test.idx
[train]
epochs = 3
batch_size = 16
learning_rate = 0.01
"""


def write_images(path, count, seed):
    images = np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    path.write_bytes(struct.pack(">IIII", 0x803, count, SIDE, SIDE) + images.tobytes())
    return images.reshape(count, SIDE * SIDE).astype(np.float64) / 255


def train(folder, *options):
    subprocess.run([PROGRAM, "--config", "tiny.ini", "--out", "run", "--quiet", *options], cwd=folder, check=True)


def last_line(folder, split):
    lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["split"] == split][-1]


def reconstruction(tensors, x):
    """Summed binary cross-entropy per image, in double; weights are [in, out]."""

    def dense(name, value):
        return value @ tensors[f"{name}.weight"].astype(np.float64) + tensors[f"{name}.bias"]

    hidden = np.tanh(dense("encoder.0", x))
    code = dense("posterior", hidden)
    logits = dense("output", np.tanh(dense("decoder.0", code)))
    return (np.logaddexp(0, logits) - x * logits).sum(axis=1).mean()


def check_file(path, dtype):
    pixels = SIDE * SIDE
    shapes = {
        "encoder.0.weight": (pixels, HIDDEN), "encoder.0.bias": (HIDDEN,),
        "posterior.weight": (HIDDEN, LATENT), "posterior.bias": (LATENT,),
        "decoder.0.weight": (LATENT, HIDDEN), "decoder.0.bias": (HIDDEN,),
        "output.weight": (HIDDEN, pixels), "output.bias": (pixels,),
    }
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        names = set(file.keys())
    assert metadata["format"] == "vae-cuda checkpoint" and metadata["format_version"] == "2", metadata
    assert metadata["weight_layout"] == "in,out", metadata
    assert "latent = 3" in metadata["config"], metadata
    assert int(metadata["step"]) == 39 and int(metadata["epoch"]) == 3, metadata
    float.fromhex(metadata["best_loss"])
    moments = {f"adam.{moment}.{name}" for moment in ("first_moment", "second_moment") for name in shapes}
    assert names == set(shapes) | moments, names
    tensors = load_file(path)
    for name, tensor in tensors.items():
        expected = shapes[name.removeprefix("adam.first_moment.").removeprefix("adam.second_moment.")]
        assert tensor.shape == expected and tensor.dtype == dtype, (name, tensor.shape, tensor.dtype)
        assert np.isfinite(tensor).all() and np.abs(tensor).max() > 0, name
    return tensors, metadata


def check_device(folder, device, dtype, tolerance, x):
    train(folder, "--device", device)
    path = folder / "run/checkpoints/last.safetensors"
    tensors, metadata = check_file(path, dtype)
    logged, computed = last_line(folder, "test")["reconstruction"], reconstruction(tensors, x)
    assert abs(logged - computed) <= tolerance * computed, f"{device}: logged {logged}, NumPy computes {computed}"
    print(f"{device}: reconstruction {logged} logged, {computed} from the file by NumPy")

    # What a tool writes back, without the checksum, is as good.
    del metadata["crc32"]
    save_file(tensors, path, metadata=metadata)
    train(folder, "--device", device, "--resume", "--set", "train.epochs=4")
    assert last_line(folder, "train_epoch")["epoch"] == 4


def gradients(p, x):
    """Of the mean loss over the batch, by hand."""
    h = np.tanh(x @ p["encoder.0.weight"] + p["encoder.0.bias"])
    z = h @ p["posterior.weight"] + p["posterior.bias"]
    g = np.tanh(z @ p["decoder.0.weight"] + p["decoder.0.bias"])
    logits = g @ p["output.weight"] + p["output.bias"]
    d = (1 / (1 + np.exp(-logits)) - x) / len(x)
    found = {"output.weight": g.T @ d, "output.bias": d.sum(0)}
    d = (d @ p["output.weight"].T) * (1 - g * g)
    found |= {"decoder.0.weight": z.T @ d, "decoder.0.bias": d.sum(0)}
    d = d @ p["decoder.0.weight"].T
    found |= {"posterior.weight": h.T @ d, "posterior.bias": d.sum(0)}
    d = (d @ p["posterior.weight"].T) * (1 - h * h)
    return found | {"encoder.0.weight": x.T @ d, "encoder.0.bias": d.sum(0)}


def check_steps(folder, x):
    """Full batches need no order, and an autoencoder no noise: five steps of AdamW, warm-up and clipping in NumPy must
    lead from the untrained model to the same parameters."""
    rate, decay, clip, warmup, steps = 0.01, 0.1, 0.5, 3, 5
    options = ["--device", "reference", "--set", f"train.batch_size={TRAIN}", "--set", f"train.learning_rate={rate}",
               "--set", f"train.weight_decay={decay}", "--set", f"train.clip_norm={clip}",
               "--set", f"train.warmup_steps={warmup}"]
    paths = []
    for epochs in (0, steps):
        train(folder, *options, "--set", f"train.epochs={epochs}")
        (folder / "run").rename(folder / f"run-{epochs}")
        paths.append(folder / f"run-{epochs}/checkpoints/last.safetensors")
    p = {name: value for name, value in load_file(paths[0]).items() if not name.startswith("adam.")}
    m = {name: np.zeros_like(value) for name, value in p.items()}
    v = {name: np.zeros_like(value) for name, value in p.items()}
    clipped = 0
    for step in range(1, steps + 1):
        found = gradients(p, x)
        norm = np.sqrt(sum((value**2).sum() for value in found.values()))
        clipped += norm > clip
        now = rate * min(1, step / warmup)
        for name, value in found.items():
            value = value * min(1, clip / norm)
            m[name] = 0.9 * m[name] + 0.1 * value
            v[name] = 0.999 * v[name] + 0.001 * value**2
            p[name] = p[name] * (1 - now * decay)
            p[name] -= now * (m[name] / (1 - 0.9**step)) / (np.sqrt(v[name] / (1 - 0.999**step)) + 1e-8)
    assert clipped > 0, "the case is meant to clip"
    trained = load_file(paths[1])
    for name, value in p.items():
        error = np.abs(trained[name] - value).max()
        assert error < 1e-9, f"{name}: differs from NumPy's by {error} after {steps} steps"
    print(f"{steps} steps of AdamW: as NumPy's")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        x_train = write_images(folder / "train.idx", TRAIN, 1)
        x = write_images(folder / "test.idx", TEST, 2)
        (folder / "tiny.ini").write_text(CONFIG)
        check_device(folder, "cpu", np.float32, 1e-5, x)
        (folder / "run").rename(folder / "run-cpu")
        check_device(folder, "reference", np.float64, 1e-9, x)
        (folder / "run").rename(folder / "run-reference")
        check_steps(folder, x_train)


main()
