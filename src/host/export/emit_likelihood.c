/* E[x|z] from what the decoder gives: one function a likelihood, one row each in the table at the end. Their formulas
 * are those of backend/reference/likelihood_*.c. */
#include <inttypes.h>
#include <stdio.h>

#include "export/emit_ops.h"

/* How a function wants the prediction. */
typedef enum arrangement {
    ANY,        /* it takes the mean element by element */
    BY_PIXEL,   /* [batch, pixels, width] */
    BY_CHANNEL, /* [batch, pixels·channels, width / channels] */
} arrangement;

typedef vae_status mean_function(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean);

/* ---- Pieces ---- */

static const vae_likelihood_options *options_of(const vae_op *op)
{
    return &op->attributes.likelihood.options;
}

/* Numbers first … first + count - 1 of each pixel. */
static vae_status slice(vae_emitter *emitter, const vae_op *op, const char *x, int64_t first, int64_t count,
                        const char **y)
{
    const struct {
        const char *name;
        int64_t value;
    } places[] = {{"first", first}, {"end", first + count}, {"axis", 2}};
    vae_node node = {.type = "Slice", .name = op->name, .inputs = {x}};
    for (int i = 0; i < 3; ++i) {
        char suffix[48];
        snprintf(suffix, sizeof suffix, "/slice.%" PRId64 ".%s", first, places[i].name);
        VAE_TRY(vae_graph_integers(emitter->graph, op->name, suffix, &places[i].value, 1, &node.inputs[i + 1]));
    }
    return vae_graph_node(emitter->graph, &node, y);
}

static vae_status softmax(vae_emitter *emitter, const vae_op *op, const char *x, const char **y)
{
    const vae_node node = {.type = "Softmax",
                           .name = op->name,
                           .inputs = {x},
                           .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {-1}}}};
    return vae_graph_node(emitter->graph, &node, y);
}

typedef struct range {
    const char *lowest, *highest;
} range;

/* Where the levels lie. */
static vae_status emit_range(vae_emitter *emitter, const vae_op *op, range *levels)
{
    const double lowest = options_of(op)->shift, highest = lowest + (VAE_LEVELS - 1) * options_of(op)->scale;
    VAE_TRY(vae_emit_scalar(emitter, op->name, "/lowest", lowest, &levels->lowest));
    return vae_emit_scalar(emitter, op->name, "/highest", highest, &levels->highest);
}

static vae_status clamp(vae_emitter *emitter, const vae_op *op, const char *x, range levels, const char **y)
{
    const vae_node node = {.type = "Clip", .name = op->name, .inputs = {x, levels.lowest, levels.highest}};
    return vae_graph_node(emitter->graph, &node, y);
}

/* ---- Means ---- */

/* Predicted are the means themselves. */
static vae_status mean_itself(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean)
{
    (void)emitter;
    (void)op;
    *mean = x;
    return VAE_OK;
}

static vae_status mean_of_logits(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean)
{
    return vae_emit_simple(emitter, "Sigmoid", op->name, x, NULL, mean);
}

/* Predicted are means, then widths. */
static vae_status mean_of_location_scale(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean)
{
    return slice(emitter, op, x, 0, options_of(op)->channels, mean);
}

static vae_status mean_of_logistic(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean)
{
    range levels;
    VAE_TRY(emit_range(emitter, op, &levels));
    VAE_TRY(mean_of_location_scale(emitter, op, x, mean));
    return clamp(emitter, op, *mean, levels, mean);
}

/* A product of probabilities with what the levels are worth. */
static vae_status mean_of_categories(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean)
{
    const vae_likelihood_options *options = options_of(op);
    const int64_t levels = VAE_LEVELS;
    const char *name, *probabilities;
    float *values;
    VAE_TRY(softmax(emitter, op, x, &probabilities));
    VAE_TRY(vae_graph_reals(emitter->graph, op->name, "/levels", &levels, 1, &name, &values));
    for (int i = 0; i < VAE_LEVELS; ++i)
        values[i] = (float)(i * options->scale + options->shift);
    return vae_emit_simple(emitter, "MatMul", op->name, probabilities, name, mean);
}

