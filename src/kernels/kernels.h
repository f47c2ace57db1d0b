/* The only door between host C and CUDA kernels: launchers, each beside its kernel in the .cu file of that name.
 *
 * Every launcher enqueues one kernel on `stream` and returns what the launch returned. Matrices are row-major. Tensors
 * are float32 and 256-byte aligned; a `shadow`, where not NULL, receives the same values rounded to bf16. What changes
 * from step to step is read from device memory, so that a captured graph replays unchanged. */
#ifndef VAE_KERNELS_H
#define VAE_KERNELS_H

#include <cuda_runtime.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/permutation.h"
#include "program/grid.h"
#include "program/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* vae_step as the device sees it. */
typedef struct vae_cuda_step {
    uint64_t seed, step;
    int64_t first; /* row of the data set, or of the staged rows, that the batch begins with */
    int64_t first_row;
    uint64_t adam_step;
    int64_t rows; /* of the batch that hold data; 0: all */
    double share; /* vae_step.share, 1 where that is 0 */
    double beta, sampling, learning_rate;
    /* Of the program's adam: learning_rate / (1 - beta1^adam_step), and 1 / sqrt(1 - beta2^adam_step). */
    double adam_step_size, adam_root_correction;
    vae_permutation permutation;
} vae_cuda_step;

/* Takes the next of the `mask` + 1 records that the host has written: *current = ring[(*counter)++ & mask]. */
cudaError_t vae_cuda_begin_step(const vae_cuda_step *ring, uint32_t mask, uint64_t *counter, vae_cuda_step *current,
                                cudaStream_t stream);

/* ---- Ops ---- */

/* Memory that a product reads: one of the two, by its precision, or neither. */
typedef struct vae_cuda_operand {
    float *values;
    uint16_t *rounded; /* bf16 */
} vae_cuda_operand;

/* What a launch of a recurrent op takes beside its operands: one step of all sequences. R is sequences, H units and G a
 * step's gates. */
typedef struct vae_cuda_cell {
    int64_t time;   /* the step */
    bool is_first;  /* of the op's launches over the steps */
    float *product; /* forward: the state times the weight, [R, G]; NULL where the state is zero. backward: d_gates of
                     * the step that was left before, times the weight, [R, H]; NULL where there is none */
    /* Backward: */
    float *carry;               /* [R, H]: what goes from step to step past the products */
    vae_cuda_operand gradient;  /* [R, G]: the step's part of the next product */
    vae_cuda_operand gradients; /* gru: [steps·R, G]: the same of all steps */
    vae_cuda_operand states;    /* [steps·R, H]: h ahead of each step */
    double *shares; /* [R, sums, H]: of parameters that all units' sums share, each sequence's part; or NULL */
} vae_cuda_cell;

/* Where the sequences of a data set lie: those of a resident one in its own memory; staged ones one behind another,
 * each in as many bytes, that begin with its number of rows as an int64_t, VAE_CUDA_SEQUENCE_HEADER bytes ahead of
 * them. */
typedef struct vae_cuda_sequences {
    const int64_t *offsets, *order; /* as in vae_column; NULL where staged */
    bool integers;                  /* int32 numbers, else float32 */
} vae_cuda_sequences;
enum { VAE_CUDA_SEQUENCE_HEADER = 16 };

/* An op bound to device memory: what the launcher of its kernel sees, and takes its kernel's arguments from. */
typedef struct vae_cuda_call {
    const vae_program *program;
    const vae_op *op;
    vae_grid grid;                 /* of the launch: vae_op_grid() for the op's own kernel */
    float *inputs[VAE_MAX_INPUTS]; /* NULL where the op has none */
    float *outputs[VAE_MAX_OUTPUTS];
    uint16_t *shadows[VAE_MAX_OUTPUTS]; /* of outputs; NULL where none is to be written */
    const vae_cuda_step *step;          /* of the run in progress */
    /* Rows of the data set, in its order; or, where `staged`, those that the step reads, in the step's. */
    const uint8_t *data;
    bool staged;
    size_t staged_bytes; /* from one of these to the next */
    vae_cuda_sequences sequences;
    /* Arenas; gradients and moments are NULL in a store that is not for training. */
    float *parameters, *gradients, *first_moment, *second_moment;
    uint16_t *parameter_shadow;
    double *metrics;  /* [VAE_METRIC_COUNT] */
    double *norm;     /* scalar: the gradient's, for clipping */
    double *variance; /* scalar: of gaussian_shared in training */
    /* For sums over blocks: as many as the grid says, and as vae_cuda_adam_blocks() for adam. */
    double *partials;
    unsigned int *finished; /* blocks done, of each group; zero before and after */
    vae_cuda_cell cell;     /* of recurrent ops */
    int32_t more_calls;     /* those behind this one that the launch takes along, of ops of this kind */
} vae_cuda_call;

