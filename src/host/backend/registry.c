#include <string.h>

#include "backend/backend.h"

size_t vae_dtype_size(vae_dtype dtype)
{
    switch (dtype) {
    case VAE_UINT8: return 1;
    case VAE_FLOAT32: return 4;
    case VAE_FLOAT64: return 8;
    }
    return 0;
}

vae_status vae_backend_find(const char *name, const vae_backend **backend)
{
    if (strcmp(name, "auto") == 0 || strcmp(name, "cpu") == 0) {
        *backend = &vae_backend_cpu;
        return VAE_OK;
    }
    if (strcmp(name, "reference") == 0) {
        *backend = &vae_backend_reference;
        return VAE_OK;
    }
    if (strcmp(name, "cuda") == 0) {
        return vae_error_set(VAE_ERROR_DEVICE,
                             "device cuda: this build has no CUDA backend; use auto, cpu or reference");
    }
    return vae_error_set(VAE_ERROR_CONFIG, "device '%s' is not known: use auto, cpu, reference or cuda", name);
}
