/* The launches of a step: kernels and matrix products in the order in which a GPU runs them, and what the products'
 * epilogues carry along. Plain C that knows no CUDA. */
#ifndef VAE_BACKEND_CUDA_LAUNCH_LIST_H
#define VAE_BACKEND_CUDA_LAUNCH_LIST_H

#include "program/program.h"

#define VAE_LAUNCH_MAP(X)                                                                                              \
    X(BEGIN_STEP, "begin_step")                                                                                        \
    X(OP, "op") /* the op's own kernel */                                                                              \
    X(MATMUL, "matmul")                                                                                                \
    X(ACTIVATION, "activation")                                                                                        \
    X(ACTIVATION_BACKWARD, "activation_backward")                                                                      \
    X(PATCHES, "patches")                                                                                              \
    X(UNPATCH, "unpatch")                                                                                              \
    X(SHARED_VARIANCE, "shared_variance")                                                                              \
    X(NORM_SUMS, "norm_sums") /* a norm's sums over rows and positions, ahead of its own kernel */                     \
    X(CELL, "cell")           /* a step of a recurrent op, behind its product */                                       \
    X(CELL_BACKWARD, "cell_backward")                                                                                  \
    X(CELL_INITIAL, "cell_initial") /* gradients of initial states, behind the last step of a backward pass */         \
    X(CELL_SUMS, "cell_sums")       /* gradients of norms and hidden biases, from each sequence's part */              \
    X(COLUMN_SUMS, "column_sums")                                                                                      \
    X(GRADIENT_NORM, "gradient_norm")                                                                                  \
    X(ROUND_BF16, "round_bf16")

typedef enum vae_launch_kind {
#define VAE_LAUNCH_ROW(name, text) VAE_LAUNCH_##name,
    VAE_LAUNCH_MAP(VAE_LAUNCH_ROW)
#undef VAE_LAUNCH_ROW
        VAE_LAUNCH_COUNT
} vae_launch_kind;

/* Ops that one launch takes. */
enum { VAE_LAUNCH_MAX_OPS = 4 };

/* What a product does to its result on the way out. */
#define VAE_EPILOGUE_MAP(X)                                                                                            \
    X(NONE, "")                                                                                                        \
    X(BIAS, "bias")                                                                                                    \
    X(RELU_BIAS, "bias, relu")                                                                                         \
    X(RELU_MASK_BIAS, "bias, relu, mask")                                                                              \
    X(BIAS_GRADIENT, "bias gradient")                                                                                  \
    X(DRELU_BIAS_GRADIENT, "relu backward, bias gradient")

typedef enum vae_epilogue {
#define VAE_EPILOGUE_ROW(name, text) VAE_EPILOGUE_##name,
    VAE_EPILOGUE_MAP(VAE_EPILOGUE_ROW)
#undef VAE_EPILOGUE_ROW
        VAE_EPILOGUE_COUNT
} vae_epilogue;

/* Which of its op's products one is. */
#define VAE_PRODUCT_MAP(X)                                                                                             \
    X(FORWARD, "forward")                                                                                              \
    X(WEIGHT_GRADIENT, "weight gradient")                                                                              \
    X(INPUT_GRADIENT, "input gradient")

typedef enum vae_product {
#define VAE_PRODUCT_ROW(name, text) VAE_PRODUCT_##name,
    VAE_PRODUCT_MAP(VAE_PRODUCT_ROW)
#undef VAE_PRODUCT_ROW
        VAE_PRODUCT_COUNT
} vae_product;

/* In a product's place of a tensor: memory for what lasts from one launch of an op to another of the same. In bf16
 * where a product reads it. R is the sequences of a recurrent op, H its units and G the gates of all units. */
