"""The networks of configs/mnist-conv.ini in PyTorch, for its peers on the CPU and on a GPU."""
import torch
from torch import nn
from torch.nn import functional as F


class ConvolutionalVAE(nn.Module):
    """[batch, 784] pixels → logits [batch, 784], mean and log_variance [batch, 32]."""

    def __init__(self, channels_last):
        super().__init__()
        self.channels_last = channels_last
        self.conv1 = nn.Conv2d(1, 32, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 4, stride=2, padding=1)
        self.hidden = nn.Linear(64 * 7 * 7, 256)
        self.posterior = nn.Linear(256, 2 * 32)
        self.decoder1 = nn.Linear(32, 256)
        self.decoder2 = nn.Linear(256, 64 * 7 * 7)
        self.deconv1 = nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1)
        if channels_last:
            self.to(memory_format=torch.channels_last)

    def to_columns(self, images):
        """[batch, columns], in the order that images lie in memory, so without a copy."""
        return (images.permute(0, 2, 3, 1) if self.channels_last else images).flatten(1)

    def to_images(self, columns, channels, side):
        if self.channels_last:
            return columns.unflatten(1, (side, side, channels)).permute(0, 3, 1, 2)
        return columns.unflatten(1, (channels, side, side))

    def forward(self, x):
        h = F.relu(self.conv2(F.relu(self.conv1(self.to_images(x, 1, 28)))))
        mean, log_variance = self.posterior(F.relu(self.hidden(self.to_columns(h)))).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        h = F.relu(self.decoder2(F.relu(self.decoder1(z))))
        logits = self.deconv2(F.relu(self.deconv1(self.to_images(h, 64, 7))))
        return self.to_columns(logits), mean, log_variance
