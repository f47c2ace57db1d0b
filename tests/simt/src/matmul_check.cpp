// The constraints on matrix products that cuBLASLt documents.
#include "matmul.hpp"

#include "memory.hpp"
#include "runtime.hpp"

namespace simt
{
namespace
{
bool is_float_or_bf16(cudaDataType type)
{
    return type == CUDA_R_32F || type == CUDA_R_16BF;
}

bool known_epilogue(uint32_t epilogue)
{
    switch (epilogue) {
    case CUBLASLT_EPILOGUE_DEFAULT:
    case CUBLASLT_EPILOGUE_RELU:
    case CUBLASLT_EPILOGUE_RELU_AUX:
    case CUBLASLT_EPILOGUE_BIAS:
    case CUBLASLT_EPILOGUE_RELU_BIAS:
    case CUBLASLT_EPILOGUE_RELU_AUX_BIAS:
    case CUBLASLT_EPILOGUE_DRELU:
    case CUBLASLT_EPILOGUE_DRELU_BGRAD:
    case CUBLASLT_EPILOGUE_GELU:
    case CUBLASLT_EPILOGUE_GELU_AUX:
    case CUBLASLT_EPILOGUE_GELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
    case CUBLASLT_EPILOGUE_DGELU:
    case CUBLASLT_EPILOGUE_DGELU_BGRAD:
    case CUBLASLT_EPILOGUE_BGRADA:
    case CUBLASLT_EPILOGUE_BGRADB: return true;
    }
    return false;
}

cublasStatus_t check_types(const MatmulDescription &op, const MatrixLayout &a, const MatrixLayout &b,
                           const MatrixLayout &c, const MatrixLayout &d)
{
    const bool good_compute = op.compute_type == CUBLAS_COMPUTE_32F || op.compute_type == CUBLAS_COMPUTE_32F_PEDANTIC ||
                              op.compute_type == CUBLAS_COMPUTE_32F_FAST_TF32;
    if (!good_compute || op.scale_type != CUDA_R_32F)
        return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "only 32-bit float sums and scales are simulated");
    if (!is_float_or_bf16(a.type) || a.type != b.type || !is_float_or_bf16(d.type) || c.type != d.type)
        return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED,
                             "A and B, and C and D, are of one type each, float or bfloat16");
    if (a.type == CUDA_R_32F && d.type != CUDA_R_32F)
        return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "no product of float matrices has a bfloat16 result");
    for (const MatrixLayout *l : {&a, &b, &c, &d})
        if (l->order != CUBLASLT_ORDER_COL || l->batches != 1)
            return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "only single column-major matrices are simulated");
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_shapes(const MatmulDescription &op, const MatrixLayout &a, const MatrixLayout &b,
                            const MatrixLayout &c, const MatrixLayout &d)
{
    for (const MatrixLayout *l : {&a, &b, &c, &d})
        if (l->rows == 0 || l->columns == 0 || l->leading < static_cast<int64_t>(l->rows))
            return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "a leading dimension is less than the number of rows");
    const bool ta = op.transpose_a != CUBLAS_OP_N, tb = op.transpose_b != CUBLAS_OP_N;
    const uint64_t m = ta ? a.columns : a.rows, k = ta ? a.rows : a.columns;
    const uint64_t k2 = tb ? b.columns : b.rows, n = tb ? b.rows : b.columns;
    if (k != k2 || d.rows != m || d.columns != n || c.rows != m || c.columns != n)
        return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "op(A) is " + std::to_string(m) + "x" + std::to_string(k) +
                                                              ", op(B) " + std::to_string(k2) + "x" +
                                                              std::to_string(n) + ", D " + std::to_string(d.rows) +
                                                              "x" + std::to_string(d.columns) + ", C " +
                                                              std::to_string(c.rows) + "x" + std::to_string(c.columns));
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_epilogue(const MatmulDescription &op, const MatrixLayout &a, const MatrixLayout &d)
{
    const uint32_t e = op.epilogue;
    if (!known_epilogue(e)) return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "unknown epilogue " + std::to_string(e));
    if (runtime().injections.refuses(e, d.rows, d.columns, inner_extent(op, a))) return CUBLAS_STATUS_NOT_SUPPORTED;
    const auto m = static_cast<int64_t>(d.rows);
    if ((e & (epilogue_bias | epilogue_bias_gradient | epilogue_of_a | epilogue_of_b)) != 0) {
        if (op.bias_type != -1 && op.bias_type != d.type && op.bias_type != CUDA_R_32F)
            return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "the bias is neither of D's type nor float");
    }
    if ((e & epilogue_aux) == 0) return CUBLAS_STATUS_SUCCESS;
    const bool mask = (e & (epilogue_relu | epilogue_drelu)) != 0;
    if (op.aux_leading < m || op.aux_leading % (mask ? 128 : 8) != 0)
        return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "the leading dimension of the auxiliary matrix, " +
                                                              std::to_string(op.aux_leading) + ", is less than " +
                                                              std::to_string(m) + " rows or not a multiple of " +
                                                              (mask ? "128" : "8"));
    if (!mask && op.aux_type != -1 && op.aux_type != d.type)
        return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "the auxiliary matrix is not of D's type");
    return CUBLAS_STATUS_SUCCESS;
}
size_t extent(const MatrixLayout &layout)
{
    return (static_cast<size_t>(layout.leading) * (layout.columns - 1) + layout.rows) * bytes_of(layout.type);
}

