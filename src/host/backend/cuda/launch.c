/* One launch of a step: operands become pointers, attributes become arguments. */
#include "backend/cuda/launch.h"

/* ---- Operands ---- */

float *vae_cuda_tensor(const vae_executable *executable, vae_tensor tensor)
{
    if (tensor == VAE_NO_TENSOR) return NULL;
    if (tensor == VAE_SCRATCH_TENSOR) return executable->patches;
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    float *base = executable->activations;
    if (info->kind == VAE_TENSOR_PARAMETER) base = executable->store->arenas[VAE_ARENA_PARAMETERS];
    if (info->kind == VAE_TENSOR_GRADIENT) base = executable->store->arenas[VAE_ARENA_GRADIENTS];
    return base + info->offset;
}

uint16_t *vae_cuda_shadow(const vae_executable *executable, vae_tensor tensor)
{
    if (tensor == VAE_SCRATCH_TENSOR) return (uint16_t *)executable->patches;
    const vae_tensor_info *info = &executable->program->tensors[tensor];
    uint16_t *base = info->kind == VAE_TENSOR_PARAMETER ? executable->store->shadow : executable->shadow;
    return base + info->offset;
}

static vae_cuda_weight weight_of(vae_weight weight)
{
    return (vae_cuda_weight){.factor = weight.factor, .times_beta = weight.scalar == VAE_SCALAR_BETA};
}

/* ---- Kernels ---- */

static cudaError_t launch_begin_step(const vae_executable *e, const vae_launch *launch)
{
    (void)launch;
    return vae_cuda_begin_step(e->ring, VAE_CUDA_RING - 1, &e->scratch->counter, &e->scratch->current,
                               e->device->stream);
}

static cudaError_t launch_gather(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    const vae_gather *gather = &op->attributes.gather;
    const vae_shape *shape = shape_of(e, op->outputs[0]);
    const vae_cuda_gather_call call = {
        .pixels = e->staging ? e->staging->device : e->data->resident,
        .x = vae_cuda_tensor(e, op->outputs[0]),
        .shadow = written_shadow(e, launch),
        .step = &e->scratch->current,
        .rows = shape->size[0],
        .elements = vae_shape_columns(shape),
        .width = gather->flip ? shape->size[2] : 0,
        .channels = gather->flip ? shape->size[3] : 0,
        .shuffle = gather->shuffle && !e->staging,
        .binarise = gather->binarise,
        .scale = (float)gather->scale,
        .shift = (float)gather->shift,
    };
    return vae_cuda_gather(&call, e->device->stream);
}

static cudaError_t launch_posterior(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    const bool backward = op->kind == VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD;
    const vae_shape *posterior = shape_of(e, op->inputs[0]);
    const vae_cuda_posterior_call call = {
        .posterior = vae_cuda_tensor(e, op->inputs[0]),
        .z = backward ? NULL : vae_cuda_tensor(e, op->outputs[0]),
        .shadow = written_shadow(e, launch),
        .kl = backward ? NULL : vae_cuda_tensor(e, op->outputs[1]),
        .log_ratio = backward ? NULL : vae_cuda_tensor(e, op->outputs[2]),
        .d_z = backward ? vae_cuda_tensor(e, op->inputs[1]) : NULL,
        .d_kl = backward ? vae_cuda_tensor(e, op->inputs[2]) : NULL,
        .d_log_ratio = backward ? vae_cuda_tensor(e, op->inputs[3]) : NULL,
        .d_posterior = backward ? vae_cuda_tensor(e, op->outputs[0]) : NULL,
        .kl_weight = weight_of(op->attributes.gaussian_sample_kl.kl_weight),
        .step = &e->scratch->current,
        .rows = posterior->size[0],
        .latent = posterior->size[1] / 2,
        .samples = op->attributes.gaussian_sample_kl.samples,
        .per_row =
            op->attributes.gaussian_sample_kl.samples * vae_program_batch_row_elements(e->program, op->inputs[0]) / 2,
        .noise_stream = op->attributes.gaussian_sample_kl.stream,
        .sampled = op->attributes.gaussian_sample_kl.sampled,
    };
    return backward ? vae_cuda_gaussian_sample_kl_backward(&call, e->device->stream)
                    : vae_cuda_gaussian_sample_kl_forward(&call, e->device->stream);
}

