// What is injected, from SIMT_… variables of the environment and through calls, and where it strikes.
#include "injection.hpp"

#include "matmul.hpp"
#include "runtime.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace simt
{
namespace
{
std::vector<std::string> split(const std::string &text, char separator)
{
    std::vector<std::string> parts;
    for (size_t from = 0; from < text.size();) {
        const size_t to = std::min(text.find(separator, from), text.size());
        parts.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

std::string environment(const char *name)
{
    const char *text = std::getenv(name);
    return text == nullptr ? "" : text;
}

// The entries of a list such as 4:400:128:784,152, each with its fields.
std::vector<std::vector<std::string>> environment_list(const char *name, size_t fewest, size_t most)
{
    std::vector<std::vector<std::string>> entries;
    for (const std::string &entry : split(environment(name), ',')) {
        entries.push_back(split(entry, ':'));
        if (entries.back().size() < fewest || entries.back().size() > most) {
            std::fprintf(stderr, "simt: %s: '%s' is not understood\n", name, entry.c_str());
            std::abort();
        }
    }
    return entries;
}

int to_int(const std::string &text)
{
    return std::atoi(text.c_str());
}

uint64_t to_size(const std::string &text)
{
    return std::strtoull(text.c_str(), nullptr, 10);
}

bool same(const RefusedEpilogue &a, const RefusedEpilogue &b)
{
    return a.epilogue == b.epilogue && a.m == b.m && a.n == b.n && a.k == b.k;
}

void refuse_epilogue(Injections *injections, const RefusedEpilogue &order, bool on)
{
    auto &all = injections->refused_epilogues;
    all.erase(std::remove_if(all.begin(), all.end(), [&](const auto &other) { return same(order, other); }), all.end());
    if (on) all.push_back(order);
}

void read_refusals(Injections *injections)
{
    injections->refuse_epilogues = to_int(environment("SIMT_REFUSE_EPILOGUES"));
    for (const auto &entry : environment_list("SIMT_REFUSE_EPILOGUE", 1, 4)) {
        RefusedEpilogue order{static_cast<uint32_t>(to_int(entry[0])), 0, 0, 0};
        if (entry.size() == 4) {
            order.m = to_size(entry[1]);
            order.n = to_size(entry[2]);
            order.k = to_size(entry[3]);
        }
        refuse_epilogue(injections, order, true);
    }
}

void read_failures(Injections *injections)
{
    for (const auto &entry : environment_list("SIMT_FAIL_ALGORITHM", 2, 2))
        injections->algorithm_failures.push_back({to_int(entry[0]), to_int(entry[1])});
    for (const auto &entry : environment_list("SIMT_FAIL_CANDIDATES", 2, 2)) {
        injections->failing_candidates = to_int(entry[0]);
        injections->candidate_status = to_int(entry[1]);
    }
}

void read_durations(Injections *injections)
{
    for (const auto &entry : environment_list("SIMT_ALGORITHM_DURATION", 2, 3))
        injections->algorithm_durations.push_back(
            {to_int(entry[0]), entry.size() == 3 ? to_int(entry[1]) : 0, std::strtod(entry.back().c_str(), nullptr)});
    for (const auto &entry : environment_list("SIMT_KERNEL_DURATION", 2, 2))
        injections->kernel_durations.push_back({entry[0], std::strtod(entry[1].c_str(), nullptr)});
}

void read_fault(Injections *injections)
{
    for (const auto &entry : environment_list("SIMT_FAULT_KERNEL", 1, 2)) {
        injections->faulty_kernel = entry[0];
        injections->runs_until_fault = entry.size() == 2 ? static_cast<unsigned>(to_int(entry[1])) : 1;
    }
}
} // namespace

Injections Injections::from_environment()
{
    Injections result;
    read_refusals(&result);
    read_failures(&result);
    result.wrong_split_k = to_int(environment("SIMT_WRONG_SPLIT_K"));
    result.uneven_split_k_first = to_int(environment("SIMT_UNEVEN_SPLIT_K_FIRST")) != 0;
    result.relu_mask_at_zero = to_int(environment("SIMT_RELU_MASK_AT_ZERO"));
    read_durations(&result);
    read_fault(&result);
    return result;
}

bool Injections::refuses(uint32_t epilogue, uint64_t m, uint64_t n, uint64_t k) const
{
    const uint32_t backward = epilogue_aux | epilogue_bias_gradient | epilogue_of_a | epilogue_of_b;
    if (refuse_epilogues == 1 && epilogue != CUBLASLT_EPILOGUE_DEFAULT) return true;
    if (refuse_epilogues == 2 && (epilogue & backward) != 0) return true;
    return std::any_of(refused_epilogues.begin(), refused_epilogues.end(), [&](const auto &order) {
        return same(order, {epilogue, m, n, k}) || same(order, {epilogue, 0, 0, 0});
    });
}

int Injections::failure_of(int algorithm, int position) const
{
    if (position < failing_candidates) return candidate_status;
    for (const AlgorithmFailure &failure : algorithm_failures)
        if (failure.algorithm == algorithm) return failure.status;
    return 0;
}

bool Injections::is_wrong(int algorithm, int split_k, uint64_t k) const
{
    const bool uneven = k % static_cast<uint64_t>(split_k) != 0;
    return uneven && wrong_split_k != 0 && (wrong_split_k == -1 || wrong_split_k == algorithm);
}

bool Injections::have_durations() const
{
    return !algorithm_durations.empty() || !kernel_durations.empty();
}

double Injections::duration_of_product(int algorithm, uint32_t epilogue) const
{
    double result = 0.0;
    for (const AlgorithmDuration &given : algorithm_durations)
        if ((given.algorithm == -1 || given.algorithm == algorithm) &&
            (given.epilogue == 0 || static_cast<uint32_t>(given.epilogue) == epilogue))
            result = given.microseconds;
    return result;
}

double Injections::duration_of_kernel(const std::string &name) const
{
    double result = 0.0;
    for (const KernelDuration &given : kernel_durations)
        if (name.find(given.part_of_name) != std::string::npos) result = given.microseconds;
    return result;
}

bool Injections::kernel_faults(const std::string &name)
{
    if (faulty_kernel.empty() || name.find(faulty_kernel) == std::string::npos) return false;
    return --runs_until_fault == 0;
}
} // namespace simt

using namespace simt;

extern "C" {

void simt_cublaslt_refuse_epilogues(int which)
{
    runtime().injections.refuse_epilogues = which;
}

void simt_cublaslt_refuse_epilogue(int epilogue, int on)
{
    refuse_epilogue(&runtime().injections, {static_cast<uint32_t>(epilogue), 0, 0, 0}, on != 0);
}

void simt_cublaslt_refuse_epilogue_of_shape(int epilogue, int64_t m, int64_t n, int64_t k, int on)
{
    const RefusedEpilogue order{static_cast<uint32_t>(epilogue), static_cast<uint64_t>(m), static_cast<uint64_t>(n),
                                static_cast<uint64_t>(k)};
    refuse_epilogue(&runtime().injections, order, on != 0);
}

void simt_cublaslt_fail_algorithm(int algorithm, int status)
{
    auto &all = runtime().injections.algorithm_failures;
    all.erase(std::remove_if(all.begin(), all.end(), [&](const auto &other) { return other.algorithm == algorithm; }),
              all.end());
    if (status != 0) all.push_back({algorithm, status});
}

void simt_cublaslt_fail_candidates(int count, int status)
{
    runtime().injections.failing_candidates = status != 0 ? count : 0;
    runtime().injections.candidate_status = status;
}

void simt_cublaslt_wrong_split_k(int algorithm)
{
    runtime().injections.wrong_split_k = algorithm;
}

void simt_cublaslt_uneven_split_k_first(int on)
{
    runtime().injections.uneven_split_k_first = on != 0;
}

void simt_cublaslt_relu_mask_at_zero(int bit)
{
    runtime().injections.relu_mask_at_zero = bit;
}

void simt_cublaslt_set_duration(int algorithm, int epilogue, double microseconds)
{
    runtime().injections.algorithm_durations.push_back({algorithm, epilogue, microseconds});
}

void simt_fault_kernel(const char *part_of_name, unsigned nth)
{
    runtime().injections.faulty_kernel = nth == 0 ? "" : part_of_name;
    runtime().injections.runs_until_fault = nth;
}

void simt_set_kernel_duration(const char *part_of_name, double microseconds)
{
    runtime().injections.kernel_durations.push_back({part_of_name, microseconds});
}
}
