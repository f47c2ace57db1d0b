/* What every operation is called and costs. */
#include "program/internal.h"

const char *vae_op_kind_name(vae_op_kind kind)
{
    static const char *const names[] = {
#define VAE_OP_ROW(NAME, name) #name,
        VAE_OP_MAP(VAE_OP_ROW)
#undef VAE_OP_ROW
    };
    return (unsigned)kind < VAE_OP_COUNT ? names[kind] : "unknown";
}

const char *vae_activation_name(vae_activation activation)
{
    static const char *const names[] = {
#define VAE_ACTIVATION_ROW(name, text) text,
        VAE_ACTIVATION_MAP(VAE_ACTIVATION_ROW)
#undef VAE_ACTIVATION_ROW
    };
    return (unsigned)activation < VAE_ACTIVATION_COUNT ? names[activation] : "unknown";
}

static double elements(const vae_program *program, vae_tensor tensor)
{
    return tensor == VAE_NO_TENSOR ? 0.0 : (double)program->tensors[tensor].elements;
}

/* Arithmetic of the elementwise ops is counted per element, a transcendental as one. */
static double elementwise_flops(const vae_program *program, const vae_op *op)
{
    switch (op->kind) {
    case VAE_OP_GAUSSIAN_SAMPLE_KL: return 12 * elements(program, op->outputs[0]);
    case VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD: return 8 * elements(program, op->outputs[0]);
    case VAE_OP_LIKELIHOOD: return 10 * elements(program, op->inputs[0]);
    case VAE_OP_LIKELIHOOD_MEAN: return 2 * elements(program, op->inputs[0]);
    case VAE_OP_GATHER:
    case VAE_OP_ACTIVATE:
    case VAE_OP_ACTIVATE_BACKWARD: return 2 * elements(program, op->outputs[0]);
    case VAE_OP_BATCH_NORM:
    case VAE_OP_LAYER_NORM: return 8 * elements(program, op->inputs[0]);
    case VAE_OP_BATCH_NORM_BACKWARD:
    case VAE_OP_LAYER_NORM_BACKWARD: return 16 * elements(program, op->inputs[0]);
    case VAE_OP_DROPOUT: return 4 * elements(program, op->outputs[0]);
    case VAE_OP_ACCUMULATE:
    case VAE_OP_UPSAMPLE_BACKWARD: return elements(program, op->inputs[0]);
    case VAE_OP_ADD: return elements(program, op->outputs[0]);
    case VAE_OP_PRIOR_SAMPLE: return 10 * elements(program, op->outputs[0]);
    case VAE_OP_ADAM: return 14 * (double)program->layout->trained_elements;
    default: return 0;
    }
}

bool vae_op_is_transposed(vae_op_kind kind)
{
    return kind == VAE_OP_CONV_TRANSPOSE2D || kind == VAE_OP_CONV_TRANSPOSE2D_BACKWARD;
}

static bool is_dense(vae_op_kind kind)
{
    return kind == VAE_OP_DENSE || kind == VAE_OP_DENSE_BACKWARD;
}

bool vae_op_is_layer(vae_op_kind kind)
{
    return is_dense(kind) || kind == VAE_OP_CONV2D || kind == VAE_OP_CONV2D_BACKWARD || vae_op_is_transposed(kind);
}

bool vae_op_gives_gradients(const vae_program *program, const vae_op *op)
{
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        const vae_tensor output = op->outputs[i];
        if (output != VAE_NO_TENSOR && program->tensors[output].kind == VAE_TENSOR_GRADIENT) return true;
    }
    return false;
}

vae_activation vae_op_activation(const vae_op *op)
{
    if (!vae_op_is_layer(op->kind)) return VAE_ACTIVATION_IDENTITY;
    return is_dense(op->kind) ? op->attributes.dense.activation : op->attributes.convolution.activation;
}

/* Rows, or for convolutions rows × positions of images. */
static double positions(const vae_program *program, const vae_op *op, vae_tensor tensor)
{
    const vae_shape *shape = vae_tensor_shape(program, tensor);
    return is_dense(op->kind) ? (double)shape->size[0] : elements(program, tensor) / (double)shape->size[3];
}

/* Layers multiply every weight once for each position of the side that has fewer of them: a row, or a place of the
 * window. Backward does so once by weights and once by input. */
static double layer_flops(const vae_program *program, const vae_op *op)
{
    const bool backward = vae_op_gives_gradients(program, op);
    const vae_tensor x = op->inputs[backward ? 2 : 0], y = backward ? op->inputs[0] : op->outputs[0];
    const double product = 2 * positions(program, op, vae_op_is_transposed(op->kind) ? x : y) *
                           elements(program, op->inputs[backward ? 3 : 1]);
    if (!backward) return product + elements(program, y);
    return (op->outputs[2] == VAE_NO_TENSOR ? 1 : 2) * product + 2 * elements(program, y);
}

vae_cost vae_op_cost(const vae_program *program, const vae_op *op)
{
    vae_cost cost = {0};
    for (int i = 0; i < VAE_MAX_INPUTS; ++i)
        cost.bytes_read += 4 * elements(program, op->inputs[i]);
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i)
        cost.bytes_written += 4 * elements(program, op->outputs[i]);
    if (op->kind == VAE_OP_GATHER) cost.bytes_read += elements(program, op->outputs[0]);
    if (op->kind == VAE_OP_ADAM) {
        cost.bytes_read += 16 * (double)program->layout->trained_elements;
        cost.bytes_written += 12 * (double)program->layout->trained_elements;
    }
    cost.flops = vae_op_is_layer(op->kind) ? layer_flops(program, op) : elementwise_flops(program, op);
    return cost;
}
