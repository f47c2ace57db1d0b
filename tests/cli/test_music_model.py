"""Models of music as users run them: train, resume, and every command, on tunes that are made here; and what is written opens in
another reader with the intended notes, that of mido.

Run by ctest with VAE_PROGRAM, by the Python with what run-tests installs.
"""

import json
import pathlib
import random
import re
import struct
import sys
import tempfile

import mido
from sequence_run import check_resume, lines, pictures, program, refuse, run

CONFIG = """[data]
train_data = tunes
metre = 4/4
bars = 1
transpose = 2
[model]
family = music_vae
latent = 4
embedding = 16
encoder_units = 24
bidirectional = yes
decoder_units = 32
decoder_depth = 2
[train]
epochs = 2
batch_size = 4
learning_rate = 0.005
beta = 0.01
"""
CONDUCTOR = ("--set", "data.bars=2", "--set", "model.conductor_units=20", "--set", "model.segment_steps=16")
SCALES = {"up": [60, 62, 64, 65, 67, 69, 71, 72], "down": [72, 71, 69, 67, 65, 64, 62, 60]}
TICKS = 96


def write_tune(path, kind, draw, bars=4):
    """Eighths up or down, each bar from a degree of its own, and drums below."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file, melody, drums = mido.MidiFile(ticks_per_beat=TICKS), mido.MidiTrack(), mido.MidiTrack()
    file.tracks += [melody, drums]
    melody.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(100)))
    for _ in range(bars):
        shift = draw.choice([-5, 0, 7])
        for pitch in SCALES[kind]:
            melody.append(mido.Message("note_on", note=pitch + shift, velocity=70))
            melody.append(mido.Message("note_off", note=pitch + shift, time=TICKS // 2))
        for beat in range(4):
            drums.append(mido.Message("note_on", channel=9, note=36 if beat % 2 == 0 else 38, velocity=90))
            drums.append(mido.Message("note_off", channel=9, note=36 if beat % 2 == 0 else 38, time=TICKS))
    file.save(path)


def make_files(folder):
    draw = random.Random(1)
    for part, count in (("train", 24), ("valid", 6), ("test", 6)):
        for i in range(count):
            kind = "up" if i % 2 else "down"
            write_tune(folder / "tunes" / part / kind / f"{i:02}.mid", kind, draw)
    (folder / "music.ini").write_text(CONFIG)


def notes_of(path):
    """(start, end, pitch) in steps of a quarter of a beat, as mido reads them."""
    file, found = mido.MidiFile(path), []
    for track in file.tracks:
        time, sounding = 0, {}
        for message in track:
            time += message.time
            if message.type == "note_on" and message.velocity > 0:
                assert message.note not in sounding, f"{path}: a note begins that sounds"
                sounding[message.note] = time
            elif message.type in ("note_on", "note_off"):
                found.append((sounding.pop(message.note), time, message.note))
        assert not sounding, f"{path}: a note does not end"
    unit = file.ticks_per_beat / 4
    assert all(start % unit == 0 and end % unit == 0 for start, end, _ in found)
    return sorted((int(start / unit), int(end / unit), pitch) for start, end, pitch in found)


def size_of(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    return struct.unpack(">II", data[16:24])


def check_training(folder):
    done = run("--config", "music.ini", "--out", "short", folder=folder)
    for expected in (" test excerpts of up to 16 steps", "nats an excerpt", "steps/s", "a vocabulary of 91 tokens",
                     "next: vae-cuda sample --run short --out samples.mid\n"):
        assert expected in done.stdout, f"'{expected}' is not in {done.stdout}"
    assert "[data] train_data: " in done.stderr and "excerpts are the same as one before and were left out" in done.stderr, done.stderr
    assert pictures(folder, "short") == [f"epoch-{epoch:04}-{what}.png" for epoch in (1, 2) for what in ("reconstructions", "samples")]
    program("--config", "music.ini", "--set", "train.epochs=300", "--out", "run", "--quiet", folder=folder)
    assert lines(folder, "run")[-1]["reconstruction"] < lines(folder, "short")[-1]["reconstruction"] - 5
    program("--config", "music.ini", *CONDUCTOR, "--out", "bars", "--quiet", folder=folder)
    program("--config", "music.ini", "--set", "data.music_part=drums", "--set", "data.deduplicate=no", "--set", "train.epochs=20", "--out", "drums", "--quiet", folder=folder)


def check_against_mido(folder):
    """The PyTorch peer of bench/ reads the same excerpts, by mido."""
    sys.path.insert(0, "bench/peers")
    import sequences

    parts = sequences.read_melodies(folder / "tunes", 1, 2)
    counts = [len(parts[part]) for part in ("train", "valid", "test")]
    said = program("info", "--config", "music.ini", "--set", "data.metre=any", folder=folder)
    assert "excerpts      {} training, {} validation, {} test\n".format(*counts) in said, (counts, said)


def check_reconstructions(folder):
    """Greedily decoded, a tune that the model knows comes back note by note."""
    program("reconstruct", "--run", "run", "--count", 4, "--out", "made/", folder=folder)
    program("reconstruct", "--run", "run", "--count", 4, "--out", "both.mid", folder=folder)
    files = sorted((folder / "made").iterdir())
    assert [path.name for path in files] == [f"{i:06}.mid" for i in range(8)] or len(files) == 4, files
    marks = notes_of(folder / "both.mid")
    assert len(marks) > 0 and max(pitch for _, _, pitch in marks) < 109
    pairs = [(notes_of(files[2 * i]), notes_of(files[2 * i + 1])) for i in range(4)]
    same = sum(len({(s, p) for s, _, p in a} & {(s, p) for s, _, p in b}) for a, b in pairs)
    assert same >= 0.8 * sum(len(a) for a, _ in pairs), pairs


def check_outputs(folder):
    said = program("sample", "--run", "run", "--count", 3, folder=folder)
    assert said == "samples.mid: 3 excerpts\n", said
    first = notes_of(folder / "samples.mid")
    # An excerpt of a bar, and a bar of rest.
    assert all(start % 32 < 16 for start, _, _ in first), first
    program("sample", "--run", "run", "--count", 3, "--out", "again.mid", folder=folder)
    program("sample", "--run", "run", "--count", 3, "--seed", 2, "--out", "other.mid", folder=folder)
    assert (folder / "samples.mid").read_bytes() == (folder / "again.mid").read_bytes() != (folder / "other.mid").read_bytes()
    program("sample", "--run", "run", "--count", 6, "--columns", 3, "--out", "six.png", folder=folder)
    program("sample", "--run", "run", "--count", 6, "--columns", 3, "--out", "six.svg", folder=folder)
    width, height = size_of(folder / "six.png")
    assert f'viewBox="0 0 {width} {height}"' in (folder / "six.svg").read_text(), (width, height)
    program("sample", "--run", "drums", "--count", 2, "--out", "drums.mid", folder=folder)
    assert {pitch for _, _, pitch in notes_of(folder / "drums.mid")} <= {36, 38}
    program("sample", "--run", "bars", "--count", 2, "--out", "bars/", folder=folder)
    assert all(end <= 32 for name in ("000000", "000001") for _, end, _ in notes_of(folder / f"bars/{name}.mid"))


def check_commands(folder):
    tune = "tunes/test/up/01.mid"
    for command in (("interpolate", "--from", "0,1", "--to", "2,3", "--steps", 5), ("interpolate", "--from", tune, "--to", "tunes/test/down/00.mid"),
                    ("complete", "--index", "0,1", "--count", 2), ("arithmetic", "--label", "up", "--index", 2)):
        for ending in ("mid", "png", "svg"):
            program(*command, "--run", "run", "--out", f"x.{ending}", "--force", folder=folder)
    program("complete", "--input", tune, "--run", "run", "--keep", 8, "--count", 1, "--out", "on.mid", folder=folder)
    begun = [note for note in notes_of(folder / "on.mid") if note[0] < 8]
    assert [(s, p) for s, _, p in begun] == [(s, p) for s, _, p in notes_of(folder / tune) if s < 8 and p > 50], begun
    program("encode", "--run", "run", "--out", "codes.csv", folder=folder)
    program("decode", "--run", "run", "--input", "codes.csv", "--out", "decoded.mid", folder=folder)
    said = program("probe", "--run", "run", "--label", "up", folder=folder)
    assert "15 with, 15 without; test 3, 3" in said, said
    for name in ("run", "bars", "drums"):
        found = json.loads(program("evaluate", "--run", name, "--json", "--samples", 20, folder=folder))
        logged = lines(folder, name)[-1]
        assert abs(found["neg_elbo"] - logged["neg_elbo"]) < 1e-5 * abs(logged["neg_elbo"]) + 1e-6, (found, logged)
        assert found["log_likelihood"] > -found["neg_elbo"] - 0.1 and found["perplexity"] is None
        program("report", "--run", name, folder=folder)
        page = (folder / name / "report.html").read_text() if (folder / name / "report.html").exists() else (folder / "report.html").read_text()
        assert '"kind":"music"' in page and '"music":[{"title":"Samples"' in page
        (folder / "report.html").unlink(missing_ok=True)
    said = program("info", "--run", "run", folder=folder)
    assert "excerpts    of up to 16 steps, with a vocabulary of 91\n" in said, said


def check_refusals(folder):
    refuse("--text is for models of texts", "complete", "--text", "a", "--run", "run", folder=folder)
    refuse("x.txt: the name ends in .txt, but the output can be a picture (.png), or a drawing (.svg), or music (.mid), or a folder",
           "sample", "--run", "run", "--out", "x.txt", folder=folder)
    for bad in ("--set", "data.bars=1", "--set", "model.segment_steps=5"), ("--set", "data.bars=1", "--set", "model.segment_steps=32"):
        said = program("--config", "music.ini", "--set", "model.conductor_units=8", *bad, "--out", "never", folder=folder, status=1)
        assert re.search(r"\[model\] segment_steps: items of 16 steps are not whole segments of \d+", said), said
    refuse("[data] train_data", "--config", "music.ini", "--set", "data.train_data=music.ini", "--out", "never", folder=folder, status=1)
    whole = (folder / "tunes/test/up/01.mid").read_bytes()
    (folder / "cut.mid").write_bytes(whole[:60])
    refuse("cut.mid: track 1, byte ", "reconstruct", "--run", "run", "--input", "cut.mid", "--force", folder=folder, status=1)
    (folder / "tunes/test/up/cut.mid").write_bytes(whole[:60])
    said = run("evaluate", "--run", "short", folder=folder).stderr
    assert "1 damaged MIDI file was left out: " in said, said
    (folder / "tunes/test/up/cut.mid").unlink()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_files(folder)
        for check in (check_training, check_against_mido, check_reconstructions, check_outputs, check_commands, check_refusals):
            check(folder)
            print(f"{check.__name__}: ok", flush=True)
        check_resume(folder, "music.ini")
        print("check_resume: ok")


main()
