/* What the parts of the door to cuBLASLt share: the handle, products' descriptions, and algorithms. */
#ifndef VAE_BACKEND_CUDA_MATMUL_INTERNAL_H
#define VAE_BACKEND_CUDA_MATMUL_INTERNAL_H

#include "backend/backend.h"
#include "backend/cuda/cublaslt.h"
#include "backend/cuda/product.h"

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

/* Microseconds. */
typedef struct vae_cuda_times {
    double product;        /* with its epilogue */
    double fused, unfused; /* all that is computed, one way and the other */
} vae_cuda_times;

/* What was found for a shape. */
typedef struct vae_cuda_chosen {
    vae_cuda_key key;
    bool refused; /* no algorithm carries its epilogue */
    vae_cuda_algorithm algorithm;
    int32_t passed_over; /* algorithms that were proposed and failed */
    bool measured;
    vae_cuda_times times; /* where measured */
    bool checked;         /* false: out of a file, and not tried out yet */
    bool used;            /* by a product */
} vae_cuda_chosen;

typedef struct vae_cuda_choices {
    vae_cuda_chosen *list;
    int32_t count;
    bool changed; /* since they were read or written */
} vae_cuda_choices;

struct vae_cuda_blas {
    vae_cublaslt lt;
    cublasLtHandle_t handle;
    cudaStream_t stream; /* borrowed; products are tried out on it */
    void *workspace;
    size_t workspace_bytes;
    vae_precision precision;
    vae_device_remarks remarks;
    char gpu[256];
    bool tune;
    bool keeping;                    /* what is new goes to the file */
    char *file, *cache;              /* paths, or NULL; owned */
    vae_cuda_choices chosen, cached; /* so far, here and elsewhere */
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

/* ---- choice_list.c ---- */

vae_cuda_chosen *vae_cuda_choices_find(const vae_cuda_choices *choices, const vae_cuda_key *key);
/* Puts it in the place of what the list has for this key. */
vae_status vae_cuda_choices_put(vae_cuda_choices *choices, const vae_cuda_chosen *chosen);
void vae_cuda_choices_free(vae_cuda_choices *choices);

/* ---- choice_file.c: {"gpu", "cublaslt", "precision", "products": [one a choice]} ---- */

/* A file that is not there gives no choices; neither does one that is damaged or of another device, library or
 * precision, which is told. */
vae_status vae_cuda_choices_read(const vae_cuda_blas *blas, const char *path, vae_cuda_choices *choices);
/* VAE_ERROR_IO. */
vae_status vae_cuda_choices_write(const vae_cuda_blas *blas, const char *path, vae_cuda_choices *choices);

/* ---- product_tune.c ---- */

typedef vae_status vae_cuda_work(void *context, cudaStream_t stream);
/* Microseconds of the GPU for what `work` enqueues. */
vae_status vae_cuda_time(const vae_cuda_blas *blas, vae_cuda_work *work, void *context, double *microseconds);
/* The times of a product beside those of the kernels that could do its epilogue's work. */
vae_status vae_cuda_compare_ways(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_times *times);

/* ---- product_choice.c ---- */

/* Passes it to who listens. */
void vae_cuda_tell(const vae_cuda_blas *blas, const char *text);

/* An algorithm that computes the product rightly, found once per shape: that of the run's file, else the first that
 * cuBLASLt proposes, or, where products are tuned, the fastest. What fails is told, in the name of `name`.
 * VAE_ERROR_DEVICE where none does for a product without an epilogue. */
vae_status vae_cuda_choose(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_chosen *chosen);

/* ---- product_trial.c, product_check.c: a product of known numbers in memory of its own ---- */

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
/* Whether cuBLASLt knows the algorithm and takes it for the product; sets its workspace. */
vae_status vae_cuda_trial_accepts(const vae_cuda_trial *trial, vae_cuda_algorithm *algorithm, bool *accepted);
/* Microseconds of the product. */
vae_status vae_cuda_trial_time(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm, double *microseconds);
/* Computes the product and compares all that it writes; due after a plain one that was right. */
vae_status vae_cuda_trial_run(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                              char fault[VAE_CUDA_FAULT_TEXT]);

#endif
