// The cuBLASLt API: descriptors, and products put on a stream.
#include "cublaslt.hpp"

#include "algorithm.hpp"
#include "stream.hpp"

#include <cstring>

struct cublasLtContext {
};

using namespace simt;

namespace
{
template <class T> cublasStatus_t set(T *field, const void *value, size_t bytes)
{
    if (value == nullptr || bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(field, value, sizeof(T));
    return CUBLAS_STATUS_SUCCESS;
}

template <class T> cublasStatus_t destroy_object(T *object)
{
    destroy(object);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_alignment(const Algorithm &algorithm, const Matmul &mm)
{
    const void *pointers[4] = {mm.a, mm.b, mm.c, mm.d};
    for (int i = 0; i < 4; ++i)
        if (reinterpret_cast<uintptr_t>(pointers[i]) % algorithm.alignment[i] != 0)
            return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, std::string(1, "ABCD"[i]) + " is not aligned to the " +
                                                                  std::to_string(algorithm.alignment[i]) +
                                                                  " bytes that the preference promised");
    return CUBLAS_STATUS_SUCCESS;
}

// Gives the product its algorithm. Without one, the library chooses: here the plainest.
cublasStatus_t take_algorithm(const cublasLtMatmulAlgo_t *algo, Matmul *mm)
{
    if (algo == nullptr) return CUBLAS_STATUS_SUCCESS;
    Algorithm algorithm{};
    if (!decode(*algo, &algorithm))
        return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "not an algorithm of this library");
    const Shape shape{mm->m(), mm->n(), mm->k()};
    if (cublasStatus_t status = check_algorithm(algorithm, mm->description, mm->a_layout, mm->d_layout, shape))
        return status;
    if (cublasStatus_t status = check_alignment(algorithm, *mm)) return status;
    if (mm->workspace_bytes < workspace_of(*algorithm.kind, shape, mm->d_layout.type))
        return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "the workspace is smaller than the algorithm's");
    mm->algorithm = algorithm.kind->id;
    mm->split_k = static_cast<size_t>(algorithm.kind->split_k);
    mm->reduced_by_kernel = has_reduction_kernel(*algorithm.kind);
    mm->parts_as_output = algorithm.kind->reduction == CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
    return static_cast<cublasStatus_t>(runtime().injections.failure_of(mm->algorithm, algorithm.position));
}

// A split product is two kernels, of which the second leaves the result.
cudaError_t enqueue_matmul(cudaStream_t stream, const Matmul &mm)
{
    if (mm.reduced_by_kernel)
        if (cudaError_t error = enqueue(stream, cudaGraphNodeTypeKernel, [] {})) return error;
    return enqueue(stream, cudaGraphNodeTypeKernel, [mm] { run_matmul(mm); });
}
} // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    return lt_call("cublasLtCreate", [&] {
        if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        *handle = made(new cublasLtContext);
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    return lt_call("cublasLtDestroy", [&] { return destroy_object(handle); });
}

const char *cublasLtGetStatusName(cublasStatus_t status)
{
    switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_LICENSE_ERROR: return "CUBLAS_STATUS_LICENSE_ERROR";
    }
    return "unknown cuBLAS status";
}

const char *cublasLtGetStatusString(cublasStatus_t status)
{
    return cublasLtGetStatusName(status);
}

size_t cublasLtGetVersion(void)
{
    return CUBLAS_VERSION;
}

size_t cublasLtGetCudartVersion(void)
{
    return CUDART_VERSION;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *description, cublasComputeType_t compute_type,
                                        cudaDataType_t scale_type)
{
    return lt_call("cublasLtMatmulDescCreate", [&] {
        if (description == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        *description = made(new MatmulDescription{compute_type, scale_type});
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description)
{
    return lt_call("cublasLtMatmulDescDestroy", [&] { return destroy_object(description); });
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t op, cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t bytes)
{
    return lt_call("cublasLtMatmulDescSetAttribute", [&] {
        if (op == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        switch (attribute) {
        case CUBLASLT_MATMUL_DESC_TRANSA: return set(&op->transpose_a, value, bytes);
        case CUBLASLT_MATMUL_DESC_TRANSB: return set(&op->transpose_b, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE: return set(&op->epilogue, value, bytes);
        case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return set(&op->bias, value, bytes);
        case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: return set(&op->bias_type, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER: return set(&op->aux, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD: return set(&op->aux_leading, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE: return set(&op->aux_type, value, bytes);
        case CUBLASLT_MATMUL_DESC_POINTER_MODE: return set(&op->pointer_mode, value, bytes);
        default: return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "an attribute that is not simulated");
        }
    });
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading_dimension)
{
    return lt_call("cublasLtMatrixLayoutCreate", [&] {
        if (layout == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        *layout = made(new MatrixLayout{type, rows, columns, leading_dimension});
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    return lt_call("cublasLtMatrixLayoutDestroy", [&] { return destroy_object(layout); });
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void *value,
                                                size_t bytes)
{
    return lt_call("cublasLtMatrixLayoutSetAttribute", [&] {
        if (layout == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        switch (attribute) {
        case CUBLASLT_MATRIX_LAYOUT_ORDER: return set(&layout->order, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_ROWS: return set(&layout->rows, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_COLS: return set(&layout->columns, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_LD: return set(&layout->leading, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT: return set(&layout->batches, value, bytes);
        default: return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "a layout attribute that is not simulated");
        }
    });
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    return lt_call("cublasLtMatmulPreferenceCreate", [&] {
        if (preference == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        *preference = made(new simt_matmul_preference);
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    return lt_call("cublasLtMatmulPreferenceDestroy", [&] { return destroy_object(preference); });
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
                                                    size_t bytes)
{
    return lt_call("cublasLtMatmulPreferenceSetAttribute", [&] {
        if (preference == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
        switch (attribute) {
        case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return set(&preference->workspace_bytes, value, bytes);
        case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: return set(&preference->reduction_schemes, value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: return set(&preference->alignment[0], value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: return set(&preference->alignment[1], value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: return set(&preference->alignment[2], value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: return set(&preference->alignment[3], value, bytes);
        default: return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "a preference that is not simulated");
        }
    });
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t a_layout, const void *b, cublasLtMatrixLayout_t b_layout,
                              const void *beta, const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algo, void *workspace,
                              size_t workspace_bytes, cudaStream_t stream)
{
    return lt_call("cublasLtMatmul", [&] {
        if (handle == nullptr || operation == nullptr || alpha == nullptr || beta == nullptr || a_layout == nullptr ||
            b_layout == nullptr || c_layout == nullptr || d_layout == nullptr)
            return CUBLAS_STATUS_INVALID_VALUE;
        if (runtime().sticky_error != cudaSuccess) return CUBLAS_STATUS_EXECUTION_FAILED;
        if (operation->pointer_mode != CUBLASLT_POINTER_MODE_HOST)
            return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "alpha and beta in device memory are not simulated");
        if (cublasStatus_t status = check_matmul(*operation, *a_layout, *b_layout, *c_layout, *d_layout)) return status;
        Matmul matmul{*operation,
                      *a_layout,
                      *b_layout,
                      *c_layout,
                      *d_layout,
                      a,
                      b,
                      c,
                      d,
                      *static_cast<const float *>(alpha),
                      *static_cast<const float *>(beta),
                      workspace,
                      workspace_bytes};
        if (cublasStatus_t status = check_memory(matmul)) return status;
        if (cublasStatus_t status = take_algorithm(algo, &matmul)) return status;
        ++runtime().counters.launches;
        return enqueue_matmul(stream, matmul) == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
    });
}
}
