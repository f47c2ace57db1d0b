/* log P(X) on a linear-Gaussian model, where it is known: x = W z + b + sqrt(variance) noise, z ~ N(0, I), so
 * x ~ N(b, W Wᵀ + variance I). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "model/evaluate.h"
#include "model/family_vae.h"

#define MUST(call) cr_assert_eq((call), VAE_OK, "%s: %s", #call, vae_error_message())

enum { ELEMENTS = 4, LATENT = 2, IMAGES = 12 };

typedef struct linear_model {
    vae_design design;
    vae_device *device;
    vae_store *store;
    const vae_backend *backend;
    double *parameters;
    uint8_t pixels[IMAGES * ELEMENTS];
} linear_model;

static double *find(linear_model *m, const char *name)
{
    return m->parameters + m->design.layout.parameters[vae_layout_find(&m->design.layout, name)].offset;
}

/* The encoder is a rough posterior, not the exact one: with that every weight would be the same, and K could not
 * matter. */
static void open_model(const vae_backend *backend, linear_model *m)
{
    memset(m, 0, sizeof *m);
    vae_config_defaults(&m->design.config);
    m->design.config.model.encoder.count = 0;
    m->design.config.model.latent.size[0] = LATENT;
    m->design.config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    m->design.config.model.variance = 0.05;
    m->design.input = (vae_input){.height = 2, .width = 2, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    m->backend = backend;
    MUST(vae_design_resolve(&m->design));
    m->parameters = calloc((size_t)m->design.layout.elements, sizeof *m->parameters);
    const double decoder[LATENT * ELEMENTS] = {0.4, -0.2, 0.1, 0.3, -0.1, 0.5, 0.2, -0.3};
    const double bias[ELEMENTS] = {0.5, 0.4, 0.6, 0.5};
    memcpy(find(m, "output.weight"), decoder, sizeof decoder);
    memcpy(find(m, "output.bias"), bias, sizeof bias);
    double *encoder = find(m, "posterior.weight"), *offset = find(m, "posterior.bias");
    for (int e = 0; e < ELEMENTS; ++e) {
        for (int l = 0; l < LATENT; ++l)
            encoder[e * 2 * LATENT + l] = 2.0 * decoder[l * ELEMENTS + e];
    }
    for (int l = 0; l < LATENT; ++l) {
        for (int e = 0; e < ELEMENTS; ++e)
            offset[l] -= 2.0 * decoder[l * ELEMENTS + e] * bias[e];
        offset[LATENT + l] = -1.0;
    }
    for (int i = 0; i < IMAGES * ELEMENTS; ++i)
        m->pixels[i] = (uint8_t)(40 + i * 53 % 180);
    const vae_device_options options = {.threads = 2};
    MUST(backend->device_open(&options, &m->device));
    MUST(backend->store_create(m->device, &m->design.layout, false, &m->store));
    MUST(backend->store_write(m->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, m->parameters));
}

static void close_model(linear_model *m)
{
    m->backend->store_destroy(m->store);
    m->backend->device_close(m->device);
    vae_design_free(&m->design);
    free(m->parameters);
}

/* log N(x; b, W Wᵀ + variance I) by Gaussian elimination of the 4 × 4 covariance. */
static double exact(linear_model *m, const uint8_t *pixels)
{
    const double *decoder = find(m, "output.weight"), *bias = find(m, "output.bias");
    double a[ELEMENTS][ELEMENTS + 1], log_determinant = 0.0, quadratic = 0.0, error[ELEMENTS];
    for (int i = 0; i < ELEMENTS; ++i) {
        error[i] = pixels[i] / 255.0 - bias[i];
        for (int j = 0; j < ELEMENTS; ++j) {
            a[i][j] = i == j ? m->design.config.model.variance : 0.0;
            for (int l = 0; l < LATENT; ++l)
                a[i][j] += decoder[l * ELEMENTS + i] * decoder[l * ELEMENTS + j];
        }
        a[i][ELEMENTS] = error[i];
    }
    for (int p = 0; p < ELEMENTS; ++p) {
        log_determinant += log(a[p][p]);
        for (int i = 0; i < ELEMENTS; ++i) {
            const double factor = i == p ? 0.0 : a[i][p] / a[p][p];
            for (int j = p; j <= ELEMENTS; ++j)
                a[i][j] -= factor * a[p][j];
        }
    }
    for (int i = 0; i < ELEMENTS; ++i)
        quadratic += error[i] * a[i][ELEMENTS] / a[i][i];
    return -0.5 * (ELEMENTS * log(2 * M_PI) + log_determinant + quadratic);
}

static double estimate(linear_model *m, int64_t samples, uint64_t seed, int64_t batch, double *per_image)
{
    const vae_evaluation_setup setup = {
        .model = {&m->design, m->device, m->store},
        .images = {m->pixels, VAE_UINT8, IMAGES, ELEMENTS},
        .batch_size = batch,
        .samples = samples,
        .seed = seed,
    };
    vae_evaluation result;
    MUST(vae_evaluate(&setup, per_image, &result));
    cr_assert_eq(result.count, IMAGES);
    return result.log_likelihood;
}

/* Eight seeds give the spread of the estimate, whose mean must lie within four of its standard errors of the truth. */
static void check_against_exact(const vae_backend *backend, int64_t samples)
{
    linear_model m;
    open_model(backend, &m);
    for (int image = 0; image < IMAGES; ++image) {
        double sum = 0.0, squares = 0.0, per_image[IMAGES];
        for (uint64_t seed = 1; seed <= 8; ++seed) {
            estimate(&m, samples, seed, 5, per_image);
            sum += per_image[image];
            squares += per_image[image] * per_image[image];
        }
        const double mean = sum / 8, error = sqrt(fmax(squares / 8 - mean * mean, 0) / 7);
        const double truth = exact(&m, m.pixels + image * ELEMENTS);
        cr_assert_lt(error, 0.05, "image %d: the estimate spreads by %g", image, error);
        cr_assert_leq(fabs(mean - truth), 4 * error + 1e-4, "image %d: %g ± %g, but log P(x) is %g", image, mean, error,
                      truth);
    }
    close_model(&m);
}

Test(importance, agrees_with_the_closed_form)
{
    check_against_exact(&vae_backend_reference, 2000);
    /* Not a multiple of a run's samples, so the last short run counts too. */
    check_against_exact(&vae_backend_cpu, 5001);
}

Test(importance, more_samples_give_a_higher_bound)
{
    linear_model m;
    open_model(&vae_backend_cpu, &m);
    double bound[3] = {0};
    const int64_t samples[] = {1, 3, 2000};
    for (uint64_t seed = 1; seed <= 100; ++seed) {
        for (int i = 0; i < 3; ++i)
            bound[i] += estimate(&m, samples[i], seed, IMAGES, NULL) / 100;
    }
    cr_assert(bound[0] < bound[1] && bound[1] < bound[2], "%g, %g, %g", bound[0], bound[1], bound[2]);
    close_model(&m);
}

Test(importance, same_seed_same_result_whatever_the_batch)
{
    linear_model m;
    open_model(&vae_backend_cpu, &m);
    double a[IMAGES], b[IMAGES];
    estimate(&m, 700, 3, IMAGES, a);
    estimate(&m, 700, 3, 5, b);
    for (int i = 0; i < IMAGES; ++i)
        cr_assert_float_eq(a[i], b[i], 1e-4 * fabs(a[i]));
    estimate(&m, 700, 3, IMAGES, b);
    cr_assert_arr_eq(a, b, sizeof a);
    /* Few samples: several images share a run, and their noise must not depend on where a batch ends. */
    estimate(&m, 50, 3, IMAGES, a);
    estimate(&m, 50, 3, 4, b);
    for (int i = 0; i < IMAGES; ++i)
        cr_assert_float_eq(a[i], b[i], 1e-4 * fabs(a[i]), "image %d: %g, then %g", i, a[i], b[i]);
    estimate(&m, 50, 4, 4, b);
    cr_assert_neq(a[0], b[0], "another seed gives the same");
    close_model(&m);
}

/* Runs of 512 samples: noise used twice would give the same estimate again, which averages to the truth all the same.
 */
Test(importance, noise_is_never_used_twice)
{
    linear_model m;
    open_model(&vae_backend_cpu, &m);
    memcpy(m.pixels + ELEMENTS, m.pixels, ELEMENTS);
    double one_run[IMAGES], two_runs[IMAGES], few[IMAGES];
    estimate(&m, 512, 1, IMAGES, one_run);
    estimate(&m, 1024, 1, IMAGES, two_runs);
    estimate(&m, 50, 1, IMAGES, few);
    cr_expect_gt(fabs(one_run[0] - two_runs[0]), 1e-5, "the second run of samples is the first");
    cr_expect_gt(fabs(one_run[0] - one_run[1]), 1e-5, "two images have the same noise");
    cr_expect_gt(fabs(two_runs[0] - two_runs[1]), 1e-5, "two images have the same noise");
    cr_expect_gt(fabs(few[0] - few[1]), 1e-5, "two images of one run have the same noise");
    close_model(&m);
}

/* ---- Negative ELBO ---- */

typedef struct elbo {
    double reconstruction, kl;
} elbo;

/* Of one image whose noise begins at element row · LATENT of the step, by the definitions. */
static elbo elbo_by_hand(linear_model *m, const uint8_t *pixels, uint64_t seed, uint64_t step, int row)
{
    const double *encoder = find(m, "posterior.weight"), *offset = find(m, "posterior.bias");
    const double *decoder = find(m, "output.weight"), *bias = find(m, "output.bias");
    double posterior[2 * LATENT], z[LATENT];
    elbo e = {0.0, 0.0};
    for (int k = 0; k < 2 * LATENT; ++k) {
        posterior[k] = offset[k];
        for (int i = 0; i < ELEMENTS; ++i)
            posterior[k] += pixels[i] / 255.0 * encoder[i * 2 * LATENT + k];
    }
    for (int l = 0; l < LATENT; ++l) {
        double normal[4];
        const uint64_t element = (uint64_t)(row * LATENT + l);
        vae_random_normal4(seed, VAE_STREAM_EVALUATE, step, element / 4, normal);
        z[l] = posterior[l] + exp(0.5 * posterior[LATENT + l]) * normal[element % 4];
        e.kl += 0.5 * (posterior[l] * posterior[l] + exp(posterior[LATENT + l]) - posterior[LATENT + l] - 1.0);
    }
    for (int i = 0; i < ELEMENTS; ++i) {
        double mean = bias[i];
        for (int l = 0; l < LATENT; ++l)
            mean += z[l] * decoder[l * ELEMENTS + i];
        const double error = pixels[i] / 255.0 - mean, variance = m->design.config.model.variance;
        e.reconstruction += 0.5 * (error * error / variance + log(2.0 * M_PI * variance));
    }
    return e;
}

static vae_status count_progress(void *context, int64_t done)
{
    int64_t *stop_at = context;
    return done >= *stop_at ? vae_error_set(VAE_ERROR_INTERRUPTED, "stopped") : VAE_OK;
}

/* Batches of 5, 5 and a short one of 2. */
Test(importance, negative_elbo_is_its_definition)
{
    enum { BATCH = 5, SEED = 6 };
    const vae_backend *backends[] = {&vae_backend_reference, &vae_backend_cpu};
    for (int b = 0; b < 2; ++b) {
        linear_model m;
        open_model(backends[b], &m);
        int64_t stop_at = IMAGES + 1;
        vae_evaluation_setup setup = {
            .model = {&m.design, m.device, m.store},
            .images = {m.pixels, VAE_UINT8, IMAGES, ELEMENTS},
            .batch_size = BATCH,
            .seed = SEED,
            .progress = count_progress,
            .progress_context = &stop_at,
        };
        vae_evaluation result;
        double per_image[IMAGES], reconstruction = 0.0, kl = 0.0, squares = 0.0;
        MUST(vae_evaluate(&setup, per_image, &result));
        for (int i = 0; i < IMAGES; ++i) {
            const elbo e = elbo_by_hand(&m, m.pixels + i * ELEMENTS, SEED, (uint64_t)(i / BATCH * BATCH), i % BATCH);
            cr_assert_float_eq(per_image[i], e.reconstruction + e.kl, 2e-5, "image %d: %g, not %g", i, per_image[i],
                               e.reconstruction + e.kl);
            reconstruction += e.reconstruction / IMAGES;
            kl += e.kl / IMAGES;
            squares += pow(e.reconstruction + e.kl, 2) / IMAGES;
        }
        const double mean = reconstruction + kl, error = sqrt((squares - mean * mean) / (IMAGES - 1));
        cr_assert_float_eq(result.reconstruction, reconstruction, 2e-5);
        cr_assert_float_eq(result.kl, kl, 2e-5);
        cr_assert_float_eq(result.neg_elbo, mean, 2e-5);
        cr_assert_float_eq(result.neg_elbo_error, error, 1e-4 * error);
        cr_assert(isnan(result.log_likelihood));
        stop_at = 10;
        cr_assert_eq(vae_evaluate(&setup, per_image, &result), VAE_ERROR_INTERRUPTED);
        close_model(&m);
    }
}

/* -E[log p(z) - log q(z|x)] is the KL; its closed form is what the op gives. */
Test(importance, monte_carlo_kl_is_the_closed_form)
{
    enum { SAMPLES = 100000 };
    const double posterior[] = {0.7, -1.2, 0.3, -0.8};
    double kl = 0.0;
    vae_layout layout = {0};
    vae_program program;
    vae_tensor input;
    vae_posterior_outputs outputs;
    const vae_posterior_options options = {
        .samples = SAMPLES, .stream = VAE_STREAM_IMPORTANCE, .sampled = true, .with_kl = true, .with_log_ratio = true};
    vae_program_init(&program, "kl", &layout);
    MUST(vae_program_input(&program, "posterior", vae_shape_matrix(1, 4), &input));
    MUST(vae_program_gaussian_sample_kl(&program, "sample", input, options, &outputs));
    vae_program_mark_external(&program, outputs.kl);
    vae_program_mark_external(&program, outputs.log_ratio);
    MUST(vae_program_plan(&program));
    const vae_backend *backends[] = {&vae_backend_reference, &vae_backend_cpu};
    for (int b = 0; b < 2; ++b) {
        const vae_device_options device_options = {.threads = 2};
        const vae_step step = {.seed = 4};
        vae_device *device;
        vae_store *store;
        vae_executable *executable;
        MUST(backends[b]->device_open(&device_options, &device));
        MUST(backends[b]->store_create(device, &layout, false, &store));
        MUST(backends[b]->executable_create(device, &program, store, NULL, &executable));
        MUST(backends[b]->tensor_write(executable, input, VAE_FLOAT64, posterior));
        MUST(backends[b]->executable_run(executable, &step));
        double *log_ratio = calloc(SAMPLES, sizeof *log_ratio), sum = 0.0, squares = 0.0;
        MUST(backends[b]->tensor_read(executable, outputs.kl, VAE_FLOAT64, &kl));
        MUST(backends[b]->tensor_read(executable, outputs.log_ratio, VAE_FLOAT64, log_ratio));
        for (int i = 0; i < SAMPLES; ++i) {
            sum -= log_ratio[i];
            squares += log_ratio[i] * log_ratio[i];
        }
        const double mean = sum / SAMPLES, error = sqrt((squares / SAMPLES - mean * mean) / SAMPLES);
        cr_assert_float_eq(kl, 0.5 * (0.49 + 1.44 + exp(0.3) + exp(-0.8) - 0.3 + 0.8 - 2), 1e-6);
        cr_assert_leq(fabs(mean - kl), 4 * error, "KL %g ± %g, but its closed form is %g", mean, error, kl);
        free(log_ratio);
        backends[b]->executable_destroy(executable);
        backends[b]->store_destroy(store);
        backends[b]->device_close(device);
    }
    vae_program_free(&program);
}

Test(importance, streamed_log_sum_is_the_direct_one)
{
    const double values[] = {-1000.5, -1002, -999, -1e9, 3, 2.5, -INFINITY, 3};
    vae_log_sum sum = vae_log_sum_start();
    cr_assert_eq(vae_log_sum_value(&sum), -INFINITY);
    double direct = 0.0;
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
        vae_log_sum_add(&sum, values[i]);
        direct += exp(values[i]);
    }
    cr_assert_float_eq(vae_log_sum_value(&sum), log(direct), 1e-14);
    cr_assert_eq(sum.count, 8);
    vae_log_sum far = vae_log_sum_start();
    vae_log_sum_add(&far, -1e5);
    vae_log_sum_add(&far, -1e5);
    cr_assert_float_eq(vae_log_sum_value(&far), -1e5 + M_LN2, 1e-9);
}

