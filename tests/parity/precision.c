/* Every precision that a backend has against the reference: op cases and a training, and how far products were fused.
 */
#include "compare.h"
#include "expressions.h"
#include "fusion.h"
#include "training.h"
#ifdef SIMT
#include <simt/simt.h>
#endif

/* `unit` is the largest relative error of an operand that a product reads. tf32 keeps 10 bits of mantissa behind the
 * leading one, and hardware may cut off the others: 2^-10. bf16 keeps 7, rounded to nearest by our own kernels: 2^-8.
 *
 * What is compared has come through up to four products (two layers forward; an input gradient and a weight gradient),
 * each of two operands: eight roundings. Relative to the tensor's largest number, and of either sign, they come to less
 * than 8 units, unless something steep enlarges them: a relu whose input is so near zero that its sign changes, or the
 * mixture of logistics. So these cases are smooth, and relus are compared on numbers that bf16 holds exactly. */
typedef struct precision_case {
    const char *name;
    vae_precision precision;
    double unit;
} precision_case;

enum { ROUNDINGS = 8 };

static const precision_case precisions[] = {
    {"tf32", VAE_PRECISION_TF32, 0x1p-10},
    {"bf16", VAE_PRECISION_BF16, 0x1p-8},
};

static double allowed_for(const precision_case *precision)
{
    return ROUNDINGS * precision->unit;
}

/* Of op_cases: each way to lower a product, and kernels that write or read a bf16 copy beside one. */
static const char *const case_names[] = {
    "dense tanh",          "dense gelu, large",       "dense silu",          "convolution k4 s2", "convolution k5 s3",
    "transposed k4 s2",    "transposed, one channel", "posterior 3 samples", "bernoulli prime",   "gaussian 2 samples",
    "logistic, 3 samples", "batch norm tanh",         "layer norm 3 x 8",    "dropout",           "residual silu",
};

static bool is_chosen(const op_case *c)
{
    for (size_t i = 0; i < sizeof case_names / sizeof *case_names; ++i) {
        if (strcmp(c->name, case_names[i]) == 0) return is_wanted(c);
    }
    return false;
}

static bool has_precision(vae_precision precision)
{
    const vae_device_options options = {.threads = 2, .precision = precision};
    vae_device *device;
    if (VAE_TEST_BACKEND.device_open(&options, &device)) {
        cr_assert_str_neq(VAE_TEST_BACKEND.name, "cuda", "%s", vae_error_message());
        return false;
    }
    VAE_TEST_BACKEND.device_close(device);
    return true;
}

/* ---- Ops ---- */

static double compare_case_in(const precision_case *precision, const op_case *c, fusion *sum)
{
    const vae_device_options options = {.threads = 2, .precision = precision->precision};
    op_program p;
    op_run reference, tested;
    build_case(c, &p);
    open_run(&vae_backend_reference, 1, &p, &reference);
    open_run_with(&VAE_TEST_BACKEND, &options, &p, &tested);
    add_fusion(sum, fusion_of(&p.program, tested.executable));
    const double error = compare_runs(&p, &reference, &tested, allowed_for(precision));
    close_run(&tested);
    close_run(&reference);
    free_case(&p);
    return error;
}

static void compare_cases_in(const precision_case *precision)
{
    fusion sum = {0};
    double largest = 0.0;
    if (!has_precision(precision->precision)) return;
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        if (is_chosen(&op_cases[i])) largest = fmax(largest, compare_case_in(precision, &op_cases[i], &sum));
    }
    print_fusion(precision->name, sum);
    printf("%s: errors up to %.2g of %.2g\n", precision->name, largest, allowed_for(precision));
    if (!getenv("VAE_OP_CASES")) {
        cr_assert_gt(largest, 0.1 * precision->unit, "%s is more exact than it can be: is it in use?", precision->name);
    }
}

Test(precision, tf32_forward_and_backward)
{
    compare_cases_in(&precisions[0]);
}

Test(precision, bf16_forward_and_backward)
{
    compare_cases_in(&precisions[1]);
}

/* ---- Recurrent ops ---- */

