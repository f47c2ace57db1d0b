/* The gradients of whole models of sequences against differences of their losses: padded steps, rows that are not there
 * and lengths of all kinds leave no trace. */
#include "sequence_training.h"

enum { PUBLISHED_LENGTH = STEPS - 2 };

/* learning_rate is 0, so the run's adam changes nothing that is not written again. */
static double loss(const sequence_case *c, sequence_run *run)
{
    const vae_backend *b = &vae_backend_reference;
    const bool published = run->design.traits.fixed_steps > 0;
    const double steps = published ? PUBLISHED_LENGTH : 1.0;
    const double dimensions = published ? (double)run->design.traits.latent : 1.0;
    double sums[VAE_METRIC_COUNT];
    MUST(b->store_write(run->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, run->parameters));
    MUST(b->executable_run(run->executable, &run->step));
    MUST(b->metrics_take(run->executable, sums));
    cr_assert_eq(sums[VAE_METRIC_ROWS], (double)c->present, "%s: %g rows", c->name, sums[VAE_METRIC_ROWS]);
    if (run->held != VAE_NO_TENSOR) {
        double held[2] = {0};
        MUST(b->tensor_read(run->executable, run->held, VAE_FLOAT64, held));
        return sums[VAE_METRIC_RECONSTRUCTION] / steps / (double)c->present + run->step.beta * (held[0] + held[1]);
    }
    return (sums[VAE_METRIC_RECONSTRUCTION] / steps + run->step.beta * sums[VAE_METRIC_KL] / dimensions) /
           (double)c->present;
}

/* With draws the loss is another than without. */
static void expect_draws(const sequence_case *c, sequence_run *run)
{
    if (run->drawn == VAE_NO_TENSOR) return;
    run->step.sampling = 0.0;
    const double teacher_forced = loss(c, run);
    run->step.sampling = run->design.traits.sampling;
    cr_assert_neq(loss(c, run), teacher_forced, "%s: nothing is drawn", c->name);
    MUST(vae_backend_reference.tensor_read(run->executable, run->drawn, VAE_FLOAT64, run->drawn_ids));
}

/* Had a draw changed, the loss would have a step. */
static void expect_same_draws(const sequence_case *c, const sequence_run *run)
{
    double ids[ROWS * STEPS];
    if (run->drawn == VAE_NO_TENSOR) return;
    MUST(vae_backend_reference.tensor_read(run->executable, run->drawn, VAE_FLOAT64, ids));
    for (int64_t i = 0; i < run->program.tensors[run->drawn].elements; ++i)
        cr_assert_eq(ids[i], run->drawn_ids[i], "%s: draw %lld changes", c->name, (long long)i);
}

static double difference(const sequence_case *c, sequence_run *run, int64_t index)
{
    const double h = 1e-3, kept = run->parameters[index];
    const double moved[] = {h, -h, h / 2, -h / 2};
    double at[4];
    for (int i = 0; i < 4; ++i) {
        run->parameters[index] = kept + moved[i];
        at[i] = loss(c, run);
        expect_same_draws(c, run);
    }
    run->parameters[index] = kept;
    return (4 * (at[2] - at[3]) / h - (at[0] - at[1]) / (2 * h)) / 3;
}

static void check(const sequence_case *c)
{
    sequence_run run;
    sequence_open(&vae_backend_reference, c, VAE_PART_ALL, &run);
    expect_draws(c, &run);
    loss(c, &run);
    const vae_layout *layout = &run.design.layout;
    double *gradients = calloc((size_t)layout->elements, sizeof *gradients), scale = 0.0;
    MUST(vae_backend_reference.store_read(run.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradients));
    for (int64_t i = 0; i < layout->elements; ++i)
        scale = fmax(scale, fabs(gradients[i]));
    cr_assert_gt(scale, 0.0, "%s: every gradient is zero", c->name);
    for (int32_t t = 0; t < layout->count; ++t) {
        double largest = 0.0;
        for (int64_t k = 0; k < vae_shape_elements(&layout->parameters[t].shape); ++k) {
            const int64_t index = layout->parameters[t].offset + k;
            const double expected = difference(c, &run, index);
            const double error = fabs(gradients[index] - expected) / (fabs(expected) + 1e-3 * scale);
            largest = fmax(largest, fabs(expected));
            cr_assert_leq(error, 1e-6, "%s: %s[%lld]: gradient %.12g, differences %.12g", c->name,
                          layout->parameters[t].name, (long long)k, gradients[index], expected);
        }
        cr_assert_gt(largest, 0.0, "%s: the loss does not depend on %s", c->name, layout->parameters[t].name);
    }
    free(gradients);
    sequence_close(&run);
}

Test(gradient_sequences, every_family)
{
    for (size_t i = 0; i < sizeof sequence_cases / sizeof *sequence_cases; ++i)
        check(&sequence_cases[i]);
}

/* Of the three recurrent ops, encoder and two passes of the decoder, the first pass has no backward op. */
Test(gradient_sequences, scheduled_sampling_trains_one_pass)
{
    const sequence_case c = {.name = "sampling",
                             .set = {"model.family=text_vae", "model.scheduled_sampling=0.5"},
                             .kind = VAE_KIND_TEXT,
                             .present = ROWS};
    sequence_run run;
    int forward = 0, backward = 0;
    sequence_open(&vae_backend_reference, &c, VAE_PART_ALL, &run);
    for (int32_t i = 0; i < run.program.op_count; ++i) {
        forward += run.program.ops[i].kind == VAE_OP_LSTM;
        backward += run.program.ops[i].kind == VAE_OP_LSTM_BACKWARD;
    }
    cr_assert_eq(forward, 3);
    cr_assert_eq(backward, 2);
    sequence_close(&run);
}
