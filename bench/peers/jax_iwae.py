"""The importance-weighted autoencoder of configs/iwae.ini in JAX: a whole epoch is one jitted scan over resident data.

--mode jit
"""
import math

import jax_training as training
from jax_training import dense, jax, jnp

SAMPLES = 50
LAYERS = {"hidden1": (784, 200), "hidden2": (200, 200), "posterior": (200, 100),
          "decoder1": (50, 200), "decoder2": (200, 200), "output": (200, 784)}


def negative_bound(parameters, x, key):
    """Summed over the batch, of pixels drawn anew."""
    pixel_key, noise_key = jax.random.split(key)
    x = jax.random.bernoulli(pixel_key, x).astype(x.dtype)
    h = jnp.tanh(dense(parameters, "hidden2", jnp.tanh(dense(parameters, "hidden1", x))))
    mean, log_variance = jnp.split(dense(parameters, "posterior", h), 2, axis=1)
    noise = jax.random.normal(noise_key, (SAMPLES, *mean.shape))
    z = mean + jnp.exp(0.5 * log_variance) * noise
    h = jnp.tanh(dense(parameters, "decoder2", jnp.tanh(dense(parameters, "decoder1", z))))
    logits = dense(parameters, "output", h)
    log_likelihood = jnp.sum(x * logits - jax.nn.softplus(logits), axis=2)
    log_ratio = 0.5 * jnp.sum(noise ** 2 + log_variance - z ** 2, axis=2)  # log p(z) - log q(z|x)
    bound = jax.nn.logsumexp(log_likelihood + log_ratio, axis=0) - math.log(SAMPLES)
    return -jnp.sum(bound)


training.run(negative_bound, LAYERS, batch=20, epsilon=1e-4, test_batch=100, measure="bound")
