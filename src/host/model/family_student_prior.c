/* family = student_prior: a variational autoencoder whose prior is a product of Student-t distributions, one for each
 * dimension, which leave codes far from the middle cheaper than the standard normal does. Their KL has no closed form,
 * so it is that of the sample. */
#include <math.h>

#include "config/family_keys.h"
#include "distribution/distribution.h"
#include "model/kl_term.h"
#include "model/latent_model.h"

/* ---- Keys ---- */

typedef struct student_prior_keys {
    double prior_freedom; /* ν */
} student_prior_keys;

static double freedom_of(const vae_design *design)
{
    const student_prior_keys *own = (const void *)design->config.model.own[VAE_FAMILY_STUDENT_PRIOR];
    return own->prior_freedom;
}

/* clang-format off */
static const vae_key keys[] = {
    {"model", "prior_freedom", VAE_KEY_REAL, offsetof(student_prior_keys, prior_freedom), 1, 1e6, NULL, "5", .help = "degrees of freedom of p(z): the fewer, the heavier its tails; 1 is Cauchy's distribution, large ones approach the standard normal"},
};
/* clang-format on */

static vae_status check(const vae_config *config)
{
    VAE_TRY(vae_latent_model_check(config, &vae_objective_info_vae));
    VAE_TRY(vae_kl_term_check(config, true, false));
    return vae_config_check_one_latent(config);
}

_Static_assert(sizeof(student_prior_keys) <= VAE_FAMILY_VALUES, "the keys of a family have their place in vae_config");

const vae_family_keys vae_family_keys_student_prior = {
    .name = "student_prior",
    .summary = "a variational autoencoder with a Student-t prior",
    .keys = keys,
    .count = sizeof keys / sizeof *keys,
    .size = sizeof(student_prior_keys),
    .check = check,
};

/* ---- Drawing z ---- */

/* Keeps quotients and logarithms of squares finite. */
#define LEAST_SQUARE 1e-30

static int64_t latent_of(const vae_design *design)
{
    return design->config.model.latent.size[0];
}

static int64_t two_per_dimension(const vae_design *design)
{
    return 2 * latent_of(design);
}

static vae_status constant(vae_program *program, const char *name, vae_function function, vae_tensor a, double number,
                           vae_tensor *y)
{
    return vae_program_apply_constant(program, name, function, a, vae_number(number), y);
}

static vae_status one(vae_program *program, const char *name, vae_function function, vae_tensor a, vae_tensor *y)
{
    return vae_program_apply(program, name, function, a, VAE_NO_TENSOR, y);
}

/* log p(z) - log N(z; 0, I) [rows]: Σ log Γ((ν+1)/2) - log Γ(ν/2) - ½ log ν/2 + ½z² - (ν+1)/2·log(1 + z²/ν). The last
 * logarithm is a softplus of log z²/ν, as 1 + z²/ν would lose what a large ν leaves. */
static vae_status log_prior_ratio(const vae_design *design, vae_program *program, vae_tensor z, vae_tensor *ratio)
{
    const double freedom = freedom_of(design);
    const double normaliser = lgamma(0.5 * (freedom + 1)) - lgamma(0.5 * freedom) - 0.5 * log(0.5 * freedom);
    vae_tensor square, tail;
    VAE_TRY(one(program, "z.square", VAE_FUNCTION_SQUARE, z, &square));
    VAE_TRY(constant(program, "tail", VAE_FUNCTION_MULTIPLY, square, 1 / freedom, &tail));
    VAE_TRY(constant(program, "tail", VAE_FUNCTION_ADD, tail, LEAST_SQUARE, &tail));
    VAE_TRY(one(program, "tail", VAE_FUNCTION_LOG, tail, &tail));
    VAE_TRY(one(program, "tail", VAE_FUNCTION_SOFTPLUS, tail, &tail));
    VAE_TRY(constant(program, "tail", VAE_FUNCTION_MULTIPLY, tail, 0.5 * (freedom + 1), &tail));
    VAE_TRY(constant(program, "prior_ratio", VAE_FUNCTION_MULTIPLY, square, 0.5, ratio));
    VAE_TRY(vae_program_apply(program, "prior_ratio", VAE_FUNCTION_SUBTRACT, *ratio, tail, ratio));
    VAE_TRY(constant(program, "prior_ratio", VAE_FUNCTION_ADD, *ratio, normaliser, ratio));
    return vae_program_sum_columns(program, "prior_ratio", *ratio, ratio);
}

