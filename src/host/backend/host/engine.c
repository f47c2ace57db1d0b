/* Executables on the host: each op is bound to its memory once; a step then calls the kernels in order. */
#include "backend/host/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/check.h"
#include "backend/host/arena.h"
#include "core/clock.h"
#include "program/op.h"

struct vae_executable {
    vae_host_device *device;
    const vae_program *program;
    vae_store *store;
    vae_data *data;
    void *activations;        /* the store's */
    void *shadow_activations; /* bf16; likewise */
    vae_call *calls;          /* [op_count] */
    int32_t prepared;         /* calls whose kernel was prepared, for a clean release */
    vae_step step;
    vae_permutation permutation;
    uint64_t permutation_seed, permutation_epoch;
    bool permutation_made;
    double metrics[VAE_METRIC_COUNT];
};

/* ---- Data ---- */

vae_status vae_host_data_create(vae_device *device, const vae_column *column, vae_data **data)
{
    (void)device;
    vae_data *made = malloc(sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "data set: out of memory");
    made->column = *column;
    *data = made;
    return VAE_OK;
}

void vae_host_data_destroy(vae_data *data)
{
    free(data);
}

/* ---- Binding operands to memory ---- */

static char *tensor_memory(const vae_executable *executable, vae_tensor tensor)
{
    if (tensor == VAE_NO_TENSOR) return NULL;
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    void *base = executable->activations;
    if (info->kind == VAE_TENSOR_PARAMETER) base = executable->store->arenas[VAE_ARENA_PARAMETERS];
    if (info->kind == VAE_TENSOR_GRADIENT) base = executable->store->arenas[VAE_ARENA_GRADIENTS];
    return (char *)base + (size_t)info->offset * vae_dtype_size(executable->device->base.backend->dtype);
}

static void *shadow_memory(const vae_executable *executable, vae_tensor tensor)
{
    if (tensor == VAE_NO_TENSOR || executable->device->precision != VAE_PRECISION_BF16) return NULL;
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    if (info->kind == VAE_TENSOR_GRADIENT) return NULL;
    void *base = info->kind == VAE_TENSOR_PARAMETER ? executable->store->shadow : executable->shadow_activations;
    return (char *)base + (size_t)info->offset * sizeof(uint16_t);
}

static vae_call bind_call(vae_executable *executable, const vae_op *op)
{
    vae_call call = {
        .program = executable->program,
        .op = op,
        .store = executable->store,
        .data = executable->data,
        .step = &executable->step,
        .permutation = &executable->permutation,
        .metrics = executable->metrics,
        .device = &executable->device->base,
    };
    for (int i = 0; i < VAE_MAX_INPUTS; ++i) {
        call.inputs[i] = tensor_memory(executable, op->inputs[i]);
        call.input_shadows[i] = shadow_memory(executable, op->inputs[i]);
    }
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        call.outputs[i] = tensor_memory(executable, op->outputs[i]);
        call.output_shadows[i] = shadow_memory(executable, op->outputs[i]);
    }
    return call;
}

static vae_status prepare_calls(vae_executable *executable)
{
    const vae_program *program = executable->program;
    executable->calls = calloc((size_t)program->op_count + 1, sizeof *executable->calls);
    if (!executable->calls) return vae_error_set(VAE_ERROR_MEMORY, "program '%s': out of memory", program->name);
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        executable->calls[i] = bind_call(executable, op);
        const vae_kernel *kernel = executable->device->kernels[op->kind];
        if (!kernel) {
            return vae_error_set(VAE_ERROR_DEVICE, "backend '%s' has no operation '%s'",
                                 executable->device->base.backend->name, vae_op_kind_name(op->kind));
        }
        if (kernel->prepare) {
            const vae_status status = kernel->prepare(&executable->calls[i]);
            if (status) return vae_error_prepend(status, "%s: '%s'", program->name, op->name);
        }
        executable->prepared = i + 1;
    }
    return VAE_OK;
}