static double *gradients_in(const vae_backend *backend, vae_precision precision, const expression *e,
                            expression_program *p)
{
    const vae_device_options options = {.threads = 2, .precision = precision};
    expression_run r;
    open_expression_with(backend, &options, e, p, &r);
    double *gradients = expression_gradients(p, &r);
    close_expression(&r);
    return gradients;
}

/* The largest error of any parameter's gradient. */
static double compare_expression_in(const precision_case *precision, const expression *e, double allowed)
{
    expression_program p;
    double largest = 0.0;
    build_expression(e, true, &p);
    double *exact = gradients_in(&vae_backend_reference, VAE_PRECISION_AUTO, e, &p);
    double *found = gradients_in(&VAE_TEST_BACKEND, precision->precision, e, &p);
    for (int32_t t = 0; t < p.layout.count; ++t) {
        const vae_parameter *parameter = &p.layout.parameters[t];
        const double error = compare_at(0, e->name, parameter->name, exact + parameter->offset,
                                        found + parameter->offset, vae_shape_elements(&parameter->shape), allowed);
        largest = fmax(largest, error);
    }
    free(exact);
    free(found);
    free_expression(&p);
    return largest;
}

/* A step adds its own roundings to those of the steps behind it, of which the gates let through a part: twice as many
 * as above. */
Test(precision, sequences_forward_and_backward)
{
    for (int i = 0; i < 2; ++i) {
        const double allowed = 2 * allowed_for(&precisions[i]);
        double largest = 0.0;
        if (!has_precision(precisions[i].precision)) continue;
        for (int k = 0; k < RECURRENT_CASE_COUNT; ++k) {
            if (!is_wanted(&(op_case){.name = recurrent_cases[k].name})) continue;
            largest = fmax(largest, compare_expression_in(&precisions[i], &recurrent_cases[k], allowed));
        }
        printf("sequences, %s: errors up to %.2g of %.2g\n", precisions[i].name, largest, allowed);
        if (strcmp(VAE_TEST_BACKEND.name, "cuda") == 0 && !getenv("VAE_OP_CASES")) {
            cr_assert_gt(largest, 0.1 * precisions[i].unit, "%s is more exact than it can be: is it in use?",
                         precisions[i].name);
        }
    }
}

/* ---- Training ---- */

enum { STEPS = 50 };

static fusion train(const vae_backend *backend, vae_precision precision, double losses[STEPS])
{
    vae_config config = small_config();
    const vae_device_options options = {.threads = 2, .precision = precision};
    config.model.activation = VAE_ACTIVATION_RELU;
    training t;
    open_training(backend, &options, &config, &t);
    const fusion found = backend == &VAE_TEST_BACKEND ? fusion_of(&t.program, t.executable) : (fusion){0};
    for (int s = 0; s < STEPS; ++s)
        losses[s] = run_step(&t, s);
    close_training(&t);
    return found;
}

/* Four layers: of the eleven products, four carry a bias forward, with a relu or without; four of those of the backward
 * pass carry a bias gradient, two with a relu's derivative. */
static void expect_fusion(const char *name, fusion found)
{
    print_fusion(name, found);
    if (strcmp(VAE_TEST_BACKEND.name, "cuda") != 0) return;
    cr_assert_eq(found.products, 11);
    cr_assert_eq(found.wanted, 8);
}

Test(precision, fifty_steps_in_each)
{
    /* Losses are means over many numbers, in which roundings cancel; those of float32 add up over the steps. */
    static const precision_case all[] = {
        {"training, fp32", VAE_PRECISION_FP32, 1e-4 / ROUNDINGS},
        {"training, tf32", VAE_PRECISION_TF32, 0x1p-10},
        {"training, bf16", VAE_PRECISION_BF16, 0x1p-8},
    };
    double expected[STEPS], found[STEPS];
    train(&vae_backend_reference, VAE_PRECISION_AUTO, expected);
    for (int i = 0; i < 3; ++i) {
        if (!has_precision(all[i].precision)) continue;
        expect_fusion(all[i].name, train(&VAE_TEST_BACKEND, all[i].precision, found));
        for (int s = 0; s < STEPS; ++s)
            cr_assert_leq(fabs(expected[s] - found[s]), allowed_for(&all[i]) * fabs(expected[s]),
                          "%s, step %d: loss %.9g, reference %.9g", all[i].name, s, found[s], expected[s]);
    }
}