cublasStatus_t check_range(const char *what, const void *pointer, size_t bytes)
{
    if (is_device_range(pointer, bytes) || is_pinned_host_range(pointer, bytes)) return CUBLAS_STATUS_SUCCESS;
    return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE,
                         std::string(what) + ", " + std::to_string(bytes) +
                             " bytes, is not in device memory: " + describe_device_address(pointer));
}

cublasStatus_t check_epilogue_memory(const Matmul &mm)
{
    const MatmulDescription &op = mm.description;
    const uint32_t e = op.epilogue;
    if ((e & (epilogue_bias | epilogue_bias_gradient | epilogue_of_a | epilogue_of_b)) != 0) {
        const cudaDataType type = op.bias_type == -1 ? mm.d_layout.type : static_cast<cudaDataType>(op.bias_type);
        const size_t elements = (e & epilogue_of_b) != 0 ? mm.n() : mm.m();
        if (cublasStatus_t status = check_range("the bias", op.bias, elements * bytes_of(type))) return status;
    }
    if ((e & epilogue_aux) == 0) return CUBLAS_STATUS_SUCCESS;
    const size_t elements = static_cast<size_t>(op.aux_leading) * mm.n();
    const bool mask = (e & (epilogue_relu | epilogue_drelu)) != 0;
    return check_range("the auxiliary matrix", op.aux, mask ? elements / 8 : elements * bytes_of(mm.d_layout.type));
}
} // namespace

cublasStatus_t refuse_matmul(cublasStatus_t status, const std::string &reason)
{
    report("matrix product: " + reason);
    return status;
}

cublasStatus_t check_matmul(const MatmulDescription &op, const MatrixLayout &a, const MatrixLayout &b,
                            const MatrixLayout &c, const MatrixLayout &d)
{
    if (cublasStatus_t status = check_types(op, a, b, c, d)) return status;
    if (cublasStatus_t status = check_shapes(op, a, b, c, d)) return status;
    return check_epilogue(op, a, d);
}

cublasStatus_t check_memory(const Matmul &mm)
{
    if (cublasStatus_t status = check_range("A", mm.a, extent(mm.a_layout))) return status;
    if (cublasStatus_t status = check_range("B", mm.b, extent(mm.b_layout))) return status;
    if (cublasStatus_t status = check_range("D", mm.d, extent(mm.d_layout))) return status;
    if (mm.beta != 0.0f)
        if (cublasStatus_t status = check_range("C", mm.c, extent(mm.c_layout))) return status;
    if (mm.workspace_bytes != 0)
        if (cublasStatus_t status = check_range("the workspace", mm.workspace, mm.workspace_bytes)) return status;
    return check_epilogue_memory(mm);
}
} // namespace simt
