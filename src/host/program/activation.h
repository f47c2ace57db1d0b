/* Activation functions: their names and numbers, for builders, kernels and the configuration alike. */
#ifndef VAE_PROGRAM_ACTIVATION_H
#define VAE_PROGRAM_ACTIVATION_H

#include <stdbool.h>

/* x is the pre-activation. gelu is the exact (erf) one; elu has alpha 1, leaky relu slope 0.01. */
#define VAE_ACTIVATION_MAP(X)                                                                                          \
    X(IDENTITY, "identity")                                                                                            \
    X(RELU, "relu")                                                                                                    \
    X(LEAKY_RELU, "leaky_relu")                                                                                        \
    X(TANH, "tanh")                                                                                                    \
    X(SIGMOID, "sigmoid")                                                                                              \
    X(ELU, "elu")                                                                                                      \
    X(GELU, "gelu")                                                                                                    \
    X(SOFTPLUS, "softplus")                                                                                            \
    X(SILU, "silu")

typedef enum vae_activation {
#define VAE_ACTIVATION_ROW(name, text) VAE_ACTIVATION_##name,
    VAE_ACTIVATION_MAP(VAE_ACTIVATION_ROW)
#undef VAE_ACTIVATION_ROW
        VAE_ACTIVATION_COUNT
} vae_activation;

#define VAE_LEAKY_RELU_SLOPE 0.01

/* Whether the derivative cannot be told from the activation, only from the pre-activation. */
static inline bool vae_activation_needs_input(vae_activation activation)
{
    return activation == VAE_ACTIVATION_GELU || activation == VAE_ACTIVATION_SILU;
}

#endif
