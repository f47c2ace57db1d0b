/* The CPU backend: float32 (or bf16 products), oneDNN for dense layers, SIMD loops of its own for all else. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/cpu/device.h"
#include "backend/cpu/subnormals.h"
#include "backend/host/measure.h"
#include "core/processors.h"
#include "program/op.h"

static const vae_cpu_isa *choose_isa(void)
{
#ifdef VAE_ISA_LEVELS_X86_64
    __builtin_cpu_init();
    /* The levels' defining features; those left out come with them on every processor made. */
    const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    if (v4) return &vae_cpu_isa_v4;
    if (v3) return &vae_cpu_isa_v3;
    return v2 ? &vae_cpu_isa_v2 : NULL;
#else
    return &vae_cpu_isa_generic;
#endif
}

static vae_status check_options(const vae_device_options *options, const vae_cpu_isa *isa)
{
    if (!isa) {
        return vae_error_set(VAE_ERROR_DEVICE, "device cpu needs a processor with at least x86-64-v2 (SSE4.2)");
    }
    if (options->threads < 0 || options->threads > 1024) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "threads is %d, but must be 0 (all) to 1024", options->threads);
    }
    if (options->precision == VAE_PRECISION_BF16 && !vae_onednn_has_bf16()) {
        return vae_error_set(VAE_ERROR_DEVICE,
                             "precision = bf16 needs a processor with AVX512-BF16 or AMX, which this one lacks; "
                             "use precision = fp32");
    }
    if (options->precision == VAE_PRECISION_TF32) {
        return vae_error_set(VAE_ERROR_DEVICE, "precision = tf32 is for device cuda; use fp32 or auto on a CPU");
    }
    return VAE_OK;
}

static void close_device(vae_device *device)
{
    if (!device) return;
    vae_cpu_device *cpu = (vae_cpu_device *)device;
    vae_waiting_close(cpu->waiting);
    vae_onednn_close(cpu->onednn);
    free(cpu);
}

/* `reason` says why there are fewer threads than processors, or "". */
static void describe(vae_cpu_device *cpu, const char *reason)
{
    char version[32];
    vae_onednn_version(version, sizeof version);
    snprintf(cpu->host.description, sizeof cpu->host.description, "%d thread%s%s, %s, oneDNN %s, %s", cpu->host.threads,
             cpu->host.threads == 1 ? "" : "s", reason, cpu->isa->name, version,
             cpu->host.precision == VAE_PRECISION_BF16 ? "bf16 products" : "fp32");
}

static void choose_threads(vae_cpu_device *cpu, int wanted)
{
    char reason[80] = "";
    cpu->host.threads = wanted;
    if (wanted == 0) {
        const vae_processors processors = vae_processors_find(&vae_control_groups_system);
        cpu->host.threads = processors.threads;
        vae_processors_reason(&processors, reason, sizeof reason);
    }
    describe(cpu, reason);
}

/* Those of this backend; NULL where an op has none. */
static void find_own_kernels(const vae_cpu_isa *isa, const vae_kernel *kernels[VAE_OP_COUNT])
{
    for (int k = 0; k < VAE_OP_COUNT; ++k)
        kernels[k] = isa->kernels[k];
#define ROW(NAME, name) kernels[VAE_OP_##NAME] = &vae_cpu_##name;
    VAE_OP_PRODUCTS(ROW)
#undef ROW
}

static bool has_kernel(vae_op_kind kind)
{
    const vae_cpu_isa *isa = choose_isa();
    const vae_kernel *kernels[VAE_OP_COUNT];
    if (!isa) return false;
    find_own_kernels(isa, kernels);
    return kernels[kind] != NULL;
}

