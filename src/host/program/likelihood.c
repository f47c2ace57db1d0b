/* What each likelihood asks for: numbers for each pixel, bounds on channels and options, the least width. */
#include "program/likelihood.h"

#include <inttypes.h>
#include <math.h>

#include "core/error.h"

const char *vae_likelihood_name(vae_likelihood family)
{
    static const char *const names[] = {
#define ROW(NAME, name) #name,
        VAE_LIKELIHOOD_MAP(ROW) VAE_COMPOSED_MAP(ROW)
#undef ROW
    };
    return (unsigned)family < VAE_DISTRIBUTION_COUNT ? names[family] : "unknown";
}

int64_t vae_likelihood_width(const vae_likelihood_options *options)
{
    const int64_t channels = options->channels;
    switch (options->family) {
    case VAE_LIKELIHOOD_GAUSSIAN_PIXEL:
    case VAE_LIKELIHOOD_LAPLACE:
    case VAE_LIKELIHOOD_LOGISTIC: return 2 * channels;
    case VAE_LIKELIHOOD_CATEGORICAL: return VAE_LEVELS * channels;
    case VAE_LIKELIHOOD_LOGISTIC_MIXTURE: return options->mixtures * (1 + 2 * channels + channels * (channels - 1) / 2);
    default: return channels;
    }
}

bool vae_likelihood_is_discrete(vae_likelihood family)
{
    return family == VAE_LIKELIHOOD_CATEGORICAL || family == VAE_LIKELIHOOD_LOGISTIC ||
           family == VAE_LIKELIHOOD_LOGISTIC_MIXTURE;
}

/* Those of VAE_COMPOSED_MAP, whose widths are at least one level. */
static bool is_composed(vae_likelihood family)
{
    return family > VAE_LIKELIHOOD_LAST;
}

/* Whether levels, or the width of one, are part of the definition. */
static bool knows_levels(vae_likelihood family)
{
    return is_composed(family) || vae_likelihood_is_discrete(family) || family == VAE_LIKELIHOOD_GAUSSIAN_SHARED ||
           family == VAE_LIKELIHOOD_GAUSSIAN_PIXEL || family == VAE_LIKELIHOOD_LAPLACE;
}

vae_status vae_likelihood_check(const vae_likelihood_options *options)
{
    const char *name = vae_likelihood_name(options->family);
    const bool mixture = options->family == VAE_LIKELIHOOD_LOGISTIC_MIXTURE;
    if (options->channels < 1 || options->channels > VAE_MAX_CHANNELS) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "likelihood '%s': images have %" PRId64 " channels, but may have 1 to %d", name,
                             options->channels, VAE_MAX_CHANNELS);
    }
    if (mixture && options->channels != 1 && options->channels != 3) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "likelihood '%s': images have %" PRId64 " channels, but must have 1 (grey) or 3 (red, "
                             "green, blue)",
                             name, options->channels);
    }
    if (mixture && (options->mixtures < 1 || options->mixtures > VAE_MAX_MIXTURES)) {
        return vae_error_set(VAE_ERROR_CONFIG, "likelihood '%s': mixtures is %" PRId64 ", but must be 1 to %d", name,
                             options->mixtures, VAE_MAX_MIXTURES);
    }
    if (options->family == VAE_LIKELIHOOD_GAUSSIAN && !(options->variance > 0)) {
        return vae_error_set(VAE_ERROR_CONFIG, "likelihood '%s': variance is %g, but must be positive", name,
                             options->variance);
    }
    if (knows_levels(options->family) && !(options->scale > 0)) {
        return vae_error_set(VAE_ERROR_CONFIG, "likelihood '%s': levels are %g apart, but must be a positive distance",
                             name, options->scale);
    }
    return VAE_OK;
}

double vae_likelihood_floor(const vae_likelihood_options *options)
{
    switch (options->family) {
    case VAE_LIKELIHOOD_GAUSSIAN_SHARED:
    case VAE_LIKELIHOOD_GAUSSIAN_PIXEL: return 2 * log(options->scale);
    case VAE_LIKELIHOOD_LAPLACE: return log(options->scale);
    case VAE_LIKELIHOOD_LOGISTIC:
    case VAE_LIKELIHOOD_LOGISTIC_MIXTURE: return log(0.5 * (VAE_LEVELS - 1) * options->scale) - 7;
    default: return is_composed(options->family) ? log(options->scale) : 0;
    }
}

double vae_likelihood_bits_per_dimension(const vae_likelihood_options *options, double nats, int64_t elements)
{
    if (options->family == VAE_LIKELIHOOD_BERNOULLI || options->family == VAE_LIKELIHOOD_MSE) return NAN;
    const double each = nats / (double)elements;
    return (vae_likelihood_is_discrete(options->family) ? each : each - log(options->scale)) / M_LN2;
}
