/* Least squares on standardised codes, by the normal equations. */
#include "model/line_probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cholesky.h"

typedef struct fit {
    const float *codes;
    const double *numbers;
    int64_t count, latent;
    double known, mean_number, variance; /* of the numbers; known: how many there are */
    double *mean, *deviation;            /* [latent] of codes */
    double *row, *right;                 /* [latent] */
    double *squares;                     /* [latent, latent] */
} fit;

static void find_moments(const double *numbers, int64_t count, double *known, double *mean, double *variance)
{
    double least = NAN, most = NAN;
    *known = *mean = *variance = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        *known += !isnan(numbers[i]);
        least = fmin(least, numbers[i]); /* of a number and NaN, the number */
        most = fmax(most, numbers[i]);
    }
    for (int64_t i = 0; i < count; ++i)
        *mean += isnan(numbers[i]) ? 0.0 : numbers[i] / *known;
    for (int64_t i = 0; i < count; ++i)
        *variance += isnan(numbers[i]) ? 0.0 : (numbers[i] - *mean) * (numbers[i] - *mean) / *known;
    if (least == most) *variance = 0.0; /* the mean of equal numbers is rounded */
}

static void find_scale(fit *f)
{
    for (int64_t i = 0; i < f->count; ++i) {
        for (int64_t j = 0; !isnan(f->numbers[i]) && j < f->latent; ++j)
            f->mean[j] += (double)f->codes[i * f->latent + j] / f->known;
    }
    for (int64_t i = 0; i < f->count; ++i) {
        for (int64_t j = 0; !isnan(f->numbers[i]) && j < f->latent; ++j) {
            const double difference = (double)f->codes[i * f->latent + j] - f->mean[j];
            f->deviation[j] += difference * difference / f->known;
        }
    }
    for (int64_t j = 0; j < f->latent; ++j)
        f->deviation[j] = sqrt(f->deviation[j]);
}

/* Sums over standardised codes and numbers, whose means are zero, so that the intercept is too. A dimension that never
 * changes gives nothing. */
static void add_products(fit *f, double l2)
{
    const double scale = 1.0 / sqrt(f->variance);
    for (int64_t i = 0; i < f->count; ++i) {
        if (isnan(f->numbers[i])) continue;
        for (int64_t j = 0; j < f->latent; ++j) {
            const double difference = (double)f->codes[i * f->latent + j] - f->mean[j];
            f->row[j] = f->deviation[j] != 0.0 ? difference / f->deviation[j] : 0.0;
        }
        for (int64_t j = 0; j < f->latent; ++j) {
            f->right[j] += f->row[j] * (f->numbers[i] - f->mean_number) * scale / f->known;
            for (int64_t k = 0; k <= j; ++k)
                f->squares[j * f->latent + k] += f->row[j] * f->row[k] / f->known;
        }
    }
    for (int64_t j = 0; j < f->latent; ++j)
        f->squares[j * f->latent + j] += l2;
}

/* From weights of standardised codes, in f->right, to weights of codes. */
static void take_weights(const fit *f, vae_probe *probe)
{
    double intercept = f->mean_number;
    for (int64_t j = 0; j < f->latent; ++j) {
        const bool varies = f->deviation[j] != 0.0;
        probe->weights[j] = varies ? f->right[j] * sqrt(f->variance) / f->deviation[j] : 0.0;
        intercept -= probe->weights[j] * f->mean[j];
    }
    probe->weights[f->latent] = intercept;
}

static vae_status run_fit(fit *f, double l2, vae_probe *probe)
{
    const size_t latent = (size_t)f->latent;
    find_moments(f->numbers, f->count, &f->known, &f->mean_number, &f->variance);
    if (!(f->variance > 0.0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "all known numbers are the same, or there are none");
    }
    f->mean = calloc(4 * latent + latent * latent, sizeof *f->mean);
    probe->weights = calloc(latent + 1, sizeof *probe->weights);
    if (!f->mean || !probe->weights) return vae_error_set(VAE_ERROR_MEMORY, "probe: out of memory");
    f->deviation = f->mean + latent;
    f->row = f->deviation + latent;
    f->right = f->row + latent;
    f->squares = f->right + latent;
    find_scale(f);
    add_products(f, l2);
    if (!vae_cholesky_factor(f->squares, f->latent)) {
        return vae_error_set(VAE_ERROR_NUMERIC, "probe: the codes are not finite, or --l2 is too small");
    }
    vae_cholesky_solve(f->squares, f->latent, f->right);
    take_weights(f, probe);
    return VAE_OK;
}

vae_status vae_line_probe_fit(const float *codes, const double *numbers, int64_t count, int64_t latent, double l2,
                              vae_probe *probe)
{
    fit f = {.codes = codes, .numbers = numbers, .count = count, .latent = latent};
    *probe = (vae_probe){.latent = latent};
    const vae_status status = run_fit(&f, l2, probe);
    free(f.mean);
    if (status) vae_probe_free(probe);
    return status;
}

double vae_line_probe_explained(const vae_probe *probe, const float *codes, const double *numbers, int64_t count)
{
    double known, mean, variance, missed = 0.0;
    find_moments(numbers, count, &known, &mean, &variance);
    for (int64_t i = 0; i < count; ++i) {
        const double error = isnan(numbers[i]) ? 0.0 : numbers[i] - vae_probe_score(probe, codes + i * probe->latent);
        missed += error * error / known;
    }
    return variance > 0.0 ? 1.0 - missed / variance : NAN;
}
