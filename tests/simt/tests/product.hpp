// Matrix products of random numbers, for the tests of cuBLASLt.
#pragma once

#include "support.hpp"

#include <cublasLt.h>

#include <algorithm>
#include <cstring>
#include <random>

constexpr size_t m = 37, n = 21, aux_leading = 128;

struct Problem {
    bool ta = false, tb = false;
    cudaDataType in = CUDA_R_32F, out = CUDA_R_32F;
    cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    float alpha = 1.0f, beta = 0.0f;
    int64_t aux_ld = aux_leading;
    bool with_bias = true;
    size_t k = 53;
    size_t workspace_bytes = 1 << 20;
    uint32_t reduction_schemes = CUBLASLT_REDUCTION_SCHEME_MASK;
    uint32_t alignment = 256;
};

inline float to_bf16(float x)
{
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    bits = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
    std::memcpy(&x, &bits, 4);
    return x;
}

// A float array on the device, stored in the type.
struct Array {
    cudaDataType type;
    size_t count;
    void *pointer = nullptr;

    Array(cudaDataType element, const std::vector<float> &values) : type(element), count(values.size())
    {
        std::vector<uint16_t> halves(count);
        for (size_t i = 0; i < count; ++i) {
            uint32_t bits;
            std::memcpy(&bits, &values[i], 4);
            halves[i] = static_cast<uint16_t>(bits >> 16);
        }
        const bool full = type == CUDA_R_32F;
        const void *source = full ? static_cast<const void *>(values.data()) : halves.data();
        const size_t bytes = count * (full ? 4 : 2);
        CHECK(cudaMalloc(&pointer, bytes));
        CHECK(cudaMemcpy(pointer, source, bytes, cudaMemcpyHostToDevice));
    }
    ~Array()
    {
        cudaFree(pointer);
    }
    std::vector<float> read() const
    {
        if (type == CUDA_R_32F) return read_back(static_cast<const float *>(pointer), count);
        const auto halves = read_back(static_cast<const uint16_t *>(pointer), count);
        std::vector<float> values(count);
        for (size_t i = 0; i < count; ++i) {
            const uint32_t bits = static_cast<uint32_t>(halves[i]) << 16;
            std::memcpy(&values[i], &bits, 4);
        }
        return values;
    }
};

inline std::vector<float> random_values(size_t count, unsigned seed)
{
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float &v : values)
        v = to_bf16(normal(generator)); // exact in any type
    return values;
}

template <class T> void set(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t attribute, T value)
{
    cr_assert_eq(cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof value), CUBLAS_STATUS_SUCCESS);
}

// The descriptors of a problem and its arrays.
struct Run {
    Problem p;
    size_t k;
    Array a, b, c, d, bias, mask;
    void *workspace = nullptr;
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS, heuristic = CUBLAS_STATUS_SUCCESS;
    cublasLtHandle_t handle = nullptr;
    cublasLtMatmulDesc_t op = nullptr;
    cublasLtMatmulPreference_t preference = nullptr;
    cublasLtMatrixLayout_t la = nullptr, lb = nullptr, lc = nullptr, ld = nullptr;

    explicit Run(const Problem &problem)
        : p(problem), k(p.k), a(p.in, random_values(m * k, 1)), b(p.in, random_values(k * n, 2)),
          c(p.out, random_values(m * n, 3)), d(p.out, std::vector<float>(m * n, 9.0f)),
          bias(p.out, random_values(m, 4)), mask(p.out, random_values(aux_leading * n, 5))
    {
        if (p.workspace_bytes != 0) CHECK(cudaMalloc(&workspace, p.workspace_bytes));
        cublasLtCreate(&handle);
        cublasLtMatmulDescCreate(&op, p.compute, CUDA_R_32F);
        set(op, CUBLASLT_MATMUL_DESC_TRANSA, p.ta ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(op, CUBLASLT_MATMUL_DESC_TRANSB, p.tb ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(op, CUBLASLT_MATMUL_DESC_EPILOGUE, p.epilogue);
        set(op, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.with_bias ? bias.pointer : nullptr);
        set(op, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, mask.pointer);
        set(op, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, p.aux_ld);
        cublasLtMatrixLayoutCreate(&la, p.in, p.ta ? k : m, p.ta ? m : k, static_cast<int64_t>(p.ta ? k : m));
        cublasLtMatrixLayoutCreate(&lb, p.in, p.tb ? n : k, p.tb ? k : n, static_cast<int64_t>(p.tb ? n : k));
        cublasLtMatrixLayoutCreate(&lc, p.out, m, n, m);
        cublasLtMatrixLayoutCreate(&ld, p.out, m, n, m);
        cublasLtMatmulPreferenceCreate(&preference);
        prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, p.workspace_bytes);
        prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, p.reduction_schemes);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, p.alignment);
    }
    Run(const Run &) = delete;
    ~Run()
    {
        if (workspace != nullptr) cudaFree(workspace);
        for (cublasLtMatrixLayout_t layout : {la, lb, lc, ld})
            cublasLtMatrixLayoutDestroy(layout);
        cublasLtMatmulPreferenceDestroy(preference);
        cublasLtMatmulDescDestroy(op);
        cublasLtDestroy(handle);
    }

    template <class T> void prefer(cublasLtMatmulPreferenceAttributes_t attribute, T value)
    {
        cr_assert_eq(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
                     CUBLAS_STATUS_SUCCESS);
    }

    std::vector<cublasLtMatmulHeuristicResult_t> candidates(int requested)
    {
        std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(requested));
        int found = -1;
        heuristic =
            cublasLtMatmulAlgoGetHeuristic(handle, op, la, lb, lc, ld, preference, requested, results.data(), &found);
        results.resize(static_cast<size_t>(std::max(found, 0)));
        return results;
    }

    void multiply(const cublasLtMatmulAlgo_t *algo, cudaStream_t stream = nullptr)
    {
        status = cublasLtMatmul(handle, op, &p.alpha, a.pointer, la, b.pointer, lb, &p.beta, c.pointer, lc, d.pointer,
                                ld, algo, workspace, p.workspace_bytes, stream);
    }

    // With the heuristic's first choice.
    void enqueue(cudaStream_t stream = nullptr)
    {
        const auto found = candidates(1);
        multiply(found.empty() ? nullptr : &found[0].algo, stream);
    }
};
