/* The memory plan: tensors that live together never share memory, no memory is wasted, and unrolled programs of tens of
 * thousands of ops are built, differentiated and planned at once. */
#include <time.h>

#include "ops.h"

static bool live_together(const vae_tensor_info *a, const vae_tensor_info *b)
{
    return a->first_op <= b->last_op && b->first_op <= a->last_op;
}

static bool is_planned(const vae_tensor_info *info)
{
    return info->kind == VAE_TENSOR_ACTIVATION && info->first_op >= 0;
}

static int64_t end_of(const vae_tensor_info *info)
{
    return info->offset +
           (info->elements + VAE_ALIGNMENT_ELEMENTS - 1) / VAE_ALIGNMENT_ELEMENTS * VAE_ALIGNMENT_ELEMENTS;
}

/* No plan can be smaller than what lives at one time. */
static int64_t most_alive(const vae_program *program)
{
    int64_t most = 0;
    for (int32_t op = 0; op <= program->op_count; ++op) {
        int64_t alive = 0;
        for (vae_tensor i = 0; i < program->tensor_count; ++i) {
            const vae_tensor_info *info = &program->tensors[i];
            if (is_planned(info) && info->first_op <= op && op <= info->last_op) alive += end_of(info) - info->offset;
        }
        most = alive > most ? alive : most;
    }
    return most;
}

static void expect_sound(const vae_program *program)
{
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        const vae_tensor_info *a = &program->tensors[i];
        if (!is_planned(a)) continue;
        cr_assert_eq(a->offset % VAE_ALIGNMENT_ELEMENTS, 0, "%s: '%s'", program->name, a->name);
        cr_assert_leq(end_of(a), program->activation_elements, "%s: '%s'", program->name, a->name);
        for (vae_tensor k = 0; k < i; ++k) {
            const vae_tensor_info *b = &program->tensors[k];
            if (!is_planned(b) || !live_together(a, b)) continue;
            cr_assert(end_of(a) <= b->offset || end_of(b) <= a->offset, "%s: '%s' and '%s' overlap", program->name,
                      a->name, b->name);
        }
    }
}

Test(plan, every_case_is_sound)
{
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        op_program p;
        build_case(&op_cases[i], &p);
        expect_sound(&p.program);
        free_case(&p);
    }
}

/* ---- Unrolled programs ---- */

typedef struct unrolled {
    vae_layout layout;
    vae_program program;
} unrolled;

/* `steps` times two layers with residuals, norms and activations between: ten ops a step, which share their
 * parameters. */
static void build_unrolled(unrolled *u, int steps)
{
    enum { ROWS = 4, WIDTH = 8 };
    *u = (unrolled){0};
    vae_tensor y, inner, target, ll;
    MUST(vae_layout_add(&u->layout, "a.weight", vae_shape_matrix(WIDTH, WIDTH), WIDTH, NULL));
    MUST(vae_layout_add(&u->layout, "a.bias", vae_shape_vector(WIDTH), WIDTH, NULL));
    MUST(vae_layout_add(&u->layout, "b.weight", vae_shape_matrix(WIDTH, WIDTH), WIDTH, NULL));
    MUST(vae_layout_add(&u->layout, "b.bias", vae_shape_vector(WIDTH), WIDTH, NULL));
    MUST(vae_layout_add_filled(&u->layout, "n.scale", vae_shape_vector(WIDTH), 1.0));
    MUST(vae_layout_add_filled(&u->layout, "n.shift", vae_shape_vector(WIDTH), 0.0));
    vae_program *program = &u->program;
    vae_program_init(program, "unrolled", &u->layout);
    MUST(vae_program_input(program, "x", vae_shape_matrix(ROWS, WIDTH), &y));
    for (int i = 0; i < steps; ++i) {
        MUST(vae_program_dense(program, "a", y, VAE_ACTIVATION_IDENTITY, true, &inner));
        MUST(vae_program_layer_norm(program, "n", inner, VAE_ACTIVATION_IDENTITY, true, &inner));
        MUST(vae_program_activate(program, "tanh", inner, VAE_ACTIVATION_TANH, &inner));
        MUST(vae_program_activate(program, "softplus", inner, VAE_ACTIVATION_SOFTPLUS, &inner));
        MUST(vae_program_dense(program, "b", inner, VAE_ACTIVATION_SILU, true, &inner));
        MUST(vae_program_add(program, "residual", inner, y, &y));
        MUST(vae_program_layer_norm(program, "n", y, VAE_ACTIVATION_IDENTITY, true, &inner));
        MUST(vae_program_activate(program, "gelu", inner, VAE_ACTIVATION_GELU, &inner));
        MUST(vae_program_activate(program, "sigmoid", inner, VAE_ACTIVATION_SIGMOID, &inner));
        MUST(vae_program_add(program, "again", inner, y, &y));
    }
    MUST(vae_program_input(program, "target", vae_shape_matrix(ROWS, WIDTH), &target));
    MUST(vae_program_likelihood(program, "ll", y, target, &unit_gaussian, true, &ll));
    MUST(vae_program_differentiate(program, &(vae_loss_term){ll, row_weight}, 1));
    MUST(vae_program_plan(program));
}

static void free_unrolled(unrolled *u)
{
    vae_program_free(&u->program);
    vae_layout_free(&u->layout);
}

Test(plan, an_unrolled_program_takes_what_lives_at_a_time)
{
    unrolled u;
    build_unrolled(&u, 20);
    expect_sound(&u.program);
    cr_assert_leq((double)u.program.activation_elements, 1.01 * (double)most_alive(&u.program));
    free_unrolled(&u);
}

#ifdef __SANITIZE_ADDRESS__
enum { STEPS = 200 };
#else
enum { STEPS = 1000 };
#endif

Test(plan, a_thousand_unrolled_steps_are_planned_within_a_second)
{
    unrolled u;
    const clock_t start = clock();
    build_unrolled(&u, STEPS);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    cr_assert_gt(u.program.op_count, 20 * STEPS);
    cr_assert_leq(seconds, 1.0, "%.2f s for %d ops and %d tensors", seconds, (int)u.program.op_count,
                  (int)u.program.tensor_count);
    free_unrolled(&u);
}
