"""Configurations as users hand them over: through pipes, with long lines, comments and indentation; paths of any bytes for
data and run folder; what is wrong is named by file and line. The commands that follow a training are in check-models.

Run by ctest with VAE_PROGRAM."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading

PROGRAM = os.environ["VAE_PROGRAM"].encode()
SIDE, COUNT = 4, 12


def run(folder, *arguments, code=0, stdin=None):
    words = [a if isinstance(a, bytes) else a.encode() for a in arguments]
    result = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, input=stdin, timeout=60)
    assert result.returncode == code, f"{arguments}: exit code {result.returncode}: {result.stderr}"
    return result.stderr.decode()


def write_npy(path):
    header = repr({"descr": "|u1", "fortran_order": False, "shape": (COUNT, SIDE, SIDE)}).ljust(117) + "\n"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + header.encode() + bytes(range(COUNT * SIDE * SIDE)))


def config(images=b"images.npy", layers=b"6"):
    return b"[model]\nlayers = " + layers + b"\nlatent = 2\n[data]\ntrain_data = " + images + b"\n[train]\nepochs = 1\nbatch_size = 4\n"


def opens(folder, out):
    """The run can be opened, and its configuration is the one of its checkpoint."""
    run(folder, "info", b"--run=" + out)
    run(folder, "evaluate", b"--run=" + out, "--samples=0")
    run(folder, "report", b"--run=" + out, "--out=report.html", "--force", "--quiet")
    (folder / "report.html").read_bytes().decode("utf-8")


def check_long_lines(folder):
    layers = b", ".join([b"dense 6 layer_norm"] * 48)
    (folder / "long.ini").write_bytes(b"; " + b"c" * 3000 + b"\n" + config(layers=layers) + b"# " + b"c" * 70000)
    run(folder, "--config", "long.ini", "--out", "long", "--quiet")
    opens(folder, b"long")
    run(folder, "--resume", "--out", "long", "--set", "train.epochs=2", "--quiet")


def check_paths(folder):
    for i, name in enumerate([b"d" * 240, b"/".join([b"d" * 240] * 6), b"a ; b", b" a ", b"# \"a\" = [b]", b"new\nline", b"caf\xe9", b"\"q\"", b"\\x41"]):
        write_npy(os.path.join(os.fsencode(folder), name, b"i.npy"))
        path = name + b"/i.npy"
        (folder / "path.ini").write_bytes(config(images=b"other"))
        out = (name if len(name) < 999 else b"run") + b"/run%d" % i
        run(folder, "--config", "path.ini", b"--set=data.train_data=" + path, b"--out=" + out, "--quiet")
        opens(folder, out)
        saved = (folder / os.fsdecode(out) / "config.ini").read_bytes().decode("utf-8")
        (folder / "again.ini").write_text(saved)  # and a saved configuration is one to start from
        run(folder, "--config", "again.ini", b"--out=again%d" % i, "--quiet")
        json.loads((folder / os.fsdecode(out) / "machine.json").read_text("utf-8"))
    # What is longer than any path is refused, and not cut.
    error = run(folder, "--config", "path.ini", b"--set=data.train_data=" + b"p" * 5000, "--out=no", code=2)
    assert "has 5000 bytes, but a string may have at most 4095" in error, error
    error = run(folder, "--config", "path.ini", b"--out=" + b"p" * 5000, code=2)
    assert "--out" in error and "has 5000 bytes" in error, error
    # A message shows what is not UTF-8, and stays one line.
    error = run(folder, "--config", "path.ini", b"--set=data.train_data=n\n\xe9", "--out=no", code=2)
    assert r"n\x0A\xE9" in error and error.count("\n") == 1, error


def check_quotes(folder):
    write_npy(os.path.join(folder, " a ; \"b\" ", "i.npy"))
    (folder / "quoted.ini").write_bytes(b"\xef\xbb\xbf  # comment\r\n" + config(images=b'" a ; \\"b\\" /i.npy"  ; a comment').replace(b"\n", b"\r\n  "))
    run(folder, "--config", "quoted.ini", "--out", "quoted", "--quiet")
    opens(folder, b"quoted")
    for text, line, words in [(b'[data]\ntrain_data = "a\n', 2, "no other ends it"), (b'[data]\n\ntrain_data = "\\q"\n', 3, "not an escape"),
                              (b'[data]\ntrain_data = "a" b\n', 2, "follows the quote"), (b"[model]\nlayers = 6\n  7\n", 3, "a value ends with its line"),
                              (b"[model]\n latnet = 3\n", 2, "'latent'")]:
        (folder / "bad.ini").write_bytes(text)
        error = run(folder, "--config", "bad.ini", code=2)
        assert f"bad.ini:{line}: " in error and words in error, error


def check_set(folder):
    """--set takes the bytes behind '=' as they are."""
    (folder / "set.ini").write_bytes(config())
    for given, saved in [(b"data.cache=a ; b", '"a ; b"'), (b"data.cache= a ", '" a "'), (b'data.cache="a"', r'"\"a\""'),
                         (b"data.cache = a", "a"), (b"data.cache=#a=b", '"#a=b"'), (b"data.cache=a\\x41", "a\\x41")]:
        out = run_info(folder, given)
        found = re.search(r"^cache = (.*)$", out, re.M).group(1)
        assert found == saved, (given, found)


def run_info(folder, assignment):
    subprocess.run(["rm", "-rf", folder / "set"], check=True)
    run(folder, "--config", "set.ini", b"--set=" + assignment, "--out=set", "--quiet")
    return (folder / "set/config.ini").read_text()


def check_pipes(folder):
    run(folder, "--config", "/dev/stdin", "--out", "stdin", "--quiet", stdin=config())
    opens(folder, b"stdin")
    run(folder, "info", "--config", "/dev/stdin", "--shape=4x4x1", stdin=config())
    error = run(folder, "--config", "/dev/stdin", code=2, stdin=config())
    assert "/dev/stdin: gives the run folder no name; choose one with --out DIR" in error, error
    result = subprocess.run(["bash", "-c", '"$0" --config <(sleep 0.2; cat set.ini) --out substituted --quiet', PROGRAM], cwd=folder)
    assert result.returncode == 0
    os.mkfifo(folder / "fifo.ini")
    writer = threading.Thread(target=lambda: (folder / "fifo.ini").write_bytes(config()))
    writer.start()
    run(folder, "--config", "fifo.ini", "--quiet")
    writer.join()
    opens(folder, b"runs/fifo")
    for path, words in [(".", "is a folder"), ("/dev/zero", "more than the 1048576 bytes"), ("/dev/null", "train_data")]:
        error = run(folder, "--config", path, "--out=no", code=2)
        assert words in error, error
    (folder / "zero.ini").write_bytes(config() + b"\0")
    assert "zero byte" in run(folder, "--config", "zero.ini", code=2)


def check_old(folder):
    """A plain value as older versions wrote it, with quotes and backslashes inside."""
    write_npy(os.path.join(folder, 'a"b"\\n', "i.npy"))
    (folder / "old.ini").write_bytes(config(images=b'a"b"\\n/i.npy'))
    run(folder, "--config", "old.ini", "--out", "old", "--quiet")


with tempfile.TemporaryDirectory(prefix="vae-test-") as place:
    place = pathlib.Path(place)
    write_npy(os.path.join(place, "images.npy"))
    for check in (check_long_lines, check_paths, check_quotes, check_set, check_pipes, check_old):
        check(place)