/* ---- Executables ---- */

vae_status vae_host_executable_create(vae_device *device, const vae_program *program, vae_store *store, vae_data *data,
                                      vae_executable **executable)
{
    VAE_TRY(vae_check_program(program, data ? &data->column : NULL, store->arenas[VAE_ARENA_GRADIENTS] != NULL));
    vae_executable *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "program '%s': out of memory", program->name);
    made->device = (vae_host_device *)device;
    made->program = program;
    made->store = store;
    made->data = data;
    vae_status status;
    VAE_TRY_GOTO(status, failure,
                 vae_host_store_activations(store, program->name, program->activation_elements, &made->activations,
                                            &made->shadow_activations));
    VAE_TRY_GOTO(status, failure, prepare_calls(made));
    *executable = made;
    return VAE_OK;
failure:
    vae_host_executable_destroy(made);
    return status;
}

void vae_host_executable_destroy(vae_executable *executable)
{
    if (!executable) return;
    for (int32_t i = 0; i < executable->prepared; ++i) {
        const vae_kernel *kernel = executable->device->kernels[executable->program->ops[i].kind];
        if (kernel->release) kernel->release(&executable->calls[i]);
    }
    free(executable->calls);
    free(executable);
}

vae_device *vae_host_executable_device(vae_executable *executable)
{
    return &executable->device->base;
}

const vae_program *vae_host_executable_program(const vae_executable *executable)
{
    return executable->program;
}

/* ---- Running ---- */

static const vae_column *column_of(const vae_executable *executable)
{
    return executable->data ? &executable->data->column : NULL;
}

static void begin_step(vae_executable *executable, const vae_step *step)
{
    executable->step = *step;
    if (!executable->data) return;
    /* Round keys change with the epoch only. */
    if (executable->permutation_made && executable->permutation_seed == step->seed &&
        executable->permutation_epoch == step->epoch) {
        return;
    }
    executable->permutation = vae_data_permutation(executable->program, &executable->data->column, step);
    executable->permutation_seed = step->seed;
    executable->permutation_epoch = step->epoch;
    executable->permutation_made = true;
}

static vae_status run_call(vae_executable *executable, int32_t index)
{
    const vae_op *op = &executable->program->ops[index];
    const vae_status status = executable->device->kernels[op->kind]->run(&executable->calls[index]);
    if (status) return vae_error_prepend(status, "%s: '%s'", executable->program->name, op->name);
    return VAE_OK;
}

vae_status vae_host_executable_run(vae_executable *executable, const vae_step *step)
{
    VAE_TRY(vae_check_rows(executable->program, column_of(executable), step));
    begin_step(executable, step);
    for (int32_t i = 0; i < executable->program->op_count; ++i)
        VAE_TRY(run_call(executable, i));
    return VAE_OK;
}

vae_status vae_host_executable_run_timed(vae_executable *executable, const vae_step *step, double *seconds)
{
    VAE_TRY(vae_check_rows(executable->program, column_of(executable), step));
    begin_step(executable, step);
    double before = vae_clock_seconds();
    for (int32_t i = 0; i < executable->program->op_count; ++i) {
        VAE_TRY(run_call(executable, i));
        const double now = vae_clock_seconds();
        seconds[i] = now - before;
        before = now;
    }
    return VAE_OK;
}

vae_status vae_host_metrics_take(vae_executable *executable, double *sums)
{
    memcpy(sums, executable->metrics, sizeof executable->metrics);
    memset(executable->metrics, 0, sizeof executable->metrics);
    return VAE_OK;
}

/* ---- Looking for NaN ---- */

static bool all_finite(const void *values, int64_t count, vae_dtype dtype)
{
    for (int64_t i = 0; i < count; ++i) {
        const double value = dtype == VAE_FLOAT64 ? ((const double *)values)[i] : (double)((const float *)values)[i];
        if (!isfinite(value)) return false;
    }
    return true;
}

