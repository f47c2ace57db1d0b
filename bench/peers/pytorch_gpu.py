"""The VAE of configs/mnist.ini, or of mnist-conv.ini, in PyTorch on a GPU: data resident as bytes, shuffled there, TF32
products and convolutions, these channels last and by the fastest algorithm that cuDNN's own trial finds.

--model mlp | conv
--mode eager | compiled | graphed (a whole step captured as one CUDA graph)
--device cpu, with --images, tries the program out where there is no GPU: eager and compiled
"""
import time

import common

options = common.arguments()

import numpy
import torch
from pytorch_conv_model import ConvolutionalVAE
from torch.nn import functional as F

BATCH = 128


class DenseVAE(torch.nn.Module):
    """[batch, 784] pixels → logits [batch, 784], mean and log_variance [batch, 20]."""

    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(784, 400)
        self.posterior = torch.nn.Linear(400, 40)
        self.decoder = torch.nn.Linear(20, 400)
        self.output = torch.nn.Linear(400, 784)

    def forward(self, x):
        mean, log_variance = self.posterior(F.relu(self.hidden(x))).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.output(F.relu(self.decoder(z))), mean, log_variance


def make_model(device):
    models = {"mlp": DenseVAE, "conv": lambda: ConvolutionalVAE(channels_last=True)}
    return models[options.model]().to(device)


def losses(model, x):
    logits, mean, log_variance = model(x)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * torch.sum(mean * mean + torch.exp(log_variance) - log_variance - 1)
    return reconstruction + kl


def capture(step, rows):
    """Warms up beside the current stream, as PyTorch asks for, then captures."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(rows)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(rows)
    return graph


def main():
    device = torch.device(options.device)
    on_gpu = device.type == "cuda"
    if on_gpu and not torch.cuda.is_available():
        raise SystemExit("pytorch_gpu: PyTorch sees no GPU")
    synchronize = torch.cuda.synchronize if on_gpu else lambda: None
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(options.seed)
    train = torch.from_numpy(common.read_images(numpy, options.data, "train")[:options.images].copy()).to(device)
    test = torch.from_numpy(common.read_images(numpy, options.data, "t10k").copy()).to(device)
    model = make_model(device)
    graphed = options.mode == "graphed"
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True, capturable=graphed)
    objective = torch.compile(losses) if options.mode == "compiled" else losses

    def step(rows):
        loss = objective(model, train[rows].float() / 255) / len(rows)
        optimiser.zero_grad(set_to_none=not graphed)
        loss.backward()
        optimiser.step()

    static_rows = torch.arange(BATCH, device=device)
    graph = capture(step, static_rows) if graphed else None
    watch = common.Stopwatch()
    for _ in range(options.epochs):
        synchronize()
        started = time.perf_counter()
        order = torch.randperm(len(train), device=device)
        for first in range(0, len(train), BATCH):
            rows = order[first:first + BATCH]
            if graph is not None and len(rows) == BATCH:
                static_rows.copy_(rows)
                graph.replay()
            else:
                step(rows)
            watch.first_step()
        synchronize()
        watch.epoch(len(train), time.perf_counter() - started)
    with torch.no_grad():
        total = sum(losses(model, test[i:i + 1000].float() / 255).item() for i in range(0, len(test), 1000))
    watch.report("neg_elbo", total / len(test), version=torch.__version__, gpu=torch.cuda.get_device_name() if on_gpu else None)


main()
