/* Writes, for every case, an ONNX model of it, the program and the weights that a report's page would hold, an input
 * and the output that the reference backend computes, for test_onnx_ops.py and test_report.py: ops in sizes that no
 * model of the command line has.
 * Usage: write_cases FOLDER */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/npy.h"
#include "core/random.h"
#include "export/emit.h"
#include "model/design.h"
#include "program/op.h"
#include "report/page_decoder.h"

enum { ROWS = 5, MAX_LAYERS = 5, MAX_PATH = 512 };

/* SUM adds what the first layer gave. SLICE takes runs of `out` columns without their first, PAD puts runs of two
 * columns less between zeros, CONCAT joins `out` runs of the first layer's to as many, PERMUTE has `out` for its seed.
 */
/* SUM adds what the first layer gave; FUNCTION applies a function, to x and to the sums of its rows where it takes two
 * operands; SOFTMAX is e^(x - log Σ e^x). */
typedef enum layer_kind {
    END,
    CONVOLUTION,
    TRANSPOSED,
    DENSE,
    ACTIVATE,
    BATCH_NORM,
    LAYER_NORM,
    UPSAMPLE,
    SUM,
    SLICE,
    PAD,
    CONCAT,
    PERMUTE,
    MATMUL,
    FUNCTION,
    PRODUCT, /* of x and what the first layer gave */
    SOFTMAX,
    GROUPS, /* sums over all rows */
    MEAN
} layer_kind;

typedef struct layer {
    layer_kind kind;
    int64_t out; /* UPSAMPLE: the factor; MEAN: the likelihood; FUNCTION: the vae_function */
    vae_window window;
    vae_activation activation;
} layer;

typedef struct onnx_case {
    const char *name;
    int64_t height, width, channels;
    layer layers[MAX_LAYERS];
} onnx_case;

