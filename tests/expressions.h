/* Losses written in the language of program/op/, over parameters alone: what runs them on a backend, for gradient
 * checks, parity and fusion alike. */
#ifndef VAE_TESTS_EXPRESSIONS_H
#define VAE_TESTS_EXPRESSIONS_H

#include "ops.h"
#include "program/op.h"

enum { EXPRESSION_PARAMETERS = 7 };

typedef struct expression {
    const char *name;
    vae_shape shapes[EXPRESSION_PARAMETERS]; /* of the parameters; rank 0: not there */
    /* Appends ops and gives a tensor. `function` is the case's, for those that go through the table. */
    vae_tensor (*build)(vae_program *program, const vae_tensor *p, vae_function function);
    vae_function function;
    bool positive; /* parameters are in [0.3, 2.3], else in ±1.5, and 0.1 at least from 0 and from one another */
} expression;

typedef struct expression_program {
    vae_layout layout;
    vae_program program;
    vae_tensor value; /* external */
} expression_program;

static const vae_weight expression_weight = {0.37, VAE_SCALAR_BETA};

/* The loss is 0.37·β Σ y² of the tensor y that the case gives, so that no two elements have the same gradient. */
static inline void build_expression(const expression *e, bool fused, expression_program *p)
{
    static const char *const names[EXPRESSION_PARAMETERS] = {"p", "q", "r", "s", "t", "u", "v"};
    vae_tensor parameters[EXPRESSION_PARAMETERS], square;
    *p = (expression_program){0};
    for (int i = 0; i < EXPRESSION_PARAMETERS; ++i)
        if (e->shapes[i].rank > 0) MUST(vae_layout_add(&p->layout, names[i], e->shapes[i], 1, NULL));
    vae_program_init(&p->program, e->name, &p->layout);
    for (int i = 0; i < EXPRESSION_PARAMETERS; ++i) {
        parameters[i] = VAE_NO_TENSOR;
        if (e->shapes[i].rank > 0) MUST(vae_program_parameter(&p->program, names[i], &parameters[i]));
    }
    p->value = e->build(&p->program, parameters, e->function);
    vae_program_mark_external(&p->program, p->value);
    MUST(vae_program_apply(&p->program, "square", VAE_FUNCTION_SQUARE, p->value, VAE_NO_TENSOR, &square));
    MUST(vae_program_differentiate(&p->program, &(vae_loss_term){square, expression_weight}, 1));
    if (fused) MUST(vae_program_fuse(&p->program));
    MUST(vae_program_plan(&p->program));
}

static inline void free_expression(expression_program *p)
{
    vae_program_free(&p->program);
    vae_layout_free(&p->layout);
}

/* Away from the kinks of functions at 0 and where a = b. */
static inline double expression_parameter(const expression *e, int32_t tensor, int64_t i)
{
    const double unit = 0.5 * erfc(-test_normal(70 + (uint64_t)tensor, (uint64_t)i) * M_SQRT1_2);
    const double grid = floor(unit * 10) * 0.3 + 0.1 * tensor;
    return e->positive ? 0.3 + 0.66 * grid : (grid < 1.35 ? grid - 1.5 : grid - 1.2);
}

typedef struct expression_run {
    const vae_backend *backend;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    double *parameters;
} expression_run;

/* "index": numbers of rows of the first parameter, out of order, some of them often and some never. "targets": the same
 * of columns of the last. "lengths": of sequences that the first parameter has the steps of. "strokes": of pens in all
 * states. "mask": zeros and ones. */
