/* Whether an algorithm computes a product rightly: it runs one whose result is known. */
#include <stdio.h>
#include <stdlib.h>

#include "backend/cuda/internal.h"
#include "backend/cuda/product_trial.h"

enum { PLACES = 64 };

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
        if (vae_trial_writes_mask(trial)) set_pass(trial, row, column, sum > 0.0f);
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
        sums[j] += of_target ? (int64_t)trial->expected[row * n + j] : vae_trial_right(trial, row, j);
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
    return vae_trial_writes_bias(trial) ? expect_bias_gradient(trial) : VAE_OK;
}

/* ---- Running ---- */

static vae_status download(const vae_cuda_trial *trial, void *to, const void *from, size_t bytes)
{
    VAE_CUDA_TRY("trying a product", cudaMemcpyAsync, to, from, bytes, cudaMemcpyDeviceToHost, trial->blas->stream);
    VAE_CUDA_TRY("trying a product", cudaStreamSynchronize, trial->blas->stream);
    return VAE_OK;
}

/* What an algorithm leaves unwritten is not a number. */
static vae_status spoil(const vae_cuda_trial *trial)
{
    const vae_cuda_key *key = &trial->key;
    const cudaStream_t stream = trial->blas->stream;
    VAE_CUDA_TRY("trying a product", cudaMemsetAsync, trial->operands.target, 0xFF,
                 (size_t)(key->m * key->n) * sizeof(float), stream);
    if (vae_trial_writes_bias(trial)) {
        VAE_CUDA_TRY("trying a product", cudaMemsetAsync, trial->operands.bias, 0xFF, (size_t)key->n * sizeof(float),
                     stream);
    }
    if (!vae_trial_writes_mask(trial)) return VAE_OK;
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
        sum += vae_trial_left(trial, row, l) * vae_trial_right(trial, l, column);
    return (float)sum;
}

static void check_places(const vae_cuda_trial *trial, const float *target, char fault[VAE_CUDA_FAULT_TEXT])
{
    const vae_cuda_key *key = &trial->key;
    for (int i = 0; i < PLACES && !fault[0]; ++i) {
        /* The first and the last among them. */
        const int64_t row = i == 0 ? 0 : i == 1 ? key->m - 1 : vae_trial_bits(VAE_TRIAL_PLACE, 2 * i) % key->m;
        const int64_t column = i == 0 ? 0 : i == 1 ? key->n - 1 : vae_trial_bits(VAE_TRIAL_PLACE, 2 * i + 1) % key->n;
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
    if (!fault[0] && vae_trial_writes_bias(trial)) VAE_TRY(check_bias(trial, fault));
    return !fault[0] && vae_trial_writes_mask(trial) ? check_mask(trial, fault) : VAE_OK;
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
