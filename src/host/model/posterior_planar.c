/* A diagonal Gaussian that goes through a planar flow (Rezende & Mohamed 2015): z' = z + û·tanh(wᵀz + b), layer by
 * layer. The encoder gives, a row, the Gaussian's means and log-variances and each layer's u, w [latent] and b.
 *
 * û is u moved along w so that ûᵀw > -1, which makes the layer invertible (Appendix A.1): û = u + (m(wᵀu) -
 * wᵀu)·w/‖w‖², m(x) = -1 + log(1 + e^x). Then log |det ∂z'/∂z| = log(1 + (1 - tanh²)·ûᵀw) (equation 12). */
#include "distribution/distribution.h"
#include "model/family_vae.h"

/* Keeps 1/‖w‖² finite. */
#define LEAST_SQUARE 1e-12

static int64_t layer_width(int64_t latent)
{
    return 2 * latent + 1;
}

static int64_t width(const vae_design *design)
{
    const int64_t latent = design->config.model.latent.size[0];
    return 2 * latent + vae_vae_keys_of(&design->config)->flow_length * layer_width(latent);
}

/* One layer's parameters: all of a row of the posterior, for all samples of that row. */
typedef struct flow_layer {
    vae_tensor u, w;    /* û and w [rows, latent] */
    vae_tensor b;       /* [rows, 1] */
    vae_tensor product; /* ûᵀw [rows] */
} flow_layer;

static vae_status dot(vae_program *program, const char *name, vae_tensor a, vae_tensor b, vae_tensor *sum)
{
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, a, b, sum));
    return vae_program_sum_columns(program, name, *sum, sum);
}

static vae_status make_layer(vae_program *program, vae_tensor posterior, int64_t latent, int64_t index,
                             flow_layer *layer)
{
    const int64_t all = vae_shape_columns(&program->tensors[posterior].shape);
    const int64_t first = 2 * latent + index * layer_width(latent);
    vae_tensor u, product, square, change;
    VAE_TRY(vae_program_slice(program, "flow.u", posterior, all, first, latent, &u));
    VAE_TRY(vae_program_slice(program, "flow.w", posterior, all, first + latent, latent, &layer->w));
    VAE_TRY(vae_program_slice(program, "flow.b", posterior, all, first + 2 * latent, 1, &layer->b));
    VAE_TRY(dot(program, "flow.wu", layer->w, u, &product));
    VAE_TRY(dot(program, "flow.ww", layer->w, layer->w, &square));
    VAE_TRY(vae_program_apply(program, "flow.m", VAE_FUNCTION_SOFTPLUS, product, VAE_NO_TENSOR, &change));
    VAE_TRY(vae_program_apply_constant(program, "flow.m", VAE_FUNCTION_SUBTRACT, change, vae_number(1), &change));
    VAE_TRY(vae_program_apply(program, "flow.change", VAE_FUNCTION_SUBTRACT, change, product, &change));
    VAE_TRY(
        vae_program_apply_constant(program, "flow.ww", VAE_FUNCTION_ADD, square, vae_number(LEAST_SQUARE), &square));
    VAE_TRY(vae_program_apply(program, "flow.change", VAE_FUNCTION_DIVIDE, change, square, &change));
    VAE_TRY(vae_program_apply(program, "flow.change", VAE_FUNCTION_MULTIPLY, layer->w, change, &layer->u));
    VAE_TRY(vae_program_apply(program, "flow.u_hat", VAE_FUNCTION_ADD, u, layer->u, &layer->u));
    return dot(program, "flow.uw", layer->u, layer->w, &layer->product);
}

/* z [rows·K, latent] becomes z', and log |det| [rows·K] is given. */
static vae_status apply_layer(vae_program *program, const flow_layer *layer, vae_tensor *z, vae_tensor *log_determinant)
{
    vae_tensor line, step, slope;
    VAE_TRY(dot(program, "flow.wz", *z, layer->w, &line));
    VAE_TRY(vae_program_apply(program, "flow.line", VAE_FUNCTION_ADD, line, layer->b, &line));
    VAE_TRY(vae_program_apply(program, "flow.tanh", VAE_FUNCTION_TANH, line, VAE_NO_TENSOR, &line));
    VAE_TRY(vae_program_apply(program, "flow.slope", VAE_FUNCTION_SQUARE, line, VAE_NO_TENSOR, &slope));
    VAE_TRY(vae_program_apply_to_constant(program, "flow.slope", VAE_FUNCTION_SUBTRACT, vae_number(1), slope, &slope));
    VAE_TRY(vae_program_apply(program, "flow.slope", VAE_FUNCTION_MULTIPLY, slope, layer->product, &slope));
    VAE_TRY(vae_program_apply_constant(program, "flow.det", VAE_FUNCTION_ADD, slope, vae_number(1), &slope));
    VAE_TRY(vae_program_apply(program, "flow.log_det", VAE_FUNCTION_LOG, slope, VAE_NO_TENSOR, log_determinant));
    VAE_TRY(vae_program_apply(program, "flow.step", VAE_FUNCTION_MULTIPLY, layer->u, line, &step));
    return vae_program_apply(program, "flow.z", VAE_FUNCTION_ADD, *z, step, z);
}