/* The op's log-ratio is that of a standard normal prior. `path` is not asked for, as the objective is the ELBO. */
static vae_status draw(const vae_design *design, vae_program *program, vae_tensor posterior,
                       const vae_draw_options *options, vae_draw *drawn)
{
    const vae_posterior_options sample = {
        .samples = options->samples, .stream = options->stream, .sampled = true, .with_log_ratio = true};
    vae_posterior_outputs outputs;
    vae_tensor prior, ratio;
    VAE_TRY(vae_program_gaussian_sample_kl(program, "gaussian_sample_kl", posterior, sample, &outputs));
    VAE_TRY(log_prior_ratio(design, program, outputs.z, &prior));
    VAE_TRY(vae_program_apply(program, "log_ratio", VAE_FUNCTION_ADD, outputs.log_ratio, prior, &ratio));
    *drawn = (vae_draw){outputs.z, VAE_NO_TENSOR, ratio, VAE_NO_TENSOR};
    return VAE_OK;
}

/* e^x - 1 without cancellation: tanh(x/2)·(e^x + 1). */
static vae_status exp_minus_one(vae_program *program, vae_tensor x, vae_tensor *y)
{
    vae_tensor tanh, exp;
    VAE_TRY(constant(program, "expm1", VAE_FUNCTION_MULTIPLY, x, 0.5, &tanh));
    VAE_TRY(one(program, "expm1", VAE_FUNCTION_TANH, tanh, &tanh));
    VAE_TRY(one(program, "expm1", VAE_FUNCTION_EXP, x, &exp));
    VAE_TRY(constant(program, "expm1", VAE_FUNCTION_ADD, exp, 1, &exp));
    return vae_program_apply(program, "expm1", VAE_FUNCTION_MULTIPLY, tanh, exp, y);
}

/* Bailey's polar method (1994), exact for any ν: of a uniform number U and an angle θ, √(ν(U^(-2/ν) - 1))·cos θ is a
 * Student-t. Two normals a and b are such a pair, U = e^(-(a² + b²)/2) and cos θ = a/√(a² + b²), so that
 * z = a·√((e^x - 1)/x), x = (a² + b²)/ν. A temperature, which multiplies a and b, could make e^x infinite; what it is
 * held to here, no normals reach by themselves. */
static vae_status prior(const vae_design *design, vae_program *program, vae_tensor normals, vae_tensor *z)
{
    const int64_t latent = latent_of(design);
    vae_tensor a, b, x, square, growth;
    VAE_TRY(vae_program_slice(program, "a", normals, 2 * latent, 0, latent, &a));
    VAE_TRY(vae_program_slice(program, "b", normals, 2 * latent, latent, latent, &b));
    VAE_TRY(one(program, "a.square", VAE_FUNCTION_SQUARE, a, &x));
    VAE_TRY(one(program, "b.square", VAE_FUNCTION_SQUARE, b, &square));
    VAE_TRY(vae_program_apply(program, "x", VAE_FUNCTION_ADD, x, square, &x));
    VAE_TRY(constant(program, "x", VAE_FUNCTION_MULTIPLY, x, 1 / freedom_of(design), &x));
    VAE_TRY(constant(program, "x", VAE_FUNCTION_ADD, x, LEAST_SQUARE, &x));
    VAE_TRY(constant(program, "x", VAE_FUNCTION_MINIMUM, x, 80, &x));
    VAE_TRY(exp_minus_one(program, x, &growth));
    VAE_TRY(vae_program_apply(program, "growth", VAE_FUNCTION_DIVIDE, growth, x, &growth));
    VAE_TRY(one(program, "growth", VAE_FUNCTION_SQRT, growth, &growth));
    return vae_program_apply(program, "z", VAE_FUNCTION_MULTIPLY, a, growth, z);
}

static const vae_posterior_family student_posterior = {
    .width = two_per_dimension, .draw = draw, .prior_width = two_per_dimension, .prior = prior};

/* ---- The model ---- */

static const vae_latent_model model = {.posterior = &student_posterior, .objective = &vae_objective_info_vae};

static vae_status resolve(vae_design *design)
{
    return vae_latent_model_resolve(&model, design);
}

static vae_status declare(const vae_design *design, vae_layout *layout)
{
    return vae_latent_model_declare(&model, design, layout);
}

static vae_status build(const vae_design *design, const vae_build *what, vae_program *program)
{
    return vae_latent_model_build(&model, design, what, program);
}

const vae_family vae_family_student_prior = {.resolve = resolve, .declare = declare, .build = build};