static cudaError_t launch_prior_sample(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    const vae_shape *shape = shape_of(e, op->outputs[0]);
    const vae_cuda_prior_call call = {
        .z = vae_cuda_tensor(e, op->outputs[0]),
        .shadow = written_shadow(e, launch),
        .step = &e->scratch->current,
        .elements = vae_shape_elements(shape),
        .per_row = vae_program_batch_row_elements(e->program, op->outputs[0]),
        .temperature = (float)op->attributes.prior_sample.temperature,
    };
    return vae_cuda_prior_sample(&call, e->device->stream);
}

typedef cudaError_t (*likelihood_launcher)(const vae_cuda_likelihood_call *call, cudaStream_t stream);
static const likelihood_launcher likelihoods[VAE_LIKELIHOOD_COUNT] = {
#define ROW(NAME, name) [VAE_LIKELIHOOD_##NAME] = vae_cuda_likelihood_##name,
    VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
};
static const likelihood_launcher likelihood_means[VAE_LIKELIHOOD_COUNT] = {
#define ROW(NAME, name) [VAE_LIKELIHOOD_##NAME] = vae_cuda_likelihood_mean_##name,
    VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
};

static vae_cuda_likelihood_call likelihood_call(const vae_executable *e, const vae_op *op)
{
    const vae_likelihood_options *options = &op->attributes.likelihood.options;
    const vae_shape *prediction = shape_of(e, op->inputs[0]);
    return (vae_cuda_likelihood_call){
        .prediction = vae_cuda_tensor(e, op->inputs[0]),
        .rows = prediction->size[0],
        .pixels = vae_shape_columns(prediction) / vae_likelihood_width(options),
        .samples = op->attributes.likelihood.samples,
        .options = *options,
        .floor = (float)vae_likelihood_floor(options),
    };
}

static cudaError_t launch_likelihood(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    vae_cuda_likelihood_call call = likelihood_call(e, op);
    call.x = vae_cuda_tensor(e, op->inputs[1]);
    call.ll = vae_cuda_tensor(e, op->outputs[0]);
    call.gradient = vae_cuda_tensor(e, op->outputs[1]);
    call.shadow = written_shadow(e, launch);
    call.weight = weight_of(op->attributes.likelihood.weight);
    call.step = &e->scratch->current;
    call.log_variance = vae_cuda_tensor(e, op->inputs[2]);
    call.variance = op->outputs[2] == VAE_NO_TENSOR ? NULL : &e->scratch->variance;
    call.finished = e->finished;
    if (launch->kind == VAE_LAUNCH_SHARED_VARIANCE) return vae_cuda_shared_variance(&call, e->device->stream);
    return likelihoods[call.options.family](&call, e->device->stream);
}

static cudaError_t launch_likelihood_mean(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    vae_cuda_likelihood_call call = likelihood_call(e, op);
    call.mean = vae_cuda_tensor(e, op->outputs[0]);
    return likelihood_means[call.options.family](&call, e->device->stream);
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
        .shadow = written_shadow(e, launch),
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
        .shadow = written_shadow(e, launch),
        .activation = (int)w->activation,
        .bias = vae_cuda_tensor(e, w->bias),
        .pre_activation = vae_cuda_tensor(e, w->pre_activation),
        .from = vae_cuda_tensor(e, w->from),
        .d_bias = column_sums_of(e, w->d_bias),
    };
    return vae_cuda_unpatch(&call, e->device->stream);
}

static cudaError_t launch_accumulate(const vae_executable *e, const vae_launch *launch)
{
    _Static_assert((int)VAE_LAUNCH_MAX_SUMS <= (int)VAE_CUDA_MAX_SUMS, "the kernel takes what lowering puts together");
    vae_cuda_sum sums[VAE_CUDA_MAX_SUMS];
    for (int32_t i = 0; i < launch->as.op_count; ++i) {
        const vae_op *op = &e->program->ops[launch->op + i];
        sums[i] = (vae_cuda_sum){
            .rows = vae_cuda_tensor(e, op->inputs[0]),
            .count = e->program->tensors[op->inputs[0]].elements,
            .sign = op->attributes.accumulate.sign,
            .target = (int32_t)op->attributes.accumulate.target,
            .counted = op->attributes.accumulate.counted,
            .rows_target = VAE_METRIC_ROWS,
        };
    }
    return vae_cuda_accumulate(sums, launch->as.op_count, e->scratch->metrics, e->device->stream);
}

