"""[train] encoder_updates: updates of the encoder alone ahead of each of the decoder, until the mutual information falls.

Run by ctest with VAE_PROGRAM."""

import pathlib
import random
import tempfile

from sequence_run import interrupt, lines, program, refuse

WORDS = ["ab", "cd", "ef", "gh", "ij", "kl", "mn", "op"]
TRAIN, VALID, BATCH = 96, 40, 16
CONFIG = f"""[data]
train_data = train.txt
validation_data = valid.txt
[model]
family = text_vae
latent = 2
embedding = 6
encoder_units = 8
decoder_units = 8
word_dropout = 0.3
[train]
epochs = 12
batch_size = {BATCH}
learning_rate = 0.02
encoder_updates = 25
"""


def make_files(folder):
    draw = random.Random(3)
    for name, count in (("train", TRAIN), ("valid", VALID)):
        text = "".join(" ".join([draw.choice(WORDS)] * draw.randint(2, 7)) + "\n" for _ in range(count))
        (folder / f"{name}.txt").write_text(text)
    (folder / "text.ini").write_text(CONFIG)


def files(folder, run):
    return [(folder / run / "checkpoints" / f"{name}.safetensors").read_bytes() for name in ("last", "best")]


def of(made, split):
    return [line for line in made if line["split"] == split]


def check_training(folder):
    said = program("--config", "text.ini", "--out", "run", folder=folder)
    made = lines(folder, "run")
    updates = [line["encoder_updates"] for line in of(made, "train_epoch")]
    information = [line["mutual_information"] for line in of(made, "validation")]
    falls = [i for i in range(1, len(information)) if information[i] < information[i - 1]]
    assert falls and len(information) == 12, information
    # One round of ten at least, and rounds until the loss no longer falls; none after the first fall.
    assert all(10 <= u <= 25 for u in updates[:falls[0] + 1]), updates
    assert all(u == 0 for u in updates[falls[0] + 1:]) and falls[0] < 11, (updates, information)
    assert any(u < 25 for u in updates[:falls[0] + 1]), f"the loss always falls: {updates}"
    told = (f"mutual information fell from {information[falls[0] - 1]:.3f} to {information[falls[0]]:.3f} nats: "
            "from here on encoder and decoder are updated at once")
    assert said.count(told) == 1 == said.count("mutual information fell"), f"{told}\n{said}"
    assert f"{updates[0]:.1f} updates of the encoder a step" in said, said
    plain = program("--config", "text.ini", "--set", "train.encoder_updates=0", "--out", "plain", folder=folder)
    assert "updates of the encoder" not in plain, plain
    assert all("encoder_updates" not in line for line in lines(folder, "plain"))
    # A run may take them up later.
    program("--resume", "--out", "plain", "--set", "train.encoder_updates=12", "--set", "train.epochs=13", folder=folder)
    late = of(lines(folder, "plain"), "train_epoch")
    assert [line.get("encoder_updates", 0) for line in late] == 12 * [0] + [late[-1]["encoder_updates"]], late
    assert late[-1]["encoder_updates"] == 12, late
    # Fewer than a round: as many as are asked for, without a look at the loss.
    program("--config", "text.ini", "--set", "train.encoder_updates=3", "--set", "train.epochs=1", "--out", "three",
            folder=folder)
    assert of(lines(folder, "three"), "train_epoch")[0]["encoder_updates"] == 3
    return falls[0]


def check_same(folder):
    """The same files again, whatever the number of threads, and with data that are mapped from a disk."""
    again = ("--config", "text.ini", "--set", "train.epochs=3", "--quiet")
    program(*again, "--set", "run.threads=1", "--out", "one", folder=folder)
    program(*again, "--set", "run.threads=2", "--out", "two", folder=folder)
    program(*again, "--set", "data.storage=disk", "--set", "data.cache=cache", "--out", "disk", folder=folder)
    assert lines(folder, "one") == lines(folder, "two") == lines(folder, "disk")
    assert list((folder / "cache").iterdir())


def check_resume(folder, fall):
    """A run that is interrupted in mid-epoch, in the midst of the encoder's updates or after them, comes to the same end."""
    long = ("--config", "text.ini", "--set", "train.log_interval=1")
    program(*long, "--out", "whole", "--quiet", folder=folder)
    steps = of(lines(folder, "whole"), "train_epoch")[0]["step"]
    in_midst = 0
    for attempt in range(12):
        run = f"cut{attempt}"
        after = 2 + attempt if attempt < 6 else (fall + 2) * (steps + 2) + attempt
        if not interrupt(folder, *long, run=run, epoch_steps=steps, after=after):
            continue
        in_midst += lines(folder, run)[-1]["encoder_updates"] > 0
        program("--resume", "--out", run, "--quiet", folder=folder)
        assert lines(folder, run) == lines(folder, "whole")
        assert files(folder, run) == files(folder, "whole"), f"{run}: a checkpoint is another"
    assert in_midst, "no run could be interrupted in an epoch with updates of the encoder"


def check_refusals(folder):
    refuse("[train] encoder_updates: ends by the mutual information of validation data, but there are none",
           "--config", "text.ini", "--set", "data.validation_data=", "--out", "no", folder=folder)
    data = "[data]\ntrain_data = train.txt\n[train]\nencoder_updates = 5\n[model]\nfamily = "
    (folder / "images.ini").write_text(f"{data}vae\n")
    (folder / "drawings.ini").write_text(f"{data}sketch_rnn\ndecoder_only = yes\n")
    refuse("images.ini:4: [train] encoder_updates: is a key of texts, drawings, music, but family = vae is of images", "--config",
           "images.ini", "--out", "no", folder=folder)
    refuse("drawings.ini:4: [train] encoder_updates: the model has no encoder, as it is decoder_only", "--config",
           "drawings.ini", "--out", "no", folder=folder)
    assert not (folder / "no").exists()
    # A number that is not finite is found in the update that made it, whose parameters are as they were.
    refuse(", among the encoder's own updates: step ", "--config", "text.ini", "--set", "train.learning_rate=1e6", "--out", "nan",
           folder=folder, status=1)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_files(folder)
        fall = check_training(folder)
        check_same(folder)
        check_resume(folder, fall)
        check_refusals(folder)


main()
