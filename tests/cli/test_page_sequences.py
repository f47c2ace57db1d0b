"""The report of a model of sentences in a real browser: its speed in tokens, and what it said epoch by epoch."""

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
        assert page.complaints() == [], page.complaints()
    print("test_page_sequences: ok")


main()
