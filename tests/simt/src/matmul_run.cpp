// Executes a matrix product: inputs are widened to float, or rounded to what tensor cores see, and oneDNN multiplies.
#include "matmul.hpp"

#include "memory.hpp"
#include "runtime.hpp"

#include <cmath>
#include <cstring>

#if defined(SIMT_ONEDNN)
#include <oneapi/dnnl/dnnl.h>
#endif

namespace simt
{
namespace
{
// 10 bits of mantissa, to nearest, ties away from zero: what cvt.rna.tf32.f32 does.
float round_to_tf32(float value)
{
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7f800000u) != 0x7f800000u) bits = (bits + 0x1000u) & ~0x1fffu;
    std::memcpy(&value, &bits, sizeof bits);
    return value;
}

// The number that an element of the type can hold.
float round_to(cudaDataType type, float value)
{
    float element;
    store(&element, type, 0, value);
    return load(&element, type, 0);
}

// The matrix as float, without gaps between columns.
std::vector<float> read_matrix(const void *matrix, const MatrixLayout &layout, bool tf32)
{
    std::vector<float> result(layout.rows * layout.columns);
    for (size_t column = 0; column < layout.columns; ++column)
        for (size_t row = 0; row < layout.rows; ++row) {
            const size_t from = column * static_cast<size_t>(layout.leading) + row;
            const float value = load(matrix, layout.type, from);
            result[column * layout.rows + row] = tf32 ? round_to_tf32(value) : value;
        }
    return result;
}
} // namespace

size_t bytes_of(cudaDataType type)
{
    return type == CUDA_R_16BF ? 2 : 4;
}

float load(const void *matrix, cudaDataType type, size_t index)
{
    if (type == CUDA_R_32F) return static_cast<const float *>(matrix)[index];
    const uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t *>(matrix)[index]) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

void store(void *matrix, cudaDataType type, size_t index, float value)
{
    if (type == CUDA_R_32F) {
        static_cast<float *>(matrix)[index] = value;
        return;
    }
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits = std::isnan(value) ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    static_cast<uint16_t *>(matrix)[index] = static_cast<uint16_t>(bits);
}

void multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
              const float *b, size_t ldb, float *c)
{
#if defined(SIMT_ONEDNN)
    // oneDNN is row-major: it computes the transposed product, B' A'.
    const auto dim = [](size_t value) { return static_cast<dnnl_dim_t>(value); };
    const dnnl_status_t status = dnnl_sgemm(transpose_b ? 'T' : 'N', transpose_a ? 'T' : 'N', dim(n), dim(m), dim(k),
                                            alpha, b, dim(ldb), a, dim(lda), 0.0f, c, dim(m));
    if (status != dnnl_success)
        device_fault(cudaErrorUnknown, "dnnl_sgemm failed with status " + std::to_string(status));
#else
    for (size_t j = 0; j < n; ++j)
        for (size_t i = 0; i < m; ++i) {
            float sum = 0.0f;
            for (size_t l = 0; l < k; ++l)
                sum +=
                    (transpose_a ? a[i * lda + l] : a[l * lda + i]) * (transpose_b ? b[l * ldb + j] : b[j * ldb + l]);
            c[j * m + i] = alpha * sum;
        }
#endif
}

namespace
{
// alpha A B, k in as many parts as the algorithm has.
std::vector<float> product(const Matmul &mm)
{
    const bool tf32 = mm.description.compute_type == CUBLAS_COMPUTE_32F_FAST_TF32 && mm.a_layout.type == CUDA_R_32F;
    const bool ta = mm.description.transpose_a != CUBLAS_OP_N, tb = mm.description.transpose_b != CUBLAS_OP_N;
    const std::vector<float> a = read_matrix(mm.a, mm.a_layout, tf32), b = read_matrix(mm.b, mm.b_layout, tf32);
    const size_t lda = mm.a_layout.rows, ldb = mm.b_layout.rows;
    const auto start = [&](size_t part) { return part * mm.k() / mm.split_k; };
    std::vector<float> d(mm.m() * mm.n()), sums(d.size());
    for (size_t part = 0; part < mm.split_k; ++part) {
        const size_t from = start(part), count = start(part + 1) - from;
        multiply(ta, tb, mm.m(), mm.n(), count, mm.alpha, a.data() + (ta ? from : from * lda), lda,
                 b.data() + (tb ? from * ldb : from), ldb, sums.data());
        if (mm.parts_as_output)
            for (float &sum : sums)
                sum = round_to(mm.d_layout.type, sum);
        if (part == 0)
            d.swap(sums);
        else
            for (size_t i = 0; i < d.size(); ++i)
                d[i] += sums[i];
    }
    return d;
}
} // namespace

void run_matmul(const Matmul &mm)
{
    Runtime &rt = runtime();
    ++rt.counters.matmuls_run;
    rt.device_microseconds += rt.injections.duration_of_product(mm.algorithm, mm.description.epilogue);
    if (rt.running_graph) ++rt.counters.graph_kernels_run;
    if (check_memory(mm) != CUBLAS_STATUS_SUCCESS) { // freed since: a graph may outlive memory that it names
        device_fault(cudaErrorIllegalAddress, rt.message);
        return;
    }
    // Its contents after a product are undefined.
    if (mm.workspace_bytes != 0) std::memset(mm.workspace, 0xff, mm.workspace_bytes);
    std::vector<float> d = product(mm);
    if (rt.injections.is_wrong(mm.algorithm, static_cast<int>(mm.split_k), mm.k()))
        for (float &sum : d)
            sum *= 1.0f + 1.0f / 256.0f;
    if (mm.beta != 0.0f)
        for (size_t column = 0; column < mm.n(); ++column)
            for (size_t row = 0; row < mm.m(); ++row)
                d[column * mm.m() + row] +=
                    mm.beta * load(mm.c, mm.c_layout.type, column * static_cast<size_t>(mm.c_layout.leading) + row);
    apply_epilogue(mm, &d);
    for (size_t column = 0; column < mm.n(); ++column)
        for (size_t row = 0; row < mm.m(); ++row)
            store(mm.d, mm.d_layout.type, column * static_cast<size_t>(mm.d_layout.leading) + row,
                  d[column * mm.m() + row]);
    const std::string overrun = find_overrun();
    if (!overrun.empty()) device_fault(cudaErrorIllegalAddress, "a matrix product wrote " + overrun);
}
} // namespace simt
