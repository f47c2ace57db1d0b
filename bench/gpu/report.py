"""The report of bench/gpu.sh: one JSON file, complete after every step, so that nothing is lost when a later one ends it.

  report.py FILE begin STAGE MISSING...                   forgets what the file holds of the stage; MISSING is what it lacks
  report.py FILE machine NAME VALUE                       what the machine is
  report.py FILE step STAGE NAME COMMAND                  a step that would be run
  report.py FILE step STAGE NAME COMMAND CODE SECONDS OUTPUT_FILE
  report.py FILE training STAGE NAME OUTPUT_FILE RUN      a training's figures: RUN/metrics.jsonl, else the output's last line
  report.py FILE measurement STAGE CONFIG PRECISION OUTPUT_FILE            what `info --measure --json` printed
"""
import json
import os
import pathlib
import statistics
import sys

OUTPUT_CHARACTERS = 8000


def read(path):
    empty = {"machine": {}, "stages": {}, "steps": [], "measurements": [], "trainings": []}
    return {**empty, **json.loads(path.read_text())} if path.exists() else empty


def write(path, report):
    aside = path.with_name(path.name + ".part")
    aside.write_text(json.dumps(report, indent=1) + "\n")
    os.replace(aside, path)


def begin(report, stage, *missing):
    report["stages"][stage] = {"missing": list(missing)}
    for part in ("steps", "measurements", "trainings"):
        report[part] = [entry for entry in report[part] if entry["stage"] != stage]


def machine(report, name, value):
    report["machine"][name] = value


def step(report, stage, name, command, code=None, seconds=None, output=None):
    entry = {"stage": stage, "step": name, "command": command}
    if code is not None:
        text = pathlib.Path(output).read_text(errors="replace")
        entry.update(exit_code=int(code), seconds=int(seconds), output=text[-OUTPUT_CHARACTERS:])
    report["steps"].append(entry)


def training(report, stage, name, output, run):
    metrics = pathlib.Path(run) / "metrics.jsonl"
    if metrics.exists():
        lines = [json.loads(line) for line in metrics.read_text().splitlines()]
        rates = [line["images_per_second"] for line in lines if line["split"] == "train_epoch"]
        tests = [line["neg_elbo"] for line in lines if line["split"] == "test"]
        # The first epoch pays for what is prepared once.
        result = {"images_per_second": statistics.median(rates[1:] or rates) if rates else None,
                  "test_neg_elbo": tests[-1] if tests else None}
    else:
        lines = pathlib.Path(output).read_text(errors="replace").splitlines()
        result = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    report["trainings"].append({"stage": stage, "contender": name, **result})


def measurement(report, stage, config, precision, output):
    """Warnings may stand in front of the JSON."""
    text = "\n" + pathlib.Path(output).read_text(errors="replace")
    report["measurements"].append({"stage": stage, "config": config, "precision": precision,
                                   **json.loads(text[text.index("\n{"):])})


def main():
    path = pathlib.Path(sys.argv[1])
    report = read(path)
    commands = {"begin": begin, "machine": machine, "step": step, "measurement": measurement, "training": training}
    commands[sys.argv[2]](report, *sys.argv[3:])
    write(path, report)


main()
