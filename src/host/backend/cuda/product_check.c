/* Whether an algorithm computes a product rightly: one of small whole numbers in memory of its own. Their sums are
 * exact in every precision and order, so a result is right to the last bit or wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"
#include "backend/cuda/matmul_internal.h"

enum { ALIGNMENT = 256, CHUNK = 1 << 16, PLACES = 64, LARGEST = 4 };

/* What the operands' numbers are drawn by. */
typedef enum part { LEFT, RIGHT, BIAS, MASK, PLACE } part;

struct vae_cuda_trial {
    vae_cuda_blas *blas;
    vae_cuda_key key;
    vae_cuda_description product, plain;
    uint8_t *memory; /* of the device: all operands */
    uint8_t *left, *right;
    vae_cuda_matmul_operands operands;
    int64_t mask_bytes;
    int32_t largest; /* operands are whole numbers in [-largest, largest] */
    /* On the host. */
    float *expected, *found; /* [m, n] */
    float *expected_bias;    /* [n]; written by bias gradients only */
    uint8_t *expected_mask;  /* written by relu masks only */
};

/* ---- Numbers ---- */

/* 32 bits that look random, a function of their place. */
static uint32_t bits_at(part of, int64_t index)
{
    uint64_t x = (uint64_t)index * 0x9E3779B97F4A7C15u + (uint64_t)of * 0xD1B54A32D192ED03u + 1;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return (uint32_t)(x >> 32);
}

static int32_t value_at(const vae_cuda_trial *trial, part of, int64_t index)
{
    const uint64_t span = 2 * (uint64_t)trial->largest + 1;
    return (int32_t)(bits_at(of, index) * span >> 32) - trial->largest;
}

static int32_t left_at(const vae_cuda_trial *trial, int64_t row, int64_t l)
{
    const vae_cuda_key *key = &trial->key;
    return value_at(trial, LEFT, key->left_transposed ? l * key->m + row : row * key->k + l);
}

static int32_t right_at(const vae_cuda_trial *trial, int64_t l, int64_t column)
{
    const vae_cuda_key *key = &trial->key;
    return value_at(trial, RIGHT, key->right_transposed ? column * key->k + l : l * key->n + column);
}

