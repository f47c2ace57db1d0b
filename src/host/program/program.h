/* A program: a flat list of coarse operations on tensors of static shape.
 *
 * Model builders append forward operations; vae_program_differentiate() appends the backward ones;
 * vae_program_plan() gives every activation its place in one arena. A backend then runs the list. A program owns no
 * numbers: parameters live in a store that a backend makes from the layout, so that several programs (training, its
 * short last batch, evaluation, encoder, decoder) share them. */
#ifndef VAE_PROGRAM_PROGRAM_H
#define VAE_PROGRAM_PROGRAM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/random.h"
#include "program/column_order.h"
#include "program/elementwise.h"
#include "program/function.h"
#include "program/likelihood.h"
#include "program/recurrent.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VAE_MAX_RANK = 4, VAE_MAX_INPUTS = 16, VAE_MAX_OUTPUTS = 8, VAE_NAME_SIZE = 64 };

typedef struct vae_shape {
    int32_t rank;
    int64_t size[VAE_MAX_RANK];
} vae_shape;

vae_shape vae_shape_vector(int64_t size);
vae_shape vae_shape_matrix(int64_t rows, int64_t columns);
vae_shape vae_shape_images(int64_t rows, int64_t height, int64_t width, int64_t channels);
int64_t vae_shape_elements(const vae_shape *shape);

/* Of a parameter, and of what a layer makes of one image: more is a slip in a configuration, and would not fit anyhow.
 */
#define VAE_MAX_ELEMENTS ((int64_t)INT32_MAX)
/* Every tensor of rank 2 or more is also a matrix: rows are the first dimension, columns all the others. */
int64_t vae_shape_columns(const vae_shape *shape);
bool vae_shape_equal(const vae_shape *a, const vae_shape *b);
/* Writes "[128, 784]" and returns text. */
const char *vae_shape_format(const vae_shape *shape, char *text, size_t size);

/* ---- Parameter layout: one contiguous arena, the same for parameters, gradients and both Adam moments. ---- */

/* Offsets are multiples of this many elements: 256 bytes of float32. */
enum { VAE_ALIGNMENT_ELEMENTS = 64 };

typedef struct vae_parameter {
    char name[VAE_NAME_SIZE]; /* "encoder.0.weight" */
    vae_shape shape;
    int64_t offset; /* in elements, from the start of the arena */
    int64_t fan_in; /* initialised uniformly in ±1/sqrt(fan_in); 0: to `initial` */
    double initial;
} vae_parameter;

typedef struct vae_layout {
    vae_parameter *parameters;
    int32_t count;
    int64_t elements;         /* of the whole arena, padding included; padding is always zero */
    int64_t trained_elements; /* of these, the ones that `adam` updates: all that come before the first statistic */
    int64_t encoder_elements; /* of these, the encoder's, which come first; 0: nobody told where it ends */
} vae_layout;

vae_status vae_layout_add(vae_layout *layout, const char *name, vae_shape shape, int64_t fan_in, int32_t *index);
/* The same, filled with `initial` at the start. */
vae_status vae_layout_add_filled(vae_layout *layout, const char *name, vae_shape shape, double initial);
/* A statistic that forward passes in training keep themselves and `adam` leaves alone, filled likewise. Statistics come
 * after all trained parameters. */
vae_status vae_layout_add_statistic(vae_layout *layout, const char *name, vae_shape shape, double initial);
/* Tells that what was declared so far is the encoder, and nothing behind it is. */
void vae_layout_end_encoder(vae_layout *layout);
/* What a layer with weights has: "<layer>.weight", and "<layer>.bias" [out]. */
vae_status vae_layout_add_layer(vae_layout *layout, const char *layer, vae_shape weight, int64_t out, int64_t fan_in);
/* The index of the parameter called `name`, or -1. */
int32_t vae_layout_find(const vae_layout *layout, const char *name);
/* Number of parameters proper, without padding. */
int64_t vae_layout_parameter_count(const vae_layout *layout);
void vae_layout_free(vae_layout *layout);

/* ---- Tensors ---- */

typedef int32_t vae_tensor; /* index into vae_program.tensors */
enum { VAE_NO_TENSOR = -1 };

typedef enum vae_tensor_kind {
    VAE_TENSOR_PARAMETER,  /* in the parameter arena, at the layout's offset */
    VAE_TENSOR_GRADIENT,   /* in the gradient arena, at its parameter's offset */
    VAE_TENSOR_ACTIVATION, /* in the program's own arena, at a planned offset */
} vae_tensor_kind;

typedef struct vae_tensor_info {
    char name[VAE_NAME_SIZE];
    vae_tensor_kind kind;
    vae_shape shape;
    int64_t elements;
    int64_t offset;    /* in elements, from the start of its arena; set by the plan for activations */
    int32_t parameter; /* index into the layout for PARAMETER and GRADIENT, else -1 */
    bool external;     /* the host writes or reads it between runs: its memory is never reused */
    int32_t first_op;  /* lifetime, as op indices; set by the plan */
    int32_t last_op;
} vae_tensor_info;

/* ---- Operations ---- */

/* What an op is, its builder, backward pass, cost and attributes, stands in program/op/. Every backend has a table of
 * kernels with the same rows, made from these lists, which say who has one.
 *
 * Products of matrices with what belongs to them: a library's, oneDNN on CPUs and cuBLASLt on GPUs. */
#define VAE_OP_PRODUCTS(X)                                                                                             \
    X(DENSE, dense)                                                                                                    \
    X(DENSE_BACKWARD, dense_backward)                                                                                  \
    X(CONV2D, conv2d)                                                                                                  \
    X(CONV2D_BACKWARD, conv2d_backward)                                                                                \
    X(CONV_TRANSPOSE2D, conv_transpose2d)                                                                              \
    X(CONV_TRANSPOSE2D_BACKWARD, conv_transpose2d_backward)                                                            \
    X(MATMUL, matmul)                                                                                                  \
    X(LSTM, lstm)                                                                                                      \
    X(LSTM_BACKWARD, lstm_backward)                                                                                    \
    X(GRU, gru)                                                                                                        \
    X(GRU_BACKWARD, gru_backward)

