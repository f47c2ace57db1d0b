#include "backend/cuda/matmul.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/cuda/matmul_internal.h"

enum { WORKSPACE_BEFORE_HOPPER = 4 << 20, WORKSPACE = 32 << 20 };

struct vae_cuda_matmul {
    vae_cuda_blas *blas;
    vae_cuda_description description;
    vae_cuda_matmul_operands operands;
    vae_cuda_chosen chosen;
};

vae_status vae_cuda_blas_failure(const vae_cuda_blas *blas, cublasStatus_t status, const char *call)
{
    return vae_error_set(status == CUBLAS_STATUS_ALLOC_FAILED ? VAE_ERROR_MEMORY : VAE_ERROR_DEVICE,
                         "cuda: %s failed: %s", call, blas->lt.cublasLtGetStatusString(status));
}

/* ---- The handle ---- */

vae_status vae_cuda_blas_open(const vae_cuda_blas_options *options, vae_cuda_blas **blas)
{
    vae_cuda_blas *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    made->precision = options->precision;
    made->stream = options->stream;
    made->remarks = options->remarks;
    made->workspace_bytes = options->compute_major >= 9 ? WORKSPACE : WORKSPACE_BEFORE_HOPPER;
    *blas = made;
    VAE_TRY(vae_cublaslt_open(&made->lt));
    VAE_BLAS_TRY(made, cublasLtCreate, &made->handle);
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
    free(blas->chosen);
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

typedef struct operation_attribute {
    cublasLtMatmulDescAttributes_t name;
    const void *value;
    size_t size;
} operation_attribute;

static vae_status describe_operation(const vae_cuda_blas *blas, const vae_cuda_key *key,
                                     const vae_cuda_matmul_operands *operands, cublasLtMatmulDesc_t operation)
{
    const cublasOperation_t a = key->right_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t b = key->left_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasLtEpilogue_t epilogue = epilogue_of(key->epilogue);
    const cudaDataType_t bias_type = CUDA_R_32F;
    const bool with_bias = key->epilogue != VAE_EPILOGUE_NONE;
    const operation_attribute attributes[] = {
        {CUBLASLT_MATMUL_DESC_TRANSA, &a, sizeof a},
        {CUBLASLT_MATMUL_DESC_TRANSB, &b, sizeof b},
        {CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue},
        {CUBLASLT_MATMUL_DESC_BIAS_POINTER, with_bias ? &operands->bias : NULL, sizeof operands->bias},
        {CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, with_bias ? &bias_type : NULL, sizeof bias_type},
        {CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, key->mask_row_bits > 0 ? &operands->mask : NULL,
         sizeof operands->mask},
        {CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, key->mask_row_bits > 0 ? &key->mask_row_bits : NULL,
         sizeof key->mask_row_bits},
    };
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; ++i) {
        const operation_attribute *set = &attributes[i];
        if (!set->value) continue;
        VAE_BLAS_TRY(blas, cublasLtMatmulDescSetAttribute, operation, set->name, set->value, set->size);
    }
    return VAE_OK;
}

static vae_status describe_operand(const vae_cuda_blas *blas, cublasLtMatrixLayout_t *layout, cudaDataType_t type,
                                   int64_t rows, int64_t columns, bool transposed)
{
    const int64_t first = transposed ? columns : rows, second = transposed ? rows : columns;
    VAE_BLAS_TRY(blas, cublasLtMatrixLayoutCreate, layout, type, (uint64_t)first, (uint64_t)second, first);
    return VAE_OK;
}

vae_status vae_cuda_describe(const vae_cuda_blas *blas, const vae_cuda_key *key,
                             const vae_cuda_matmul_operands *operands, vae_cuda_description *description)
{
    const cublasComputeType_t compute =
        blas->precision == VAE_PRECISION_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    const cudaDataType_t type = blas->precision == VAE_PRECISION_BF16 ? CUDA_R_16BF : CUDA_R_32F;
    VAE_BLAS_TRY(blas, cublasLtMatmulDescCreate, &description->operation, compute, CUDA_R_32F);
    VAE_TRY(describe_operation(blas, key, operands, description->operation));
    VAE_TRY(describe_operand(blas, &description->a, type, key->n, key->k, key->right_transposed));
    VAE_TRY(describe_operand(blas, &description->b, type, key->k, key->m, key->left_transposed));
    return describe_operand(blas, &description->d, CUDA_R_32F, key->n, key->m, false);
}

void vae_cuda_description_free(const vae_cuda_blas *blas, vae_cuda_description *description)
{
    const vae_cublaslt *lt = &blas->lt;
    if (description->a) lt->cublasLtMatrixLayoutDestroy(description->a);
    if (description->b) lt->cublasLtMatrixLayoutDestroy(description->b);
    if (description->d) lt->cublasLtMatrixLayoutDestroy(description->d);
    if (description->operation) lt->cublasLtMatmulDescDestroy(description->operation);
    *description = (vae_cuda_description){0};
}

