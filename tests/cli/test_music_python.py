"""MIDI files as mido reads and writes them: the same notes, both ways, and the excerpts that the PyTorch peer of bench/ cuts out
of them; of random pieces, and of the folk tunes of Nottingham where VAE_DATA or ../shared/data has them.

Run by ctest with VAE_WRITE_MUSIC; exits with 77 (skipped) where mido or NumPy is not installed.
"""

import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile

try:
    import mido
    import numpy
except ImportError as error:
    print(f"SKIPPED: {error}; install mido and numpy to run this test")
    sys.exit(77)

sys.path.insert(0, "bench/peers")
import sequences as peer

PROGRAM = os.environ["VAE_WRITE_MUSIC"]
TUNES = pathlib.Path(os.environ.get("VAE_DATA") or "../shared/data") / "nottingham/nottingham-midi.tar.gz"
METRES = [(4, 4), (3, 4), (2, 4), (6, 8), (5, 4), (7, 8), (2, 2), (12, 4)]


def call(*arguments, text=None):
    result = subprocess.run([PROGRAM, *map(str, arguments)], input=text, capture_output=True, text=True)
    assert result.returncode == 0, f"{arguments[:3]}: exit code {result.returncode}: {result.stderr}"
    return result.stdout


def pieces(*arguments):
    """What follows "piece" in its line, and the lines below it, of each file."""
    found = []
    for line in call(*arguments).splitlines():
        if line.startswith("piece"):
            found.append((line.split()[1:], []))
        else:
            found[-1][1].append(tuple(map(int, line.split())))
    return found


def read_track(number, track):
    """Notes as write_music has them, and time signatures."""
    time, programs, sounding, notes, metres = 0, {}, {}, [], []
    for message in track:
        time += message.time
        if message.type == "time_signature":
            metres.append((time, f"{message.numerator}/{message.denominator}"))
        elif message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type in ("note_on", "note_off"):
            key, begins = (message.channel, message.note), message.type == "note_on" and message.velocity > 0
            if not begins and key in sounding and sounding[key]["repeats"] and sounding[key]["start"] == time:
                sounding[key]["repeats"] = False
                continue
            before = sounding.pop(key, None)
            if before:
                notes.append((before["start"], time, number, message.channel, before["program"], message.note, before["velocity"]))
            if begins:
                sounding[key] = {"start": time, "program": programs.get(message.channel, 0), "velocity": message.velocity, "repeats": before is not None}
    notes += [(note["start"], time, number, channel, note["program"], pitch, note["velocity"]) for (channel, pitch), note in sounding.items()]
    return notes, metres


def read(path):
    file, notes, metres = mido.MidiFile(path), [], []
    for number, track in enumerate(file.tracks):
        more = read_track(number, track)
        notes += more[0]
        metres += more[1]
    metres.sort(key=lambda metre: metre[0])
    return [str(file.ticks_per_beat)] + [f"{at}:{metre}" for at, metre in metres], sorted(notes)


def expect_same(paths):
    found = pieces("notes", *paths)
    assert len(found) == len(paths)
    for path, (head, notes) in zip(paths, found):
        wanted = read(path)
        assert head == wanted[0], f"{path}: {head} instead of {wanted[0]}"
        starts = [note[:1] + note[2:4] + note[5:6] for note in notes]
        assert starts == sorted(starts), f"{path}: notes are not in order"
        assert sorted(notes) == wanted[1], f"{path}: {set(notes) ^ set(wanted[1])}"
    return sum(len(notes) for _, notes in found)


def expect_same_excerpts(paths, bars):
    found = pieces("excerpts", bars, *paths)
    assert len(found) == len(paths)
    for path, (_, excerpts) in zip(paths, found):
        wanted = [tuple(tokens.tolist()) for tokens in peer.excerpts_of(path, bars * 16)]
        assert excerpts == wanted, f"{path}, {bars} bars: {len(excerpts)} instead of {len(wanted)}, or others"
    return sum(len(excerpts) for _, excerpts in found)


# ---- Random pieces ----


def add_noise(draw, track):
    """What is not music, of no duration or some."""
    track.append(draw.choice([
        mido.Message("control_change", control=7, value=draw.randrange(128), time=draw.choice([0, 5])),
        mido.Message("pitchwheel", pitch=draw.randrange(-8192, 8192)),
        mido.Message("aftertouch", value=3),
        mido.Message("sysex", data=[1, 2, 3] * draw.randrange(60)),
        mido.MetaMessage("text", text="x" * draw.choice([0, 1, 127, 128, 20000])),
        mido.MetaMessage("key_signature", key="F#m"),
        mido.MetaMessage("set_tempo", tempo=draw.randrange(1, 1 << 24)),
        mido.MetaMessage("sequencer_specific", data=(0, 0, 1)),
    ]))


