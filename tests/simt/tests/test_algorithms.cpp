// Algorithms of matrix products: what the heuristic offers, how a choice is kept, and what tests can make go wrong.
#include "product.hpp"

#include <cmath>
#include <cstdlib>
#include <set>

namespace
{
using Result = cublasLtMatmulHeuristicResult_t;

template <class T> T attribute(const cublasLtMatmulAlgo_t &algo, cublasLtMatmulAlgoConfigAttributes_t which)
{
    T value{};
    size_t written = 0;
    cr_assert_eq(cublasLtMatmulAlgoConfigGetAttribute(&algo, which, &value, sizeof value, &written),
                 CUBLAS_STATUS_SUCCESS);
    cr_assert_eq(written, sizeof value);
    return value;
}

int32_t id_of(const Result &result)
{
    return attribute<int32_t>(result.algo, CUBLASLT_ALGO_CONFIG_ID);
}

int32_t split_of(const Result &result)
{
    return attribute<int32_t>(result.algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM);
}

uint32_t reduction_of(const Result &result)
{
    return attribute<uint32_t>(result.algo, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME);
}

Result candidate(Run *run, int32_t id)
{
    for (const Result &result : run->candidates(8))
        if (id_of(result) == id) return result;
    cr_assert_fail("no algorithm %d", id);
    return {};
}

double largest_difference(const std::vector<float> &a, const std::vector<float> &b)
{
    double largest = 0.0;
    for (size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, std::fabs(double(a[i]) - double(b[i])));
    return largest;
}

std::vector<float> result_of(Run *run, const cublasLtMatmulAlgo_t &algo)
{
    run->multiply(&algo);
    cr_assert_eq(run->status, CUBLAS_STATUS_SUCCESS, "%s", simt_last_message());
    return run->d.read();
}

size_t nodes_of(Run *run, const cublasLtMatmulAlgo_t &algo)
{
    cudaStream_t stream;
    cudaGraph_t graph;
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
    run->multiply(&algo, stream);
    CHECK(cudaStreamEndCapture(stream, &graph));
    size_t count = 0;
    CHECK(cudaGraphGetNodes(graph, nullptr, &count));
    std::vector<cudaGraphNode_t> nodes(count);
    CHECK(cudaGraphGetNodes(graph, nodes.data(), &count));
    for (const cudaGraphNode_t node : nodes) {
        cudaGraphNodeType type;
        CHECK(cudaGraphNodeGetType(node, &type));
        cr_expect_eq(type, cudaGraphNodeTypeKernel);
    }
    CHECK(cudaGraphDestroy(graph));
    CHECK(cudaStreamDestroy(stream));
    return count;
}

float milliseconds_of(const std::function<void()> &work)
{
    cudaEvent_t start, end;
    float milliseconds = -1.0f;
    CHECK(cudaEventCreate(&start));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventRecord(start, nullptr));
    work();
    CHECK(cudaEventRecord(end, nullptr));
    CHECK(cudaEventSynchronize(end));
    CHECK(cudaEventElapsedTime(&milliseconds, start, end));
    CHECK(cudaEventDestroy(start));
    CHECK(cudaEventDestroy(end));
    return milliseconds;
}
} // namespace

Test(algorithms, eight_that_differ_and_give_the_product)
{
    Run run((Problem()));
    const auto all = run.candidates(20);
    cr_assert_eq(all.size(), 8);
    cr_assert_eq(run.candidates(3).size(), 3);
    cr_assert_eq(split_of(all[0]), 1);
    const auto expected = result_of(&run, all[0].algo);
    std::set<int32_t> ids, splits;
    std::set<uint32_t> tiles, stages, reductions;
    std::set<std::vector<float>> bits;
    for (const Result &result : all) {
        cr_expect_eq(result.state, CUBLAS_STATUS_SUCCESS);
        cr_expect_gt(result.wavesCount, 0.0f);
        ids.insert(id_of(result));
        splits.insert(split_of(result));
        tiles.insert(attribute<uint32_t>(result.algo, CUBLASLT_ALGO_CONFIG_TILE_ID));
        stages.insert(attribute<uint32_t>(result.algo, CUBLASLT_ALGO_CONFIG_STAGES_ID));
        reductions.insert(reduction_of(result));
        cr_expect_eq(split_of(result) > 1, reduction_of(result) != CUBLASLT_REDUCTION_SCHEME_NONE);
        const auto d = result_of(&run, result.algo);
        cr_expect_leq(largest_difference(d, expected), 1e-4, "algorithm %d", id_of(result));
        bits.insert(d);
    }
    cr_assert(ids.size() == 8 && tiles.size() == 8 && stages.size() == 8 && ids.count(66) == 1);
    cr_assert(splits.size() >= 4 && reductions.size() == 4);
    cr_assert_gt(bits.size(), 1, "the order of sums is the algorithm's");
}

