/* Long sums keep their accuracy on the simulated device, though floats are added up before doubles are. */
#include <simt/simt.h>

#include "backend/cuda/internal.h"
#include "model/design.h"
#include "ops.h"

/* ---- Rows of so many equal numbers that a float, to which one after the other is added, drifts away ---- */

enum { MANY = 1 << 19 };

static double row_of(const vae_backend *backend, const vae_likelihood_options *options, double prediction, double x)
{
    const int64_t width = vae_likelihood_width(options);
    double *predictions = calloc((size_t)(MANY * width), sizeof *predictions);
    double *data = calloc(MANY, sizeof *data), ll;
    for (int64_t i = 0; i < MANY * width; ++i)
        predictions[i] = prediction;
    for (int64_t i = 0; i < MANY; ++i)
        data[i] = x;
    one_op o = {0};
    vae_program_init(&o.program, "long", &o.layout);
    MUST(vae_program_input(&o.program, "prediction", vae_shape_matrix(1, MANY * width), &o.input));
    MUST(vae_program_input(&o.program, "x", vae_shape_matrix(1, MANY), &o.data));
    MUST(vae_program_likelihood(&o.program, "ll", o.input, o.data, options, false, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    run_one_op(backend, &o, predictions, data, &ll, NULL);
    vae_program_free(&o.program);
    free(predictions);
    free(data);
    return ll;
}

Test(cuda_sums, rows_of_likelihoods)
{
    static const vae_likelihood families[] = {VAE_LIKELIHOOD_BERNOULLI, VAE_LIKELIHOOD_MSE, VAE_LIKELIHOOD_LAPLACE};
    for (int i = 0; i < 3; ++i) {
        const vae_likelihood_options options = {families[i], .channels = 1, .scale = 1.0 / 255.0};
        const double expected = row_of(&vae_backend_reference, &options, 0.3, 0.7);
        const double found = row_of(&vae_backend_cuda, &options, 0.3, 0.7);
        cr_assert_leq(fabs(found - expected), 1e-6 * fabs(expected), "likelihood %d: %.9g, not %.9g", (int)families[i],
                      found, expected);
    }
}

/* ---- Norms of numbers whose deviations are small beside their mean ---- */

enum { ROWS = 1024, COLUMNS = 8, MEAN = 1000 };

/* Their mean and deviations are exact as floats. */
static double far_value(int64_t i)
{
    return MEAN + floor(64.0 * test_normal(3, (uint64_t)i)) / 64.0;
}

static double *normalise(const vae_backend *backend, bool by_channel)
{
    const vae_shape channels = vae_shape_vector(COLUMNS);
    op_program p = {0};
    op_run r = {.backend = backend};
    MUST(vae_layout_add_filled(&p.layout, "norm.scale", channels, 1.0));
    MUST(vae_layout_add_filled(&p.layout, "norm.shift", channels, 0.0));
    MUST(vae_layout_add_statistic(&p.layout, "norm.mean", channels, 0.0));
    MUST(vae_layout_add_statistic(&p.layout, "norm.variance", channels, 1.0));
    vae_program_init(&p.program, "norm", &p.layout);
    MUST(vae_program_input(&p.program, "x", vae_shape_matrix(ROWS, COLUMNS), &p.input));
    MUST((by_channel ? vae_program_batch_norm : vae_program_layer_norm)(&p.program, "norm", p.input,
                                                                        VAE_ACTIVATION_IDENTITY, true, &p.outputs[0]));
    vae_program_mark_external(&p.program, p.outputs[0]);
    MUST(vae_program_plan(&p.program));
    double x[ROWS * COLUMNS], *parameters = calloc((size_t)p.layout.elements, sizeof *parameters);
    vae_layout_initialise(&p.layout, 1, parameters);
    for (int64_t i = 0; i < ROWS * COLUMNS; ++i)
        x[i] = far_value(i);
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    MUST(backend->device_open(&options, &r.device));
    MUST(backend->store_create(r.device, &p.layout, true, &r.store));
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    MUST(backend->executable_create(r.device, &p.program, r.store, NULL, &r.executable));
    MUST(backend->tensor_write(r.executable, p.input, VAE_FLOAT64, x));
    MUST(backend->executable_run(r.executable, &op_step));
    double *y = read_values(&p, &r, p.outputs[0]);
    close_run(&r);
    free(parameters);
    free_case(&p);
    return y;
}

Test(cuda_sums, norms_far_from_zero)
{
    for (int by_channel = 0; by_channel < 2; ++by_channel) {
        double *expected = normalise(&vae_backend_reference, by_channel), error = 0.0;
        double *found = normalise(&vae_backend_cuda, by_channel);
        for (int64_t i = 0; i < ROWS * COLUMNS; ++i)
            error = fmax(error, fabs(found[i] - expected[i]));
        /* The mean as a float is half of 2^-14 from the mean at worst, of deviations that are 1. */
        cr_assert_leq(error, by_channel ? 4e-5 : 2e-4, "by channel %d: %g", by_channel, error);
        free(expected);
        free(found);
    }
}
