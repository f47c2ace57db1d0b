"""What tests of models of sequences share: running the program, and runs that are interrupted."""

import json
import os
import pathlib
import pty
import signal
import subprocess
import time

PROGRAM = str(pathlib.Path(os.environ["VAE_PROGRAM"]).resolve())


def run(*arguments, folder, status=0):
    """What the program printed."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=folder, timeout=300)
    said = f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode == status, said
    assert status == 0 or done.stderr.startswith("vae-cuda: "), said
    return done


def program(*arguments, folder, status=0):
    """Standard output of the program, or, where it is to fail, its message."""
    done = run(*arguments, folder=folder, status=status)
    return done.stderr if status else done.stdout


def on_terminal(*arguments, folder):
    """What a terminal gets of the program's standard output."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=slave, stderr=subprocess.DEVNULL, cwd=folder)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # as Linux has it where the other end is closed
            piece = b""
        if not piece:
            break
        said += piece
    os.close(master)
    assert process.wait(60) == 0, said
    return said.decode()


def refuse(message, *arguments, folder, status=2):
    said = program(*arguments, folder=folder, status=status)
    assert message in said, f"{arguments}: '{message}' is not in '{said}'"


def lines(folder, run):
    """Of the metrics, without what a clock measures."""
    text = (pathlib.Path(folder) / run / "metrics.jsonl").read_text().splitlines()
    clocked = ("images_per_second", "sequence_steps_per_second")
    return [{k: v for k, v in json.loads(line).items() if k not in clocked} for line in text]


def pictures(folder, run):
    """Names of what was drawn, or written, of the model's epochs."""
    return sorted(path.name for path in (pathlib.Path(folder) / run / "pictures").glob("epoch-*"))


def interrupt(folder, *arguments, run, epoch_steps, after):
    """Trains until some steps are logged, then interrupts; whether that was within an epoch."""
    process = subprocess.Popen([PROGRAM, *map(str, arguments), "--out", run, "--quiet"], cwd=folder)
    metrics = pathlib.Path(folder) / run / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= after):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    if process.wait(60) == 0:
        return False
    step = lines(folder, run)[-1]["step"]
    return step % epoch_steps != 0


def check_resume(folder, config):
    """A run that is interrupted in mid-epoch goes on to the same bits as one that is not."""
    epochs = 8
    # Small batches make epochs long beside what happens between them.
    settings = (f"train.epochs={epochs}", "train.batch_size=2", "train.log_interval=1")
    long = ("--config", config, *(word for setting in settings for word in ("--set", setting)), "--device", "cpu")
    program(*long, "--out", "whole", "--quiet", folder=folder)
    epoch_steps = lines(folder, "whole")[-1]["step"] // epochs
    for attempt in range(10):
        run = f"cut{attempt}"
        if interrupt(folder, *long, run=run, epoch_steps=epoch_steps, after=2 * epoch_steps + 8 + attempt):
            break
    else:
        raise AssertionError("no run could be interrupted within an epoch")
    program("--resume", "--out", run, "--quiet", folder=folder)
    assert lines(folder, run) == lines(folder, "whole")
    for name in ("last", "best"):
        parts = [pathlib.Path(folder) / r / "checkpoints" / f"{name}.safetensors" for r in (run, "whole")]
        assert parts[0].read_bytes() == parts[1].read_bytes(), f"{run}: {name} is another"
    assert pictures(folder, run) == pictures(folder, "whole") and len(pictures(folder, run)) == 2 * epochs
    for name in pictures(folder, run):
        parts = [pathlib.Path(folder) / r / "pictures" / name for r in (run, "whole")]
        assert parts[0].read_bytes() == parts[1].read_bytes(), f"{run}: {name} is another"