static inline void write_expression_inputs(const expression *e, const expression_program *p, const expression_run *r)
{
    for (vae_tensor t = 0; t < p->program.tensor_count; ++t) {
        const vae_tensor_info *info = &p->program.tensors[t];
        const bool is_index = strcmp(info->name, "index") == 0, is_length = strcmp(info->name, "lengths") == 0;
        const bool is_target = strcmp(info->name, "targets") == 0, is_stroke = strcmp(info->name, "strokes") == 0;
        const int64_t rows = e->shapes[0].size[0], steps = rows / info->elements;
        const int64_t columns = e->shapes[e->shapes[1].rank > 0].size[1];
        if (!info->external || t == p->value) continue;
        double *values = calloc((size_t)info->elements, sizeof *values);
        for (int64_t i = 0; i < info->elements; ++i) {
            values[i] = is_index    ? (double)((i * i + i / 3) % rows)
                        : is_target ? (double)((i * i + i / 3) % columns)
                        : is_stroke ? (i % 5 < 2 ? test_normal(3, (uint64_t)i) : i / 5 % 3 == i % 5 - 2)
                        : is_length ? (double)((2 * i + steps) % (steps + 1))
                                    : i % 3 != 0;
        }
        MUST(r->backend->tensor_write(r->executable, t, VAE_FLOAT64, values));
        free(values);
    }
}

static inline void open_expression_with(const vae_backend *backend, const vae_device_options *options,
                                        const expression *e, expression_program *p, expression_run *r)
{
    *r = (expression_run){.backend = backend};
    MUST(backend->device_open(options, &r->device));
    MUST(backend->store_create(r->device, &p->layout, true, &r->store));
    r->parameters = calloc((size_t)p->layout.elements + 1, sizeof *r->parameters);
    for (int32_t t = 0; t < p->layout.count; ++t) {
        const vae_parameter *parameter = &p->layout.parameters[t];
        for (int64_t i = 0; i < vae_shape_elements(&parameter->shape); ++i)
            r->parameters[parameter->offset + i] = expression_parameter(e, t, i);
    }
    MUST(backend->store_write(r->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r->parameters));
    MUST(backend->executable_create(r->device, &p->program, r->store, NULL, &r->executable));
    write_expression_inputs(e, p, r);
}

static inline void open_expression(const vae_backend *backend, int threads, const expression *e, expression_program *p,
                                   expression_run *r)
{
    const vae_device_options options = {.threads = threads, .precision = VAE_PRECISION_FP32};
    open_expression_with(backend, &options, e, p, r);
}

static inline void close_expression(expression_run *r)
{
    r->backend->executable_destroy(r->executable);
    r->backend->store_destroy(r->store);
    r->backend->device_close(r->device);
    free(r->parameters);
}

/* Runs a step. The caller frees. */
static inline double *expression_gradients(const expression_program *p, const expression_run *r)
{
    double *values = calloc((size_t)p->layout.elements + 1, sizeof *values);
    MUST(r->backend->executable_run(r->executable, &op_step));
    MUST(r->backend->store_read(r->store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, values));
    return values;
}

static inline double *expression_value(const expression_program *p, const expression_run *r)
{
    double *values = calloc((size_t)p->program.tensors[p->value].elements + 1, sizeof *values);
    MUST(r->backend->tensor_read(r->executable, p->value, VAE_FLOAT64, values));
    return values;
}

static inline double expression_loss(const expression_program *p, const expression_run *r)
{
    MUST(r->backend->executable_run(r->executable, &op_step));
    double *values = expression_value(p, r), sum = 0;
    for (int64_t i = 0; i < p->program.tensors[p->value].elements; ++i)
        sum += expression_weight.factor * op_step.beta * values[i] * values[i];
    free(values);
    return sum;
}

/* ---- The cases ---- */

static inline vae_tensor applied(vae_program *program, vae_function function, vae_tensor a, vae_tensor b)
{
    vae_tensor y;
    MUST(vae_program_apply(program, vae_function_info_of(function)->name, function, a, b, &y));
    return y;
}

static inline vae_tensor build_function(vae_program *program, const vae_tensor *p, vae_function function)
{
    return applied(program, function, p[0], p[1]);
}

/* The same tensor for both operands. */
static inline vae_tensor build_twice(vae_program *program, const vae_tensor *p, vae_function function)
{
    return applied(program, function, p[0], p[0]);
}

