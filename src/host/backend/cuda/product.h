/* What there is to a matrix product on the device. */
#ifndef VAE_BACKEND_CUDA_PRODUCT_H
#define VAE_BACKEND_CUDA_PRODUCT_H

#include "backend/cuda/launch_list.h"

typedef struct vae_cuda_blas vae_cuda_blas;     /* a handle, its workspace, and the algorithms chosen so far */
typedef struct vae_cuda_matmul vae_cuda_matmul; /* one product with its operands */

typedef struct vae_cuda_matmul_operands {
    const void *left, *right; /* float32, or bf16 where that is the precision */
    float *target, *bias;
    void *mask;
} vae_cuda_matmul_operands;

/* How a product is computed, in cuBLASLt's own numbers where they are such. */
typedef struct vae_cuda_choice {
    vae_epilogue epilogue;
    int32_t algorithm; /* CUBLASLT_ALGO_CONFIG_ID */
    int32_t tile;      /* cublasLtMatmulTile_t */
    int32_t stages;    /* cublasLtMatmulStages_t */
    int32_t split_k;   /* parts of the sums over k */
    int32_t reduction; /* cublasLtReductionScheme_t: how the parts are added up */
    size_t workspace_bytes;
    int32_t passed_over; /* algorithms that were proposed and failed */
} vae_cuda_choice;

#endif