/* ---- Relus ---- */

static const op_case stack = OP_CASE("two relu layers and a linear one", FAMILY_DENSE, 9, 24, 5, 1, 0, 1, 1, false);

static void build_stack(op_program *p)
{
    *p = (op_program){.c = &stack, .outputs = {VAE_NO_TENSOR, VAE_NO_TENSOR, VAE_NO_TENSOR}};
    vae_tensor first, second;
    static const char *const layers[] = {"first", "second", "layer"};
    for (int i = 0; i < 3; ++i) {
        const int64_t width = i < 2 ? stack.in : stack.out;
        char weight[VAE_NAME_SIZE], bias[VAE_NAME_SIZE];
        snprintf(weight, sizeof weight, "%s.weight", layers[i]);
        snprintf(bias, sizeof bias, "%s.bias", layers[i]);
        MUST(vae_layout_add(&p->layout, weight, vae_shape_matrix(stack.in, width), stack.in, NULL));
        MUST(vae_layout_add(&p->layout, bias, vae_shape_vector(width), stack.in, NULL));
    }
    vae_program_init(&p->program, stack.name, &p->layout);
    MUST(vae_program_input(&p->program, "x", vae_shape_matrix(stack.rows, stack.in), &p->input));
    MUST(vae_program_input(&p->program, "target", vae_shape_matrix(stack.rows, stack.out), &p->data));
    MUST(vae_program_dense(&p->program, "first", p->input, VAE_ACTIVATION_RELU, true, &first));
    MUST(vae_program_dense(&p->program, "second", first, VAE_ACTIVATION_RELU, true, &second));
    MUST(vae_program_dense(&p->program, "layer", second, VAE_ACTIVATION_IDENTITY, true, &p->outputs[1]));
    vae_program_mark_external(&p->program, p->outputs[1]);
    MUST(vae_program_likelihood(&p->program, "ll", p->outputs[1], p->data, &unit_gaussian, true, &p->outputs[0]));
    vae_program_mark_external(&p->program, p->outputs[0]);
    const vae_loss_term term = {p->outputs[0], row_weight};
    MUST(vae_program_differentiate(&p->program, &term, 1));
    MUST(vae_program_plan(&p->program));
}

/* Three biases forward and three bias gradients backward, of eight products. */
static void expect_fusion_of_stack(const op_program *p, const op_run *r)
{
    const fusion found = fusion_of(&p->program, r->executable);
    if (strcmp(r->backend->name, "cuda") == 0) cr_assert(found.products == 8 && found.wanted == 6);
}

/* Small whole numbers, so that each precision holds the inputs of both relus exactly; no input is zero, as the biases
 * of the first layer lie between whole numbers and those of the second between halves. */
static void write_whole_numbers(const op_program *p, const op_run *r)
{
    for (int32_t t = 0; t < p->layout.count; ++t) {
        const vae_parameter *parameter = &p->layout.parameters[t];
        const double between = t == 1 ? 0.5 : t == 3 ? 0.25 : 0.0;
        for (int64_t k = 0; k < vae_shape_elements(&parameter->shape); ++k)
            r->parameters[parameter->offset + k] = between + round(0.8 * test_normal((uint64_t)t + 70, (uint64_t)k));
    }
    MUST(r->backend->store_write(r->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r->parameters));
    double *x = read_values(p, r, p->input);
    for (int64_t i = 0; i < stack.rows * stack.in; ++i)
        x[i] = round(x[i]);
    MUST(r->backend->tensor_write(r->executable, p->input, VAE_FLOAT64, x));
    free(x);
}

