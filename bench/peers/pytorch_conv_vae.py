"""The VAE of configs/mnist-conv.ini in PyTorch: data resident as float32, shuffled on the device, no DataLoader.

--mode eager | channels_last | compiled (channels last too)
"""
import pytorch_training as training
from pytorch_conv_model import ConvolutionalVAE


class VAE(ConvolutionalVAE):
    def forward(self, x):
        logits, mean, log_variance = super().forward(x)
        return training.losses(logits, x, mean, log_variance)


training.run(VAE(channels_last=training.options.mode != "eager"), compiled=training.options.mode == "compiled")
