/* Whether a product is right: sums of its very operands, taken by the host in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"

/* Places of the target, and columns of a bias gradient, that are looked at. */
enum { PLACES = 64, COLUMNS = 16 };

typedef struct operands {
    const vae_matmul *shape;
    float *left, *right, *target, *bias;
    uint8_t *mask;
    int64_t mask_row_bits;
} operands;

/* A sum, and that of its terms' magnitudes, by which errors are measured. */
typedef struct sum {
    double value, magnitude;
} sum;

/* ---- Reading ---- */

static vae_status copy(const vae_executable *executable, const void *from, size_t bytes, void **to)
{
    const cudaStream_t stream = executable->device->stream;
    *to = malloc(bytes);
    if (!*to) return vae_error_set(VAE_ERROR_MEMORY, "measuring: out of memory");
    VAE_CUDA_TRY("a product's operand", cudaMemcpyAsync, *to, from, bytes, cudaMemcpyDeviceToHost, stream);
    VAE_CUDA_TRY("a product's operand", cudaStreamSynchronize, stream);
    return VAE_OK;
}

/* What the product reads: bf16 where that is the precision. */
static vae_status read_operand(const vae_executable *executable, vae_tensor tensor, int64_t count, float **values)
{
    void *raw = NULL;
    if (executable->device->precision != VAE_PRECISION_BF16) {
        const size_t bytes = (size_t)count * sizeof(float);
        return copy(executable, vae_cuda_tensor(executable, tensor), bytes, (void **)values);
    }
    vae_status status = copy(executable, vae_cuda_shadow(executable, tensor), (size_t)count * sizeof(uint16_t), &raw);
    if (!status) *values = malloc((size_t)count * sizeof **values);
    if (!status && !*values) status = vae_error_set(VAE_ERROR_MEMORY, "measuring: out of memory");
    for (int64_t i = 0; !status && i < count; ++i) {
        const uint32_t bits = (uint32_t)((const uint16_t *)raw)[i] << 16;
        memcpy(&(*values)[i], &bits, sizeof bits);
    }
    free(raw);
    return status;
}

static vae_status read_operands(const vae_executable *executable, operands *o)
{
    const vae_matmul *shape = o->shape;
    VAE_TRY(read_operand(executable, shape->left, shape->m * shape->k, &o->left));
    VAE_TRY(read_operand(executable, shape->right, shape->k * shape->n, &o->right));
    VAE_TRY(copy(executable, vae_cuda_tensor(executable, shape->target), (size_t)(shape->m * shape->n) * sizeof(float),
                 (void **)&o->target));
    if (shape->bias != VAE_NO_TENSOR) {
        VAE_TRY(copy(executable, vae_cuda_tensor(executable, shape->bias), (size_t)shape->n * sizeof(float),
                     (void **)&o->bias));
    }
    if (shape->mask < 0) return VAE_OK;
    const vae_relu_mask *mask = &executable->lowering.masks[shape->mask];
    o->mask_row_bits = mask->row_bits;
    return copy(executable, executable->masks + mask->offset, (size_t)(shape->m * mask->row_bits / 8),
                (void **)&o->mask);
}

static void free_operands(operands *o)
{
    free(o->left);
    free(o->right);
    free(o->target);
    free(o->bias);
    free(o->mask);
}

/* ---- Comparing ---- */

static sum product_at(const operands *o, int64_t row, int64_t column)
{
    const vae_matmul *shape = o->shape;
    sum s = {0};
    for (int64_t i = 0; i < shape->k; ++i) {
        const float left = o->left[shape->left_transposed ? i * shape->m + row : row * shape->k + i];
        const float right = o->right[shape->right_transposed ? column * shape->k + i : i * shape->n + column];
        const double term = (double)left * (double)right;
        s.value += term;
        s.magnitude += fabs(term);
    }
    return s;
}

static double bias_at(const operands *o, int64_t column)
{
    return o->bias ? (double)o->bias[column] : 0.0;
}

static bool passes(const operands *o, int64_t row, int64_t column)
{
    const int64_t bit = row * o->mask_row_bits + column;
    return !o->mask || (o->mask[bit / 8] >> bit % 8 & 1);
}

/* What the epilogue should make of the product there. */
static sum target_at(const operands *o, int64_t row, int64_t column)
{
    const vae_epilogue epilogue = o->shape->epilogue;
    sum s = product_at(o, row, column);
    switch (epilogue) {
    case VAE_EPILOGUE_BIAS:
    case VAE_EPILOGUE_RELU_BIAS:
    case VAE_EPILOGUE_RELU_MASK_BIAS:
        s.value += bias_at(o, column);
        s.magnitude += fabs(bias_at(o, column));
        if (epilogue != VAE_EPILOGUE_BIAS) s.value = fmax(s.value, 0.0);
        break;
    case VAE_EPILOGUE_DRELU_BIAS_GRADIENT:
        if (!passes(o, row, column)) s.value = 0.0;
        break;
    case VAE_EPILOGUE_BIAS_GRADIENT:
    case VAE_EPILOGUE_NONE:
    case VAE_EPILOGUE_COUNT: break;
    }
    return s;
}

/* The bias gradient: a column of `right`, or of the target. */
static sum column_sum(const operands *o, int64_t column)
{
    const vae_matmul *shape = o->shape;
    const bool of_target = shape->epilogue == VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
    const int64_t rows = of_target ? shape->m : shape->k;
    sum s = {0};
    for (int64_t i = 0; i < rows; ++i) {
        const int64_t at = !of_target && shape->right_transposed ? column * shape->k + i : i * shape->n + column;
        const double term = (double)(of_target ? o->target : o->right)[at];
        s.value += term;
        s.magnitude += fabs(term);
    }
    return s;
}

static double error_of(sum wanted, float found)
{
    const double difference = fabs(wanted.value - (double)found);
    if (!isfinite(found)) return INFINITY;
    return difference > 0.0 ? difference / fmax(wanted.magnitude, 1e-30) : 0.0;
}

static double largest_error(const operands *o)
{
    const vae_matmul *shape = o->shape;
    double largest = 0.0;
    for (int64_t i = 0; i < PLACES; ++i) {
        const int64_t row = (i * 7919 + 13) % shape->m, column = (i * 104729 + 7) % shape->n;
        largest = fmax(largest, error_of(target_at(o, row, column), o->target[row * shape->n + column]));
    }
    if (shape->epilogue != VAE_EPILOGUE_BIAS_GRADIENT && shape->epilogue != VAE_EPILOGUE_DRELU_BIAS_GRADIENT)
        return largest;
    for (int64_t i = 0; i < COLUMNS; ++i) {
        const int64_t column = (i * 104729 + 7) % shape->n;
        largest = fmax(largest, error_of(column_sum(o, column), (float)bias_at(o, column)));
    }
    return largest;
}

vae_status vae_cuda_product_compare(const vae_executable *executable, int32_t index, vae_measured_product *product)
{
    operands o = {.shape = &executable->lowering.launches[index].as.matmul};
    const vae_status status = read_operands(executable, &o);
    if (!status) {
        product->error = largest_error(&o);
        /* tf32 takes 10 bits of each operand's mantissa, and cuts off the rest at worst. What else there is are float32
         * sums, of bf16 numbers too, which are exact. */
        product->explained = executable->device->precision == VAE_PRECISION_TF32 ? 0x1p-9 : 0x1p-15;
    }
    free_operands(&o);
    return status;
}
