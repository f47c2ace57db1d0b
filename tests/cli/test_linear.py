"""A linear VAE is probabilistic PCA (Tipping & Bishop 1999; Lucas et al. 2019, "Don't blame the ELBO!"): trained on rows of numbers, its
importance-sampled log P(X) is the closed form's, and its decoder spans the principal subspace."""
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from safetensors.numpy import load_file

PROGRAM = str(pathlib.Path(os.environ["VAE_PROGRAM"]).resolve())
DIMENSIONS, LATENT = 6, 2
CONFIG = """
[model]
layers = none
latent = 2
likelihood = gaussian_shared
[data]
train_data = train.npy
test_data = test.npy
normalise = {normalise}
[train]
epochs = 300
batch_size = 200
learning_rate = 0.02
schedule = cosine
"""


def run(*arguments):
    result = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, f"{arguments}: {result.returncode}\n{result.stderr}"
    return result.stdout


def draw_data():
    generator = np.random.default_rng(3)
    weight = generator.normal(size=(DIMENSIONS, LATENT)) * [1.5, 0.9]
    z, noise = generator.normal(size=(2000, LATENT)), generator.normal(size=(2000, DIMENSIONS))
    x = z @ weight.T + 2 * generator.normal(size=DIMENSIONS) + 0.5 * noise
    return x[:1600].astype(np.float32), x[1600:].astype(np.float32)


def fit(x):
    """The maximum likelihood solution: mean, covariance of x, and the principal axes."""
    values, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    values, axes = values[::-1], axes[:, ::-1]
    variance = values[LATENT:].mean()
    weight = axes[:, :LATENT] * np.sqrt(values[:LATENT] - variance)
    return x.mean(0), weight @ weight.T + variance * np.eye(DIMENSIONS), axes[:, :LATENT]


def log_density(x, mean, covariance):
    r = x - mean
    squares = np.einsum("ij,jk,ik->i", r, np.linalg.inv(covariance), r)
    return (-0.5 * (squares + np.linalg.slogdet(covariance)[1] + DIMENSIONS * np.log(2 * np.pi))).mean()


def check(folder, normalise, train, test):
    (folder / "linear.ini").write_text(CONFIG.format(normalise=normalise))
    out = folder / normalise
    run("--config", folder / "linear.ini", "--out", out, "--device", "cpu", "--quiet")
    found = json.loads(run("evaluate", "--run", out, "--samples", 1000, "--device", "cpu", "--quiet", "--json"))
    shift, scale = (train.mean(0), train.std(0)) if normalise == "standard" else (0.0, np.ones(DIMENSIONS))
    mean, covariance, axes = fit((train - shift) / scale)
    expected = log_density((test - shift) / scale, mean, covariance)
    assert abs(found["log_likelihood"] - expected) < 0.1, f"{normalise}: {found['log_likelihood']}, PPCA {expected}"
    if normalise == "standard":
        in_units = found["log_likelihood_in_data_units"]
        assert abs(found["log_likelihood"] - np.log(scale).sum() - in_units) < 1e-4, f"{in_units} in the data's units"
    tensors = load_file(out / "checkpoints/best.safetensors")
    basis = np.linalg.qr(tensors["output.weight"].T.astype(float))[0]
    cosines = np.linalg.svd(axes.T @ basis)[1]
    assert cosines.min() > 0.999, f"{normalise}: the decoder's subspace is {cosines} off PCA's"
    print(f"{normalise}: log P(X) {found['log_likelihood']:.4f}, PPCA {expected:.4f}; cosines of the subspaces {cosines}")


def main():
    train, test = draw_data()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        np.save(folder / "train.npy", train)
        np.save(folder / "test.npy", test)
        for normalise in ("unit", "standard"):
            check(folder, normalise, train, test)


main()
