#include "backend/cuda/matmul.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/cuda/cublaslt.h"

enum { WORKSPACE_BEFORE_HOPPER = 4 << 20, WORKSPACE = 32 << 20 };

/* What an algorithm is chosen by. */
typedef struct algorithm_key {
    int64_t m, n, k, mask_row_bits;
    bool left_transposed, right_transposed;
    vae_epilogue epilogue;
} algorithm_key;

typedef struct algorithm {
    algorithm_key key;
    bool refused;
    size_t workspace_bytes; /* that it uses */
    cublasLtMatmulAlgo_t algorithm;
} algorithm;

struct vae_cuda_blas {
    vae_cublaslt lt;
    cublasLtHandle_t handle;
    void *workspace;
    size_t workspace_bytes;
    vae_precision precision;
    algorithm *algorithms;
    int32_t algorithm_count;
};

struct vae_cuda_matmul {
    vae_cuda_blas *blas;
    cublasLtMatmulDesc_t description;
    cublasLtMatrixLayout_t a, b, d;
    vae_cuda_matmul_operands operands;
    int64_t m, n, k;
    size_t workspace_bytes;
    cublasLtMatmulAlgo_t algorithm;
};

static vae_status failure(const vae_cuda_blas *blas, cublasStatus_t status, const char *call)
{
    return vae_error_set(status == CUBLAS_STATUS_ALLOC_FAILED ? VAE_ERROR_MEMORY : VAE_ERROR_DEVICE,
                         "cuda: %s failed: %s", call, blas->lt.cublasLtGetStatusString(status));
}

#define BLAS_TRY(blas, function, ...)                                                                                  \
    do {                                                                                                               \
        const cublasStatus_t blas_status_ = (blas)->lt.function(__VA_ARGS__);                                          \
        if (blas_status_) return failure(blas, blas_status_, #function);                                               \
    } while (0)

/* ---- The handle ---- */

vae_status vae_cuda_blas_open(vae_precision precision, int compute_major, vae_cuda_blas **blas)
{
    vae_cuda_blas *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    made->precision = precision;
    made->workspace_bytes = compute_major >= 9 ? WORKSPACE : WORKSPACE_BEFORE_HOPPER;
    *blas = made;
    VAE_TRY(vae_cublaslt_open(&made->lt));
    BLAS_TRY(made, cublasLtCreate, &made->handle);
    const cudaError_t error = cudaMalloc(&made->workspace, made->workspace_bytes);
    if (!error) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "cuda: cudaMalloc of %zu MiB for cuBLASLt's workspace failed: %s",
                         made->workspace_bytes >> 20, cudaGetErrorString(error));
}

void vae_cuda_blas_close(vae_cuda_blas *blas)
{
    if (!blas) return;
    if (blas->workspace) cudaFree(blas->workspace);
    if (blas->handle) blas->lt.cublasLtDestroy(blas->handle);
    vae_cublaslt_close(&blas->lt);
    free(blas->algorithms);
    free(blas);
}

void vae_cuda_blas_version(const vae_cuda_blas *blas, char *text, size_t size)
{
    const size_t version = blas->lt.cublasLtGetVersion();
    snprintf(text, size, "%zu.%zu.%zu", version / 10000, version / 100 % 100, version % 100);
}

/* ---- Descriptions ----
 *
 * cuBLASLt thinks in columns: the row-major target [m, n] is its n × m matrix D = A·B with A the right operand and B
 * the left one. */

static cublasLtEpilogue_t epilogue_of(vae_epilogue epilogue)
{
    switch (epilogue) {
    case VAE_EPILOGUE_BIAS: return CUBLASLT_EPILOGUE_BIAS;
    case VAE_EPILOGUE_RELU_BIAS: return CUBLASLT_EPILOGUE_RELU_BIAS;
    case VAE_EPILOGUE_RELU_MASK_BIAS: return CUBLASLT_EPILOGUE_RELU_AUX_BIAS;
    case VAE_EPILOGUE_BIAS_GRADIENT: return CUBLASLT_EPILOGUE_BGRADA;
    case VAE_EPILOGUE_DRELU_BIAS_GRADIENT: return CUBLASLT_EPILOGUE_DRELU_BGRAD;
    case VAE_EPILOGUE_NONE:
    case VAE_EPILOGUE_COUNT: break;
    }
    return CUBLASLT_EPILOGUE_DEFAULT;
}

