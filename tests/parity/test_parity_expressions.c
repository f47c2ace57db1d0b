/* Every expression on a backend against the reference, and the same bits for any number of threads. */
#include "expressions.h"
#include "parity/compare.h"

typedef struct outcome {
    double *gradients, *value;
} outcome;

static outcome run_on(const vae_backend *backend, int threads, const expression *e, expression_program *p)
{
    expression_run r;
    open_expression(backend, threads, e, p, &r);
    outcome found;
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
    const int64_t values = p->program.tensors[p->value].elements;
    /* Sums of a parameter's gradient may cancel. */
    compare_at(0, e->name, "value", expected->value, found->value, values, 2 * fp32_tolerance);
    for (int32_t t = 0; t < p->layout.count; ++t) {
        const vae_parameter *parameter = &p->layout.parameters[t];
        compare_at(0, e->name, parameter->name, expected->gradients + parameter->offset,
                   found->gradients + parameter->offset, vae_shape_elements(&parameter->shape), 2 * fp32_tolerance);
    }
}

static void check(const expression *e)
{
    expression_program p;
    build_expression(e, true, &p);
    outcome expected = run_on(&vae_backend_reference, 1, e, &p), first = run_on(&VAE_TEST_BACKEND, 1, e, &p);
    compare(e, &p, &expected, &first);
    const size_t values = (size_t)p.program.tensors[p.value].elements * sizeof(double);
    for (int threads = 2; threads <= 3; ++threads) {
        outcome found = run_on(&VAE_TEST_BACKEND, threads, e, &p);
        const size_t gradients = (size_t)p.layout.elements * sizeof(double);
        cr_assert_eq(memcmp(first.gradients, found.gradients, gradients), 0, "%s: %d threads", e->name, threads);
        cr_assert_eq(memcmp(first.value, found.value, values), 0, "%s: %d threads", e->name, threads);
        free_outcome(&found);
    }
    free_outcome(&expected);
    free_outcome(&first);
    free_expression(&p);
}

Test(parity_expressions, every_expression)
{
    for_each_expression(check);
}

/* More numbers of rows, and wider rows, than kernels take at a time. */
Test(parity_expressions, many_gathered_rows)
{
    static const expression many[] = {
        {"many gathered rows", {{2, {530, 131}}}, build_gather_rows, 0, false},
        {"many gathered rows, in vectors", {{2, {530, 516}}}, build_gather_rows, 0, false},
    };
    for (int i = 0; i < 2; ++i)
        if (is_wanted(&(op_case){.name = many[i].name})) check(&many[i]);
}