def random_track(draw):
    """Notes that overlap, repeat, end twice or never, some of no length, in any order that a file may have."""
    track = mido.MidiTrack()
    channels = draw.sample(range(16), draw.randrange(1, 4))
    for _ in range(draw.randrange(120)):
        kind = draw.random()
        step = draw.choice([0, 0, 6, 12, 24, 24, 48, 60, 96, 400, 3000])
        note = {"channel": draw.choice(channels), "note": draw.choice([20, 21, 40, 60, 60, 61, 62, 72, 108, 109])}
        if kind < 0.1:
            add_noise(draw, track)
        elif kind < 0.15:
            track.append(mido.Message("program_change", channel=note["channel"], program=draw.randrange(128), time=step))
        else:
            track.append(mido.Message(draw.choice(["note_on", "note_on", "note_off"]), velocity=draw.choice([0, 1, 64, 127]), time=step, **note))
    return track


def melody_track(draw):
    """One note after the other, as melodies are, over bars of several metres."""
    track, channel = mido.MidiTrack(), draw.choice([0, 3, 9])
    for _ in range(draw.randrange(60)):
        if draw.random() < 0.05:
            track.append(mido.MetaMessage("time_signature", numerator=(metre := draw.choice(METRES))[0], denominator=metre[1], time=draw.choice([0, 24, 96])))
        pitch = draw.choice([60, 62, 64, 65, 67] if draw.random() < 0.98 else [20, 110])
        rest = draw.choice([0, 0, 0, 0, 0, 11, 24, 96, 384, 2000])
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=64, time=rest))
        track.append(mido.Message("note_off", channel=channel, note=pitch, time=draw.choice([0, 7, 24, 24, 48, 48, 96, 384, 1500, 40000 if draw.random() < 0.1 else 96])))
    return track


def save(path, tracks, ticks):
    mido.MidiFile(type=1, ticks_per_beat=ticks, tracks=tracks).save(path)
    return path


def check_reading(folder):
    draw = random.Random(3)
    paths = [save(folder / f"{i}.mid", [random_track(draw) for _ in range(draw.randrange(1, 4))], draw.choice([24, 96, 480, 32767])) for i in range(200)]
    assert expect_same(paths) > 5000


def check_excerpts(folder):
    draw = random.Random(4)
    paths = [save(folder / f"melody{i}.mid", [melody_track(draw) for _ in range(draw.randrange(1, 4))], 96) for i in range(200)]
    for bars in (1, 2, 5):
        assert expect_same_excerpts(paths, bars) > 500


def random_score(draw):
    """By track and pitch no two notes at a time; those of no length become a tick long."""
    notes = []
    for track in range(draw.randrange(1, 4)):
        channel, program = (9, 0) if draw.random() < 0.3 else (draw.randrange(9), draw.randrange(128))
        for pitch in draw.sample(range(128), 5):
            time = 0
            for _ in range(draw.randrange(1, 8)):
                start = time + draw.choice([0, 1, 100, 1 << 28])
                time = start + draw.choice([0, 1, 300])
                notes.append((start, time, track, channel, program, pitch, draw.randrange(1, 128)))
                time = max(time, start + 1)
    draw.shuffle(notes)
    return notes


def check_writing(folder):
    draw, path = random.Random(5), folder / "written.mid"
    for metre in METRES:
        tempo, score = draw.choice([30, 120, 133.7]), [note for note in random_score(draw) if note[1] < 1 << 31]
        call("write", path, 480, tempo, f"{metre[0]}/{metre[1]}", text="\n".join(" ".join(map(str, note)) for note in score))
        wanted = sorted((start, max(end, start + 1), track + 1, *rest) for start, end, track, *rest in score)
        head, notes = read(path)
        assert head == ["480", f"0:{metre[0]}/{metre[1]}"], head
        assert notes == wanted, set(notes) ^ set(wanted)
        file = mido.MidiFile(path)
        assert file.type == 1 and file.tracks[0].name == "a score"
        assert [round(mido.tempo2bpm(message.tempo), 2) for message in file.tracks[0] if message.type == "set_tempo"] == [tempo]


def check_tunes(folder):
    if not TUNES.exists():
        print("left out: the tunes of Nottingham, since neither VAE_DATA nor ../shared/data holds them")
        return
    with tarfile.open(TUNES) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".mid"):
                (folder / pathlib.PurePosixPath(member.name).name).write_bytes(archive.extractfile(member).read())
    paths = sorted(folder.glob("*.mid"))
    assert len(paths) == 1034, len(paths)
    print(f"{len(paths)} tunes: {expect_same(paths)} notes; excerpts of 2 bars: {expect_same_excerpts(paths, 2)}, of 16: {expect_same_excerpts(paths, 16)}")


def main():
    for check in (check_reading, check_excerpts, check_writing, check_tunes):
        with tempfile.TemporaryDirectory() as name:
            check(pathlib.Path(name))
        print(f"{check.__name__}: ok", flush=True)


main()