/* A kernel of their own in every backend. */
#define VAE_OP_KERNELS(X)                                                                                              \
    X(GATHER, gather)                                                                                                  \
    X(GATHER_SEQUENCE, gather_sequence)                                                                                \
    X(GAUSSIAN_SAMPLE_KL, gaussian_sample_kl)                                                                          \
    X(GAUSSIAN_SAMPLE_KL_BACKWARD, gaussian_sample_kl_backward)                                                        \
    X(LIKELIHOOD, likelihood)                                                                                          \
    X(LIKELIHOOD_MEAN, likelihood_mean)                                                                                \
    X(TOKEN_LIKELIHOOD, token_likelihood)                                                                              \
    X(STROKE_LIKELIHOOD, stroke_likelihood)                                                                            \
    X(ACTIVATE, activate)                                                                                              \
    X(ACTIVATE_BACKWARD, activate_backward)                                                                            \
    X(BATCH_NORM, batch_norm)                                                                                          \
    X(BATCH_NORM_BACKWARD, batch_norm_backward)                                                                        \
    X(LAYER_NORM, layer_norm)                                                                                          \
    X(LAYER_NORM_BACKWARD, layer_norm_backward)                                                                        \
    X(DROPOUT, dropout)                                                                                                \
    X(UPSAMPLE, upsample)                                                                                              \
    X(UPSAMPLE_BACKWARD, upsample_backward)                                                                            \
    X(ADD, add)                                                                                                        \
    X(ELEMENTWISE, elementwise)                                                                                        \
    X(SUM_ROWS, sum_rows)                                                                                              \
    X(LOG_SUM_EXP, log_sum_exp)                                                                                        \
    X(SLICE, slice)                                                                                                    \
    X(PAD, pad)                                                                                                        \
    X(CONCAT, concat)                                                                                                  \
    X(GATHER_ROWS, gather_rows)                                                                                        \
    X(SCATTER_ROWS, scatter_rows)                                                                                      \
    X(REPLACE_TOKENS, replace_tokens)                                                                                  \
    X(SAMPLE_TOKENS, sample_tokens)                                                                                    \
    X(TRANSPOSE_ROWS, transpose_rows)                                                                                  \
    X(PERMUTE_COLUMNS, permute_columns)                                                                                \
    X(PRIOR_SAMPLE, prior_sample)                                                                                      \
    X(ACCUMULATE, accumulate)                                                                                          \
    X(ADAM, adam)

#define VAE_OP_MAP(X)                                                                                                  \
    VAE_OP_PRODUCTS(X)                                                                                                 \
    VAE_OP_KERNELS(X)

typedef enum vae_op_kind {
#define VAE_OP_ROW(NAME, name) VAE_OP_##NAME,
    VAE_OP_MAP(VAE_OP_ROW)
#undef VAE_OP_ROW
        VAE_OP_COUNT
} vae_op_kind;

/* Where a convolution's window lies: output (i, j) reads the k×k input positions from (i·stride - padding, j·stride -
 * padding) on, and zeros outside. A transposed convolution writes there instead: its output is what a convolution of
 * these numbers would read, larger by output_padding at the bottom and on the right. */
typedef struct vae_window {
    int64_t kernel, stride, padding;
    int64_t output_padding[2]; /* conv_transpose2d: of height and width, in [0, stride) */
} vae_window;

/* Sums that `accumulate` and `adam` add to, in double, over all runs since the last reset. Part of the checkpoint
 * contract: append only. */
typedef enum vae_metric {
    VAE_METRIC_RECONSTRUCTION,  /* Σ rows of -log p(x|z), nats (or of the squared error for `mse`) */
    VAE_METRIC_KL,              /* Σ rows of KL(q(z|x) ‖ p(z)), nats */
    VAE_METRIC_ROWS,            /* rows counted by RECONSTRUCTION (by KL where the program has no likelihood) */
    VAE_METRIC_GRADIENT_NORM,   /* Σ runs of the global L2 norm of the gradient, before clipping by it */
    VAE_METRIC_STEPS,           /* runs with an `adam` */
    VAE_METRIC_BOUND,           /* Σ rows of minus the bound of an importance-weighted objective, nats */
    VAE_METRIC_SEQUENCE_STEPS,  /* Σ rows of the steps that a sequence's likelihood is of, its end counted */
    VAE_METRIC_ENCODER_UPDATES, /* of the encoder alone, ahead of these runs: a trainer's, no program adds to it */
    VAE_METRIC_COUNT
} vae_metric;

/* True while no loss among the sums is NaN or infinite: `adam` updates only then. */
static inline bool vae_metrics_finite(const double sums[VAE_METRIC_COUNT])
{
    return isfinite(sums[VAE_METRIC_RECONSTRUCTION]) && isfinite(sums[VAE_METRIC_KL]) &&
           isfinite(sums[VAE_METRIC_BOUND]);
}

/* Noise is counted by the row of the whole batch and the place in it: `element` of row r of an op's tensor is
 * first_row·(elements of a row of the batch) + r·columns + column, with vae_step's first_row. A row of the batch has
 * several rows of a tensor where samples are taken.
 *
 * gather: data[position] → x [batch, elements] = (binarised ? Bernoulli(u8/255) : value) * scale + shift.
 * Dynamic binarisation draws u in (0, 1] at (VAE_STREAM_BINARISE, step, element) and gives 255 where
 * u·255 ≤ pixel, computed in float32, else 0; so 0 never and 255 always becomes 255. column is that of x. */
typedef struct vae_gather {
    bool shuffle;  /* position = permutation(epoch)[first + row], else first + row */
    bool floats;   /* values are float32; else bytes */
    bool binarise; /* dynamic binarisation of bytes, drawn anew at each step */
    bool flip;     /* x [batch, height, width, channels]: mirrored left to right where u > ½ at (VAE_STREAM_FLIP, step,
                    * first_row + row) */
    double scale;  /* 1/255 maps to [0,1] */
    double shift;
} vae_gather;

