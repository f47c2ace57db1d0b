// Made-up algorithms: their table, their bytes, which of them suit a product, and what they cost.
#include "algorithm.hpp"

#include "runtime.hpp"

#include <algorithm>

namespace simt
{
namespace
{
constexpr uint32_t none = CUBLASLT_REDUCTION_SCHEME_NONE, in_place = CUBLASLT_REDUCTION_SCHEME_INPLACE,
                   compute_type = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE,
                   output_type = CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;

constexpr AlgorithmKind kinds[] = {
    {67, CUBLASLT_MATMUL_TILE_128x128, 128, 128, CUBLASLT_MATMUL_STAGES_64x3, 1, none, 16, 4096},
    {71, CUBLASLT_MATMUL_TILE_128x64, 128, 64, CUBLASLT_MATMUL_STAGES_64x4, 1, none, 16, 0},
    {66, CUBLASLT_MATMUL_TILE_128x256, 128, 256, CUBLASLT_MATMUL_STAGES_128x3, 3, compute_type, 16, 1024},
    {21, CUBLASLT_MATMUL_TILE_64x64, 64, 64, CUBLASLT_MATMUL_STAGES_32x5, 2, compute_type, 16, 0},
    {24, CUBLASLT_MATMUL_TILE_64x128, 64, 128, CUBLASLT_MATMUL_STAGES_32x4, 4, output_type, 8, 0},
    {6, CUBLASLT_MATMUL_TILE_64x32, 64, 32, CUBLASLT_MATMUL_STAGES_16x4, 1, none, 4, 0},
    {13, CUBLASLT_MATMUL_TILE_32x32, 32, 32, CUBLASLT_MATMUL_STAGES_32x3, 5, in_place, 4, 2048},
    {0, CUBLASLT_MATMUL_TILE_256x128, 256, 128, CUBLASLT_MATMUL_STAGES_8x5, 1, none, 2, 0},
};

// The first bytes of every algorithm: its library, so that other bytes are noticed.
constexpr uint32_t mark = 0x53494d54;

uint64_t pair(uint64_t low, uint64_t high)
{
    return low | high << 32;
}

uint32_t low(uint64_t value)
{
    return static_cast<uint32_t>(value);
}

uint32_t high(uint64_t value)
{
    return static_cast<uint32_t>(value >> 32);
}

uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

bool is_uneven(const AlgorithmKind &kind, const Shape &shape)
{
    return shape.k % static_cast<uint64_t>(kind.split_k) != 0;
}

bool is_within(const AlgorithmKind &kind, const Shape &shape, const simt_matmul_preference &preference,
               cudaDataType out)
{
    const auto aligned = [&](uint32_t promised) { return promised % kind.alignment == 0; };
    return workspace_of(kind, shape, out) <= preference.workspace_bytes &&
           static_cast<uint64_t>(kind.split_k) <= shape.k &&
           (kind.reduction == none || (kind.reduction & preference.reduction_schemes) != 0) &&
           std::all_of(std::begin(preference.alignment), std::end(preference.alignment), aligned);
}
} // namespace

// The configuration is written in full, although the id implies it, as the library's own bytes hold it.
void encode(const Algorithm &algorithm, cublasLtMatmulAlgo_t *bytes)
{
    const AlgorithmKind &kind = *algorithm.kind;
    bytes->data[0] = pair(mark, static_cast<uint32_t>(kind.id));
    bytes->data[1] = pair(kind.tile, kind.stages);
    bytes->data[2] = pair(static_cast<uint32_t>(kind.split_k), kind.reduction);
    bytes->data[3] = pair(static_cast<uint32_t>(algorithm.in), static_cast<uint32_t>(algorithm.out));
    bytes->data[4] = pair(static_cast<uint32_t>(algorithm.compute_type), static_cast<uint32_t>(algorithm.position));
    bytes->data[5] = pair(algorithm.alignment[0], algorithm.alignment[1]);
    bytes->data[6] = pair(algorithm.alignment[2], algorithm.alignment[3]);
    bytes->data[7] = 0;
}

bool decode(const cublasLtMatmulAlgo_t &bytes, Algorithm *algorithm)
{
    const auto is_this = [&](const AlgorithmKind &kind) {
        return bytes.data[0] == pair(mark, static_cast<uint32_t>(kind.id)) &&
               bytes.data[1] == pair(kind.tile, kind.stages) &&
               bytes.data[2] == pair(static_cast<uint32_t>(kind.split_k), kind.reduction);
    };
    const AlgorithmKind *kind = std::find_if(std::begin(kinds), std::end(kinds), is_this);
    if (kind == std::end(kinds)) return false;
    *algorithm = {kind,
                  static_cast<cudaDataType>(low(bytes.data[3])),
                  static_cast<cudaDataType>(high(bytes.data[3])),
                  static_cast<int32_t>(low(bytes.data[4])),
                  {low(bytes.data[5]), high(bytes.data[5]), low(bytes.data[6]), high(bytes.data[6])},
                  static_cast<int32_t>(high(bytes.data[4]))};
    const auto is_alignment = [](uint32_t value) { return value != 0; };
    return std::all_of(std::begin(algorithm->alignment), std::end(algorithm->alignment), is_alignment);
}

std::vector<const AlgorithmKind *> list_algorithms(const Shape &shape, const simt_matmul_preference &preference,
                                                   cudaDataType out)
{
    std::vector<const AlgorithmKind *> list;
    for (const AlgorithmKind &kind : kinds)
        if (is_within(kind, shape, preference, out)) list.push_back(&kind);
    if (runtime().injections.uneven_split_k_first)
        std::stable_partition(list.begin(), list.end(), [&](const auto *kind) { return is_uneven(*kind, shape); });
    return list;
}

size_t workspace_of(const AlgorithmKind &kind, const Shape &shape, cudaDataType out)
{
    const size_t of_element = kind.reduction == compute_type  ? sizeof(float)
                              : kind.reduction == output_type ? bytes_of(out)
                                                              : 0;
    return kind.workspace + static_cast<size_t>(kind.split_k) * shape.m * shape.n * of_element;
}

float waves_of(const AlgorithmKind &kind, const Shape &shape)
{
    const uint64_t blocks = divide_up(shape.m, kind.tile_rows) * divide_up(shape.n, kind.tile_columns) *
                            static_cast<uint64_t>(kind.split_k);
    return static_cast<float>(blocks) / static_cast<float>(runtime().options.multiprocessors);
}

bool has_reduction_kernel(const AlgorithmKind &kind)
{
    return kind.reduction == compute_type || kind.reduction == output_type;
}

cublasStatus_t check_algorithm(const Algorithm &algorithm, const MatmulDescription &description, const MatrixLayout &a,
                               const MatrixLayout &d, const Shape &shape)
{
    if (algorithm.in != a.type || algorithm.out != d.type || algorithm.compute_type != description.compute_type)
        return refuse_matmul(CUBLAS_STATUS_INVALID_VALUE, "the algorithm was made for other types");
    if (static_cast<uint64_t>(algorithm.kind->split_k) > shape.k)
        return refuse_matmul(CUBLAS_STATUS_NOT_SUPPORTED, "the algorithm splits k into more parts than it has");
    return CUBLAS_STATUS_SUCCESS;
}
} // namespace simt
