/* One launch of a step: operands become pointers, attributes become arguments. */
#include "backend/cuda/internal.h"
#include "program/op.h"

/* ---- Operands ---- */

float *vae_cuda_tensor(const vae_executable *executable, vae_tensor tensor)
{
    if (tensor == VAE_NO_TENSOR) return NULL;
    if (vae_is_scratch(tensor)) return executable->op_scratch + vae_scratch_offset(&executable->lowering, tensor);
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    float *base = executable->activations;
    if (info->kind == VAE_TENSOR_PARAMETER) base = executable->store->arenas[VAE_ARENA_PARAMETERS];
    if (info->kind == VAE_TENSOR_GRADIENT) base = executable->store->arenas[VAE_ARENA_GRADIENTS];
    return base + info->offset;
}

uint16_t *vae_cuda_shadow(const vae_executable *executable, vae_tensor tensor)
{
    if (vae_is_scratch(tensor)) return (uint16_t *)vae_cuda_tensor(executable, tensor);
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    uint16_t *base = info->kind == VAE_TENSOR_PARAMETER ? executable->store->shadow : executable->shadow;
    return base + info->offset;
}

/* The bf16 copy of what a launch writes at `place`, or NULL where it is to write none. */
static uint16_t *written_shadow(const vae_executable *executable, const vae_launch *launch, int place)
{
    if (!(launch->shadows >> place & 1)) return NULL;
    return vae_cuda_shadow(executable, vae_launch_shadowed(&executable->lowering, launch, place));
}

static const vae_shape *shape_of(const vae_executable *executable, vae_tensor tensor)
{
    return &executable->program->tensors[tensor].shape;
}

/* ---- Ops ---- */

typedef cudaError_t (*op_launcher)(const vae_cuda_call *call, cudaStream_t stream);

static op_launcher launcher_of(vae_launch_kind launch, vae_op_kind op)
{
    static const op_launcher own[VAE_OP_COUNT] = {
#define ROW(NAME, name) [VAE_OP_##NAME] = vae_cuda_##name,
        VAE_OP_KERNELS(ROW)
#undef ROW
    };
    const bool is_lstm = op == VAE_OP_LSTM || op == VAE_OP_LSTM_BACKWARD;
    switch (launch) {
    case VAE_LAUNCH_CELL: return is_lstm ? vae_cuda_lstm_cell : vae_cuda_gru_cell;
    case VAE_LAUNCH_CELL_BACKWARD: return is_lstm ? vae_cuda_lstm_cell_backward : vae_cuda_gru_cell_backward;
    case VAE_LAUNCH_CELL_INITIAL: return is_lstm ? vae_cuda_lstm_initial : vae_cuda_gru_initial;
    case VAE_LAUNCH_CELL_SUMS: return vae_cuda_cell_sums;
    case VAE_LAUNCH_SHARED_VARIANCE: return vae_cuda_shared_variance;
    case VAE_LAUNCH_NORM_SUMS: return op == VAE_OP_BATCH_NORM ? vae_cuda_norm_moments : vae_cuda_norm_gradients;
    case VAE_LAUNCH_GRADIENT_NORM: return vae_cuda_gradient_norm;
    default: return own[op];
    }
}

static vae_cuda_operand operand_of(const vae_executable *e, vae_tensor scratch)
{
    return e->lowering.bf16 ? (vae_cuda_operand){NULL, vae_cuda_shadow(e, scratch)}
                            : (vae_cuda_operand){vae_cuda_tensor(e, scratch), NULL};
}

/* What a step of a recurrent op takes of the scratch, where it is wanted. */
static vae_cuda_cell cell_of(const vae_executable *e, const vae_launch *launch, const vae_op *op, vae_grid grid)
{
    vae_cuda_cell cell = {
        .time = launch->as.cell.time,
        .is_first = launch->as.cell.is_first,
        .product = launch->as.cell.has_product ? vae_cuda_tensor(e, VAE_SCRATCH_TENSOR) : NULL,
        .carry = vae_cuda_tensor(e, VAE_SCRATCH_CARRY),
        .gradient = operand_of(e, VAE_SCRATCH_GRADIENT),
        .shares = grid.partials > 0 ? e->partials : NULL,
    };
    if (op->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT] == VAE_NO_TENSOR) return cell;
    cell.states = operand_of(e, VAE_SCRATCH_STATES);
    if (op->kind == VAE_OP_GRU_BACKWARD) cell.gradients = operand_of(e, VAE_SCRATCH_GRADIENTS);
    return cell;
}