/* gather_sequence: data → x [steps·rows, elements] and lengths [rows]. Sequences are time-major: row t·rows + r is step
 * t of sequence r. A bucket is the places first … first + count - 1 of the column's order (of the data set itself where
 * it has none), sequences of about one length, of which each program takes those of one bucket. Row r of the batch is
 * place first + p, where p = permutation(epoch, bucket)[step.first + r], or step.first + r. Steps behind the end of a
 * sequence repeat its last row. Rows that the step does not have (vae_step.rows) are zeros, of length 0. A sequence of
 * more than `steps` rows is cut.
 *
 * Drawings, rows (dx, dy, down, up, end), can be varied as sketch-rnn does (Ha & Eck 2017): dx and dy are multiplied by
 * 1 + scale_jitter·(2u - 1) each, and a point in a line, with three before it, is left out where u ≤ point_dropout: its
 * offset is added to the point before it, so the line is as long as it was. u is drawn at (VAE_STREAM_AUGMENT, step,
 * vae_sequence_element). */
typedef struct vae_gather_sequence {
    bool shuffle;
    int64_t steps;
    int32_t bucket; /* its number, below 2^16: each has a permutation of its own */
    int64_t first, count;
    double scale_jitter, point_dropout; /* 0: none */
} vae_gather_sequence;

