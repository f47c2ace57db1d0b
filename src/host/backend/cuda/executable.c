/* A program on the device: its memory, and the one graph that is a step. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/check.h"
#include "backend/cuda/internal.h"

static const vae_column *column_of(const vae_executable *executable)
{
    return executable->data ? &executable->data->column : NULL;
}

/* The first op of a kind, or NULL. */
static const vae_op *find_op(const vae_program *program, vae_op_kind kind)
{
    for (int32_t i = 0; i < program->op_count; ++i) {
        if (program->ops[i].kind == kind) return &program->ops[i];
    }
    return NULL;
}

/* The op that reads the data set, or NULL. */
static const vae_op *find_reader(const vae_program *program)
{
    const vae_op *gather = find_op(program, VAE_OP_GATHER);
    return gather ? gather : find_op(program, VAE_OP_GATHER_SEQUENCE);
}

/* ---- The graph ---- */

static vae_status instantiate(vae_executable *executable, cudaGraph_t graph)
{
    VAE_CUDA_TRY(executable->program->name, cudaGraphGetNodes, graph, NULL, &executable->nodes);
    VAE_CUDA_TRY(executable->program->name, cudaGraphInstantiate, &executable->graph, graph, 0);
    return VAE_OK;
}

static vae_status capture(vae_executable *executable)
{
    cudaGraph_t graph;
    VAE_TRY(vae_cuda_capture(executable, 0, executable->lowering.count, NULL, &graph));
    const vae_status status = instantiate(executable, graph);
    cudaGraphDestroy(graph);
    return status;
}

/* ---- Creating ---- */

static vae_status allocate(vae_executable *executable)
{
    const vae_program *program = executable->program;
    VAE_TRY(vae_cuda_store_activations(executable->store, program->activation_elements, &executable->activations,
                                       &executable->shadow));
    VAE_CUDA_TRY("scratch", cudaMalloc, (void **)&executable->scratch, sizeof *executable->scratch);
    VAE_CUDA_TRY("scratch", cudaMemsetAsync, executable->scratch, 0, sizeof *executable->scratch,
                 executable->device->stream);
    VAE_CUDA_TRY("step records", cudaMallocHost, (void **)&executable->ring, VAE_CUDA_RING * sizeof *executable->ring);
    VAE_CUDA_TRY("metrics", cudaMallocHost, (void **)&executable->host_metrics,
                 VAE_METRIC_COUNT * sizeof *executable->host_metrics);
    for (int i = 0; i < 2; ++i) {
        VAE_CUDA_TRY("step records", cudaEventCreateWithFlags, &executable->ring_halves[i], cudaEventDisableTiming);
    }
    const vae_op *gather = find_reader(program);
    if (!gather || executable->data->resident) return VAE_OK;
    return vae_cuda_staging_create(executable->data, program, gather, &executable->staging);
}

/* What the blocks of adam and of sums leave for their last one: one launch's at a time. */
static vae_status allocate_partials(vae_executable *executable)
{
    const vae_program *program = executable->program;
    int blocks;
    VAE_CUDA_TRY("adam", vae_cuda_adam_blocks, program->layout->trained_elements, &blocks);
    int64_t partials = blocks, finished = 1;
    for (int32_t i = 0; i < executable->lowering.count; ++i) {
        const vae_grid grid = vae_launch_grid(&executable->lowering, &executable->lowering.launches[i]);
        if (grid.partials > partials) partials = grid.partials;
        if (grid.groups > finished) finished = grid.groups;
    }
    const size_t bytes = (size_t)finished * sizeof *executable->finished;
    VAE_CUDA_TRY("partial sums", cudaMalloc, (void **)&executable->partials, (size_t)partials * sizeof(double));
    VAE_CUDA_TRY("partial sums", cudaMalloc, (void **)&executable->finished, bytes);
    VAE_CUDA_TRY("partial sums", cudaMemsetAsync, executable->finished, 0, bytes, executable->device->stream);
    return VAE_OK;
}

static vae_status prepare(vae_executable *executable)
{
    VAE_TRY(vae_cuda_products_lower(executable));
    VAE_TRY(allocate(executable));
    VAE_TRY(vae_cuda_products_create(executable));
    VAE_TRY(allocate_partials(executable));
    return capture(executable);
}

vae_status vae_cuda_executable_create(vae_device *device, const vae_program *program, vae_store *store, vae_data *data,
                                      vae_executable **executable)
{
    VAE_TRY(vae_check_program(program, data ? &data->column : NULL, store->arenas[VAE_ARENA_GRADIENTS] != NULL));
    vae_executable *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "program '%s': out of memory", program->name);
    made->device = (vae_cuda_device *)device;
    made->program = program;
    made->store = store;
    made->data = data;
    const vae_status status = prepare(made);
    if (status) {
        vae_cuda_executable_destroy(made);
        return status;
    }
    *executable = made;
    return VAE_OK;
}

