/* The only door to oneDNN: matrix products with a fused bias and activation, as primitives made once. */
#ifndef VAE_BACKEND_CPU_ONEDNN_H
#define VAE_BACKEND_CPU_ONEDNN_H

#include <stdbool.h>

#include "program/program.h"

typedef struct vae_onednn vae_onednn;   /* an engine and its stream */
typedef struct vae_product vae_product; /* one primitive with its operands */

vae_status vae_onednn_open(vae_onednn **onednn);
void vae_onednn_close(vae_onednn *onednn);
/* "2.6.3" */
void vae_onednn_version(char *text, size_t size);
/* True where bf16 products run on the CPU's own bf16 instructions (AVX512-BF16 or AMX). */
bool vae_onednn_has_bf16(void);
/* Whether a product can have the activation fused. */
bool vae_onednn_fuses(vae_activation activation);

/* target [m, n] = activation(left [m, k] · right [k, n] + bias [n]). A transposed operand lies in memory as [k, m] or
 * [n, k]. All row-major. bias may be NULL. With bf16 the operands are bf16; bias and target are float32. */
typedef struct vae_product_options {
    int64_t m, n, k;
    const void *left, *right;
    const float *bias;
    float *target;
    bool left_transposed, right_transposed;
    /* From a row in memory to the next, where that is more than a row's numbers; 0: dense. */
    int64_t right_stride, target_stride;
    bool accumulates; /* target += the product */
    bool bf16;
    vae_activation activation; /* one that vae_onednn_fuses */
} vae_product_options;

/* The memory behind the operands is borrowed and must outlive the product. */
vae_status vae_product_create(vae_onednn *onednn, const vae_product_options *options, vae_product **product);
vae_status vae_product_run(vae_product *product);
void vae_product_destroy(vae_product *product);

#endif
