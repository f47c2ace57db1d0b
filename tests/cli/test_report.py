"""`report` in a real browser: no error, no request, the explorer's images are those of `decode`, and ten thousand logged
steps stay quick.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) without Chromium, NumPy or websocket-client.
"""

import json
import math
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np

    import browser
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy and websocket-client to run this test")
    sys.exit(77)
if not browser.find():
    print("SKIPPED: no Chromium; scripts/install-dependencies --test installs it")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
HEIGHT, WIDTH, COUNT = 9, 7, 64
# Colour images, and a model of every kind of layer for them; in evaluation there is no dropout.
COLOUR = (8, 6, 3)
BLOCKS = ["data.train_data=colour.npy", "data.test_data=colour.npy",
          "model.layers=conv 4 k3 s2 batch_norm, dropout 0.1, residual k3, dense 12 batch_norm",
          "model.decoder_layers=dense 4x3x6 layer_norm, dropout 0.1, upsample 2, conv 5 k3 batch_norm, residual k3"]
# Of how much the page's floats may differ from the program's.
TOLERANCE = 1e-5

CONFIG = """
[model]
layers = 24 17
[data]
train_data = images.idx
test_data = images.idx
[train]
epochs = 2
batch_size = 16
log_interval = 1
[run]
threads = 1
"""


def run(folder, *arguments, code=0):
    result = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == code, f"{arguments}: exit code {result.returncode}: {result.stderr}"
    return result.stderr


def train(folder, name, *settings):
    run(folder, "--config", "tiny.ini", "--out", name, "--quiet", *[word for s in settings for word in ("--set", s)])


def report(folder, name, *arguments):
    run(folder, "report", "--run", name, "--out", f"{name}.html", "--quiet", *arguments)
    return folder / f"{name}.html"


def open_page(page, path):
    seconds = page.open(path)
    page.settle()
    assert page.complaints() == [], page.complaints()
    assert page.requests() == [], page.requests()
    return seconds


def check_explorer(page, folder, name, latent, shape=(HEIGHT, WIDTH, 1)):
    """The page's floats and pixels of random and far codes are those of `decode`."""
    codes = np.random.default_rng(3).normal(size=(6, latent)).astype(np.float32)
    codes[0] = 0
    codes[1] *= 40
    np.save(folder / f"{name}-codes.npy", codes)
    run(folder, "decode", "--run", name, "--input", f"{name}-codes.npy", "--out", f"{name}-images.npy", "--force", "--quiet")
    expected = np.load(folder / f"{name}-images.npy").reshape(len(codes), *shape)
    assert expected.std() > 0.01, f"{name}: images without content would prove nothing"
    for z, image in zip(codes.tolist(), expected):
        found = np.array(page.run(f"vaeReport.decode({z})")).reshape(shape)
        assert np.abs(found - image).max() <= TOLERANCE, (name, z, np.abs(found - image).max())
        page.run(f"vaeReport.explore({z})")
        pixels = page.run("""(() => { const shown = document.querySelector("canvas.image");
            const copy = new OffscreenCanvas(shown.width, shown.height).getContext("2d", { willReadFrequently: true });
            copy.drawImage(shown, 0, 0);
            return Array.from(copy.getImageData(0, 0, shown.width, shown.height).data); })()""")
        pixels = np.array(pixels).reshape(*shape[:2], 4)
        assert (pixels[..., 3] == 255).all()
        for channel in range(3):
            assert np.abs(pixels[..., channel] - 255 * image[..., channel % shape[2]]).max() <= 1, (name, z)


