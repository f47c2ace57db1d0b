/* The reference backend: one thread, double precision. It defines what every other backend must compute. */
#include <stdio.h>
#include <stdlib.h>

#include "backend/host/measure.h"
#include "backend/reference/kernels.h"

const vae_kernel *const vae_reference_kernels[VAE_OP_COUNT] = {
#define ROW(NAME, name) [VAE_OP_##NAME] = &(const vae_kernel){.run = vae_reference_##name},
    VAE_OP_MAP(ROW)
#undef ROW
};

static vae_status open_device(const vae_device_options *options, vae_device **device)
{
    if (options->precision != VAE_PRECISION_AUTO && options->precision != VAE_PRECISION_FP32) {
        return vae_error_set(VAE_ERROR_DEVICE, "device reference computes in double only; leave out precision");
    }
    vae_host_device *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "device reference: out of memory");
    made->base.backend = &vae_backend_reference;
    made->kernels = vae_reference_kernels;
    made->threads = 1;
    snprintf(made->description, sizeof made->description, "1 thread, plain C, double precision");
    *device = &made->base;
    return VAE_OK;
}

static void close_device(vae_device *device)
{
    free(device);
}

static const char *describe_device(vae_device *device)
{
    return ((vae_host_device *)device)->description;
}

static vae_status measure(vae_executable *executable, const vae_measure_plan *plan, vae_measurement *measurement)
{
    return vae_host_executable_measure(executable, vae_host_executable_run_timed, plan, measurement);
}

const vae_backend vae_backend_reference = {
    .name = "reference",
    .dtype = VAE_FLOAT64,
    .device_open = open_device,
    .device_close = close_device,
    .device_describe = describe_device,
    .store_create = vae_host_store_create,
    .store_destroy = vae_host_store_destroy,
    .store_reserve = vae_host_store_reserve,
    .store_read = vae_host_store_read,
    .store_write = vae_host_store_write,
    .data_create = vae_host_data_create,
    .data_destroy = vae_host_data_destroy,
    .executable_create = vae_host_executable_create,
    .executable_destroy = vae_host_executable_destroy,
    .executable_run = vae_host_executable_run,
    .executable_find_nonfinite = vae_host_executable_find_nonfinite,
    .executable_measure = measure,
    .tensor_read = vae_host_tensor_read,
    .tensor_write = vae_host_tensor_write,
    .metrics_take = vae_host_metrics_take,
};