static inline const vae_shape *vae_cuda_input_shape(const vae_cuda_call *call, int index)
{
    return &call->program->tensors[call->op->inputs[index]].shape;
}
static inline const vae_shape *vae_cuda_output_shape(const vae_cuda_call *call, int index)
{
    return &call->program->tensors[call->op->outputs[index]].shape;
}

#define VAE_CUDA_DECLARE(NAME, name) cudaError_t vae_cuda_##name(const vae_cuda_call *call, cudaStream_t stream);
VAE_OP_KERNELS(VAE_CUDA_DECLARE)
#undef VAE_CUDA_DECLARE

/* Kernels ahead of an op's own, of the same call. gaussian_shared in training: *variance from the whole batch, and the
 * statistic after it. Leaves rows' squared errors in ll. */
cudaError_t vae_cuda_shared_variance(const vae_cuda_call *call, cudaStream_t stream);
/* Batch norm in training: the batch's statistics, and the running ones moved towards them. */
cudaError_t vae_cuda_norm_moments(const vae_cuda_call *call, cudaStream_t stream);
/* The backward pass of norms: d_scale and d_shift. */
cudaError_t vae_cuda_norm_gradients(const vae_cuda_call *call, cudaStream_t stream);
/* adam: the global norm of the gradient, which clipping needs before the update. */
cudaError_t vae_cuda_gradient_norm(const vae_cuda_call *call, cudaStream_t stream);
/* Steps of recurrent ops: forward, backward, and behind the last one of a backward pass the gradients of initial
 * states, which only some have, and of norms and hidden biases. */
cudaError_t vae_cuda_lstm_cell(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_lstm_cell_backward(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_lstm_initial(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_gru_cell(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_gru_cell_backward(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_gru_initial(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_cell_sums(const vae_cuda_call *call, cudaStream_t stream);
/* Blocks that adam and gradient_norm take at most on this device. */
cudaError_t vae_cuda_adam_blocks(int64_t elements, int *blocks);

/* Calls that `accumulate` takes at a time. */
enum { VAE_CUDA_MAX_SUMS = 4 };

/* ---- Parts of layers ---- */

/* Where blocks meet whose sums over rows become one: the column sums of a matrix, such as a bias gradient, are added up
 * in an order that only its shape decides. */
typedef struct vae_cuda_column_sums {
    float *sums;      /* [columns], or NULL: not wanted */
    double *partials; /* [pieces, sums, columns], where a number of `sums` is wanted of a column; vae_column_plan */
    unsigned int *finished; /* [groups]; zero before and after */
} vae_cuda_column_sums;

typedef struct vae_cuda_activation_call {
    int activation;    /* vae_activation */
    float *x;          /* forward: the product; gets the bias where there is one. backward: d_y, becomes d_x */
    const float *bias; /* forward: [columns] or NULL */
    float *y;          /* forward; may be x */
    const float *from; /* backward: y, or the pre-activation where vae_activation_needs_input; NULL for identity */
    vae_cuda_column_sums d_bias; /* backward */
    uint16_t *shadow;            /* of y, or of d_x */
    int64_t rows, columns;
} vae_cuda_activation_call;
cudaError_t vae_cuda_activation_forward(const vae_cuda_activation_call *call, cudaStream_t stream);
/* d_x = d_y · activation'(…) in place, and d_bias = Σ rows of it, summed in a fixed order. */
cudaError_t vae_cuda_activation_backward(const vae_cuda_activation_call *call, cudaStream_t stream);

/* Images [rows, height, width, channels] and a grid of grid_height × grid_width windows on each, as in vae_window.
 * Their patches are [rows·grid_height·grid_width, kernel·kernel·channels], zero outside the images. */
typedef struct vae_cuda_windows {
    int64_t rows;
    int32_t height, width, channels, grid_height, grid_width;
    int32_t kernel, stride, padding;
} vae_cuda_windows;

typedef struct vae_cuda_patches_call {
    vae_cuda_windows windows;
    const float *images;
    float *patches;   /* or NULL */
    uint16_t *shadow; /* the same in bf16, or NULL */
} vae_cuda_patches_call;
cudaError_t vae_cuda_patches(const vae_cuda_patches_call *call, cudaStream_t stream);

typedef struct vae_cuda_unpatch_call {
    vae_cuda_windows windows;
    const float *patches;
    float *images; /* each pixel the sum of its numbers in the patches, by row and column of the grid */
    uint16_t *shadow;
    int activation;        /* vae_activation */
    const float *bias;     /* forward: [channels]; images = activation(sum + bias) */
    float *pre_activation; /* forward: receives sum + bias; or NULL */
    const float *from;     /* backward, where bias is NULL: images = sum · activation'(from); NULL for identity */
    vae_cuda_column_sums d_bias; /* backward: Σ of the images over rows and pixels */
} vae_cuda_unpatch_call;
cudaError_t vae_cuda_unpatch(const vae_cuda_unpatch_call *call, cudaStream_t stream);

/* Ties to even; NaN stays NaN. */
cudaError_t vae_cuda_round_bf16(const float *values, uint16_t *rounded, int64_t count, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