def check_plane(page, folder, shape, rows, columns):
    """Tiles of the images' aspect fill the plane of a 2-D model: each is as bright as what its centre decodes to."""
    name = "plane-{}x{}".format(*shape)
    np.save(folder / f"{name}.npy", np.random.default_rng(5).integers(0, 256, (COUNT, *shape), np.uint8))
    train(folder, name, "model.latent=2", "train.epochs=1", f"data.train_data={name}.npy", f"data.test_data={name}.npy")
    open_page(page, report(folder, name))
    page.run("""new Promise((done) => { const plane = document.querySelector("canvas.plane").getContext("2d");
        const look = () => plane.getImageData(899, 899, 1, 1).data[3] ? done(true) : requestAnimationFrame(look); look(); })""")
    pixels = np.array(page.run("""Array.from(document.querySelector("canvas.plane").getContext("2d")
        .getImageData(0, 0, 900, 900).data.filter((_, i) => i % 4 === 0 || i % 4 === 3))""")).reshape(900, 900, 2)
    assert (pixels[..., 1] == 255).all(), name
    for row, column in [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1), (rows // 2, columns // 3)]:
        z = [((column + 0.5) / columns - 0.5) * 6.4, (0.5 - (row + 0.5) / rows) * 6.4]
        image = np.array(page.run(f"vaeReport.decode({z})"))
        down, right = ([round((at + k) * 900 / count) for k in (0, 1)] for at, count in [(row, rows), (column, columns)])
        tile = pixels[slice(*down), slice(*right), 0]
        assert abs(tile.mean() - 255 * image.mean()) < 3, (name, row, column, tile.mean(), 255 * image.mean())


def check_operations(page, folder):
    """Every op that a decoder may have, and every function, give what the reference backend does; in any page."""
    cases = folder / "cases"
    cases.mkdir()
    subprocess.run([os.environ["VAE_ONNX_CASES"], cases], check=True)
    functions = page.run("Object.keys(VaeFunctions)")
    assert {path.stem for path in cases.glob("function-*.json")} == {f"function-{name}" for name in functions}
    for path in cases.glob("*.json"):
        x, y = (np.load(path.with_suffix(f".{array}.npy"), allow_pickle=False).ravel() for array in "xy")
        found = page.run(f"""(() => {{ const {{ decoder, weights }} = {path.read_text()};
            return Array.from(VaeDecoder.prepare(decoder, Float32Array.from(weights))({x.tolist()})); }})()""")
        error = (np.abs(np.array(found) - y) / np.maximum(1, np.abs(y))).max()
        assert error <= TOLERANCE, (path.stem, error)


def activations(folder):
    """All that the configuration knows: it lists them where a name is unknown."""
    message = run(folder, "--config", "tiny.ini", "--out", "none", "--set", "model.activation=unknown", code=2)
    return message.split("is not one of ")[1].strip().split(", ")


def check_decoders(page, folder):
    for activation in activations(folder):
        train(folder, activation, f"model.activation={activation}", "model.latent=2", "train.epochs=1")
        open_page(page, report(folder, activation))
        check_explorer(page, folder, activation, 2)
    for name, settings in [("gaussian", ["model.likelihood=gaussian", "data.normalise=standard"]),
                           ("mse", ["model.objective=ae", "model.likelihood=mse", "data.normalise=symmetric"]),
                           ("reference", ["run.device=reference", "model.layers=none"])]:
        train(folder, name, "model.latent=11", *settings)
        open_page(page, report(folder, name))
        check_explorer(page, folder, name, 11)
    for name, settings in [("mixture", ["model.likelihood=logistic_mixture", "model.mixtures=3", "data.normalise=symmetric"]),
                           ("categorical", ["model.likelihood=categorical"]),
                           ("gaussian_pixel", ["model.likelihood=gaussian_pixel", "data.normalise=standard"]),
                           ("gaussian_shared", ["model.likelihood=gaussian_shared"]),
                           ("laplace", ["model.likelihood=laplace"]),
                           ("logistic", ["model.likelihood=logistic"]),
                           ("continuous_bernoulli", ["model.likelihood=continuous_bernoulli"])]:
        train(folder, name, "model.latent=3", "train.epochs=8", "train.learning_rate=0.03", *BLOCKS, *settings)
        open_page(page, report(folder, name))
        check_explorer(page, folder, name, 3, COLOUR)


def convolve(x, weight, bias, kernel, stride, padding):
    """A plain convolution in double, [rows, height, width, channels]."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    height, width = ((size - kernel) // stride + 1 for size in x.shape[1:3])
    windows = [x[:, i * stride:i * stride + kernel, j * stride:j * stride + kernel].reshape(len(x), -1)
               for i in range(height) for j in range(width)]
    return (np.stack(windows, 1) @ weight + bias).reshape(len(x), height, width, -1)


def run_op(page, kind, operands, shape, **attributes):
    tensors = ", ".join(f"{{shape: {list(o.shape)}, data: Float32Array.of({', '.join(map(str, o.ravel()))})}}" for o in operands)
    values = page.run(f"""(() => {{ const y = {{shape: {list(shape)}, data: new Float32Array({math.prod(shape)})}};
        VaeDecoder.ops.{kind}([{tensors}], [y], {json.dumps({"activation": "identity", **attributes})});
        return Array.from(y.data); }})()""")
    return np.array(values).reshape(shape)


def check_convolutions(page):
    """Against NumPy; the transposed one by <conv(y), x> = <y, conv_transpose(x)>."""
    random_numbers = np.random.default_rng(5)
    for kernel, stride, padding, height, width in [(3, 1, 1, 5, 6), (4, 2, 1, 8, 6), (5, 3, 0, 11, 8), (2, 2, 0, 4, 4)]:
        x = random_numbers.normal(size=(2, height, width, 3))
        weight, bias = random_numbers.normal(size=(kernel * kernel * 3, 4)), random_numbers.normal(size=4)
        expected = convolve(x, weight, bias, kernel, stride, padding)
        window = {"kernel": kernel, "stride": stride, "padding": padding}
        found = run_op(page, "conv2d", [x, weight, bias], expected.shape, **window)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        d_y = random_numbers.normal(size=expected.shape)
        transposed = weight.reshape(kernel * kernel, 3, 4).transpose(2, 0, 1).reshape(4, -1)
        d_x = run_op(page, "conv_transpose2d", [d_y, transposed, np.zeros(3)], x.shape, **window)
        np.testing.assert_allclose((d_x * x).sum(), ((expected - bias) * d_y).sum(), rtol=1e-5)
        shifted = run_op(page, "conv_transpose2d", [d_y, transposed, np.arange(3.0)], x.shape, **window)
        np.testing.assert_allclose(shifted - d_x, np.broadcast_to(np.arange(3.0), x.shape), atol=1e-4)


def check_columns(page):
    """Against NumPy: runs of columns, orders and products."""
    x, a = np.arange(24.0).reshape(2, 12), np.arange(8.0).reshape(2, 4) + 50
    runs = x.reshape(2, 4, 3)
    for kind, operands, expected, attributes in [
        ("slice", [x], runs[:, :, 1:].reshape(2, 8), {"width": 3, "begin": 1, "count": 2}),
        ("pad", [x], np.pad(runs, ((0, 0), (0, 0), (1, 2))).reshape(2, 24), {"width": 6, "begin": 1, "count": 3}),
        ("concat", [x, a], np.concatenate((runs, a[..., None]), 2).reshape(2, 16), {"a_width": 3, "b_width": 1}),
        ("permute_columns", [a], a[:, [2, 0, 3, 1]], {"order": [2, 0, 3, 1]}),
        ("matmul", [x, a], x.T @ a, {"a_transposed": True, "b_transposed": False}),
        ("matmul", [x.reshape(6, 4), a], x.reshape(6, 4) @ a.T, {"a_transposed": False, "b_transposed": True}),
    ]:
        np.testing.assert_array_equal(run_op(page, kind, operands, expected.shape, **attributes), expected, kind)


def check_use(page, folder):
    """What a reader does with the page."""
    open_page(page, report(folder, "gaussian", "--force"))
    assert page.run("document.querySelectorAll('.slider input').length") == 8
    page.run("""(() => { const s = document.querySelector(".slider input"); s.value = 1.5;
        s.dispatchEvent(new Event("input")); })()""")
    page.settle()
    assert page.run("document.querySelector('.slider output').textContent") == "1.50"
    shown = page.run("document.querySelector('.pictures img').src")
    page.run("""(() => { const s = document.querySelector("#pictures input"); s.value = 0;
        s.dispatchEvent(new Event("input")); })()""")
    assert page.run("document.querySelector('.pictures img').src") != shown
    assert page.run("document.querySelector('#pictures .value').textContent") == "epoch 1"
    page.settle()
    assert page.run("Array.from(document.querySelectorAll('.pictures img'), (i) => i.naturalWidth).every((w) => w > 99)")
    text = page.run("document.body.innerText")
    for words in ["likelihood", "adam_epsilon", "oneDNN", "64 images of 9×7", "Gradient norm"]:
        assert words in text, words
    lines = [json.loads(line) for line in (folder / "gaussian/metrics.jsonl").read_text().splitlines()]
    page.run("vaeReport.hover(3)")
    third = next(line for line in lines if line["step"] == 3 and line["split"] == "train")
    shown = page.run("document.querySelector('.chart output').textContent").replace(",", "")
    assert abs(float(shown) - third["neg_elbo"]) <= 1e-4 * abs(third["neg_elbo"]), (shown, third)
    assert page.complaints() == [], page.complaints()


def write_long_metrics(path, steps):
    """As a run of so many logged steps leaves it, with the figures of latent dimensions."""
    generator = random.Random(1)
    with path.open("w") as file:
        for step in range(1, steps + 1):
            line = {"epoch": (step - 1) // 500 + 1, "step": step, "split": "train", "beta": min(1, step / 3000),
                    "reconstruction": 80 + 400 * math.exp(-step / 900) + generator.gauss(0, 2), "learning_rate": 1e-3,
                    "kl": 25 + generator.gauss(0, 1), "grad_norm": 30 + generator.gauss(0, 9),
                    "images_per_second": 40000 + generator.gauss(0, 900)}
            line["neg_elbo"] = line["reconstruction"] + line["kl"]
            file.write(json.dumps(line) + "\n")
            if step % 500 == 0:
                kl = [0.1 * d * step / steps for d in range(11)]
                line |= {"split": "test", "beta": None, "learning_rate": None, "grad_norm": None, "active_units": 10,
                         "kl_per_dimension": kl}
                file.write(json.dumps(line) + "\n")


def check_long(page, folder):
    shutil.copytree(folder / "gaussian", folder / "long")
    write_long_metrics(folder / "long/metrics.jsonl", 10000)
    path = report(folder, "long")
    assert path.stat().st_size < 1 << 20, path.stat().st_size
    seconds = open_page(page, path)
    # Seconds of slack for busy machines; undecimated paths alone would be ten times as long as this.
    assert seconds < 10, seconds
    lengths = page.run("Array.from(document.querySelectorAll('path.line'), (path) => path.getAttribute('d').length)")
    assert len(lengths) >= 10 and max(lengths) < 40000, lengths
    hovering = page.run("""(() => { const start = performance.now();
        for (let step = 0; step < 10000; step += 500) vaeReport.hover(step);
        return (performance.now() - start) / 20; })()""")
    assert hovering < 100, hovering
    assert page.run("document.querySelectorAll('svg .bar').length") == 11
    assert "active units" in page.run("document.getElementById('tiles').innerText")
    # The sliders are those of the largest KL: dimension 10 comes first.
    assert page.run("document.querySelector('.slider label').textContent") == "z[10]"
    print(f"10,000 logged steps: {path.stat().st_size} bytes, loaded in {seconds:.2f} s, {hovering:.2f} ms a move")


def check_compare(page, folder):
    path = folder / "compared.html"
    run(folder, "report", "--run", "gaussian", "--compare", "relu", "--compare", "long", "--out", path.name, "--quiet")
    open_page(page, path)
    tables = page.run("document.getElementById('comparison').innerText")
    for words in ["gaussian", "relu", "long", "model.latent", "data.normalise", "reconstruction"]:
        assert words in tables, words
    assert "adam_beta1" not in tables
    assert page.run("document.querySelectorAll('#runs button').length") == 3
    page.run("vaeReport.choose(1)")
    page.settle()
    assert page.run("document.querySelectorAll('canvas.plane').length") == 1
    check_explorer(page, folder, "relu", 2)
    assert page.complaints() == [], page.complaints()


def check_left_out(page, folder):
    open_page(page, report(folder, "relu", "--force", "--explorer", "never"))
    assert "--explorer never" in page.run("document.getElementById('explorer').innerText")
    # An operation that the page does not know.
    path = report(folder, "relu", "--force")
    path.write_text(path.read_text().replace('"kind":"dense"', '"kind":"mystery"'))
    open_page(page, path)
    assert "does not know the operation mystery" in page.run("document.getElementById('explorer').innerText")
    assert page.run("document.querySelectorAll('canvas').length") == 0
    # Names that look like markup stay text.
    shutil.copytree(folder / "relu", folder / "<!--<script>")
    open_page(page, report(folder, "<!--<script>"))
    assert page.run("document.querySelector('h1').textContent") == "<!--<script>"
    # Only so many epochs of pictures as asked for, the last among them.
    path = report(folder, "gaussian", "--force", "--pictures", "1")
    open_page(page, path)
    assert re.findall(r"run0-samples-(\d+)", path.read_text()) == ["2"]
    assert "1 of 2 epochs" in page.run("document.getElementById('pictures').innerText")


def check_measured(page, folder):
    """Columns of data beside those of draws; without the data a note says so."""
    generator = np.random.default_rng(2)
    z = generator.normal(size=(300, 1))
    rows = np.hstack([100 + 10 * z, z + 0.3 * generator.normal(size=z.shape), -z, generator.integers(0, 5, z.shape)])
    np.savetxt(folder / "rows.csv", rows, delimiter=",", header="mass,width,a <b>,count", comments="", fmt="%.9g")
    train(folder, "rows", "data.train_data=rows.csv", "data.test_data=", "data.normalise=standard", "model.latent=2",
          "model.likelihood=gaussian_shared", "train.epochs=20", "train.learning_rate=0.01")
    path = report(folder, "rows")
    open_page(page, path)
    text = page.run("document.getElementById('columns').innerText")
    for words in ["mass", "a <b>", "data: 300 training rows", "samples: 10,000 draws of x", "Correlations"]:
        assert words in text, (words, text)
    assert "300 rows of 4 numbers" in page.run("document.getElementById('subtitle').textContent")
    assert page.run("document.querySelectorAll('path.of-data').length") == 4
    columns = page.run("vaeReport.report.runs[0].columns")
    mass = columns["shown"][0]
    counts, _ = np.histogram(rows[:, 0].astype(np.float32), len(mass["data"]), (mass["low"], mass["high"]))
    np.testing.assert_allclose(mass["data"], counts / 300, atol=0.5 / 300)
    assert 0.9 < sum(mass["samples"]) <= 1.000001 and mass["distance"] < 0.3, mass
    # Of the canvas, the cell of mass and "a <b>" is all but opaque, and negative: blue.
    for side in range(2):
        pixel = page.run(f"""Array.from(document.querySelectorAll("canvas.matrix")[{side}].getContext("2d").getImageData(2, 0, 1, 1).data)""")
        assert pixel[3] > 150 and pixel[2] > pixel[0], pixel
    page.run("""document.querySelector("canvas.matrix").dispatchEvent(new PointerEvent("pointermove", { clientX: -9e3, clientY: -9e3 }))""")
    assert "mass, mass: data 1.00, samples 1.00" in page.run("document.getElementById('columns').innerText")
    assert page.complaints() == [], page.complaints()
    again = path.read_bytes()
    assert report(folder, "rows", "--force").read_bytes() == again, "the same run gives the same page"
    (folder / "rows.csv").rename(folder / "moved.csv")
    open_page(page, report(folder, "rows", "--force"))
    assert "were not found" in page.run("document.getElementById('columns').innerText")
    assert report(folder, "rows", "--force", "--set", "data.train_data=moved.csv").read_bytes() == again


def check_refusals(folder):
    before = (folder / "relu.html").read_bytes()
    assert "relu.html: already exists" in run(folder, "report", "--run", "relu", "--out", "relu.html", code=2)
    assert (folder / "relu.html").read_bytes() == before
    assert "nothing" in run(folder, "report", "--run", "nothing", code=2)
    shutil.copytree(folder / "relu", folder / "bad")
    metrics = folder / "bad/metrics.jsonl"
    lines = metrics.read_text().splitlines(keepends=True)
    for line, words in [("{\n", "not a JSON object"), ("\n", "not a JSON object"), ('{"epoch": 1}\n', "'step' is missing"),
                        ('{"epoch": 1, "step": 2, "split": "spam"}\n', "'spam'"),
                        ('{"epoch": 1, "step": 2, "split": "test", "kl": 1}\n', "'neg_elbo' is missing"),
                        (lines[2].replace('"kl": ', '"kl": "x", "was": '), "'kl' is something else")]:
        metrics.write_text("".join([*lines[:2], line, *lines[3:]]))
        message = run(folder, "report", "--run", "bad", "--out", "bad.html", code=1)
        assert "bad/metrics.jsonl:3: " in message and words in message, message
    metrics.unlink()
    assert "bad/metrics.jsonl: cannot be opened" in run(folder, "report", "--run", "bad", "--out", "bad.html", code=1)
    metrics.write_text("".join(lines) + lines[2][:40])  # as a killed run leaves it
    run(folder, "report", "--run", "bad", "--out", "cut.html")
    (folder / "bad/pictures/epoch-0001-samples.png").write_bytes(b"spam")
    assert "epoch-0001-samples.png: is not a PNG" in run(folder, "report", "--run", "bad", "--out", "bad.html", code=1)
    assert not (folder / "bad.html").exists() and not (folder / "bad.html.partial").exists()


def check(folder):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    phases = np.random.default_rng(1).uniform(0, 6, (COUNT, 1, 1))
    images = (127 + 120 * np.sin(0.9 * x + 0.5 * y + phases)).astype(np.uint8)
    (folder / "images.idx").write_bytes(struct.pack(">IIII", 0x803, COUNT, HEIGHT, WIDTH) + images.tobytes())
    np.save(folder / "colour.npy", np.stack([images[:, :8, :6], 255 - images[:, 1:, 1:], images[:, :8, 1:]], -1))
    (folder / "tiny.ini").write_text(CONFIG)
    with browser.Browser() as page:
        check_decoders(page, folder)
        for shape, rows, columns in [((6, 18), 26, 9), ((1, 6), 37, 6), ((18, 6), 9, 26)]:
            check_plane(page, folder, shape, rows, columns)
        check_operations(page, folder)
        check_convolutions(page)
        check_columns(page)
        check_use(page, folder)
        check_long(page, folder)
        check_compare(page, folder)
        check_measured(page, folder)
        check_left_out(page, folder)
    check_refusals(folder)
    first = report(folder, "tanh", "--force").read_bytes()
    assert report(folder, "tanh", "--force").read_bytes() == first, "the same run gives the same page"
    print("the report's page works in a browser, and decodes as the program does")


with tempfile.TemporaryDirectory() as name:
    check(pathlib.Path(name))