static cudaError_t launch_adam(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    const vae_cuda_adam_call call = {
        .parameters = e->store->arenas[VAE_ARENA_PARAMETERS],
        .first = e->store->arenas[VAE_ARENA_FIRST_MOMENT],
        .second = e->store->arenas[VAE_ARENA_SECOND_MOMENT],
        .gradients = e->store->arenas[VAE_ARENA_GRADIENTS],
        .shadow = e->store->shadow,
        .elements = e->store->layout->trained_elements,
        .beta1 = op->attributes.adam.beta1,
        .beta2 = op->attributes.adam.beta2,
        .epsilon = op->attributes.adam.epsilon,
        .weight_decay = op->attributes.adam.weight_decay,
        .clip_norm = op->attributes.adam.clip_norm,
        .step = &e->scratch->current,
        .metrics = e->scratch->metrics,
        .loss_metrics = {VAE_METRIC_RECONSTRUCTION, VAE_METRIC_KL, VAE_METRIC_BOUND},
        .norm_metric = VAE_METRIC_GRADIENT_NORM,
        .steps_metric = VAE_METRIC_STEPS,
        .partials = e->partials,
        .finished = e->finished,
        .norm = &e->scratch->norm,
    };
    return launch->kind == VAE_LAUNCH_OP ? vae_cuda_adam(&call, e->device->stream)
                                         : vae_cuda_gradient_norm(&call, e->device->stream);
}

static cudaError_t launch_round(const vae_executable *e, const vae_launch *launch)
{
    const vae_tensor tensor = launch->as.rounded;
    return vae_cuda_round_bf16(vae_cuda_tensor(e, tensor), vae_cuda_shadow(e, tensor),
                               e->program->tensors[tensor].elements, e->device->stream);
}

typedef cudaError_t (*launch_function)(const vae_executable *e, const vae_launch *launch);

/* Kernels of an op's own, by op. */
static const launch_function op_functions[VAE_OP_COUNT] = {
    [VAE_OP_GATHER] = launch_gather,
    [VAE_OP_GAUSSIAN_SAMPLE_KL] = launch_posterior,
    [VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD] = launch_posterior,
    [VAE_OP_LIKELIHOOD] = launch_likelihood,
    [VAE_OP_LIKELIHOOD_MEAN] = launch_likelihood_mean,
    [VAE_OP_BATCH_NORM] = vae_cuda_launch_norm,
    [VAE_OP_BATCH_NORM_BACKWARD] = vae_cuda_launch_norm_backward,
    [VAE_OP_LAYER_NORM] = vae_cuda_launch_norm,
    [VAE_OP_LAYER_NORM_BACKWARD] = vae_cuda_launch_norm_backward,
    [VAE_OP_DROPOUT] = vae_cuda_launch_dropout,
    [VAE_OP_UPSAMPLE] = vae_cuda_launch_upsample,
    [VAE_OP_UPSAMPLE_BACKWARD] = vae_cuda_launch_upsample,
    [VAE_OP_ADD] = vae_cuda_launch_add,
    [VAE_OP_PRIOR_SAMPLE] = launch_prior_sample,
    [VAE_OP_ADAM] = launch_adam,
};

/* Other kernels, by kind of launch. */
static const launch_function kind_functions[VAE_LAUNCH_COUNT] = {
    [VAE_LAUNCH_BEGIN_STEP] = launch_begin_step,
    [VAE_LAUNCH_ACTIVATION] = launch_activation,
    [VAE_LAUNCH_ACTIVATION_BACKWARD] = launch_activation,
    [VAE_LAUNCH_PATCHES] = launch_patches,
    [VAE_LAUNCH_UNPATCH] = launch_unpatch,
    [VAE_LAUNCH_ACCUMULATE] = launch_accumulate,
    [VAE_LAUNCH_SHARED_VARIANCE] = launch_likelihood,
    [VAE_LAUNCH_NORM_SUMS] = vae_cuda_launch_norm_sums,
    [VAE_LAUNCH_GRADIENT_NORM] = launch_adam,
    [VAE_LAUNCH_ROUND_BF16] = launch_round,
};

const char *vae_cuda_launch_owner(const vae_executable *executable, int32_t index)
{
    const vae_launch *launch = &executable->lowering.launches[index];
    return launch->op < 0 ? "step" : op_of(executable, launch)->name;
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
    const launch_function function =
        launch->kind == VAE_LAUNCH_OP ? op_functions[op_of(executable, launch)->kind] : kind_functions[launch->kind];
    if (!function) return vae_error_set(VAE_ERROR_DEVICE, "backend 'cuda' has no operation '%s'", kernel);
    const cudaError_t error = function(executable, launch);
    if (!error) return VAE_OK;
    return vae_error_prepend(vae_cuda_failure(error, kernel, name), "%s", executable->program->name);
}
