/* A product of known numbers, in memory of its own; shared by product_trial.c, which makes it, and product_check.c,
 * which runs it. Its operands are small whole numbers, whose sums are exact in every precision and order: a result is
 * right to the last bit or wrong. */
#ifndef VAE_BACKEND_CUDA_PRODUCT_TRIAL_H
#define VAE_BACKEND_CUDA_PRODUCT_TRIAL_H

#include "backend/cuda/matmul_internal.h"

/* What the operands' numbers are drawn by. */
typedef enum vae_cuda_trial_part {
    VAE_TRIAL_LEFT,
    VAE_TRIAL_RIGHT,
    VAE_TRIAL_BIAS,
    VAE_TRIAL_MASK,
    VAE_TRIAL_PLACE
} vae_cuda_trial_part;

struct vae_cuda_trial {
    vae_cuda_blas *blas;
    vae_cuda_key key;
    vae_cuda_description product, plain;
    uint8_t *memory; /* of the device: all operands */
    uint8_t *left, *right;
    vae_cuda_matmul_operands operands;
    int64_t mask_bytes;
    int32_t largest; /* operands are whole numbers in [-largest, largest] */
    /* On the host. */
    float *expected, *found; /* [m, n] */
    float *expected_bias;    /* [n]; written by bias gradients only */
    uint8_t *expected_mask;  /* written by relu masks only */
};

/* 32 bits that look random, a function of their place. */
uint32_t vae_trial_bits(vae_cuda_trial_part of, int64_t index);
/* Of the operands [m, k] and [k, n]. */
int32_t vae_trial_left(const vae_cuda_trial *trial, int64_t row, int64_t l);
int32_t vae_trial_right(const vae_cuda_trial *trial, int64_t l, int64_t column);

bool vae_trial_writes_mask(const vae_cuda_trial *trial);
bool vae_trial_writes_bias(const vae_cuda_trial *trial);

#endif
