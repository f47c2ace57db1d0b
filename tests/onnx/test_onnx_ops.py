"""Every op that is exported, in sizes that try it: ONNX Runtime computes what the reference backend does, to 1e-5.

Run by ctest with VAE_ONNX_CASES, the program that writes the cases; exits with 77 (skipped) where the packages are not
installed.
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
# Images enter and leave as NHWC, with convolutions in NCHW between: more transposes would be needless.
TRANSPOSES = {"conv-chain": 2, "conv-dense": 2, "conv-k4-s2": 2, "residual": 2, "mean-after-conv": 2,
              "product-images": 2}


def check(path):
    name = path.stem
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    transposes = sum(node.op_type == "Transpose" for node in model.graph.node)
    assert transposes == TRANSPOSES.get(name, transposes), f"{name}: {transposes} transposes"
    x, y = (np.load(path.with_name(f"{name}.{array}.npy"), allow_pickle=False) for array in "xy")
    assert y.std() > 0 or y.size < 10
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    # What sums over the rows of a batch takes all of them.
    for batch in (len(x),) if name == "groups-of-rows" else (1, len(x)):
        for first in range(0, len(x), batch):
            (found,) = session.run(["y"], {"x": x[first : first + batch]})
            expected = y[first : first + batch]
            assert found.shape == expected.shape, (name, found.shape, expected.shape)
            worst = max(worst, float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max()))
    assert worst <= TOLERANCE, f"{name}: differs by {worst}"
    print(f"{name}: differs by {worst:.1e}")


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([os.environ["VAE_ONNX_CASES"], folder], check=True)
    models = sorted(pathlib.Path(folder).glob("*.onnx"))
    names = {path.stem for path in models}
    assert names >= set(TRANSPOSES), names
    for model in models:
        check(model)