Test(algorithms, honour_the_preference)
{
    Problem p;
    p.reduction_schemes = CUBLASLT_REDUCTION_SCHEME_NONE;
    for (const Result &result : Run(p).candidates(8))
        cr_expect_eq(split_of(result), 1);
    p.reduction_schemes = CUBLASLT_REDUCTION_SCHEME_INPLACE;
    std::set<uint32_t> reductions;
    for (const Result &result : Run(p).candidates(8))
        reductions.insert(reduction_of(result));
    cr_expect(reductions == std::set<uint32_t>({CUBLASLT_REDUCTION_SCHEME_NONE, CUBLASLT_REDUCTION_SCHEME_INPLACE}));

    p = Problem();
    p.workspace_bytes = 0;
    Run without(p);
    const auto found = without.candidates(8);
    cr_assert(!found.empty() && found.size() < 8);
    for (const Result &result : found) {
        cr_expect_eq(result.workspaceSize, 0);
        result_of(&without, result.algo);
    }

    p = Problem();
    p.alignment = 4;
    Run unaligned(p);
    cr_assert_lt(unaligned.candidates(8).size(), 4);
    p.alignment = 1;
    cr_assert(Run(p).candidates(8).empty());

    p = Problem();
    p.k = 2;
    for (const Result &result : Run(p).candidates(8))
        cr_expect_leq(split_of(result), 2);
}

Test(algorithms, are_kept_as_64_bytes)
{
    simt_print_faults(0);
    Run run((Problem()));
    for (const Result &result : run.candidates(8)) {
        cublasLtMatmulAlgo_t restored;
        std::memcpy(&restored, &result.algo, sizeof restored);
        Result checked{};
        checked.algo.data[0] = 5;
        cr_assert_eq(cublasLtMatmulAlgoCheck(run.handle, run.op, run.la, run.lb, run.lc, run.ld, &restored, &checked),
                     CUBLAS_STATUS_SUCCESS);
        cr_expect_eq(checked.workspaceSize, result.workspaceSize);
        cr_expect_eq(checked.wavesCount, result.wavesCount);
        cr_expect_eq(checked.state, CUBLAS_STATUS_SUCCESS);
        cr_expect_eq(checked.algo.data[0], 5, "the algo of the result is never updated");
        const auto once = result_of(&run, result.algo);
        cr_expect_eq(largest_difference(once, result_of(&run, restored)), 0.0);
    }
}

Test(algorithms, that_do_not_fit_are_told)
{
    simt_print_faults(0);
    Run run((Problem()));
    Result checked{};
    const auto check = [&](Run *other, const cublasLtMatmulAlgo_t &algo) {
        return cublasLtMatmulAlgoCheck(other->handle, other->op, other->la, other->lb, other->lc, other->ld, &algo,
                                       &checked);
    };
    const cublasLtMatmulAlgo_t split = candidate(&run, 66).algo;
    cublasLtMatmulAlgo_t damaged = split;
    damaged.data[0] ^= 1;
    cr_expect_eq(check(&run, damaged), CUBLAS_STATUS_NOT_SUPPORTED);
    run.multiply(&damaged);
    cr_expect_eq(run.status, CUBLAS_STATUS_INVALID_VALUE);
    int32_t id;
    cr_expect_eq(cublasLtMatmulAlgoConfigGetAttribute(&damaged, CUBLASLT_ALGO_CONFIG_ID, &id, sizeof id, nullptr),
                 CUBLAS_STATUS_INVALID_VALUE);

    Problem p;
    p.in = CUDA_R_16BF;
    Run bf16(p);
    cr_expect_eq(check(&bf16, split), CUBLAS_STATUS_INVALID_VALUE);
    p = Problem();
    p.k = 2;
    Run small(p);
    cr_expect_eq(check(&small, split), CUBLAS_STATUS_NOT_SUPPORTED);
    small.multiply(&split);
    cr_expect_eq(small.status, CUBLAS_STATUS_NOT_SUPPORTED);
    run.p.workspace_bytes = 512;
    run.multiply(&split);
    cr_expect_eq(run.status, CUBLAS_STATUS_INVALID_VALUE);
    simt_cublaslt_refuse_epilogue(CUBLASLT_EPILOGUE_DEFAULT, 1);
    cr_expect_eq(check(&run, split), CUBLAS_STATUS_NOT_SUPPORTED);
}

