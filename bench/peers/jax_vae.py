"""The VAE of configs/mnist.ini in JAX: a whole epoch is one jitted scan over resident data, state donated.

--mode jit
"""
import jax_training as training
from jax_training import dense, jax, jnp

LAYERS = {"hidden": (784, 400), "posterior": (400, 40), "decoder": (20, 400), "output": (400, 784)}


def negative_elbo(parameters, x, key):
    """Summed over the batch."""
    h = jax.nn.relu(dense(parameters, "hidden", x))
    mean, log_variance = jnp.split(dense(parameters, "posterior", h), 2, axis=1)
    z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
    logits = dense(parameters, "output", jax.nn.relu(dense(parameters, "decoder", z)))
    reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
    kl = 0.5 * jnp.sum(mean ** 2 + jnp.exp(log_variance) - log_variance - 1)
    return reconstruction + kl


training.run(negative_elbo, LAYERS)
