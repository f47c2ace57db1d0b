"""Encoders of sentences, drawings and music as ONNX: ONNX Runtime gives the codes that `encode` gives, to 1e-5.

Run by ctest with VAE_PROGRAM; exits with 77 (skipped) where the packages are not installed.
"""

import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

try:
    import mido
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"SKIPPED: {error}; install numpy, onnx, onnxruntime and mido to run this test")
    sys.exit(77)

sys.path.insert(0, "bench/peers")
import sequences as peer

TOLERANCE = 1e-5
WORDS = "the a cat dog sees hears red green and runs sleeps far near house tree".split()


def run(*arguments):
    return subprocess.run([os.environ["VAE_PROGRAM"], *map(str, arguments)], check=True, capture_output=True, text=True)


def vocabulary(checkpoint):
    content = checkpoint.read_bytes()
    (size,) = struct.unpack_from("<Q", content)
    begin, end = json.loads(content[8 : 8 + size])["data.vocabulary"]["data_offsets"]
    return content[8 + size + begin : 8 + size + end].decode().split("\0")


def check(folder, sentences, *settings):
    config, text, checkpoint = folder / "config.ini", folder / "text.txt", folder / "run/checkpoints/best.safetensors"
    text.write_text("".join(" ".join(words) + "\n" for words in sentences))
    config.write_text(
        f"[data]\ntrain_data = {text}\n[model]\nfamily = text_vae\nlatent = 4\nembedding = 6\nencoder_units = 5\n"
        f"decoder_units = 5\n[train]\nbatch_size = 16\nepochs = 1\n"
    )
    chosen = [argument for setting in settings for argument in ("--set", setting)]
    run("train", "--config", config, "--out", folder / "run", *chosen)
    run("encode", "--run", folder / "run", "--input", text, "--out", folder / "codes.npy")
    run("export", "--run", folder / "run", "--part", "encoder", "--out", folder / "encoder.onnx")
    refused = subprocess.run(
        [os.environ["VAE_PROGRAM"], "export", "--run", folder / "run", "--part", "decoder", "--out", folder / "d.onnx"],
        capture_output=True, text=True,
    )
    assert refused.returncode != 0 and "--part encoder" in refused.stderr, refused.stderr
    model = onnx.load(folder / "encoder.onnx")
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(folder / "encoder.onnx", providers=["CPUExecutionProvider"])
    ids = {word: number for number, word in enumerate(vocabulary(checkpoint))}
    steps = session.get_inputs()[0].shape[1]
    x = np.zeros((len(sentences), steps), np.float32)
    lengths = np.zeros(len(sentences), np.float32)
    for row, words in enumerate(sentences):
        tokens = [0, *(ids[word] for word in words), 1]
        x[row, : len(tokens)] = tokens
        lengths[row] = len(tokens)
    found, _ = session.run(["mean", "log_variance"], {"x": x, "lengths": lengths})
    expected = np.load(folder / "codes.npy", allow_pickle=False)
    assert found.shape == expected.shape and expected.std() > 0
    worst = float(np.abs(found - expected).max())
    assert worst <= TOLERANCE, f"{settings}: differs by {worst}"
    print(f"{settings}: differs by {worst:.1e}")


