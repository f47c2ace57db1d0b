/* What the two CPU-side backends share: arenas in host memory and the loop over a program's ops. They differ in the
 * element type and in their kernel tables. */
#ifndef VAE_BACKEND_HOST_ENGINE_H
#define VAE_BACKEND_HOST_ENGINE_H

#include "backend/backend.h"
#include "backend/workspace.h"
#include "core/permutation.h"

struct vae_store {
    vae_device *device;
    const vae_layout *layout;
    void *arenas[VAE_ARENA_COUNT]; /* NULL where not kept */
    void *shadow;                  /* cpu, bf16: the parameters rounded to bf16, same offsets; else NULL */
    vae_workspace activations, shadow_activations;
};

struct vae_data {
    vae_column column;
};

/* One op of an executable, bound to memory: what a kernel sees. */
typedef struct vae_call {
    const vae_program *program;
    const vae_op *op;
    void *inputs[VAE_MAX_INPUTS]; /* NULL where the op has none */
    void *outputs[VAE_MAX_OUTPUTS];
    void *input_shadows[VAE_MAX_INPUTS]; /* bf16 copies at the same places (precision = bf16), else NULL */
    void *output_shadows[VAE_MAX_OUTPUTS];
    vae_store *store;
    const vae_data *data;
    const vae_step *step;               /* of the run in progress */
    const vae_permutation *permutation; /* of the run's epoch and data set; NULL without data */
    double *metrics;                    /* [VAE_METRIC_COUNT] */
    vae_device *device;
    void *state; /* what prepare made */
} vae_call;

typedef struct vae_kernel {
    vae_status (*prepare)(vae_call *call); /* may be NULL */
    vae_status (*run)(vae_call *call);
    void (*release)(vae_call *call); /* may be NULL */
} vae_kernel;

/* Each host-side device begins with this. */
typedef struct vae_host_device {
    vae_device base;
    const vae_kernel *const *kernels; /* [VAE_OP_COUNT]; NULL where there is none */
    int threads;
    vae_precision precision;
    char description[160];
} vae_host_device;

/* The shape of an operand. */
static inline const vae_shape *vae_call_input_shape(const vae_call *call, int index)
{
    return &call->program->tensors[call->op->inputs[index]].shape;
}
static inline const vae_shape *vae_call_output_shape(const vae_call *call, int index)
{
    return &call->program->tensors[call->op->outputs[index]].shape;
}
/* Of the noise that a step's rows draw, the first element; each row of the batch has `per_row`. */
static inline uint64_t vae_call_first_element(const vae_call *call, int64_t per_row)
{
    return (uint64_t)(call->step->first_row * per_row);
}
/* The current value of a weight in the loss. */
static inline double vae_weight_value(vae_weight weight, const vae_step *step)
{
    return vae_weight_in_step(weight, step->beta, step->share > 0 ? step->share : 1.0);
}

/* The backend table's functions, for backends whose memory is host memory. */
vae_status vae_host_store_create(vae_device *device, const vae_layout *layout, bool training, vae_store **store);
void vae_host_store_destroy(vae_store *store);
vae_status vae_host_store_reserve(vae_store *store, int64_t activation_elements);
/* Memory for a program's activations, and for their bf16 copies, NULL where there are none. */
vae_status vae_host_store_activations(vae_store *store, const char *owner, int64_t elements, void **activations,
                                      void **shadow);
vae_status vae_host_store_read(vae_store *store, vae_arena arena, vae_dtype dtype, void *values);
vae_status vae_host_store_write(vae_store *store, vae_arena arena, vae_dtype dtype, const void *values);
vae_status vae_host_data_create(vae_device *device, const vae_column *column, vae_data **data);
void vae_host_data_destroy(vae_data *data);
vae_status vae_host_executable_create(vae_device *device, const vae_program *program, vae_store *store, vae_data *data,
                                      vae_executable **executable);
void vae_host_executable_destroy(vae_executable *executable);
vae_device *vae_host_executable_device(vae_executable *executable);
const vae_program *vae_host_executable_program(const vae_executable *executable);
vae_status vae_host_executable_run(vae_executable *executable, const vae_step *step);
/* The same; seconds[op_count] receives what each op took. */
vae_status vae_host_executable_run_timed(vae_executable *executable, const vae_step *step, double *seconds);
vae_status vae_host_executable_find_nonfinite(vae_executable *executable, const vae_step *step, char *name,
                                              size_t size);
vae_status vae_host_tensor_read(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, void *values);
vae_status vae_host_tensor_write(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, const void *values);
vae_status vae_host_metrics_take(vae_executable *executable, double *sums);

#endif
