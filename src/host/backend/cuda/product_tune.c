/* How long products and the kernels around them take on this GPU. */
#include <stdlib.h>

#include "backend/cuda/internal.h"
#include "backend/cuda/matmul_internal.h"
#include "program/grid.h"

/* A round is as many repeats between two events; the best of the rounds counts. Long ones need no second round. */
enum { REPEATS = 10, ROUNDS = 3, ENOUGH_MICROSECONDS = 50000 };

/* ---- Time ---- */

static vae_status time_round(const vae_cuda_blas *blas, vae_cuda_work *work, void *context, const cudaEvent_t events[2],
                             double *microseconds)
{
    float milliseconds = 0.0f;
    VAE_CUDA_TRY("timing products", cudaEventRecord, events[0], blas->stream);
    for (int i = 0; i < REPEATS; ++i)
        VAE_TRY(work(context, blas->stream));
    VAE_CUDA_TRY("timing products", cudaEventRecord, events[1], blas->stream);
    VAE_CUDA_TRY("timing products", cudaEventSynchronize, events[1]);
    VAE_CUDA_TRY("timing products", cudaEventElapsedTime, &milliseconds, events[0], events[1]);
    *microseconds = 1e3 * (double)milliseconds / REPEATS;
    return VAE_OK;
}

static vae_status time_rounds(const vae_cuda_blas *blas, vae_cuda_work *work, void *context, cudaEvent_t events[2],
                              double *microseconds)
{
    double spent = 0.0;
    for (int i = 0; i < 2; ++i)
        VAE_CUDA_TRY("timing products", cudaEventCreate, &events[i]);
    VAE_TRY(work(context, blas->stream)); /* the first loads what is needed */
    for (int round = 0; round < ROUNDS && spent < ENOUGH_MICROSECONDS; ++round) {
        double time = 0.0;
        VAE_TRY(time_round(blas, work, context, events, &time));
        if (round == 0 || time < *microseconds) *microseconds = time;
        spent += REPEATS * time;
    }
    return VAE_OK;
}

vae_status vae_cuda_time(const vae_cuda_blas *blas, vae_cuda_work *work, void *context, double *microseconds)
{
    cudaEvent_t events[2] = {0};
    const vae_status status = time_rounds(blas, work, context, events, microseconds);
    for (int i = 0; i < 2; ++i) {
        if (events[i]) cudaEventDestroy(events[i]);
    }
    return status;
}

/* ---- Kernels ---- */

typedef enum kernel { FORWARD, BACKWARD, ROUND } kernel;

/* One that works on numbers of its own. */
typedef struct timed_kernel {
    kernel kind;
    vae_cuda_activation_call call;
    uint8_t *memory; /* of the device: all that the call points to */
} timed_kernel;

static vae_status launch_kernel(void *context, cudaStream_t stream)
{
    const timed_kernel *k = context;
    const vae_cuda_activation_call *call = &k->call;
    switch (k->kind) {
    case FORWARD: VAE_CUDA_TRY("timing kernels", vae_cuda_activation_forward, call, stream); break;
    case BACKWARD: VAE_CUDA_TRY("timing kernels", vae_cuda_activation_backward, call, stream); break;
    case ROUND:
        VAE_CUDA_TRY("timing kernels", vae_cuda_round_bf16, call->x, call->shadow, call->rows * call->columns, stream);
        break;
    }
    return VAE_OK;
}

/* With `shadow`, the bf16 copy is written along. Everything is zero. */
static vae_status prepare_kernel(timed_kernel *k, bool shadow, cudaStream_t stream)
{
    enum { PARTS = 6 };
    vae_cuda_activation_call *call = &k->call;
    const vae_column_plan plan = vae_plan_columns(call->rows, call->columns);
    const int64_t elements = call->rows * call->columns;
    /* x, y, a number a column, the copy, partial sums, finished */
    const int64_t bytes[PARTS] = {
        4 * elements, 4 * elements, 4 * call->columns, 2 * elements, 8 * plan.pieces * plan.columns, 4 * plan.groups};
    int64_t at[PARTS + 1] = {0};
    for (int i = 0; i < PARTS; ++i)
        at[i + 1] = at[i] + (bytes[i] + 255) / 256 * 256;
    VAE_CUDA_TRY("timing kernels", cudaMalloc, (void **)&k->memory, (size_t)at[PARTS]);
    VAE_CUDA_TRY("timing kernels", cudaMemsetAsync, k->memory, 0, (size_t)at[PARTS], stream);
    call->x = (float *)(void *)(k->memory + at[0]);
    call->y = (float *)(void *)(k->memory + at[1]);
    float *column = (float *)(void *)(k->memory + at[2]);
    call->shadow = shadow ? (uint16_t *)(void *)(k->memory + at[3]) : NULL;
    if (k->kind == FORWARD) {
        call->bias = column;
        return VAE_OK;
    }
    call->from = call->activation == VAE_ACTIVATION_IDENTITY ? NULL : call->y;
    call->d_bias = (vae_cuda_column_sums){.sums = column,
                                          .partials = (double *)(void *)(k->memory + at[4]),
                                          .finished = (unsigned int *)(void *)(k->memory + at[5])};
    return VAE_OK;
}