static bool is_cell(const vae_launch *launch)
{
    return launch->kind >= VAE_LAUNCH_CELL && launch->kind <= VAE_LAUNCH_CELL_SUMS;
}

static void bind(const vae_executable *e, const vae_launch *launch, const vae_op *op, vae_cuda_call *call)
{
    *call = (vae_cuda_call){
        .program = e->program,
        .op = op,
        .grid = vae_launch_grid(&e->lowering, launch),
        .step = &e->scratch->current,
        .data = e->staging ? e->staging->device
                : e->data  ? e->data->resident
                           : NULL,
        .staged = e->staging != NULL,
        .staged_bytes = e->staging ? e->staging->row_bytes : 0,
        .sequences = e->data ? e->data->sequences : (vae_cuda_sequences){0},
        .parameters = e->store->arenas[VAE_ARENA_PARAMETERS],
        .gradients = e->store->arenas[VAE_ARENA_GRADIENTS],
        .first_moment = e->store->arenas[VAE_ARENA_FIRST_MOMENT],
        .second_moment = e->store->arenas[VAE_ARENA_SECOND_MOMENT],
        .parameter_shadow = e->store->shadow,
        .metrics = e->scratch->metrics,
        .norm = &e->scratch->norm,
        .variance = &e->scratch->variance,
        .partials = e->partials,
        .finished = e->finished,
    };
    if (is_cell(launch)) call->cell = cell_of(e, launch, op, call->grid);
    for (int i = 0; i < VAE_MAX_INPUTS; ++i)
        call->inputs[i] = vae_cuda_tensor(e, op->inputs[i]);
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        call->outputs[i] = vae_cuda_tensor(e, op->outputs[i]);
        call->shadows[i] = written_shadow(e, launch, i);
    }
}

static cudaError_t launch_op(const vae_executable *e, const vae_launch *launch)
{
    _Static_assert((int)VAE_LAUNCH_MAX_OPS <= (int)VAE_CUDA_MAX_SUMS, "the kernel takes what lowering puts together");
    const vae_op *ops = &e->program->ops[launch->op];
    const int32_t more = launch->kind == VAE_LAUNCH_OP ? launch->as.more_ops : 0;
    vae_cuda_call calls[VAE_LAUNCH_MAX_OPS];
    for (int32_t i = 0; i <= more; ++i)
        bind(e, launch, &ops[i], &calls[i]);
    calls[0].more_calls = more;
    return launcher_of(launch->kind, ops->kind)(calls, e->device->stream);
}

cudaError_t vae_cuda_launch_part(const vae_executable *e, int32_t index, const vae_op *part, float *result)
{
    const vae_launch launch = {.kind = VAE_LAUNCH_OP, .op = index};
    vae_cuda_call call;
    bind(e, &launch, part, &call);
    call.grid = vae_op_grid(e->program, part);
    call.outputs[0] = result;
    return launcher_of(launch.kind, part->kind)(&call, e->device->stream);
}

/* ---- Other kernels ---- */

static cudaError_t launch_begin_step(const vae_executable *e, const vae_launch *launch)
{
    (void)launch;
    return vae_cuda_begin_step(e->ring, VAE_CUDA_RING - 1, &e->scratch->counter, &e->scratch->current,
                               e->device->stream);
}

static vae_cuda_column_sums column_sums_of(const vae_executable *e, vae_tensor sums)
{
    return (vae_cuda_column_sums){vae_cuda_tensor(e, sums), e->partials, e->finished};
}

static cudaError_t launch_activation(const vae_executable *e, const vae_launch *launch)
{
    const vae_launch_activation *a = &launch->as.activation;
    const vae_cuda_activation_call call = {
        .activation = (int)a->activation,
        .x = vae_cuda_tensor(e, a->x),
        .bias = vae_cuda_tensor(e, a->bias),
        .y = vae_cuda_tensor(e, a->y),
        .from = vae_cuda_tensor(e, a->from),
        .d_bias = column_sums_of(e, a->d_bias),
        .shadow = written_shadow(e, launch, 0),
        .rows = e->program->tensors[a->x].elements / a->columns,
        .columns = a->columns,
    };
    return launch->kind == VAE_LAUNCH_ACTIVATION ? vae_cuda_activation_forward(&call, e->device->stream)
                                                 : vae_cuda_activation_backward(&call, e->device->stream);
}

static vae_cuda_windows windows_of(const vae_executable *e, const vae_launch *launch)
{
    const vae_launch_windows *w = &launch->as.windows;
    const vae_shape *images = shape_of(e, w->images);
    return (vae_cuda_windows){
        .rows = images->size[0],
        .height = (int32_t)images->size[1],
        .width = (int32_t)images->size[2],
        .channels = (int32_t)images->size[3],
        .grid_height = (int32_t)w->height,
        .grid_width = (int32_t)w->width,
        .kernel = (int32_t)w->window.kernel,
        .stride = (int32_t)w->window.stride,
        .padding = (int32_t)w->window.padding,
    };
}

