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

static double difference(const sequence_case *c, sequence_run *run, int64_t index)
{
    const double h = 1e-3, kept = run->parameters[index];
    const double moved[] = {h, -h, h / 2, -h / 2};
    double at[4];
    for (int i = 0; i < 4; ++i) {
        run->parameters[index] = kept + moved[i];
        at[i] = loss(c, run);
    }
    run->parameters[index] = kept;
    return (4 * (at[2] - at[3]) / h - (at[0] - at[1]) / (2 * h)) / 3;
}

static void check(const sequence_case *c)
{
    sequence_run run;
    sequence_open(&vae_backend_reference, c, VAE_PART_ALL, &run);
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
