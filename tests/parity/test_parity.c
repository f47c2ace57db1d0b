/* A backend against reference, over the one case table: forward outputs and every parameter gradient. */
#include "compare.h"
#include "fusion.h"
#include "training.h"

static const double bf16_tolerance = 3e-2;

static void compare_case(const op_case *c, int threads)
{
    op_program p;
    op_run reference, tested;
    build_case(c, &p);
    open_run(&vae_backend_reference, 1, &p, &reference);
    open_run(&VAE_TEST_BACKEND, threads, &p, &tested);
    fusion_of(&p.program, tested.executable);
    compare_runs(&p, &reference, &tested, fp32_tolerance);
    close_run(&tested);
    close_run(&reference);
    free_case(&p);
}

Test(parity, every_case_forward_and_backward)
{
    /* A GPU takes no notice of the number of threads. */
    const int most = strcmp(VAE_TEST_BACKEND.name, "cuda") == 0 ? 1 : 2;
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        for (int threads = 1; threads <= most && is_wanted(&op_cases[i]); ++threads)
            compare_case(&op_cases[i], threads);
    }
}

/* Too large for central differences: more than 2^16 elements, rows that are multiples of 4 and such that are not. */
Test(parity, large_cases)
{
    static const op_case cases[] = {
        OP_CASE("dense, 33 x 2051", FAMILY_DENSE, 33, 67, 2051, 1, VAE_ACTIVATION_RELU, 1, 1, false),
        OP_CASE("dense tanh, 129 x 512", FAMILY_DENSE, 129, 64, 512, 1, VAE_ACTIVATION_TANH, 1, 1, false),
        OP_CASE("dense silu, 1031 x 67", FAMILY_DENSE, 1031, 31, 67, 1, VAE_ACTIVATION_SILU, 1, 1, false),
        OP_CASE("posterior, 1031 x 67", FAMILY_POSTERIOR, 1031, 0, 67, 1, 0, 1, 1, false),
        OP_CASE("posterior, 257 x 64 x 5", FAMILY_POSTERIOR, 257, 0, 64, 5, 0, 1, 1, false),
        OP_CASE("bernoulli, 129 x 523", FAMILY_BERNOULLI, 129, 0, 523, 1, 0, 1, 2, false),
        OP_CASE("bernoulli, 17 x 4100", FAMILY_BERNOULLI, 17, 0, 4100, 1, 0, 1, 2, false),
        OP_CASE("gaussian, 33 x 2051", FAMILY_GAUSSIAN, 33, 0, 2051, 1, 0, 0.3, 1, false),
        OP_CASE("batch norm, 37 x 14 x 15 x 32", FAMILY_BATCH_NORM, 37, 14, 32, 1, VAE_ACTIVATION_RELU, 1, 1, false),
        OP_CASE("batch norm, 131 x 18 x 19 x 3", FAMILY_BATCH_NORM, 131, 18, 3, 1, VAE_ACTIVATION_SILU, 1, 1, false),
        OP_CASE("batch norm, 131 x 516", FAMILY_BATCH_NORM, 131, 0, 516, 1, VAE_ACTIVATION_GELU, 1, 1, false),
        OP_CASE("batch norm, 1031 x 67", FAMILY_BATCH_NORM, 1031, 0, 67, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
        OP_CASE("running batch norm, 37 x 14 x 15 x 32", FAMILY_BATCH_NORM_RUNNING, 37, 14, 32, 1, 0, 1, 1, false),
        OP_CASE("layer norm, 37 x 14 x 15 x 32", FAMILY_LAYER_NORM, 37, 14, 32, 1, VAE_ACTIVATION_RELU, 1, 1, false),
        OP_CASE("layer norm, 131 x 18 x 19 x 3", FAMILY_LAYER_NORM, 131, 18, 3, 1, VAE_ACTIVATION_TANH, 1, 1, false),
        OP_CASE("layer norm, 131 x 516", FAMILY_LAYER_NORM, 131, 0, 516, 1, VAE_ACTIVATION_SILU, 1, 1, false),
        OP_CASE("dropout, 1031 x 67", FAMILY_DROPOUT, 1031, 0, 67, 1, 0, 1, 1, false),
        OP_CASE("upsample, 37 x 14 x 15 x 12", FAMILY_UPSAMPLE, 37, 14, 12, 2, 0, 1, 1, false),
        OP_CASE("residual, 37 x 14 x 15 x 12", FAMILY_RESIDUAL, 37, 14, 12, 1, VAE_ACTIVATION_GELU, 1, 1, false),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        if (is_wanted(&cases[i])) compare_case(&cases[i], 2);
    }
}

/* ---- Extremes: programs of one op on given numbers ---- */

Test(parity, logits_of_ten_thousand)
{
    /* log p is 0 where the logit is right for a binary pixel, -1e4 where it is wrong. */
    const double logits[] = {1e4, -1e4, 1e4, -1e4, 0, 90, -90, 1e-6};
    const double x[] = {1, 0, 0, 1, 0.5, 1, 0, 0.25};
    const double expected[] = {0, 0, -1e4, -1e4, -M_LN2, 0, 0, -M_LN2};
    for (int i = 0; i < 8; ++i) {
        one_op o = {0};
        vae_program_init(&o.program, "extreme", &o.layout);
        MUST(vae_program_input(&o.program, "logits", vae_shape_matrix(1, 1), &o.input));
        MUST(vae_program_input(&o.program, "x", vae_shape_matrix(1, 1), &o.data));
        const vae_likelihood_options bernoulli = {VAE_LIKELIHOOD_BERNOULLI, .channels = 1};
        MUST(vae_program_likelihood(&o.program, "ll", o.input, o.data, &bernoulli, false, &o.output));
        vae_program_mark_external(&o.program, o.output);
        MUST(vae_program_plan(&o.program));
        double found[2];
        run_one_op(&vae_backend_reference, &o, &logits[i], &x[i], &found[0], NULL);
        run_one_op(&VAE_TEST_BACKEND, &o, &logits[i], &x[i], &found[1], NULL);
        for (int b = 0; b < 2; ++b) {
            cr_assert(fabs(found[b] - expected[i]) <= 1e-6 * (1 + fabs(expected[i])), "logit %g, x %g: %g, not %g",
                      logits[i], x[i], found[b], expected[i]);
        }
        vae_program_free(&o.program);
    }
}

Test(parity, log_variance_of_fifty)
{
    const double log_variances[] = {50, -50, 80, -80, 0};
    for (int i = 0; i < 5; ++i) {
        one_op o = {0};
        vae_posterior_outputs outputs;
        const vae_posterior_options options = {
            .samples = 1, .stream = VAE_STREAM_POSTERIOR, .sampled = true, .with_kl = true};
        vae_program_init(&o.program, "extreme", &o.layout);
        MUST(vae_program_input(&o.program, "posterior", vae_shape_matrix(1, 2), &o.input));
        MUST(vae_program_gaussian_sample_kl(&o.program, "sample", o.input, options, &outputs));
        o.output = outputs.z;
        o.output2 = outputs.kl;
        vae_program_mark_external(&o.program, outputs.z);
        vae_program_mark_external(&o.program, outputs.kl);
        MUST(vae_program_plan(&o.program));
        const double posterior[] = {0.5, log_variances[i]};
        const double kl = 0.5 * (0.25 + exp(log_variances[i]) - log_variances[i] - 1);
        double z[2], found[2];
        run_one_op(&vae_backend_reference, &o, posterior, NULL, &z[0], &found[0]);
        run_one_op(&VAE_TEST_BACKEND, &o, posterior, NULL, &z[1], &found[1]);
        for (int b = 0; b < 2; ++b)
            cr_assert(fabs(found[b] - kl) <= 1e-5 * kl, "kl %g, not %g", found[b], kl);
        cr_assert(fabs(z[0] - z[1]) <= 1e-5 * fabs(z[0]), "z %g, not %g", z[1], z[0]);
        vae_program_free(&o.program);
    }
}

Test(parity, every_activation_over_its_range)
{
    enum { COUNT = 4001 };
    static double x[COUNT], expected[COUNT], found[COUNT];
    for (int i = 0; i < COUNT; ++i)
        x[i] = (double)(float)((i - COUNT / 2) * 0.01);
    for (int a = 0; a < VAE_ACTIVATION_COUNT; ++a) {
        one_op o = {0};
        vae_program_init(&o.program, vae_activation_name((vae_activation)a), &o.layout);
        MUST(vae_program_input(&o.program, "x", vae_shape_matrix(1, COUNT), &o.input));
        MUST(vae_program_activate(&o.program, "y", o.input, (vae_activation)a, &o.output));
        vae_program_mark_external(&o.program, o.output);
        MUST(vae_program_plan(&o.program));
        run_one_op(&vae_backend_reference, &o, x, NULL, expected, NULL);
        run_one_op(&VAE_TEST_BACKEND, &o, x, NULL, found, NULL);
        for (int i = 0; i < COUNT; ++i) {
            /* Absolute below 1, relative above; gelu's tail polynomial is good to 1e-7 of x. */
            const double allowed = 4e-7 * fmax(1.0, fabs(expected[i]));
            cr_assert_leq(fabs(expected[i] - found[i]), allowed, "%s(%g): %.9g, not %.9g", o.program.name, x[i],
                          found[i], expected[i]);
        }
        vae_program_free(&o.program);
    }
}

/* ---- Whole models ---- */

enum { STEPS = 200 };

typedef struct history {
    double losses[STEPS];
    double *parameters;
    int64_t elements;
} history;

static void train(const vae_backend *backend, vae_device_options options, vae_activation activation, history *h)
{
    vae_config config = small_config();
    config.model.activation = activation;
    config.data.binarise = VAE_BINARISE_DYNAMIC;
    /* Some steps are clipped, some are not: a factor that never changes is one that Adam does not see. */
    config.train.clip_value = 0.5;
    config.train.clip_norm = 3;
    config.train.weight_decay = 0.01;
    training t;
    open_training(backend, &options, &config, &t);
    for (int s = 0; s < STEPS; ++s)
        h->losses[s] = run_step(&t, s);
    h->parameters = read_parameters(&t);
    h->elements = t.design.layout.elements;
    close_training(&t);
}

static void compare_training(vae_device_options options, vae_activation activation, double allowed)
{
    history expected, found;
    train(&vae_backend_reference, (vae_device_options){.threads = 1}, activation, &expected);
    train(&VAE_TEST_BACKEND, options, activation, &found);
    for (int s = 0; s < STEPS; ++s) {
        cr_assert_leq(fabs(expected.losses[s] - found.losses[s]), allowed * fabs(expected.losses[s]),
                      "step %d: loss %.9g, reference %.9g", s, found.losses[s], expected.losses[s]);
    }
    cr_assert_lt(expected.losses[STEPS - 1], 0.95 * expected.losses[0], "the model did not learn");
    free(expected.parameters);
    free(found.parameters);
}

Test(parity, two_hundred_steps_of_a_model)
{
    compare_training((vae_device_options){.threads = 2, .precision = VAE_PRECISION_FP32}, VAE_ACTIVATION_RELU, 1e-4);
    compare_training((vae_device_options){.threads = 2, .precision = VAE_PRECISION_FP32}, VAE_ACTIVATION_GELU, 1e-4);
}

Test(parity, thread_count_changes_no_bit)
{
    history one, two;
    train(&VAE_TEST_BACKEND, (vae_device_options){.threads = 1, .precision = VAE_PRECISION_FP32}, VAE_ACTIVATION_SILU,
          &one);
    train(&VAE_TEST_BACKEND, (vae_device_options){.threads = 2, .precision = VAE_PRECISION_FP32}, VAE_ACTIVATION_SILU,
          &two);
    cr_assert_arr_eq(one.losses, two.losses, sizeof one.losses);
    cr_assert_arr_eq(one.parameters, two.parameters, (size_t)one.elements * sizeof *one.parameters);
    free(one.parameters);
    free(two.parameters);
}

Test(parity, bf16_is_close_or_refused)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_BF16};
    vae_device *device;
    const vae_status status = VAE_TEST_BACKEND.device_open(&options, &device);
    if (status == VAE_OK) {
        VAE_TEST_BACKEND.device_close(device);
        compare_training(options, VAE_ACTIVATION_RELU, bf16_tolerance);
    } else {
        printf("this processor has no bf16: its refusal is tested instead\n");
        cr_assert_eq(status, VAE_ERROR_DEVICE);
        cr_assert_not_null(strstr(vae_error_message(), "AVX512-BF16 or AMX"));
    }
    cr_assert_eq(vae_backend_reference.device_open(&options, &device), VAE_ERROR_DEVICE);
}
