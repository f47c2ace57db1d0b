/* Opening a GPU, or saying what is missing. */
#include <stdio.h>
#include <stdlib.h>

#include "backend/cuda/internal.h"

enum { MINIMUM_MAJOR = 8 };

/* Whether a kernel has failed, so that it shows at whatever call comes later. */
static bool is_fault(cudaError_t error)
{
    switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorLaunchTimeout:
    case cudaErrorLaunchFailure: return true;
    default: return false;
    }
}

vae_status vae_cuda_failure(cudaError_t error, const char *call, const char *what)
{
    /* The error has been seen; it must not surface again at the next call. */
    cudaGetLastError();
    return vae_error_set(error == cudaErrorMemoryAllocation ? VAE_ERROR_MEMORY : VAE_ERROR_DEVICE,
                         "cuda: %s for %s failed: %s (%s)%s", call, what, cudaGetErrorString(error),
                         cudaGetErrorName(error),
                         is_fault(error) ? "; with VAE_CUDA_SYNC=1 in the environment the kernel is named" : "");
}

static vae_status find_device(void)
{
    int driver = 0, runtime = 0, count = 0;
    if (cudaDriverGetVersion(&driver) || driver == 0) {
        return vae_error_set(VAE_ERROR_DEVICE, "device cuda: this machine has no NVIDIA driver");
    }
    cudaRuntimeGetVersion(&runtime);
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaErrorInsufficientDriver) {
        return vae_error_set(
            VAE_ERROR_DEVICE,
            "device cuda: the NVIDIA driver supports CUDA %d.%d, but this program was built with %d.%d: "
            "update the driver",
            driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    }
    if (error == cudaErrorNoDevice || (!error && count == 0)) {
        return vae_error_set(VAE_ERROR_DEVICE, "device cuda: the NVIDIA driver is installed, but finds no GPU");
    }
    if (error) return vae_cuda_failure(error, "cudaGetDeviceCount", "device cuda");
    return VAE_OK;
}

static vae_status check_architecture(const struct cudaDeviceProp *properties)
{
    if (properties->major < MINIMUM_MAJOR) {
        return vae_error_set(VAE_ERROR_DEVICE,
                             "device cuda: %s has compute capability %d.%d, but at least %d.0 is needed",
                             properties->name, properties->major, properties->minor, MINIMUM_MAJOR);
    }
    int blocks;
    const cudaError_t error = vae_cuda_adam_blocks(1, &blocks);
    if (!error) return VAE_OK;
    return vae_error_prepend(vae_cuda_failure(error, "loading the kernels", properties->name),
                             "device cuda: no kernel was built for compute capability %d.%d", properties->major,
                             properties->minor);
}

static void describe(vae_cuda_device *device, const struct cudaDeviceProp *properties)
{
    char version[32];
    vae_cuda_blas_version(device->blas, version, sizeof version);
    snprintf(device->description, sizeof device->description, "%.80s, %.1f GiB, cuBLASLt %s, %s products%s",
             properties->name, (double)properties->totalGlobalMem / (1 << 30), version,
             vae_cuda_precision_name(device->precision),
             device->synchronous ? ", launches one at a time (VAE_CUDA_SYNC)" : "");
}

static vae_status open_device(vae_cuda_device *device, const vae_device_options *options)
{
    struct cudaDeviceProp properties;
    VAE_CUDA_TRY("device 0", cudaGetDeviceProperties, &properties, 0);
    VAE_CUDA_TRY(properties.name, cudaSetDevice, 0);
    VAE_TRY(check_architecture(&properties));
    VAE_CUDA_TRY(properties.name, cudaStreamCreateWithFlags, &device->stream, cudaStreamNonBlocking);
    VAE_CUDA_TRY(properties.name, cudaStreamCreateWithFlags, &device->copies, cudaStreamNonBlocking);
    const vae_cuda_blas_options blas = {.precision = device->precision,
                                        .compute_major = properties.major,
                                        .stream = device->stream,
                                        .remarks = options->remarks,
                                        .gpu = properties.name,
                                        .choices = options->choices};
    VAE_TRY(vae_cuda_blas_open(&blas, &device->blas));
    describe(device, &properties);
    return VAE_OK;
}

vae_status vae_cuda_device_open(const vae_device_options *options, vae_device **device)
{
    VAE_TRY(find_device());
    vae_cuda_device *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "device cuda: out of memory");
    made->base.backend = &vae_backend_cuda;
    made->precision = vae_cuda_precision(options->precision);
    made->synchronous = vae_cuda_synchronous_asked();
    const vae_status status = open_device(made, options);
    if (status) {
        vae_cuda_device_close(&made->base);
        return status;
    }
    *device = &made->base;
    return VAE_OK;
}

void vae_cuda_device_close(vae_device *device)
{
    if (!device) return;
    vae_cuda_device *cuda = (vae_cuda_device *)device;
    vae_cuda_blas_close(cuda->blas);
    if (cuda->stream) cudaStreamDestroy(cuda->stream);
    if (cuda->copies) cudaStreamDestroy(cuda->copies);
    free(cuda);
}

static const char *describe_device(vae_device *device)
{
    return ((vae_cuda_device *)device)->description;
}

static vae_status keep_choices(vae_device *device)
{
    return vae_cuda_blas_keep(((vae_cuda_device *)device)->blas);
}

const vae_backend vae_backend_cuda = {
    .name = "cuda",
    .dtype = VAE_FLOAT32,
    .deferred_metrics = true,
    .device_open = vae_cuda_device_open,
    .device_close = vae_cuda_device_close,
    .device_describe = describe_device,
    .choices_keep = keep_choices,
    .store_create = vae_cuda_store_create,
    .store_destroy = vae_cuda_store_destroy,
    .store_reserve = vae_cuda_store_reserve,
    .store_read = vae_cuda_store_read,
    .store_write = vae_cuda_store_write,
    .data_create = vae_cuda_data_create,
    .data_destroy = vae_cuda_data_destroy,
    .executable_create = vae_cuda_executable_create,
    .executable_destroy = vae_cuda_executable_destroy,
    .executable_run = vae_cuda_executable_run,
    .executable_find_nonfinite = vae_cuda_executable_find_nonfinite,
    .executable_measure = vae_cuda_executable_measure,
    .tensor_read = vae_cuda_tensor_read,
    .tensor_write = vae_cuda_tensor_write,
    .metrics_take = vae_cuda_metrics_take,
};