enum {
    VAE_SCRATCH_TENSOR = -2,    /* the patches of a convolution; or the product of a step, [R, G], or backward [R, H] */
    VAE_SCRATCH_GRADIENT = -3,  /* [R, G]: what a step on the way back gives to the product behind it; a copy, as steps
                                 * of a tensor need not be as aligned as cuBLASLt was promised */
    VAE_SCRATCH_GRADIENTS = -4, /* gru, [steps·R, G]: the same of all steps */
    VAE_SCRATCH_STATES = -5,    /* [steps·R, H]: h ahead of each step */
    VAE_SCRATCH_CARRY = -6,     /* [R, H]: what goes from step to step past the products */
    VAE_SCRATCH_COUNT = 5,
};
static inline bool vae_is_scratch(vae_tensor tensor)
{
    return tensor <= VAE_SCRATCH_TENSOR;
}

/* target [m, n] = left [m, k] · right [k, n]; a transposed operand lies in memory as [k, m] or [n, k]. */
typedef struct vae_matmul {
    vae_tensor left, right, target;
    int64_t m, n, k;
    bool left_transposed, right_transposed;
    vae_product product;
    vae_epilogue epilogue;
    vae_tensor bias; /* [n]: read by BIAS…; written by …BIAS_GRADIENT, as Σ rows of `right` or of the target */
    int32_t mask;    /* the relu mask that is written or read, or -1 */
} vae_matmul;

typedef struct vae_launch_activation {
    vae_activation activation;
    vae_tensor x, y, bias;   /* forward: y = activation(x + bias) */
    vae_tensor d_bias, from; /* backward: x is d_y; `from` is VAE_NO_TENSOR for identity. column_sums: of x, no more */
    int64_t columns;         /* width of a row: as many as there are biases */
} vae_launch_activation;

/* patches: what each window on the images shows, written side by side into the scratch, [rows·height·width,
 * kernel·kernel·channels]. unpatch: the way back, each pixel the sum of what the scratch has for it. */
typedef struct vae_launch_windows {
    vae_tensor images;
    int64_t height, width; /* of the grid of windows */
    vae_window window;
    /* unpatch only, absent where VAE_NO_TENSOR. Forward: images = activation(sum + bias), the sum with its bias being
     * kept. Backward: images = sum · activation'(from), of the layer that made the images, and its bias gradient. */
    vae_activation activation;
    vae_tensor bias, pre_activation;
    vae_tensor from, d_bias;
} vae_launch_windows;

typedef struct vae_launch_cell {
    int64_t time;     /* the step of all sequences */
    bool is_first;    /* of the op's launches over the steps */
    bool has_product; /* in VAE_SCRATCH_TENSOR: there is none while the state, or its gradient, is zero */
} vae_launch_cell;

typedef struct vae_launch {
    vae_launch_kind kind;
    int32_t op;       /* to which it belongs; -1 for begin_step */
    uint32_t shadows; /* the bf16 copies that it writes too: the sum of 1 << place, of vae_launch_shadowed() */
    union {
        vae_matmul matmul;
        vae_launch_activation activation;
        vae_launch_windows windows;
        vae_launch_cell cell;
        int32_t more_ops;   /* op: consecutive ones behind `op` that it takes along */
        vae_tensor rounded; /* round_bf16 */
    } as;
} vae_launch;

/* One bit an element: where a relu passed. cuBLASLt wants rows of a multiple of 128 bits. */
typedef struct vae_relu_mask {
    vae_tensor y;
    int64_t rows, row_bits;
    int64_t offset; /* bytes, a multiple of 256 */
} vae_relu_mask;

/* An epilogue that a product is to do without, as cuBLASLt has no algorithm for the two or a slow one. Kernels take its
 * place. */
typedef struct vae_refusal {
    int32_t op;
    vae_product product;
    vae_epilogue epilogue;
} vae_refusal;

typedef struct vae_lowering_options {
    bool bf16; /* products read bf16 copies */
    const vae_refusal *refusals;
    int32_t refusal_count;
} vae_lowering_options;

typedef struct vae_lowering {
    const vae_program *program; /* borrowed */
    bool bf16;
    vae_launch *launches;
    int32_t count;
    vae_relu_mask *masks;
    int32_t mask_count;
    int64_t mask_bytes;
    int64_t scratch_elements[VAE_SCRATCH_COUNT]; /* of VAE_SCRATCH_TENSOR and those below, in float32 */
} vae_lowering;

#endif
