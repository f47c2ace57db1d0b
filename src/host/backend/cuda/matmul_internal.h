/* What the parts of the door to cuBLASLt share: the handle, products' descriptions, and algorithms. */
#ifndef VAE_BACKEND_CUDA_MATMUL_INTERNAL_H
#define VAE_BACKEND_CUDA_MATMUL_INTERNAL_H

#include "backend/cuda/cublaslt.h"
#include "backend/cuda/matmul.h"

/* What an algorithm is chosen by. */
typedef struct vae_cuda_key {
    int64_t m, n, k, mask_row_bits;
    bool left_transposed, right_transposed;
    vae_epilogue epilogue;
} vae_cuda_key;

typedef struct vae_cuda_algorithm {
    cublasLtMatmulAlgo_t lt;
    size_t workspace_bytes; /* that it uses */
} vae_cuda_algorithm;

/* What was found for a shape. */
typedef struct vae_cuda_chosen {
    vae_cuda_key key;
    bool refused; /* no algorithm carries its epilogue */
    vae_cuda_algorithm algorithm;
    int32_t passed_over; /* algorithms that came first and failed */
} vae_cuda_chosen;

struct vae_cuda_blas {
    vae_cublaslt lt;
    cublasLtHandle_t handle;
    cudaStream_t stream; /* borrowed; products are tried out on it */
    void *workspace;
    size_t workspace_bytes;
    vae_precision precision;
    vae_device_remarks remarks;
    vae_cuda_chosen *chosen; /* so far */
    int32_t chosen_count;
};

/* A product as cuBLASLt knows it. */
typedef struct vae_cuda_description {
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t a, b, d;
} vae_cuda_description;

vae_status vae_cuda_blas_failure(const vae_cuda_blas *blas, cublasStatus_t status, const char *call);

#define VAE_BLAS_TRY(blas, function, ...)                                                                              \
    do {                                                                                                               \
        const cublasStatus_t blas_status_ = (blas)->lt.function(__VA_ARGS__);                                          \
        if (blas_status_) return vae_cuda_blas_failure(blas, blas_status_, #function);                                 \
    } while (0)

/* The shape of a product, written "[128, 400] = [128, 784] · [784, 400] with bias, relu". Returns text. */
enum { VAE_CUDA_KEY_TEXT = 192 };
const char *vae_cuda_key_write(const vae_cuda_key *key, char text[VAE_CUDA_KEY_TEXT]);

/* ---- matmul.c ---- */

/* Of the operands, the addresses behind bias and mask become part of it. Freed by the caller on failure too. */
vae_status vae_cuda_describe(const vae_cuda_blas *blas, const vae_cuda_key *key,
                             const vae_cuda_matmul_operands *operands, vae_cuda_description *description);
void vae_cuda_description_free(const vae_cuda_blas *blas, vae_cuda_description *description);
cublasStatus_t vae_cuda_multiply(const vae_cuda_blas *blas, const vae_cuda_description *description,
                                 const vae_cuda_matmul_operands *operands, const vae_cuda_algorithm *algorithm,
                                 cudaStream_t stream);
/* What an algorithm says of itself. */
vae_status vae_cuda_algorithm_read(const vae_cuda_blas *blas, const vae_cuda_algorithm *algorithm,
                                   vae_cuda_choice *choice);

/* ---- product_choice.c ---- */

/* The first algorithm that cuBLASLt proposes and that computes the product rightly; found once per shape. What fails is
 * told, in the name of `name`. VAE_ERROR_DEVICE where none does for a product without an epilogue. */
vae_status vae_cuda_choose(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_chosen *chosen);

/* ---- product_check.c: a product of known numbers in memory of its own ---- */

typedef struct vae_cuda_trial vae_cuda_trial;

vae_status vae_cuda_trial_open(vae_cuda_blas *blas, const vae_cuda_key *key, vae_cuda_trial **trial);
/* NULL is allowed. */
void vae_cuda_trial_close(vae_cuda_trial *trial);
/* The product with its epilogue, and the same without. */
const vae_cuda_description *vae_cuda_trial_product(const vae_cuda_trial *trial);
const vae_cuda_description *vae_cuda_trial_plain(const vae_cuda_trial *trial);

enum { VAE_CUDA_FAULT_TEXT = 160 };
/* Computes the product without its epilogue; the first result that is right, so far as places here and there show, is
 * what the others are compared with. `fault` says what is wrong with this one, and is "" where nothing is. */
vae_status vae_cuda_trial_run_plain(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                                    char fault[VAE_CUDA_FAULT_TEXT]);
/* Computes the product and compares all that it writes; due after a plain one that was right. */
vae_status vae_cuda_trial_run(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                              char fault[VAE_CUDA_FAULT_TEXT]);

#endif
