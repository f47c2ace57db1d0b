"""The VAE of configs/mnist-conv.ini in PyTorch: data resident as float32, shuffled on the device, no DataLoader.

--mode eager | channels_last | compiled (channels last too)
"""
import pytorch_training as training
import torch
from torch import nn
from torch.nn import functional as F

CHANNELS_LAST = training.options.mode != "eager"


def to_columns(images):
    """[batch, columns], in the order that images lie in memory, so without a copy."""
    return (images.permute(0, 2, 3, 1) if CHANNELS_LAST else images).flatten(1)


def to_images(columns, channels, side):
    if CHANNELS_LAST:
        return columns.unflatten(1, (side, side, channels)).permute(0, 3, 1, 2)
    return columns.unflatten(1, (channels, side, side))


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 4, stride=2, padding=1)
        self.hidden = nn.Linear(64 * 7 * 7, 256)
        self.posterior = nn.Linear(256, 2 * 32)
        self.decoder1 = nn.Linear(32, 256)
        self.decoder2 = nn.Linear(256, 64 * 7 * 7)
        self.deconv1 = nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1)

    def forward(self, x):
        h = F.relu(self.conv2(F.relu(self.conv1(to_images(x, 1, 28)))))
        mean, log_variance = self.posterior(F.relu(self.hidden(to_columns(h)))).chunk(2, dim=1)
        h = F.relu(self.decoder2(F.relu(self.decoder1(training.sample(mean, log_variance)))))
        logits = self.deconv2(F.relu(self.deconv1(to_images(h, 64, 7))))
        return training.losses(to_columns(logits), x, mean, log_variance)


model = VAE()
if CHANNELS_LAST:
    model = model.to(memory_format=torch.channels_last)
training.run(model, compiled=training.options.mode == "compiled")
