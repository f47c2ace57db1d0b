/* Fused programs against unfused ones: the same bits, fewer ops, and all in all less memory. */
#include "expressions.h"

typedef struct outcome {
    double *gradients, *value;
    int32_t ops;
    int64_t elements;
} outcome;

static outcome run_expression(const expression *e, bool fused, expression_program *p)
{
    expression_run r;
    build_expression(e, fused, p);
    open_expression(&VAE_TEST_BACKEND, 2, e, p, &r);
    outcome found = {.ops = p->program.op_count, .elements = p->program.activation_elements};
    found.gradients = expression_gradients(p, &r);
    found.value = expression_value(p, &r);
    close_expression(&r);
    return found;
}

static int32_t saved_ops;
static int64_t saved_elements;

static void check(const expression *e)
{
    expression_program a, b;
    const outcome plain = run_expression(e, false, &a), fused = run_expression(e, true, &b);
    cr_assert_leq(fused.ops, plain.ops, "%s", e->name);
    saved_ops += plain.ops - fused.ops;
    saved_elements += plain.elements - fused.elements;
    const size_t gradients = (size_t)a.layout.elements * sizeof(double);
    const size_t values = (size_t)a.program.tensors[a.value].elements * sizeof(double);
    cr_assert_eq(memcmp(plain.gradients, fused.gradients, gradients), 0, "%s: gradients differ", e->name);
    cr_assert_eq(memcmp(plain.value, fused.value, values), 0, "%s: values differ", e->name);
    for (int i = 0; i < 2; ++i) {
        free((i ? plain : fused).gradients);
        free((i ? plain : fused).value);
    }
    free_expression(&a);
    free_expression(&b);
}

Test(fusion, every_expression_keeps_its_bits)
{
    for_each_expression(check);
    cr_assert_gt(saved_ops, 100, "only %d ops were joined", saved_ops);
    /* A joined op needs all it reads and writes at once, so single expressions may take more. */
    cr_assert_gt(saved_elements, 0);
}