typedef union vae_attributes {
    vae_gather gather;
    vae_gather_sequence gather_sequence;
    /* dense: x [rows, in] (or of a higher rank with as many columns), weight [in, out], bias [out] → y =
     * activation(x·weight + bias) [rows, out]. Second output, if present: the pre-activation, which gelu and silu need
     * for their backward. */
    struct {
        vae_activation activation;
    } dense; /* and dense_backward */
    /* conv2d: x [rows, height, width, in], weight [kernel·kernel·in, out] by (window row, window column, in), bias
     * [out] → y = activation(x * weight + bias) [rows, out_height, out_width, out], no flipped window
     * (cross-correlation), with out_height = ⌊(height + 2·padding - kernel) / stride⌋ + 1. conv_transpose2d: x [rows,
     * height, width, in], weight [in, kernel·kernel·out] → y likewise, with out_height = (height - 1)·stride -
     * 2·padding + kernel + output_padding: the gradient of a convolution by its input. Second output, if present: as
     * dense. */
    struct {
        vae_activation activation;
        vae_window window;
    } convolution; /* of conv2d, conv_transpose2d and their backward */
    /* gaussian_sample_kl: posterior [rows, 2·latent] = (mean | log_variance) → z [rows·samples, latent],
     * kl [rows] or none, log_ratio [rows·samples] = log p(z) - log q(z|x) or none.
     * Noise of z[r, j] is the normal at (stream, step, element). log_variance is used as it is (no clamp): exact
     * within ±80. Row r of z comes from posterior row r / samples.
     * gaussian_sample_kl_backward: posterior, ∂loss/∂z or none, ∂loss/∂kl [rows] or none, ∂loss/∂log_ratio or none →
     * d_posterior. */
    struct {
        int64_t samples;
        uint32_t stream;      /* a site of a vae_stream */
        vae_weight kl_weight; /* backward only: ∂loss/∂kl of every row, where it is no input */
        bool sampled;         /* false: z = mean (autoencoder); backward then has no noise term */
    } gaussian_sample_kl;
    /* likelihood: prediction [rows·samples, pixels·width], x [rows, pixels·channels] → ll [rows·samples] and, if
     * present, gradient [rows·samples, pixels·width] = weight × ∂ll/∂prediction, in the same pass.
     * Row r of the prediction is held against row r / samples of x.
     * gaussian_shared: log_variance [1] is log σ²; where it is an output too, σ² is the batch's own, and log_variance
     * follows it (program/shared_variance.h, adam_step counting).
     * likelihood_mean: prediction [rows, pixels·width] → E[x|z] [rows, pixels·channels]. */
    struct {
        vae_likelihood_options options;
        int64_t samples;
        vae_weight weight; /* ∂loss/∂ll of every row */
    } likelihood;          /* and likelihood_mean */
    /* token_likelihood: logits [steps·rows, vocabulary], targets [steps·rows], lengths [rows] → ll [rows], the sum over
     * the steps below a row's length of log softmax(logits)[target]; and, if present, gradient = weight × ∂ll/∂logits,
     * times row_weight [rows] where that is present, 0 in the other steps. The gradient may be written over the logits.
     * Targets are whole numbers below `vocabulary`: another, in a step that counts, is an error when the op runs; on a
     * GPU it makes ll NaN. */
    struct {
        vae_weight weight; /* ∂loss/∂ll of every row */
    } token_likelihood;
    /* stroke_likelihood: prediction [steps·rows, 6·mixtures + 3] (program/stroke.h), targets [steps·rows, 5], lengths
     * [rows] → ll [rows], the sum over the steps below a row's length of log p(dx, dy), unless the target is the end,
     * and log p(pen), a softmax of three states. p(dx, dy) is a mixture of bivariate Gaussians (Graves 2013, 24).
     * `published`: as in the loss of Ha & Eck (2017, equation 9) and of their program the pen counts in all steps of a
     * row that has any, and VAE_STROKE_DENSITY_FLOOR is added to p(dx, dy). Gradient and row_weight as of
     * token_likelihood. A pen that is not one state is an error when the op runs; on a GPU it makes ll NaN. */
    struct {
        int64_t mixtures;
        bool published;
        vae_weight weight; /* ∂loss/∂ll of every row */
    } stroke_likelihood;
    /* replace_tokens: ids [steps·rows] → y, in which an id is `token` where the uniform at (stream, step,
     * vae_sequence_element) ≤ rate: word dropout (Bowman et al. 2016). The first step, the begin, stays. */
    struct {
        double rate; /* in [0, 1] */
        int64_t token, rows;
        uint32_t stream; /* a site of VAE_STREAM_REPLACE */
    } replace_tokens;
    /* sample_tokens: logits [steps·rows, vocabulary], ids [steps·rows], lengths [rows] → y, ids of which a share
     * vae_step.sampling are the model's own: scheduled sampling (Bengio et al. 2015). In the steps below a row's
     * length, but for the first, the begin, which stays, an id becomes a draw from the softmax of the logits of the
     * step before it, without `never`, where the uniform at (stream, step, vae_sequence_element of the row and
     * vae_sample_place) ≤ vae_step.sampling. The draw is the token v with the largest logit - log(-log(1 - u_v)), of
     * equal ones the first (Gumbel-max); u_v are the uniforms from VAE_SAMPLE_DRAW places behind that one on, and at
     * most VAE_UNIFORM_BELOW_ONE. */
    struct {
        int64_t never;   /* the token that is never drawn */
        uint32_t stream; /* a site of VAE_STREAM_SAMPLE */
    } sample_tokens;
    /* activate: y = activation(x), element by element. activate_backward: d_x = d_y ⊙ activation'. */
    struct {
        vae_activation activation;
    } activate; /* and activate_backward */
    /* batch_norm (Ioffe & Szegedy 2015): x [rows, …, channels] → y = activation(scale·x̂ + shift), where x̂ = (x - mean)
     * / √(variance + epsilon) of each channel, over all rows and positions. In training mean and variance (biased) are
     * the batch's own, and the running ones move towards them by `momentum` (towards the unbiased variance), unless the
     * batch's are not finite; else the running ones are taken.
     * layer_norm (Ba, Kiros & Hinton 2016): the same, with mean and variance of each row over all its elements. */
    struct {
        vae_activation activation;
        double epsilon;
        double momentum; /* batch_norm in training */
        bool training;
    } norm; /* batch_norm, layer_norm and their backward ops */
    /* dropout (Srivastava et al. 2014): y = x / (1 - rate) where the uniform at (stream, step, element) > rate, else 0;
     * in float32 for every backend to keep the same elements. Its own backward op. */
    struct {
        double rate;     /* 0 ≤ rate < 1 */
        uint32_t stream; /* a site of VAE_STREAM_DROPOUT + layer */
    } dropout;
    /* upsample: x [rows, height, width, channels] → y [rows, factor·height, factor·width, channels], the nearest pixel.
     * upsample_backward: d_x = Σ of the factor² d_y of each pixel. */
    struct {
        int64_t factor;
    } upsample; /* and upsample_backward */
    /* elementwise: see program/elementwise.h. */
    vae_elementwise elementwise;
    /* sum_rows: x [groups·count, columns] → y [groups, columns], the sum over each group of `count` consecutive rows.
     * log_sum_exp: x of groups·count elements → y [groups] = log Σ e^x over each `count` consecutive ones.
     * transpose_rows: row c·groups + g of y is row g·count + c of x. */
    struct {
        int64_t count;
    } group; /* sum_rows, log_sum_exp, transpose_rows */
    /* Columns are runs of equal width. slice: x [rows, groups·width] → y [rows, groups·count], of each run the columns
     * begin … begin + count - 1. pad: x [rows, groups·count] → y [rows, groups·width], each run at `begin` among
     * zeros. */
    struct {
        int64_t width, begin, count;
    } slice; /* and pad */
    /* concat: a [rows, groups·a_width], b [rows, groups·b_width] → y [rows, groups·(a_width + b_width)], a run of a,
     * one of b, and so on. */
    struct {
        int64_t a_width, b_width;
    } concat;
    /* matmul: y [m, n] = a [m, k] · b [k, n]; a transposed operand lies in memory as [k, m] or [n, k]. */
    struct {
        bool a_transposed, b_transposed;
    } matmul;
    /* permute_columns: column c of y is column vae_column_source(c) of x. */
    vae_column_order order;
    /* lstm (Hochreiter & Schmidhuber 1997; Gers et al. 2000), step by step over sequences. With a the row of `gates` at
     * t plus per_sequence plus h_(t-1)·weight, in four parts of H columns, i, f, g and o:
     *   c_t = σ(f + forget_bias)·c_(t-1) + σ(i)·m·tanh(g),   h_t = σ(o)·tanh(c_t).
     * m is 1, or the mask of recurrent dropout over 1 - rate (Semeniuta et al. 2016), drawn as `dropout` does it, at
     * vae_recurrent_element(). With norm_scale and norm_shift [5, H], i, f, g and o of a, before forget_bias, and c_t
     * before its tanh are layer-normalised (Ba et al. 2016), each over its own H columns.
     * gru (Cho et al. 2014, in PyTorch's form, which is cuDNN's): a's parts are r, z and n; with p = h_(t-1)·weight_n +
     * hidden_bias, which is no part of a's n:
     *   n = tanh(a_n + σ(r)·p),   h_t = (1 - σ(z))·n + σ(z)·h_(t-1).
     * A sequence ends at its length, whole numbers from 0 to `steps`; without lengths all have `steps`. From there on h
     * and c are 0, and last_h and last_c hold the state after its last step, for an empty one the initial state, which
     * is 0 where it is no input. In reverse the first step that is read is the sequence's last one, h at t is the state
     * after step t was read, and last_h that after step 0. */
    vae_recurrent recurrent; /* lstm, gru and their backward ops */
    /* prior_sample: z [rows, latent] = temperature × normals at (stream, step, element). */
    struct {
        uint32_t stream; /* a site of a vae_stream */
        double temperature;
    } prior_sample;
    /* accumulate: metric[target] += sign × Σ rows; VAE_METRIC_ROWS += counted. */
    struct {
        vae_metric target;
        double sign;
        int64_t counted; /* rows of the batch that these stand for, or 0 where another op counts them */
    } accumulate;
    /* adam: over the trained part of the arena, or `count` of its elements from `first` on, where count is not 0:
     * AdamW's decoupled decay (Loshchilov & Hutter 2019), bias correction (Kingma & Ba 2015, Algorithm 1). Each
     * gradient is first held within ±clip_value, then all are scaled to a norm of clip_norm at most; 0: not. Skips the
     * update, leaving parameters as they were, while a loss metric is not finite. */
    struct {
        double beta1, beta2, epsilon, weight_decay, clip_value, clip_norm;
        int64_t first, count;
    } adam;
} vae_attributes;

