/* Batch norm, forward and backward: one pass over the batch for its sums, and a second one that uses them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/isa/norm_loops.h"

/* At least this many tiles a piece, or sums of wide tiles would cost as much as the tiles. */
enum { MIN_TILES = 32, ARRAYS = 6 };

typedef struct batch_norm {
    int64_t elements, channels, tile, piece, pieces; /* piece: numbers, a multiple of tile */
    float *arrays;                                   /* [ARRAYS, tile], in the order of norm_tile */
    double *sums;                                    /* [pieces, 2, tile] */
} batch_norm;

static void release(vae_call *call)
{
    batch_norm *n = call->state;
    if (!n) return;
    free(n->arrays);
    free(n->sums);
    free(n);
}

static vae_status prepare(vae_call *call)
{
    const vae_shape *shape = vae_call_input_shape(call, 0);
    batch_norm *n = calloc(1, sizeof *n);
    if (!n) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    call->state = n;
    n->elements = vae_shape_elements(shape);
    n->channels = shape->size[shape->rank - 1];
    n->tile = n->channels * vae_norm_pixels(n->channels);
    n->piece = (NORM_PIECE / n->tile > MIN_TILES ? NORM_PIECE / n->tile : MIN_TILES) * n->tile;
    n->pieces = (n->elements + n->piece - 1) / n->piece;
    n->arrays = calloc((size_t)(ARRAYS * n->tile), sizeof *n->arrays);
    n->sums = calloc((size_t)(2 * n->pieces * n->tile), sizeof *n->sums);
    if (n->arrays && n->sums) return VAE_OK;
    release(call);
    return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

static float *array_of(const batch_norm *n, int index)
{
    return n->arrays + index * n->tile;
}

static norm_tile tile_of(const batch_norm *n)
{
    return (norm_tile){array_of(n, 0), array_of(n, 1), array_of(n, 2), array_of(n, 3), array_of(n, 4), array_of(n, 5)};
}

/* What is done with x, and y or d_y. */
typedef struct batch_norm_pass {
    const batch_norm *norm;
    const vae_norm_loops *loops;
    norm_tile tile;
    bool activated; /* by more than the identity */
    const float *x;
    float *y;
} batch_norm_pass;

static batch_norm_pass make_pass(const vae_call *call, const float *x, float *y)
{
    const batch_norm *n = call->state;
    const vae_activation activation = call->op->attributes.norm.activation;
    return (batch_norm_pass){
        .norm = n,
        .loops = VAE_ISA_NAME(vae_cpu_norm_loops)(activation),
        .tile = tile_of(n),
        .activated = activation != VAE_ACTIVATION_IDENTITY,
        .x = x,
        .y = y,
    };
}

/* `count` numbers from `at` on, up to a group of tiles; sums are the piece's. */
typedef void (*group_function)(const batch_norm_pass *pass, int64_t at, int64_t count, double *sums);

static int64_t tile_size(const batch_norm_pass *pass, int64_t left)
{
    return left < pass->norm->tile ? left : pass->norm->tile;
}

static void sum_moments(const batch_norm_pass *pass, int64_t at, int64_t count, double *sums)
{
    const int64_t tile = pass->norm->tile;
    VAE_ISA_NAME(vae_cpu_norm_moments)(pass->x + at, tile, count, sums, sums + tile);
}

static void normalise(const batch_norm_pass *pass, int64_t at, int64_t count, double *sums)
{
    (void)sums;
    for (int64_t end = at + count; at < end; at += pass->norm->tile)
        pass->loops->forward(&pass->tile, pass->x + at, pass->y + at, tile_size(pass, end - at));
}

static void sum_gradients(const batch_norm_pass *pass, int64_t at, int64_t count, double *sums)
{
    const int64_t tile = pass->norm->tile;
    for (int64_t done = 0; pass->activated && done < count; done += tile)
        pass->loops->derive(&pass->tile, pass->x + at + done, pass->y + at + done, tile_size(pass, count - done));
    VAE_ISA_NAME(vae_cpu_norm_gradients)(&pass->tile, pass->x + at, pass->y + at, tile, count, sums, sums + tile);
}

static void carry_back(const batch_norm_pass *pass, int64_t at, int64_t count, double *sums)
{
    (void)sums;
    for (int64_t end = at + count; at < end; at += pass->norm->tile)
        VAE_ISA_NAME(vae_cpu_norm_backward)(&pass->tile, pass->x + at, pass->y + at, tile_size(pass, end - at));
}

static void for_each_group(const batch_norm_pass *pass, int threads, bool summing, group_function function)
{
    const batch_norm *n = pass->norm;
    const int64_t group = NORM_GROUP * n->tile;
#pragma omp parallel for schedule(static) num_threads(threads) if (n->elements >= NORM_PARALLEL_ELEMENTS)
    for (int64_t p = 0; p < n->pieces; ++p) {
        double *sums = n->sums + 2 * p * n->tile;
        const int64_t end = (p + 1) * n->piece < n->elements ? (p + 1) * n->piece : n->elements;
        if (summing) memset(sums, 0, (size_t)(2 * n->tile) * sizeof *sums);
        for (int64_t at = p * n->piece; at < end; at += group)
            function(pass, at, end - at < group ? end - at : group, sums);
    }
    if (summing) vae_norm_add_pieces(n->sums, n->pieces, n->tile);
}

/* Of the first or second sum of a channel. */
static double total(const batch_norm *n, int which, int64_t channel)
{
    return vae_norm_total(n->sums + which * n->tile, n->tile, channel, n->channels);
}

static void set_tile(const batch_norm *n, const float *mean, const float *inverse_deviation, const float *scale,
                     const float *shift)
{
    vae_norm_repeat(mean, n->channels, array_of(n, 0), n->tile);
    vae_norm_repeat(inverse_deviation, n->channels, array_of(n, 1), n->tile);
    vae_norm_repeat(scale, n->channels, array_of(n, 2), n->tile);
    vae_norm_repeat(shift, n->channels, array_of(n, 3), n->tile);
}

/* Moves the running statistics towards those of the batch, whose variance there is the unbiased one. */
static void follow(const vae_call *call, int64_t channel, double count, double mean, double variance)
{
    const double momentum = call->op->attributes.norm.momentum;
    float *running_mean = (float *)call->inputs[3] + channel, *running_variance = (float *)call->inputs[4] + channel;
    if (momentum <= 0.0 || !isfinite(mean) || !isfinite(variance)) return;
    const double unbiased = variance * count / (count - 1.0);
    *running_mean = (float)((1.0 - momentum) * (double)*running_mean + momentum * mean);
    *running_variance = (float)((1.0 - momentum) * (double)*running_variance + momentum * unbiased);
}

/* Mean and inverse deviation of each channel of the batch, from Σ x and Σ x² in double. */
static void take_moments(const vae_call *call, const batch_norm *n)
{
    float *means = call->outputs[1], *inverse_deviations = call->outputs[2];
    const double count = (double)(n->elements / n->channels);
    for (int64_t c = 0; c < n->channels; ++c) {
        const double mean = total(n, 0, c) / count, square = total(n, 1, c) / count - mean * mean;
        const double variance = square < 0.0 ? 0.0 : square;
        means[c] = (float)mean;
        inverse_deviations[c] = (float)(1.0 / sqrt(variance + call->op->attributes.norm.epsilon));
        follow(call, c, count, mean, variance);
    }
}

static vae_status run(vae_call *call)
{
    const batch_norm *n = call->state;
    const batch_norm_pass pass = make_pass(call, call->inputs[0], call->outputs[0]);
    const int threads = vae_call_threads(call);
    if (call->op->attributes.norm.training) {
        for_each_group(&pass, threads, true, sum_moments);
        take_moments(call, n);
        set_tile(n, call->outputs[1], call->outputs[2], call->inputs[1], call->inputs[2]);
    } else {
        float *inverse_deviations = array_of(n, 4);
        for (int64_t c = 0; c < n->channels; ++c) {
            const double variance = (double)((const float *)call->inputs[4])[c];
            inverse_deviations[c] = (float)(1.0 / sqrt(variance + call->op->attributes.norm.epsilon));
        }
        set_tile(n, call->inputs[3], inverse_deviations, call->inputs[1], call->inputs[2]);
    }
    for_each_group(&pass, threads, false, normalise);
    return VAE_OK;
}

static void take_gradients(const vae_call *call, const batch_norm *n)
{
    const float *scale = call->inputs[2];
    float *d_scale = call->outputs[1], *d_shift = call->outputs[2];
    const double count = (double)(n->elements / n->channels);
    for (int64_t c = 0; c < n->channels; ++c) {
        const double sum = total(n, 0, c), product = total(n, 1, c);
        d_shift[c] = (float)sum;
        d_scale[c] = (float)product;
        for (int64_t i = c; i < n->tile; i += n->channels) {
            array_of(n, 4)[i] = (float)((double)scale[c] * sum / count);
            array_of(n, 5)[i] = (float)((double)scale[c] * product / count);
        }
    }
}

static vae_status run_backward(vae_call *call)
{
    const batch_norm *n = call->state;
    const batch_norm_pass pass = make_pass(call, call->inputs[1], call->inputs[0]);
    const int threads = vae_call_threads(call);
    set_tile(n, call->inputs[4], call->inputs[5], call->inputs[2], call->inputs[3]);
    for_each_group(&pass, threads, true, sum_gradients);
    take_gradients(call, n);
    if (call->outputs[0]) for_each_group(&pass, threads, false, carry_back);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_batch_norm) = {prepare, run, release};
const vae_kernel VAE_ISA_NAME(vae_cpu_batch_norm_backward) = {prepare, run_backward, release};
