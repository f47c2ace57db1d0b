#include "backend/cuda/cublaslt.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#ifdef VAE_CUBLASLT_LINKED
/* Where cuBLASLt is part of the program. */
vae_status vae_cublaslt_open(vae_cublaslt *lt)
{
    *lt = (vae_cublaslt){
#define ROW(function) .function = (function),
        VAE_CUBLASLT_MAP(ROW)
#undef ROW
    };
    return VAE_OK;
}
#else
static vae_status find(const vae_cublaslt *lt, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(lt->library, name);
    if (!symbol) return vae_error_set(VAE_ERROR_DEVICE, "device cuda: cuBLASLt has no function %s", name);
    memcpy(function, &symbol, size);
    return VAE_OK;
}

vae_status vae_cublaslt_open(vae_cublaslt *lt)
{
    *lt = (vae_cublaslt){0};
    char name[64];
    snprintf(name, sizeof name, "libcublasLt.so.%d", CUBLAS_VER_MAJOR);
    lt->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!lt->library) lt->library = dlopen(VAE_CUDA_LIBRARY_DIR "/libcublasLt.so", RTLD_NOW | RTLD_LOCAL);
    if (!lt->library) {
        return vae_error_set(VAE_ERROR_DEVICE, "device cuda: %s, of the CUDA toolkit, cannot be loaded: %s", name,
                             dlerror());
    }
#define ROW(function) VAE_TRY(find(lt, #function, &lt->function, sizeof lt->function));
    VAE_CUBLASLT_MAP(ROW)
#undef ROW
    return VAE_OK;
}
#endif

void vae_cublaslt_close(vae_cublaslt *lt)
{
    if (lt->library) dlclose(lt->library);
    *lt = (vae_cublaslt){0};
}
