/* What the host side of the CUDA backend shares: its objects, and how a CUDA status becomes a message. */
#ifndef VAE_BACKEND_CUDA_INTERNAL_H
#define VAE_BACKEND_CUDA_INTERNAL_H

#include "backend/backend.h"
#include "backend/cuda/lowering.h"
#include "backend/cuda/matmul.h"
#include "backend/workspace.h"
#include "kernels.h"

/* Gives the status of a failed call, with a message that names the call, what it was for, and CUDA's own reason. */
vae_status vae_cuda_failure(cudaError_t error, const char *call, const char *what);

#define VAE_CUDA_TRY(what, function, ...)                                                                              \
    do {                                                                                                               \
        const cudaError_t cuda_error_ = function(__VA_ARGS__);                                                         \
        if (cuda_error_) return vae_cuda_failure(cuda_error_, #function, (what));                                      \
    } while (0)

typedef struct vae_cuda_device {
    vae_device base;
    cudaStream_t stream; /* steps */
    cudaStream_t copies; /* rows of a data set that does not fit */
    vae_precision precision;
    vae_cuda_blas *blas;
    bool synchronous; /* steps are launches one at a time, not graphs: VAE_CUDA_SYNC */
    char description[192];
} vae_cuda_device;

struct vae_store {
    vae_cuda_device *device;
    const vae_layout *layout;
    float *arenas[VAE_ARENA_COUNT]; /* device memory; NULL where not kept */
    uint16_t *shadow;               /* bf16: the parameters rounded */
    vae_workspace activations, shadow_activations, scratch, masks;
};

struct vae_data {
    vae_column column;
    uint8_t *resident;            /* device memory; NULL: rows are streamed from the host */
    vae_cuda_sequences sequences; /* where it is resident, in device memory too */
};

/* What a step's kernels keep between them, in device memory. */
typedef struct vae_cuda_scratch {
    vae_cuda_step current;
    uint64_t counter; /* of steps begun */
    double metrics[VAE_METRIC_COUNT];
    double norm;
    double variance; /* of gaussian_shared in training */
} vae_cuda_scratch;

/* Step records that the host writes ahead of the device. */
enum { VAE_CUDA_RING = 256 };

/* Rows, or sequences, on their way from a data set that does not fit: the host fills one half while the device reads
 * the other. */
typedef struct vae_cuda_staging {
    uint8_t *host;   /* pinned, [2, rows, row_bytes] */
    uint8_t *device; /* the same */
    int64_t rows;
    size_t row_bytes;
    const vae_op *gather; /* whose rows they are */
    cudaEvent_t copied[2], gathered[2];
} vae_cuda_staging;

struct vae_executable {
    vae_cuda_device *device;
    const vae_program *program;
    vae_store *store;
    vae_data *data;
    vae_lowering lowering;
    float *activations; /* the store's, as are the next two and the ops' scratch */
    uint16_t *shadow;   /* bf16 copies of activations, at the same places */
    uint8_t *masks;
    vae_cuda_scratch *scratch;
    float *op_scratch;          /* VAE_SCRATCH_TENSOR and those below */
    double *partials;           /* of sums over blocks: adam's, and columns' */
    unsigned int *finished;     /* blocks that have left theirs */
    vae_cuda_matmul **matmuls;  /* [launches]; NULL where a launch is none */
    vae_cuda_step *ring;        /* pinned */
    double *host_metrics;       /* pinned */
    cudaEvent_t ring_halves[2]; /* the device has taken this half's records */
    uint64_t runs;
    vae_cuda_staging *staging;   /* NULL where the data set is resident or not needed */
    vae_permutation permutation; /* of the epoch last run */
    uint64_t permutation_seed, permutation_epoch;
    cudaGraphExec_t graph;
    size_t nodes;
};

/* device.c */
vae_status vae_cuda_device_open(const vae_device_options *options, vae_device **device);
void vae_cuda_device_close(vae_device *device);

/* store.c */
vae_status vae_cuda_store_create(vae_device *device, const vae_layout *layout, bool training, vae_store **store);
void vae_cuda_store_destroy(vae_store *store);
vae_status vae_cuda_store_reserve(vae_store *store, int64_t activation_elements);
/* Memory for a program's activations, and for their bf16 copies, NULL where there are none. */
vae_status vae_cuda_store_activations(vae_store *store, int64_t elements, float **activations, uint16_t **shadow);
vae_status vae_cuda_store_read(vae_store *store, vae_arena arena, vae_dtype dtype, void *values);
vae_status vae_cuda_store_write(vae_store *store, vae_arena arena, vae_dtype dtype, const void *values);
/* `elements` numbers from or to device memory; waits. */
vae_status vae_cuda_read(vae_cuda_device *device, const char *what, const float *from, vae_dtype dtype, void *values,
                         int64_t elements);
vae_status vae_cuda_write(vae_cuda_device *device, const char *what, float *to, vae_dtype dtype, const void *values,
                          int64_t elements);

/* data.c */
vae_status vae_cuda_data_create(vae_device *device, const vae_column *column, vae_data **data);
void vae_cuda_data_destroy(vae_data *data);
/* For the rows that `gather` reads in a step. */
vae_status vae_cuda_staging_create(const vae_data *data, const vae_program *program, const vae_op *gather,
                                   vae_cuda_staging **staging);
void vae_cuda_staging_destroy(vae_cuda_staging *staging);
/* Sends the rows of a step to the device; record->first says where in `staging->device` they will be. */
vae_status vae_cuda_staging_send(vae_executable *executable, vae_cuda_step *record);
/* To be called behind the step that reads them. */
vae_status vae_cuda_staging_release(vae_executable *executable);

/* launch.c */
vae_status vae_cuda_launch(const vae_executable *executable, int32_t index);
/* Launches a part of the list that the op at `index` is; its one output is `result`. */
cudaError_t vae_cuda_launch_part(const vae_executable *executable, int32_t index, const vae_op *part, float *result);
/* The op that it belongs to, as messages call it. */
const char *vae_cuda_launch_owner(const vae_executable *executable, int32_t index);
float *vae_cuda_tensor(const vae_executable *executable, vae_tensor tensor);
/* The bf16 copy of a tensor. */
uint16_t *vae_cuda_shadow(const vae_executable *executable, vae_tensor tensor);

/* products.c */
/* Makes the lowering, with as many epilogues as there are algorithms for; tries these out in memory that is free again
 * afterwards, so it comes ahead of what the executable keeps. */
vae_status vae_cuda_products_lower(vae_executable *executable);
/* Products, relu masks and scratch. */
vae_status vae_cuda_products_create(vae_executable *executable);
void vae_cuda_products_destroy(vae_executable *executable);

/* capture.c */
/* `count` launches from `first` on as a graph, the caller's. events [count + 2], or NULL: recorded two in front of the
 * first launch and one behind each, whenever the graph runs. */
vae_status vae_cuda_capture(const vae_executable *executable, int32_t first, int32_t count, const cudaEvent_t *events,
                            cudaGraph_t *graph);

/* synchronous.c */
/* VAE_CUDA_SYNC is set, to other than 0. */
bool vae_cuda_synchronous_asked(void);
/* Launches and waits; a fault of the device is an error that names op and kernel. */
vae_status vae_cuda_launch_and_wait(const vae_executable *executable, int32_t index);
/* All launches of a step in this way. */
vae_status vae_cuda_launch_one_by_one(const vae_executable *executable);

/* executable.c */
vae_status vae_cuda_executable_create(vae_device *device, const vae_program *program, vae_store *store, vae_data *data,
                                      vae_executable **executable);
void vae_cuda_executable_destroy(vae_executable *executable);
vae_status vae_cuda_executable_run(vae_executable *executable, const vae_step *step);
/* Makes a step's record ready for the device. */
vae_status vae_cuda_executable_stage(vae_executable *executable, const vae_step *step);
vae_status vae_cuda_metrics_take(vae_executable *executable, double *sums);
vae_status vae_cuda_tensor_read(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, void *values);
vae_status vae_cuda_tensor_write(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, const void *values);

/* measure.c */
vae_status vae_cuda_executable_measure(vae_executable *executable, const vae_measure_plan *plan,
                                       vae_measurement *measurement);

/* measure_products.c */
/* Compares a product, which has run and whose operands are as it found them, with sums that the host takes in double of
 * these operands; fills in error and explained. */
vae_status vae_cuda_product_compare(const vae_executable *executable, int32_t index, vae_measured_product *product);

/* diagnose.c */
vae_status vae_cuda_executable_find_nonfinite(vae_executable *executable, const vae_step *step, char *name,
                                              size_t size);

#endif