static vae_status set(const vae_cuda_matmul *matmul, cublasLtMatmulDescAttributes_t attribute, const void *value,
                      size_t size)
{
    BLAS_TRY(matmul->blas, cublasLtMatmulDescSetAttribute, matmul->description, attribute, value, size);
    return VAE_OK;
}

static vae_status describe(vae_cuda_matmul *matmul, const vae_matmul *shape)
{
    const cublasComputeType_t compute =
        matmul->blas->precision == VAE_PRECISION_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    BLAS_TRY(matmul->blas, cublasLtMatmulDescCreate, &matmul->description, compute, CUDA_R_32F);
    const cublasOperation_t a = shape->right_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t b = shape->left_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasLtEpilogue_t epilogue = epilogue_of(shape->epilogue);
    VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_TRANSA, &a, sizeof a));
    VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_TRANSB, &b, sizeof b));
    VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue));
    if (matmul->operands.bias) {
        const cudaDataType_t type = CUDA_R_32F;
        VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &matmul->operands.bias, sizeof(void *)));
        VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &type, sizeof type));
    }
    if (matmul->operands.mask) {
        const int64_t leading = matmul->operands.mask_row_bits;
        VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, &matmul->operands.mask, sizeof(void *)));
        VAE_TRY(set(matmul, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, &leading, sizeof leading));
    }
    return VAE_OK;
}

static vae_status describe_operand(const vae_cuda_blas *blas, cublasLtMatrixLayout_t *layout, cudaDataType_t type,
                                   int64_t rows, int64_t columns, bool transposed)
{
    const int64_t first = transposed ? columns : rows, second = transposed ? rows : columns;
    BLAS_TRY(blas, cublasLtMatrixLayoutCreate, layout, type, (uint64_t)first, (uint64_t)second, first);
    return VAE_OK;
}

static vae_status describe_operands(vae_cuda_matmul *matmul, const vae_matmul *shape)
{
    const cudaDataType_t type = matmul->blas->precision == VAE_PRECISION_BF16 ? CUDA_R_16BF : CUDA_R_32F;
    VAE_TRY(describe_operand(matmul->blas, &matmul->a, type, shape->n, shape->k, shape->right_transposed));
    VAE_TRY(describe_operand(matmul->blas, &matmul->b, type, shape->k, shape->m, shape->left_transposed));
    return describe_operand(matmul->blas, &matmul->d, CUDA_R_32F, shape->n, shape->m, false);
}

/* ---- Algorithms ---- */

static bool same_key(const algorithm_key *a, const algorithm_key *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->mask_row_bits == b->mask_row_bits &&
           a->left_transposed == b->left_transposed && a->right_transposed == b->right_transposed &&
           a->epilogue == b->epilogue;
}

static algorithm *find_algorithm(vae_cuda_blas *blas, const algorithm_key *key)
{
    for (int32_t i = 0; i < blas->algorithm_count; ++i) {
        if (same_key(&blas->algorithms[i].key, key)) return &blas->algorithms[i];
    }
    return NULL;
}

/* Tensors lie 64 elements apart: 256 bytes of float32, which is what cuBLASLt expects unless told, but 128 of bf16. */
static vae_status set_preference(const vae_cuda_blas *blas, cublasLtMatmulPreference_t preference)
{
    const uint32_t alignment = VAE_ALIGNMENT_ELEMENTS * (blas->precision == VAE_PRECISION_BF16 ? 2 : 4);
    BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
             &blas->workspace_bytes, sizeof blas->workspace_bytes);
    BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
             &alignment, sizeof alignment);
    BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
             &alignment, sizeof alignment);
    return VAE_OK;
}

static vae_status ask_heuristic(const vae_cuda_matmul *matmul, cublasLtMatmulPreference_t preference, algorithm *chosen)
{
    const vae_cuda_blas *blas = matmul->blas;
    cublasLtMatmulHeuristicResult_t result = {0};
    int found = 0;
    VAE_TRY(set_preference(blas, preference));
    const cublasStatus_t status = blas->lt.cublasLtMatmulAlgoGetHeuristic(
        blas->handle, matmul->description, matmul->a, matmul->b, matmul->d, matmul->d, preference, 1, &result, &found);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (!status && found == 0)) {
        chosen->refused = true;
        return VAE_OK;
    }
    if (status) return failure(blas, status, "cublasLtMatmulAlgoGetHeuristic");
    chosen->algorithm = result.algo;
    chosen->workspace_bytes = result.workspaceSize;
    return VAE_OK;
}

