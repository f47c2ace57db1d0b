"""The VAE of configs/mnist.ini in JAX: a whole epoch is one jitted scan over resident data, state donated.

--mode jit
"""
import functools
import os
import time

import common

options = common.arguments()
# XLA takes its thread count from the processors that it may use.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy

BATCH = 128
LAYERS = {"hidden": (784, 400), "posterior": (400, 40), "decoder": (20, 400), "output": (400, 784)}


def initialise(key):
    parameters = {}
    for name, (fan_in, fan_out) in LAYERS.items():
        key, weight_key, bias_key = jax.random.split(key, 3)
        bound = fan_in ** -0.5
        parameters[name] = (jax.random.uniform(weight_key, (fan_in, fan_out), minval=-bound, maxval=bound),
                            jax.random.uniform(bias_key, (fan_out,), minval=-bound, maxval=bound))
    return parameters


def dense(parameters, name, x):
    weight, bias = parameters[name]
    return x @ weight + bias


def negative_elbo(parameters, x, key):
    """Summed over the batch."""
    h = jax.nn.relu(dense(parameters, "hidden", x))
    mean, log_variance = jnp.split(dense(parameters, "posterior", h), 2, axis=1)
    z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
    logits = dense(parameters, "output", jax.nn.relu(dense(parameters, "decoder", z)))
    reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
    kl = 0.5 * jnp.sum(mean ** 2 + jnp.exp(log_variance) - log_variance - 1)
    return reconstruction + kl


def adam(parameters, gradients, first, second, step):
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate = 1e-3 * jnp.sqrt(1 - 0.999 ** step) / (1 - 0.9 ** step)
    parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, first, second)
    return parameters, first, second


def train_batch(state, x):
    parameters, first, second, step, key = state
    key, noise_key = jax.random.split(key)
    loss = lambda p: negative_elbo(p, x, noise_key) / len(x)
    gradients = jax.grad(loss)(parameters)
    parameters, first, second = adam(parameters, gradients, first, second, step + 1)
    return (parameters, first, second, step + 1, key), None


@functools.partial(jax.jit, donate_argnums=0)
def train_epoch(state, images):
    parameters, first, second, step, key = state
    key, order_key = jax.random.split(key)
    order = jax.random.permutation(order_key, len(images))
    state = (parameters, first, second, step, key)
    whole = len(images) // BATCH * BATCH
    state, _ = jax.lax.scan(lambda s, rows: train_batch(s, images[rows]), state, order[:whole].reshape(-1, BATCH))
    if whole < len(images):
        state, _ = train_batch(state, images[order[whole:]])
    return state


def main():
    train = jnp.asarray(common.read_images(numpy, options.data, "train"), jnp.float32) / 255
    test = jnp.asarray(common.read_images(numpy, options.data, "t10k"), jnp.float32) / 255
    parameters_key, noise_key, test_key = jax.random.split(jax.random.key(options.seed), 3)
    parameters = initialise(parameters_key)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros(), zeros(), jnp.float32(0), noise_key)
    watch = common.Stopwatch()
    for _ in range(options.epochs):
        started = time.perf_counter()
        state = jax.block_until_ready(train_epoch(state, train))
        watch.first_step()
        watch.epoch(len(train), time.perf_counter() - started)
    total = float(jax.jit(negative_elbo)(state[0], test, test_key))
    watch.report(total / len(test), version=jax.__version__)


main()