Test(algorithms, attributes_tell_their_size)
{
    Run run((Problem()));
    const cublasLtMatmulAlgo_t algo = run.candidates(1)[0].algo;
    const auto which = CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID;
    size_t written = 0;
    uint32_t value = 0;
    cr_expect_eq(cublasLtMatmulAlgoConfigGetAttribute(&algo, which, nullptr, 0, &written), CUBLAS_STATUS_SUCCESS);
    cr_expect_eq(written, 2);
    cr_expect_eq(cublasLtMatmulAlgoConfigGetAttribute(&algo, which, &value, 4, &written), CUBLAS_STATUS_INVALID_VALUE);
    cr_expect_eq(cublasLtMatmulAlgoConfigGetAttribute(&algo, which, nullptr, 2, &written), CUBLAS_STATUS_INVALID_VALUE);
    cr_expect_eq(cublasLtMatmulAlgoConfigGetAttribute(&algo, which, nullptr, 0, nullptr), CUBLAS_STATUS_INVALID_VALUE);
    cr_expect_eq(cublasLtMatmulAlgoConfigGetAttribute(&algo, which, &value, 2, nullptr), CUBLAS_STATUS_SUCCESS);
}

Test(algorithms, parts_of_k_that_another_kernel_adds_up_are_two_nodes)
{
    Run run((Problem()));
    for (const Result &result : run.candidates(8)) {
        const uint32_t reduction = reduction_of(result);
        const bool separate =
            reduction == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE || reduction == CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
        const uint64_t launches = simt_get_counters().launches;
        cr_expect_eq(nodes_of(&run, result.algo), separate ? 2 : 1, "algorithm %d", id_of(result));
        cr_expect_eq(simt_get_counters().launches, launches + 1);
    }
}

Test(algorithms, epilogues_are_refused_one_by_one_and_by_shape)
{
    Problem relu, bias;
    relu.epilogue = CUBLASLT_EPILOGUE_RELU_BIAS;
    bias.epilogue = CUBLASLT_EPILOGUE_BIAS;
    const auto expect = [](const Problem &p, bool refused) {
        Run run(p);
        const cublasStatus_t wanted = refused ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
        cr_expect_eq(run.candidates(8).empty(), refused);
        cr_expect_eq(run.heuristic, wanted);
        run.multiply(nullptr);
        cr_expect_eq(run.status, wanted);
    };
    simt_cublaslt_refuse_epilogue(CUBLASLT_EPILOGUE_RELU_BIAS, 1);
    expect(relu, true);
    expect(bias, false);
    simt_cublaslt_refuse_epilogue(CUBLASLT_EPILOGUE_RELU_BIAS, 0);
    expect(relu, false);
    simt_cublaslt_refuse_epilogue_of_shape(CUBLASLT_EPILOGUE_RELU_BIAS, m, n, 7, 1);
    expect(relu, false);
    relu.k = 7;
    expect(relu, true);
    bias.k = 7;
    expect(bias, false);
    simt_reset();
    expect(relu, false);
}

Test(algorithms, fail_by_id_and_by_place)
{
    Run run((Problem()));
    const auto all = run.candidates(8);
    const auto expect = [&](size_t i, cublasStatus_t wanted) {
        run.multiply(&all[i].algo);
        cr_expect_eq(run.status, wanted, "candidate %zu: %d", i, run.status);
    };
    simt_cublaslt_fail_algorithm(id_of(all[2]), CUBLAS_STATUS_EXECUTION_FAILED);
    simt_cublaslt_fail_algorithm(id_of(all[3]), CUBLAS_STATUS_NOT_SUPPORTED);
    expect(0, CUBLAS_STATUS_SUCCESS);
    expect(2, CUBLAS_STATUS_EXECUTION_FAILED);
    expect(3, CUBLAS_STATUS_NOT_SUPPORTED);
    simt_cublaslt_fail_algorithm(id_of(all[3]), CUBLAS_STATUS_SUCCESS);
    simt_cublaslt_fail_candidates(2, CUBLAS_STATUS_INTERNAL_ERROR);
    expect(0, CUBLAS_STATUS_INTERNAL_ERROR);
    expect(1, CUBLAS_STATUS_INTERNAL_ERROR);
    expect(2, CUBLAS_STATUS_EXECUTION_FAILED);
    expect(3, CUBLAS_STATUS_SUCCESS);
    simt_cublaslt_fail_candidates(0, CUBLAS_STATUS_INTERNAL_ERROR);
    expect(0, CUBLAS_STATUS_SUCCESS);
}

