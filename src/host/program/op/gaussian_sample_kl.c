/* gaussian_sample_kl: draws from a diagonal Gaussian posterior, its KL from the standard normal and log p(z) - log
 * q(z|x).
 */
#include <inttypes.h>

#include "program/op.h"

/* An output of `op`: called by its role, or, where another op's is called so already, by both. */
static vae_status add_output(vae_program *program, const char *op, const char *role, vae_shape shape,
                             vae_tensor *tensor)
{
    char name[VAE_NAME_SIZE];
    const bool taken = vae_program_find(program, role) != VAE_NO_TENSOR;
    vae_format_name(name, "%s%s%s", taken ? op : "", taken ? "." : "", role);
    return vae_program_add_activation(program, name, shape, tensor);
}

vae_status vae_program_gaussian_sample_kl(vae_program *program, const char *name, vae_tensor posterior,
                                          vae_posterior_options options, vae_posterior_outputs *outputs)
{
    VAE_TRY(vae_program_require_matrix(program, name, "posterior", posterior));
    const vae_shape input = *vae_tensor_shape(program, posterior);
    if (input.size[1] % 2 != 0 || options.samples < 1) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: posterior has shape %s and %" PRId64
                             " samples, but must be [rows, 2·latent] with at least one sample",
                             name, vae_shape_format(&input, text, sizeof text), options.samples);
    }
    const int64_t rows = input.size[0] * options.samples;
    vae_op op = vae_op_make(VAE_OP_GAUSSIAN_SAMPLE_KL, name);
    op.inputs[0] = posterior;
    op.attributes.gaussian_sample_kl.samples = options.samples;
    VAE_TRY(vae_program_noise_site(program, name, options.stream, &op.attributes.gaussian_sample_kl.stream));
    op.attributes.gaussian_sample_kl.sampled = options.sampled;
    VAE_TRY(add_output(program, name, "z", vae_shape_matrix(rows, input.size[1] / 2), &op.outputs[0]));
    if (options.with_kl) {
        VAE_TRY(add_output(program, name, "kl", vae_shape_vector(input.size[0]), &op.outputs[1]));
    }
    if (options.with_log_ratio) {
        VAE_TRY(add_output(program, name, "log_ratio", vae_shape_vector(rows), &op.outputs[2]));
    }
    *outputs = (vae_posterior_outputs){.z = op.outputs[0], .kl = op.outputs[1], .log_ratio = op.outputs[2]};
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_z = vae_backward_output_gradient(pass, &forward, 0);
    const vae_tensor d_kl = vae_backward_output_gradient(pass, &forward, 1);
    const vae_tensor d_log_ratio = vae_backward_output_gradient(pass, &forward, 2);
    const vae_loss_term *term = vae_backward_find_term(pass, forward.outputs[1]);
    const bool flows = d_z != VAE_NO_TENSOR || d_kl != VAE_NO_TENSOR || d_log_ratio != VAE_NO_TENSOR || term;
    if (!flows || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD, &forward, VAE_NO_TENSOR);
    op.attributes.gaussian_sample_kl.kl_weight = term ? term->weight : (vae_weight){0.0, VAE_SCALAR_ONE};
    op.inputs[0] = forward.inputs[0];
    op.inputs[1] = d_z;
    op.inputs[2] = d_kl;
    op.inputs[3] = d_log_ratio;
    VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[0], &op.outputs[0]));
    return vae_program_append(program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 12, op->outputs[0]);
}

static vae_cost cost_backward(const vae_program *program, const vae_op *op)
{
    vae_cost cost = vae_op_elementwise_cost(program, op, 8, op->outputs[0]);
    if (op->inputs[3] != VAE_NO_TENSOR) { /* of the log ratio, for each number of z */
        const double samples = (double)op->attributes.gaussian_sample_kl.samples;
        cost.flops += 7 * samples * vae_op_elements(program, op->outputs[0]) / 2;
    }
    return cost;
}

static const vae_field fields[] = {
    VAE_FIELD(INTEGER, samples, gaussian_sample_kl.samples),
    VAE_FIELD(FLAG, sampled, gaussian_sample_kl.sampled),
    {0},
};

/* A warp a row of z. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_grid_of_warps(vae_tensor_shape(program, op->outputs[0])->size[0]);
}

/* A thread a vector of means. */
static vae_grid grid_backward(const vae_program *program, const vae_op *op)
{
    const vae_shape *posterior = vae_tensor_shape(program, op->inputs[0]);
    const int64_t latent = posterior->size[1] / 2;
    return vae_grid_of_vectors(posterior->size[0] * latent, latent, VAE_SMALL_BLOCK_THREADS);
}

const vae_op_info vae_op_info_gaussian_sample_kl = {.flags = VAE_OP_ABSORBS_TERM_1 | VAE_OP_READS_STEP,
                                                    .backward = backward,
                                                    .differentiable = 1 << 1 | 1 << 2,
                                                    .cost = cost,
                                                    .fields = fields,
                                                    .grid = grid};
const vae_op_info vae_op_info_gaussian_sample_kl_backward = {
    .flags = VAE_OP_READS_STEP, .cost = cost_backward, .fields = fields, .grid = grid_backward};