static inline vae_tensor build_constants(vae_program *program, const vae_tensor *p, vae_function function)
{
    vae_tensor y;
    MUST(vae_program_apply_constant(program, "left", function, p[0], (vae_weight){1.7, VAE_SCALAR_BETA}, &y));
    MUST(vae_program_apply_to_constant(program, "right", function, (vae_weight){0.6, VAE_SCALAR_ONE}, y, &y));
    return y;
}

/* log Σ exp over groups of rows of a sum over columns, as a bound takes it. */
static inline vae_tensor build_bound(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor wide = applied(program, VAE_FUNCTION_MULTIPLY, p[0], p[1]), sums, y;
    MUST(vae_program_sum_columns(program, "sums", wide, &sums));
    MUST(vae_program_log_sum_exp(program, "bound", sums, 3, &y));
    return y;
}

static inline vae_tensor build_softmax(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_log_sum_exp(program, "lse", p[0], vae_shape_columns(vae_tensor_shape(program, p[0])), &y));
    return applied(program, VAE_FUNCTION_EXP, applied(program, VAE_FUNCTION_SUBTRACT, p[0], y), VAE_NO_TENSOR);
}

static inline vae_tensor build_sum_rows(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y = applied(program, VAE_FUNCTION_TANH, p[0], VAE_NO_TENSOR);
    MUST(vae_program_sum_rows(program, "groups", y, 4, &y));
    return applied(program, VAE_FUNCTION_ADD, y, p[1]);
}

/* A diamond: y is read three times, twice by one op. */
static inline vae_tensor build_diamond(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const vae_tensor y = applied(program, VAE_FUNCTION_SIGMOID, p[0], VAE_NO_TENSOR);
    const vae_tensor square = applied(program, VAE_FUNCTION_MULTIPLY, y, y);
    const vae_tensor sum = applied(program, VAE_FUNCTION_ADD, square, p[1]);
    return applied(program, VAE_FUNCTION_ADD, applied(program, VAE_FUNCTION_ADD, sum, y), sum);
}

/* Runs of 2 and of 1 columns out of runs of 4, put side by side the other way round, and beside p itself. */
static inline vae_tensor build_columns(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor left, right, y;
    MUST(vae_program_slice(program, "left", p[0], 4, 0, 2, &left));
    MUST(vae_program_slice(program, "right", p[0], 4, 3, 1, &right));
    MUST(vae_program_concat(program, "swapped", right, 1, applied(program, VAE_FUNCTION_TANH, left, VAE_NO_TENSOR), 2,
                            &y));
    MUST(vae_program_concat(program, "beside", y, 3, p[0], 4, &y));
    return y;
}

/* All columns of q but the first and the last, between those of p. */
static inline vae_tensor build_pad(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const int64_t width = vae_shape_columns(vae_tensor_shape(program, p[1]));
    vae_tensor slice, y;
    MUST(vae_program_slice(program, "middle", p[1], width, 1, width - 2, &slice));
    MUST(vae_program_pad(program, "pad", slice, width + 1, 2, width - 2, &y));
    MUST(vae_program_concat(program, "both", y, width + 1, p[0], vae_shape_columns(vae_tensor_shape(program, p[0])),
                            &y));
    return y;
}

static inline vae_tensor build_concat_twice(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_concat(program, "twice", p[0], 1, p[0], 1, &y));
    return applied(program, VAE_FUNCTION_SIGMOID, y, VAE_NO_TENSOR);
}

/* A reduction is the only reader of a parameter. */
static inline vae_tensor build_reduced(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor sums, y;
    MUST(vae_program_sum_rows(program, "sums", p[0], 2, &sums));
    MUST(vae_program_log_sum_exp(program, "lse", p[1], 2, &y));
    return applied(program, VAE_FUNCTION_MULTIPLY, sums, y);
}

