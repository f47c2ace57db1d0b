"""The LSTM-VAE of configs/ptb.ini in PyTorch (Bowman et al. 2016, as Texar's vae_text trains it on the Penn Treebank).

--mode eager | compiled (the output layer and its cross entropy)
"""
import copy
import math
import time

import pytorch_sequences as training
import sequences
import torch
from torch import nn
from torch.nn import functional as F

EMBEDDING, UNITS, LATENT = 256, 256, 32
DROPOUT = 0.5
CLIP_NORM = 5.0
LEARNING_RATE, DECAY, PATIENCE, MOST_DECAYS = 1e-3, 0.5, 2, 5
BETA_START, BETA_EPOCHS = 0.1, 10

parser = sequences.parser(batch=32)
parser.add_argument("--importance", type=int, metavar="K", help="also bound the test set by importance sampling with K samples")
options = training.begin(parser)


def token_loss(h, weight, bias, targets):
    """Summed; targets of padding are below 0."""
    return F.cross_entropy(F.linear(h, weight, bias), targets, ignore_index=-1, reduction="sum")


class TextVAE(nn.Module):
    """Tensors are time-major."""

    def __init__(self, words, loss):
        super().__init__()
        self.encoder_embedding = nn.Embedding(words, EMBEDDING)
        self.decoder_embedding = nn.Embedding(words, EMBEDDING)
        self.encoder = training.lstm(EMBEDDING, UNITS)
        self.posterior = nn.Linear(UNITS, 2 * LATENT)
        self.initial = nn.Linear(LATENT, 2 * UNITS)
        self.decoder = training.lstm(EMBEDDING + LATENT, UNITS)
        self.output = nn.Linear(UNITS, words)
        self.loss = loss
        for table in (self.encoder_embedding, self.decoder_embedding):
            nn.init.uniform_(table.weight, -0.1, 0.1)

    def encode(self, targets, lengths):
        """mean and log variance [rows, LATENT], of sentences [steps, rows] with their ends."""
        h, _ = self.encoder(self.encoder_embedding(targets))
        return self.posterior(h[lengths - 1, torch.arange(len(lengths))]).chunk(2, dim=1)

    def decode(self, inputs, z):
        """The decoder's h [steps, rows, UNITS]."""
        embedded = F.dropout(self.decoder_embedding(inputs), DROPOUT, self.training)
        x = torch.cat((embedded, z.expand(len(inputs), *z.shape)), dim=2)
        state = torch.tanh(self.initial(z)).chunk(2, dim=1)
        h, _ = self.decoder(x, tuple(part[None].contiguous() for part in state))
        return F.dropout(h, DROPOUT, self.training)

    def forward(self, ids, lengths):
        """Reconstruction and KL, each summed over the batch. ids: [steps + 1, rows]; lengths: [rows], of the targets."""
        mean, log_variance = self.encode(ids[1:], lengths)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        h = self.decode(ids[:-1], z)
        targets = training.mask(ids[1:], lengths)
        kl = 0.5 * torch.sum(mean * mean + torch.exp(log_variance) - log_variance - 1)
        return self.loss(h.flatten(0, 1), self.output.weight, self.output.bias, targets.flatten()), kl

    def log_weights(self, ids, lengths, samples):
        """log p(x, z) - log q(z|x) of so many z, [samples, rows]."""
        mean, log_variance = self.encode(ids[1:], lengths)
        noise = torch.randn(samples, *mean.shape)
        z = mean + torch.exp(0.5 * log_variance) * noise
        targets = training.mask(ids[1:], lengths)
        log_ratio = 0.5 * (noise * noise + log_variance - z * z).sum(2)
        log_likelihood = [-F.cross_entropy(self.output(self.decode(ids[:-1], one)).movedim(2, 1), targets, ignore_index=-1,
                                           reduction="none").sum(0) for one in z]
        return torch.stack(log_likelihood) + log_ratio


def make_batch(sentences, places):
    """ids [steps + 1, rows], filled up with ends, and the lengths of the targets."""
    rows = [torch.from_numpy(sentences[place]) for place in places]
    lengths = torch.tensor([len(row) - 1 for row in rows])
    return nn.utils.rnn.pad_sequence(rows, padding_value=sequences.END), lengths


