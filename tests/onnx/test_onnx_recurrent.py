"""lstm and gru as ONNX's nodes: ONNX Runtime computes what the reference backend does, to 1e-5, whatever the direction,
the lengths and the operands.

Run by ctest with VAE_ONNX_RECURRENT, the program that writes the cases; exits with 77 (skipped) where the packages are
not installed.
"""

import os
import pathlib
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

TOLERANCE = 1e-5


def check(path):
    name = path.stem
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert sum(node.op_type in ("LSTM", "GRU") for node in model.graph.node) == 1, name
    y = np.load(path.with_name(f"{name}.y.npy"), allow_pickle=False)
    inputs = {}
    if any(value.name == "lengths" for value in model.graph.input):
        inputs["lengths"] = np.load(path.with_name(f"{name}.lengths.npy"), allow_pickle=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(["y"], inputs)
    assert found.shape == y.shape, (name, found.shape, y.shape)
    assert y.std() > 0 or y.size < 10
    worst = float((np.abs(found - y) / np.maximum(1, np.abs(y))).max())
    assert worst <= TOLERANCE, f"{name}: differs by {worst}"
    print(f"{name}: differs by {worst:.1e}")
    return "lengths" in inputs


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([os.environ["VAE_ONNX_RECURRENT"], folder], check=True)
    models = sorted(pathlib.Path(folder).glob("*.onnx"))
    with_lengths = [check(model) for model in models]
    assert sum(with_lengths) >= 10 and len(models) - sum(with_lengths) >= 4, (len(models), sum(with_lengths))