typedef struct vae_op {
    vae_op_kind kind;
    char name[VAE_NAME_SIZE]; /* "encoder.0" */
    vae_tensor inputs[VAE_MAX_INPUTS];
    vae_tensor outputs[VAE_MAX_OUTPUTS];
    vae_attributes attributes;
} vae_op;

/* Operands by position:
 *   gather                       in: -                                    out: x
 *   gather_sequence              in: -                                    out: x, lengths
 *   dense, conv2d, conv_transpose2d
 *                                in: x, weight, bias                      out: y, pre_activation?
 *   their _backward              in: d_y (overwritten), y?, x, weight, pre_activation?
 *                                                                         out: d_weight, d_bias, d_x?
 *   gaussian_sample_kl           in: posterior                            out: z, kl?, log_ratio?
 *   gaussian_sample_kl_backward  in: posterior, d_z?, d_kl?, d_log_ratio? out: d_posterior
 *   likelihood                   in: prediction, x, log_variance?         out: ll, gradient?, log_variance?
 *   likelihood_mean              in: prediction                           out: mean
 *   token_likelihood, stroke_likelihood
 *                                in: prediction, targets, lengths, row_weight?
 *                                                                         out: ll?, gradient? (may be prediction)
 *   activate                     in: x                                    out: y
 *   activate_backward            in: d_y (overwritten), from              out: d_x (is d_y)
 *   batch_norm                   in: x, scale, shift, running_mean, running_variance (both overwritten in training)
 *                                                                         out: y, mean?, inverse_deviation?
 *   batch_norm_backward          in: d_y (overwritten), x, scale, shift, mean, inverse_deviation
 *                                                                         out: d_x? (is d_y), d_scale, d_shift
 *   layer_norm                   in: x, scale, shift                      out: y, mean?, inverse_deviation?
 *   layer_norm_backward          the same
 *   dropout                      in: x                                    out: y (may be x)
 *   upsample                     in: x                                    out: y
 *   upsample_backward            in: d_y                                  out: d_x
 *   add                          in: a, b                                 out: y = a + b
 *   elementwise                  in: up to VAE_LIST_INPUTS                out: up to VAE_LIST_OUTPUTS
 *   sum_rows, log_sum_exp        in: x                                    out: y
 *   slice, pad                   in: x                                    out: y
 *   concat, matmul               in: a, b                                 out: y
 *   lstm                         in: gates, weight [H, 4H], per_sequence? [rows, 4H], initial_h? [rows, H],
 *                                    initial_c?, lengths? [rows], norm_scale? [5, H], norm_shift?
 *                                                                         out: h [steps·rows, H], c, last_h [rows, H],
 *                                                                              last_c, normalised? [steps·rows, 4H],
 *                                                                              inverse_deviation? [steps·rows, 5],
 *                                                                              activated (may be gates)
 *   lstm_backward                in: activated (overwritten), weight, h, c, d_h?, d_last_h?, d_last_c?, initial_h?,
 *                                    initial_c?, lengths?, norm_scale?, norm_shift?, normalised?, inverse_deviation?
 *                                                                         out: d_gates (is activated), d_weight?,
 *                                                                              d_per_sequence?, d_initial_h?,
 *                                                                              d_initial_c?, d_norm_scale?,
 *                                                                              d_norm_shift?
 *   gru                          in: gates, weight [H, 3H], per_sequence? [rows, 3H], initial_h?, hidden_bias? [H],
 *                                    lengths?                             out: h, product? [steps·rows, H], last_h, -,
 *                                                                              -, -, activated (may be gates)
 *   gru_backward                 in: activated (overwritten), weight, h, product (overwritten), d_h?, d_last_h?, -,
 *                                    initial_h?, -, lengths?              out: d_gates (is activated), d_weight?,
 *                                                                              d_per_sequence?, d_initial_h?,
 *                                                                              d_hidden_bias?
 *   gather_rows                  in: x, index                             out: y
 *   scatter_rows                 in: d_y, index                           out: d_x, each row the sum, in order, of
 *                                                                              those of d_y that have its number
 *   replace_tokens               in: ids                                  out: y
 *   sample_tokens                in: logits, ids, lengths                 out: y
 *   transpose_rows               in: x                                    out: y
 *   permute_columns              in: x                                    out: y
 *   prior_sample                 in: -                                    out: z
 *   accumulate                   in: rows                                 out: -
 *   adam                         in: -                                    out: - (works on the arenas)
 * Absent optional operands are VAE_NO_TENSOR. A layer's backward has y where the derivative is taken from it (not for
 * identity, gelu and silu); activate_backward's `from` is y, or x for gelu and silu. The norms' backward ops compute
 * the pre-activation again from x. Their mean and inverse_deviation are [channels], or [rows] for layer_norm.
 * program/recurrent.h names the operands of lstm and gru. `activated` is σ and tanh of the gates' sums, [steps·rows,
 * 4H or 3H], and 0 from a sequence's length on; `normalised` are those sums before scale and shift, `inverse_deviation`
 * of i, f, g, o and c. */

/* A tensor that those who run a program ask for by its part in it, whatever it is called and whichever op makes it. */
typedef struct vae_port {
    char name[16];
    vae_tensor tensor;
} vae_port;
enum { VAE_MAX_PORTS = 8 };

