/* Fits a mixture by k-means++, k-means and expectation maximisation, and draws codes from it. */
#include "model/mixture.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/cholesky.h"
#include "core/processors.h"
#include "core/random.h"

enum { STEP_START, STEP_COMPONENT, STEP_NORMAL };
enum { MAX_LLOYD = 20, LANES = 8 };

/* A component that almost no code belongs to keeps its shape and loses its weight. */
static const double least_members = 1e-8;

typedef struct fit {
    const float *codes;
    int64_t count;
    const vae_mixture_options *options;
    vae_mixture *mixture;
    double *shares;  /* [count, components]: how much of each code belongs to which component */
    double *nearest; /* [count]: squared distance to a centre, then log density */
    double *scratch; /* [threads, room] */
    int64_t room;    /* LANES·(latent + components) */
    int threads;
} fit;

vae_mixture_options vae_mixture_defaults(int64_t components, uint64_t seed)
{
    return (vae_mixture_options){
        .components = components, .iterations = 100, .tolerance = 1e-3, .regularisation = 1e-6, .seed = seed};
}

static double *mean_of(const vae_mixture *m, int64_t k)
{
    return m->means + k * m->latent;
}

static double *factor_of(const vae_mixture *m, int64_t k)
{
    return m->factors + k * m->latent * m->latent;
}

/* Uniform in (0, 1]. */
static double uniform(uint64_t seed, uint64_t step, uint64_t element)
{
    const vae_philox random = vae_random_block(seed, VAE_STREAM_MIXTURE, step, element / 4);
    return ((double)random.word[element % 4] + 1.0) * 0x1p-32;
}

/* ---- Start: k-means++, then k-means ---- */

static double squared_distance(const fit *f, int64_t i, int64_t k)
{
    const float *code = f->codes + i * f->mixture->latent;
    const double *mean = mean_of(f->mixture, k);
    double sum = 0.0;
    for (int64_t j = 0; j < f->mixture->latent; ++j) {
        const double difference = (double)code[j] - mean[j];
        sum += difference * difference;
    }
    return sum;
}

/* The code at which the running sum of nearest[] passes a share of the whole; any, where all are zero. */
static int64_t draw_code(const fit *f, double share)
{
    double sum = 0.0, running = 0.0;
    for (int64_t i = 0; i < f->count; ++i)
        sum += f->nearest[i];
    if (!(sum > 0.0)) return (int64_t)ceil(share * (double)f->count) - 1;
    int64_t last = 0;
    for (int64_t i = 0; i < f->count; ++i) {
        running += f->nearest[i];
        if (f->nearest[i] > 0.0) last = i;
        if (running >= share * sum && f->nearest[i] > 0.0) return i;
    }
    return last;
}

static void choose_centres(fit *f)
{
    for (int64_t k = 0; k < f->mixture->components; ++k) {
        const int64_t chosen = draw_code(f, uniform(f->options->seed, STEP_START, (uint64_t)k));
        for (int64_t j = 0; j < f->mixture->latent; ++j)
            mean_of(f->mixture, k)[j] = (double)f->codes[chosen * f->mixture->latent + j];
        for (int64_t i = 0; i < f->count; ++i) {
            const double distance = squared_distance(f, i, k);
            f->nearest[i] = k == 0 ? distance : fmin(f->nearest[i], distance);
        }
    }
}

/* Gives each code to its nearest centre; true if one has changed hands. */
static bool assign(fit *f)
{
    const int64_t components = f->mixture->components;
    bool changed = false;
#pragma omp parallel for num_threads(f->threads) schedule(static) reduction(|| : changed)
    for (int64_t i = 0; i < f->count; ++i) {
        double *share = f->shares + i * components, least = INFINITY;
        int64_t best = 0;
        for (int64_t k = 0; k < components; ++k) {
            const double distance = squared_distance(f, i, k);
            if (!(distance < least)) continue;
            least = distance;
            best = k;
        }
        changed = changed || share[best] != 1.0;
        memset(share, 0, (size_t)components * sizeof *share);
        share[best] = 1.0;
    }
    return changed;
}

/* ---- Maximisation ---- */

/* Sums run over all codes in order, one thread a component, so that the result does not depend on how many there are.
 */
static double move_mean(fit *f, int64_t k)
{
    const int64_t latent = f->mixture->latent, components = f->mixture->components;
    double members = 0.0;
    for (int64_t i = 0; i < f->count; ++i)
        members += f->shares[i * components + k];
    if (members < least_members) return 0.0;
    double *mean = mean_of(f->mixture, k);
    memset(mean, 0, (size_t)latent * sizeof *mean);
    for (int64_t i = 0; i < f->count; ++i) {
        const double share = f->shares[i * components + k] / members;
        for (int64_t j = 0; share > 0.0 && j < latent; ++j)
            mean[j] += share * (double)f->codes[i * latent + j];
    }
    return members;
}

