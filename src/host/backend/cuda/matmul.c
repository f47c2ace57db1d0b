/* cuBLASLt's handle, its descriptions of a product, and products that run by the algorithm chosen for them. */
#include "backend/cuda/matmul.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend/cuda/lowering.h"
#include "backend/cuda/matmul_internal.h"
#include "core/file.h"

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

/* "NVIDIA-H100-80GB-HBM3_13.1.0_tf32.json" */
static vae_status find_cache(vae_cuda_blas *blas, const char *folder)
{
    char version[32], name[384], path[VAE_FILE_PATH_BYTES];
    vae_cuda_blas_version(blas, version, sizeof version);
    snprintf(name, sizeof name, "%s_%s_%s.json", blas->gpu, version, vae_cuda_precision_name(blas->precision));
    for (char *c = name; *c; ++c) {
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '_') *c = '-';
    }
    VAE_TRY(vae_path_join(path, sizeof path, folder, name));
    blas->cache = strdup(path);
    return blas->cache ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
}

static vae_status open_choices(vae_cuda_blas *blas, const vae_device_choices *choices)
{
    if (choices->file) {
        blas->file = strdup(choices->file);
        if (!blas->file) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
        VAE_TRY(vae_cuda_choices_read(blas, blas->file, &blas->chosen));
    }
    if (!choices->tune || !choices->cache) return VAE_OK;
    VAE_TRY(find_cache(blas, choices->cache));
    return vae_cuda_choices_read(blas, blas->cache, &blas->cached);
}

vae_status vae_cuda_blas_open(const vae_cuda_blas_options *options, vae_cuda_blas **blas)
{
    vae_cuda_blas *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    made->precision = options->precision;
    made->stream = options->stream;
    made->remarks = options->remarks;
    made->tune = options->choices.tune;
    snprintf(made->gpu, sizeof made->gpu, "%s", options->gpu);
    made->workspace_bytes = options->compute_major >= 9 ? WORKSPACE : WORKSPACE_BEFORE_HOPPER;
    *blas = made;
    VAE_TRY(vae_cublaslt_open(&made->lt));
    VAE_BLAS_TRY(made, cublasLtCreate, &made->handle);
    const cudaError_t error = cudaMalloc(&made->workspace, made->workspace_bytes);
    if (!error) return open_choices(made, &options->choices);
    return vae_error_set(VAE_ERROR_MEMORY, "cuda: cudaMalloc of %zu MiB for cuBLASLt's workspace failed: %s",
                         made->workspace_bytes >> 20, cudaGetErrorString(error));
}

void vae_cuda_blas_close(vae_cuda_blas *blas)
{
    if (!blas) return;
    if (blas->workspace) cudaFree(blas->workspace);
    if (blas->handle) blas->lt.cublasLtDestroy(blas->handle);
    vae_cublaslt_close(&blas->lt);
    vae_cuda_choices_free(&blas->chosen);
    vae_cuda_choices_free(&blas->cached);
    free(blas->file);
    free(blas->cache);
    free(blas);
}

/* Other processes may write the cache at the same time. */
static vae_status write_locked(vae_cuda_blas *blas)
{
    char path[VAE_FILE_PATH_BYTES];
    VAE_TRY(vae_path_join(path, sizeof path, "", blas->cache));
    *strrchr(path, '/') = '\0';
    VAE_TRY(vae_folder_make(path));
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || flock(folder, LOCK_EX)) {
        if (folder >= 0) close(folder);
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be locked: %s", path, strerror(errno));
    }
    const vae_status status = vae_cuda_choices_write(blas, blas->cache, &blas->cached);
    close(folder);
    return status;
}

/* Without a cache, products are only measured again next time. */
static vae_status save_cache(vae_cuda_blas *blas)
{
    if (!blas->cache || !blas->cached.changed) return VAE_OK;
    const vae_status status = write_locked(blas);
    if (status == VAE_ERROR_MEMORY) return status;
    if (status) vae_cuda_tell(blas, vae_error_message());
    blas->cached.changed = false;
    return VAE_OK;
}

vae_status vae_cuda_blas_save(vae_cuda_blas *blas)
{
    VAE_TRY(save_cache(blas));
    if (!blas->file || !blas->keeping || !blas->chosen.changed) return VAE_OK;
    return vae_cuda_choices_write(blas, blas->file, &blas->chosen);
}

vae_status vae_cuda_blas_keep(vae_cuda_blas *blas)
{
    blas->keeping = true;
    return vae_cuda_blas_save(blas);
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
                                  vae_cuda_verdict *verdict)
{
    const vae_cuda_key key = key_of(shape, mask_row_bits);
    vae_cuda_chosen chosen;
    VAE_TRY(vae_cuda_choose(blas, &key, name, &chosen));
    *verdict = (vae_cuda_verdict){.refused = chosen.refused};
    if (chosen.measured) verdict->saved = chosen.times.unfused - chosen.times.fused;
    return VAE_OK;
}

static vae_status create(vae_cuda_matmul *matmul, const vae_cuda_key *key, const char *name)
{
    VAE_TRY(vae_cuda_choose(matmul->blas, key, name, &matmul->chosen));
    VAE_TRY(vae_cuda_describe(matmul->blas, key, &matmul->operands, &matmul->description));
    if (matmul->chosen.used) return VAE_OK;
    matmul->chosen.used = true;
    return vae_cuda_choices_put(&matmul->blas->chosen, &matmul->chosen);
}

vae_status vae_cuda_matmul_create(vae_cuda_blas *blas, const vae_matmul *shape, int64_t mask_row_bits, const char *name,
                                  const vae_cuda_matmul_operands *operands, vae_cuda_matmul **matmul)
{
    const vae_cuda_key key = key_of(shape, mask_row_bits);
    *matmul = calloc(1, sizeof **matmul);
    if (!*matmul) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    (*matmul)->blas = blas;
    (*matmul)->operands = *operands;
    const vae_status status = create(*matmul, &key, name);
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