static vae_status time_kernel(const vae_cuda_blas *blas, kernel kind, vae_activation activation, int64_t rows,
                              int64_t columns, double *microseconds)
{
    timed_kernel k = {.kind = kind, .call = {.activation = (int)activation, .rows = rows, .columns = columns}};
    const bool shadow = blas->precision == VAE_PRECISION_BF16 && activation == VAE_ACTIVATION_RELU;
    vae_status status = prepare_kernel(&k, shadow || kind == ROUND, blas->stream);
    if (!status) status = vae_cuda_time(blas, launch_kernel, &k, microseconds);
    if (k.memory) cudaFree(k.memory);
    return status;
}

/* ---- With an epilogue and without ----
 *
 * What a relu gives is read by another product. In bf16 that reads a rounded copy, which a kernel writes along with its
 * result, but a product leaves to a kernel of its own. */

static vae_status time_rounding(const vae_cuda_blas *blas, const vae_cuda_key *key, double *microseconds)
{
    *microseconds = 0.0;
    if (blas->precision != VAE_PRECISION_BF16) return VAE_OK;
    return time_kernel(blas, ROUND, VAE_ACTIVATION_RELU, key->m, key->n, microseconds);
}

/* The product alone, and the kernel that takes the epilogue's place. *microseconds stays as it is where the product was
 * chosen without being measured, in a run that was not tuned from its beginning. */
static vae_status time_apart(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, double *microseconds)
{
    const bool forward = key->epilogue == VAE_EPILOGUE_BIAS || key->epilogue == VAE_EPILOGUE_RELU_BIAS;
    const bool relu = key->epilogue != VAE_EPILOGUE_BIAS && key->epilogue != VAE_EPILOGUE_BIAS_GRADIENT;
    vae_cuda_key plain = *key;
    vae_cuda_chosen chosen;
    double kernel_time = 0.0;
    plain.epilogue = VAE_EPILOGUE_NONE;
    plain.mask_row_bits = 0;
    VAE_TRY(vae_cuda_choose(blas, &plain, name, &chosen));
    if (!chosen.measured) return VAE_OK;
    VAE_TRY(time_kernel(blas, forward ? FORWARD : BACKWARD, relu ? VAE_ACTIVATION_RELU : VAE_ACTIVATION_IDENTITY,
                        key->epilogue == VAE_EPILOGUE_BIAS_GRADIENT ? key->k : key->m, key->n, &kernel_time));
    *microseconds = chosen.times.product + kernel_time;
    return VAE_OK;
}

/* Without its mask a layer still has its relu, fused or not. */
static vae_status time_without_mask(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name,
                                    double *microseconds)
{
    vae_cuda_key unmasked = *key;
    vae_cuda_chosen chosen;
    unmasked.epilogue = VAE_EPILOGUE_RELU_BIAS;
    unmasked.mask_row_bits = 0;
    VAE_TRY(vae_cuda_choose(blas, &unmasked, name, &chosen));
    if (chosen.refused) return time_apart(blas, &unmasked, name, microseconds);
    if (!chosen.measured) return VAE_OK;
    *microseconds = chosen.times.fused < chosen.times.unfused ? chosen.times.fused : chosen.times.unfused;
    return VAE_OK;
}

vae_status vae_cuda_compare_ways(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_times *times)
{
    double rounding = 0.0;
    times->fused = times->unfused = times->product;
    switch (key->epilogue) {
    case VAE_EPILOGUE_NONE:
    case VAE_EPILOGUE_COUNT: return VAE_OK;
    case VAE_EPILOGUE_BIAS:
    case VAE_EPILOGUE_BIAS_GRADIENT: break;
    case VAE_EPILOGUE_RELU_BIAS:
    case VAE_EPILOGUE_RELU_MASK_BIAS:
    case VAE_EPILOGUE_DRELU_BIAS_GRADIENT: VAE_TRY(time_rounding(blas, key, &rounding)); break;
    }
    times->fused += rounding;
    times->unfused = times->fused;
    if (key->epilogue == VAE_EPILOGUE_RELU_MASK_BIAS) return time_without_mask(blas, key, name, &times->unfused);
    return time_apart(blas, key, name, &times->unfused);
}
