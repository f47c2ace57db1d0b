/* cuBLASLt's functions, found when a GPU is opened: half a gigabyte of library that runs without a GPU should not map.
 */
#ifndef VAE_BACKEND_CUDA_CUBLASLT_H
#define VAE_BACKEND_CUDA_CUBLASLT_H

#include <cublasLt.h>

#include "core/error.h"

#define VAE_CUBLASLT_MAP(X)                                                                                            \
    X(cublasLtCreate)                                                                                                  \
    X(cublasLtDestroy)                                                                                                 \
    X(cublasLtGetVersion)                                                                                              \
    X(cublasLtGetStatusString)                                                                                         \
    X(cublasLtMatmul)                                                                                                  \
    X(cublasLtMatmulAlgoCheck)                                                                                         \
    X(cublasLtMatmulAlgoConfigGetAttribute)                                                                            \
    X(cublasLtMatmulAlgoGetHeuristic)                                                                                  \
    X(cublasLtMatmulDescCreate)                                                                                        \
    X(cublasLtMatmulDescDestroy)                                                                                       \
    X(cublasLtMatmulDescSetAttribute)                                                                                  \
    X(cublasLtMatmulPreferenceCreate)                                                                                  \
    X(cublasLtMatmulPreferenceDestroy)                                                                                 \
    X(cublasLtMatmulPreferenceSetAttribute)                                                                            \
    X(cublasLtMatrixLayoutCreate)                                                                                      \
    X(cublasLtMatrixLayoutDestroy)

typedef struct vae_cublaslt {
    void *library;
#define ROW(function) __typeof__(function) *(function);
    VAE_CUBLASLT_MAP(ROW)
#undef ROW
} vae_cublaslt;

/* VAE_ERROR_DEVICE names the library or the function that is missing. */
vae_status vae_cublaslt_open(vae_cublaslt *lt);
void vae_cublaslt_close(vae_cublaslt *lt);

#endif
