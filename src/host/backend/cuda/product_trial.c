/* A product of known numbers in memory of its own: what a candidate algorithm is run on. */
#include "backend/cuda/product_trial.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"

enum { ALIGNMENT = 256, CHUNK = 1 << 16, LARGEST = 4 };

/* ---- Numbers ---- */

uint32_t vae_trial_bits(vae_cuda_trial_part of, int64_t index)
{
    uint64_t x = (uint64_t)index * 0x9E3779B97F4A7C15u + (uint64_t)of * 0xD1B54A32D192ED03u + 1;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return (uint32_t)(x >> 32);
}

static int32_t value_at(const vae_cuda_trial *trial, vae_cuda_trial_part of, int64_t index)
{
    const uint64_t span = 2 * (uint64_t)trial->largest + 1;
    return (int32_t)(vae_trial_bits(of, index) * span >> 32) - trial->largest;
}

int32_t vae_trial_left(const vae_cuda_trial *trial, int64_t row, int64_t l)
{
    const vae_cuda_key *key = &trial->key;
    return value_at(trial, VAE_TRIAL_LEFT, key->left_transposed ? l * key->m + row : row * key->k + l);
}

int32_t vae_trial_right(const vae_cuda_trial *trial, int64_t l, int64_t column)
{
    const vae_cuda_key *key = &trial->key;
    return value_at(trial, VAE_TRIAL_RIGHT, key->right_transposed ? column * key->k + l : l * key->n + column);
}

/* Halves, so that no number ahead of a relu is zero: whether zero passes is cuBLASLt's own affair. */
static float bias_at(const vae_cuda_trial *trial, int64_t column)
{
    return (float)value_at(trial, VAE_TRIAL_BIAS, column) + 0.5f;
}

/* Sums over k stay below 2^22 whatever their signs, so with a half they still fit in 24 bits. Where k is too large for
 * that, and over the rows of a bias gradient, they do as the signs are random. */
static int32_t choose_largest(int64_t k)
{
    int32_t largest = LARGEST;
    while (largest > 1 && k * largest * largest > 1 << 22)
        --largest;
    return largest;
}

/* ---- Operands ---- */

bool vae_trial_writes_mask(const vae_cuda_trial *trial)
{
    return trial->key.epilogue == VAE_EPILOGUE_RELU_MASK_BIAS;
}

bool vae_trial_writes_bias(const vae_cuda_trial *trial)
{
    return trial->key.epilogue == VAE_EPILOGUE_BIAS_GRADIENT || trial->key.epilogue == VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
}

static vae_status upload(const vae_cuda_trial *trial, void *to, const void *from, size_t bytes)
{
    VAE_CUDA_TRY("trying a product", cudaMemcpyAsync, to, from, bytes, cudaMemcpyHostToDevice, trial->blas->stream);
    VAE_CUDA_TRY("trying a product", cudaStreamSynchronize, trial->blas->stream);
    return VAE_OK;
}

/* Rounded to bf16, small whole numbers are float32's upper halves. */
static vae_status fill(const vae_cuda_trial *trial, vae_cuda_trial_part of, void *to, int64_t elements)
{
    const bool bf16 = trial->blas->precision == VAE_PRECISION_BF16;
    const size_t size = bf16 ? sizeof(uint16_t) : sizeof(float);
    uint8_t *chunk = malloc(CHUNK * size);
    if (!chunk) return vae_error_set(VAE_ERROR_MEMORY, "trying a product: out of memory");
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < elements && !status; first += CHUNK) {
        const int64_t count = elements - first < CHUNK ? elements - first : CHUNK;
        for (int64_t i = 0; i < count; ++i) {
            const float value = (float)value_at(trial, of, first + i);
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            const uint16_t upper = (uint16_t)(bits >> 16);
            memcpy(chunk + (size_t)i * size, bf16 ? (const void *)&upper : (const void *)&bits, size);
        }
        status = upload(trial, (uint8_t *)to + (size_t)first * size, chunk, (size_t)count * size);
    }
    free(chunk);
    return status;
}

