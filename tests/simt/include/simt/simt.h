/*
 * Control of the SIMT executor: what the simulated device looks like, how threads are ordered, which calls fail, and
 * what was counted. Nothing here exists in CUDA; code under test needs none of it.
 *
 * Environment, read at the first call: SIMT_SEED, SIMT_DEVICES, SIMT_MEMORY_MB, SIMT_MULTIPROCESSORS,
 * SIMT_COMPUTE_CAPABILITY (as 9.0), SIMT_DRIVER_VERSION, SIMT_REFUSE_EPILOGUES (1). A call of a function here overrides
 * its variable.
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

/* Back to a fresh process: synchronises nothing, drops queued work, frees device memory, clears errors, counters,
 * injected failures and the seed's progress. Streams, events and graphs become invalid. Pinned host memory stays. */
void simt_reset(void);

/* The message of the last fault (kernel, block, thread, call site), "" when there was none. */
const char *simt_last_message(void);

/* 0 keeps faults off stderr, for tests that expect them. Default 1. */
void simt_print_faults(int on);

/* The nth call from now on (1 is the next) of a runtime or cuBLASLt function returns `error`, a cudaError_t or
 * cublasStatus_t, without doing anything. "cudaLaunchKernelEx" names kernel launches; NULL means any function.
 * nth 0 withdraws the order. */
void simt_fail_call(const char *function, unsigned nth, int error);

/* cublasLtMatmulAlgoGetHeuristic and cublasLtMatmul give CUBLAS_STATUS_NOT_SUPPORTED for: 0, nothing; 1, any epilogue
 * but DEFAULT; 2, those of a backward pass, with a mask or a gradient. */
void simt_cublaslt_refuse_epilogues(int which);

typedef struct simt_counters {
    uint64_t calls;                 /* of the runtime API and cuBLASLt */
    uint64_t launches;              /* kernels and matrix products enqueued or captured by the host */
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
} simt_counters;

simt_counters simt_get_counters(void);
void simt_reset_counters(void); /* all but device_bytes_in_use, which the peak restarts from */

#ifdef __cplusplus
}
#endif

#endif
