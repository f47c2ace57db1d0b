"""Sounds as Python's own module writes them, their spectra as NumPy's FFT has them, and mel bands by another implementation.

Run by ctest with VAE_WRITE_SOUND; exits with 77 (skipped) without NumPy.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import wave

try:
    import numpy as np
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy to run this test")
    sys.exit(77)

PROGRAM = os.environ["VAE_WRITE_SOUND"]
STEPS = 30


def make_sound(count, rate, channels):
    """A chirp and noise, [count, channels]."""
    time = np.arange(count)[:, None] / rate
    noise = np.random.default_rng(3).uniform(-0.1, 0.1, (count, channels))
    return 0.6 * np.sin(2 * np.pi * (200 * time + 0.1 * rate * time**2) + np.arange(channels)) + noise


def write_wav(path, sound, rate, width):
    """Gives the samples that the file holds, in [-1, 1]."""
    scale = 1 << (8 * width - 1)
    levels = np.clip(np.rint(sound * scale), -scale, scale - 1).astype("<i8")
    stored = levels + 128 if width == 1 else levels
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(stored.reshape(-1, 1).view("u1")[:, :width].tobytes())
    return levels / scale


def read(path, prefix, frame, hop, bands, scale, norm):
    arguments = [str(path), str(frame), str(hop), str(bands), scale, norm, str(STEPS), str(prefix)]
    result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, f"{path}: {result.stderr}"
    return {name: np.load(f"{prefix}-{name}.npy") for name in ("wave", "bins", "mel", "found")}


def transform(samples, frame, hop):
    """[frames, bins], about the samples 0, hop, …, up to the end."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    count = 1 + -(-len(samples) // hop)
    padded = np.zeros((count - 1) * hop + frame)
    padded[frame // 2 : frame // 2 + len(samples)] = samples
    return np.fft.rfft([window * padded[t * hop : t * hop + frame] for t in range(count)])


def mel_bank(frame, rate, bands, scale, norm):
    """[bands, bins]"""
    if scale == "htk":
        edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 1400), bands + 2) / 2595) - 1)
    else:
        top = 15 + 27 * np.log(rate / 2000) / np.log(6.4)
        mels = np.linspace(0, top, bands + 2)
        edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) * (mels - 15) / 27))
    hertz = np.arange(frame // 2 + 1) * rate / frame
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle))
    bank = np.where(bank < 1e-9, 0, bank)  # a bin at the very edge
    return bank * 2 / (high - low) if norm == "area" else bank


def invert(bank, bands):
    start = (bands / bank.sum(1)) @ bank
    found = start / np.where(bank.sum(0) > 0, bank.sum(0), 1)
    pull, square = bands @ bank, bank.T @ bank
    for _ in range(STEPS):
        found = found * pull / np.maximum(found @ square, 1e-300)
    return found


def check(found, wanted, tolerance, what):
    assert found.shape == wanted.shape, f"{what}: {found.shape} instead of {wanted.shape}"
    off = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert off < tolerance, f"{what}: off by {off}"


CASES = (  # rate, channels, bytes a sample, frame, hop, bands, scale, norm
    (8000, 1, 2, 256, 64, 80, "slaney", "area"),
    (16000, 2, 3, 400, 160, 40, "htk", "height"),
    (11025, 5, 4, 302, 101, 23, "slaney", "height"),
    (22050, 1, 1, 1024, 256, 80, "htk", "area"),
)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for rate, channels, width, frame, hop, bands, scale, norm in CASES:
            what = f"{rate} Hz, {channels} channels of {width} bytes"
            stored = write_wav(folder / "sound.wav", make_sound(7001, rate, channels), rate, width)
            arrays = read(folder / "sound.wav", folder / "out", frame, hop, bands, scale, norm)
            check(arrays["wave"], stored.mean(1), 2e-7, f"{what}: samples")
            bins = transform(arrays["wave"].astype(float), frame, hop)
            check(arrays["bins"] @ [1, 1j], bins, 1e-6, f"{what}: bins")
            bank = mel_bank(frame, rate, bands, scale, norm)
            check(arrays["mel"], np.abs(bins) @ bank.T, 1e-6, f"{what}: mel bands")
            check(arrays["found"], invert(bank, arrays["mel"].astype(float)), 1e-5, f"{what}: magnitudes")
    print(f"{len(CASES)} sounds are as NumPy has them")


main()