static vae_status open_device(const vae_device_options *options, vae_device **device)
{
    const vae_cpu_isa *isa = choose_isa();
    VAE_TRY(check_options(options, isa));
    vae_cpu_device *cpu = calloc(1, sizeof *cpu);
    if (!cpu) return vae_error_set(VAE_ERROR_MEMORY, "device cpu: out of memory");
    find_own_kernels(isa, cpu->kernels);
    for (int k = 0; k < VAE_OP_COUNT; ++k) {
        if (!cpu->kernels[k] && !(vae_op_info_of((vae_op_kind)k)->flags & VAE_OP_TRAINS))
            cpu->kernels[k] = &vae_cpu_by_reference;
    }
    cpu->isa = isa;
    cpu->host.base.backend = &vae_backend_cpu;
    cpu->host.kernels = cpu->kernels;
    cpu->host.precision = options->precision;
    choose_threads(cpu, options->threads);
    vae_status status = vae_onednn_open(&cpu->onednn);
    if (!status) status = vae_waiting_open(cpu->host.threads, &cpu->waiting);
    if (status) {
        close_device(&cpu->host.base);
        return status;
    }
    *device = &cpu->host.base;
    return VAE_OK;
}

static const char *describe_device(vae_device *device)
{
    return ((vae_host_device *)device)->description;
}

/* oneDNN takes its thread count from OpenMP's setting for the calling thread, when a primitive is made and when it
 * runs; each device brings its own. */
static void enter(const vae_device *device)
{
    const int threads = ((const vae_host_device *)device)->threads;
    if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}

static vae_status create_executable(vae_device *device, const vae_program *program, vae_store *store, vae_data *data,
                                    vae_executable **executable)
{
    enter(device);
    return vae_host_executable_create(device, program, store, data, executable);
}

/* ---- Runs: each is between two loops of the team, as every thread has a state of its own ---- */

static void begin_run(vae_cpu_device *cpu)
{
    enter(&cpu->host.base);
#pragma omp parallel num_threads(cpu->host.threads)
    vae_cpu_flush_subnormals(1);
    vae_waiting_begin(cpu->waiting);
}

static void end_run(vae_cpu_device *cpu)
{
    vae_waiting_end(cpu->waiting);
#pragma omp parallel num_threads(cpu->host.threads)
    {
        vae_waiting_read(cpu->waiting, omp_get_thread_num());
        vae_cpu_flush_subnormals(0);
    }
    vae_waiting_decide(cpu->waiting);
}

static vae_status run_executable(vae_executable *executable, const vae_step *step)
{
    vae_cpu_device *cpu = (vae_cpu_device *)vae_host_executable_device(executable);
    begin_run(cpu);
    const vae_status status = vae_host_executable_run(executable, step);
    end_run(cpu);
    return status;
}

static vae_status run_timed(vae_executable *executable, const vae_step *step, double *seconds)
{
    vae_cpu_device *cpu = (vae_cpu_device *)vae_host_executable_device(executable);
    begin_run(cpu);
    const vae_status status = vae_host_executable_run_timed(executable, step, seconds);
    end_run(cpu);
    return status;
}

static vae_status measure(vae_executable *executable, const vae_measure_plan *plan, vae_measurement *measurement)
{
    return vae_host_executable_measure(executable, run_timed, plan, measurement);
}

static vae_status find_nonfinite(vae_executable *executable, const vae_step *step, char *name, size_t size)
{
    vae_cpu_device *cpu = (vae_cpu_device *)vae_host_executable_device(executable);
    begin_run(cpu);
    const vae_status status = vae_host_executable_find_nonfinite(executable, step, name, size);
    end_run(cpu);
    return status;
}

const vae_backend vae_backend_cpu = {
    .name = "cpu",
    .dtype = VAE_FLOAT32,
    .device_open = open_device,
    .device_close = close_device,
    .device_describe = describe_device,
    .has_kernel = has_kernel,
    .store_create = vae_host_store_create,
    .store_destroy = vae_host_store_destroy,
    .store_reserve = vae_host_store_reserve,
    .store_read = vae_host_store_read,
    .store_write = vae_host_store_write,
    .data_create = vae_host_data_create,
    .data_destroy = vae_host_data_destroy,
    .executable_create = create_executable,
    .executable_destroy = vae_host_executable_destroy,
    .executable_run = run_executable,
    .executable_find_nonfinite = find_nonfinite,
    .executable_measure = measure,
    .tensor_read = vae_host_tensor_read,
    .tensor_write = vae_host_tensor_write,
    .metrics_take = vae_host_metrics_take,
};