/* Three samples of a posterior that is half of p. */
static inline vae_posterior_outputs build_posterior_of(vae_program *program, vae_tensor p, bool sampled)
{
    const vae_posterior_options options = {
        .samples = 3, .stream = VAE_STREAM_POSTERIOR, .sampled = sampled, .with_kl = true, .with_log_ratio = true};
    vae_posterior_outputs outputs;
    vae_tensor posterior;
    MUST(vae_program_apply_constant(program, "posterior", VAE_FUNCTION_MULTIPLY, p, (vae_weight){0.5, VAE_SCALAR_ONE},
                                    &posterior));
    MUST(vae_program_gaussian_sample_kl(program, "sample", posterior, options, &outputs));
    return outputs;
}

/* Of an importance bound: log p(x|z) is Σ q·z here. */
static inline vae_tensor build_posterior_bound(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const vae_posterior_outputs outputs = build_posterior_of(program, p[0], true);
    vae_tensor ll, y;
    MUST(vae_program_sum_columns(program, "ll", applied(program, VAE_FUNCTION_MULTIPLY, outputs.z, p[1]), &ll));
    const vae_tensor log_weights = applied(program, VAE_FUNCTION_ADD, ll, outputs.log_ratio);
    MUST(vae_program_log_sum_exp(program, "bound", log_weights, 3, &y));
    return y;
}

/* KL, log ratio and z, each row with a gradient of its own. */
static inline vae_tensor build_posterior_rows(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const vae_posterior_outputs outputs = build_posterior_of(program, p[0], true);
    vae_tensor sum, y;
    MUST(vae_program_sum_columns(program, "sum", applied(program, VAE_FUNCTION_SIGMOID, outputs.z, VAE_NO_TENSOR),
                                 &sum));
    sum = applied(program, VAE_FUNCTION_MULTIPLY, sum, outputs.log_ratio);
    MUST(vae_program_sum_rows(program, "rows", sum, 3, &y));
    return applied(program, VAE_FUNCTION_ADD, y, outputs.kl);
}

static inline vae_tensor build_posterior_kl(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    return build_posterior_of(program, p[0], true).kl;
}

static inline vae_tensor build_posterior_log_ratio(vae_program *program, const vae_tensor *p, vae_function function)
{
    return build_posterior_of(program, p[0], function == VAE_FUNCTION_ADD).log_ratio;
}

static inline vae_tensor build_matmul(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_matmul(program, "product", p[0], false, p[1], false, &y));
    return y;
}

static inline vae_tensor build_matmul_ta(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_matmul(program, "product", p[0], true, p[1], false, &y));
    return y;
}

static inline vae_tensor build_matmul_tb(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_matmul(program, "product", applied(program, VAE_FUNCTION_TANH, p[0], VAE_NO_TENSOR), false, p[1],
                            true, &y));
    return y;
}

/* (ab)ᵀ = bᵀaᵀ, of an activation. */
static inline vae_tensor build_matmul_tatb(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_matmul(program, "product", p[0], true, applied(program, VAE_FUNCTION_TANH, p[1], VAE_NO_TENSOR),
                            true, &y));
    return y;
}

/* p·pᵀ·p */
static inline vae_tensor build_gram(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_matmul(program, "gram", p[0], false, p[0], true, &y));
    MUST(vae_program_matmul(program, "cube", y, false, p[0], false, &y));
    return y;
}

/* A dense layer out of its parts. */
static inline vae_tensor build_layer(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_matmul(program, "product", p[0], false, p[1], false, &y));
    return applied(program, VAE_FUNCTION_SOFTPLUS, applied(program, VAE_FUNCTION_ADD, y, p[2]), VAE_NO_TENSOR);
}

static inline vae_tensor build_masked(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor mask, y;
    MUST(vae_program_input(program, "mask", *vae_tensor_shape(program, p[1]), &mask));
    MUST(vae_program_masked_dense(program, "masked", p[0], p[1], mask, p[2], &y));
    return y;
}

