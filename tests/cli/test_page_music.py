"""The report's music in a real browser: every note is drawn, and played at its place, pitch and length; a click stops it again."""

import json
import math
import pathlib
import sys
import tempfile
import time

try:
    import browser
except ImportError as missing:
    print(f"SKIPPED: {missing}; install websocket-client to run this test")
    sys.exit(77)
if not browser.find():
    print("SKIPPED: no Chromium; scripts/install-dependencies --test installs it")
    sys.exit(77)

PAGE = pathlib.Path("src/host/report/page")
NOTES = [[0, 4, 60], [4, 2, 60], [8, 8, 69]]
GROUPS = json.dumps([
    {"title": "Samples", "caption": "c", "columns": 2, "beat": 4, "tempo": 120, "drums": False,
     "rolls": [{"steps": 16, "given": 5, "notes": NOTES}, {"steps": 16, "given": 0, "notes": []}]},
    {"title": "Drums", "caption": "d", "columns": 1, "beat": 4, "tempo": 120, "drums": True,
     "rolls": [{"steps": 16, "given": 0, "notes": [[0, 1, 36], [4, 1, 38], [4, 1, 42]]}]}])
STEP_SECONDS = 60 / (120 * 4)
# Keeps what is played: the kind of source, its frequency, begin and end.
SPY = """
const played = [];
for (const kind of ["createOscillator", "createBufferSource"]) {
  const made = AudioContext.prototype[kind];
  AudioContext.prototype[kind] = function () {
    const node = made.call(this), note = { kind, begun: this.currentTime };
    const { start, stop } = node;
    node.start = (at) => { note.start = at; note.frequency = node.frequency ? node.frequency.value : null; played.push(note); start.call(node, at); };
    node.stop = (at) => { note.stop = at; stop.call(node, at); };
    return node;
  };
}
"""


def write_page(path):
    scripts = "\n".join((PAGE / name).read_text() for name in ("dom.js", "music.js"))
    path.write_text(f"""<!DOCTYPE html><html><head><meta charset="utf-8"><style>{(PAGE / "style.css").read_text()}</style></head>
<body><main id="main"></main><script>{SPY}{scripts}
const none = VaeMusic.create({{}});
document.getElementById("main").append(VaeMusic.create({{ music: {GROUPS} }}));</script></body></html>""")


def click(page, roll):
    page.run(f"document.querySelectorAll('.roll')[{roll}].click(); 0")


def heads(page):
    """Which rolls show where they are."""
    return page.run("[...document.querySelectorAll('.roll .head')].map((head) => head.getAttribute('visibility') === 'visible')")


def check_drawn(page):
    assert page.run("none === null"), "a section without music"
    assert page.run("document.querySelectorAll('.roll').length") == 3
    drawn = page.run("[...document.querySelectorAll('.roll')[0].querySelectorAll('.note')].map((n) => ['x', 'width'].map((a) => Number(n.getAttribute(a))))")
    assert drawn == [[start * 8 + 0.5, steps * 8 - 1] for start, steps, _ in NOTES], drawn
    given = page.run("[...document.querySelectorAll('.roll')[0].querySelectorAll('.note')].map((n) => n.classList.contains('given'))")
    assert given == [True, True, False], given


def check_played(page):
    click(page, 0)
    notes = page.run("played")
    assert len(notes) == 3 and all(note["kind"] == "createOscillator" for note in notes), notes
    begin = notes[0]["start"]
    for note, (start, steps, pitch) in zip(notes, NOTES, strict=True):
        assert math.isclose(note["start"] - begin, start * STEP_SECONDS, abs_tol=1e-6), notes
        assert math.isclose(note["stop"] - note["start"], steps * STEP_SECONDS, abs_tol=0.02), notes
        assert math.isclose(note["frequency"], 440 * 2 ** ((pitch - 69) / 12), rel_tol=1e-5), notes
    assert heads(page) == [True, False, False]
    # Another one takes its place, and a second click stops that.
    click(page, 2)
    assert heads(page) == [False, False, True]
    kinds = [note["kind"] for note in page.run("played")[3:]]
    assert kinds == ["createOscillator", "createBufferSource", "createBufferSource"], kinds
    click(page, 2)
    assert heads(page) == [False, False, False]


def check_end(page):
    """A roll that is over stops by itself, where the machine has a clock for sound."""
    click(page, 0)
    before = page.run("new Promise((done) => { const c = new AudioContext(); setTimeout(() => done(c.currentTime), 500); })")
    if before > 0:
        for _ in range(200):
            if not any(heads(page)):
                return
            time.sleep(0.05)
        raise AssertionError("an excerpt of two seconds does not end")
    print("this browser plays no sound: that an excerpt ends by itself was not looked at")


def main():
    with tempfile.TemporaryDirectory() as folder, browser.Browser() as page:
        path = pathlib.Path(folder) / "page.html"
        write_page(path)
        page.open(path)
        check_drawn(page)
        check_played(page)
        check_end(page)
        # A script's click is not a reader's, which browsers may want before they let a page sound.
        said = [text for text in page.complaints() if "AudioContext was not allowed" not in text]
        assert not said and not page.requests(), (said, page.requests())
    print("music is drawn and played note by note")


main()
