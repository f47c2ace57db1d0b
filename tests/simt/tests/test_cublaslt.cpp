// Matrix products: every epilogue against plain loops, and the constraints.
#include "product.hpp"

#include <cmath>

namespace
{
double gelu(double x)
{
    return 0.5 * x * (1.0 + std::tanh(0.7978845608 * (x + 0.044715 * x * x * x)));
}

double gelu_derivative(double x)
{
    return (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5;
}

void expect_close(const char *what, double got, double want, const Problem &p)
{
    const double tolerance = (p.out == CUDA_R_16BF ? 8e-3 : 2e-5) * (std::fabs(want) + 1.0);
    cr_expect(std::fabs(got - want) <= tolerance, "epilogue %d, %s: %g, not %g", p.epilogue, what, got, want);
}

void check(const Problem &p)
{
    Run run(p);
    const size_t k = p.k;
    const auto a = run.a.read(), b = run.b.read(), c = run.c.read(), bias = run.bias.read(), aux = run.mask.read();
    run.enqueue();
    cr_assert(run.status == CUBLAS_STATUS_SUCCESS && run.heuristic == CUBLAS_STATUS_SUCCESS, "%s", simt_last_message());
    const auto d = run.d.read(), new_bias = run.bias.read(), new_aux = run.mask.read();
    const auto *old_bits = reinterpret_cast<const uint8_t *>(aux.data());
    const auto *new_bits = reinterpret_cast<const uint8_t *>(new_aux.data());
    const uint32_t e = p.epilogue;
    std::vector<double> row_sums(m);
    for (size_t j = 0; j < n; ++j)
        for (size_t i = 0; i < m; ++i) {
            double x = 0.0;
            for (size_t l = 0; l < k; ++l)
                x += double(p.ta ? a[i * k + l] : a[l * m + i]) * double(p.tb ? b[l * n + j] : b[j * k + l]);
            x = double(p.alpha) * x + double(p.beta) * double(c[j * m + i]);
            const size_t bit = j * aux_leading + i;
            if ((e & 4) != 0) x += double(bias[i]);
            if ((e & (2 | 128)) == (2 | 128)) cr_expect_eq(new_bits[bit / 8] >> bit % 8 & 1, x > 0.0);
            if ((e & (32 | 128)) == (32 | 128)) expect_close("aux", double(new_aux[bit]), x, p);
            if ((e & 2) != 0) x = std::max(x, 0.0);
            if ((e & 32) != 0) x = gelu(x);
            if ((e & 8) != 0) x = (old_bits[bit / 8] >> bit % 8 & 1) != 0 ? x : 0.0;
            if ((e & 64) != 0) x *= gelu_derivative(double(aux[bit]));
            row_sums[i] += x;
            expect_close("D", double(d[j * m + i]), x, p);
        }
    for (size_t i = 0; (e & 16) != 0 && i < m; ++i)
        expect_close("bias gradient", double(new_bias[i]), row_sums[i], p);
    for (size_t i = 0; (e & 256) != 0 && i < m; ++i) {
        double sum = 0.0;
        for (size_t l = 0; l < k; ++l)
            sum += double(p.ta ? a[i * k + l] : a[l * m + i]);
        expect_close("sum of A", double(new_bias[i]), sum, p);
    }
    for (size_t j = 0; (e & 512) != 0 && j < n; ++j) {
        double sum = 0.0;
        for (size_t l = 0; l < k; ++l)
            sum += double(p.tb ? b[l * n + j] : b[j * k + l]);
        expect_close("sum of B", double(new_bias[j]), sum, p);
    }
}
} // namespace

Test(cublaslt, transpositions_and_scales)
{
    for (const bool ta : {false, true})
        for (const bool tb : {false, true}) {
            Problem p;
            p.ta = ta;
            p.tb = tb;
            check(p);
            p.alpha = 0.5f;
            p.beta = -2.0f;
            check(p);
        }
}

Test(cublaslt, epilogues)
{
    for (const cublasLtEpilogue_t epilogue :
         {CUBLASLT_EPILOGUE_RELU, CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS, CUBLASLT_EPILOGUE_RELU_AUX,
          CUBLASLT_EPILOGUE_RELU_AUX_BIAS, CUBLASLT_EPILOGUE_DRELU, CUBLASLT_EPILOGUE_DRELU_BGRAD,
          CUBLASLT_EPILOGUE_GELU, CUBLASLT_EPILOGUE_GELU_BIAS, CUBLASLT_EPILOGUE_GELU_AUX,
          CUBLASLT_EPILOGUE_GELU_AUX_BIAS, CUBLASLT_EPILOGUE_DGELU, CUBLASLT_EPILOGUE_DGELU_BGRAD,
          CUBLASLT_EPILOGUE_BGRADA, CUBLASLT_EPILOGUE_BGRADB})
        for (const bool transposed : {false, true}) {
            Problem p;
            p.epilogue = epilogue;
            p.ta = p.tb = transposed;
            check(p);
        }
}

Test(cublaslt, bfloat16)
{
    Problem p;
    p.in = CUDA_R_16BF;
    p.epilogue = CUBLASLT_EPILOGUE_RELU_BIAS;
    check(p);
    p.out = CUDA_R_16BF;
    check(p);
}

Test(cublaslt, tf32_rounds_inputs)
{
    Problem p;
    p.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
    check(p); // inputs that TF32 holds exactly
    Run run(p);
    const float third = 1.0f / 3.0f;
    const std::vector<float> thirds(m * p.k, third), ones(p.k * n, 1.0f);
    CHECK(cudaMemcpy(run.a.pointer, thirds.data(), m * p.k * 4, cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy(run.b.pointer, ones.data(), p.k * n * 4, cudaMemcpyHostToDevice));
    run.enqueue();
    const double rounded = 1365.0 / 4096.0; // 1/3 with 11 significant bits
    cr_assert_float_eq(run.d.read()[0], rounded * double(p.k), 1e-4);
}

Test(cublaslt, constraints)
{
    simt_print_faults(0);
    const auto status_of = [](const Problem &p) {
        Run run(p);
        run.enqueue();
        cr_expect(run.heuristic == CUBLAS_STATUS_SUCCESS || run.heuristic == run.status);
        return run.status;
    };
    Problem p;
    p.epilogue = CUBLASLT_EPILOGUE_RELU_AUX;
    p.aux_ld = 64;
    cr_expect_eq(status_of(p), CUBLAS_STATUS_INVALID_VALUE);
    p.aux_ld = 0;
    cr_expect_eq(status_of(p), CUBLAS_STATUS_INVALID_VALUE);
    p = Problem();
    p.epilogue = CUBLASLT_EPILOGUE_BIAS;
    p.with_bias = false;
    cr_expect_eq(status_of(p), CUBLAS_STATUS_INVALID_VALUE);
    p = Problem();
    p.out = CUDA_R_16BF;
    cr_expect_eq(status_of(p), CUBLAS_STATUS_NOT_SUPPORTED);
    p = Problem();
    p.epilogue = CUBLASLT_EPILOGUE_RELU_BIAS;
    simt_cublaslt_refuse_epilogues(1);
    cr_expect_eq(status_of(p), CUBLAS_STATUS_NOT_SUPPORTED);
    p.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    cr_expect_eq(status_of(p), CUBLAS_STATUS_SUCCESS);
    simt_fail_call("cublasLtMatmul", 1, CUBLAS_STATUS_EXECUTION_FAILED);
    cr_expect_eq(status_of(p), CUBLAS_STATUS_EXECUTION_FAILED);
}

Test(cublaslt, is_one_node_of_a_graph)
{
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    Run run((Problem()));
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
    run.enqueue(stream);
    CHECK(cudaStreamEndCapture(stream, &graph));
    cr_assert_eq(run.status, CUBLAS_STATUS_SUCCESS);
    size_t nodes = 0;
    CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
    cr_assert_eq(nodes, 1);
    CHECK(cudaGraphInstantiate(&exec, graph, 0));
    cr_assert_eq(run.d.read()[0], 9.0f);
    CHECK(cudaGraphLaunch(exec, stream));
    CHECK(cudaStreamSynchronize(stream));
    cr_assert_neq(run.d.read()[0], 9.0f);
    cr_assert_eq(simt_get_counters().matmuls_run, 1);
    CHECK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphDestroy(graph));
    CHECK(cudaStreamDestroy(stream));
}

Test(cublaslt, objects_in_use_are_counted)
{
    cr_assert_eq(simt_get_counters().objects_in_use, 0);
    {
        Run run((Problem()));
        cr_assert_eq(simt_get_counters().objects_in_use, 7, "a handle, a description, four layouts, a preference");
        cudaStream_t stream;
        cudaEvent_t event;
        CHECK(cudaStreamCreate(&stream));
        CHECK(cudaEventCreate(&event));
        cr_assert_eq(simt_get_counters().objects_in_use, 9);
        simt_reset_counters();
        cr_assert_eq(simt_get_counters().objects_in_use, 9);
        CHECK(cudaEventDestroy(event));
        CHECK(cudaStreamDestroy(stream));
    }
    cr_assert_eq(simt_get_counters().objects_in_use, 0);
}
