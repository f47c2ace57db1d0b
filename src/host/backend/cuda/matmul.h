/* The only door to cuBLASLt: matrix products whose epilogues carry biases, relus and bias gradients. */
#ifndef VAE_BACKEND_CUDA_MATMUL_H
#define VAE_BACKEND_CUDA_MATMUL_H

#include <cuda_runtime.h>

#include "backend/backend.h"
#include "backend/cuda/product.h"

typedef struct vae_cuda_blas_options {
    vae_precision precision;
    int compute_major;          /* of the GPU's compute capability */
    cudaStream_t stream;        /* borrowed; products are tried out on it */
    vae_device_remarks remarks; /* told of algorithms that fail */
    const char *gpu;            /* its name */
    vae_device_choices choices;
} vae_cuda_blas_options;

vae_status vae_cuda_blas_open(const vae_cuda_blas_options *options, vae_cuda_blas **blas);
void vae_cuda_blas_close(vae_cuda_blas *blas);
/* "13.1.0" */
void vae_cuda_blas_version(const vae_cuda_blas *blas, char *text, size_t size);

typedef struct vae_cuda_verdict {
    bool refused; /* no algorithm carries the epilogue */
    double saved; /* microseconds that the epilogue saves, compared with kernels; 0 where that was not measured */
} vae_cuda_verdict;

/* Finds an algorithm that computes products of this shape rightly, once per shape. `name` is what messages call the
 * product. mask_row_bits: 0 where there is no mask. */
vae_status vae_cuda_matmul_choose(vae_cuda_blas *blas, const vae_matmul *shape, int64_t mask_row_bits, const char *name,
                                  vae_cuda_verdict *verdict);
/* Writes what was chosen to the file of choices.file, from the first call of keep on, and of choices.cache. */
vae_status vae_cuda_blas_keep(vae_cuda_blas *blas);
vae_status vae_cuda_blas_save(vae_cuda_blas *blas);
/* Of a shape that was chosen an algorithm for. Memory behind the operands is borrowed. */
vae_status vae_cuda_matmul_create(vae_cuda_blas *blas, const vae_matmul *shape, int64_t mask_row_bits, const char *name,
                                  const vae_cuda_matmul_operands *operands, vae_cuda_matmul **matmul);
void vae_cuda_matmul_destroy(vae_cuda_matmul *matmul);
vae_status vae_cuda_matmul_run(const vae_cuda_matmul *matmul, cudaStream_t stream);

vae_status vae_cuda_matmul_choice(const vae_cuda_matmul *matmul, vae_cuda_choice *choice);

#endif
