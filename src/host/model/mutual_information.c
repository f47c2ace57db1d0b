/* The mutual information of x and z, from posteriors of an evaluation. */
#include "model/mutual_information.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

enum { MOST_NUMBERS = 1 << 20 };

/* ---- Posteriors that are kept ---- */

vae_status vae_posterior_sample_create(int64_t latent, vae_posterior_sample *sample)
{
    int64_t room = VAE_POSTERIORS_KEPT;
    while (room > 2 && room * latent > MOST_NUMBERS)
        room /= 2;
    *sample = (vae_posterior_sample){.latent = latent, .room = room, .stride = 1};
    sample->rows = malloc((size_t)(room * 2 * latent) * sizeof *sample->rows);
    if (sample->rows) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "mutual information: out of memory");
}

void vae_posterior_sample_free(vae_posterior_sample *sample)
{
    free(sample->rows);
    *sample = (vae_posterior_sample){0};
}

void vae_posterior_sample_reset(vae_posterior_sample *sample)
{
    sample->kept = sample->seen = 0;
    sample->stride = 1;
}

/* Every other row stays. */
static void thin(vae_posterior_sample *sample)
{
    const int64_t width = 2 * sample->latent;
    for (int64_t i = 1; 2 * i < sample->kept; ++i)
        memcpy(sample->rows + i * width, sample->rows + 2 * i * width, (size_t)width * sizeof *sample->rows);
    sample->kept = (sample->kept + 1) / 2;
    sample->stride *= 2;
}

void vae_posterior_sample_add(vae_posterior_sample *sample, const float *posterior, int64_t rows, int64_t width)
{
    if (width != 2 * sample->latent) return;
    for (int64_t r = 0; r < rows; ++r, ++sample->seen) {
        if (sample->seen % sample->stride != 0) continue;
        if (sample->kept == sample->room) thin(sample);
        if (sample->seen % sample->stride != 0) continue;
        memcpy(sample->rows + sample->kept++ * width, posterior + r * width, (size_t)width * sizeof *posterior);
    }
}

/* ---- The estimate ---- */

/* z [kept, latent], a draw of each posterior. */
static void draw(const vae_posterior_sample *sample, double *z)
{
    const int64_t latent = sample->latent;
    double normal[4];
    for (int64_t i = 0; i < sample->kept * latent; ++i) {
        const float *row = sample->rows + i / latent * 2 * latent;
        if (i % 4 == 0) vae_random_normal4(0, VAE_STREAM_INFORMATION, 0, (uint64_t)i / 4, normal);
        z[i] = (double)row[i % latent] + exp(0.5 * (double)row[latent + i % latent]) * normal[i % 4];
    }
}

/* E log q(z|x), without the -½ log 2π of each dimension. */
static double negative_entropy(const vae_posterior_sample *sample)
{
    double sum = 0.0;
    for (int64_t i = 0; i < sample->kept; ++i) {
        for (int64_t j = 0; j < sample->latent; ++j)
            sum -= 0.5 * (1.0 + (double)sample->rows[i * 2 * sample->latent + sample->latent + j]);
    }
    return sum / (double)sample->kept;
}

/* log N(z; row), likewise; precision and its log-determinant are those of the row. */
static double log_density(const float *mean, const double *precision, double half_log, const double *z, int64_t latent)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < latent; ++j) {
        const double difference = z[j] - (double)mean[j];
        sum += difference * difference * precision[j];
    }
    return half_log - 0.5 * sum;
}

/* Adds each row's density at each z to a running log-sum-exp: its largest term, and the sum scaled by it. */
static void add_densities(const vae_posterior_sample *sample, const double *z, double *precision, double *largest,
                          double *sums)
{
    const int64_t latent = sample->latent;
    for (int64_t i = 0; i < sample->kept; ++i) {
        const float *row = sample->rows + i * 2 * latent;
        double half_log = 0.0;
        for (int64_t j = 0; j < latent; ++j) {
            precision[j] = exp(-(double)row[latent + j]);
            half_log -= 0.5 * (double)row[latent + j];
        }
        for (int64_t k = 0; k < sample->kept; ++k) {
            const double density = log_density(row, precision, half_log, z + k * latent, latent);
            if (density > largest[k]) {
                sums[k] = sums[k] * exp(largest[k] - density) + 1.0;
                largest[k] = density;
            } else {
                sums[k] += exp(density - largest[k]);
            }
        }
    }
}

vae_status vae_mutual_information(const vae_posterior_sample *sample, double *information)
{
    const int64_t kept = sample->kept, latent = sample->latent;
    *information = NAN;
    if (kept == 0) return VAE_OK;
    double *z = malloc((size_t)(kept * latent + latent + 2 * kept) * sizeof *z);
    if (!z) return vae_error_set(VAE_ERROR_MEMORY, "mutual information: out of memory");
    double *precision = z + kept * latent, *largest = precision + latent, *sums = largest + kept, mixture = 0.0;
    draw(sample, z);
    for (int64_t k = 0; k < kept; ++k) {
        largest[k] = -INFINITY;
        sums[k] = 0.0;
    }
    add_densities(sample, z, precision, largest, sums);
    for (int64_t k = 0; k < kept; ++k)
        mixture += largest[k] + log(sums[k]) - log((double)kept);
    free(z);
    *information = negative_entropy(sample) - mixture / (double)kept;
    return VAE_OK;
}