static double compare_stack_in(vae_precision precision, double allowed)
{
    const vae_device_options options = {.threads = 2, .precision = precision};
    op_program p;
    op_run reference, tested;
    build_stack(&p);
    open_run(&vae_backend_reference, 1, &p, &reference);
    open_run_with(&VAE_TEST_BACKEND, &options, &p, &tested);
    expect_fusion_of_stack(&p, &tested);
    write_whole_numbers(&p, &reference);
    write_whole_numbers(&p, &tested);
    const double error = compare_runs(&p, &reference, &tested, allowed);
    close_run(&tested);
    close_run(&reference);
    free_case(&p);
    return error;
}

Test(precision, relus_that_products_carry)
{
    compare_stack_in(VAE_PRECISION_FP32, fp32_tolerance);
    for (int i = 0; i < 2; ++i) {
        if (!has_precision(precisions[i].precision)) continue;
        const double error = compare_stack_in(precisions[i].precision, allowed_for(&precisions[i]));
        cr_assert_gt(error, 4 * fp32_tolerance);
    }
}

/* The derivative of a relu at exactly zero is 0 for our kernels, and whatever bit its mask gets where cuBLASLt carries
 * it. A black image and biases of zero, as in the first step of a training, come to that. Either is right: the bias
 * gradients of that layer must then be those of a pre-activation just below zero, or just above. */
enum { BLACK_ROW = 4 };

/* The gradients where every bias of the first layer is `bias` and one row of x is black. The caller frees. */
static double *gradients_at(const vae_backend *backend, const op_program *p, double bias)
{
    op_run r;
    op_program program = *p;
    open_run(backend, 1, &program, &r);
    if (backend == &VAE_TEST_BACKEND) expect_fusion_of_stack(&program, &r);
    for (int64_t k = 0; k < stack.in; ++k)
        r.parameters[p->layout.parameters[1].offset + k] = bias;
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r.parameters));
    double *x = read_values(p, &r, p->input);
    memset(x + BLACK_ROW * stack.in, 0, (size_t)stack.in * sizeof *x);
    MUST(backend->tensor_write(r.executable, p->input, VAE_FLOAT64, x));
    MUST(backend->executable_run(r.executable, &op_step));
    double *gradients = read_arena(p, &r, VAE_ARENA_GRADIENTS);
    free(x);
    close_run(&r);
    return gradients;
}

/* Which of the two each bias gradient is: how many are only that below, only that above. */
static void compare_at_zero(const op_program *p, const double *below, const double *above, int count[2])
{
    double *found = gradients_at(&VAE_TEST_BACKEND, p, 0.0);
    count[0] = count[1] = 0;
    for (int32_t t = 0; t < p->layout.count; ++t) {
        const vae_parameter *parameter = &p->layout.parameters[t];
        const int64_t from = parameter->offset, size = vae_shape_elements(&parameter->shape);
        if (t != 1) compare_at(0.0, stack.name, parameter->name, below + from, found + from, size, fp32_tolerance);
    }
    for (int64_t k = 0; k < stack.in; ++k) {
        const int64_t i = p->layout.parameters[1].offset + k;
        const bool is_below = fabs(found[i] - below[i]) <= fp32_tolerance;
        const bool is_above = fabs(found[i] - above[i]) <= fp32_tolerance;
        cr_assert(is_below || is_above, "bias gradient %d is %g, neither %g nor %g", (int)k, found[i], below[i],
                  above[i]);
        count[0] += is_below && !is_above;
        count[1] += is_above && !is_below;
    }
    free(found);
}

Test(precision, a_relu_at_zero_has_either_derivative)
{
    op_program p;
    int count[2];
    build_stack(&p);
    double *below = gradients_at(&vae_backend_reference, &p, -1e-9);
    double *above = gradients_at(&vae_backend_reference, &p, 1e-9);
    compare_at_zero(&p, below, above, count);
#ifdef SIMT
    for (int bit = 0; bit <= 2; ++bit) {
        simt_cublaslt_relu_mask_at_zero(bit);
        compare_at_zero(&p, below, above, count);
        cr_assert_eq(count[0] > 0, bit != 1, "bit %d: %d below, %d above", bit, count[0], count[1]);
        cr_assert_eq(count[1] > 0, bit != 0, "bit %d: %d below, %d above", bit, count[0], count[1]);
    }
#endif
    free(below);
    free(above);
    free_case(&p);
}