/* Adds the number "<layer><suffix>" to the graph and a node that applies `type` to x and it. */
static vae_status with_number(vae_emitter *emitter, const vae_op *op, const char *type, const char *x,
                              const char *suffix, double number, const char **y)
{
    const char *name;
    VAE_TRY(vae_emit_scalar(emitter, op->name, suffix, number, &name));
    return vae_emit_simple(emitter, type, op->name, x, name, y);
}

/* (l·(1/12 - l²·(1/720 - l²/30240))): the next term is below 1e-8 where |l| < ½. */
static vae_status series_near_zero(vae_emitter *emitter, const vae_op *op, const char *l, const char **y)
{
    const char *square, *value;
    VAE_TRY(vae_emit_simple(emitter, "Mul", op->name, l, l, &square));
    VAE_TRY(with_number(emitter, op, "Mul", square, "/fifth_order", 1.0 / 30240, &value));
    VAE_TRY(with_number(emitter, op, "Add", value, "/third_order", -1.0 / 720, &value));
    VAE_TRY(vae_emit_simple(emitter, "Mul", op->name, value, square, &value));
    VAE_TRY(with_number(emitter, op, "Add", value, "/first_order", 1.0 / 12, &value));
    return vae_emit_simple(emitter, "Mul", op->name, value, l, y);
}

/* E[x] - ½ = ½·coth(½l) - 1/l, two large numbers near l = 0, where a series takes their place. */
static vae_status mean_of_exponential(vae_emitter *emitter, const vae_op *op, const char *l, const char **mean)
{
    const char *half, *coth, *inverse, *far, *near, *is_near, *centred;
    VAE_TRY(vae_emit_scalar(emitter, op->name, "/half", 0.5, &half));
    VAE_TRY(vae_emit_simple(emitter, "Mul", op->name, l, half, &coth));
    VAE_TRY(vae_emit_simple(emitter, "Tanh", op->name, coth, NULL, &coth));
    VAE_TRY(vae_emit_simple(emitter, "Div", op->name, half, coth, &coth));
    VAE_TRY(vae_emit_simple(emitter, "Reciprocal", op->name, l, NULL, &inverse));
    VAE_TRY(vae_emit_simple(emitter, "Sub", op->name, coth, inverse, &far));
    VAE_TRY(series_near_zero(emitter, op, l, &near));
    VAE_TRY(vae_emit_simple(emitter, "Abs", op->name, l, NULL, &is_near));
    VAE_TRY(vae_emit_simple(emitter, "Less", op->name, is_near, half, &is_near));
    const vae_node choice = {.type = "Where", .name = op->name, .inputs = {is_near, near, far}};
    VAE_TRY(vae_graph_node(emitter->graph, &choice, &centred));
    return vae_emit_simple(emitter, "Add", op->name, centred, half, mean);
}

/* What the channels of a pixel share. */
typedef struct mixture {
    const char *x, *shares; /* [batch, pixels, width], [batch, pixels, K] */
    const char *means[3];   /* [batch, pixels, K], of the channels so far */
    const char *last_axis;
    range levels;
} mixture;

/* Means of the components in a channel, moved by those of the channels before it and kept within the levels. */
static vae_status component_means(vae_emitter *emitter, const vae_op *op, int64_t channel, mixture *m)
{
    const int64_t components = options_of(op)->mixtures, channels = options_of(op)->channels;
    const char *value, *moved;
    VAE_TRY(slice(emitter, op, m->x, (1 + channel) * components, components, &value));
    for (int64_t on = 0; on < channel; ++on) {
        const int64_t pair = channel * (channel - 1) / 2 + on;
        VAE_TRY(slice(emitter, op, m->x, (1 + 2 * channels + pair) * components, components, &moved));
        VAE_TRY(vae_emit_simple(emitter, "Tanh", op->name, moved, NULL, &moved));
        VAE_TRY(vae_emit_simple(emitter, "Mul", op->name, moved, m->means[on], &moved));
        VAE_TRY(vae_emit_simple(emitter, "Add", op->name, value, moved, &value));
    }
    return clamp(emitter, op, value, m->levels, &m->means[channel]);
}

