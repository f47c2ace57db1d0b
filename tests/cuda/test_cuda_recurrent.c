/* lstm and gru on the simulated device: how many launches they are, which bits and copies they leave. Their numbers are
 * compared by test_parity_expressions_simt, and in other precisions by test_parity_simt. */
#include <simt/simt.h>

#include "backend/cuda/internal.h"
#include "backend/cuda/matmul_internal.h"
#include "expressions.h"
#include "model/design.h"
#include "parity/compare.h"

/* ---- Every case: the same bits in every order of threads and at every run ---- */

static double *gradients_of(const expression *e, expression_program *p, int runs)
{
    expression_run r;
    double *gradients = NULL;
    open_expression(&vae_backend_cuda, 1, e, p, &r);
    for (int i = 0; i < runs; ++i) {
        free(gradients);
        gradients = expression_gradients(p, &r);
    }
    close_expression(&r);
    return gradients;
}

Test(cuda_recurrent, no_bit_depends_on_the_order_of_threads_or_on_the_run_before)
{
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i) {
        const expression *e = &recurrent_cases[i];
        expression_program p;
        if (!is_wanted(&(op_case){.name = e->name})) continue;
        build_expression(e, true, &p);
        simt_set_seed(1);
        double *first = gradients_of(e, &p, 1);
        for (uint64_t seed = 2; seed < 4; ++seed) {
            simt_set_seed(seed);
            double *other = gradients_of(e, &p, (int)seed);
            cr_assert_arr_eq(first, other, (size_t)p.layout.elements * sizeof *first, "%s", e->name);
            free(other);
        }
        free(first);
        free_expression(&p);
    }
}

/* The step's own rows may be a part of the batch. */
Test(cuda_recurrent, dropout_is_drawn_by_the_row_of_the_whole_batch)
{
    vae_step step = op_step;
    step.first_row = 5;
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i) {
        const expression *e = &recurrent_cases[i];
        expression_program p;
        double *values[3];
        if (!strstr(e->name, "dropout")) continue;
        build_expression(e, true, &p);
        for (int k = 0; k < 3; ++k) {
            const vae_backend *backend = k == 0 ? &vae_backend_reference : &vae_backend_cuda;
            expression_run r;
            open_expression(backend, 1, e, &p, &r);
            MUST(backend->executable_run(r.executable, k < 2 ? &step : &op_step));
            values[k] = expression_value(&p, &r);
            close_expression(&r);
        }
        const int64_t count = p.program.tensors[p.value].elements;
        compare_at(0, e->name, "value", values[0], values[1], count, 2 * fp32_tolerance);
        cr_assert_neq(memcmp(values[1], values[2], (size_t)count * sizeof(double)), 0);
        for (int k = 0; k < 3; ++k)
            free(values[k]);
        free_expression(&p);
    }
}

/* ---- Behind the end of a sequence ---- */

static void expect_zeros(const expression_program *p, const expression_run *r, vae_tensor tensor, int64_t steps)
{
    if (tensor == VAE_NO_TENSOR) return;
    const vae_tensor_info *info = &p->program.tensors[tensor];
    const int64_t rows = info->shape.size[0] / steps, columns = info->shape.size[1];
    double *values = calloc((size_t)info->elements, sizeof *values), lengths[64];
    MUST(vae_backend_cuda.tensor_read(r->executable, vae_program_find(&p->program, "lengths"), VAE_FLOAT64, lengths));
    MUST(vae_backend_cuda.tensor_read(r->executable, tensor, VAE_FLOAT64, values));
    for (int64_t i = 0; i < info->elements; ++i) {
        const int64_t row = i / columns % rows, time = i / columns / rows;
        cr_assert_eq(values[i] == 0, (double)time >= lengths[row], "%s: %s, step %lld of sequence %lld is %g",
                     p->program.name, info->name, (long long)time, (long long)row, values[i]);
    }
    free(values);
}

