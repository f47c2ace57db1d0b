"""The VAE of configs/mnist.ini in PyTorch: data resident as float32, shuffled on the device, no DataLoader.

--mode eager | compiled | bf16
"""
import os
import time

import common

options = common.arguments()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import numpy
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(options.threads)
torch.manual_seed(1)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 400)
        self.posterior = nn.Linear(400, 40)
        self.decoder = nn.Linear(20, 400)
        self.output = nn.Linear(400, 784)

    def forward(self, x):
        mean, log_variance = self.posterior(F.relu(self.hidden(x))).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.output(F.relu(self.decoder(z)))
        reconstruction = F.binary_cross_entropy_with_logits(logits.float(), x, reduction="sum")
        mean, log_variance = mean.float(), log_variance.float()
        kl = 0.5 * torch.sum(mean * mean + torch.exp(log_variance) - log_variance - 1)
        return reconstruction, kl


def main():
    train = torch.from_numpy(common.read_images(numpy, options.data, "train").astype("float32") / 255)
    test = torch.from_numpy(common.read_images(numpy, options.data, "t10k").astype("float32") / 255)
    model = VAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    bf16 = options.mode == "bf16"

    def step(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            reconstruction, kl = model(x)
        loss = (reconstruction + kl) / len(x)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        return loss

    if options.mode == "compiled":
        model.forward = torch.compile(model.forward)
    watch = common.Stopwatch()
    for _ in range(options.epochs):
        started = time.perf_counter()
        order = torch.randperm(len(train))
        for first in range(0, len(train), 128):
            step(train[order[first:first + 128]])
            optimiser.step()
            watch.first_step()
        watch.epoch(len(train), time.perf_counter() - started)
    with torch.no_grad():
        total = sum(sum(term.item() for term in model(test[i:i + 1000])) for i in range(0, len(test), 1000))
    watch.report(total / len(test), version=torch.__version__)


main()
