/* lstm and gru at every SIMD level that the processor has, against the reference and with the same bits for any number
 * of threads; dropout that does not depend on how a batch is padded or cut; what builders refuse. */
#include "backend/cpu/device.h"
#include "cpu_levels.h"
#include "expressions.h"
#include "parity/compare.h"

static const vae_cpu_isa *chosen;

static vae_status open_chosen(const vae_device_options *options, vae_device **device)
{
    VAE_TRY(vae_backend_cpu.device_open(options, device));
    ((vae_cpu_device *)*device)->isa = chosen;
    return VAE_OK;
}

typedef struct outcome {
    double *gradients, *value;
} outcome;

static outcome run_on(const vae_backend *backend, int threads, const expression *e, expression_program *p)
{
    expression_run r;
    outcome found;
    open_expression(backend, threads, e, p, &r);
    found.gradients = expression_gradients(p, &r);
    found.value = expression_value(p, &r);
    close_expression(&r);
    return found;
}

static void free_outcome(outcome *found)
{
    free(found->gradients);
    free(found->value);
}

static void compare(const expression *e, const expression_program *p, const outcome *expected, const outcome *found)
{
    char what[96];
    snprintf(what, sizeof what, "%s, %s", e->name, chosen->name);
    compare_at(0, what, "value", expected->value, found->value, p->program.tensors[p->value].elements,
               2 * fp32_tolerance);
    for (int32_t t = 0; t < p->layout.count; ++t) {
        const vae_parameter *parameter = &p->layout.parameters[t];
        compare_at(0, what, parameter->name, expected->gradients + parameter->offset,
                   found->gradients + parameter->offset, vae_shape_elements(&parameter->shape), 2 * fp32_tolerance);
    }
}

static void check_case(const expression *e)
{
    const vae_cpu_isa *levels[3];
    const int count = levels_here(levels);
    vae_backend backend = vae_backend_cpu;
    backend.device_open = open_chosen;
    expression_program p;
    build_expression(e, true, &p);
    outcome expected = run_on(&vae_backend_reference, 1, e, &p);
    const size_t values = (size_t)p.program.tensors[p.value].elements * sizeof(double);
    for (int i = 0; i < count; ++i) {
        chosen = levels[i];
        outcome first = run_on(&backend, 1, e, &p), second = run_on(&backend, 2, e, &p);
        compare(e, &p, &expected, &first);
        cr_assert_eq(memcmp(first.value, second.value, values), 0, "%s: threads", e->name);
        cr_assert_eq(memcmp(first.gradients, second.gradients, (size_t)p.layout.elements * sizeof(double)), 0,
                     "%s: threads", e->name);
        free_outcome(&first);
        free_outcome(&second);
    }
    free_outcome(&expected);
    free_expression(&p);
}

Test(cpu_recurrent, every_case_at_every_level)
{
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i)
        check_case(&recurrent_cases[i]);
}

/* ---- Dropout ---- */

/* Last states of `rows` sequences of two steps, padded to `steps`, whose first is row `first_row` of the batch. */
static void last_states(const vae_backend *backend, int64_t steps, int64_t rows, int64_t first_row, float *last)
{
    enum { H = 5 };
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    const vae_recurrent way = {.steps = steps, .training = true, .dropout = 0.5, .stream = VAE_STREAM_RECURRENT};
    vae_layout layout = {0};
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    vae_tensor gates, weight, lengths;
    vae_recurrent_outputs out;
    float ones[4 * 8 * 4 * H], two[8];
    vae_program_init(&program, "dropout", &layout);
    MUST(vae_program_input(&program, "gates", vae_shape_matrix(steps * rows, 4 * H), &gates));
    MUST(vae_program_input(&program, "weight", vae_shape_matrix(H, 4 * H), &weight));
    MUST(vae_program_input(&program, "lengths", vae_shape_vector(rows), &lengths));
    vae_recurrent_inputs in = vae_recurrent_inputs_of(gates, weight);
    in.lengths = lengths;
    MUST(vae_program_lstm(&program, "cell", &in, way, &out));
    vae_program_mark_external(&program, out.last_h);
    MUST(vae_program_plan(&program));
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &layout, false, &store));
    MUST(backend->executable_create(device, &program, store, NULL, &executable));
    for (size_t i = 0; i < sizeof ones / sizeof *ones; ++i)
        ones[i] = 0.1f;
    for (int i = 0; i < 8; ++i)
        two[i] = 2;
    MUST(backend->tensor_write(executable, gates, VAE_FLOAT32, ones));
    MUST(backend->tensor_write(executable, weight, VAE_FLOAT32, ones));
    MUST(backend->tensor_write(executable, lengths, VAE_FLOAT32, two));
    vae_step step = op_step;
    step.first_row = first_row;
    MUST(backend->executable_run(executable, &step));
    MUST(backend->tensor_read(executable, out.last_h, VAE_FLOAT32, last));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    vae_program_free(&program);
    vae_layout_free(&layout);
}

