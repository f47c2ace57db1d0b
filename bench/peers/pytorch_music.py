"""MusicVAE's flat model of melodies (Roberts et al. 2018) in PyTorch, the model of configs/melody.ini, on the same excerpts.

--mode eager | compiled (the output layer and its cross entropy)
"""
import math
import time

import pytorch_sequences as training
import sequences
import torch
from torch import nn
from torch.nn import functional as F

EMBEDDING, ENCODER, DECODER, DEPTH, LATENT = 90, 256, 256, 2, 128
BARS, TRANSPOSE = 2, 5
LEARNING_RATE, LEAST_RATE, DECAY = 1e-3, 1e-5, 0.9999
BETA, BETA_EPOCHS, CLIP_NORM = 0.2, 5, 1.0

parser = sequences.parser(batch=256)
options = training.begin(parser)


def token_loss(h, weight, bias, targets):
    return F.cross_entropy(F.linear(h, weight, bias), targets, reduction="sum")


class MusicVAE(nn.Module):
    """Tensors are time-major."""

    def __init__(self, loss):
        super().__init__()
        self.encoder_embedding = nn.Embedding(sequences.NOTES, EMBEDDING)
        self.decoder_embedding = nn.Embedding(sequences.NOTES, EMBEDDING)
        self.encoder = nn.LSTM(EMBEDDING, ENCODER, bidirectional=True)
        self.posterior = nn.Linear(2 * ENCODER, 2 * LATENT)
        self.initial = nn.Linear(LATENT, 2 * DEPTH * DECODER)
        self.decoder = nn.LSTM(EMBEDDING + LATENT, DECODER, num_layers=DEPTH)
        self.output = nn.Linear(DECODER, sequences.NOTES)
        self.loss = loss
        for table in (self.encoder_embedding, self.decoder_embedding):
            nn.init.uniform_(table.weight, -0.1, 0.1)
        for lstm in (self.encoder, self.decoder):
            for name, parameter in lstm.named_parameters():
                if "bias_hh" in name:  # one trained bias, as vae-cuda has; 1 is added to forget gates
                    with torch.no_grad():
                        parameter.requires_grad_(False).zero_()
                        units = len(parameter) // 4
                        parameter[units:2 * units] = 1

    def encode(self, targets):
        _, (h, _) = self.encoder(self.encoder_embedding(targets))
        return self.posterior(torch.cat((h[0], h[1]), dim=1)).chunk(2, dim=1)

    def begin(self, z):
        parts = torch.tanh(self.initial(z)).chunk(2 * DEPTH, dim=1)
        return torch.stack(parts[::2]), torch.stack(parts[1::2])

    def decode(self, inputs, z, state):
        x = torch.cat((self.decoder_embedding(inputs), z.expand(len(inputs), *z.shape)), dim=2)
        return self.decoder(x, state)

    def forward(self, tokens):
        """Reconstruction and KL, each summed over the batch. tokens: [steps + 1, rows]."""
        mean, log_variance = self.encode(tokens[1:])
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        h, _ = self.decode(tokens[:-1], z, self.begin(z))
        kl = 0.5 * torch.sum(mean * mean + torch.exp(log_variance) - log_variance - 1)
        return self.loss(h.flatten(0, 1), self.output.weight, self.output.bias, tokens[1:].flatten()), kl


def choose(logits):
    """The likeliest token; a begin never follows."""
    return logits[..., 1:].argmax(-1) + 1


@torch.no_grad()
def onsets(model, tokens):
    """Notes that begin, by pitch and place: how many there are, are predicted from the true steps, are found from z, are made."""
    model.eval()
    targets = tokens[1:]
    z, _ = model.encode(targets)
    h, _ = model.decode(tokens[:-1], z, model.begin(z))
    forced, state, last, made = choose(model.output(h)), model.begin(z), tokens[:1], []
    for _ in range(len(targets)):
        h, state = model.decode(last, z, state)
        last = choose(model.output(h))
        made.append(last)
    made = torch.cat(made)
    begins = targets >= sequences.FIRST_NOTE
    return torch.tensor([begins.sum(), (begins & (forced == targets)).sum(), (begins & (made == targets)).sum(),
                         (made >= sequences.FIRST_NOTE).sum()], dtype=torch.float64)


def batches_of(excerpts, random=None):
    places = random.permutation(len(excerpts)) if random else sequences.numpy.arange(len(excerpts))
    for first in range(0, len(places), options.batch):
        yield torch.from_numpy(excerpts[places[first:first + options.batch]]).t().contiguous()


@torch.no_grad()
def evaluate(model, excerpts):
    model.eval()
    reconstruction, kl = sum(torch.stack(model(tokens)) for tokens in batches_of(excerpts)).tolist()
    there, forced, found, made = sum(onsets(model, tokens) for tokens in batches_of(excerpts)).tolist()
    return {"neg_elbo": (reconstruction + kl) / len(excerpts), "reconstruction": reconstruction / len(excerpts), "kl": kl / len(excerpts),
            "onsets": there, "onsets_teacher_forced": forced / there, "onsets_reconstructed": found / there, "onsets_precision": found / made}


class Trainer:
    def __init__(self, model, excerpts):
        self.model, self.excerpts, self.updates = model, excerpts, 0
        self.optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=LEARNING_RATE, fused=True)
        self.random = sequences.numpy.random.default_rng(options.seed)

    def update(self, tokens):
        beta = BETA * min(1.0, self.updates * options.batch / (BETA_EPOCHS * len(self.excerpts)))
        self.optimiser.param_groups[0]["lr"] = LEAST_RATE + (LEARNING_RATE - LEAST_RATE) * DECAY ** self.updates
        self.updates += 1
        reconstruction, kl = self.model(tokens)
        self.optimiser.zero_grad(set_to_none=True)
        ((reconstruction + beta * kl) / tokens.shape[1]).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        self.optimiser.step()
        return torch.stack((reconstruction.detach(), kl.detach()))

    def epoch(self, watch):
        self.model.train()
        sums, rows, started = torch.zeros(2), 0, time.perf_counter()
        for tokens in batches_of(self.excerpts, self.random):
            if self.updates == options.steps:
                break
            sums += self.update(tokens)
            rows += tokens.shape[1]
            watch.first_update()
        seconds = time.perf_counter() - started
        steps = rows * (self.excerpts.shape[1] - 1)
        watch.interval(steps, seconds)
        reconstruction, kl = (sums / max(rows, 1)).tolist()
        return {"neg_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl, "sequence_steps_per_second": steps / seconds}


def main():
    parts = sequences.read_melodies(options.data, BARS, TRANSPOSE, options.items)
    sequences.tell(excerpts={part: len(tokens) for part, tokens in parts.items()})
    model = MusicVAE(torch.compile(token_loss, dynamic=True) if options.mode == "compiled" else token_loss)
    trainer, watch = Trainer(model, parts["train"]), sequences.Stopwatch()
    for epoch in range(1, options.epochs + 1):
        sequences.tell(split="train_epoch", epoch=epoch, **trainer.epoch(watch))
        if options.quality:
            for part in ("valid", "test"):
                sequences.tell(split=part, epoch=epoch, **evaluate(model, parts[part]))
        if trainer.updates == options.steps:
            break
    final = evaluate(model, parts["test"])
    watch.report(**{f"test_{key}": value for key, value in final.items()}, version=torch.__version__)


main()