/* Of the forward op alone; `x` is far from 0, so that no gate is. */
static void expect_zeros_of(const expression *e)
{
    static const int outputs[] = {VAE_RECURRENT_H, VAE_LSTM_C, VAE_RECURRENT_ACTIVATED, VAE_LSTM_NORMALISED,
                                  VAE_LSTM_INVERSE_DEVIATION};
    expression_program p = {0};
    expression_run r;
    vae_tensor parameters[EXPRESSION_PARAMETERS];
    static const char *const names[EXPRESSION_PARAMETERS] = {"0", "1", "2", "3", "4", "5", "6"};
    for (int i = 0; i < EXPRESSION_PARAMETERS; ++i) {
        parameters[i] = VAE_NO_TENSOR;
        if (e->shapes[i].rank > 0) MUST(vae_layout_add(&p.layout, names[i], e->shapes[i], 1, NULL));
    }
    vae_program_init(&p.program, e->name, &p.layout);
    for (int i = 0; i < EXPRESSION_PARAMETERS; ++i)
        if (e->shapes[i].rank > 0) MUST(vae_program_parameter(&p.program, names[i], &parameters[i]));
    p.value = e->build(&p.program, parameters, e->function);
    const vae_op *cell = NULL;
    for (int32_t i = 0; i < p.program.op_count; ++i) {
        if (p.program.ops[i].outputs[VAE_RECURRENT_ACTIVATED] != VAE_NO_TENSOR) cell = &p.program.ops[i];
    }
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; ++i) {
        if (cell->outputs[outputs[i]] != VAE_NO_TENSOR) {
            vae_program_mark_external(&p.program, cell->outputs[outputs[i]]);
        }
    }
    MUST(vae_program_plan(&p.program));
    open_expression(&vae_backend_cuda, 1, e, &p, &r);
    MUST(vae_backend_cuda.executable_run(r.executable, &op_step));
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; ++i)
        expect_zeros(&p, &r, cell->outputs[outputs[i]], cell->attributes.recurrent.steps);
    close_expression(&r);
    free_expression(&p);
}

Test(cuda_recurrent, nothing_is_behind_the_end_of_a_sequence)
{
    int count = 0;
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i) {
        const int way = (int)recurrent_cases[i].function;
        if (!(way & RECURRENT_LENGTHS) || way & RECURRENT_DROPOUT) continue;
        expect_zeros_of(&recurrent_cases[i]);
        ++count;
    }
    cr_assert_gt(count, 8);
}

/* ---- A training program: layers ahead of the cell and behind it ---- */

enum { STEPS = 7, ROWS = 3, WIDTH = 5, HIDDEN = 6, CODE = 2 };

typedef struct trained {
    vae_layout layout;
    vae_program program;
    vae_tensor x, code, lengths, loss;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
} trained;

static void add_layer(vae_layout *layout, const char *name, int64_t in, int64_t out)
{
    char weight[VAE_NAME_SIZE], bias[VAE_NAME_SIZE];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    MUST(vae_layout_add(layout, weight, vae_shape_matrix(in, out), in, NULL));
    MUST(vae_layout_add(layout, bias, vae_shape_vector(out), in, NULL));
}

static void build_trained(trained *t, bool gru)
{
    const int64_t gates = gru ? VAE_GRU_GATES : VAE_LSTM_GATES;
    vae_tensor weight, sums, state, y;
    *t = (trained){0};
    add_layer(&t->layout, "gates", WIDTH, gates * HIDDEN);
    add_layer(&t->layout, "initial", CODE, HIDDEN);
    add_layer(&t->layout, "out", HIDDEN, WIDTH);
    MUST(vae_layout_add(&t->layout, "cell.weight", vae_shape_matrix(HIDDEN, gates * HIDDEN), HIDDEN, NULL));
    vae_program *program = &t->program;
    vae_program_init(program, "trained", &t->layout);
    MUST(vae_program_input(program, "x", vae_shape_matrix(STEPS * ROWS, WIDTH), &t->x));
    MUST(vae_program_input(program, "code", vae_shape_matrix(ROWS, CODE), &t->code));
    MUST(vae_program_input(program, "lengths", vae_shape_vector(ROWS), &t->lengths));
    MUST(vae_program_parameter(program, "cell.weight", &weight));
    MUST(vae_program_dense(program, "gates", t->x, VAE_ACTIVATION_IDENTITY, true, &sums));
    MUST(vae_program_dense(program, "initial", t->code, VAE_ACTIVATION_TANH, true, &state));
    vae_recurrent_inputs in = vae_recurrent_inputs_of(sums, weight);
    vae_recurrent_outputs out;
    in.initial_h = state;
    in.lengths = t->lengths;
    const vae_recurrent options = {.steps = STEPS, .training = true};
    MUST((gru ? vae_program_gru : vae_program_lstm)(program, "cell", &in, options, &out));
    MUST(vae_program_dense(program, "out", out.h, VAE_ACTIVATION_IDENTITY, true, &y));
    MUST(vae_program_apply(program, "square", VAE_FUNCTION_SQUARE, y, VAE_NO_TENSOR, &t->loss));
    vae_program_mark_external(program, t->loss);
    MUST(vae_program_differentiate(program, &(vae_loss_term){t->loss, expression_weight}, 1));
    MUST(vae_program_adam(program, (vae_adam_options){.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}));
    MUST(vae_program_fuse(program));
    MUST(vae_program_plan(program));
}