Test(cpu_recurrent, dropout_is_drawn_by_row_of_the_whole_batch_and_step_of_the_sequence)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    for (int b = 0; b < 2; ++b) {
        float whole[8 * 5], padded[8 * 5], part[3 * 5];
        last_states(backends[b], 2, 8, 0, whole);
        last_states(backends[b], 4, 8, 0, padded);
        last_states(backends[b], 3, 3, 5, part);
        cr_assert_neq(memcmp(whole, whole + 5 * 5, sizeof part), 0, "%s", backends[b]->name);
        cr_assert_eq(memcmp(whole, padded, sizeof whole), 0, "%s", backends[b]->name);
        cr_assert_eq(memcmp(whole + 5 * 5, part, sizeof part), 0, "%s", backends[b]->name);
    }
}

/* ---- Builders ---- */

static void expect_refusal(vae_status found, vae_status expected, const char *words)
{
    cr_assert_eq(found, expected);
    cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
}

Test(cpu_recurrent, operands_that_do_not_fit_are_named)
{
    vae_layout layout = {0};
    vae_program program;
    vae_recurrent_outputs out;
    vae_tensor gates, weight, wide, vector;
    vae_program_init(&program, "refused", &layout);
    MUST(vae_program_input(&program, "gates", vae_shape_matrix(6, 12), &gates));
    MUST(vae_program_input(&program, "weight", vae_shape_matrix(3, 12), &weight));
    MUST(vae_program_input(&program, "wide", vae_shape_matrix(3, 13), &wide));
    MUST(vae_program_input(&program, "vector", vae_shape_vector(12), &vector));
    const vae_recurrent_inputs good = vae_recurrent_inputs_of(gates, weight);
    const vae_recurrent way = {.steps = 3, .training = true};
    vae_recurrent_inputs in = vae_recurrent_inputs_of(gates, wide);
    expect_refusal(vae_program_lstm(&program, "l", &in, way, &out), VAE_ERROR_SHAPE,
                   "l: weight of lstm has shape [3, 13], but must have 4 times as many columns as rows");
    in = vae_recurrent_inputs_of(vector, weight);
    expect_refusal(vae_program_lstm(&program, "l", &in, way, &out), VAE_ERROR_SHAPE,
                   "l: gates [12] of lstm do not have the columns of its weight [3, 12]");
    expect_refusal(vae_program_lstm(&program, "l", &good, (vae_recurrent){.steps = 4}, &out), VAE_ERROR_SHAPE,
                   "l: gates [6, 12] of lstm do not hold 4 steps of as many rows each");
    expect_refusal(vae_program_lstm(&program, "l", &good, (vae_recurrent){.steps = 0}, &out), VAE_ERROR_ARGUMENT,
                   "l: lstm of 0 steps");
    expect_refusal(vae_program_lstm(&program, "l", &good, (vae_recurrent){.steps = 3, .dropout = 0.5}, &out),
                   VAE_ERROR_ARGUMENT, "l: recurrent dropout of lstm is for training only");
    expect_refusal(
        vae_program_lstm(&program, "l", &good, (vae_recurrent){.steps = 3, .training = true, .dropout = 1}, &out),
        VAE_ERROR_ARGUMENT, "l: recurrent dropout of lstm is 1, but must be at least 0 and below 1");
    in = good;
    in.lengths = vector;
    expect_refusal(vae_program_lstm(&program, "l", &in, way, &out), VAE_ERROR_SHAPE,
                   "l: lengths of lstm has shape [12], but must be [2]");
    in = good;
    in.norm_scale = wide;
    expect_refusal(vae_program_lstm(&program, "l", &in, way, &out), VAE_ERROR_SHAPE,
                   "l: norm_scale of lstm has shape [3, 13], but must be [5, 3]");
    in = good;
    in.hidden_bias = vector;
    expect_refusal(vae_program_lstm(&program, "l", &in, way, &out), VAE_ERROR_ARGUMENT,
                   "l: lstm has no operand hidden_bias");
    expect_refusal(vae_program_gru(&program, "g", &good, way, &out), VAE_ERROR_SHAPE,
                   "g: weight of gru has shape [3, 12], but must have 3 times as many columns as rows");
    vae_program_free(&program);
    vae_layout_free(&layout);
}

/* The op works on its gates in place only where nobody would notice. */
Test(cpu_recurrent, gates_are_overwritten_where_only_a_product_knows_them)
{
    vae_layout layout = {0};
    vae_program program;
    vae_recurrent_outputs out;
    vae_tensor x, weight, gates, other;
    vae_program_init(&program, "in_place", &layout);
    MUST(vae_program_input(&program, "x", vae_shape_matrix(6, 3), &x));
    MUST(vae_program_input(&program, "weight", vae_shape_matrix(3, 12), &weight));
    for (int way = 0; way < 3; ++way) {
        MUST(vae_program_matmul(&program, "gates", x, false, weight, false, &gates));
        if (way == 1) MUST(vae_program_apply(&program, "other", VAE_FUNCTION_TANH, gates, VAE_NO_TENSOR, &other));
        if (way == 2) vae_program_mark_external(&program, gates);
        const vae_recurrent_inputs in = vae_recurrent_inputs_of(gates, weight);
        MUST(vae_program_lstm(&program, "cell", &in, (vae_recurrent){.steps = 3}, &out));
        const vae_op *op = &program.ops[program.op_count - 1];
        cr_assert_eq(op->outputs[VAE_RECURRENT_ACTIVATED] == gates, way == 0, "%d", way);
    }
    vae_program_free(&program);
    vae_layout_free(&layout);
}
