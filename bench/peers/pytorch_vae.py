"""The VAE of configs/mnist.ini in PyTorch: data resident as float32, shuffled on the device, no DataLoader.

--mode eager | compiled | bf16
"""
import pytorch_training as training
from torch import nn
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 400)
        self.posterior = nn.Linear(400, 40)
        self.decoder = nn.Linear(20, 400)
        self.output = nn.Linear(400, 784)

    def forward(self, x):
        mean, log_variance = self.posterior(F.relu(self.hidden(x))).chunk(2, dim=1)
        logits = self.output(F.relu(self.decoder(training.sample(mean, log_variance))))
        return training.losses(logits, x, mean, log_variance)


training.run(VAE(), compiled=training.options.mode == "compiled", bf16=training.options.mode == "bf16")