/* What a MEAN is of, by its `out`. Levels lie from -1 to 1, so that most predictions are among them, but not all. */
enum { GREY_MIXTURE = VAE_LIKELIHOOD_COUNT, LIKELIHOODS };
#define LIKELIHOOD(name, count, components)                                                                            \
    [VAE_LIKELIHOOD_##name] = {VAE_LIKELIHOOD_##name, count, 1, 2.0 / 255, -1, components}
static const vae_likelihood_options likelihoods[LIKELIHOODS] = {
    LIKELIHOOD(BERNOULLI, 3, 0),
    LIKELIHOOD(GAUSSIAN, 3, 0),
    LIKELIHOOD(MSE, 3, 0),
    LIKELIHOOD(GAUSSIAN_SHARED, 3, 0),
    LIKELIHOOD(GAUSSIAN_PIXEL, 3, 0),
    LIKELIHOOD(LAPLACE, 2, 0),
    LIKELIHOOD(CONTINUOUS_BERNOULLI, 3, 0),
    LIKELIHOOD(CATEGORICAL, 2, 0),
    LIKELIHOOD(LOGISTIC, 3, 0),
    LIKELIHOOD(LOGISTIC_MIXTURE, 3, 5),
    [GREY_MIXTURE] = {VAE_LIKELIHOOD_LOGISTIC_MIXTURE, 1, 1, 2.0 / 255, -1, 4},
};

/* Windows are {kernel, stride, padding, output padding}. */
static const onnx_case cases[] = {
    {"conv-1x1", 1, 1, 1, {{CONVOLUTION, 1, {1, 1, 0, {0}}, VAE_ACTIVATION_IDENTITY}}},
    {"conv-k4-s2", 8, 6, 3, {{CONVOLUTION, 5, {4, 2, 1, {0}}, VAE_ACTIVATION_TANH}}},
    {"conv-k3-s2-rest", 8, 7, 2, {{CONVOLUTION, 3, {3, 2, 0, {0}}, VAE_ACTIVATION_GELU}}},
    {"conv-k5-s3", 11, 9, 2, {{CONVOLUTION, 3, {5, 3, 2, {0}}, VAE_ACTIVATION_SILU}}},
    {"transposed-k4-s2", 4, 3, 5, {{TRANSPOSED, 2, {4, 2, 1, {0}}, VAE_ACTIVATION_ELU}}},
    {"transposed-output-padding", 4, 5, 3, {{TRANSPOSED, 2, {3, 2, 1, {1, 1}}, VAE_ACTIVATION_SOFTPLUS}}},
    {"transposed-output-paddings", 4, 5, 3, {{TRANSPOSED, 2, {3, 2, 1, {1, 0}}, VAE_ACTIVATION_SOFTPLUS}}},
    {"transposed-gaps", 3, 2, 3, {{TRANSPOSED, 2, {2, 3, 0, {2, 2}}, VAE_ACTIVATION_SIGMOID}}},
    {"conv-chain",
     9,
     8,
     2,
     {{CONVOLUTION, 3, {3, 2, 1, {0}}, VAE_ACTIVATION_LEAKY_RELU},
      {ACTIVATE, 0, {0}, VAE_ACTIVATION_SOFTPLUS},
      {CONVOLUTION, 4, {3, 1, 1, {0}}, VAE_ACTIVATION_RELU},
      {TRANSPOSED, 5, {4, 2, 1, {0}}, VAE_ACTIVATION_IDENTITY}}},
    {"conv-dense",
     5,
     7,
     2,
     {{CONVOLUTION, 3, {3, 2, 1, {0}}, VAE_ACTIVATION_TANH}, {DENSE, 6, {0}, VAE_ACTIVATION_IDENTITY}}},
    {"batch-norm", 5, 4, 3, {{BATCH_NORM, 0, {0}, VAE_ACTIVATION_GELU}}},
    {"batch-norm-rows", 5, 4, 3, {{DENSE, 9, {0}, VAE_ACTIVATION_IDENTITY}, {BATCH_NORM, 0, {0}, VAE_ACTIVATION_ELU}}},
    {"layer-norm", 5, 4, 3, {{LAYER_NORM, 0, {0}, VAE_ACTIVATION_SILU}}},
    {"layer-norm-rows", 5, 4, 3, {{DENSE, 9, {0}, VAE_ACTIVATION_TANH}, {LAYER_NORM, 0, {0}, VAE_ACTIVATION_TANH}}},
    {"upsample-2", 3, 4, 2, {{UPSAMPLE, 2, {0}, 0}}},
    {"upsample-3", 4, 3, 2, {{UPSAMPLE, 3, {0}, 0}}},
    {"upsample-5", 2, 3, 1, {{UPSAMPLE, 5, {0}, 0}}},
    {"residual",
     6,
     5,
     3,
     {{BATCH_NORM, 0, {0}, VAE_ACTIVATION_RELU},
      {CONVOLUTION, 3, {3, 1, 1, {0}}, VAE_ACTIVATION_TANH},
      {LAYER_NORM, 0, {0}, VAE_ACTIVATION_IDENTITY},
      {SUM, 0, {0}, 0},
      {UPSAMPLE, 2, {0}, 0}}},
    {"sum-rows", 1, 1, 7, {{DENSE, 7, {0}, VAE_ACTIVATION_TANH}, {BATCH_NORM, 0, {0}, 0}, {SUM, 0, {0}, 0}}},
    {"runs-of-columns",
     5,
     4,
     3,
     {{SLICE, 3, {0}, 0}, {PAD, 7, {0}, 0}, {CONCAT, 8, {0}, 0}, {PERMUTE, 7, {0}, 0}, {MATMUL, 6, {0}, 0}}},
    {"all-columns",
     5,
     4,
     3,
     {{SLICE, 60, {0}, 0}, {PAD, 61, {0}, 0}, {PERMUTE, 0, {0}, 0}, {CONCAT, 1, {0}, 0}, {MATMUL, 3, {0}, 0}}},
    {"product-images",
     6,
     5,
     3,
     {{CONVOLUTION, 3, {3, 1, 1, {0}}, VAE_ACTIVATION_TANH},
      {CONVOLUTION, 3, {3, 1, 1, {0}}, VAE_ACTIVATION_IDENTITY},
      {PRODUCT, 0, {0}, 0},
      {CONVOLUTION, 2, {3, 1, 1, {0}}, VAE_ACTIVATION_IDENTITY}}},
    {"softmax", 5, 4, 3, {{DENSE, 9, {0}, VAE_ACTIVATION_IDENTITY}, {SOFTMAX, 0, {0}, 0}, {PRODUCT, 0, {0}, 0}}},
    {"groups-of-rows", 5, 4, 3, {{DENSE, 9, {0}, VAE_ACTIVATION_TANH}, {GROUPS, 0, {0}, 0}}},
    {"mean-bernoulli", 5, 4, 3, {{MEAN, VAE_LIKELIHOOD_BERNOULLI, {0}, 0}}},
    {"mean-gaussian", 5, 4, 3, {{MEAN, VAE_LIKELIHOOD_GAUSSIAN, {0}, 0}}},
    {"mean-mse", 5, 4, 3, {{MEAN, VAE_LIKELIHOOD_MSE, {0}, 0}}},
    {"mean-gaussian-shared", 5, 4, 3, {{MEAN, VAE_LIKELIHOOD_GAUSSIAN_SHARED, {0}, 0}}},
    {"mean-gaussian-pixel", 5, 4, 6, {{MEAN, VAE_LIKELIHOOD_GAUSSIAN_PIXEL, {0}, 0}}},
    {"mean-laplace", 5, 4, 4, {{MEAN, VAE_LIKELIHOOD_LAPLACE, {0}, 0}}},
    {"mean-continuous-bernoulli", 5, 4, 3, {{MEAN, VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, {0}, 0}}},
    {"mean-categorical", 5, 4, 512, {{MEAN, VAE_LIKELIHOOD_CATEGORICAL, {0}, 0}}},
    {"mean-logistic", 5, 4, 6, {{MEAN, VAE_LIKELIHOOD_LOGISTIC, {0}, 0}}},
    {"mean-logistic-mixture", 5, 4, 50, {{MEAN, VAE_LIKELIHOOD_LOGISTIC_MIXTURE, {0}, 0}}},
    {"mean-grey-mixture", 5, 4, 12, {{MEAN, GREY_MIXTURE, {0}, 0}}},
    {"mean-after-conv",
     5,
     4,
     2,
     {{CONVOLUTION, 50, {3, 1, 1, {0}}, VAE_ACTIVATION_IDENTITY}, {MEAN, VAE_LIKELIHOOD_LOGISTIC_MIXTURE, {0}, 0}}},
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- Programs ---- */

static vae_status add_parameters(vae_layout *layout, const char *name, vae_shape weight, int64_t out, int64_t fan_in)
{
    char text[VAE_NAME_SIZE + 8];
    snprintf(text, sizeof text, "%s.weight", name);
    VAE_TRY(vae_layout_add(layout, text, weight, fan_in, NULL));
    snprintf(text, sizeof text, "%s.bias", name);
    return vae_layout_add(layout, text, vae_shape_vector(out), fan_in, NULL);
}

static vae_status add_norm_parameters(vae_layout *layout, const char *name, int64_t channels, bool statistics)
{
    static const char *const parameters[] = {"scale", "shift", "mean", "variance"};
    for (int i = 0; i < (statistics ? 4 : 2); ++i) {
        char text[VAE_NAME_SIZE + 10];
        snprintf(text, sizeof text, "%s.%s", name, parameters[i]);
        VAE_TRY(vae_layout_add_filled(layout, text, vae_shape_vector(channels), 1));
    }
    return VAE_OK;
}

/* Of the ops whose layers have neither images nor an activation. */
static vae_status add_columns(vae_layout *layout, vae_program *program, const layer *l, const char *name, vae_tensor *x)
{
    const int64_t columns = vae_shape_columns(&program->tensors[*x].shape);
    const vae_tensor first = vae_program_find(program, "layer.0");
    vae_tensor weight;
    int32_t index;
    switch (l->kind) {
    case SLICE: return vae_program_slice(program, name, *x, l->out, 1, l->out - 1, x);
    case PAD: return vae_program_pad(program, name, *x, l->out, 1, l->out - 2, x);
    case PERMUTE: return vae_program_permute_columns(program, name, *x, l->out, false, x);
    case CONCAT:
        return vae_program_concat(program, name, *x, columns / l->out, first,
                                  vae_shape_columns(&program->tensors[first].shape) / l->out, x);
    default:
        VAE_TRY(vae_layout_add(layout, name, vae_shape_matrix(l->out, columns), columns, &index));
        VAE_TRY(vae_program_add_parameter(program, VAE_TENSOR_PARAMETER, index, &weight));
        return vae_program_matmul(program, name, *x, false, weight, true, x);
    }
}

/* Half of what a function is applied to would be outside of the domain of some: these take e^x. */
static vae_status add_function(vae_program *program, const char *name, vae_function function, vae_tensor *x)
{
    const bool positive =
        function == VAE_FUNCTION_LOG || function == VAE_FUNCTION_SQRT || function == VAE_FUNCTION_DIVIDE;
    vae_tensor b = VAE_NO_TENSOR;
    if (positive) VAE_TRY(vae_program_apply(program, "positive", VAE_FUNCTION_EXP, *x, VAE_NO_TENSOR, x));
    if (vae_function_info_of(function)->operands == 2) VAE_TRY(vae_program_sum_columns(program, "sums", *x, &b));
    return vae_program_apply(program, name, function, *x, b, x);
}

static vae_status add_softmax(vae_program *program, const char *name, vae_tensor *x)
{
    vae_tensor lse;
    VAE_TRY(vae_program_log_sum_exp(program, "lse", *x, vae_shape_columns(&program->tensors[*x].shape), &lse));
    VAE_TRY(vae_program_apply(program, "log", VAE_FUNCTION_SUBTRACT, *x, lse, x));
    return vae_program_apply(program, name, VAE_FUNCTION_EXP, *x, VAE_NO_TENSOR, x);
}

static vae_status add_layer(vae_layout *layout, vae_program *program, const layer *l, const char *name, vae_tensor *x)
{
    const vae_shape *shape = &program->tensors[*x].shape;
    const int64_t in = shape->size[shape->rank - 1], places = l->window.kernel * l->window.kernel;
    const int64_t columns = vae_shape_columns(shape);
    switch (l->kind) {
    case CONVOLUTION:
        VAE_TRY(add_parameters(layout, name, vae_shape_matrix(places * in, l->out), l->out, places * in));
        return vae_program_convolution(program, name, *x, false, l->window, l->activation, false, x);
    case TRANSPOSED:
        VAE_TRY(add_parameters(layout, name, vae_shape_matrix(in, places * l->out), l->out, places * in));
        return vae_program_convolution(program, name, *x, true, l->window, l->activation, false, x);
    case DENSE:
        VAE_TRY(add_parameters(layout, name, vae_shape_matrix(columns, l->out), l->out, columns));
        return vae_program_dense(program, name, *x, l->activation, false, x);
    case ACTIVATE: return vae_program_activate(program, name, *x, l->activation, x);
    case BATCH_NORM:
        VAE_TRY(add_norm_parameters(layout, name, in, true));
        return vae_program_batch_norm(program, name, *x, l->activation, false, x);
    case LAYER_NORM:
        VAE_TRY(add_norm_parameters(layout, name, in, false));
        return vae_program_layer_norm(program, name, *x, l->activation, false, x);
    case UPSAMPLE: return vae_program_upsample(program, name, *x, l->out, x);
    case SUM: return vae_program_add(program, name, *x, vae_program_find(program, "layer.0"), x);
    case FUNCTION: return add_function(program, name, (vae_function)l->out, x);
    case PRODUCT:
        return vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, *x, vae_program_find(program, "layer.0"), x);
    case SOFTMAX: return add_softmax(program, name, x);
    case GROUPS: return vae_program_sum_rows(program, name, *x, ROWS, x);
    case MEAN: return vae_program_likelihood_mean(program, name, *x, &likelihoods[l->out], x);
    case SLICE:
    case PAD:
    case CONCAT:
    case PERMUTE:
    case MATMUL: return add_columns(layout, program, l, name, x);
    case END: break;
    }
    return VAE_OK;
}

static vae_status build(const onnx_case *c, vae_layout *layout, vae_program *program, vae_tensor *x, vae_tensor *y)
{
    const vae_shape images = vae_shape_images(ROWS, c->height, c->width, c->channels);
    vae_program_init(program, c->name, layout);
    VAE_TRY(vae_program_input(program, "x", images, x));
    *y = *x;
    for (int i = 0; i < MAX_LAYERS && c->layers[i].kind != END; ++i) {
        char name[24];
        snprintf(name, sizeof name, "layer.%d", i);
        VAE_TRY(add_layer(layout, program, &c->layers[i], name, y));
    }
    vae_program_mark_external(program, *y);
    VAE_TRY(vae_program_set_port(program, "z", *x));
    VAE_TRY(vae_program_set_port(program, "mean", *y));
    VAE_TRY(vae_program_fuse(program));
    return vae_program_plan(program);
}

/* ---- Numbers ---- */

static double draw(uint64_t step, int64_t element)
{
    double normal[4];
    vae_random_normal4(1, VAE_STREAM_PRIOR, step, (uint64_t)element, normal);
    return normal[0];
}

/* Norms start as the identity, which would prove little. Variances stay positive. */
static void vary_norms(const vae_layout *layout, double *parameters)
{
    for (int32_t i = 0; i < layout->count; ++i) {
        const vae_parameter *parameter = &layout->parameters[i];
        for (int64_t k = 0; parameter->fan_in == 0 && k < parameter->shape.size[0]; ++k)
            parameters[parameter->offset + k] = 0.3 + fabs(draw(1, parameter->offset + k));
    }
}

static vae_status compute(const vae_program *program, const double *parameters, vae_tensor x, const float *input,
                          vae_tensor y, float *output)
{
    const vae_backend *backend = &vae_backend_reference;
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    const vae_step step = {0};
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    /* A failure ends the program: nothing is given back. */
    VAE_TRY(backend->device_open(&options, &device));
    VAE_TRY(backend->store_create(device, program->layout, false, &store));
    VAE_TRY(backend->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    VAE_TRY(backend->executable_create(device, program, store, NULL, &executable));
    VAE_TRY(backend->tensor_write(executable, x, VAE_FLOAT32, input));
    VAE_TRY(backend->executable_run(executable, &step));
    VAE_TRY(backend->tensor_read(executable, y, VAE_FLOAT32, output));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    return VAE_OK;
}

static vae_status write_array(const char *folder, const char *name, const char *suffix, const vae_shape *shape,
                              const float *values)
{
    char path[MAX_PATH];
    snprintf(path, sizeof path, "%s/%s.%s.npy", folder, name, suffix);
    return vae_npy_write_float32(path, values, shape->rank, shape->size);
}

static vae_status write_page_program(const char *folder, const vae_program *program, const double *parameters)
{
    const int64_t count = vae_page_decoder_weight_count(program);
    float *weights = calloc((size_t)count + 1, sizeof *weights);
    json_t *list = json_array();
    char path[MAX_PATH];
    vae_page_decoder_weights(program, parameters, true, weights);
    for (int64_t i = 0; i < count; ++i)
        json_array_append_new(list, json_real((double)weights[i]));
    json_t *root = json_pack("{s:o, s:o}", "decoder", vae_page_decoder(program), "weights", list);
    snprintf(path, sizeof path, "%s/%s.json", folder, program->name);
    const int failed = json_dump_file(root, path, JSON_COMPACT);
    json_decref(root);
    free(weights);
    return failed ? vae_error_set(VAE_ERROR_IO, "%s: cannot be written", path) : VAE_OK;
}

/* ---- Models ---- */

static vae_status write_model(const char *folder, vae_emitter *emitter, vae_tensor x, vae_tensor y)
{
    const vae_program *program = emitter->program;
    const vae_shape *in = &program->tensors[x].shape, *out = &program->tensors[y].shape;
    const vae_graph_description description = {.doc_string = program->name};
    const char *value;
    char path[MAX_PATH];
    VAE_TRY(vae_graph_input(emitter->graph, "x", in->size + 1, in->rank - 1));
    vae_emit_define(emitter, x, VAE_VIEW_NHWC, "x");
    VAE_TRY(vae_emit_program(emitter));
    VAE_TRY(vae_emit_use(emitter, y, out->rank == 4 ? VAE_VIEW_NHWC : VAE_VIEW_ROWS, &value));
    const vae_node node = {.type = "Identity", .name = "y", .inputs = {value}, .outputs = {"y"}};
    VAE_TRY(vae_graph_node(emitter->graph, &node, NULL));
    VAE_TRY(vae_graph_output(emitter->graph, "y", out->size + 1, out->rank - 1));
    snprintf(path, sizeof path, "%s/%s.onnx", folder, program->name);
    return vae_graph_write(emitter->graph, &description, path);
}

static vae_status write_case(const onnx_case *c, const char *folder)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor x, y;
    VAE_TRY(build(c, &layout, &program, &x, &y));
    const vae_tensor_info *in = &program.tensors[x], *out = &program.tensors[y];
    double *parameters = calloc((size_t)layout.elements + 1, sizeof *parameters);
    float *input = calloc((size_t)in->elements, sizeof *input), *output = calloc((size_t)out->elements, sizeof *output);
    vae_emitter emitter = {.program = &program,
                           .parameters = parameters,
                           .dtype = VAE_FLOAT64,
                           .values = calloc((size_t)program.tensor_count, sizeof *emitter.values)};
    if (!parameters || !input || !output || !emitter.values) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    vae_layout_initialise(&layout, 3, parameters);
    vary_norms(&layout, parameters);
    for (int64_t i = 0; i < in->elements; ++i)
        input[i] = (float)draw(0, i);
    VAE_TRY(compute(&program, parameters, x, input, y, output));
    VAE_TRY(write_array(folder, c->name, "x", &in->shape, input));
    VAE_TRY(write_array(folder, c->name, "y", &out->shape, output));
    VAE_TRY(write_page_program(folder, &program, parameters));
    VAE_TRY(vae_graph_create(c->name, &emitter.graph));
    VAE_TRY(write_model(folder, &emitter, x, y));
    vae_graph_free(emitter.graph);
    free(emitter.values);
    free(output);
    free(input);
    free(parameters);
    vae_program_free(&program);
    vae_layout_free(&layout);
    return VAE_OK;
}

/* Of every function of the table. */
static vae_status write_functions(const char *folder)
{
    for (int f = 0; f < VAE_FUNCTION_COUNT; ++f) {
        char name[VAE_NAME_SIZE];
        snprintf(name, sizeof name, "function-%s", vae_function_info_of((vae_function)f)->name);
        const onnx_case c = {name, 5, 4, 3, {{DENSE, 9, {0}, VAE_ACTIVATION_IDENTITY}, {FUNCTION, f, {0}, 0}}};
        VAE_TRY(write_case(&c, folder));
    }
    return VAE_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: write_cases FOLDER\n");
        return 2;
    }
    for (int i = 0; i < CASES; ++i) {
        if (!write_case(&cases[i], argv[1])) continue;
        fprintf(stderr, "%s: %s\n", cases[i].name, vae_error_message());
        return 1;
    }
    if (!write_functions(argv[1])) return 0;
    fprintf(stderr, "functions: %s\n", vae_error_message());
    return 1;
}
