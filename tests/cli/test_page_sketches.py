"""The report's drawings in a real browser: all of their strokes, drawn bit by bit, and again when one is clicked."""

import json
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
# The first stroke takes three seconds, so that a slow machine sees it being drawn.
LONG = list(range(150))
GROUPS = json.dumps([{"title": "Samples", "caption": "c", "columns": 3, "drawings": [
    [[LONG, LONG, 1], [[500], [500]], [[0, 100], [0, 200]]], [[[0, 10], [0, 10]]], []]}])


def write_page(path):
    scripts = "\n".join((PAGE / name).read_text() for name in ("dom.js", "sketches.js"))
    path.write_text(f"""<!DOCTYPE html><html><head><meta charset="utf-8"><style>{(PAGE / "style.css").read_text()}</style></head>
<body><main id="main"></main><script>{scripts}
const none = VaeSketches.create({{}});
document.getElementById("main").append(VaeSketches.create({{ sketches: {GROUPS} }}));</script></body></html>""")


def visible(page):
    """Strokes that have been begun, and those that are whole."""
    return page.run("""(() => { const paths = [...document.querySelectorAll(".sketch path")];
        return [paths.filter((path) => path.getAttribute("visibility") !== "hidden").length,
                paths.filter((path) => !path.hasAttribute("stroke-dasharray")).length]; })()""")


def wait_for(page, wanted):
    for _ in range(400):
        if visible(page) == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"{visible(page)} strokes, not {wanted}")


def main():
    with tempfile.TemporaryDirectory() as folder, browser.Browser() as page:
        path = pathlib.Path(folder) / "page.html"
        write_page(path)
        page.open(path)
        assert page.run("none === null"), "a section without drawings"
        assert page.run("document.querySelectorAll('.sketch').length") == 3
        d = page.run("[...document.querySelectorAll('.sketch path')].map((path) => path.getAttribute('d'))")
        assert d == ["M" + "L".join(f"{x} {x}" for x in LONG), "M500 500L500 500", "M0 0L100 200", "M0 0L10 10"], d
        assert page.run("document.querySelectorAll('.sketch path.given').length") == 1
        wait_for(page, [4, 4])
        # Right after a click the first stroke alone has been begun; in the end all are there.
        page.run("document.querySelector('.sketch').click(); 0")
        begun = page.run("""new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
            [...document.querySelectorAll(".sketch path")].map((path) => path.getAttribute("visibility"))))))""")
        assert begun == ["visible", "hidden", "hidden", "visible"], begun
        wait_for(page, [4, 4])
    print("drawings are drawn stroke by stroke")


main()