void vae_cuda_executable_destroy(vae_executable *executable)
{
    if (!executable) return;
    /* Nothing that a step still uses may go. */
    cudaStreamSynchronize(executable->device->stream);
    if (executable->graph) cudaGraphExecDestroy(executable->graph);
    vae_cuda_products_destroy(executable);
    vae_cuda_staging_destroy(executable->staging);
    for (int i = 0; i < 2; ++i) {
        if (executable->ring_halves[i]) cudaEventDestroy(executable->ring_halves[i]);
    }
    if (executable->ring) cudaFreeHost(executable->ring);
    if (executable->host_metrics) cudaFreeHost(executable->host_metrics);
    if (executable->partials) cudaFree(executable->partials);
    if (executable->scratch) cudaFree(executable->scratch);
    if (executable->finished) cudaFree(executable->finished);
    free(executable);
}

/* ---- Running ---- */

/* Round keys change with the epoch only. */
static void update_permutation(vae_executable *executable, const vae_step *step)
{
    if (!executable->data) return;
    if (executable->permutation.count > 0 && executable->permutation_seed == step->seed &&
        executable->permutation_epoch == step->epoch) {
        return;
    }
    executable->permutation = vae_data_permutation(executable->program, &executable->data->column, step);
    executable->permutation_seed = step->seed;
    executable->permutation_epoch = step->epoch;
}

/* Adam's corrections are the host's: powers in double are long on a GPU, and every block would take them. */
static void correct_bias(const vae_program *program, vae_cuda_step *record)
{
    const vae_op *adam = find_op(program, VAE_OP_ADAM);
    if (!adam) return;
    const double step = (double)record->adam_step;
    record->adam_step_size = record->learning_rate / (1.0 - pow(adam->attributes.adam.beta1, step));
    record->adam_root_correction = 1.0 / sqrt(1.0 - pow(adam->attributes.adam.beta2, step));
}

/* A half of the ring may be written again once the device has taken its records; with 128 steps to a half, the host
 * waits here only if it is that far ahead. */
static vae_status reserve_record(vae_executable *executable)
{
    const uint64_t place = executable->runs % (VAE_CUDA_RING / 2);
    const int half = (int)(executable->runs / (VAE_CUDA_RING / 2) % 2);
    if (place > 0 || executable->runs == 0) return VAE_OK;
    VAE_CUDA_TRY("step records", cudaEventRecord, executable->ring_halves[1 - half], executable->device->stream);
    VAE_CUDA_TRY("step records", cudaEventSynchronize, executable->ring_halves[half]);
    return VAE_OK;
}

vae_status vae_cuda_executable_stage(vae_executable *executable, const vae_step *step)
{
    VAE_TRY(vae_check_rows(executable->program, column_of(executable), step));
    VAE_TRY(reserve_record(executable));
    update_permutation(executable, step);
    vae_cuda_step record = {
        .seed = step->seed,
        .step = step->step,
        .first = step->first,
        .first_row = step->first_row,
        .adam_step = step->adam_step,
        .rows = step->rows,
        .share = step->share > 0 ? step->share : 1.0,
        .beta = step->beta,
        .sampling = step->sampling,
        .learning_rate = step->learning_rate,
        .permutation = executable->permutation,
    };
    correct_bias(executable->program, &record);
    if (executable->staging) VAE_TRY(vae_cuda_staging_send(executable, &record));
    executable->ring[executable->runs % VAE_CUDA_RING] = record;
    executable->runs++;
    return VAE_OK;
}

vae_status vae_cuda_executable_run(vae_executable *executable, const vae_step *step)
{
    VAE_TRY(vae_cuda_executable_stage(executable, step));
    if (executable->device->synchronous) {
        VAE_TRY(vae_cuda_launch_one_by_one(executable));
    } else {
        VAE_CUDA_TRY(executable->program->name, cudaGraphLaunch, executable->graph, executable->device->stream);
    }
    return executable->staging ? vae_cuda_staging_release(executable) : VAE_OK;
}

vae_status vae_cuda_metrics_take(vae_executable *executable, double *sums)
{
    const cudaStream_t stream = executable->device->stream;
    double *metrics = executable->scratch->metrics;
    const size_t bytes = VAE_METRIC_COUNT * sizeof *sums;
    VAE_CUDA_TRY("metrics", cudaMemcpyAsync, executable->host_metrics, metrics, bytes, cudaMemcpyDeviceToHost, stream);
    VAE_CUDA_TRY("metrics", cudaMemsetAsync, metrics, 0, bytes, stream);
    VAE_CUDA_TRY("metrics", cudaStreamSynchronize, stream);
    memcpy(sums, executable->host_metrics, bytes);
    return VAE_OK;
}

/* ---- Host access to tensors ---- */

vae_status vae_cuda_tensor_read(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, void *values)
{
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    return vae_cuda_read(executable->device, info->name, vae_cuda_tensor(executable, tensor), dtype, values,
                         info->elements);
}

vae_status vae_cuda_tensor_write(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, const void *values)
{
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    return vae_cuda_write(executable->device, info->name, vae_cuda_tensor(executable, tensor), dtype, values,
                          info->elements);
}
