// The algorithms of simulated matrix products, and the 64 bytes that stand for one.
#pragma once

#include "matmul.hpp"

namespace simt
{
struct AlgorithmKind {
    int32_t id;
    uint32_t tile, tile_rows, tile_columns;
    uint32_t stages;
    int32_t split_k;
    uint32_t reduction;
    uint32_t alignment; // bytes, of all four matrices
    uint32_t workspace; // bytes, besides those of partial sums
};

// An algorithm as the heuristic made it, and as it may come back from a file.
struct Algorithm {
    const AlgorithmKind *kind;
    cudaDataType in, out;
    int32_t compute_type;
    uint32_t alignment[4]; // that the preference promised, of A, B, C, D
    int32_t position;      // in the heuristic's list
};

void encode(const Algorithm &algorithm, cublasLtMatmulAlgo_t *bytes);
// False if no algorithm of this library has these bytes.
bool decode(const cublasLtMatmulAlgo_t &bytes, Algorithm *algorithm);

struct Shape {
    uint64_t m, n, k;
};

// Those that can do the product within the preference, best first.
std::vector<const AlgorithmKind *> list_algorithms(const Shape &shape, const simt_matmul_preference &preference,
                                                   cudaDataType out);
size_t workspace_of(const AlgorithmKind &kind, const Shape &shape, cudaDataType out);
float waves_of(const AlgorithmKind &kind, const Shape &shape);
// Whether another kernel adds up the parts of k.
bool has_reduction_kernel(const AlgorithmKind &kind);
// What cublasLtMatmulAlgoCheck says of an algorithm that was decoded.
cublasStatus_t check_algorithm(const Algorithm &algorithm, const MatmulDescription &description, const MatrixLayout &a,
                               const MatrixLayout &d, const Shape &shape);
} // namespace simt
