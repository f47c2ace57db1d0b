"""Turns the chorales of Bach in music21's Python package, which are MusicXML, into MIDI files: a track a voice.

Usage: chorales_to_midi.py WHEEL FOLDER

Makes FOLDER/train, valid and test; every tenth piece is for validation, and every tenth for the test. An upbeat is filled up
with silence, so that bars begin where those of MIDI files do. Repeats are played once.
"""
import io
import pathlib
import struct
import sys
import xml.etree.ElementTree as xml
import zipfile

TICKS, VELOCITY, TEMPO = 480, 80, 500000
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LEAST_PIECES = 300


def scores(wheel):
    """(name, root of its MusicXML) of each piece."""
    for name in sorted(wheel.namelist()):
        if not (name.startswith("music21/corpus/bach/") and name.endswith(".mxl")):
            continue
        with zipfile.ZipFile(io.BytesIO(wheel.read(name))) as archive:
            inner = [entry for entry in archive.namelist() if entry.endswith("xml") and not entry.startswith("META-INF")]
            yield pathlib.PurePosixPath(name).stem, xml.fromstring(archive.read(inner[0]))


def pitch_of(note):
    pitch = note.find("pitch")
    alter = int(float(pitch.findtext("alter", "0")))
    return 12 * (int(pitch.findtext("octave")) + 1) + STEPS[pitch.findtext("step")] + alter


class Part:
    """One voice: notes as [start, end, pitch] and time signatures as (tick, beats, beat type)."""

    def __init__(self, element):
        self.notes, self.metres, self.tied = [], [], {}
        self.divisions, self.time, self.bar = 1, 0, 4 * TICKS
        for number, measure in enumerate(element.findall("measure")):
            self.read_measure(measure, number == 0)

    def ticks(self, element):
        return round(int(element.findtext("duration", "0")) * TICKS / self.divisions)

    def read_attributes(self, attributes):
        self.divisions = int(attributes.findtext("divisions", str(self.divisions)))
        time = attributes.find("time")
        if time is not None and time.find("beats") is not None:
            beats, beat_type = int(time.findtext("beats")), int(time.findtext("beat-type"))
            self.bar = 4 * TICKS * beats // beat_type
            self.metres.append((self.time, beats, beat_type))

    def read_note(self, note):
        length = self.ticks(note)
        if note.find("chord") is not None:
            self.time -= length
        if note.find("pitch") is not None and note.find("grace") is None:
            pitch, ties = pitch_of(note), {tie.get("type") for tie in note.findall("tie")}
            held = self.tied.pop(pitch, None) if "stop" in ties else None
            if held is None:
                held = [self.time, self.time, pitch]
                self.notes.append(held)
            held[1] = self.time + length
            if "start" in ties:
                self.tied[pitch] = held
        self.time += length

    def read_measure(self, measure, first):
        begin, kept, longest = self.time, len(self.notes), self.time
        for element in measure:
            if element.tag == "attributes":
                self.read_attributes(element)
            elif element.tag == "note":
                self.read_note(element)
            elif element.tag in ("backup", "forward"):
                self.time += self.ticks(element) * (-1 if element.tag == "backup" else 1)
            longest = max(longest, self.time)
        self.time = longest
        upbeat = self.time - begin
        if first and 0 < upbeat < self.bar:
            for note in self.notes[kept:]:
                note[0] += self.bar - upbeat
                note[1] += self.bar - upbeat
            self.time = begin + self.bar


def length_of(value):
    result = [value & 0x7F]
    while value := value >> 7:
        result.insert(0, 0x80 | value & 0x7F)
    return bytes(result)


def track_of(events):
    """Events are (tick, order, bytes)."""
    result, time = b"", 0
    for tick, _, data in sorted(events):
        result += length_of(tick - time) + data
        time = tick
    result += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(result)) + result


def midi_of(parts):
    begin = [(0, 0, b"\xff\x51\x03" + TEMPO.to_bytes(3, "big"))]
    for tick, beats, beat_type in parts[0].metres:
        begin.append((tick, 1, bytes((0xFF, 0x58, 4, beats, beat_type.bit_length() - 1, 24, 8))))
    tracks = [track_of(begin)]
    for channel, part in enumerate(parts):
        events = [(start, 1, bytes((0x90 | channel, pitch, VELOCITY))) for start, _, pitch in part.notes]
        events += [(end, 0, bytes((0x80 | channel, pitch, 0))) for _, end, pitch in part.notes]
        tracks.append(track_of(events))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS) + b"".join(tracks)


def main():
    target = pathlib.Path(sys.argv[2])
    pieces = []
    for name, root in scores(zipfile.ZipFile(sys.argv[1])):
        parts = [Part(element) for element in root.findall("part")]
        parts = [part for part in parts if part.notes]
        if 1 <= len(parts) <= 9:
            pieces.append((name, midi_of(parts)))
    if len(pieces) < LEAST_PIECES:
        sys.exit(f"only {len(pieces)} chorales were found")
    for part in ("train", "valid", "test"):
        (target / part).mkdir(parents=True, exist_ok=True)
    for i, (name, data) in enumerate(pieces):
        part = {8: "valid", 9: "test"}.get(i % 10, "train")
        (target / part / f"{name}.mid").write_bytes(data)


main()
