"""What the JAX peers share: threads, dense layers, Adam, and epochs that are each one jitted scan over resident data,
state donated.
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


def initialise(layers, key):
    """layers: name → (fan in, fan out)."""
    parameters = {}
    for name, (fan_in, fan_out) in layers.items():
        key, weight_key, bias_key = jax.random.split(key, 3)
        bound = fan_in ** -0.5
        parameters[name] = (jax.random.uniform(weight_key, (fan_in, fan_out), minval=-bound, maxval=bound),
                            jax.random.uniform(bias_key, (fan_out,), minval=-bound, maxval=bound))
    return parameters


def dense(parameters, name, x):
    weight, bias = parameters[name]
    return x @ weight + bias


def adam(parameters, gradients, first, second, step, epsilon):
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate = 1e-3 * jnp.sqrt(1 - 0.999 ** step) / (1 - 0.9 ** step)
    parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + epsilon), parameters, first, second)
    return parameters, first, second


def train_batch(loss, epsilon, state, x):
    parameters, first, second, step, key = state
    key, noise_key = jax.random.split(key)
    gradients = jax.grad(lambda p: loss(p, x, noise_key) / len(x))(parameters)
    parameters, first, second = adam(parameters, gradients, first, second, step + 1, epsilon)
    return (parameters, first, second, step + 1, key), None


@functools.partial(jax.jit, static_argnums=(0, 1, 2), donate_argnums=3)
def train_epoch(loss, batch, epsilon, state, images):
    parameters, first, second, step, key = state
    key, order_key = jax.random.split(key)
    order = jax.random.permutation(order_key, len(images))
    state = (parameters, first, second, step, key)
    whole = len(images) // batch * batch
    batches = order[:whole].reshape(-1, batch)
    state, _ = jax.lax.scan(lambda s, rows: train_batch(loss, epsilon, s, images[rows]), state, batches)
    if whole < len(images):
        state, _ = train_batch(loss, epsilon, state, images[order[whole:]])
    return state


def read(name, limit=None):
    return jnp.asarray(common.read_images(numpy, options.data, name)[:limit], jnp.float32) / 255


def evaluate(loss, batch, parameters, images, key):
    """The mean over the images, a batch at a time."""
    loss = jax.jit(loss)
    total = sum(float(loss(parameters, images[i:i + batch], jax.random.fold_in(key, i))) for i in range(0, len(images), batch))
    return total / len(images)


def run(loss, layers, batch=128, epsilon=1e-8, test_batch=1000, measure="neg_elbo"):
    """Trains, then prints the report. loss: (parameters, [batch, 784] pixels, key) → what is minimised, summed over the
    batch; on the test images it is reported as the measure."""
    train, test = read("train", options.images), read("t10k")
    parameters_key, noise_key, test_key = jax.random.split(jax.random.key(options.seed), 3)
    parameters = initialise(layers, parameters_key)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros(), zeros(), jnp.float32(0), noise_key)
    watch = common.Stopwatch()
    for _ in range(options.epochs):
        started = time.perf_counter()
        state = jax.block_until_ready(train_epoch(loss, batch, epsilon, state, train))
        watch.first_step()
        watch.epoch(len(train), time.perf_counter() - started)
    watch.report(measure, evaluate(loss, test_batch, state[0], test, test_key), version=jax.__version__)
