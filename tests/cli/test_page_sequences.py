"""The report of a model of sentences in a real browser: its speed in tokens, what it said epoch by epoch, and how it differs from one of
drawings."""

import json
import pathlib
import sys
import tempfile

try:
    import browser
except ImportError as missing:
    print(f"SKIPPED: {missing}; install websocket-client to run this test")
    sys.exit(77)
if not browser.find():
    print("SKIPPED: no Chromium; scripts/install-dependencies --test installs it")
    sys.exit(77)

from sequence_run import program

CONFIG = """[data]
train_data = text.txt
validation = 10
[model]
family = text_vae
latent = 2
embedding = 4
encoder_units = 4
decoder_units = 4
[train]
epochs = 3
batch_size = 10
learning_rate = 0.01
"""


def lines_of(page):
    """What the two texts that are shown say."""
    return page.run("[...document.querySelectorAll('#pictures pre')].map((text) => text.textContent)")


def written(folder, epoch):
    return [(folder / f"run/pictures/epoch-{epoch:04}-{what}.txt").read_text() for what in ("samples", "reconstructions")]


def compared(page, folder, one, other):
    """{key: [of one, of the other]} where they differ."""
    program("report", "--run", one, "--compare", other, "--out", f"{one}.html", "--quiet", folder=folder)
    page.open(folder / f"{one}.html")
    rows = page.run("[...document.querySelectorAll('#comparison table')[1].rows].map((row) => [...row.cells].map((cell) => cell.textContent))")
    return {key: values for key, *values in rows[1:]}


def check_differences(page, folder):
    """Each family has keys of its own, whichever run comes first."""
    (folder / "drawings.ndjson").write_text('{"drawing": [[[0, 9, 9], [0, 0, 9]]]}\n' * 12)
    (folder / "drawings.ini").write_text(CONFIG.replace("text.txt", "drawings.ndjson").replace("validation = 10", "validation = 2")
                                         .replace("text_vae", "sketch_rnn").replace("embedding = 4", "components = 2"))
    program("--config", "drawings.ini", "--out", "drawn", "--quiet", folder=folder)
    there, back = compared(page, folder, "run", "drawn"), compared(page, folder, "drawn", "run")
    assert there == {key: values[::-1] for key, values in back.items()}, (there, back)
    assert there["model.embedding"] == ["4", "–"] and there["model.components"] == ["–", "2"], there
    for keys in (list(there), list(back)):
        groups = [key.split(".")[0] for key in keys]
        assert groups == sorted(groups, key=["model", "data", "train"].index), keys


def check_axes(page, folder):
    """Of a collapsed run: nothing that cannot be negative has an axis below 0, though an estimate may be."""
    metrics = folder / "run/metrics.jsonl"
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    for i, line in enumerate(lines):
        line |= {"active_units": 0, "mutual_information": -0.01 * (i + 1)} if "active_units" in line else {}
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    program("report", "--run", "run", "--out", "collapsed.html", "--quiet", folder=folder)
    page.open(folder / "collapsed.html")
    ticks = dict(page.run("""[...document.querySelectorAll('#curves .chart')].map((chart) =>
        [chart.querySelector('h3').firstChild.textContent, [...chart.querySelectorAll('svg text[text-anchor=end]')].map((text) => text.textContent)])"""))
    for title in ("Active units", "Mutual information of x and z"):
        assert ticks[title][0] == "0" and "1" in ticks[title], ticks
    inside = page.run("""[...document.querySelectorAll('#curves .chart')].every((chart) => [...chart.querySelectorAll('circle')].every(
        (dot) => +dot.getAttribute('cy') <= +chart.querySelector('.axis').getAttribute('y1')))""")
    assert inside, "a dot lies below its axis"


def main():
    with tempfile.TemporaryDirectory() as name, browser.Browser() as page:
        folder = pathlib.Path(name)
        (folder / "text.txt").write_text("".join(f"the {who} saw a <b>{what}</b>\n" for who in ("cat", "dog", "hen", "Käfer", "owl")
                                                 for what in ("fish", "house", "ball", "tree", "road", "ship")))
        (folder / "text.ini").write_text(CONFIG)
        program("--config", "text.ini", "--out", "run", "--quiet", folder=folder)
        program("report", "--run", "run", "--out", "page.html", "--quiet", folder=folder)
        page.open(folder / "page.html")
        titles = page.run("[...document.querySelectorAll('#curves h3')].map((title) => title.textContent)")
        assert [title for title in titles if title.startswith("Speed")] == ["Speed tokens/s"], titles
        assert page.run("document.querySelector('#pictures h2').textContent") == "Sentences by epoch"
        assert lines_of(page) == written(folder, 3)
        page.run("""(() => { const slider = document.querySelector("#pictures input"); slider.value = 0;
            slider.dispatchEvent(new Event("input")); })()""")
        assert lines_of(page) == written(folder, 1)
        check_differences(page, folder)
        check_axes(page, folder)
        assert page.complaints() == [], page.complaints()
    print("test_page_sequences: ok")


main()