/* Twice as many rows as there are, and one more. */
static inline vae_tensor gathered(vae_program *program, vae_tensor x)
{
    vae_tensor index, y;
    MUST(vae_program_input(program, "index", vae_shape_vector(2 * vae_tensor_shape(program, x)->size[0] + 1), &index));
    MUST(vae_program_gather_rows(program, "rows", x, index, &y));
    return y;
}

static inline vae_tensor build_embedding(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    return applied(program, VAE_FUNCTION_MULTIPLY, gathered(program, p[0]), p[1]);
}

static inline vae_tensor build_gather_rows(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const vae_tensor y = applied(program, VAE_FUNCTION_SIGMOID, p[0], VAE_NO_TENSOR);
    return applied(program, VAE_FUNCTION_SIGMOID, gathered(program, y), VAE_NO_TENSOR);
}

/* The reversal, a shuffle, and another backwards. */
static inline vae_tensor build_permute(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y;
    MUST(vae_program_permute_columns(program, "reversed", p[0], 0, false, &y));
    MUST(vae_program_permute_columns(program, "shuffled", applied(program, VAE_FUNCTION_MULTIPLY, y, p[1]), 5, false,
                                     &y));
    MUST(vae_program_permute_columns(program, "back", applied(program, VAE_FUNCTION_MULTIPLY, y, p[1]), 6, true, &y));
    return applied(program, VAE_FUNCTION_MULTIPLY, y, p[1]);
}

/* Groups of four rows, and back in two ways. */
static inline vae_tensor build_transpose_rows(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const int64_t rows = program->tensors[p[0]].shape.size[0];
    vae_tensor y;
    MUST(vae_program_transpose_rows(program, "transposed", p[0], 4, &y));
    MUST(vae_program_transpose_rows(program, "back", applied(program, VAE_FUNCTION_MULTIPLY, y, p[1]), rows / 4, &y));
    return applied(program, VAE_FUNCTION_MULTIPLY, y, p[1]);
}