static vae_status flow(const vae_design *design, vae_program *program, vae_tensor posterior, vae_tensor *z,
                       vae_tensor *log_determinant)
{
    for (int64_t i = 0; i < vae_vae_keys_of(&design->config)->flow_length; ++i) {
        flow_layer layer;
        vae_tensor term;
        VAE_TRY(make_layer(program, posterior, design->config.model.latent.size[0], i, &layer));
        VAE_TRY(apply_layer(program, &layer, z, &term));
        if (i > 0) VAE_TRY(vae_program_apply(program, "flow.log_det", VAE_FUNCTION_ADD, *log_determinant, term, &term));
        *log_determinant = term;
    }
    return VAE_OK;
}

/* [rows, 2·latent]: the Gaussian that the flow starts from. */
static vae_status base_of(const vae_design *design, vae_program *program, vae_tensor posterior, vae_tensor *base)
{
    return vae_program_slice(program, "base", posterior, width(design), 0, 2 * design->config.model.latent.size[0],
                             base);
}

/* ½ Σ z² */
static vae_status half_square(vae_program *program, vae_tensor z, vae_tensor *sum)
{
    VAE_TRY(dot(program, "square", z, z, sum));
    return vae_program_apply_constant(program, "square", VAE_FUNCTION_MULTIPLY, *sum, vae_number(0.5), sum);
}

/* log p(z_F) - log q(z_F|x) = log p(z_0) - log q(z_0|x) + ½ ‖z_0‖² - ½ ‖z_F‖² + Σ log |det| (equation 13). */
static vae_status draw(const vae_design *design, vae_program *program, vae_tensor posterior,
                       const vae_draw_options *options, vae_draw *drawn)
{
    if (options->path) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[model] objective: dreg needs the density of any z under q(z|x), which a "
                             "planar flow cannot tell; use posterior = gaussian, or iwae");
    }
    const vae_posterior_options sample = {
        .samples = options->samples, .stream = options->stream, .sampled = true, .with_log_ratio = true};
    vae_posterior_outputs outputs;
    vae_tensor base, before, after, log_determinant, ratio;
    VAE_TRY(base_of(design, program, posterior, &base));
    VAE_TRY(vae_program_gaussian_sample_kl(program, "gaussian_sample_kl", base, sample, &outputs));
    vae_tensor z = outputs.z;
    VAE_TRY(flow(design, program, posterior, &z, &log_determinant));
    VAE_TRY(half_square(program, outputs.z, &before));
    VAE_TRY(half_square(program, z, &after));
    VAE_TRY(vae_program_apply(program, "log_ratio", VAE_FUNCTION_SUBTRACT, before, after, &ratio));
    VAE_TRY(vae_program_apply(program, "log_ratio", VAE_FUNCTION_ADD, ratio, outputs.log_ratio, &ratio));
    VAE_TRY(vae_program_apply(program, "log_ratio", VAE_FUNCTION_ADD, ratio, log_determinant, &ratio));
    *drawn = (vae_draw){z, VAE_NO_TENSOR, ratio, VAE_NO_TENSOR};
    return VAE_OK;
}

/* The Gaussian's mean where the flow takes it, and the Gaussian's log-variance. */
static vae_status code(const vae_design *design, vae_program *program, vae_tensor posterior, vae_tensor *result)
{
    const int64_t latent = design->config.model.latent.size[0], all = width(design);
    vae_tensor z, log_variance, log_determinant;
    VAE_TRY(vae_program_slice(program, "mean", posterior, all, 0, latent, &z));
    VAE_TRY(vae_program_slice(program, "log_variance", posterior, all, latent, latent, &log_variance));
    VAE_TRY(flow(design, program, posterior, &z, &log_determinant));
    return vae_program_concat(program, "code", z, latent, log_variance, latent, result);
}

const vae_posterior_family vae_posterior_family_planar = {.width = width, .draw = draw, .code = code};
