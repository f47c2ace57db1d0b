/* Training of a model's encoder alone, and of its decoder alone: on a backend the gradients of each part are those that
 * the reference has when both are trained at once, and nothing of the other part is touched. */
#include "ops.h"
#include "sequence_training.h"

static const double tolerance = 2e-5; /* of the largest gradient */

static double *arena_of(const sequence_run *run, vae_arena arena)
{
    double *values = calloc((size_t)run->design.layout.elements, sizeof *values);
    MUST(run->device->backend->store_read(run->store, arena, VAE_FLOAT64, values));
    return values;
}

/* A step from the initial parameters. */
static void train(sequence_run *run)
{
    const vae_backend *b = run->device->backend;
    double sums[VAE_METRIC_COUNT];
    run->step.learning_rate = 0.01;
    MUST(b->store_write(run->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, run->parameters));
    MUST(b->executable_run(run->executable, &run->step));
    MUST(b->metrics_take(run->executable, sums));
    cr_assert(vae_metrics_finite(sums));
}

static bool is_of(const vae_layout *layout, vae_part part, int64_t element)
{
    return part == VAE_PART_ALL || (part == VAE_PART_ENCODER) == (element < layout->encoder_elements);
}

/* `expected` are the gradients of all parameters. */
static void check_gradients(const sequence_case *c, const sequence_run *run, vae_part part, const double *expected)
{
    const vae_layout *layout = &run->design.layout;
    double *gradients = arena_of(run, VAE_ARENA_GRADIENTS), scale = 0.0;
    for (int64_t i = 0; i < layout->elements; ++i)
        scale = fmax(scale, fabs(expected[i]));
    for (int32_t p = 0; p < layout->count; ++p) {
        for (int64_t k = 0; k < vae_shape_elements(&layout->parameters[p].shape); ++k) {
            const int64_t at = layout->parameters[p].offset + k;
            const double wanted = is_of(layout, part, at) ? expected[at] : 0.0;
            cr_assert_leq(fabs(gradients[at] - wanted), wanted == 0.0 ? 0.0 : tolerance * scale,
                          "%s, part %d: the gradient of %s[%lld] is %g, not %g", c->name, (int)part,
                          layout->parameters[p].name, (long long)k, gradients[at], wanted);
        }
    }
    free(gradients);
}

/* Bit for bit: parameters as they were, moments 0; of each parameter of the part something has moved. */
static void check_arena(const sequence_case *c, const sequence_run *run, vae_part part, vae_arena arena,
                        const double *before)
{
    const vae_layout *layout = &run->design.layout;
    double *after = arena_of(run, arena);
    for (int32_t p = 0; p < layout->count; ++p) {
        const vae_parameter *parameter = &layout->parameters[p];
        const size_t bytes = (size_t)vae_shape_elements(&parameter->shape) * sizeof *after;
        const bool same = memcmp(after + parameter->offset, before + parameter->offset, bytes) == 0;
        cr_assert_eq(same, !is_of(layout, part, parameter->offset), "%s, part %d: %s, arena %d", c->name, (int)part,
                     parameter->name, (int)arena);
    }
    free(after);
}

/* What the store holds of the initial parameters, in its own precision. */
static double *rounded_parameters(sequence_run *run)
{
    MUST(run->device->backend->store_write(run->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, run->parameters));
    return arena_of(run, VAE_ARENA_PARAMETERS);
}

static void check_part(const sequence_case *c, vae_part part, const double *expected)
{
    sequence_run run;
    sequence_open(&VAE_TEST_BACKEND, c, part, &run);
    double *zeros = calloc((size_t)run.design.layout.elements, sizeof *zeros);
    double *parameters = rounded_parameters(&run);
    train(&run);
    check_gradients(c, &run, part, expected);
    check_arena(c, &run, part, VAE_ARENA_PARAMETERS, parameters);
    check_arena(c, &run, part, VAE_ARENA_FIRST_MOMENT, zeros);
    check_arena(c, &run, part, VAE_ARENA_SECOND_MOMENT, zeros);
    sequence_close(&run);
    free(parameters);
    free(zeros);
}

/* By name. */
static void check_layout(const sequence_case *c, const vae_layout *layout)
{
    for (int32_t p = 0; p < layout->count; ++p) {
        const char *name = layout->parameters[p].name;
        const bool encoder = strncmp(name, "encoder.", 8) == 0 || strncmp(name, "posterior.", 10) == 0;
        cr_assert_eq(encoder, layout->parameters[p].offset < layout->encoder_elements, "%s: %s", c->name, name);
    }
}

Test(parts, each_is_trained_by_its_own_gradients_alone)
{
    for (size_t i = 0; i < sizeof sequence_cases / sizeof *sequence_cases; ++i) {
        const sequence_case *c = &sequence_cases[i];
        sequence_run whole;
        sequence_open(&vae_backend_reference, c, VAE_PART_ALL, &whole);
        check_layout(c, &whole.design.layout);
        train(&whole);
        double *expected = arena_of(&whole, VAE_ARENA_GRADIENTS);
        for (int part = VAE_PART_ALL; part <= VAE_PART_DECODER && whole.design.traits.has_posterior; ++part)
            check_part(c, (vae_part)part, expected);
        sequence_close(&whole);
        free(expected);
    }
}

static void expect_refusal(const vae_config *config, const vae_input *input, vae_build build)
{
    vae_design design;
    vae_program program;
    MUST(vae_design_create(config, input, &design));
    for (int part = VAE_PART_ENCODER; part <= VAE_PART_DECODER; ++part) {
        build.part = (vae_part)part;
        cr_expect_eq(vae_design_build(&design, build, &program), VAE_ERROR_ARGUMENT);
        cr_expect(strstr(vae_error_message(), "cannot be trained apart"), "%s", vae_error_message());
    }
    vae_design_free(&design);
}

Test(parts, models_whose_encoder_has_no_place_of_its_own_are_refused)
{
    const vae_input image = {.height = 4, .width = 4, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    const vae_input drawing = {.height = 1,
                               .width = 1,
                               .channels = STROKE,
                               .scale = 1,
                               .dtype = VAE_FLOAT32,
                               .kind = VAE_KIND_DRAWING,
                               .longest = STEPS};
    vae_config config;
    vae_config_defaults(&config);
    expect_refusal(&config, &image, (vae_build){.role = VAE_ROLE_TRAIN, .rows = 2});
    MUST(vae_config_set(&config, "model.family=sketch_rnn"));
    MUST(vae_config_set(&config, "model.decoder_only=yes"));
    expect_refusal(&config, &drawing, (vae_build){.role = VAE_ROLE_TRAIN, .rows = 2, .steps = STEPS, .count = 4});
}