/* Puts the tensor's name into `name` if it holds a number that is not finite. */
static bool report_nonfinite(vae_executable *executable, vae_tensor tensor, char *name, size_t size)
{
    if (tensor == VAE_NO_TENSOR) return false;
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    if (all_finite(tensor_memory(executable, tensor), info->elements, executable->device->base.backend->dtype)) {
        return false;
    }
    snprintf(name, size, "%s", info->name);
    return true;
}

/* Runs the first `count` instructions of a list, of which the last leaves its result in `result`. */
static vae_status run_instructions(const vae_executable *executable, vae_call call, int count, void *result)
{
    const vae_op part = vae_elementwise_part(call.op, count);
    call.op = &part;
    call.outputs[0] = result;
    call.output_shadows[0] = NULL;
    const vae_kernel *kernel = executable->device->kernels[VAE_OP_ELEMENTWISE];
    if (kernel->prepare) VAE_TRY(kernel->prepare(&call));
    const vae_status status = kernel->run(&call);
    if (kernel->release) kernel->release(&call);
    return status;
}

/* Looks through the results of a list that was fused, before it runs and changes what it works on in place. */
static vae_status search_list(const vae_executable *executable, int32_t index, char *name, size_t size)
{
    const vae_op *op = &executable->program->ops[index];
    const vae_elementwise *list = &op->attributes.elementwise;
    const vae_dtype dtype = executable->device->base.backend->dtype;
    void *result = calloc((size_t)(list->rows * list->columns), vae_dtype_size(dtype));
    if (!result) return vae_error_set(VAE_ERROR_MEMORY, "%s: '%s': out of memory", executable->program->name, op->name);
    vae_status status = VAE_OK;
    for (int i = 0; i < list->count && !status && !name[0]; ++i) {
        status = run_instructions(executable, executable->calls[index], i + 1, result);
        const vae_tensor_info *info = &executable->program->tensors[list->instructions[i].tensor];
        if (!status && !all_finite(result, info->elements, dtype)) snprintf(name, size, "%s", info->name);
    }
    free(result);
    return status;
}

static vae_status find_nonfinite(vae_executable *executable, char *name, size_t size)
{
    const vae_program *program = executable->program;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        if (program->tensors[i].kind != VAE_TENSOR_PARAMETER) continue;
        if (report_nonfinite(executable, i, name, size)) return VAE_OK;
    }
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        if (vae_op_info_of(op->kind)->flags & VAE_OP_TRAINS) continue;
        if (op->kind == VAE_OP_ELEMENTWISE && op->attributes.elementwise.count > 1) {
            VAE_TRY(search_list(executable, i, name, size));
            if (name[0]) return VAE_OK;
        }
        VAE_TRY(run_call(executable, i));
        for (int k = 0; k < VAE_MAX_OUTPUTS; ++k) {
            if (report_nonfinite(executable, op->outputs[k], name, size)) return VAE_OK;
        }
    }
    return VAE_OK;
}

vae_status vae_host_executable_find_nonfinite(vae_executable *executable, const vae_step *step, char *name, size_t size)
{
    name[0] = '\0';
    VAE_TRY(vae_check_rows(executable->program, column_of(executable), step));
    double kept[VAE_METRIC_COUNT];
    memcpy(kept, executable->metrics, sizeof kept);
    begin_step(executable, step);
    const vae_status status = find_nonfinite(executable, name, size);
    memcpy(executable->metrics, kept, sizeof kept);
    return status;
}

/* ---- Host access to tensors ---- */

vae_status vae_host_tensor_read(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, void *values)
{
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    return vae_arena_convert(tensor_memory(executable, tensor), executable->device->base.backend->dtype, values, dtype,
                             info->elements);
}

vae_status vae_host_tensor_write(vae_executable *executable, vae_tensor tensor, vae_dtype dtype, const void *values)
{
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    return vae_arena_convert(values, dtype, tensor_memory(executable, tensor), executable->device->base.backend->dtype,
                             info->elements);
}