typedef struct vae_program {
    char name[VAE_NAME_SIZE];
    const vae_layout *layout; /* borrowed; must outlive the program */
    vae_tensor_info *tensors;
    int32_t tensor_count;
    vae_op *ops;
    int32_t op_count;
    vae_tensor *parameter_tensors; /* [parameter_slots] of each parameter its own and its gradient's, if there */
    int32_t parameter_slots;
    uint16_t noise_sites[VAE_STREAM_SITE]; /* by stream: how many have been declared */
    vae_port ports[VAE_MAX_PORTS];
    int32_t port_count;
    int64_t batch_rows;          /* that it gathers; 0 where it gathers none */
    int64_t activation_elements; /* size of the planned arena */
    bool planned;
} vae_program;

const char *vae_op_kind_name(vae_op_kind kind);
/* A layer with weights, dense, conv2d or conv_transpose2d, or the backward op of one. */
bool vae_op_is_layer(vae_op_kind kind);
/* conv_transpose2d or its backward op. */
bool vae_op_is_transposed(vae_op_kind kind);
/* Whether the op writes gradients of parameters, as backward ops of what has parameters do. */
bool vae_op_gives_gradients(const vae_program *program, const vae_op *op);
/* Elements of a tensor for each row of the batch, where the program gathers one; else of each of its own rows. */
int64_t vae_program_batch_row_elements(const vae_program *program, vae_tensor tensor);
/* The fused activation of a layer or of its backward op; identity for other ops. */
vae_activation vae_op_activation(const vae_op *op);
/* "activation relu, kernel 4, stride 2": what an op has besides its operands, "" if nothing. Returns text. */
const char *vae_op_format_attributes(const vae_op *op, char *text, size_t size);

/* Makes an empty program over `layout`. */
void vae_program_init(vae_program *program, const char *name, const vae_layout *layout);
void vae_program_free(vae_program *program);

/* ---- Builders (program/op/): each appends one op and gives its first output; shapes are inferred and checked;
 * an error names the op and both shapes. ---- */

vae_status vae_program_input(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor);
/* The layout's parameter or statistic of that name, as an operand. */
vae_status vae_program_parameter(vae_program *program, const char *name, vae_tensor *tensor);
void vae_program_mark_external(vae_program *program, vae_tensor tensor);
/* Makes a tensor a port, external too; VAE_NO_TENSOR is none. VAE_ERROR_ARGUMENT where there is one of that name. */
vae_status vae_program_set_port(vae_program *program, const char *name, vae_tensor tensor);
/* At the end of a run, a copy of x into an input, which keeps it for the next run: a state, as a model has it that
 * makes one step a run. Runs of other executables spoil it. */
vae_status vae_program_store(vae_program *program, vae_tensor x, vae_tensor input);
/* The port called `name`, or VAE_NO_TENSOR. */
vae_tensor vae_program_port(const vae_program *program, const char *name);
/* The tensor called `name`, or VAE_NO_TENSOR. */
vae_tensor vae_program_find(const vae_program *program, const char *name);

vae_status vae_program_gather(vae_program *program, const char *name, vae_shape shape, const vae_gather *gather,
                              vae_tensor *x);
/* Batches of `rows` sequences, each of whose steps is `elements` numbers. */
vae_status vae_program_gather_sequence(vae_program *program, const char *name, int64_t rows, int64_t elements,
                                       const vae_gather_sequence *gather, vae_tensor *x, vae_tensor *lengths);
/* Uses the layout's parameters "<name>.weight" and "<name>.bias". `training` keeps what the backward pass needs. */
vae_status vae_program_dense(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                             bool training, vae_tensor *y);
/* Gives a tensor another shape of the same rows and as many columns: images made by a dense layer. */
vae_status vae_program_view(vae_program *program, vae_tensor tensor, vae_shape shape);
/* The same parameters, on images. `transposed`: conv_transpose2d. */
vae_status vae_program_convolution(vae_program *program, const char *name, vae_tensor x, bool transposed,
                                   vae_window window, vae_activation activation, bool training, vae_tensor *y);
/* The shape that a convolution makes of images [rows, height, width, in]; an error says why there is none. `name` is
 * the layer's. */
vae_status vae_window_output(const vae_window *window, bool transposed, const char *name, const vae_shape *input,
                             int64_t out, vae_shape *output);
typedef struct vae_posterior_options {
    int64_t samples;
    uint32_t stream; /* vae_stream; each op of a program that names the same draws noise of its own */
    bool sampled, with_kl, with_log_ratio;
} vae_posterior_options;
typedef struct vae_posterior_outputs {
    vae_tensor z, kl, log_ratio;
} vae_posterior_outputs;
vae_status vae_program_gaussian_sample_kl(vae_program *program, const char *name, vae_tensor posterior,
                                          vae_posterior_options options, vae_posterior_outputs *outputs);
/* gaussian_shared uses the layout's statistic "likelihood.log_variance", [1]; `training` takes σ² from the batch
 * instead and updates the statistic. */
vae_status vae_program_likelihood(vae_program *program, const char *name, vae_tensor prediction, vae_tensor x,
                                  const vae_likelihood_options *options, bool training, vae_tensor *ll);
vae_status vae_program_likelihood_mean(vae_program *program, const char *name, vae_tensor prediction,
                                       const vae_likelihood_options *options, vae_tensor *mean);
/* Targets are [steps·rows] or [steps·rows, 1]; `lengths` counts the targets of each row. */
vae_status vae_program_token_likelihood(vae_program *program, const char *name, vae_tensor logits, vae_tensor targets,
                                        vae_tensor lengths, vae_tensor *ll);
vae_status vae_program_stroke_likelihood(vae_program *program, const char *name, vae_tensor prediction,
                                         vae_tensor targets, vae_tensor lengths, bool published, vae_tensor *ll);
vae_status vae_program_activate(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                                vae_tensor *y);
/* The next two (program/op/norm.c) use the layout's parameters "<name>.scale" and "<name>.shift", one number a
 * channel, which is the last dimension of x; batch_norm also its statistics "<name>.mean" and "<name>.variance".
 * `training` keeps what the backward pass needs; for batch_norm it takes the batch's statistics and updates the running
 * ones, except from a batch with a single number a channel, which has no unbiased variance. */