Test(algorithms, uneven_split_k_may_be_wrong_and_come_first)
{
    Problem even;
    even.k = 60; // a multiple of every split
    Run run((Problem())), divided(even);
    const int32_t first = id_of(run.candidates(1)[0]);
    const auto right = result_of(&run, run.candidates(1)[0].algo);
    const auto is_wrong = [&](int32_t id) {
        return largest_difference(right, result_of(&run, candidate(&run, id).algo)) > 1e-3;
    };
    cr_expect(!is_wrong(66) && !is_wrong(21));
    simt_cublaslt_wrong_split_k(66);
    cr_expect(is_wrong(66) && !is_wrong(21) && !is_wrong(first));
    simt_cublaslt_wrong_split_k(-1);
    cr_expect(is_wrong(66) && is_wrong(21) && !is_wrong(first));
    const auto plain = result_of(&divided, divided.candidates(1)[0].algo);
    cr_expect_leq(largest_difference(plain, result_of(&divided, candidate(&divided, 66).algo)), 1e-4);

    simt_cublaslt_uneven_split_k_first(1);
    const auto all = run.candidates(8);
    cr_expect_eq(all.size(), 8);
    cr_expect_eq(id_of(all[0]), 66);
    for (size_t i = 1; i < all.size(); ++i)
        cr_expect(split_of(all[i]) == 1 || split_of(all[i - 1]) > 1);
    cr_expect_eq(split_of(divided.candidates(1)[0]), 1);
}

Test(algorithms, the_bit_of_a_mask_at_zero)
{
    Problem p;
    p.epilogue = CUBLASLT_EPILOGUE_RELU_AUX;
    p.alpha = 0.0f; // every pre-activation is 0
    Run run(p);
    const auto ones = [&](int bit) {
        simt_cublaslt_relu_mask_at_zero(bit);
        run.multiply(nullptr);
        const auto mask = run.mask.read();
        const auto *bits = reinterpret_cast<const uint8_t *>(mask.data());
        size_t count = 0;
        for (size_t j = 0; j < n; ++j)
            for (size_t i = 0; i < m; ++i)
                count += bits[(j * aux_leading + i) / 8] >> i % 8 & 1u;
        return count;
    };
    cr_expect_eq(ones(0), 0);
    cr_expect_eq(ones(1), m * n);
    const size_t some = ones(2);
    cr_expect(some > m * n / 4 && some < m * n * 3 / 4, "%zu of %zu", some, m * n);
}

Test(algorithms, durations_make_the_time_between_events)
{
    Run run((Problem()));
    const Result fast = candidate(&run, 71), slow = candidate(&run, 6);
    simt_cublaslt_set_duration(-1, 0, 100.0);
    simt_cublaslt_set_duration(71, 0, 20.0);
    const auto thrice = [&](const Result &result) {
        return milliseconds_of([&] {
            for (int i = 0; i < 3; ++i)
                run.multiply(&result.algo);
        });
    };
    cr_expect_float_eq(thrice(fast), 0.060f, 1e-6f);
    cr_expect_float_eq(thrice(slow), 0.300f, 1e-6f);
    simt_cublaslt_set_duration(71, CUBLASLT_EPILOGUE_BIAS, 50.0);
    cr_expect_float_eq(thrice(fast), 0.060f, 1e-6f);
    set(run.op, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    cr_expect_float_eq(thrice(fast), 0.150f, 1e-6f);
    cr_expect_float_eq(milliseconds_of([] {}), 0.0f, 1e-9f);
}

Test(algorithms, take_their_orders_from_the_environment)
{
    for (const char *order : {"SIMT_REFUSE_EPILOGUE=4,6:37:21:53", "SIMT_FAIL_ALGORITHM=71:15,6:13",
                              "SIMT_FAIL_CANDIDATES=1:14", "SIMT_UNEVEN_SPLIT_K_FIRST=1", "SIMT_WRONG_SPLIT_K=66",
                              "SIMT_ALGORITHM_DURATION=-1:30,66:1:7.5", "SIMT_RELU_MASK_AT_ZERO=1"})
        cr_assert_eq(putenv(const_cast<char *>(order)), 0);
    simt_reset();
    Run run((Problem()));
    const auto all = run.candidates(8);
    cr_assert_eq(id_of(all[0]), 66);
    run.multiply(&all[0].algo);
    cr_expect_eq(run.status, CUBLAS_STATUS_INTERNAL_ERROR);
    const Result refused = candidate(&run, 71);
    run.multiply(&refused.algo);
    cr_expect_eq(run.status, CUBLAS_STATUS_NOT_SUPPORTED);
    simt_cublaslt_fail_candidates(0, 0);
    cr_expect_float_eq(milliseconds_of([&] { run.multiply(&all[0].algo); }), 0.0075f, 1e-7f);
    const auto wrong = run.d.read();
    cr_expect_gt(largest_difference(wrong, result_of(&run, candidate(&run, 67).algo)), 1e-3);
    run.p.alpha = 0.0f;
    set(run.op, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_RELU_AUX);
    run.multiply(nullptr);
    const float mask = run.mask.read()[0];
    cr_expect_eq(std::memcmp(&mask, "\xff\xff\xff\xff", 4), 0);
    for (const auto epilogue : {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS, CUBLASLT_EPILOGUE_RELU}) {
        set(run.op, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
        cr_expect_eq(run.candidates(1).empty(), epilogue != CUBLASLT_EPILOGUE_RELU);
    }
}
