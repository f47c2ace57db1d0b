"""What the peers share: the same MNIST files as vae-cuda, the same arguments, one JSON line at the end."""
import argparse
import gzip
import json
import resource
import statistics
import time

STARTED = time.perf_counter()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="data/mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mode", default="eager")
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--images", "--items", type=int, help="train on the first so many")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def read_images(numpy, folder, name):
    """[count, 784] bytes."""
    with gzip.open(f"{folder}/{name}-images-idx3-ubyte.gz", "rb") as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 784)


class Stopwatch:
    """Images per second of each epoch, and the time from the program's start to its first step."""

    def __init__(self):
        self.rates = []
        self.startup = None

    def first_step(self):
        if self.startup is None:
            self.startup = time.perf_counter() - STARTED

    def epoch(self, images, seconds):
        self.rates.append(images / seconds)

    def report(self, measure, value, **extra):
        """measure: what the value is, of the test images, by its name in vae-cuda's metrics."""
        # The first epoch pays for compilation and caches.
        rates = self.rates[1:] or self.rates
        print(json.dumps({
            "images_per_second": statistics.median(rates),
            f"test_{measure}": value,
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "startup_seconds": self.startup,
            **extra,
        }))