vae_status vae_program_batch_norm(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                                  bool training, vae_tensor *y);
vae_status vae_program_layer_norm(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                                  bool training, vae_tensor *y);
/* For training only. `layer` is below VAE_DROPOUT_LAYERS. Each op draws noise of its own. */
vae_status vae_program_dropout(vae_program *program, const char *name, vae_tensor x, double rate, uint32_t layer,
                               vae_tensor *y);
vae_status vae_program_upsample(vae_program *program, const char *name, vae_tensor x, int64_t factor, vae_tensor *y);
vae_status vae_program_add(vae_program *program, const char *name, vae_tensor a, vae_tensor b, vae_tensor *y);

/* y = function(a) or function(a, b), broadcast as program/elementwise.h says: y has the shape of the operand with most
 * elements. */
vae_status vae_program_apply(vae_program *program, const char *name, vae_function function, vae_tensor a, vae_tensor b,
                             vae_tensor *y);
/* y = function(a, constant). */
vae_status vae_program_apply_constant(vae_program *program, const char *name, vae_function function, vae_tensor a,
                                      vae_weight constant, vae_tensor *y);
/* y = constant - a, constant / a, …: the operands the other way round. */
vae_status vae_program_apply_to_constant(vae_program *program, const char *name, vae_function function,
                                         vae_weight constant, vae_tensor a, vae_tensor *y);
/* Every element is the constant. */
vae_status vae_program_fill(vae_program *program, const char *name, vae_shape shape, vae_weight constant,
                            vae_tensor *y);
/* a as a tensor of this shape, broadcast. */
vae_status vae_program_broadcast(vae_program *program, const char *name, vae_tensor a, vae_shape shape, vae_tensor *y);
/* y [rows] = Σ over the columns of x [rows, columns], in double. */
vae_status vae_program_sum_columns(vae_program *program, const char *name, vae_tensor x, vae_tensor *y);
/* y = x, and no gradient passes. */
vae_status vae_program_stop_gradient(vae_program *program, const char *name, vae_tensor x, vae_tensor *y);
/* y = x, and the gradient of x is that of y times a weight for each row (or group of rows), that may be made later:
 * vae_program_bind_gradient_scale(). Nothing is known of the weights' own gradient: none flows to them. */
vae_status vae_program_scale_gradient(vae_program *program, const char *name, vae_tensor x, vae_tensor *y);
/* `y` is of vae_program_scale_gradient; rows of y are a multiple of the weights [rows']. */
vae_status vae_program_bind_gradient_scale(vae_program *program, vae_tensor y, vae_tensor weights);
/* y [groups, columns] = Σ over each group of `count` consecutive rows of x [groups·count, columns]. */
vae_status vae_program_sum_rows(vae_program *program, const char *name, vae_tensor x, int64_t count, vae_tensor *y);
/* y [groups] = log Σ e^x over each `count` consecutive elements of x. */
vae_status vae_program_log_sum_exp(vae_program *program, const char *name, vae_tensor x, int64_t count, vae_tensor *y);
/* The columns of x are runs of `width` (all of them: one run); y [rows, groups·count] has of each run the columns from
 * `begin` on. */
vae_status vae_program_slice(vae_program *program, const char *name, vae_tensor x, int64_t width, int64_t begin,
                             int64_t count, vae_tensor *y);
/* The way back: the columns of x are runs of `count`; y [rows, groups·width] has each from `begin` on, and zeros
 * beside it. */
vae_status vae_program_pad(vae_program *program, const char *name, vae_tensor x, int64_t width, int64_t begin,
                           int64_t count, vae_tensor *y);
/* The same of whole rows: y is the rows begin … begin + count - 1 of x, which may be a vector; and y has `rows` rows,
 * those of x from `begin` on, among zeros. They are slices of one run of all numbers. */
vae_status vae_program_slice_rows(vae_program *program, const char *name, vae_tensor x, int64_t begin, int64_t count,
                                  vae_tensor *y);
vae_status vae_program_pad_rows(vae_program *program, const char *name, vae_tensor x, int64_t rows, int64_t begin,
                                vae_tensor *y);
/* y [rows, groups·(a_width + b_width)]: a run of a_width columns of a, one of b_width columns of b, and so on; with all
 * columns of both, a beside b. */
vae_status vae_program_concat(vae_program *program, const char *name, vae_tensor a, int64_t a_width, vae_tensor b,
                              int64_t b_width, vae_tensor *y);
/* y [m, n] = a [m, k] · b [k, n], either of them transposed where so told; activations or parameters. */
vae_status vae_program_matmul(vae_program *program, const char *name, vae_tensor a, bool a_transposed, vae_tensor b,
                              bool b_transposed, vae_tensor *y);
/* y [rows, out] = x · (weight ⊙ mask) + bias, with weight and mask [in, out] and bias [1, out]. */
vae_status vae_program_masked_dense(vae_program *program, const char *name, vae_tensor x, vae_tensor weight,
                                    vae_tensor mask, vae_tensor bias, vae_tensor *y);
/* Operands of lstm and gru; VAE_NO_TENSOR where absent. Parameters are found by vae_program_parameter(). */
typedef struct vae_recurrent_inputs {
    vae_tensor gates;  /* [steps·rows, 4H or 3H]: x·W + bias of every step. Nobody else may read it: where a layer
                        * without  activation or a matmul makes it, the op works on it in place */
    vae_tensor weight; /* [H, 4H or 3H] */
    vae_tensor per_sequence;           /* [rows, 4H or 3H]: added at each step */
    vae_tensor initial_h, initial_c;   /* [rows, H]; initial_c is lstm's */
    vae_tensor lengths;                /* [rows] */
    vae_tensor norm_scale, norm_shift; /* lstm: [5, H], both or neither */
    vae_tensor hidden_bias;            /* gru: [H] */
} vae_recurrent_inputs;
typedef struct vae_recurrent_outputs {
    vae_tensor h;              /* [steps·rows, H] */
    vae_tensor c;              /* lstm: [steps·rows, H]; no gradient flows back through it */
    vae_tensor last_h, last_c; /* [rows, H]; last_c is lstm's */
} vae_recurrent_outputs;
/* These two, and all else absent. */
vae_recurrent_inputs vae_recurrent_inputs_of(vae_tensor gates, vae_tensor weight);
/* See vae_attributes. `options.stream` is a vae_stream, of which the op takes a site of its own where it has dropout.
 * VAE_ERROR_SHAPE, with the operand and both shapes, where one does not fit; VAE_ERROR_ARGUMENT for steps below 1, a
 * rate outside [0, 1), dropout outside training, and an operand or option that the cell does not have. */