def check_drawings(folder):
    """Stroke-3 as files have it, stroke-5 as models read it."""
    generator, data, config = np.random.default_rng(1), folder / "strokes.npz", folder / "config.ini"
    drawings = [generator.integers(-30, 30, (generator.integers(2, 12), 3)).astype(np.int16) for _ in range(80)]
    for drawing in drawings:
        drawing[:, 2] = generator.random(len(drawing)) < 0.3
        drawing[-1, 2] = 1
    offsets = np.cumsum([0, *map(len, drawings)])
    parts = {name: np.concatenate(drawings) for name in ("train", "valid", "test")}
    np.savez(data, **parts, **{f"{name}_offsets": offsets for name in parts})
    config.write_text(
        f"[data]\ntrain_data = {data}\n[model]\nfamily = sketch_rnn\nlatent = 4\nencoder_units = 5\n"
        f"decoder_units = 5\n[train]\nbatch_size = 16\nepochs = 1\n"
    )
    run("train", "--config", config, "--out", folder / "run")
    run("encode", "--run", folder / "run", "--input", f"{data}:test", "--out", folder / "codes.npy")
    run("export", "--run", folder / "run", "--part", "encoder", "--out", folder / "encoder.onnx")
    session = onnxruntime.InferenceSession(folder / "encoder.onnx", providers=["CPUExecutionProvider"])
    x = np.zeros((len(drawings), session.get_inputs()[0].shape[1], 5), np.float32)
    x[:, :, 4] = 1
    for row, drawing in enumerate(drawings):
        x[row, 0] = 0, 0, 1, 0, 0
        x[row, 1 : len(drawing) + 1] = np.column_stack(
            [drawing[:, :2], 1 - drawing[:, 2], drawing[:, 2], np.zeros(len(drawing))]
        )
    lengths = np.array([len(drawing) + 2 for drawing in drawings], np.float32)
    found, _ = session.run(["mean", "log_variance"], {"x": x, "lengths": lengths})
    expected = np.load(folder / "codes.npy", allow_pickle=False)
    assert found.shape == expected.shape and expected.std() > 0
    worst = float(np.abs(found - expected).max())
    assert worst <= TOLERANCE, f"drawings: differs by {worst}"
    print(f"drawings: differs by {worst:.1e}")


def check_music(folder):
    """Tokens as bench/'s reader has them, a begin and the steps of a bar."""
    config, generator = folder / "config.ini", random.Random(3)
    for part in ("train", "valid", "test"):
        track = mido.MidiTrack()
        for _ in range(64):
            pitch = generator.randint(50, 80)
            track.append(mido.Message("note_on", note=pitch, velocity=64, time=generator.choice([0, 0, 120])))
            track.append(mido.Message("note_off", note=pitch, time=generator.choice([120, 240])))
        (folder / "tunes" / part).mkdir(parents=True)
        mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(folder / "tunes" / part / "a.mid")
    config.write_text(
        f"[data]\ntrain_data = {folder}/tunes\nbars = 1\nmetre = any\n[model]\nfamily = music_vae\nlatent = 4\nembedding = 6\n"
        f"encoder_units = 5\nbidirectional = yes\ndecoder_units = 5\nconductor_units = 3\nsegment_steps = 4\n"
        f"[train]\nbatch_size = 16\nepochs = 1\n"
    )
    run("train", "--config", config, "--out", folder / "run")
    run("encode", "--run", folder / "run", "--split", "test", "--out", folder / "codes.npy")
    run("export", "--run", folder / "run", "--part", "encoder", "--out", folder / "encoder.onnx")
    session = onnxruntime.InferenceSession(folder / "encoder.onnx", providers=["CPUExecutionProvider"])
    x = peer.read_melodies(folder / "tunes", 1, 0)["test"].astype(np.float32)
    found, _ = session.run(["mean", "log_variance"], {"x": x, "lengths": np.full(len(x), x.shape[1], np.float32)})
    expected = np.load(folder / "codes.npy", allow_pickle=False)
    assert found.shape == expected.shape and expected.std() > 0, (found.shape, expected.shape)
    worst = float(np.abs(found - expected).max())
    assert worst <= TOLERANCE, f"music: differs by {worst}"
    print(f"music: differs by {worst:.1e}")


generator = random.Random(1)
sentences = [[generator.choice(WORDS) for _ in range(generator.randint(1, 9))] for _ in range(60)]
for settings in ((), ("model.cell=gru",), ("model.bidirectional=yes",)):
    with tempfile.TemporaryDirectory() as folder:
        check(pathlib.Path(folder), sentences, *settings)
with tempfile.TemporaryDirectory() as folder:
    check_drawings(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    check_music(pathlib.Path(folder))
