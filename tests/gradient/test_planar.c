/* A planar flow against a posterior that is known: of x = wᵀz + noise, z ~ N(0, I) in two dimensions, it is a Gaussian
 * with a strong correlation. The KL of a diagonal Gaussian to it is at least ½ (Σ log Λⱼⱼ - log |Λ|), Λ being its
 * precision, where each dimension's variance is 1/Λⱼⱼ. */
#include "model/family_vae.h"
#include "model/posterior.h"
#include "ops.h"
#include "program/op.h"

enum { LATENT = 2, SAMPLES = 256, STEPS = 1500, EVALUATIONS = 200 };
#define NOISE 0.1
static const double weight[LATENT] = {1.0, 0.8}, observed = 0.9;

typedef struct fit {
    vae_layout layout;
    vae_program program;
    vae_tensor weight, log_weight;
} fit;

static vae_design flow_design(vae_posterior posterior)
{
    vae_design design = {.traits.latent = LATENT};
    vae_config_defaults(&design.config);
    design.config.model.latent.size[0] = LATENT;
    vae_vae_keys_edit(&design.config)->posterior = posterior;
    vae_vae_keys_edit(&design.config)->flow_length = 4;
    return design;
}

/* -log N(x; wᵀz, noise²) - log p(z) + log q(z): its mean is KL(q ‖ p(z|x)) - log p(x). */
static void build_fit(const vae_design *design, fit *f)
{
    const vae_posterior_family *family = vae_posterior_family_of(&design->config);
    const vae_draw_options options = {
        .samples = SAMPLES, .stream = VAE_STREAM_POSTERIOR, .training = true, .log_ratio = true};
    const double variance = NOISE * NOISE;
    const vae_weight scale = {-0.5 / variance, VAE_SCALAR_ONE};
    vae_draw draw;
    vae_tensor posterior, ll;
    *f = (fit){0};
    MUST(vae_layout_add(&f->layout, "posterior", vae_shape_matrix(1, family->width(design)), 4, NULL));
    vae_program_init(&f->program, "fit", &f->layout);
    MUST(vae_program_input(&f->program, "weight", vae_shape_matrix(1, LATENT), &f->weight));
    MUST(vae_program_add_parameter(&f->program, VAE_TENSOR_PARAMETER, 0, &posterior));
    MUST(family->draw(design, &f->program, posterior, &options, &draw));
    MUST(vae_program_apply(&f->program, "product", VAE_FUNCTION_MULTIPLY, draw.z, f->weight, &ll));
    MUST(vae_program_sum_columns(&f->program, "mean", ll, &ll));
    MUST(vae_program_apply_constant(&f->program, "off", VAE_FUNCTION_SUBTRACT, ll, (vae_weight){observed, 0}, &ll));
    MUST(vae_program_apply(&f->program, "square", VAE_FUNCTION_SQUARE, ll, VAE_NO_TENSOR, &ll));
    MUST(vae_program_apply_constant(&f->program, "ll", VAE_FUNCTION_MULTIPLY, ll, scale, &ll));
    MUST(vae_program_apply(&f->program, "log_weight", VAE_FUNCTION_ADD, ll, draw.log_ratio, &f->log_weight));
    vae_program_mark_external(&f->program, f->log_weight);
    MUST(vae_program_differentiate(&f->program, &(vae_loss_term){f->log_weight, {-1.0 / SAMPLES, VAE_SCALAR_ONE}}, 1));
    MUST(vae_program_adam(&f->program, (vae_adam_options){.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}));
    MUST(vae_program_fuse(&f->program));
    MUST(vae_program_plan(&f->program));
}

/* log p(x) = log N(x; 0, ‖w‖² + noise²), without the likelihood's -½ log 2π noise², which build_fit() leaves out too.
 */
static double log_evidence(void)
{
    double variance = NOISE * NOISE;
    for (int j = 0; j < LATENT; ++j)
        variance += weight[j] * weight[j];
    return -0.5 * (observed * observed / variance + log(variance)) + 0.5 * log(NOISE * NOISE);
}

/* KL(q ‖ p(z|x)) after training, and its standard error. */
static double fitted_kl(vae_posterior posterior, double *error)
{
    const vae_backend *b = &vae_backend_cpu;
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    const vae_design design = flow_design(posterior);
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    fit f;
    build_fit(&design, &f);
    double *values = calloc((size_t)f.layout.elements, sizeof *values), sum = 0, squares = 0;
    for (int64_t i = 0; i < f.layout.elements; ++i)
        values[i] = 0.3 * test_normal(4, (uint64_t)i);
    MUST(b->device_open(&options, &device));
    MUST(b->store_create(device, &f.layout, true, &store));
    MUST(b->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values));
    MUST(b->executable_create(device, &f.program, store, NULL, &executable));
    MUST(b->tensor_write(executable, f.weight, VAE_FLOAT64, weight));
    for (int i = 0; i < STEPS + EVALUATIONS; ++i) {
        double log_weights[SAMPLES];
        const double rate = i < STEPS ? 0.02 * (1 - (double)i / STEPS) : 0.0;
        const vae_step step = {.seed = 1, .step = (uint64_t)i, .learning_rate = rate, .adam_step = (uint64_t)i + 1};
        MUST(b->executable_run(executable, &step));
        MUST(b->tensor_read(executable, f.log_weight, VAE_FLOAT64, log_weights));
        for (int k = 0; k < SAMPLES && i >= STEPS; ++k) {
            sum += log_weights[k];
            squares += log_weights[k] * log_weights[k];
        }
    }
    const double count = (double)SAMPLES * EVALUATIONS, mean = sum / count;
    *error = sqrt((squares / count - mean * mean) / count);
    b->executable_destroy(executable);
    b->store_destroy(store);
    b->device_close(device);
    vae_program_free(&f.program);
    vae_layout_free(&f.layout);
    free(values);
    return log_evidence() - mean;
}

static double least_diagonal_kl(void)
{
    double precision[LATENT], product = 1, determinant = 1;
    for (int j = 0; j < LATENT; ++j) {
        precision[j] = 1 + weight[j] * weight[j] / (NOISE * NOISE);
        product *= precision[j];
        determinant += weight[j] * weight[j] / (NOISE * NOISE);
    }
    return 0.5 * log(product / determinant);
}

Test(planar, a_flow_reaches_what_no_diagonal_gaussian_can)
{
    double gaussian_error, planar_error;
    const double least = least_diagonal_kl(), gaussian = fitted_kl(VAE_POSTERIOR_GAUSSIAN, &gaussian_error);
    const double planar = fitted_kl(VAE_POSTERIOR_PLANAR, &planar_error);
    cr_log_info("least of a diagonal Gaussian %.3f, found %.3f ± %.3f; planar %.3f ± %.3f", least, gaussian,
                gaussian_error, planar, planar_error);
    cr_assert_geq(gaussian, least - 4 * gaussian_error);
    cr_assert_leq(gaussian, least + 0.5);
    cr_assert_lt(planar + 4 * planar_error, 0.5 * least, "planar %.3f, least of a Gaussian %.3f", planar, least);
    cr_assert_gt(planar, -4 * planar_error);
}