static bool move_covariance(fit *f, int64_t k, double members, double *difference)
{
    const int64_t latent = f->mixture->latent, components = f->mixture->components;
    const double *mean = mean_of(f->mixture, k);
    double *factor = factor_of(f->mixture, k);
    memset(factor, 0, (size_t)(latent * latent) * sizeof *factor);
    for (int64_t i = 0; i < f->count; ++i) {
        const double share = f->shares[i * components + k] / members;
        if (!(share > 0.0)) continue;
        for (int64_t j = 0; j < latent; ++j)
            difference[j] = (double)f->codes[i * latent + j] - mean[j];
        for (int64_t j = 0; j < latent; ++j) {
            const double part = share * difference[j];
            for (int64_t l = 0; l <= j; ++l)
                factor[j * latent + l] += part * difference[l];
        }
    }
    for (int64_t j = 0; j < latent; ++j)
        factor[j * latent + j] += f->options->regularisation;
    return vae_cholesky_factor(factor, latent);
}

/* log(weight × density) at the mean. */
static double log_height(const vae_mixture *m, int64_t k)
{
    return log(m->weights[k]) -
           0.5 * ((double)m->latent * log(2.0 * M_PI) + vae_cholesky_log_determinant(factor_of(m, k), m->latent));
}

static vae_status maximise(fit *f)
{
    const int64_t components = f->mixture->components;
    bool failed = false;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic) reduction(|| : failed)
    for (int64_t k = 0; k < components; ++k) {
        const double members = move_mean(f, k);
        f->mixture->weights[k] = members / (double)f->count;
        if (!(members > 0.0)) continue;
        failed = !move_covariance(f, k, members, f->scratch + omp_get_thread_num() * f->room) || failed;
        f->mixture->log_heights[k] = log_height(f->mixture, k);
    }
    if (!failed) return VAE_OK;
    return vae_error_set(VAE_ERROR_NUMERIC, "mixture: a component's covariance is not positive definite");
}

/* ---- Expectation ---- */

/* log(weight × density) of LANES codes at component k, in terms[lane·components + k]. difference [latent, LANES]:
 * codes lie side by side, so that the substitution runs over all of them at once. */
static void log_terms(const vae_mixture *m, const float *const *codes, int64_t k, double *difference, double *terms)
{
    const double *mean = mean_of(m, k), *factor = factor_of(m, k);
    double square[LANES] = {0.0};
    for (int64_t j = 0; j < m->latent; ++j) {
        double *x = difference + j * LANES;
        for (int lane = 0; lane < LANES; ++lane)
            x[lane] = (double)codes[lane][j] - mean[j];
        for (int64_t l = 0; l < j; ++l) {
            const double part = factor[j * m->latent + l];
            for (int lane = 0; lane < LANES; ++lane)
                x[lane] -= part * difference[l * LANES + lane];
        }
        const double scale = 1.0 / factor[j * m->latent + j];
        for (int lane = 0; lane < LANES; ++lane) {
            x[lane] *= scale;
            square[lane] += x[lane] * x[lane];
        }
    }
    for (int lane = 0; lane < LANES; ++lane)
        terms[lane * m->components + k] = m->log_heights[k] - 0.5 * square[lane];
}

/* Turns the terms of one code into shares; returns their log-sum-exp, the code's log density. */
static double normalise(double *terms, int64_t components)
{
    double largest = -INFINITY, sum = 0.0;
    for (int64_t k = 0; k < components; ++k)
        largest = fmax(largest, terms[k]);
    for (int64_t k = 0; k < components; ++k)
        sum += terms[k] = exp(terms[k] - largest);
    for (int64_t k = 0; k < components; ++k)
        terms[k] /= sum;
    return largest + log(sum);
}

/* Shares of the codes from `first` on, LANES of them; the last code fills the lanes left over. */
static void expect_block(fit *f, int64_t first, double *scratch)
{
    const vae_mixture *m = f->mixture;
    const float *codes[LANES];
    double *terms = scratch + LANES * m->latent;
    for (int lane = 0; lane < LANES; ++lane)
        codes[lane] = f->codes + (first + lane < f->count ? first + lane : f->count - 1) * m->latent;
    for (int64_t k = 0; k < m->components; ++k) {
        if (m->weights[k] > 0.0) {
            log_terms(m, codes, k, scratch, terms);
        } else {
            for (int lane = 0; lane < LANES; ++lane)
                terms[lane * m->components + k] = -INFINITY;
        }
    }
    for (int64_t i = first; i < f->count && i < first + LANES; ++i) {
        double *share = f->shares + i * m->components;
        memcpy(share, terms + (i - first) * m->components, (size_t)m->components * sizeof *share);
        f->nearest[i] = normalise(share, m->components);
    }
}

