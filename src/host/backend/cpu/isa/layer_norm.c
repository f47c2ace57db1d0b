/* Layer norm, forward and backward, a row at a time: one pass over it for its sums, and a second that uses them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/isa/norm_loops.h"

/* Arrays of a thread's own, each a tile long. */
enum { ARRAYS = 4 };

typedef struct layer_norm {
    int64_t rows, columns, channels, tile, piece, pieces; /* piece: rows */
    float *scale, *shift;                                 /* [tile] */
    float *arrays;                                        /* [threads, ARRAYS, tile]: mean, deviation, mean_d, … */
    double *row_sums;                                     /* [threads, 2, tile] */
    double *sums;                                         /* [pieces, 2, tile] */
} layer_norm;

static void release(vae_call *call)
{
    layer_norm *n = call->state;
    if (!n) return;
    free(n->scale);
    free(n->shift);
    free(n->arrays);
    free(n->row_sums);
    free(n->sums);
    free(n);
}

static vae_status prepare(vae_call *call)
{
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const size_t threads = (size_t)vae_call_threads(call);
    layer_norm *n = calloc(1, sizeof *n);
    if (!n) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    call->state = n;
    n->rows = shape->size[0];
    n->columns = vae_shape_columns(shape);
    n->channels = shape->size[shape->rank - 1];
    n->tile = n->channels * vae_norm_pixels(n->channels);
    if (n->tile > n->columns) n->tile = n->columns;
    n->piece = n->columns < NORM_PIECE ? NORM_PIECE / n->columns : 1;
    n->pieces = (n->rows + n->piece - 1) / n->piece;
    const size_t tile = (size_t)n->tile;
    n->scale = calloc(tile, sizeof *n->scale);
    n->shift = calloc(tile, sizeof *n->shift);
    n->arrays = calloc(threads * ARRAYS * tile, sizeof *n->arrays);
    n->row_sums = calloc(threads * 2 * tile, sizeof *n->row_sums);
    n->sums = calloc((size_t)n->pieces * 2 * tile, sizeof *n->sums);
    if (n->scale && n->shift && n->arrays && n->row_sums && n->sums) return VAE_OK;
    release(call);
    return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

/* One thread at work on a row. */
typedef struct row_pass {
    const layer_norm *norm;
    const vae_norm_loops *loops;
    bool activated; /* by more than the identity */
    float *arrays[ARRAYS];
    double *sums; /* [2, tile] */
} row_pass;

static row_pass make_pass(const vae_call *call, int thread)
{
    const layer_norm *n = call->state;
    const vae_activation activation = call->op->attributes.norm.activation;
    row_pass pass = {
        .norm = n,
        .loops = VAE_ISA_NAME(vae_cpu_norm_loops)(activation),
        .activated = activation != VAE_ACTIVATION_IDENTITY,
    };
    for (int i = 0; i < ARRAYS; ++i)
        pass.arrays[i] = n->arrays + (thread * ARRAYS + i) * n->tile;
    pass.sums = n->row_sums + thread * 2 * n->tile;
    return pass;
}

static norm_tile tile_of(const row_pass *pass)
{
    return (norm_tile){pass->arrays[0],   pass->arrays[1], pass->norm->scale,
                       pass->norm->shift, pass->arrays[2], pass->arrays[3]};
}

static void fill(float *array, int64_t count, float value)
{
    for (int64_t i = 0; i < count; ++i)
        array[i] = value;
}

static int64_t tile_size(const layer_norm *n, int64_t at)
{
    return n->columns - at < n->tile ? n->columns - at : n->tile;
}

static int64_t group_size(const layer_norm *n, int64_t at)
{
    return n->columns - at < NORM_GROUP * n->tile ? n->columns - at : NORM_GROUP * n->tile;
}

static void normalise_row(const row_pass *pass, double epsilon, const float *x, float *y, float *mean_of_row,
                          float *inverse_of_row)
{
    const layer_norm *n = pass->norm;
    double *sums = pass->sums, sum = 0.0, squares = 0.0;
    memset(sums, 0, (size_t)(2 * n->tile) * sizeof *sums);
    for (int64_t at = 0; at < n->columns; at += NORM_GROUP * n->tile)
        VAE_ISA_NAME(vae_cpu_norm_moments)(x + at, n->tile, group_size(n, at), sums, sums + n->tile);
    for (int64_t i = 0; i < n->tile; ++i) {
        sum += sums[i];
        squares += sums[n->tile + i];
    }
    const double mean = sum / (double)n->columns, square = squares / (double)n->columns - mean * mean;
    const double inverse_deviation = 1.0 / sqrt((square < 0.0 ? 0.0 : square) + epsilon);
    fill(pass->arrays[0], n->tile, (float)mean);
    fill(pass->arrays[1], n->tile, (float)inverse_deviation);
    const norm_tile tile = tile_of(pass);
    for (int64_t at = 0; at < n->columns; at += n->tile)
        pass->loops->forward(&tile, x + at, y + at, tile_size(n, at));
    if (!mean_of_row) return;
    *mean_of_row = (float)mean;
    *inverse_of_row = (float)inverse_deviation;
}

static vae_status run(vae_call *call)
{
    const layer_norm *n = call->state;
    const float *x = call->inputs[0];
    float *y = call->outputs[0], *means = call->outputs[1], *inverses = call->outputs[2];
    const double epsilon = call->op->attributes.norm.epsilon;
    const int threads = vae_call_threads(call);
    vae_norm_repeat(call->inputs[1], n->channels, n->scale, n->tile);
    vae_norm_repeat(call->inputs[2], n->channels, n->shift, n->tile);
#pragma omp parallel for schedule(static) num_threads(threads) if (n->rows * n->columns >= NORM_PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        const row_pass pass = make_pass(call, part);
        int64_t begin, end;
        vae_cpu_share(n->rows, 1, part, threads, &begin, &end);
        for (int64_t r = begin; r < end; ++r) {
            normalise_row(&pass, epsilon, x + r * n->columns, y + r * n->columns, means ? means + r : NULL,
                          inverses ? inverses + r : NULL);
        }
    }
    return VAE_OK;
}