/* Halves, so that no number ahead of a relu is zero: whether zero passes is cuBLASLt's own affair. */
static float bias_at(const vae_cuda_trial *trial, int64_t column)
{
    return (float)value_at(trial, BIAS, column) + 0.5f;
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

static bool writes_mask(const vae_cuda_trial *trial)
{
    return trial->key.epilogue == VAE_EPILOGUE_RELU_MASK_BIAS;
}

static bool writes_bias(const vae_cuda_trial *trial)
{
    return trial->key.epilogue == VAE_EPILOGUE_BIAS_GRADIENT || trial->key.epilogue == VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
}

static vae_status upload(const vae_cuda_trial *trial, void *to, const void *from, size_t bytes)
{
    VAE_CUDA_TRY("trying a product", cudaMemcpyAsync, to, from, bytes, cudaMemcpyHostToDevice, trial->blas->stream);
    VAE_CUDA_TRY("trying a product", cudaStreamSynchronize, trial->blas->stream);
    return VAE_OK;
}

static vae_status download(const vae_cuda_trial *trial, void *to, const void *from, size_t bytes)
{
    VAE_CUDA_TRY("trying a product", cudaMemcpyAsync, to, from, bytes, cudaMemcpyDeviceToHost, trial->blas->stream);
    VAE_CUDA_TRY("trying a product", cudaStreamSynchronize, trial->blas->stream);
    return VAE_OK;
}

/* Rounded to bf16, small whole numbers are float32's upper halves. */
static vae_status fill(const vae_cuda_trial *trial, part of, void *to, int64_t elements)
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
    if (!writes_bias(trial)) {
        VAE_TRY(upload(trial, trial->operands.bias, trial->expected_bias, (size_t)key->n * sizeof(float)));
    }
    if (trial->mask_bytes == 0) return VAE_OK;
    for (int64_t i = 0; i < trial->mask_bytes; ++i)
        trial->expected_mask[i] = (uint8_t)bits_at(MASK, i);
    if (writes_mask(trial)) return VAE_OK;
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
    VAE_TRY(fill(trial, LEFT, trial->left, key->m * key->k));
    VAE_TRY(fill(trial, RIGHT, trial->right, key->k * key->n));
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

/* ---- What is expected ---- */

/* Whether the mask lets the target's number at [row, column] pass. */
static bool passes(const vae_cuda_trial *trial, const uint8_t *mask, int64_t row, int64_t column)
{
    const int64_t bit = row * trial->key.mask_row_bits + column;
    return mask[bit / 8] >> bit % 8 & 1;
}

static void set_pass(const vae_cuda_trial *trial, int64_t row, int64_t column, bool value)
{
    const int64_t bit = row * trial->key.mask_row_bits + column;
    uint8_t *byte = &trial->expected_mask[bit / 8];
    *byte = (uint8_t)((*byte & ~(1u << bit % 8)) | (unsigned)value << bit % 8);
}

static float expect_element(vae_cuda_trial *trial, float plain, int64_t row, int64_t column)
{
    switch (trial->key.epilogue) {
    case VAE_EPILOGUE_BIAS: return plain + trial->expected_bias[column];
    case VAE_EPILOGUE_RELU_BIAS:
    case VAE_EPILOGUE_RELU_MASK_BIAS: {
        const float sum = plain + trial->expected_bias[column];
        if (writes_mask(trial)) set_pass(trial, row, column, sum > 0.0f);
        return sum > 0.0f ? sum : 0.0f;
    }
    case VAE_EPILOGUE_DRELU_BIAS_GRADIENT: return passes(trial, trial->expected_mask, row, column) ? plain : 0.0f;
    case VAE_EPILOGUE_NONE:
    case VAE_EPILOGUE_BIAS_GRADIENT:
    case VAE_EPILOGUE_COUNT: break;
    }
    return plain;
}

/* `sums` [n]: of the target's columns, or of the right operand's. */
static void add_row(const vae_cuda_trial *trial, int64_t row, int64_t *sums)
{
    const int64_t n = trial->key.n;
    const bool of_target = trial->key.epilogue == VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
    for (int64_t j = 0; j < n; ++j)
        sums[j] += of_target ? (int64_t)trial->expected[row * n + j] : right_at(trial, row, j);
}

static vae_status expect_bias_gradient(vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    int64_t *sums = calloc((size_t)key->n, sizeof *sums);
    if (!sums) return vae_error_set(VAE_ERROR_MEMORY, "trying a product: out of memory");
    const int64_t rows = key->epilogue == VAE_EPILOGUE_DRELU_BIAS_GRADIENT ? key->m : key->k;
    for (int64_t i = 0; i < rows; ++i)
        add_row(trial, i, sums);
    for (int64_t j = 0; j < key->n; ++j)
        trial->expected_bias[j] = (float)sums[j];
    free(sums);
    return VAE_OK;
}

/* From the plain product in `expected` to what the epilogue should make of it. */
static vae_status expect_epilogue(vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    for (int64_t i = 0; i < key->m; ++i) {
        for (int64_t j = 0; j < key->n; ++j) {
            float *element = &trial->expected[i * key->n + j];
            *element = expect_element(trial, *element, i, j);
        }
    }
    return writes_bias(trial) ? expect_bias_gradient(trial) : VAE_OK;
}

/* ---- Running ---- */

/* What an algorithm leaves unwritten is not a number. */
static vae_status spoil(const vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    const cudaStream_t stream = trial->blas->stream;
    VAE_CUDA_TRY("trying a product", cudaMemsetAsync, trial->operands.target, 0xFF,
                 (size_t)(key->m * key->n) * sizeof(float), stream);
    if (writes_bias(trial)) {
        VAE_CUDA_TRY("trying a product", cudaMemsetAsync, trial->operands.bias, 0xFF, (size_t)key->n * sizeof(float),
                     stream);
    }
    if (!writes_mask(trial)) return VAE_OK;
    VAE_CUDA_TRY("trying a product", cudaMemsetAsync, trial->operands.mask, 0xFF, (size_t)trial->mask_bytes, stream);
    return VAE_OK;
}

/* The target goes to `target` [m, n] unless there is a fault. */
static vae_status multiply(const vae_cuda_trial *trial, const vae_cuda_description *description,
                           const vae_cuda_algorithm *algorithm, float *target, char fault[VAE_CUDA_FAULT_TEXT])
{
    fault[0] = '\0';
    VAE_TRY(spoil(trial));
    const cublasStatus_t status =
        vae_cuda_multiply(trial->blas, description, &trial->operands, algorithm, trial->blas->stream);
    if (status) {
        snprintf(fault, VAE_CUDA_FAULT_TEXT, "fails: %s", trial->blas->lt.cublasLtGetStatusString(status));
        return VAE_OK;
    }
    return download(trial, target, trial->operands.target, (size_t)(trial->key.m * trial->key.n) * sizeof *target);
}

static void compare(const char *what, const float *expected, const float *found, int64_t rows, int64_t columns,
                    char fault[VAE_CUDA_FAULT_TEXT])
{
    for (int64_t i = 0; i < rows * columns && !fault[0]; ++i) {
        if (found[i] == expected[i]) continue;
        snprintf(fault, VAE_CUDA_FAULT_TEXT, "gives wrong numbers: %s[%lld, %lld] is %.9g instead of %.9g", what,
                 (long long)(i / columns), (long long)(i % columns), (double)found[i], (double)expected[i]);
    }
}

static void compare_mask(const vae_cuda_trial *trial, const uint8_t *mask, char fault[VAE_CUDA_FAULT_TEXT])
{
    for (int64_t i = 0; i < trial->key.m; ++i) {
        for (int64_t j = 0; j < trial->key.n && !fault[0]; ++j) {
            if (passes(trial, mask, i, j) == passes(trial, trial->expected_mask, i, j)) continue;
            snprintf(fault, VAE_CUDA_FAULT_TEXT, "gives wrong numbers: the relu mask at [%lld, %lld]", (long long)i,
                     (long long)j);
        }
    }
}

/* ---- The plain product: some places in whole numbers on the host ---- */

static float plain_at(const vae_cuda_trial *trial, int64_t row, int64_t column)
{
    int64_t sum = 0;
    for (int64_t l = 0; l < trial->key.k; ++l)
        sum += left_at(trial, row, l) * right_at(trial, l, column);
    return (float)sum;
}

static void check_places(const vae_cuda_trial *trial, const float *target, char fault[VAE_CUDA_FAULT_TEXT])
{
    const vae_cuda_key *key = &trial->key;
    for (int i = 0; i < PLACES && !fault[0]; ++i) {
        /* The first and the last among them. */
        const int64_t row = i == 0 ? 0 : i == 1 ? key->m - 1 : bits_at(PLACE, 2 * i) % key->m;
        const int64_t column = i == 0 ? 0 : i == 1 ? key->n - 1 : bits_at(PLACE, 2 * i + 1) % key->n;
        const float expected = plain_at(trial, row, column), found = target[row * key->n + column];
        if (found == expected) continue;
        snprintf(fault, VAE_CUDA_FAULT_TEXT, "gives wrong numbers: target[%lld, %lld] is %.9g instead of %.9g",
                 (long long)row, (long long)column, (double)found, (double)expected);
    }
}

vae_status vae_cuda_trial_run_plain(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                                    char fault[VAE_CUDA_FAULT_TEXT])
{
    VAE_TRY(multiply(trial, &trial->plain, algorithm, trial->expected, fault));
    if (!fault[0]) check_places(trial, trial->expected, fault);
    return fault[0] ? VAE_OK : expect_epilogue(trial);
}

/* ---- The product with its epilogue ---- */

static vae_status check_bias(const vae_cuda_trial *trial, char fault[VAE_CUDA_FAULT_TEXT])
{
    const size_t bytes = (size_t)trial->key.n * sizeof(float);
    VAE_TRY(download(trial, trial->found, trial->operands.bias, bytes));
    compare("bias gradient", trial->expected_bias, trial->found, 1, trial->key.n, fault);
    return VAE_OK;
}

static vae_status check_mask(const vae_cuda_trial *trial, char fault[VAE_CUDA_FAULT_TEXT])
{
    uint8_t *mask = malloc((size_t)trial->mask_bytes);
    if (!mask) return vae_error_set(VAE_ERROR_MEMORY, "trying a product: out of memory");
    const vae_status status = download(trial, mask, trial->operands.mask, (size_t)trial->mask_bytes);
    if (!status) compare_mask(trial, mask, fault);
    free(mask);
    return status;
}

vae_status vae_cuda_trial_run(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                              char fault[VAE_CUDA_FAULT_TEXT])
{
    VAE_TRY(multiply(trial, &trial->product, algorithm, trial->found, fault));
    if (!fault[0]) compare("target", trial->expected, trial->found, trial->key.m, trial->key.n, fault);
    if (!fault[0] && writes_bias(trial)) VAE_TRY(check_bias(trial, fault));
    return !fault[0] && writes_mask(trial) ? check_mask(trial, fault) : VAE_OK;
}

/* ---- Algorithms out of files, and their times ---- */

vae_status vae_cuda_trial_accepts(const vae_cuda_trial *trial, vae_cuda_algorithm *algorithm, bool *accepted)
{
    const vae_cuda_blas *blas = trial->blas;
    const vae_cuda_description *p = &trial->product;
    cublasLtMatmulHeuristicResult_t result = {0};
    const cublasStatus_t status =
        blas->lt.cublasLtMatmulAlgoCheck(blas->handle, p->operation, p->a, p->b, p->d, p->d, &algorithm->lt, &result);
    *accepted = !status && !result.state && result.workspaceSize <= blas->workspace_bytes;
    if (*accepted) algorithm->workspace_bytes = result.workspaceSize;
    return VAE_OK;
}

typedef struct timed_product {
    const vae_cuda_trial *trial;
    const vae_cuda_algorithm *algorithm;
} timed_product;

static vae_status multiply_again(void *context, cudaStream_t stream)
{
    const timed_product *p = context;
    const cublasStatus_t status =
        vae_cuda_multiply(p->trial->blas, &p->trial->product, &p->trial->operands, p->algorithm, stream);
    return status ? vae_cuda_blas_failure(p->trial->blas, status, "cublasLtMatmul") : VAE_OK;
}

vae_status vae_cuda_trial_time(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm, double *microseconds)
{
    timed_product p = {trial, algorithm};
    return vae_cuda_time(trial->blas, multiply_again, &p, microseconds);
}
