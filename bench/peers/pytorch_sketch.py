"""sketch-rnn (Ha & Eck 2017), the model of configs/sheep.ini, in PyTorch, with the published loss and schedules.

--mode eager | compiled (the cells and the mixture's likelihood)
"""
import math
import time

import numpy
import pytorch_sequences as training
import sequences
import torch
from torch import nn
from torch.nn import functional as F

ENCODER, DECODER, LATENT, COMPONENTS = 256, 512, 128, 20
FORGET_BIAS, RECURRENT_DROPOUT = 1.0, 0.10
LEARNING_RATE, LEAST_RATE, DECAY = 1e-3, 1e-5, 0.9999
KL_WEIGHT, KL_START, KL_DECAY, KL_FLOOR = 0.5, 0.01, 0.99995, 0.2
CLIP = 1.0
SCALE_JITTER, POINT_DROPOUT = 0.15, 0.10
EPSILON = 1e-6  # is added to the mixture's density, as published
EVALUATION_EVERY, SPEED_EVERY = 500, 20

parser = sequences.parser(batch=100)
parser.add_argument("--layer-norm", action="store_true", help="a decoder whose gates and state are normalised")
options = training.begin(parser)


# ---- Batches ----


def droppable(drawing):
    """Which points may be left out: those after the second of a stroke, but its last (as in sketch-rnn)."""
    lifted = drawing[:, 2] == 1
    begins = numpy.concatenate(([True], lifted[:-1])) | lifted
    place = numpy.arange(len(drawing))
    return place - numpy.maximum.accumulate(numpy.where(begins, place, 0)) > 2


def augment(drawing, may_drop, random):
    """Both axes scaled, and points left out whose offsets go to the one before."""
    scale = 1 + SCALE_JITTER * (2 * random.random(2) - 1)
    kept = ~(may_drop & (random.random(len(drawing)) < POINT_DROPOUT))
    result = drawing[kept]
    result[:, :2] = numpy.add.reduceat(drawing[:, :2], numpy.flatnonzero(kept), axis=0) * scale
    return result


def pad(drawings, steps):
    """Stroke-5 [steps + 1, rows, 5], from the begin on and filled up with ends, and the points of each."""
    result = numpy.zeros((steps + 1, len(drawings), 5), numpy.float32)
    result[0, :, 2] = 1
    result[1:, :, 4] = 1
    for row, drawing in enumerate(drawings):
        points = result[1:len(drawing) + 1, row]
        points[:, :2], points[:, 2], points[:, 3], points[:, 4] = drawing[:, :2], 1 - drawing[:, 2], drawing[:, 2], 0
    return torch.from_numpy(result), torch.tensor([len(drawing) for drawing in drawings])


# ---- The model ----


def stroke_terms(prediction, targets):
    """prediction [n, 6·components + 3], targets [n, 5] → the logs of the offsets' density and of the pen state, [n] each."""
    pen, rest = prediction.split((3, 6 * COMPONENTS), dim=1)
    weight, mean_x, mean_y, log_x, log_y, rho = rest.chunk(6, dim=1)
    rho = torch.tanh(rho)
    x, y = (targets[:, 0:1] - mean_x) * torch.exp(-log_x), (targets[:, 1:2] - mean_y) * torch.exp(-log_y)
    left = 1 - rho * rho
    log_normal = (2 * rho * x * y - x * x - y * y) / (2 * left) - log_x - log_y - 0.5 * torch.log(left) - math.log(2 * math.pi)
    log_density = torch.logsumexp(F.log_softmax(weight, dim=1) + log_normal, dim=1)
    return log_density, (targets[:, 2:] * F.log_softmax(pen, dim=1)).sum(1)


class SketchRNN(nn.Module):
    """Tensors are time-major."""

    def __init__(self, compiled):
        super().__init__()
        layer = {"forget_bias": FORGET_BIAS, "dropout": RECURRENT_DROPOUT, "compiled": compiled}
        self.forwards = training.RecurrentLayer(5, ENCODER, **layer)
        self.backwards = training.RecurrentLayer(5, ENCODER, **layer)
        self.posterior = nn.Linear(2 * ENCODER, 2 * LATENT)
        self.initial = nn.Linear(LATENT, 2 * DECODER)
        self.decoder = training.RecurrentLayer(5, DECODER, code=LATENT, layer_norm=options.layer_norm, **layer)
        self.output = nn.Linear(DECODER, 3 + 6 * COMPONENTS)
        self.terms = torch.compile(stroke_terms) if compiled else stroke_terms

    def encode(self, points, lengths):
        """points [steps, rows, 5], of which the first lengths[row] are read."""
        points = points[:int(lengths.max())]
        rows = torch.arange(len(lengths))
        from_end = (lengths - 1 - torch.arange(len(points))[:, None]).clamp(min=0)
        last = [layer(x)[lengths - 1, rows] for layer, x in ((self.forwards, points), (self.backwards, points[from_end, rows]))]
        return self.posterior(torch.cat(last, dim=1)).chunk(2, dim=1)

    def forward(self, strokes, lengths):
        """strokes [steps + 1, rows, 5] → the logs of all steps' terms, [steps, rows] each, and the KL [rows, LATENT]."""
        mean, log_variance = self.encode(strokes[1:], lengths)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        state = torch.tanh(self.initial(z)).chunk(2, dim=1)
        h = self.decoder(strokes[:-1], z, state)
        terms = self.terms(self.output(h).flatten(0, 1), strokes[1:].flatten(0, 1))
        kl = 0.5 * (mean * mean + torch.exp(log_variance) - log_variance - 1)
        return *(term.unflatten(0, h.shape[:2]) for term in terms), kl