static void write_input(const vae_backend *backend, const trained *t, vae_tensor tensor, const double *from)
{
    const int64_t count = t->program.tensors[tensor].elements;
    double *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = from ? from[i] : test_normal((uint64_t)tensor, (uint64_t)i);
    MUST(backend->tensor_write(t->executable, tensor, VAE_FLOAT64, values));
    free(values);
}

static void open_trained(const vae_backend *backend, vae_precision precision, bool gru, trained *t)
{
    static const double lengths[ROWS] = {STEPS, 0, STEPS - 2};
    const vae_device_options options = {.threads = 1, .precision = precision};
    build_trained(t, gru);
    MUST(backend->device_open(&options, &t->device));
    MUST(backend->store_create(t->device, &t->layout, true, &t->store));
    double *parameters = calloc((size_t)t->layout.elements, sizeof *parameters);
    vae_layout_initialise(&t->layout, 1, parameters);
    MUST(backend->store_write(t->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    free(parameters);
    MUST(backend->executable_create(t->device, &t->program, t->store, NULL, &t->executable));
    write_input(backend, t, t->x, NULL);
    write_input(backend, t, t->code, NULL);
    write_input(backend, t, t->lengths, lengths);
}

static void close_trained(const vae_backend *backend, trained *t)
{
    backend->executable_destroy(t->executable);
    backend->store_destroy(t->store);
    backend->device_close(t->device);
    vae_program_free(&t->program);
    vae_layout_free(&t->layout);
}

/* Launches of ops whose kind is called so; of all ops where NULL. */
static int count_launches(const vae_lowering *lowering, const char *op, const char *launch)
{
    int count = 0;
    for (int32_t i = 0; i < lowering->count; ++i) {
        const vae_launch *found = &lowering->launches[i];
        const char *kind = found->op < 0 ? "" : vae_op_kind_name(lowering->program->ops[found->op].kind);
        count += (!op || strcmp(kind, op) == 0) && (!launch || strcmp(vae_launch_name(lowering, found), launch) == 0);
    }
    return count;
}

static void expect_launches(bool gru)
{
    const char *forward = gru ? "gru" : "lstm", *backward = gru ? "gru_backward" : "lstm_backward";
    trained t;
    open_trained(&vae_backend_cuda, VAE_PRECISION_FP32, gru, &t);
    const vae_lowering *lowering = &t.executable->lowering;
    cr_assert_eq(count_launches(lowering, forward, "cell"), STEPS);
    cr_assert_eq(count_launches(lowering, forward, "matmul"), STEPS);
    cr_assert_eq(count_launches(lowering, forward, NULL), 2 * STEPS);
    cr_assert_eq(count_launches(lowering, backward, "cell_backward"), STEPS);
    cr_assert_eq(count_launches(lowering, backward, "matmul"), STEPS + 1, "the last is the weight's gradient");
    cr_assert_eq(count_launches(lowering, backward, "cell_initial"), 1);
    cr_assert_eq(count_launches(lowering, backward, NULL), 2 * STEPS + 2);
    /* begin_step, three layers of which one has a tanh, the square with its gradient; of the layers four products and
     * one derivative; adam. */
    cr_assert_eq(lowering->count, 4 * STEPS + 2 + 12, "%d launches", (int)lowering->count);
    cr_assert_eq(t.executable->nodes, (size_t)lowering->count);
    /* One algorithm for all steps: forward, backward, the weight's gradient; and those of the layers. */
    cr_assert_eq(t.executable->device->blas->chosen.count, 3 + 7);
    simt_reset_counters();
    MUST(vae_backend_cuda.executable_run(t.executable, &op_step));
    const simt_counters counted = simt_get_counters();
    cr_assert(counted.graph_launches == 1 && counted.calls == 1);
    close_trained(&vae_backend_cuda, &t);
}

Test(cuda_recurrent, a_step_of_the_sequences_is_a_product_and_a_cell)
{
    expect_launches(false);
    expect_launches(true);
}

static void train(const vae_backend *backend, vae_precision precision, bool gru, double losses[2])
{
    trained t;
    open_trained(backend, precision, gru, &t);
    const int64_t count = t.program.tensors[t.loss].elements;
    double *values = calloc((size_t)count, sizeof *values);
    for (int i = 0; i < 20; ++i) {
        vae_step step = op_step;
        step.adam_step = (uint64_t)i + 1;
        step.learning_rate = 1e-2;
        MUST(backend->executable_run(t.executable, &step));
        MUST(backend->tensor_read(t.executable, t.loss, VAE_FLOAT64, values));
        losses[i > 0] = 0.0;
        for (int64_t k = 0; k < count; ++k)
            losses[i > 0] += values[k];
    }
    free(values);
    close_trained(backend, &t);
}

/* The copies that layers and cells write for each other are there, and those of parameters follow. */
Test(cuda_recurrent, it_trains_in_every_precision)
{
    static const struct {
        vae_precision precision;
        double allowed;
    } all[] = {{VAE_PRECISION_FP32, 1e-4}, {VAE_PRECISION_TF32, 1e-2}, {VAE_PRECISION_BF16, 4e-2}};
    for (int gru = 0; gru < 2; ++gru) {
        double expected[2], found[2];
        train(&vae_backend_reference, VAE_PRECISION_AUTO, gru, expected);
        cr_assert_lt(expected[1], 0.7 * expected[0]);
        for (int i = 0; i < 3; ++i) {
            train(&vae_backend_cuda, all[i].precision, gru, found);
            for (int k = 0; k < 2; ++k)
                cr_assert_leq(fabs(found[k] - expected[k]), all[i].allowed * expected[k],
                              "gru %d, precision %d: %g, not %g", gru, i, found[k], expected[k]);
        }
    }
}

/* Every product that cells read was given its operands rounded, and none is rounded twice. */
Test(cuda_recurrent, cells_round_what_products_read)
{
    for (int gru = 0; gru < 2; ++gru) {
        trained t;
        open_trained(&vae_backend_cuda, VAE_PRECISION_BF16, gru, &t);
        const vae_lowering *lowering = &t.executable->lowering;
        cr_assert_eq(count_launches(lowering, NULL, "round_bf16"), 2, "x and code alone, not %d",
                     count_launches(lowering, NULL, "round_bf16"));
        close_trained(&vae_backend_cuda, &t);
    }
}

Test(cuda_recurrent, a_nan_is_found_by_name)
{
    char name[VAE_NAME_SIZE];
    trained t;
    open_trained(&vae_backend_cuda, VAE_PRECISION_FP32, false, &t);
    double x[STEPS * ROWS * WIDTH] = {0};
    x[0] = INFINITY;
    MUST(vae_backend_cuda.executable_find_nonfinite(t.executable, &op_step, name, sizeof name));
    cr_assert_str_eq(name, "");
    MUST(vae_backend_cuda.tensor_write(t.executable, t.x, VAE_FLOAT64, x));
    MUST(vae_backend_cuda.executable_find_nonfinite(t.executable, &op_step, name, sizeof name));
    cr_assert_str_eq(name, "gates");
    close_trained(&vae_backend_cuda, &t);
}
