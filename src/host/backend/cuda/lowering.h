/* From a program to the launches of a step: which kernels and matrix products a GPU runs, in which order, and what the
 * products' epilogues carry along. Plain C that knows no CUDA, so that `vae-cuda info --cost` counts launches anywhere,
 * and the backend runs that very list. */
#ifndef VAE_BACKEND_CUDA_LOWERING_H
#define VAE_BACKEND_CUDA_LOWERING_H

#include "backend/backend.h"
#include "backend/cuda/grid.h"
#include "program/program.h"

#define VAE_LAUNCH_MAP(X)                                                                                              \
    X(BEGIN_STEP, "begin_step")                                                                                        \
    X(OP, "op") /* the op's own kernel */                                                                              \
    X(MATMUL, "matmul")                                                                                                \
    X(ACTIVATION, "activation")                                                                                        \
    X(ACTIVATION_BACKWARD, "activation_backward")                                                                      \
    X(PATCHES, "patches")                                                                                              \
    X(UNPATCH, "unpatch")                                                                                              \
    X(ACCUMULATE, "accumulate")                                                                                        \
    X(SHARED_VARIANCE, "shared_variance")                                                                              \
    X(NORM_SUMS, "norm_sums") /* a norm's sums over rows and positions, ahead of its own kernel */                     \
    X(GRADIENT_NORM, "gradient_norm")                                                                                  \
    X(ROUND_BF16, "round_bf16")

typedef enum vae_launch_kind {
#define VAE_LAUNCH_ROW(name, text) VAE_LAUNCH_##name,
    VAE_LAUNCH_MAP(VAE_LAUNCH_ROW)
#undef VAE_LAUNCH_ROW
        VAE_LAUNCH_COUNT
} vae_launch_kind;

/* Sums that one accumulate launch takes. */
enum { VAE_LAUNCH_MAX_SUMS = 4 };

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

/* In a product's place of a tensor: memory that holds the patches of one convolution until the next product or unpatch
 * has read them. In bf16 where a product reads it. */
enum { VAE_SCRATCH_TENSOR = -2 };

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
    vae_tensor d_bias, from; /* backward: x is d_y; `from` is VAE_NO_TENSOR for identity */
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

typedef struct vae_launch {
    vae_launch_kind kind;
    int32_t op;         /* to which it belongs; -1 for begin_step */
    bool writes_shadow; /* the bf16 copy too */
    union {
        vae_matmul matmul;
        vae_launch_activation activation;
        vae_launch_windows windows;
        int32_t op_count;   /* accumulate: consecutive ops, from `op` on */
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
    int64_t scratch_elements; /* of VAE_SCRATCH_TENSOR, in float32 */
} vae_lowering;

/* What `auto` means on a GPU, and what a precision is called. */
vae_precision vae_cuda_precision(vae_precision precision);
const char *vae_cuda_precision_name(vae_precision precision);

/* What a launch is called: its kernel, or its op's kind. */
const char *vae_launch_name(const vae_lowering *lowering, const vae_launch *launch);
const char *vae_epilogue_name(vae_epilogue epilogue);
const char *vae_product_name(vae_product product);

vae_status vae_lowering_create(const vae_program *program, vae_lowering_options options, vae_lowering *lowering);
void vae_lowering_free(vae_lowering *lowering);

/* The tensor whose bf16 copy a launch other than a product can write along, or VAE_NO_TENSOR. */
vae_tensor vae_launch_shadowed(const vae_lowering *lowering, const vae_launch *launch);

/* What a launch reads and writes, each operand once, and computes; begin_step and the scalars count as nothing. */
vae_cost vae_launch_cost(const vae_lowering *lowering, const vae_launch *launch);

/* Blocks that a kernel's launch asks for, of which a device takes as many at a time as it holds; 0 for a product, whose
 * grid is cuBLASLt's affair. */
int64_t vae_launch_blocks(const vae_lowering *lowering, const vae_launch *launch);

/* The sums that a launch takes of every column of a matrix, or 0, and how it goes over the matrix, whether it sums or
 * not; no tasks where it does not go by columns. */
int32_t vae_launch_column_plan(const vae_lowering *lowering, const vae_launch *launch, vae_column_plan *plan);

/* A whole step. */
typedef struct vae_step_cost {
    int32_t product_count;
    vae_cost products;    /* matrix products, with what their epilogues read and write */
    vae_cost elementwise; /* all other launches */
    /* What no implementation of this model can avoid beside its products: every other op reads and writes its own
     * operands once. Layers' biases, activations and their gradients cost nothing here, as epilogues can carry them. */
    vae_cost minimum;
} vae_step_cost;
vae_step_cost vae_lowering_cost(const vae_lowering *lowering);

/* A GPU by its data sheet: memory, and dense (not sparse) arithmetic by vae_precision; [0], auto, is fp32. */
typedef struct vae_gpu {
    const char *name;
    const char *device; /* as the driver calls it, after "NVIDIA " */
    double bytes_per_second;
    double flops_per_second[4];
} vae_gpu;
extern const vae_gpu vae_gpus[];
extern const int vae_gpu_count;

/* The one that the driver calls so, "NVIDIA H200", or NULL. */
const vae_gpu *vae_gpu_find(const char *device);
/* Seconds of so much work at the limit of memory or arithmetic, whichever is reached first. */
double vae_gpu_roofline(const vae_gpu *gpu, vae_cost cost, vae_precision precision);

/* Seconds of a step if every launch, one after the other, ran at the limit of memory or arithmetic; launches themselves
 * and caches count as nothing. */
double vae_lowering_roofline(const vae_lowering *lowering, const vae_gpu *gpu, vae_precision precision);

#endif
