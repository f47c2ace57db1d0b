// What tests ask the simulation to do wrong, or to take for true: refusals, failures, wrong numbers, durations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simt
{
struct RefusedEpilogue {
    uint32_t epilogue;
    uint64_t m, n, k; // all 0: any shape
};

struct AlgorithmFailure {
    int algorithm;
    int status;
};

struct AlgorithmDuration {
    int algorithm; // -1: any
    int epilogue;  // 0: any
    double microseconds;
};

struct KernelDuration {
    std::string part_of_name;
    double microseconds;
};

struct Injections {
    int refuse_epilogues = 0;
    std::vector<RefusedEpilogue> refused_epilogues;
    std::vector<AlgorithmFailure> algorithm_failures;
    int failing_candidates = 0, candidate_status = 0;
    int wrong_split_k = 0;
    bool uneven_split_k_first = false;
    int relu_mask_at_zero = 0;
    std::vector<AlgorithmDuration> algorithm_durations;
    std::vector<KernelDuration> kernel_durations;
    std::string faulty_kernel; // part of its name; "": none
    unsigned runs_until_fault = 0;

    // Those of the environment.
    static Injections from_environment();

    bool refuses(uint32_t epilogue, uint64_t m, uint64_t n, uint64_t k) const;
    // What cublasLtMatmul gives for an algorithm that was the position-th of its list; 0: nothing is wrong.
    int failure_of(int algorithm, int position) const;
    bool is_wrong(int algorithm, int split_k, uint64_t k) const;
    bool have_durations() const;
    double duration_of_product(int algorithm, uint32_t epilogue) const;
    double duration_of_kernel(const std::string &name) const;
    // Whether this run of a kernel is the one that faults; counts it.
    bool kernel_faults(const std::string &name);
};
} // namespace simt