/* Adds the row's Σ d and Σ d·x̂ of each place in the tile to `piece_sums`; the same sums, times scale, are what the
 * row's own gradient needs. */
static void backward_row(const row_pass *pass, const float *x, float *d_y, float mean, float inverse_deviation,
                         bool carries, double *piece_sums)
{
    const layer_norm *n = pass->norm;
    double *sums = pass->sums, sum = 0.0, product = 0.0;
    const norm_tile tile = tile_of(pass);
    fill(pass->arrays[0], n->tile, mean);
    fill(pass->arrays[1], n->tile, inverse_deviation);
    memset(sums, 0, (size_t)(2 * n->tile) * sizeof *sums);
    for (int64_t at = 0; pass->activated && at < n->columns; at += n->tile)
        pass->loops->derive(&tile, x + at, d_y + at, tile_size(n, at));
    for (int64_t at = 0; at < n->columns; at += NORM_GROUP * n->tile) {
        VAE_ISA_NAME(vae_cpu_norm_gradients)
        (&tile, x + at, d_y + at, n->tile, group_size(n, at), sums, sums + n->tile);
    }
    for (int64_t i = 0; i < n->tile; ++i) {
        sum += (double)n->scale[i] * sums[i];
        product += (double)n->scale[i] * sums[n->tile + i];
        piece_sums[i] += sums[i];
        piece_sums[n->tile + i] += sums[n->tile + i];
    }
    if (!carries) return;
    fill(pass->arrays[2], n->tile, (float)(sum / (double)n->columns));
    fill(pass->arrays[3], n->tile, (float)(product / (double)n->columns));
    for (int64_t at = 0; at < n->columns; at += n->tile)
        VAE_ISA_NAME(vae_cpu_norm_backward)(&tile, x + at, d_y + at, tile_size(n, at));
}

static void backward_piece(const vae_call *call, const row_pass *pass, int64_t piece)
{
    const layer_norm *n = pass->norm;
    const float *x = call->inputs[1], *means = call->inputs[4], *inverses = call->inputs[5];
    float *d_y = call->inputs[0];
    double *sums = n->sums + 2 * piece * n->tile;
    memset(sums, 0, (size_t)(2 * n->tile) * sizeof *sums);
    const int64_t end = (piece + 1) * n->piece < n->rows ? (piece + 1) * n->piece : n->rows;
    for (int64_t r = piece * n->piece; r < end; ++r) {
        backward_row(pass, x + r * n->columns, d_y + r * n->columns, means[r], inverses[r], call->outputs[0] != NULL,
                     sums);
    }
}

static vae_status run_backward(vae_call *call)
{
    const layer_norm *n = call->state;
    const int threads = vae_call_threads(call);
    float *d_scale = call->outputs[1], *d_shift = call->outputs[2];
    vae_norm_repeat(call->inputs[2], n->channels, n->scale, n->tile);
    vae_norm_repeat(call->inputs[3], n->channels, n->shift, n->tile);
#pragma omp parallel for schedule(static) num_threads(threads) if (n->rows * n->columns >= NORM_PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        const row_pass pass = make_pass(call, part);
        int64_t begin, end;
        vae_cpu_share(n->pieces, 1, part, threads, &begin, &end);
        for (int64_t p = begin; p < end; ++p)
            backward_piece(call, &pass, p);
    }
    vae_norm_add_pieces(n->sums, n->pieces, n->tile);
    for (int64_t c = 0; c < n->channels; ++c) {
        d_shift[c] = (float)vae_norm_total(n->sums, n->tile, c, n->channels);
        d_scale[c] = (float)vae_norm_total(n->sums + n->tile, n->tile, c, n->channels);
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_layer_norm) = {prepare, run, release};
const vae_kernel VAE_ISA_NAME(vae_cpu_layer_norm_backward) = {prepare, run_backward, release};