class Trainer:
    def __init__(self, model, sentences):
        self.model, self.sentences = model, sentences
        self.lengths = sequences.numpy.array([len(sentence) - 1 for sentence in sentences])
        self.optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=LEARNING_RATE, fused=True)
        self.random = sequences.numpy.random.default_rng(options.seed)
        self.updates = 0

    def beta(self):
        return min(1.0, BETA_START + (1 - BETA_START) * self.updates * options.batch / (BETA_EPOCHS * len(self.sentences)))

    def update(self, places):
        self.updates += 1
        reconstruction, kl = self.model(*make_batch(self.sentences, places))
        self.optimiser.zero_grad(set_to_none=True)
        ((reconstruction + self.beta() * kl) / len(places)).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        self.optimiser.step()
        return reconstruction.detach(), kl.detach()

    def epoch(self, watch):
        """The means over what it trained on, at most options.steps updates in all."""
        self.model.train()
        sums, rows, steps = torch.zeros(2), 0, 0
        started = time.perf_counter()
        for places in sequences.batches_by_length(self.lengths, options.batch, self.random):
            if self.updates == options.steps:
                break
            sums += torch.stack(self.update(places))
            rows, steps = rows + len(places), steps + int(self.lengths[places].sum())
            watch.first_update()
        seconds = time.perf_counter() - started
        watch.interval(steps, seconds)
        return {**measures(*sums.tolist(), rows, steps), "beta": self.beta(), "sequence_steps_per_second": steps / seconds}


def measures(reconstruction, kl, rows, steps):
    total = reconstruction + kl
    return {"neg_elbo": total / rows, "reconstruction": reconstruction / rows, "kl": kl / rows, "perplexity": math.exp(total / steps)}


def evaluation_batches(sentences):
    lengths = sequences.numpy.array([len(sentence) for sentence in sentences])
    return [make_batch(sentences, places) for places in sequences.batches_by_length(lengths, options.batch)]


@torch.no_grad()
def evaluate(model, batches):
    """One sample of z for each sentence; perplexity is that of the bound, ends counted."""
    model.eval()
    sums = sum(torch.stack(model(*batch)) for batch in batches)
    return measures(*sums.tolist(), sum(len(lengths) for _, lengths in batches), sum(int(lengths.sum()) for _, lengths in batches))


@torch.no_grad()
def bound(model, batches, samples):
    model.eval()
    total = -sum((torch.logsumexp(model.log_weights(*batch, samples), 0) - math.log(samples)).sum().item() for batch in batches)
    rows, steps = sum(len(lengths) for _, lengths in batches), sum(int(lengths.sum()) for _, lengths in batches)
    return {"importance_samples": samples, "neg_bound": total / rows, "bound_perplexity": math.exp(total / steps)}


class Plateau:
    """Halves the learning rate, from the best weights so far, after PATIENCE evaluations that were not better."""

    def __init__(self, trainer):
        self.trainer, self.best, self.waited, self.decays = trainer, math.inf, 0, 0

    def see(self, neg_elbo):
        """Whether training goes on."""
        model, optimiser = self.trainer.model, self.trainer.optimiser
        self.waited += 1
        if neg_elbo < self.best:
            self.best, self.waited = neg_elbo, 0
            self.kept = copy.deepcopy((model.state_dict(), optimiser.state_dict()))
        elif self.waited == PATIENCE:
            rate = optimiser.param_groups[0]["lr"] * DECAY
            self.restore()
            optimiser.param_groups[0]["lr"] = rate
            self.waited, self.decays = 0, self.decays + 1
        return self.decays < MOST_DECAYS

    def restore(self):
        weights, moments = copy.deepcopy(self.kept)
        self.trainer.model.load_state_dict(weights)
        self.trainer.optimiser.load_state_dict(moments)


def main():
    vocabulary, parts = sequences.read_text(options.data, options.items)
    compiled = options.mode == "compiled"
    model = TextVAE(len(vocabulary), torch.compile(token_loss, dynamic=True) if compiled else token_loss)
    trainer, watch = Trainer(model, parts["train"]), sequences.Stopwatch()
    plateau = Plateau(trainer)
    held_out = {part: evaluation_batches(parts[part]) for part in ("valid", "test")}
    for epoch in range(1, options.epochs + 1):
        sequences.tell(split="train_epoch", epoch=epoch, **trainer.epoch(watch), learning_rate=trainer.optimiser.param_groups[0]["lr"])
        if options.quality:
            found = {part: evaluate(model, batches) for part, batches in held_out.items()}
            for part, line in found.items():
                sequences.tell(split=part, epoch=epoch, **line)
            if not plateau.see(found["valid"]["neg_elbo"]):
                break
        if trainer.updates == options.steps:
            break
    if options.quality:
        plateau.restore()
    final = evaluate(model, held_out["test"]) if options.quality or not options.steps else {}
    if options.importance:
        final |= bound(model, held_out["test"], options.importance)
    watch.report(**{f"test_{key}": value for key, value in final.items()}, version=torch.__version__)


main()