static vae_status choose_algorithm(const vae_cuda_matmul *matmul, const algorithm_key *key, algorithm *chosen)
{
    vae_cuda_blas *blas = matmul->blas;
    const algorithm *known = find_algorithm(blas, key);
    if (known) {
        *chosen = *known;
        return VAE_OK;
    }
    cublasLtMatmulPreference_t preference;
    BLAS_TRY(blas, cublasLtMatmulPreferenceCreate, &preference);
    *chosen = (algorithm){.key = *key};
    const vae_status status = ask_heuristic(matmul, preference, chosen);
    blas->lt.cublasLtMatmulPreferenceDestroy(preference);
    if (status) return status;
    algorithm *grown = realloc(blas->algorithms, (size_t)(blas->algorithm_count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    blas->algorithms = grown;
    grown[blas->algorithm_count++] = *chosen;
    return VAE_OK;
}

/* ---- Products ---- */

static vae_status prepare(vae_cuda_matmul *matmul, const vae_matmul *shape, bool *refused)
{
    const algorithm_key key = {
        .m = shape->m,
        .n = shape->n,
        .k = shape->k,
        .mask_row_bits = matmul->operands.mask_row_bits,
        .left_transposed = shape->left_transposed,
        .right_transposed = shape->right_transposed,
        .epilogue = shape->epilogue,
    };
    algorithm chosen;
    VAE_TRY(describe(matmul, shape));
    VAE_TRY(describe_operands(matmul, shape));
    VAE_TRY(choose_algorithm(matmul, &key, &chosen));
    matmul->algorithm = chosen.algorithm;
    matmul->workspace_bytes = chosen.workspace_bytes;
    *refused = chosen.refused;
    return VAE_OK;
}

vae_status vae_cuda_matmul_create(vae_cuda_blas *blas, const vae_matmul *shape,
                                  const vae_cuda_matmul_operands *operands, vae_cuda_matmul **matmul)
{
    *matmul = NULL;
    vae_cuda_matmul *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    made->blas = blas;
    made->operands = *operands;
    made->m = shape->m;
    made->n = shape->n;
    made->k = shape->k;
    bool refused = false;
    const vae_status status = prepare(made, shape, &refused);
    if (status || refused) {
        vae_cuda_matmul_destroy(made);
        return status;
    }
    *matmul = made;
    return VAE_OK;
}

void vae_cuda_matmul_destroy(vae_cuda_matmul *matmul)
{
    if (!matmul) return;
    const vae_cublaslt *lt = &matmul->blas->lt;
    if (matmul->a) lt->cublasLtMatrixLayoutDestroy(matmul->a);
    if (matmul->b) lt->cublasLtMatrixLayoutDestroy(matmul->b);
    if (matmul->d) lt->cublasLtMatrixLayoutDestroy(matmul->d);
    if (matmul->description) lt->cublasLtMatmulDescDestroy(matmul->description);
    free(matmul);
}

vae_status vae_cuda_matmul_run(const vae_cuda_matmul *matmul, cudaStream_t stream)
{
    const float one = 1.0f, zero = 0.0f;
    const cublasStatus_t status = matmul->blas->lt.cublasLtMatmul(
        matmul->blas->handle, matmul->description, &one, matmul->operands.right, matmul->a, matmul->operands.left,
        matmul->b, &zero, matmul->operands.target, matmul->d, matmul->operands.target, matmul->d, &matmul->algorithm,
        matmul->blas->workspace, matmul->workspace_bytes, stream);
    if (!status) return VAE_OK;
    return vae_error_prepend(failure(matmul->blas, status, "cublasLtMatmul"),
                             "[%lld, %lld] = [%lld, %lld] · [%lld, %lld]", (long long)matmul->m, (long long)matmul->n,
                             (long long)matmul->m, (long long)matmul->k, (long long)matmul->k, (long long)matmul->n);
}
