"""ONNX models as other tools see them: onnx's checker accepts what `export` writes, and ONNX Runtime computes from it
what `encode` and `decode` compute, to 1e-5, for any batch.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) where the packages are not installed.
"""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy, onnx and onnxruntime to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
# Every size differs, so that none can be taken for another.
COUNT, LATENT = 61, 3
# Images by the file that they are in.
SHAPES = {"images.idx": (9, 7, 1), "colour.npy": (12, 8, 3), "rows.npy": (1, 11, 1), "field.npy": (8, 6, 2)}
MEASURED = {"rows.npy", "field.npy"}
TOLERANCE = 1e-5

CONFIG = f"""
[model]
layers = 24 16
latent = {LATENT}
[data]
train_data = images.idx
test_data = images.idx
[train]
epochs = 3
batch_size = 16
learning_rate = 0.01
"""

GAUSSIAN = {"model.likelihood": "gaussian", "model.variance": "0.1"}
COLOUR = {"data.train_data": "colour.npy", "data.test_data": "colour.npy"}
# Every kind of layer; in evaluation there is no dropout.
BLOCKS = {"model.layers": "conv 4 k3 s2 batch_norm, dropout 0.1, residual k3, dense 12 batch_norm",
          "model.decoder_layers": "dense 6x4x6 layer_norm, dropout 0.1, upsample 2, conv 5 k3 batch_norm, residual k3"}
SYMMETRIC = {"data.normalise": "symmetric"}


def measured(file):
    """Other numbers than the levels of images, standardised column by column."""
    return {"data.train_data": file, "data.test_data": file, "data.normalise": "standard"}


# What each run sets, by its name; one run more for each activation.
RUNS = {
    "gaussian": GAUSSIAN,
    "mse": {"model.objective": "ae", "model.likelihood": "mse"},
    "symmetric": GAUSSIAN | {"data.normalise": "symmetric"},
    "standard": GAUSSIAN | {"data.normalise": "standard"},
    "ae": {"model.objective": "ae"},
    "kl": {"model.objective": "kl"},
    "linear": {"model.layers": "none"},
    "conv": {"model.layers": "conv 4 k3 s2, conv 6 k3, dense 12"},
    "conv-gaussian": GAUSSIAN | {"model.layers": "conv 5 k3 s2, dense 12", "data.normalise": "standard"},
    "conv-only": {"model.layers": "conv 4 k3 s2", "model.activation": "gelu"},
    "batch-norm": {"model.layers": "conv 4 k3 s2 batch_norm, dense 12 batch_norm", "model.activation": "silu"},
    "layer-norm": {"model.layers": "conv 4 k3 s2 layer_norm, dense 12 layer_norm", "model.activation": "gelu"},
    "residual-layer-norm": {"model.layers": "conv 4 k3 s2, residual k3 layer_norm"},
    "blocks": COLOUR | BLOCKS,
    "blocks-mixture": COLOUR | BLOCKS | SYMMETRIC | {"model.likelihood": "logistic_mixture", "model.mixtures": "3"},
    "mixture": COLOUR | {"model.likelihood": "logistic_mixture"},
    "grey-mixture": {"model.likelihood": "logistic_mixture"},
    "categorical": COLOUR | {"model.likelihood": "categorical", "model.layers": "conv 4 k4 s2"},
    "logistic": COLOUR | SYMMETRIC | {"model.likelihood": "logistic"},
    "laplace": COLOUR | {"model.likelihood": "laplace", "data.normalise": "standard"},
    "gaussian-pixel": COLOUR | BLOCKS | {"model.likelihood": "gaussian_pixel"},
    "gaussian-shared": COLOUR | {"model.likelihood": "gaussian_shared"},
    "continuous-bernoulli": COLOUR | {"model.likelihood": "continuous_bernoulli"},
    "uneven": {"model.layers": "20", "model.decoder_layers": "12 18"},
    "reference": {"run.device": "reference"},
    "rows": measured("rows.npy") | {"model.likelihood": "gaussian_pixel"},
    "field": measured("field.npy") | GAUSSIAN | {"model.layers": "conv 5 k3 s2, dense 12"},
    "raw": measured("rows.npy") | GAUSSIAN | {"data.normalise": "unit"},
}


def run(folder, *arguments, code=0):
    result = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == code, f"{arguments}: exit code {result.returncode}: {result.stderr}"
    return result.stderr


def activation_runs(folder):
    """One for each that the configuration knows: it lists them where a name is unknown."""
    message = run(folder, "--config", "tiny.ini", "--out", "none", "--set", "model.activation=unknown", code=2)
    return {name: {"model.activation": name} for name in message.split("is not one of ")[1].strip().split(", ")}


def error_of(found, expected):
    """The largest error, relative to values above 1 and absolute below."""
    assert found.shape == expected.shape and found.dtype == np.float32, (found.shape, expected.shape, found.dtype)
    assert np.isfinite(found).all()
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())


def check_shapes(path, inputs, outputs):
    """The file says what it is, and each input and output has the name, type and shape that the header promises."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.ir_version) == ("vae-cuda", 8), model.producer_name
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.producer_version and model.model_version > 0 and "epoch 3" in model.doc_string, model.doc_string
    for values, expected in ((model.graph.input, inputs), (model.graph.output, outputs)):
        found = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
        assert found == {name: ["batch", *sizes] for name, sizes in expected.items()}, found
        assert all(v.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for v in values)


def compare(path, inputs, expected):
    """`inputs` and `expected` are all rows; the session sees them one by one, five at a time, and at once."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows, worst = len(next(iter(inputs.values()))), 0.0
    for batch in (1, 5, rows):
        for first in range(0, rows, batch):
            part = {name: value[first : first + batch] for name, value in inputs.items()}
            for found, (name, value) in zip(session.run(list(expected), part), expected.items()):
                worst = max(worst, error_of(found, value[first : first + batch]))
    return worst


