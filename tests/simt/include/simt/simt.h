/*
 * Control of the SIMT executor: what the simulated device looks like, how threads are ordered, which calls fail, and
 * what was counted. Nothing here exists in CUDA; code under test needs none of it.
 *
 * Environment, read at the first call: SIMT_SEED, SIMT_DEVICES, SIMT_MEMORY_MB, SIMT_MULTIPROCESSORS,
 * SIMT_COMPUTE_CAPABILITY (as 9.0), SIMT_DRIVER_VERSION, and those named beside the functions below. A call of a
 * function here overrides its variable.
 */
#ifndef SIMT_SIMT_H
#define SIMT_SIMT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simt_device_options {
    int devices;         /* 1; with 0, every call but the version queries gives cudaErrorNoDevice */
    int multiprocessors; /* 4 */
    size_t memory_bytes; /* 2 GiB for each device; cudaMalloc beyond it fails */
    int compute_major;   /* 9 */
    int compute_minor;   /* 0 */
    int driver_version;  /* 13000; 0 is CUDA's answer where no driver is installed */
    size_t stack_bytes;  /* of one device thread: 64 KiB, 256 KiB under AddressSanitizer */
} simt_device_options;

/* The options in force, and a change of them; set them while no device memory is allocated. */
simt_device_options simt_get_device_options(void);
void simt_set_device_options(const simt_device_options *options);

/* The order of threads, blocks and independent streams is a function of this seed and of how much ran before. */
void simt_set_seed(uint64_t seed);

/* Back to a fresh process: synchronises nothing, drops queued work, frees device memory, clears errors, counters and
 * the seed's progress; injected failures and durations are again those of the environment. Streams, events and graphs
 * become invalid. Pinned host memory stays. */
void simt_reset(void);

/* The message of the last fault (kernel, block, thread, call site), "" when there was none. */
const char *simt_last_message(void);

/* 0 keeps faults off stderr, for tests that expect them. Default 1. */
void simt_print_faults(int on);

/* The nth call from now on (1 is the next) of a runtime or cuBLASLt function returns `error`, a cudaError_t or
 * cublasStatus_t, without doing anything. "cudaLaunchKernelEx" names kernel launches; NULL means any function.
 * nth 0 withdraws the order. */
void simt_fail_call(const char *function, unsigned nth, int error);

/* The nth run from now on of a kernel whose name, with its namespaces and parameters, has this part is a fault,
 * cudaErrorIllegalAddress, instead of what it does. nth 0 withdraws the order. SIMT_FAULT_KERNEL=activation:3 */
void simt_fault_kernel(const char *part_of_name, unsigned nth);

/* ---- cuBLASLt ----
 *
 * Eight algorithms exist; README.md lists them. An `epilogue` is a cublasLtEpilogue_t, a `status` a cublasStatus_t, an
 * `algorithm` a CUBLASLT_ALGO_CONFIG_ID; m, n and k are cuBLASLt's, D being m x n, column-major. */

/* The heuristic, cublasLtMatmulAlgoCheck and cublasLtMatmul give CUBLAS_STATUS_NOT_SUPPORTED for: 0, nothing; 1, any
 * epilogue but DEFAULT; 2, those of a backward pass, with a mask or a gradient. SIMT_REFUSE_EPILOGUES=1 */
void simt_cublaslt_refuse_epilogues(int which);
/* As well, this epilogue: in all products, or in those of one shape. on 0 withdraws the same order.
 * SIMT_REFUSE_EPILOGUE=152,4:400:128:784 (epilogue:m:n:k) */
void simt_cublaslt_refuse_epilogue(int epilogue, int on);
void simt_cublaslt_refuse_epilogue_of_shape(int epilogue, int64_t m, int64_t n, int64_t k, int on);

/* cublasLtMatmul gives `status` for this algorithm; CUBLAS_STATUS_SUCCESS withdraws. SIMT_FAIL_ALGORITHM=66:13,7:15 */
void simt_cublaslt_fail_algorithm(int algorithm, int status);
/* cublasLtMatmul gives `status` for the first `count` of each list that the heuristic returned.
 * SIMT_FAIL_CANDIDATES=2:13 */
void simt_cublaslt_fail_candidates(int count, int status);

/* A split of k into parts of unequal length gives sums that are wrong by 1/256: 0, never; -1, in all algorithms; else
 * in this one only. SIMT_WRONG_SPLIT_K=66 */
void simt_cublaslt_wrong_split_k(int algorithm);
/* The heuristic offers algorithms that split k into parts of unequal length first, 66 before the others.
 * SIMT_UNEVEN_SPLIT_K_FIRST=1 */
void simt_cublaslt_uneven_split_k_first(int on);

/* The bit that an epilogue with a relu mask writes where the pre-activation is exactly 0: 0, 1, or 2, random by seed.
 * SIMT_RELU_MASK_AT_ZERO=2 */
void simt_cublaslt_relu_mask_at_zero(int bit);

/* ---- Time ----
 *
 * As soon as one duration is given, the time between two events is the sum of the durations of what ran in between, and
 * nothing else. The last of several calls that match is taken; what none matches takes no time. */

/* Of each product with this algorithm (-1: any) and epilogue (0: any). SIMT_ALGORITHM_DURATION=66:12.5,7:4:9
 * (algorithm:epilogue:microseconds) */
void simt_cublaslt_set_duration(int algorithm, int epilogue, double microseconds);
/* Of each kernel whose name, with its namespaces and parameters, has this part; "" is any kernel.
 * SIMT_KERNEL_DURATION=activation:3,adam:5 */
void simt_set_kernel_duration(const char *part_of_name, double microseconds);

typedef struct simt_counters {
    uint64_t calls;                 /* of the runtime API and cuBLASLt */
    uint64_t launches;              /* kernels and matrix products, split or not, enqueued or captured by the host */
    uint64_t kernels_run;           /* kernels executed, from graphs or not */
    uint64_t matmuls_run;           /* matrix products executed, from graphs or not */
    uint64_t graph_launches;        /* cudaGraphLaunch */
    uint64_t graph_kernels_run;     /* kernels and matrix products executed by graphs */
    uint64_t device_allocations;    /* cudaMalloc */
    uint64_t host_synchronisations; /* calls that made the host wait: synchronise, blocking copy, cudaFree */
    uint64_t host_to_device_copies;
    uint64_t host_to_device_bytes;
    uint64_t device_to_host_copies;
    uint64_t device_to_host_bytes;
    uint64_t barriers; /* __syncthreads, per block */
    uint64_t device_bytes_in_use;
    uint64_t device_bytes_peak;
    uint64_t objects_in_use; /* streams, events, graphs, and what cuBLASLt creates: made and not destroyed */
} simt_counters;

simt_counters simt_get_counters(void);
void simt_reset_counters(void); /* all but device_bytes_in_use, which the peak restarts from, and objects_in_use */

/* A kernel's launch; x, y, z. */
typedef struct simt_launch_shape {
    unsigned grid[3], block[3];
} simt_launch_shape;

/* Keeps the shapes of kernels that the host enqueues or captures from now on, in their order, in `shapes`, until `most`
 * are there; NULL ends it. Returns how many the array before got. */
size_t simt_record_launches(simt_launch_shape *shapes, size_t most);

#ifdef __cplusplus
}
#endif

#endif
