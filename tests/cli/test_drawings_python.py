"""Drawings as NumPy itself pickles them, by every protocol, and points simplified as by another implementation.

Run by ctest with VAE_WRITE_DRAWINGS; exits with 77 (skipped) without NumPy.
"""

import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import zipfile

try:
    import numpy as np
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_WRITE_DRAWINGS"]


def read(path, part="train", simplify=0):
    """The drawings of a file, [steps, 3] each."""
    result = subprocess.run([PROGRAM, str(path), part, str(simplify)], capture_output=True, text=True)
    assert result.returncode == 0, f"{path}: {result.stderr}"
    return [np.array(line.split(":")[1].split(), float).reshape(-1, 3) for line in result.stdout.splitlines()]


def refused(path):
    result = subprocess.run([PROGRAM, str(path), "train", "0"], capture_output=True, text=True)
    assert result.returncode == 1, f"{path}: is read"
    return result.stderr


def object_array(drawings, **options):
    array = np.empty(len(drawings), object)
    for i, drawing in enumerate(drawings):
        array[i] = np.array(drawing, **options)
    return array


def write_npz(path, **arrays):
    """What numpy.savez writes, but with the pickles given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (count, content) in arrays.items():
            header = f"{{'descr': '|O', 'fortran_order': False, 'shape': ({count},), }}\n".encode()
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content)


def check_pickles(folder):
    generator = np.random.default_rng(5)
    drawings = [np.column_stack([generator.integers(-300, 300, (n, 2)), generator.integers(0, 2, n)]) for n in (1, 2, 90, 700)]
    for type_name in ("<i2", ">i2", "i1", "<f4", "<f8", "i8"):
        wanted = [drawing // 4 if type_name == "i1" else drawing for drawing in drawings]
        for order in "CF":
            array = object_array(wanted, dtype=type_name, order=order)
            for protocol in (2, 3, 4, 5):
                path = folder / f"{type_name[-2:]}-{order}-{protocol}.npz"
                write_npz(path, train=(len(array), pickle.dumps(array, protocol=protocol)))
                for got, drawing in zip(read(path), wanted, strict=True):
                    assert np.array_equal(got, drawing), f"{path}: {got} is not {drawing}"
    np.savez(folder / "numpy.npz", train=object_array(drawings), valid=object_array(drawings[:2]), test=object_array(drawings[2:3]))
    np.savez_compressed(folder / "compressed.npz", train=object_array(drawings))
    assert [len(read(folder / "numpy.npz", part)) for part in ("train", "validation", "test")] == [4, 2, 1]
    assert len(read(folder / "compressed.npz")) == 4


class Attack:
    def __reduce__(self):
        return os.system, ("touch executed",)


def check_refusals(folder):
    for protocol in (2, 3, 4, 5):
        for element, what in ((Attack(), "posix.system"), (np.array([object()]), "object"), ("text", "element 0"), (np.float64(1), "scalar"),
                              (np.ma.array([1]), "numpy.ma"), ([[1, 2, 0]], "element 0"), (np.array(["a"]), "type")):
            array = np.empty(1, object)
            array[0] = element
            write_npz(folder / "bad.npz", train=(1, pickle.dumps(array, protocol=protocol)))
            message = refused(folder / "bad.npz")
            assert what in message and "bad.npz:train: byte " in message and message.count("\n") == 1, f"{what}: {message}"
    assert not pathlib.Path("executed").exists()


def simplified(points, epsilon):
    """Ramer, Douglas and Peucker, by recursion."""
    if len(points) < 3:
        return points
    first, way = points[0], points[-1] - points[0]
    along = np.clip((points - first) @ way / max(way @ way, 1e-300), 0, 1)
    distance = np.hypot(*(points - first - along[:, None] * way).T)
    middle = int(np.argmax(distance[1:-1])) + 1
    if distance[middle] <= epsilon:
        return points[[0, -1]]
    return np.vstack([simplified(points[: middle + 1], epsilon)[:-1], simplified(points[middle:], epsilon)])


def check_simplification(folder):
    generator = np.random.default_rng(6)
    for case in range(20):
        points = np.cumsum(generator.normal(size=(200, 2)) * 3, axis=0)
        points = (points - points.min(0)) * 255 / np.ptp(points, axis=0).max()
        path = folder / "raw.ndjson"
        path.write_text(json.dumps({"drawing": [[points[:, 0].tolist(), points[:, 1].tolist(), list(range(200))]]}))
        got = np.cumsum(read(path, simplify=2)[0][:, :2], axis=0) + points[0]
        wanted = simplified(points, 2)[1:]
        assert got.shape == wanted.shape and np.abs(got - wanted).max() < 1e-3, f"case {case}: {len(got)} points, not {len(wanted)}"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_pickles(folder)
        check_refusals(folder)
        check_simplification(folder)
    print(f"drawings of NumPy {np.__version__} are read, and nothing else")


main()
