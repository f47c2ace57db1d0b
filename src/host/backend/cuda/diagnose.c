/* Looking for the first tensor that is not finite: the step again, launch by launch, outside its graph. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"
#include "program/op.h"

/* Puts the tensor's name into `name` if its numbers, which lie in device memory at `from`, are not all finite. */
static vae_status check_numbers(vae_executable *executable, vae_tensor tensor, const float *from, char *name,
                                size_t size)
{
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    float *values = malloc((size_t)info->elements * sizeof *values);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", info->name);
    const vae_status status = vae_cuda_read(executable->device, info->name, from, VAE_FLOAT32, values, info->elements);
    for (int64_t i = 0; !status && i < info->elements && !name[0]; ++i) {
        if (!isfinite(values[i])) snprintf(name, size, "%s", info->name);
    }
    free(values);
    return status;
}

static vae_status check_tensor(vae_executable *executable, vae_tensor tensor, char *name, size_t size)
{
    if (tensor == VAE_NO_TENSOR || name[0]) return VAE_OK;
    return check_numbers(executable, tensor, vae_cuda_tensor(executable, tensor), name, size);
}

/* ---- Lists that were fused: what each instruction makes, ahead of the op, which may change what it reads ---- */

static vae_status search_parts(vae_executable *executable, int32_t index, float *result, char *name, size_t size)
{
    const vae_op *op = &executable->program->ops[index];
    for (int count = 1; count <= op->attributes.elementwise.count && !name[0]; ++count) {
        const vae_op part = vae_elementwise_part(op, count);
        VAE_CUDA_TRY(op->name, vae_cuda_launch_part, executable, index, &part, result);
        VAE_TRY(check_numbers(executable, part.outputs[0], result, name, size));
    }
    return VAE_OK;
}

static vae_status search_list(vae_executable *executable, int32_t index, char *name, size_t size)
{
    const vae_op *op = &executable->program->ops[index];
    const vae_elementwise *list = &op->attributes.elementwise;
    if (op->kind != VAE_OP_ELEMENTWISE || list->count == 1) return VAE_OK;
    float *result;
    VAE_CUDA_TRY(op->name, cudaMalloc, (void **)&result, (size_t)(list->rows * list->columns) * sizeof *result);
    const vae_status status = search_parts(executable, index, result, name, size);
    cudaFree(result);
    return status;
}

/* ---- The step ---- */

/* What has not run yet of the launches up to those of an op. */
static vae_status run_op(vae_executable *executable, int32_t *launch, int32_t op)
{
    const vae_lowering *lowering = &executable->lowering;
    while (*launch < lowering->count && lowering->launches[*launch].op <= op) {
        VAE_TRY(vae_cuda_launch(executable, *launch));
        ++*launch;
    }
    return VAE_OK;
}

static vae_status find(vae_executable *executable, char *name, size_t size)
{
    const vae_program *program = executable->program;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        if (program->tensors[i].kind == VAE_TENSOR_PARAMETER) VAE_TRY(check_tensor(executable, i, name, size));
    }
    int32_t launch = 0;
    for (int32_t i = 0; i < program->op_count && !name[0]; ++i) {
        if (vae_op_info_of(program->ops[i].kind)->flags & VAE_OP_TRAINS) break;
        VAE_TRY(run_op(executable, &launch, i - 1));
        VAE_TRY(search_list(executable, i, name, size));
        if (name[0]) break;
        VAE_TRY(run_op(executable, &launch, i));
        for (int k = 0; k < VAE_MAX_OUTPUTS; ++k)
            VAE_TRY(check_tensor(executable, program->ops[i].outputs[k], name, size));
    }
    return VAE_OK;
}

/* begin_step has taken the record unless a bad parameter was found first. */
static vae_status restore(vae_executable *executable, const double *metrics)
{
    const cudaStream_t stream = executable->device->stream;
    VAE_CUDA_TRY("metrics", cudaMemcpyAsync, executable->scratch->metrics, metrics, VAE_METRIC_COUNT * sizeof *metrics,
                 cudaMemcpyHostToDevice, stream);
    VAE_CUDA_TRY("step records", cudaMemcpyAsync, &executable->scratch->counter, &executable->runs,
                 sizeof executable->runs, cudaMemcpyHostToDevice, stream);
    VAE_CUDA_TRY("metrics", cudaStreamSynchronize, stream);
    return executable->staging ? vae_cuda_staging_release(executable) : VAE_OK;
}

vae_status vae_cuda_executable_find_nonfinite(vae_executable *executable, const vae_step *step, char *name, size_t size)
{
    name[0] = '\0';
    double kept[VAE_METRIC_COUNT];
    VAE_CUDA_TRY("metrics", cudaMemcpyAsync, kept, executable->scratch->metrics, sizeof kept, cudaMemcpyDeviceToHost,
                 executable->device->stream);
    VAE_CUDA_TRY("metrics", cudaStreamSynchronize, executable->device->stream);
    VAE_TRY(vae_cuda_executable_stage(executable, step));
    const vae_status status = find(executable, name, size);
    return status ? status : restore(executable, kept);
}