/* A stop must not wait for all K samples of an image: they may take hours. */
Test(importance, stops_between_the_samples_of_an_image)
{
    linear_model m;
    open_model(&vae_backend_cpu, &m);
    int64_t stop_at = 0;
    const vae_evaluation_setup setup = {
        .model = {&m.design, m.device, m.store},
        .images = {m.pixels, VAE_UINT8, 1, ELEMENTS},
        .batch_size = 1,
        .samples = 1000000000,
        .seed = 6,
        .progress = count_progress,
        .progress_context = &stop_at,
    };
    vae_evaluation result;
    cr_assert_eq(vae_evaluate(&setup, NULL, &result), VAE_ERROR_INTERRUPTED, "%s", vae_error_message());
    close_model(&m);
}

Test(importance, an_autoencoder_has_none)
{
    linear_model m;
    open_model(&vae_backend_cpu, &m);
    vae_vae_keys_edit(&m.design.config)->objective = VAE_OBJECTIVE_AE;
    vae_design_free(&m.design);
    m.design.layout = (vae_layout){0};
    MUST(vae_design_resolve(&m.design));
    const vae_evaluation_setup setup = {.model = {&m.design, m.device, m.store},
                                        .images = {m.pixels, VAE_UINT8, IMAGES, ELEMENTS},
                                        .batch_size = 4,
                                        .samples = 10};
    vae_evaluation result;
    cr_assert_eq(vae_evaluate(&setup, NULL, &result), VAE_ERROR_ARGUMENT);
    cr_assert_not_null(strstr(vae_error_message(), "autoencoder"));
    close_model(&m);
}