static cudaError_t launch_patches(const vae_executable *e, const vae_launch *launch)
{
    const bool bf16 = e->lowering.bf16;
    const vae_cuda_patches_call call = {
        .windows = windows_of(e, launch),
        .images = vae_cuda_tensor(e, launch->as.windows.images),
        .patches = bf16 ? NULL : vae_cuda_tensor(e, VAE_SCRATCH_TENSOR),
        .shadow = bf16 ? vae_cuda_shadow(e, VAE_SCRATCH_TENSOR) : NULL,
    };
    return vae_cuda_patches(&call, e->device->stream);
}

static cudaError_t launch_unpatch(const vae_executable *e, const vae_launch *launch)
{
    const vae_launch_windows *w = &launch->as.windows;
    const vae_cuda_unpatch_call call = {
        .windows = windows_of(e, launch),
        .patches = vae_cuda_tensor(e, VAE_SCRATCH_TENSOR),
        .images = vae_cuda_tensor(e, w->images),
        .shadow = written_shadow(e, launch, 0),
        .activation = (int)w->activation,
        .bias = vae_cuda_tensor(e, w->bias),
        .pre_activation = vae_cuda_tensor(e, w->pre_activation),
        .from = vae_cuda_tensor(e, w->from),
        .d_bias = column_sums_of(e, w->d_bias),
    };
    return vae_cuda_unpatch(&call, e->device->stream);
}

static cudaError_t launch_round(const vae_executable *e, const vae_launch *launch)
{
    const vae_tensor tensor = launch->as.rounded;
    return vae_cuda_round_bf16(vae_cuda_tensor(e, tensor), vae_cuda_shadow(e, tensor),
                               e->program->tensors[tensor].elements, e->device->stream);
}

typedef cudaError_t (*launch_function)(const vae_executable *e, const vae_launch *launch);

static const launch_function functions[VAE_LAUNCH_COUNT] = {
    [VAE_LAUNCH_BEGIN_STEP] = launch_begin_step,
    [VAE_LAUNCH_OP] = launch_op,
    [VAE_LAUNCH_ACTIVATION] = launch_activation,
    [VAE_LAUNCH_ACTIVATION_BACKWARD] = launch_activation,
    [VAE_LAUNCH_PATCHES] = launch_patches,
    [VAE_LAUNCH_UNPATCH] = launch_unpatch,
    [VAE_LAUNCH_SHARED_VARIANCE] = launch_op,
    [VAE_LAUNCH_NORM_SUMS] = launch_op,
    [VAE_LAUNCH_GRADIENT_NORM] = launch_op,
    [VAE_LAUNCH_ROUND_BF16] = launch_round,
    [VAE_LAUNCH_CELL] = launch_op,
    [VAE_LAUNCH_CELL_BACKWARD] = launch_op,
    [VAE_LAUNCH_CELL_INITIAL] = launch_op,
    [VAE_LAUNCH_CELL_SUMS] = launch_op,
    [VAE_LAUNCH_COLUMN_SUMS] = launch_activation,
};

const char *vae_cuda_launch_owner(const vae_executable *executable, int32_t index)
{
    const vae_launch *launch = &executable->lowering.launches[index];
    return launch->op < 0 ? "step" : executable->program->ops[launch->op].name;
}

vae_status vae_cuda_launch(const vae_executable *executable, int32_t index)
{
    const vae_launch *launch = &executable->lowering.launches[index];
    const char *name = vae_cuda_launch_owner(executable, index);
    if (launch->kind == VAE_LAUNCH_MATMUL) {
        const vae_status status = vae_cuda_matmul_run(executable->matmuls[index], executable->device->stream);
        return status ? vae_error_prepend(status, "%s: '%s'", executable->program->name, name) : VAE_OK;
    }
    const char *kernel = vae_launch_name(&executable->lowering, launch);
    if (launch->kind == VAE_LAUNCH_OP && !launcher_of(launch->kind, executable->program->ops[launch->op].kind)) {
        return vae_error_set(VAE_ERROR_DEVICE, "backend 'cuda' has no operation '%s'", kernel);
    }
    const cudaError_t error = functions[launch->kind](executable, launch);
    if (!error) return VAE_OK;
    return vae_error_prepend(vae_cuda_failure(error, kernel, name), "%s", executable->program->name);
}
