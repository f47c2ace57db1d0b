/* Results of a backend held against the reference's. */
#ifndef VAE_TESTS_PARITY_COMPARE_H
#define VAE_TESTS_PARITY_COMPARE_H

#include "ops.h"

/* float32 against double: relative to the largest number of the tensor, so that cancellation in single numbers does not
 * count, and growing with the length of the sums. */
static const double fp32_tolerance = 4e-6;

/* The error, relative to the largest number. */
static inline double compare_at(double scale, const char *name, const char *what, const double *expected,
                                const double *found, int64_t count, double allowed)
{
    double error = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        cr_assert(isfinite(found[i]), "%s: %s[%lld] is %g", name, what, (long long)i, found[i]);
        scale = fmax(scale, fabs(expected[i]));
        error = fmax(error, fabs(expected[i] - found[i]));
    }
    cr_assert_leq(error, allowed * scale + 1e-30, "%s: %s differs by %.3g of %.3g", name, what, error, scale);
    return error / (scale + 1e-30);
}

/* Runs both; the largest error of outputs and gradients. */
static inline double compare_runs(const op_program *p, const op_run *expected, const op_run *found, double allowed)
{
    double largest = 0.0;
    MUST(expected->backend->executable_run(expected->executable, &op_step));
    MUST(found->backend->executable_run(found->executable, &op_step));
    for (int i = 0; i < 3; ++i) {
        if (p->outputs[i] == VAE_NO_TENSOR) continue;
        double *a = read_values(p, expected, p->outputs[i]), *b = read_values(p, found, p->outputs[i]);
        const vae_tensor_info *info = &p->program.tensors[p->outputs[i]];
        /* Means of likelihoods are within a range, on whose scale they are as good as their levels. */
        const double scale = p->c->family == FAMILY_LIKELIHOOD ? 1.0 : 0.0;
        largest = fmax(largest, compare_at(scale, p->c->name, info->name, a, b, info->elements, allowed));
        free(a);
        free(b);
    }
    /* Of the parameters, a forward pass in training changes the running statistics, which may be logarithms near 0. */
    static const vae_arena arenas[] = {VAE_ARENA_GRADIENTS, VAE_ARENA_PARAMETERS};
    for (int i = 0; i < 2; ++i) {
        double *a = read_arena(p, expected, arenas[i]), *b = read_arena(p, found, arenas[i]);
        for (int32_t t = 0; t < p->layout.count; ++t) {
            const vae_parameter *parameter = &p->layout.parameters[t];
            const double error = compare_at(i, p->c->name, parameter->name, a + parameter->offset,
                                            b + parameter->offset, vae_shape_elements(&parameter->shape), allowed);
            largest = fmax(largest, error);
        }
        free(a);
        free(b);
    }
    return largest;
}

#endif
