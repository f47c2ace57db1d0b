/* Every differentiable op in `reference` against central differences of the loss, through its own parameters and those
 * of a layer before it, so that input gradients are checked too. */
#include "ops.h"

static double loss(const op_program *p, const op_run *r)
{
    MUST(r->backend->executable_run(r->executable, &op_step));
    double *ll = read_values(p, r, p->outputs[0]);
    double sum = 0.0;
    for (int64_t i = 0; i < p->program.tensors[p->outputs[0]].elements; ++i) {
        sum += row_weight.factor * op_step.beta * ll[i];
    }
    free(ll);
    if (p->c->family != FAMILY_POSTERIOR) return sum;
    double *kl = read_values(p, r, p->outputs[1]);
    for (int64_t i = 0; i < p->program.tensors[p->outputs[1]].elements; ++i)
        sum += -0.8 * kl[i];
    free(kl);
    return sum;
}

static double loss_at(const op_program *p, op_run *r, int64_t index, double value)
{
    const double kept = r->parameters[index];
    r->parameters[index] = value;
    MUST(r->backend->store_write(r->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r->parameters));
    const double result = loss(p, r);
    r->parameters[index] = kept;
    return result;
}

/* Richardson's extrapolation of two central differences: its error is of fourth order, so the step can be large enough
 * for rounding not to matter. */
static double difference(const op_program *p, op_run *r, int64_t index)
{
    const double h = 1e-3, at = r->parameters[index];
    const double wide = (loss_at(p, r, index, at + h) - loss_at(p, r, index, at - h)) / (2 * h);
    const double narrow = (loss_at(p, r, index, at + h / 2) - loss_at(p, r, index, at - h / 2)) / h;
    return (4 * narrow - wide) / 3;
}

/* At most about forty parameters of each tensor, spread over it. */
static void check_case(const op_case *c)
{
    op_program p;
    op_run r;
    build_case(c, &p);
    open_run(&vae_backend_reference, 1, &p, &r);
    loss(&p, &r);
    double *gradients = read_arena(&p, &r, VAE_ARENA_GRADIENTS), scale = 0.0;
    for (int64_t i = 0; i < p.layout.elements; ++i)
        scale = fmax(scale, fabs(gradients[i]));
    cr_assert_gt(scale, 0.0, "%s: every gradient is zero", c->name);
    for (int32_t t = 0; t < p.layout.count; ++t) {
        const vae_parameter *parameter = &p.layout.parameters[t];
        const int64_t count = vae_shape_elements(&parameter->shape);
        const int64_t stride = count > 40 ? count / 37 : 1;
        for (int64_t k = 0; k < count; k += stride) {
            const int64_t index = parameter->offset + k;
            const double expected = difference(&p, &r, index);
            const double error = fabs(gradients[index] - expected) / (fabs(expected) + 1e-3 * scale);
            cr_assert_leq(error, 1e-6, "%s: %s[%lld]: gradient %.12g, differences %.12g", c->name, parameter->name,
                          (long long)k, gradients[index], expected);
        }
    }
    free(gradients);
    close_run(&r);
    free_case(&p);
}

Test(gradient_ops, smooth_cases)
{
    int checked = 0;
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        /* Of the wide cases, parity covers what the small ones do not: differences of each would take minutes. */
        const op_case *c = &op_cases[i];
        const bool has_activation = c->family == FAMILY_DENSE || c->family == FAMILY_CONVOLUTION ||
                                    c->family == FAMILY_TRANSPOSED_CONVOLUTION || c->family >= FAMILY_BATCH_NORM;
        const bool kinked =
            has_activation && (c->activation == VAE_ACTIVATION_RELU || c->activation == VAE_ACTIVATION_LEAKY_RELU ||
                               c->activation == VAE_ACTIVATION_ELU);
        const bool large = c->out > 100 || c->rows * c->height * c->in > 5000;
        if (kinked || large || c->family == FAMILY_BATCH_NORM_RUNNING) continue;
        check_case(c);
        ++checked;
    }
    cr_assert_gt(checked, 35);
}

/* Kinked activations: one layer whose pre-activations are kept away from 0. */
Test(gradient_ops, kinked_activations)
{
    const vae_activation kinked[] = {VAE_ACTIVATION_RELU, VAE_ACTIVATION_LEAKY_RELU, VAE_ACTIVATION_ELU};
    for (int a = 0; a < 3; ++a) {
        const op_case c = OP_CASE("kinked", FAMILY_DENSE, 1, 3, 4, 1, kinked[a], 1, 1, false);
        op_program p;
        op_run r;
        build_case(&c, &p);
        open_run(&vae_backend_reference, 1, &p, &r);
        const double bias[] = {2.0, -2.0, 3.0, -3.0};
        const int32_t at = vae_layout_find(&p.layout, "layer.bias"),
                      weight = vae_layout_find(&p.layout, "layer.weight");
        for (int i = 0; i < 4; ++i)
            r.parameters[p.layout.parameters[at].offset + i] = bias[i];
        for (int i = 0; i < 12; ++i)
            r.parameters[p.layout.parameters[weight].offset + i] *= 0.2;
        MUST(r.backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r.parameters));
        loss(&p, &r);
        double *gradients = read_arena(&p, &r, VAE_ARENA_GRADIENTS);
        for (int32_t t = 0; t < p.layout.count; ++t) {
            for (int64_t k = 0; k < vae_shape_elements(&p.layout.parameters[t].shape); ++k) {
                const int64_t index = p.layout.parameters[t].offset + k;
                const double expected = difference(&p, &r, index);
                cr_assert_leq(fabs(gradients[index] - expected), 1e-6 * (fabs(expected) + 1e-2), "%s: %s[%lld]",
                              vae_activation_name(kinked[a]), p.layout.parameters[t].name, (long long)k);
            }
        }
        free(gradients);
        close_run(&r);
        free_case(&p);
    }
}
