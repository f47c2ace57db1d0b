// A matrix product as cuBLASLt describes it. Everything is column-major.
#pragma once

#include "../include/cublasLt.h"

#include <string>
#include <vector>

struct simt_matmul_description {
    cublasComputeType_t compute_type;
    cudaDataType_t scale_type;
    cublasOperation_t transpose_a = CUBLAS_OP_N, transpose_b = CUBLAS_OP_N;
    uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    void *bias = nullptr;
    void *aux = nullptr;
    int64_t aux_leading = 0;
    int32_t bias_type = -1, aux_type = -1; // -1: as the output
    int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
};

struct simt_matrix_layout {
    cudaDataType type;
    uint64_t rows, columns;
    int64_t leading;
    int32_t order = CUBLASLT_ORDER_COL;
    int32_t batches = 1;
};

struct simt_matmul_preference {
    uint64_t workspace_bytes = 0;
    uint32_t reduction_schemes = CUBLASLT_REDUCTION_SCHEME_MASK;
    uint32_t alignment[4] = {256, 256, 256, 256}; // of A, B, C, D
};

namespace simt
{
using MatmulDescription = simt_matmul_description;
using MatrixLayout = simt_matrix_layout;

// The k of m x k times k x n.
inline uint64_t inner_extent(const MatmulDescription &description, const MatrixLayout &a)
{
    return description.transpose_a == CUBLAS_OP_N ? a.columns : a.rows;
}

struct Matmul {
    MatmulDescription description;
    MatrixLayout a_layout, b_layout, c_layout, d_layout;
    const void *a, *b, *c;
    void *d;
    float alpha, beta; // read when the product is enqueued, as host pointers
    void *workspace;
    size_t workspace_bytes;
    int algorithm = -1;
    size_t split_k = 1;             // parts of k that are summed each for itself
    bool reduced_by_kernel = false; // the parts are added up by a kernel of their own
    bool parts_as_output = false;   // the parts are rounded to the type of D

    size_t m() const
    {
        return d_layout.rows;
    }
    size_t n() const
    {
        return d_layout.columns;
    }
    size_t k() const
    {
        return inner_extent(description, a_layout);
    }
};

constexpr uint32_t epilogue_relu = 2, epilogue_bias = 4, epilogue_drelu = 8, epilogue_bias_gradient = 16,
                   epilogue_gelu = 32, epilogue_dgelu = 64, epilogue_aux = 128, epilogue_of_a = 256,
                   epilogue_of_b = 512;

// What is wrong with the product as cuBLASLt's documentation has it.
cublasStatus_t check_matmul(const MatmulDescription &description, const MatrixLayout &a, const MatrixLayout &b,
                            const MatrixLayout &c, const MatrixLayout &d);
// That every matrix lies in device memory. A GPU finds out only when it runs, if at all.
cublasStatus_t check_memory(const Matmul &matmul);
cublasStatus_t refuse_matmul(cublasStatus_t status, const std::string &reason);

void run_matmul(const Matmul &matmul);

// D [m, n] holds alpha A B + beta C as float; the epilogue changes it and writes its other outputs.
void apply_epilogue(const Matmul &matmul, std::vector<float> *d);

// C = A B: column-major A [m, k] and B [k, n], transposed where told; C has leading dimension m.
void multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
              const float *b, size_t ldb, float *c);

size_t bytes_of(cudaDataType type);
float load(const void *matrix, cudaDataType type, size_t index);
void store(void *matrix, cudaDataType type, size_t index, float value);
} // namespace simt