def costs(log_density, log_pen, kl, ended):
    """The published reconstruction cost, a mean over all steps, padding's pen states included, and the KL's, over dimensions."""
    offsets = torch.logaddexp(log_density, log_density.new_full((), math.log(EPSILON)))
    return -(offsets * ~ended + log_pen).mean(), kl.mean()


def has_ended(strokes):
    return strokes[1:, :, 4] == 1


# ---- Training ----


class Trainer:
    def __init__(self, model, parts):
        self.model, self.drawings = model, parts["train"]
        self.longest = max(len(drawing) for part in parts.values() for drawing in part)
        self.may_drop = [droppable(drawing) for drawing in self.drawings]
        self.optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
        self.random = numpy.random.default_rng(options.seed)
        self.updates = 0

    def batch(self):
        """Each drawn anew, as published."""
        places = self.random.permutation(len(self.drawings))[:options.batch]
        return pad([augment(self.drawings[place], self.may_drop[place], self.random) for place in places], self.longest)

    def kl_weight(self):
        return KL_WEIGHT - (KL_WEIGHT - KL_START) * KL_DECAY ** self.updates

    def update(self):
        """The costs, and how many strokes of them count: points and ends."""
        strokes, lengths = self.batch()
        self.optimiser.param_groups[0]["lr"] = (LEARNING_RATE - LEAST_RATE) * DECAY ** self.updates + LEAST_RATE
        reconstruction, kl = costs(*self.model(strokes, lengths), has_ended(strokes))
        self.optimiser.zero_grad(set_to_none=True)
        (reconstruction + self.kl_weight() * kl.clamp(min=KL_FLOOR)).backward()
        nn.utils.clip_grad_value_(self.model.parameters(), CLIP)
        self.optimiser.step()
        self.updates += 1
        return reconstruction.item(), kl.item(), int((lengths + 1).clamp(max=self.longest).sum())


@torch.no_grad()
def evaluate(model, drawings, longest):
    """The published cost over whole drawings, and the ELBO in nats a drawing: points and the end, no padding."""
    model.eval()
    sums = numpy.zeros(4)
    for first in range(0, len(drawings), options.batch):
        # One step more than published, which lacks the end of the longest drawings.
        strokes, lengths = pad(drawings[first:first + options.batch], longest + 1)
        ended, rows = has_ended(strokes), len(lengths)
        log_density, log_pen, kl = model(strokes, lengths)
        cost, kl_cost = costs(log_density[:-1], log_pen[:-1], kl, ended[:-1])
        counts = torch.arange(len(log_pen))[:, None] <= lengths
        nats = -(log_density * ~ended + log_pen * counts).sum()
        sums += [cost.item() * rows, kl_cost.item() * rows, nats.item(), kl.sum().item()]
    model.train()
    cost, kl_cost, reconstruction, kl = (sums / len(drawings)).tolist()
    return {"reconstruction_cost": cost, "kl_cost": kl_cost, "cost": cost + KL_WEIGHT * max(kl_cost, KL_FLOOR),
            "reconstruction": reconstruction, "kl": kl, "neg_elbo": reconstruction + kl}


def main():
    parts = sequences.read_drawings(options.data, options.items)
    trainer, watch = Trainer(SketchRNN(options.mode == "compiled"), parts), sequences.Stopwatch()
    updates = options.steps or options.epochs * math.ceil(len(parts["train"]) / options.batch)
    steps, started = 0, time.perf_counter()
    for update in range(1, updates + 1):
        reconstruction, kl, strokes = trainer.update()
        watch.first_update()
        steps += strokes
        if update % SPEED_EVERY == 0 or update == updates:
            watch.interval(steps, time.perf_counter() - started)
            steps, started = 0, time.perf_counter()
        if options.quality and (update % EVALUATION_EVERY == 0 or update == updates):
            sequences.tell(split="train", step=update, reconstruction_cost=reconstruction, kl_cost=kl, kl_weight=trainer.kl_weight(),
                           learning_rate=trainer.optimiser.param_groups[0]["lr"], sequence_steps_per_second=watch.rates[-1])
            for part in ("valid", "test"):
                sequences.tell(split=part, step=update, **evaluate(trainer.model, parts[part], trainer.longest))
            started = time.perf_counter()
    final = evaluate(trainer.model, parts["test"], trainer.longest)
    watch.report(**{f"test_{key}": value for key, value in final.items()}, version=torch.__version__)


main()