/* The bias and the mask, where the product reads them; the host keeps the mask as what it expects. */
static vae_status fill_epilogue(vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    if (key->epilogue == VAE_EPILOGUE_NONE) return VAE_OK;
    for (int64_t j = 0; j < key->n; ++j)
        trial->expected_bias[j] = bias_at(trial, j);
    if (!vae_trial_writes_bias(trial)) {
        VAE_TRY(upload(trial, trial->operands.bias, trial->expected_bias, (size_t)key->n * sizeof(float)));
    }
    if (trial->mask_bytes == 0) return VAE_OK;
    for (int64_t i = 0; i < trial->mask_bytes; ++i)
        trial->expected_mask[i] = (uint8_t)vae_trial_bits(VAE_TRIAL_MASK, i);
    if (vae_trial_writes_mask(trial)) return VAE_OK;
    return upload(trial, trial->operands.mask, trial->expected_mask, (size_t)trial->mask_bytes);
}

/* ---- Opening ---- */

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static vae_status allocate(vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    const size_t element = trial->blas->precision == VAE_PRECISION_BF16 ? sizeof(uint16_t) : sizeof(float);
    const size_t target = (size_t)(key->m * key->n) * sizeof(float), bias = (size_t)key->n * sizeof(float);
    const size_t sizes[] = {(size_t)(key->m * key->k) * element, (size_t)(key->k * key->n) * element, target, bias,
                            (size_t)trial->mask_bytes};
    size_t offsets[sizeof sizes / sizeof *sizes], total = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        offsets[i] = total;
        total += aligned(sizes[i]);
    }
    VAE_CUDA_TRY("trying a product", cudaMalloc, (void **)&trial->memory, total);
    trial->left = trial->memory;
    trial->right = trial->memory + offsets[1];
    trial->operands = (vae_cuda_matmul_operands){.left = trial->left,
                                                 .right = trial->right,
                                                 .target = (float *)(void *)(trial->memory + offsets[2]),
                                                 .bias = (float *)(void *)(trial->memory + offsets[3]),
                                                 .mask = trial->memory + offsets[4]};
    trial->expected = malloc(target);
    trial->found = malloc(target);
    trial->expected_bias = malloc(bias);
    trial->expected_mask = malloc((size_t)trial->mask_bytes + 1);
    if (trial->expected && trial->found && trial->expected_bias && trial->expected_mask) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "trying a product: out of memory");
}

static vae_status prepare(vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    vae_cuda_key plain = *key;
    plain.epilogue = VAE_EPILOGUE_NONE;
    plain.mask_row_bits = 0;
    VAE_TRY(allocate(trial));
    VAE_TRY(vae_cuda_describe(trial->blas, key, &trial->operands, &trial->product));
    VAE_TRY(vae_cuda_describe(trial->blas, &plain, &trial->operands, &trial->plain));
    VAE_TRY(fill(trial, VAE_TRIAL_LEFT, trial->left, key->m * key->k));
    VAE_TRY(fill(trial, VAE_TRIAL_RIGHT, trial->right, key->k * key->n));
    return fill_epilogue(trial);
}

vae_status vae_cuda_trial_open(vae_cuda_blas *blas, const vae_cuda_key *key, vae_cuda_trial **trial)
{
    vae_cuda_trial *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "trying a product: out of memory");
    made->blas = blas;
    made->key = *key;
    made->mask_bytes = key->m * key->mask_row_bits / 8;
    made->largest = choose_largest(key->k);
    const vae_status status = prepare(made);
    if (status) {
        vae_cuda_trial_close(made);
        return status;
    }
    *trial = made;
    return VAE_OK;
}

void vae_cuda_trial_close(vae_cuda_trial *trial)
{
    if (!trial) return;
    vae_cuda_description_free(trial->blas, &trial->product);
    vae_cuda_description_free(trial->blas, &trial->plain);
    if (trial->memory) cudaFree(trial->memory);
    free(trial->expected);
    free(trial->found);
    free(trial->expected_bias);
    free(trial->expected_mask);
    free(trial);
}

const vae_cuda_description *vae_cuda_trial_product(const vae_cuda_trial *trial)
{
    return &trial->product;
}

const vae_cuda_description *vae_cuda_trial_plain(const vae_cuda_trial *trial)
{
    return &trial->plain;
}