const char *vae_cuda_key_write(const vae_cuda_key *key, char text[VAE_CUDA_KEY_TEXT])
{
    const long long m = (long long)key->m, n = (long long)key->n, k = (long long)key->k;
    snprintf(text, VAE_CUDA_KEY_TEXT, "[%lld, %lld] = [%lld, %lld] · [%lld, %lld]%s%s", m, n, m, k, k, n,
             key->epilogue == VAE_EPILOGUE_NONE ? "" : " with ", vae_epilogue_name(key->epilogue));
    return text;
}

/* ---- Algorithms ---- */

static vae_status read_attribute(const vae_cuda_blas *blas, const vae_cuda_algorithm *algorithm,
                                 cublasLtMatmulAlgoConfigAttributes_t attribute, int32_t *value)
{
    size_t written;
    VAE_BLAS_TRY(blas, cublasLtMatmulAlgoConfigGetAttribute, &algorithm->lt, attribute, value, sizeof *value, &written);
    return VAE_OK;
}

vae_status vae_cuda_algorithm_read(const vae_cuda_blas *blas, const vae_cuda_algorithm *algorithm,
                                   vae_cuda_choice *choice)
{
    choice->workspace_bytes = algorithm->workspace_bytes;
    VAE_TRY(read_attribute(blas, algorithm, CUBLASLT_ALGO_CONFIG_ID, &choice->algorithm));
    VAE_TRY(read_attribute(blas, algorithm, CUBLASLT_ALGO_CONFIG_TILE_ID, &choice->tile));
    VAE_TRY(read_attribute(blas, algorithm, CUBLASLT_ALGO_CONFIG_STAGES_ID, &choice->stages));
    VAE_TRY(read_attribute(blas, algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &choice->split_k));
    return read_attribute(blas, algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, &choice->reduction);
}

cublasStatus_t vae_cuda_multiply(const vae_cuda_blas *blas, const vae_cuda_description *description,
                                 const vae_cuda_matmul_operands *operands, const vae_cuda_algorithm *algorithm,
                                 cudaStream_t stream)
{
    const float one = 1.0f, zero = 0.0f;
    return blas->lt.cublasLtMatmul(blas->handle, description->operation, &one, operands->right, description->a,
                                   operands->left, description->b, &zero, operands->target, description->d,
                                   operands->target, description->d, &algorithm->lt, blas->workspace,
                                   algorithm->workspace_bytes, stream);
}

/* ---- Products ---- */

static vae_cuda_key key_of(const vae_matmul *shape, int64_t mask_row_bits)
{
    return (vae_cuda_key){
        .m = shape->m,
        .n = shape->n,
        .k = shape->k,
        .mask_row_bits = mask_row_bits,
        .left_transposed = shape->left_transposed,
        .right_transposed = shape->right_transposed,
        .epilogue = shape->epilogue,
    };
}

vae_status vae_cuda_matmul_choose(vae_cuda_blas *blas, const vae_matmul *shape, int64_t mask_row_bits, const char *name,
                                  bool *refused)
{
    const vae_cuda_key key = key_of(shape, mask_row_bits);
    vae_cuda_chosen chosen;
    VAE_TRY(vae_cuda_choose(blas, &key, name, &chosen));
    *refused = chosen.refused;
    return VAE_OK;
}

vae_status vae_cuda_matmul_create(vae_cuda_blas *blas, const vae_matmul *shape, int64_t mask_row_bits, const char *name,
                                  const vae_cuda_matmul_operands *operands, vae_cuda_matmul **matmul)
{
    const vae_cuda_key key = key_of(shape, mask_row_bits);
    *matmul = calloc(1, sizeof **matmul);
    if (!*matmul) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    (*matmul)->blas = blas;
    (*matmul)->operands = *operands;
    vae_status status = vae_cuda_choose(blas, &key, name, &(*matmul)->chosen);
    if (!status) status = vae_cuda_describe(blas, &key, operands, &(*matmul)->description);
    if (!status) return VAE_OK;
    vae_cuda_matmul_destroy(*matmul);
    *matmul = NULL;
    return status;
}

void vae_cuda_matmul_destroy(vae_cuda_matmul *matmul)
{
    if (!matmul) return;
    vae_cuda_description_free(matmul->blas, &matmul->description);
    free(matmul);
}

vae_status vae_cuda_matmul_run(const vae_cuda_matmul *matmul, cudaStream_t stream)
{
    const cublasStatus_t status =
        vae_cuda_multiply(matmul->blas, &matmul->description, &matmul->operands, &matmul->chosen.algorithm, stream);
    if (!status) return VAE_OK;
    char text[VAE_CUDA_KEY_TEXT];
    return vae_error_prepend(vae_cuda_blas_failure(matmul->blas, status, "cublasLtMatmul"), "%s",
                             vae_cuda_key_write(&matmul->chosen.key, text));
}

vae_status vae_cuda_matmul_choice(const vae_cuda_matmul *matmul, vae_cuda_choice *choice)
{
    *choice = (vae_cuda_choice){.epilogue = matmul->chosen.key.epilogue, .passed_over = matmul->chosen.passed_over};
    return vae_cuda_algorithm_read(matmul->blas, &matmul->chosen.algorithm, choice);
}
