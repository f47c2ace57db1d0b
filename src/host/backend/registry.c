/* Which backends there are, and which device "auto" takes. */
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"

size_t vae_dtype_size(vae_dtype dtype)
{
    switch (dtype) {
    case VAE_UINT8: return 1;
    case VAE_FLOAT32: return 4;
    case VAE_FLOAT64: return 8;
    case VAE_INT32: return 4;
    }
    return 0;
}

static vae_status open_cuda(const vae_device_options *options, vae_device **device)
{
#ifdef VAE_CUDA
    return vae_backend_cuda.device_open(options, device);
#else
    (void)options;
    *device = NULL;
    return vae_error_set(VAE_ERROR_DEVICE, "device cuda: this build has no CUDA backend; use auto, cpu or reference");
#endif
}

static vae_status open_auto(const vae_device_options *options, vae_device **device)
{
    if (!open_cuda(options, device)) {
        snprintf((*device)->choice, sizeof(*device)->choice, "auto: found a GPU");
        return VAE_OK;
    }
    char reason[VAE_CHOICE_SIZE];
    const char *message = vae_error_message(), *after = strstr(message, "device cuda: ");
    snprintf(reason, sizeof reason, "auto: %.140s", after ? after + strlen("device cuda: ") : message);
    reason[strcspn(reason, ";")] = '\0';
    VAE_TRY(vae_backend_cpu.device_open(options, device));
    memcpy((*device)->choice, reason, sizeof reason);
    return VAE_OK;
}

vae_status vae_device_open(const char *name, const vae_device_options *options, vae_device **device)
{
    *device = NULL;
    if (strcmp(name, "auto") == 0) return open_auto(options, device);
    if (strcmp(name, "cpu") == 0) return vae_backend_cpu.device_open(options, device);
    if (strcmp(name, "reference") == 0) return vae_backend_reference.device_open(options, device);
    if (strcmp(name, "cuda") == 0) return open_cuda(options, device);
    return vae_error_set(VAE_ERROR_CONFIG, "device '%s' is not known: use auto, cpu, reference or cuda", name);
}
