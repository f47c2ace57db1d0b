/* The fusion pass: what is joined, and what must not be. */
#include "backend/cuda/lowering.h"
#include "expressions.h"

typedef struct small {
    vae_layout layout;
    vae_program program;
    vae_tensor x, rows;
} small;

static void open_small(small *s)
{
    *s = (small){0};
    vae_program_init(&s->program, "small", &s->layout);
    MUST(vae_program_input(&s->program, "x", vae_shape_matrix(6, 5), &s->x));
    MUST(vae_program_input(&s->program, "rows", vae_shape_vector(6), &s->rows));
}

static int32_t count_lists(const vae_program *program)
{
    int32_t count = 0;
    for (int32_t i = 0; i < program->op_count; ++i)
        count += program->ops[i].kind == VAE_OP_ELEMENTWISE;
    return count;
}

Test(fuse, a_chain_that_ends_in_a_sum_becomes_one_op)
{
    small s;
    open_small(&s);
    vae_tensor y = applied(&s.program, VAE_FUNCTION_SUBTRACT, s.x, s.rows), sum;
    y = applied(&s.program, VAE_FUNCTION_SQUARE, y, VAE_NO_TENSOR);
    y = applied(&s.program, VAE_FUNCTION_EXP, y, VAE_NO_TENSOR);
    MUST(vae_program_sum_columns(&s.program, "sum", y, &sum));
    vae_program_mark_external(&s.program, sum);
    MUST(vae_program_fuse(&s.program));
    cr_assert_eq(s.program.op_count, 1);
    const vae_op *op = &s.program.ops[0];
    cr_assert_eq(op->attributes.elementwise.count, 4);
    cr_assert_eq(op->attributes.elementwise.output_count, 1);
    cr_assert_eq(op->outputs[0], sum);
    cr_assert_str_eq(s.program.tensors[op->attributes.elementwise.instructions[1].tensor].name, "square");
    MUST(vae_program_plan(&s.program));
    vae_program_free(&s.program);
}

Test(fuse, what_reads_a_sum_waits_for_it)
{
    small s;
    open_small(&s);
    vae_tensor sum, y;
    MUST(vae_program_sum_columns(&s.program, "sum", s.x, &sum));
    y = applied(&s.program, VAE_FUNCTION_SUBTRACT, s.x, sum);
    vae_program_mark_external(&s.program, y);
    MUST(vae_program_fuse(&s.program));
    cr_assert_eq(count_lists(&s.program), 2);
    vae_program_free(&s.program);
}

Test(fuse, a_read_does_not_move_past_a_write_in_place)
{
    small s;
    open_small(&s);
    const vae_tensor before = applied(&s.program, VAE_FUNCTION_EXP, s.x, VAE_NO_TENSOR);
    vae_tensor row_sum;
    vae_program_mark_external(&s.program, before);
    MUST(vae_program_sum_rows(&s.program, "blocker", before, 2, &row_sum));
    MUST(vae_program_append_scaled_rows(&s.program, s.x, s.rows));
    const vae_tensor after = applied(&s.program, VAE_FUNCTION_EXP, s.x, VAE_NO_TENSOR);
    vae_program_mark_external(&s.program, after);
    MUST(vae_program_fuse(&s.program));
    /* All three lists may be one, as `after` reads the scaled x and `before` the one before. */
    const vae_op *op = &s.program.ops[0];
    cr_assert_eq(count_lists(&s.program), 1);
    cr_assert_eq(op->attributes.elementwise.instructions[2].operands[0].source, VAE_OPERAND_RESULT);
    cr_assert_eq(op->attributes.elementwise.instructions[0].operands[0].source, VAE_OPERAND_INPUT);
    vae_program_free(&s.program);
}

Test(fuse, what_others_read_is_still_written)
{
    small s;
    open_small(&s);
    vae_tensor rows;
    const vae_tensor y = applied(&s.program, VAE_FUNCTION_EXP, s.x, VAE_NO_TENSOR);
    const vae_tensor z = applied(&s.program, VAE_FUNCTION_SQUARE, y, VAE_NO_TENSOR);
    MUST(vae_program_sum_rows(&s.program, "reader", y, 3, &rows));
    vae_program_mark_external(&s.program, z);
    vae_program_mark_external(&s.program, rows);
    MUST(vae_program_fuse(&s.program));
    cr_assert_eq(count_lists(&s.program), 1);
    cr_assert_eq(s.program.ops[0].attributes.elementwise.output_count, 2);
    cr_assert_eq(s.program.ops[0].outputs[0], y);
    vae_program_free(&s.program);
}

Test(fuse, lists_that_are_too_long_stay_apart)
{
    small s;
    open_small(&s);
    vae_tensor y = s.x;
    for (int i = 0; i < 40; ++i)
        y = applied(&s.program, VAE_FUNCTION_TANH, y, VAE_NO_TENSOR);
    vae_program_mark_external(&s.program, y);
    MUST(vae_program_fuse(&s.program));
    cr_assert_eq(s.program.op_count, 3);
    for (int32_t i = 0; i < 3; ++i) {
        const vae_elementwise *list = &s.program.ops[i].attributes.elementwise;
        cr_assert_leq(list->count, VAE_LIST_INSTRUCTIONS);
        cr_assert_eq(list->slot_count, 1);
    }
    vae_program_free(&s.program);
}

Test(fuse, the_first_nan_is_named_by_the_tensor_that_was_fused_away)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    for (int i = 0; i < 2; ++i) {
        expect_first_nan(backends[i], VAE_FUNCTION_LOG, "log");
        expect_first_nan(backends[i], VAE_FUNCTION_SQRT, "sqrt");
        expect_first_nan(backends[i], VAE_FUNCTION_SIGMOID, "");
    }
}

/* ---- What `info --cost` tells of it ---- */

static vae_step_cost cost_of(const expression *e, bool fused, int32_t *launches)
{
    expression_program p;
    vae_lowering lowering;
    build_expression(e, fused, &p);
    MUST(vae_lowering_create(&p.program, (vae_lowering_options){0}, &lowering));
    const vae_step_cost cost = vae_lowering_cost(&lowering);
    *launches = lowering.count;
    vae_lowering_free(&lowering);
    free_expression(&p);
    return cost;
}

static void check_savings(const expression *e)
{
    int32_t before, after;
    const vae_step_cost plain = cost_of(e, false, &before), fused = cost_of(e, true, &after);
    cr_assert_eq(plain.saved_launches, 0, "%s", e->name);
    cr_assert_eq(fused.saved_launches, before - after, "%s: %d launches, not %d", e->name, fused.saved_launches,
                 before - after);
    const double read = plain.elementwise.bytes_read - fused.elementwise.bytes_read;
    const double written = plain.elementwise.bytes_written - fused.elementwise.bytes_written;
    cr_assert(fused.saved.bytes_read == read && fused.saved.bytes_written == written,
              "%s: %g bytes read and %g written, not %g and %g", e->name, fused.saved.bytes_read,
              fused.saved.bytes_written, read, written);
}

Test(fuse, savings_are_those_against_the_unfused_program)
{
    for_each_expression(check_savings);
}
