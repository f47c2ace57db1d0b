/* Loads cuBLASLt 12 or 13 and looks up its functions by name, unless it is linked into the program. */
#include "backend/cuda/cublaslt.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "backend/cuda/library_search.h"

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

/* The functions, structures and constants used here are the same in cuBLASLt 12 and 13, and a library brings its own
 * runtime, so either does; that of the toolkit which compiled the kernels comes first. */
static vae_status open_library(void **library)
{
    static const char twelve[] = "libcublasLt.so.12", thirteen[] = "libcublasLt.so.13";
    static const char *const names[] = {CUBLAS_VER_MAJOR == 12 ? twelve : thirteen,
                                        CUBLAS_VER_MAJOR == 12 ? thirteen : twelve, NULL};
    const vae_status status = vae_cuda_library_open(names, VAE_CUDA_LIBRARY_DIR, library);
    if (!status) return VAE_OK;
    return vae_error_prepend(
        status, "device cuda: needs cuBLASLt of CUDA 12 or 13, which the toolkit and pip's nvidia-cublas hold");
}

vae_status vae_cublaslt_open(vae_cublaslt *lt)
{
    *lt = (vae_cublaslt){0};
    VAE_TRY(open_library(&lt->library));
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