/* Σ_k share_k mean_k [batch, pixels, 1]. */
static vae_status channel_mean(vae_emitter *emitter, const vae_op *op, int64_t channel, mixture *m, const char **mean)
{
    const char *product;
    VAE_TRY(component_means(emitter, op, channel, m));
    VAE_TRY(vae_emit_simple(emitter, "Mul", op->name, m->shares, m->means[channel], &product));
    return vae_emit_simple(emitter, "ReduceSum", op->name, product, m->last_axis, mean);
}

static vae_status mean_of_mixture(vae_emitter *emitter, const vae_op *op, const char *x, const char **mean)
{
    const int64_t last_axis = 2;
    mixture m = {.x = x};
    vae_node join = {.type = "Concat",
                     .name = op->name,
                     .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {last_axis}}}};
    VAE_TRY(emit_range(emitter, op, &m.levels));
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/last_axis", &last_axis, 1, &m.last_axis));
    VAE_TRY(slice(emitter, op, x, 0, options_of(op)->mixtures, &m.shares));
    VAE_TRY(softmax(emitter, op, m.shares, &m.shares));
    for (int64_t c = 0; c < options_of(op)->channels; ++c)
        VAE_TRY(channel_mean(emitter, op, c, &m, &join.inputs[c]));
    return vae_graph_node(emitter->graph, &join, mean);
}

/* ---- The table ---- */

static const struct family {
    mean_function *mean;
    arrangement prediction;
} families[VAE_LIKELIHOOD_COUNT] = {
    [VAE_LIKELIHOOD_BERNOULLI] = {mean_of_logits, ANY},
    [VAE_LIKELIHOOD_GAUSSIAN] = {mean_itself, ANY},
    [VAE_LIKELIHOOD_MSE] = {mean_itself, ANY},
    [VAE_LIKELIHOOD_GAUSSIAN_SHARED] = {mean_itself, ANY},
    [VAE_LIKELIHOOD_GAUSSIAN_PIXEL] = {mean_of_location_scale, BY_PIXEL},
    [VAE_LIKELIHOOD_LAPLACE] = {mean_of_location_scale, BY_PIXEL},
    [VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI] = {mean_of_exponential, ANY},
    [VAE_LIKELIHOOD_CATEGORICAL] = {mean_of_categories, BY_CHANNEL},
    [VAE_LIKELIHOOD_LOGISTIC] = {mean_of_logistic, BY_PIXEL},
    [VAE_LIKELIHOOD_LOGISTIC_MIXTURE] = {mean_of_mixture, BY_PIXEL},
};

/* The mean is elements of pixels, whatever the shape in which the function leaves it. */
static vae_status emit_arranged(vae_emitter *emitter, const vae_op *op, const struct family *family)
{
    const vae_likelihood_options *options = options_of(op);
    const int64_t columns = vae_shape_columns(&emitter->program->tensors[op->inputs[0]].shape);
    const int64_t width = vae_likelihood_width(options), elements = columns / width * options->channels;
    const int64_t group = family->prediction == BY_CHANNEL ? width / options->channels : width;
    const int64_t sizes[] = {columns / group, group};
    const char *x, *mean;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    VAE_TRY(vae_emit_reshape(emitter, op->name, x, sizes, 2, &x));
    VAE_TRY(family->mean(emitter, op, x, &mean));
    VAE_TRY(vae_emit_reshape(emitter, op->name, mean, &elements, 1, &mean));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, mean);
    return VAE_OK;
}

vae_status vae_emit_likelihood_mean(vae_emitter *emitter, const vae_op *op)
{
    const struct family *family = &families[options_of(op)->family];
    const vae_view view = vae_emit_preferred_view(emitter, op->inputs[0]);
    const char *x, *mean;
    if (!family->mean) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "ONNX export: the mean of likelihood %s has no emitter",
                             vae_likelihood_name(options_of(op)->family));
    }
    if (family->prediction != ANY) return emit_arranged(emitter, op, family);
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], view, &x));
    VAE_TRY(family->mean(emitter, op, x, &mean));
    vae_emit_define(emitter, op->outputs[0], view, mean);
    return VAE_OK;
}