/* Shares of all codes; the mean log density. */
static double expect(fit *f)
{
#pragma omp parallel for num_threads(f->threads) schedule(static)
    for (int64_t block = 0; block < (f->count + LANES - 1) / LANES; ++block)
        expect_block(f, block * LANES, f->scratch + omp_get_thread_num() * f->room);
    double sum = 0.0;
    for (int64_t i = 0; i < f->count; ++i)
        sum += f->nearest[i];
    return sum / (double)f->count;
}

/* ---- All of it ---- */

static vae_status iterate(fit *f)
{
    vae_mixture *m = f->mixture;
    choose_centres(f);
    for (int round = 0; round < MAX_LLOYD && assign(f); ++round) {
        for (int64_t k = 0; k < m->components; ++k)
            move_mean(f, k);
    }
    m->log_density = -INFINITY;
    for (m->iterations = 0; m->iterations < f->options->iterations;) {
        VAE_TRY(maximise(f));
        const double found = expect(f), gain = found - m->log_density;
        ++m->iterations;
        m->log_density = found;
        if (!isfinite(found)) return vae_error_set(VAE_ERROR_NUMERIC, "mixture: the codes' density is not finite");
        if (gain < f->options->tolerance) break;
    }
    return VAE_OK;
}

static vae_status allocate(fit *f)
{
    vae_mixture *m = f->mixture;
    const int64_t k = m->components, d = m->latent;
    m->weights = calloc((size_t)(2 * k + k * d + k * d * d), sizeof *m->weights);
    f->shares = calloc((size_t)(f->count * (k + 1)), sizeof *f->shares);
    f->room = LANES * (d + k);
    f->scratch = calloc((size_t)f->threads * (size_t)f->room, sizeof *f->scratch);
    if (!m->weights || !f->shares || !f->scratch) return vae_error_set(VAE_ERROR_MEMORY, "mixture: out of memory");
    m->log_heights = m->weights + k;
    m->means = m->log_heights + k;
    m->factors = m->means + k * d;
    f->nearest = f->shares + f->count * k;
    return VAE_OK;
}

vae_status vae_mixture_fit(const float *codes, int64_t count, int64_t latent, const vae_mixture_options *options,
                           vae_mixture *mixture)
{
    *mixture = (vae_mixture){.components = options->components, .latent = latent};
    if (options->components < 1 || options->iterations < 1 || count < options->components) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "mixture: %lld components cannot be fitted to %lld codes",
                             (long long)options->components, (long long)count);
    }
    fit f = {.codes = codes, .count = count, .options = options, .mixture = mixture};
    f.threads = vae_processors_threads(options->threads);
    vae_status status = allocate(&f);
    if (!status) status = iterate(&f);
    free(f.shares);
    free(f.scratch);
    if (status) vae_mixture_free(mixture);
    return status;
}

void vae_mixture_free(vae_mixture *mixture)
{
    free(mixture->weights);
    *mixture = (vae_mixture){0};
}

/* ---- Sampling ---- */

static int64_t draw_component(const vae_mixture *m, double share)
{
    double running = 0.0;
    int64_t last = 0;
    for (int64_t k = 0; k < m->components; ++k) {
        if (!(m->weights[k] > 0.0)) continue;
        running += m->weights[k];
        last = k;
        if (running >= share) return k;
    }
    return last;
}

static void fill_normals(uint64_t seed, int64_t first, int64_t count, double *normals)
{
    for (int64_t j = 0; j < count; ++j) {
        const uint64_t element = (uint64_t)(first + j);
        double four[4];
        vae_random_normal4(seed, VAE_STREAM_MIXTURE, STEP_NORMAL, element / 4, four);
        normals[j] = four[element % 4];
    }
}

vae_status vae_mixture_sample(const vae_mixture *mixture, uint64_t seed, double temperature, int64_t first,
                              int64_t count, float *codes)
{
    const int64_t latent = mixture->latent;
    double *normals = calloc((size_t)latent, sizeof *normals);
    if (!normals) return vae_error_set(VAE_ERROR_MEMORY, "mixture: out of memory");
    for (int64_t i = first; i < first + count; ++i) {
        float *code = codes + (i - first) * latent;
        const int64_t k = draw_component(mixture, uniform(seed, STEP_COMPONENT, (uint64_t)i));
        const double *mean = mean_of(mixture, k), *factor = factor_of(mixture, k);
        fill_normals(seed, i * latent, latent, normals);
        for (int64_t j = 0; j < latent; ++j) {
            double deviation = 0.0;
            for (int64_t l = 0; l <= j; ++l)
                deviation += factor[j * latent + l] * normals[l];
            code[j] = (float)(mean[j] + temperature * deviation);
        }
    }
    free(normals);
    return VAE_OK;
}