vae_status vae_program_lstm(vae_program *program, const char *name, const vae_recurrent_inputs *in,
                            vae_recurrent options, vae_recurrent_outputs *out);
vae_status vae_program_gru(vae_program *program, const char *name, const vae_recurrent_inputs *in,
                           vae_recurrent options, vae_recurrent_outputs *out);
/* How many of an op's sequences a row of the batch has, where the program gathers one: samples. Sequence r is row
 * first_row·samples + r of vae_recurrent_element(). */
int64_t vae_recurrent_samples(const vae_program *program, int64_t rows);
/* Row r of y [m, columns] is row index[r] of x [rows, columns]; index [m] holds whole numbers below `rows`. Another
 * number is an error when the op runs; on a GPU it gives a row of NaN. */
vae_status vae_program_gather_rows(vae_program *program, const char *name, vae_tensor x, vae_tensor index,
                                   vae_tensor *y);
/* Of ids [steps·rows], or [steps·rows, 1], in training. Each op of a program draws noise of its own. */
vae_status vae_program_replace_tokens(vae_program *program, const char *name, vae_tensor ids, int64_t rows, double rate,
                                      int64_t token, vae_tensor *y);
/* Of ids [steps·rows], or [steps·rows, 1], some replaced by draws, as vae_attributes has it; `lengths` counts the ids
 * of each row. No gradient passes to the logits. Each op of a program draws noise of its own. VAE_ERROR_ARGUMENT where
 * `never` is not in the vocabulary or alone in it, or steps·vocabulary is more than noise is counted for. */
vae_status vae_program_sample_tokens(vae_program *program, const char *name, vae_tensor logits, vae_tensor ids,
                                     vae_tensor lengths, int64_t never, vae_tensor *y);
/* y has the rows of x, groups of `count`, in another order: first the first rows of all groups, then the second ones,
 * and so on. Its inverse is of as many rows as there were groups. VAE_ERROR_SHAPE where the rows are no such groups. */
vae_status vae_program_transpose_rows(vae_program *program, const char *name, vae_tensor x, int64_t count,
                                      vae_tensor *y);
/* y has the columns of x in another order: reversed for seed 0, else as the seed shuffles them; `inverse` undoes that.
 */
vae_status vae_program_permute_columns(vae_program *program, const char *name, vae_tensor x, int64_t seed, bool inverse,
                                       vae_tensor *y);
/* Standard normals, drawn from `stream`: of each op of a program that names it, noise of its own. */
vae_status vae_program_normal(vae_program *program, const char *name, vae_shape shape, uint32_t stream, vae_tensor *z);
/* Draws from N(0, temperature²·I) at VAE_STREAM_PRIOR. */
vae_status vae_program_prior_sample(vae_program *program, const char *name, vae_shape shape, double temperature,
                                    vae_tensor *z);
vae_status vae_program_accumulate(vae_program *program, vae_tensor rows, vae_metric target, double sign,
                                  int64_t counted);
typedef struct vae_adam_options {
    double beta1, beta2, epsilon, weight_decay, clip_value, clip_norm;
    /* The elements that are updated, places in the layout's arenas that begin a parameter each; count 0: all trained.
     */
    int64_t first, count;
} vae_adam_options;
vae_status vae_program_adam(vae_program *program, vae_adam_options options);
/* How many elements the op updates. */
static inline int64_t vae_adam_count(const vae_layout *layout, const vae_op *op)
{
    return op->attributes.adam.count > 0 ? op->attributes.adam.count : layout->trained_elements;
}

/* ---- Backward pass (program/differentiate.c) ---- */

/* One term of the loss: weight × Σ of the elements of a tensor, any that the program has. The log-likelihoods of a
 * likelihood and the KL of gaussian_sample_kl that only the loss reads cost nothing beside their own ops. */
typedef struct vae_loss_term {
    vae_tensor rows;
    vae_weight weight;
} vae_loss_term;

/* Appends the ops that compute ∂loss/∂parameter into the gradient arena for every parameter the loss depends on.
 * Parameters it does not depend on keep a zero gradient; of one that is used several times the shares are added up. */
vae_status vae_program_differentiate(vae_program *program, const vae_loss_term *terms, int32_t term_count);
/* The same for the parameters that lie in `count` elements of the arena from `first` on. Ops that only others need are
 * left out; convolutions and norms write the gradients of their own parameters all the same. */
vae_status vae_program_differentiate_part(vae_program *program, const vae_loss_term *terms, int32_t term_count,
                                          int64_t first, int64_t count);

/* ---- Fusion (program/fuse.c) ---- */

/* Joins elementwise ops that are neighbours, after differentiate() and before plan(). Results keep their bits. Tensors
 * that only a joined op reads have no memory any more: the host must have marked external what it reads. */
vae_status vae_program_fuse(vae_program *program);

/* ---- Memory plan (program/plan.c) ---- */

/* Computes lifetimes and gives activations offsets in one arena, reusing memory where lifetimes do not overlap.
 * Called once, after the last op. */
vae_status vae_program_plan(vae_program *program);

/* ---- Cost ---- */

typedef struct vae_cost {
    double flops;      /* floating-point operations of one run; a multiply-add counts as two */
    double bytes_read; /* from memory, each operand once, in float32 (uint8 for the data set) */
    double bytes_written;
} vae_cost;

vae_cost vae_op_cost(const vae_program *program, const vae_op *op);

#ifdef __cplusplus
}
#endif

#endif
