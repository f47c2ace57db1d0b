"""What the PyTorch peers on the CPU share: threads, losses, Adam, and epochs over resident data without a DataLoader."""
import os
import time

import common

options = common.arguments()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import numpy
import torch
from torch.nn import functional as F

torch.set_num_threads(options.threads)
torch.set_flush_denormal(True)  # as vae-cuda and XLA do; here, before there are other threads, as these inherit it
torch.manual_seed(options.seed)


def sample(mean, log_variance):
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def losses(logits, x, mean, log_variance):
    """Reconstruction and KL, each summed over the batch; Bernoulli on grey pixels."""
    reconstruction = F.binary_cross_entropy_with_logits(logits.float(), x, reduction="sum")
    mean, log_variance = mean.float(), log_variance.float()
    kl = 0.5 * torch.sum(mean * mean + torch.exp(log_variance) - log_variance - 1)
    return reconstruction, kl


def read(name, limit=None):
    """[count, 784] float32 in [0, 1]."""
    return torch.from_numpy(common.read_images(numpy, options.data, name)[:limit].astype("float32") / 255)


def run(model, compiled=False, bf16=False, batch=128, epsilon=1e-8, test_batch=1000, measure="neg_elbo"):
    """Trains, then prints the report. model: [batch, 784] pixels → the terms that are minimised, each summed over the
    batch; their sum on the test images is reported as the measure."""
    train, test = read("train", options.images), read("t10k")
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, eps=epsilon, fused=True)
    forward = torch.compile(model) if compiled else model

    def step(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            terms = forward(x)
        loss = sum(terms) / len(x)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    watch = common.Stopwatch()
    for _ in range(options.epochs):
        started = time.perf_counter()
        order = torch.randperm(len(train))
        for first in range(0, len(train), batch):
            step(train[order[first:first + batch]])
            watch.first_step()
        watch.epoch(len(train), time.perf_counter() - started)
    with torch.no_grad():
        total = sum(sum(term.item() for term in model(test[i:i + test_batch])) for i in range(0, len(test), test_batch))
    watch.report(measure, total / len(test), version=torch.__version__)
