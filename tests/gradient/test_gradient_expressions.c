/* Every elementwise function in every way its operands meet, and what stands beside them, in `reference` against
 * central differences of the loss. */
#include "expressions.h"

static double loss_at(const expression_program *p, expression_run *r, int64_t index, double value)
{
    const double kept = r->parameters[index];
    r->parameters[index] = value;
    MUST(r->backend->store_write(r->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r->parameters));
    const double loss = expression_loss(p, r);
    r->parameters[index] = kept;
    return loss;
}

static double difference(const expression_program *p, expression_run *r, int64_t index)
{
    const double h = 1e-3, at = r->parameters[index];
    const double wide = (loss_at(p, r, index, at + h) - loss_at(p, r, index, at - h)) / (2 * h);
    const double narrow = (loss_at(p, r, index, at + h / 2) - loss_at(p, r, index, at - h / 2)) / h;
    return (4 * narrow - wide) / 3;
}

/* At most about twenty numbers of each parameter. */
static void check(const expression *e)
{
    expression_program p;
    expression_run r;
    if (vae_shape_elements(&e->shapes[0]) > 5000) return; /* parity covers these */
    build_expression(e, false, &p);
    open_expression(&vae_backend_reference, 1, e, &p, &r);
    double *gradients = expression_gradients(&p, &r), scale = 0;
    for (int64_t i = 0; i < p.layout.elements; ++i)
        scale = fmax(scale, fabs(gradients[i]));
    const bool is_point = vae_shape_elements(&e->shapes[0]) == 1; /* where a function may be flat */
    cr_assert(scale > 0 || is_point, "%s: every gradient is zero", e->name);
    for (int32_t t = 0; t < p.layout.count; ++t) {
        const vae_parameter *parameter = &p.layout.parameters[t];
        const int64_t count = vae_shape_elements(&parameter->shape), stride = count > 20 ? count / 17 : 1;
        for (int64_t k = 0; k < count; k += stride) {
            const int64_t index = parameter->offset + k;
            const double expected = difference(&p, &r, index), error = fabs(gradients[index] - expected);
            cr_assert_leq(error, 1e-6 * (fabs(expected) + 1e-3 * scale) + 1e-12,
                          "%s: %s[%lld]: gradient %.12g, differences %.12g", e->name, parameter->name, (long long)k,
                          gradients[index], expected);
        }
    }
    free(gradients);
    close_expression(&r);
    free_expression(&p);
}

Test(gradient_expressions, every_function_and_broadcast)
{
    for_each_expression(check);
}

/* ---- Rules ---- */

static double *rule_gradients(vae_tensor (*build)(vae_program *, const vae_tensor *, vae_function))
{
    const expression e = {"rule", {{2, {4, 3}}, {1, {4}}}, build, 0, false};
    expression_program p;
    expression_run r;
    build_expression(&e, false, &p);
    open_expression(&vae_backend_reference, 1, &e, &p, &r);
    double *gradients = expression_gradients(&p, &r);
    close_expression(&r);
    free_expression(&p);
    return gradients;
}

static vae_tensor build_plain(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    return applied(program, VAE_FUNCTION_MULTIPLY, applied(program, VAE_FUNCTION_TANH, p[0], VAE_NO_TENSOR), p[1]);
}

static vae_tensor build_stopped(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y = applied(program, VAE_FUNCTION_TANH, p[0], VAE_NO_TENSOR);
    MUST(vae_program_stop_gradient(program, "stop", y, &y));
    return applied(program, VAE_FUNCTION_MULTIPLY, y, p[1]);
}

/* The weights, ½·(row's p[1])², are made after the op whose gradient they scale. */
static vae_tensor build_scaled(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor tanh = applied(program, VAE_FUNCTION_TANH, p[0], VAE_NO_TENSOR), scaled, weights;
    MUST(vae_program_scale_gradient(program, "scale", tanh, &scaled));
    const vae_tensor y = applied(program, VAE_FUNCTION_MULTIPLY, scaled, p[1]);
    MUST(vae_program_apply_constant(program, "half", VAE_FUNCTION_MULTIPLY,
                                    applied(program, VAE_FUNCTION_SQUARE, p[1], VAE_NO_TENSOR),
                                    (vae_weight){0.5, VAE_SCALAR_ONE}, &weights));
    MUST(vae_program_bind_gradient_scale(program, scaled, weights));
    return y;
}

Test(gradient_expressions, gradients_stop_or_are_scaled)
{
    double *plain = rule_gradients(build_plain), *stopped = rule_gradients(build_stopped),
           *scaled = rule_gradients(build_scaled);
    const expression e = {.positive = false};
    for (int64_t i = 0; i < 12; ++i) {
        const double q = expression_parameter(&e, 1, i / 3);
        cr_assert_neq(plain[i], 0.0);
        cr_assert_eq(stopped[i], 0.0);
        cr_assert_float_eq(scaled[i], plain[i] * 0.5 * q * q, 1e-12);
    }
    /* The other factor's gradient is that of a plain product, bit for bit. */
    for (int64_t i = VAE_ALIGNMENT_ELEMENTS; i < VAE_ALIGNMENT_ELEMENTS + 4; ++i) {
        cr_assert_neq(plain[i], 0.0);
        cr_assert_eq(stopped[i], plain[i]);
        cr_assert_eq(scaled[i], plain[i]);
    }
    free(plain);
    free(stopped);
    free(scaled);
}

Test(gradient_expressions, several_terms_of_one_tensor_and_of_a_parameter_add_up)
{
    const expression e = {"terms", {{2, {4, 3}}}, build_plain, 0, false};
    expression_program p = {0};
    expression_run r;
    vae_tensor q, y;
    MUST(vae_layout_add(&p.layout, "p", e.shapes[0], 1, NULL));
    vae_program_init(&p.program, "terms", &p.layout);
    MUST(vae_program_add_parameter(&p.program, VAE_TENSOR_PARAMETER, 0, &q));
    MUST(vae_program_apply(&p.program, "y", VAE_FUNCTION_SQUARE, q, VAE_NO_TENSOR, &y));
    const vae_loss_term terms[] = {
        {y, {0.25, VAE_SCALAR_ONE}}, {q, {3, VAE_SCALAR_ONE}}, {y, {0.5, VAE_SCALAR_BETA}}, {q, {1, VAE_SCALAR_BETA}}};
    MUST(vae_program_differentiate(&p.program, terms, 4));
    p.value = y;
    vae_program_mark_external(&p.program, y);
    MUST(vae_program_plan(&p.program));
    open_expression(&vae_backend_reference, 1, &e, &p, &r);
    double *gradients = expression_gradients(&p, &r);
    for (int64_t i = 0; i < 12; ++i) {
        const double value = r.parameters[i], beta = op_step.beta;
        cr_assert_float_eq(gradients[i], 2 * value * (0.25 + 0.5 * beta) + 3 + beta, 1e-12);
    }
    free(gradients);
    close_expression(&r);
    free_expression(&p);
}

/* A layer keeps its pre-activation or its output for the backward pass, not both. */
Test(gradient_expressions, activations_name_one_operand)
{
    for (int a = 0; a < VAE_ACTIVATION_COUNT; ++a) {
        const int reads = vae_function_gradient_reads((vae_function)a, 0);
        cr_expect_neq(reads, VAE_READS_A | VAE_READS_Y, "%s", vae_activation_name((vae_activation)a));
    }
}