def check_run(folder, name, settings):
    file = settings.get("data.train_data", "images.idx")
    shape = SHAPES[file]
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    run(folder, "--config", "tiny.ini", "--out", name, "--quiet", *sets)
    run(folder, "export", "--run", name, "--out", f"{name}/onnx", "--quiet")
    log_variance = ["--log-variance", "log_variance.npy"]
    run(folder, "encode", "--run", name, "--input", f"{file}.x.npy", "--out", "mean.npy", "--force", "--quiet", *log_variance)
    run(folder, "decode", "--run", name, "--input", "z.npy", "--out", "image.npy", "--force", "--quiet")
    x, z, mean, log_variance, image = (
        np.load(folder / f"{array}.npy", allow_pickle=False) for array in (f"{file}.x", "z", "mean", "log_variance", "image"))
    x, image = x.reshape(-1, *shape), image.reshape(-1, *shape)
    assert mean.std() > 0 and image.std() > 0
    encoded = {"code": mean} if settings.get("model.objective") == "ae" else {"mean": mean, "log_variance": log_variance}
    encoder, decoder = folder / name / "onnx/encoder.onnx", folder / name / "onnx/decoder.onnx"
    check_shapes(encoder, {"x": [*shape]}, {output: [LATENT] for output in encoded})
    check_shapes(decoder, {"z": [LATENT]}, {"image": [*shape]})
    errors = compare(encoder, {"x": x}, encoded), compare(decoder, {"z": z}, {"image": image})
    assert max(errors) <= TOLERANCE, f"{name}: encoder differs by {errors[0]}, decoder by {errors[1]}"
    print(f"{name}: encoder differs by {errors[0]:.1e}, decoder by {errors[1]:.1e}")
    return image


def check_outputs(folder):
    """What is written where, and what is refused."""
    run(folder, "export", "--run", "relu", "--part", "decoder", "--out", "mine.onnx", "--quiet")
    onnx.checker.check_model(folder / "mine.onnx")
    run(folder, "export", "--run", "relu", "--part", "encoder", "--out", "part", "--quiet")
    assert [path.name for path in (folder / "part").iterdir()] == ["encoder.onnx"]

    before = (folder / "relu/onnx/decoder.onnx").read_bytes()
    message = run(folder, "export", "--run", "ae", "--out", "relu/onnx", code=2)
    assert "relu/onnx/encoder.onnx" in message and "--force" in message, message
    (folder / "relu/onnx/encoder.onnx").unlink()
    message = run(folder, "export", "--run", "ae", "--out", "relu/onnx", code=2)
    assert "relu/onnx/decoder.onnx" in message, message
    assert not (folder / "relu/onnx/encoder.onnx").exists() and (folder / "relu/onnx/decoder.onnx").read_bytes() == before
    run(folder, "export", "--run", "ae", "--out", "relu/onnx", "--force", "--quiet")
    assert (folder / "relu/onnx/decoder.onnx").read_bytes() != before

    for arguments, code, words in [
        (["--run", "nowhere"], 2, "nowhere: is not a run folder"),
        ([], 2, "--run DIR or --checkpoint FILE is missing"),
        (["--run", "relu", "--out", "tiny.ini/x"], 1, "tiny.ini"),
        (["--run", "relu", "--out", "both.onnx"], 2, "both.onnx is one file"),
        (["--run", "relu", "--out", "no/such/file.onnx", "--part", "encoder"], 2, "no/such/file.onnx"),
        (["--run", "relu", "--part", "middle"], 2, "'middle'"),
        (["--checkpoint", "tiny.ini"], 1, "tiny.ini"),
    ]:
        message = run(folder, "export", *arguments, code=code)
        assert words in message, message
    leftovers = [*folder.glob("*.onnx"), *folder.rglob("*.partial")]
    assert leftovers == [folder / "mine.onnx"], leftovers


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        random = np.random.default_rng(1)
        # Images with a bright corner and noise; a third of the codes lie far out, where predictions reach 0 and 1.
        for file in MEASURED:
            values = random.normal(5, 3, (COUNT, *SHAPES[file])).astype(np.float32)
            np.save(folder / file, values)
            np.save(folder / f"{file}.x.npy", values)
        for file, shape in SHAPES.items():
            if file in MEASURED:
                continue
            images = random.integers(0, 60, (COUNT, *shape), dtype=np.uint8)
            for image in images:
                image[: random.integers(1, shape[0]), : random.integers(1, shape[1])] += 190
            np.save(folder / f"{file}.x.npy", images.astype(np.float32) / 255)
            if file.endswith(".npy"):
                np.save(folder / file, images)
            else:
                (folder / file).write_bytes(struct.pack(">IIII", 0x803, *images.shape[:3]) + images.tobytes())
        (folder / "tiny.ini").write_text(CONFIG)
        codes = random.normal(size=(COUNT, LATENT)) * np.where(np.arange(COUNT) % 3 == 0, 20, 1)[:, None]
        np.save(folder / "z.npy", codes.astype(np.float32))
        decoded = {name: check_run(folder, name, settings) for name, settings in (activation_runs(folder) | RUNS).items()}
        for run_name in ("gaussian", "standard"):
            image = decoded[run_name]
            assert image.min() == 0 and image.max() == 1, f"{run_name}: no pixel was clamped, so clamping was not seen"
        check_outputs(folder)


main()
