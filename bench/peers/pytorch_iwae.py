"""The importance-weighted autoencoder of configs/iwae.ini in PyTorch: data resident as float32, no DataLoader.

--mode eager | compiled
"""
import math

import pytorch_training as training
import torch
from torch import nn
from torch.nn import functional as F

SAMPLES = 50
LATENT = 50


class IWAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, 2 * LATENT))
        self.decoder = nn.Sequential(nn.Linear(LATENT, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, 784))

    def forward(self, x):
        """Minus the bound, summed over the batch, of pixels drawn anew."""
        x = torch.bernoulli(x)
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        noise = torch.randn(SAMPLES, *mean.shape)
        z = mean + torch.exp(0.5 * log_variance) * noise
        logits = self.decoder(z)
        log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(2)
        log_ratio = 0.5 * (noise * noise + log_variance - z * z).sum(2)  # log p(z) - log q(z|x)
        bound = torch.logsumexp(log_likelihood + log_ratio, dim=0) - math.log(SAMPLES)
        return (-bound.sum(),)


training.run(IWAE(), compiled=training.options.mode == "compiled", batch=20, epsilon=1e-4, test_batch=100, measure="bound")
