/* The table of distributions, and what their entries share. */
#include "distribution/distribution.h"

#include <stdio.h>

const vae_distribution *vae_distribution_of(vae_likelihood family)
{
    static const vae_distribution *const entries[VAE_DISTRIBUTION_COUNT] = {
#define ROW(NAME, name) [VAE_LIKELIHOOD_##NAME] = &vae_distribution_##name,
        VAE_DISTRIBUTION_MAP(ROW)
#undef ROW
    };
    return entries[family];
}

static bool has_op(const vae_likelihood_options *options)
{
    return options->family < VAE_LIKELIHOOD_COUNT;
}

int64_t vae_distribution_width(const vae_likelihood_options *options)
{
    return has_op(options) ? vae_likelihood_width(options) : vae_distribution_of(options->family)->width(options);
}

vae_status vae_distribution_likelihood(vae_program *program, const char *name, vae_tensor prediction, vae_tensor x,
                                       const vae_likelihood_options *options, bool training, vae_tensor *ll)
{
    if (has_op(options)) return vae_program_likelihood(program, name, prediction, x, options, training, ll);
    return vae_distribution_of(options->family)->log_prob(program, name, prediction, x, options, ll);
}

vae_status vae_distribution_mean(vae_program *program, const char *name, vae_tensor prediction,
                                 const vae_likelihood_options *options, vae_tensor *mean)
{
    if (has_op(options)) return vae_program_likelihood_mean(program, name, prediction, options, mean);
    return vae_distribution_of(options->family)->mean(program, name, prediction, options, mean);
}

static vae_status refuse_draw(const vae_likelihood_options *options)
{
    char names[256] = "";
    size_t used = 0;
    for (int f = 0; f < VAE_DISTRIBUTION_COUNT; ++f) {
        const vae_distribution *entry = vae_distribution_of((vae_likelihood)f);
        if (!entry || !entry->sample || used >= sizeof names) continue;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                 vae_likelihood_name((vae_likelihood)f));
    }
    return vae_error_set(VAE_ERROR_CONFIG, "[model] likelihood: no noise can be drawn from %s, only from %s",
                         vae_likelihood_name(options->family), names);
}

vae_status vae_distribution_draw(vae_program *program, const char *name, vae_tensor prediction, uint32_t stream,
                                 const vae_likelihood_options *options, vae_tensor *x)
{
    const vae_distribution *entry = vae_distribution_of(options->family);
    if (!entry || !entry->sample) return refuse_draw(options);
    return entry->sample(program, name, prediction, 1, stream, options, x);
}

/* ---- What entries share ---- */

vae_status vae_distribution_normal(vae_program *program, const char *name, vae_tensor like, int64_t samples,
                                   uint32_t stream, vae_tensor *normal)
{
    const vae_shape shape = program->tensors[like].shape;
    return vae_program_normal(program, name, vae_shape_matrix(shape.size[0] * samples, vae_shape_columns(&shape)),
                              stream, normal);
}

vae_status vae_distribution_shift_and_scale(vae_program *program, const char *name, vae_tensor location,
                                            vae_tensor log_scale, vae_tensor noise, vae_tensor *value)
{
    vae_tensor scale;
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, log_scale, VAE_NO_TENSOR, &scale));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, scale, noise, &noise));
    return vae_program_apply(program, name, VAE_FUNCTION_ADD, location, noise, value);
}

vae_status vae_distribution_gaussian_sample(vae_program *program, const char *name, vae_tensor mean,
                                            vae_tensor log_variance, int64_t samples, uint32_t stream,
                                            vae_tensor *value)
{
    vae_tensor log_scale, normal;
    VAE_TRY(
        vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, log_variance, vae_number(0.5), &log_scale));
    VAE_TRY(vae_distribution_normal(program, name, mean, samples, stream, &normal));
    return vae_distribution_shift_and_scale(program, name, mean, log_scale, normal, value);
}

int64_t vae_distribution_two_numbers(const vae_likelihood_options *options)
{
    return 2 * options->channels;
}

vae_status vae_distribution_split(vae_program *program, vae_tensor parameters, const vae_likelihood_options *options,
                                  vae_tensor *first, vae_tensor *second)
{
    const int64_t count = options->channels;
    VAE_TRY(vae_program_slice(program, "location", parameters, 2 * count, 0, count, first));
    return vae_program_slice(program, "scale", parameters, 2 * count, count, count, second);
}

vae_status vae_distribution_location(vae_program *program, const char *name, vae_tensor parameters,
                                     const vae_likelihood_options *options, vae_tensor *mean)
{
    return vae_program_slice(program, name, parameters, 2 * options->channels, 0, options->channels, mean);
}

vae_status vae_distribution_soft_floor(vae_program *program, const char *name, vae_tensor l, double least,
                                       vae_tensor *floored)
{
    const vae_weight floor = vae_number(least);
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_SUBTRACT, l, floor, &l));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SOFTPLUS, l, VAE_NO_TENSOR, &l));
    return vae_program_apply_constant(program, name, VAE_FUNCTION_ADD, l, floor, floored);
}
