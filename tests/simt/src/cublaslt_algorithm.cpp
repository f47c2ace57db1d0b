// cuBLASLt's functions about algorithms: the heuristic, the check of a stored choice, what an algorithm is.
#include "algorithm.hpp"
#include "cublaslt.hpp"

#include <cstring>

using namespace simt;

namespace
{
void describe(const AlgorithmKind &kind, const Shape &shape, cudaDataType out, cublasLtMatmulHeuristicResult_t *result)
{
    result->workspaceSize = workspace_of(kind, shape, out);
    result->state = CUBLAS_STATUS_SUCCESS;
    result->wavesCount = waves_of(kind, shape);
}

// `count` is of bytes that the caller has room for; with 0 only the number needed is told.
cublasStatus_t give(const void *value, size_t size, void *buffer, size_t count, size_t *written)
{
    if (count == 0 ? written == nullptr : buffer == nullptr || count != size) return CUBLAS_STATUS_INVALID_VALUE;
    if (count != 0) std::memcpy(buffer, value, size);
    if (written != nullptr) *written = size;
    return CUBLAS_STATUS_SUCCESS;
}
} // namespace

extern "C" {

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int requested,
                                              cublasLtMatmulHeuristicResult_t results[], int *returned)
{
    return lt_call("cublasLtMatmulAlgoGetHeuristic", [&] {
        if (handle == nullptr || operation == nullptr || a == nullptr || b == nullptr || c == nullptr || d == nullptr ||
            preference == nullptr || results == nullptr || returned == nullptr || requested < 1)
            return CUBLAS_STATUS_INVALID_VALUE;
        *returned = 0;
        if (cublasStatus_t status = check_matmul(*operation, *a, *b, *c, *d)) return status;
        const Shape shape{d->rows, d->columns, inner_extent(*operation, *a)};
        for (const AlgorithmKind *kind : list_algorithms(shape, *preference, d->type)) {
            if (*returned == requested) break;
            cublasLtMatmulHeuristicResult_t *result = &results[*returned];
            Algorithm algorithm{kind, a->type, d->type, operation->compute_type, {}, *returned};
            std::memcpy(algorithm.alignment, preference->alignment, sizeof algorithm.alignment);
            *result = {};
            encode(algorithm, &result->algo);
            describe(*kind, shape, d->type, result);
            ++*returned;
        }
        return *returned == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                       cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algo,
                                       cublasLtMatmulHeuristicResult_t *result)
{
    return lt_call("cublasLtMatmulAlgoCheck", [&] {
        if (handle == nullptr || operation == nullptr || a == nullptr || b == nullptr || c == nullptr || d == nullptr ||
            algo == nullptr || result == nullptr)
            return CUBLAS_STATUS_INVALID_VALUE;
        if (cublasStatus_t status = check_matmul(*operation, *a, *b, *c, *d)) return status;
        Algorithm algorithm{};
        if (!decode(*algo, &algorithm))
            return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "not an algorithm of this library");
        const Shape shape{d->rows, d->columns, inner_extent(*operation, *a)};
        if (cublasStatus_t status = check_algorithm(algorithm, *operation, *a, *d, shape)) return status;
        describe(*algorithm.kind, shape, d->type, result);
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *algo,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute, void *value,
                                                    size_t bytes, size_t *written)
{
    return lt_call("cublasLtMatmulAlgoConfigGetAttribute", [&] {
        Algorithm algorithm{};
        if (algo == nullptr || !decode(*algo, &algorithm)) return CUBLAS_STATUS_INVALID_VALUE;
        const AlgorithmKind &kind = *algorithm.kind;
        const uint32_t zero = 0;
        switch (attribute) {
        case CUBLASLT_ALGO_CONFIG_ID: return give(&kind.id, sizeof kind.id, value, bytes, written);
        case CUBLASLT_ALGO_CONFIG_TILE_ID: return give(&kind.tile, sizeof kind.tile, value, bytes, written);
        case CUBLASLT_ALGO_CONFIG_SPLITK_NUM: return give(&kind.split_k, sizeof kind.split_k, value, bytes, written);
        case CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME:
            return give(&kind.reduction, sizeof kind.reduction, value, bytes, written);
        case CUBLASLT_ALGO_CONFIG_STAGES_ID: return give(&kind.stages, sizeof kind.stages, value, bytes, written);
        case CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING:
        case CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION: return give(&zero, sizeof(uint32_t), value, bytes, written);
        case CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID:
        case CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID: return give(&zero, sizeof(uint16_t), value, bytes, written);
        }
        return CUBLAS_STATUS_INVALID_VALUE;
    });
}
}