static const expression structural_cases[] = {
    {"bound", {{2, {12, 5}}, {2, {1, 5}}}, build_bound, 0, false},
    {"bound of one", {{2, {3, 1}}, {2, {1, 1}}}, build_bound, 0, false},
    {"bound, prime", {{2, {21, 67}}, {2, {3, 67}}}, build_bound, 0, false},
    {"bound, wide", {{2, {9, 2500}}, {2, {1, 2500}}}, build_bound, 0, false},
    {"bound, long", {{2, {4200, 4}}, {2, {1, 4}}}, build_bound, 0, false},
    {"softmax", {{2, {7, 5}}}, build_softmax, 0, false},
    {"softmax, wide", {{2, {3, 301}}}, build_softmax, 0, false},
    {"groups of rows", {{2, {12, 5}}, {2, {3, 5}}}, build_sum_rows, 0, false},
    {"groups of a vector", {{1, {8}}, {1, {2}}}, build_sum_rows, 0, false},
    {"diamond", {{2, {5, 7}}, {2, {5, 1}}}, build_diamond, 0, false},
    {"twice, add", {{2, {3, 5}}}, build_twice, VAE_FUNCTION_ADD, false},
    {"twice, multiply", {{2, {3, 5}}}, build_twice, VAE_FUNCTION_MULTIPLY, false},
    {"constants, subtract", {{2, {3, 5}}}, build_constants, VAE_FUNCTION_SUBTRACT, false},
    {"constants, divide", {{2, {3, 5}}}, build_constants, VAE_FUNCTION_DIVIDE, true},
    {"reduced parameters", {{2, {6, 5}}, {1, {6}}}, build_reduced, 0, false},
    {"columns", {{2, {3, 12}}}, build_columns, 0, false},
    {"columns of images", {{4, {2, 3, 2, 4}}}, build_columns, 0, false},
    {"columns, wide", {{2, {37, 404}}}, build_columns, 0, false},
    {"pad", {{2, {3, 2}}, {2, {3, 7}}}, build_pad, 0, false},
    {"pad, wide", {{2, {67, 20}}, {2, {67, 300}}}, build_pad, 0, false},
    {"concat, twice", {{2, {3, 5}}}, build_concat_twice, 0, false},
    {"posterior, bound", {{2, {4, 6}}, {2, {1, 3}}}, build_posterior_bound, 0, false},
    {"posterior, bound, wide", {{2, {7, 16}}, {2, {21, 8}}}, build_posterior_bound, 0, false},
    {"posterior, all outputs", {{2, {5, 8}}}, build_posterior_rows, 0, false},
    {"posterior, kl", {{2, {3, 10}}}, build_posterior_kl, 0, false},
    {"posterior, log ratio", {{2, {3, 10}}}, build_posterior_log_ratio, VAE_FUNCTION_ADD, false},
    {"posterior, log ratio, not sampled", {{2, {3, 8}}}, build_posterior_log_ratio, VAE_FUNCTION_SUBTRACT, false},
    {"matmul", {{2, {5, 7}}, {2, {7, 3}}}, build_matmul, 0, false},
    {"matmul 1x1", {{2, {1, 1}}, {2, {1, 1}}}, build_matmul, 0, false},
    {"matmul, transposed left", {{2, {7, 5}}, {2, {7, 3}}}, build_matmul_ta, 0, false},
    {"matmul, transposed right", {{2, {5, 7}}, {2, {3, 7}}}, build_matmul_tb, 0, false},
    {"matmul, both transposed", {{2, {7, 5}}, {2, {3, 7}}}, build_matmul_tatb, 0, false},
    {"matmul of images", {{4, {3, 2, 2, 2}}, {2, {5, 8}}}, build_matmul_tb, 0, false},
    {"matmul, large", {{2, {67, 130}}, {2, {130, 129}}}, build_matmul, 0, false},
    {"gram matrix", {{2, {4, 3}}}, build_gram, 0, false},
    {"dense of its parts", {{2, {5, 7}}, {2, {7, 3}}, {2, {1, 3}}}, build_layer, 0, false},
    {"masked dense", {{2, {5, 7}}, {2, {7, 4}}, {2, {1, 4}}}, build_masked, 0, false},
    {"embedding", {{2, {7, 3}}, {2, {15, 3}}}, build_embedding, 0, false},
    {"embedding, wide", {{2, {31, 130}}, {2, {63, 130}}}, build_embedding, 0, false},
    {"gathered rows", {{2, {6, 5}}}, build_gather_rows, 0, false},
    {"transposed rows", {{2, {12, 5}}, {2, {12, 5}}}, build_transpose_rows, 0, false},
    {"transposed rows of a vector", {{1, {8}}, {1, {8}}}, build_transpose_rows, 0, false},
    {"transposed rows, wide", {{2, {68, 203}}, {2, {68, 203}}}, build_transpose_rows, 0, false},
    {"permuted columns", {{2, {3, 7}}, {2, {1, 7}}}, build_permute, 0, false},
    {"permuted columns, wide", {{2, {37, 300}}, {2, {1, 300}}}, build_permute, 0, false},
};
enum { STRUCTURAL_CASE_COUNT = sizeof structural_cases / sizeof *structural_cases };

#include "recurrent.h"
#include "sequences.h"

/* Ways in which two operands meet: whole, row by row, column by column, by groups of rows. */
static const vae_shape expression_shapes[][2] = {
    {{2, {4, 6}}, {2, {4, 6}}},
    {{2, {4, 6}}, {1, {4}}},
    {{2, {4, 1}}, {2, {4, 6}}},
    {{2, {4, 6}}, {2, {1, 6}}},
    {{1, {1}}, {2, {4, 6}}},
    {{2, {12, 5}}, {2, {3, 5}}},
    {{2, {3, 1}}, {2, {12, 5}}},
    {{2, {12, 1}}, {2, {1, 5}}},
    {{1, {7}}, {1, {7}}},
    {{2, {67, 261}}, {1, {67}}},
    {{4, {3, 2, 2, 2}}, {4, {3, 2, 2, 2}}},
};
enum { EXPRESSION_SHAPE_COUNT = sizeof expression_shapes / sizeof *expression_shapes };

/* Of the ways in which operands meet, functions take every so many, each function others: the simulated GPU is slow. */
#ifdef VAE_TEST_CUDA
enum { EXPRESSION_STRIDE = 3 };
#else
enum { EXPRESSION_STRIDE = 1 };
#endif

/* Calls `check` with every function of the table in every broadcast, and with the structural cases. */
static inline void for_each_expression(void (*check)(const expression *e))
{
    for (int f = 0; f < VAE_FUNCTION_COUNT; ++f) {
        const vae_function_info *info = vae_function_info_of((vae_function)f);
        const bool positive = f == VAE_FUNCTION_LOG || f == VAE_FUNCTION_SQRT || f == VAE_FUNCTION_DIVIDE;
        for (int s = f % EXPRESSION_STRIDE; s < EXPRESSION_SHAPE_COUNT; s += EXPRESSION_STRIDE) {
            char name[VAE_NAME_SIZE], first[96], second[96];
            const vae_shape *shapes = expression_shapes[s];
            snprintf(name, sizeof name, "%s of %s and %s", info->name,
                     vae_shape_format(&shapes[0], first, sizeof first),
                     vae_shape_format(&shapes[1], second, sizeof second));
            expression e = {name, {shapes[0], shapes[1]}, build_function, (vae_function)f, positive};
            if (info->operands == 1) e.shapes[1].rank = 0;
            if (is_wanted(&(op_case){.name = name})) check(&e);
        }
    }
    for (int i = 0; i < STRUCTURAL_CASE_COUNT; ++i)
        if (is_wanted(&(op_case){.name = structural_cases[i].name})) {
            check(&structural_cases[i]);
        }
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i)
        if (is_wanted(&(op_case){.name = recurrent_cases[i].name})) check(&recurrent_cases[i]);
    for (int i = 0; i < SEQUENCE_CASE_COUNT; ++i)
        if (is_wanted(&(op_case){.name = sequence_cases[i].name})) check(&sequence_cases[i]);
}

/* ---- Looking for NaN ---- */

/* Of six functions that become one op, the third is that of a negative number. */
static inline vae_tensor build_nan(vae_program *program, const vae_tensor *p, vae_function function)
{
    const vae_tensor negative = applied(program, VAE_FUNCTION_NEGATE, p[0], VAE_NO_TENSOR);
    const vae_tensor square = applied(program, VAE_FUNCTION_SQUARE, negative, VAE_NO_TENSOR);
    const vae_tensor doubtful = applied(program, function, negative, VAE_NO_TENSOR);
    const vae_tensor sum = applied(program, VAE_FUNCTION_ADD, square, doubtful);
    return applied(program, VAE_FUNCTION_TANH, applied(program, VAE_FUNCTION_EXP, sum, VAE_NO_TENSOR), VAE_NO_TENSOR);
}

static inline void expect_first_nan(const vae_backend *backend, vae_function function, const char *expected)
{
    const expression e = {"nan", {{2, {40, 50}}}, build_nan, function, true};
    expression_program p;
    expression_run r;
    char name[VAE_NAME_SIZE];
    build_expression(&e, true, &p);
    cr_assert_geq(p.program.ops[0].attributes.elementwise.count, 6);
    open_expression(backend, 2, &e, &p, &r);
    MUST(backend->executable_find_nonfinite(r.executable, &op_step, name, sizeof name));
    cr_assert_str_eq(name, expected, "%s: found '%s'", backend->name, name);
    close_expression(&r);
    free_expression(&p);
}

#endif
