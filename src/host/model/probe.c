/* Fits a probe by Newton's method, its steps halved where need be, on standardised codes and balanced classes. */
#include "model/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cholesky.h"

enum { MAX_STEPS = 100, MAX_HALVINGS = 40 };

static const double gradient_end = 1e-9;

typedef struct fit {
    const float *codes;
    const int8_t *has;
    int64_t count, latent, width; /* width: latent + 1 */
    double l2;
    double class_weight[2];  /* c_i of a code that does not have it, that has it */
    double *mean, *inverse;  /* [latent]: x = (code - mean)·inverse */
    double *weights, *trial; /* [width] */
    double *gradient, *row;  /* [width] */
    double *hessian;         /* [width, width] */
} fit;

static vae_status allocate(fit *f)
{
    const size_t width = (size_t)f->width;
    f->mean = calloc(6 * width + width * width, sizeof *f->mean);
    if (!f->mean) return vae_error_set(VAE_ERROR_MEMORY, "probe: no memory for %lld dimensions", (long long)f->latent);
    f->inverse = f->mean + width;
    f->weights = f->inverse + width;
    f->trial = f->weights + width;
    f->gradient = f->trial + width;
    f->row = f->gradient + width;
    f->hessian = f->row + width;
    return VAE_OK;
}

static bool is_in(const fit *f, int64_t i)
{
    return f->has[i] == 0 || f->has[i] == 1;
}

static vae_status weigh_classes(fit *f)
{
    int64_t in_class[2] = {0, 0};
    for (int64_t i = 0; i < f->count; ++i) {
        if (is_in(f, i)) ++in_class[f->has[i]];
    }
    for (int k = 0; k < 2; ++k) {
        if (in_class[k] == 0) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "none is known to %s it", k ? "have" : "lack");
        }
        f->class_weight[k] = 0.5 / (double)in_class[k];
    }
    return VAE_OK;
}

/* Mean and standard deviation of each dimension, both classes weighing the same. */
static void find_scale(fit *f)
{
    for (int64_t i = 0; i < f->count; ++i) {
        for (int64_t j = 0; is_in(f, i) && j < f->latent; ++j)
            f->mean[j] += f->class_weight[f->has[i]] * (double)f->codes[i * f->latent + j];
    }
    for (int64_t i = 0; i < f->count; ++i) {
        for (int64_t j = 0; is_in(f, i) && j < f->latent; ++j) {
            const double difference = (double)f->codes[i * f->latent + j] - f->mean[j];
            f->inverse[j] += f->class_weight[f->has[i]] * difference * difference;
        }
    }
    /* A dimension that never changes tells nothing. */
    for (int64_t j = 0; j < f->latent; ++j)
        f->inverse[j] = f->inverse[j] > 0.0 ? 1.0 / sqrt(f->inverse[j]) : 0.0;
}

/* Standardised code i with a one at its end. */
static void fill_row(fit *f, int64_t i)
{
    for (int64_t j = 0; j < f->latent; ++j)
        f->row[j] = ((double)f->codes[i * f->latent + j] - f->mean[j]) * f->inverse[j];
    f->row[f->latent] = 1.0;
}

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

static double penalty(const fit *f, const double *weights)
{
    return 0.5 * f->l2 * dot(weights, weights, f->latent);
}

static double loss_at(fit *f, const double *weights)
{
    double loss = penalty(f, weights);
    for (int64_t i = 0; i < f->count; ++i) {
        if (!is_in(f, i)) continue;
        fill_row(f, i);
        const double margin = (f->has[i] ? 1.0 : -1.0) * dot(f->row, weights, f->width);
        loss += f->class_weight[f->has[i]] * (fmax(-margin, 0.0) + log1p(exp(-fabs(margin))));
    }
    return loss;
}

/* Gradient and the Hessian's lower triangle at the weights. */
static void differentiate(fit *f)
{
    memset(f->hessian, 0, (size_t)(f->width * f->width) * sizeof *f->hessian);
    for (int64_t j = 0; j < f->width; ++j)
        f->gradient[j] = j < f->latent ? f->l2 * f->weights[j] : 0.0;
    for (int64_t i = 0; i < f->count; ++i) {
        if (!is_in(f, i)) continue;
        fill_row(f, i);
        const double p = 1.0 / (1.0 + exp(-dot(f->row, f->weights, f->width)));
        const double slope = f->class_weight[f->has[i]] * (p - (double)f->has[i]);
        const double curvature = f->class_weight[f->has[i]] * p * (1.0 - p);
        for (int64_t j = 0; j < f->width; ++j) {
            f->gradient[j] += slope * f->row[j];
            const double part = curvature * f->row[j];
            for (int64_t k = 0; k <= j; ++k)
                f->hessian[j * f->width + k] += part * f->row[k];
        }
    }
    for (int64_t j = 0; j < f->latent; ++j)
        f->hessian[j * f->width + j] += f->l2;
    /* Where all are told apart the curvature along the intercept may vanish. */
    f->hessian[f->width * f->width - 1] += 1e-12;
}

/* Along -step, halved until the loss falls. False: it does not, so this is the minimum as far as double can tell. */
static bool descend(fit *f, const double *step, double *loss)
{
    for (int halving = 0; halving < MAX_HALVINGS; ++halving) {
        const double length = ldexp(1.0, -halving);
        for (int64_t j = 0; j < f->width; ++j)
            f->trial[j] = f->weights[j] - length * step[j];
        const double found = loss_at(f, f->trial);
        if (!(found < *loss)) continue;
        *loss = found;
        memcpy(f->weights, f->trial, (size_t)f->width * sizeof *f->weights);
        return true;
    }
    return false;
}

static vae_status minimise(fit *f)
{
    double loss = loss_at(f, f->weights);
    for (int step = 0; step < MAX_STEPS; ++step) {
        differentiate(f);
        if (sqrt(dot(f->gradient, f->gradient, f->width)) < gradient_end) return VAE_OK;
        if (!vae_cholesky_factor(f->hessian, f->width)) break;
        vae_cholesky_solve(f->hessian, f->width, f->gradient);
        if (!descend(f, f->gradient, &loss)) return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_NUMERIC, "probe: the logistic regression does not converge; give a larger --l2");
}

/* From weights of standardised codes to weights of codes. */
static vae_status take_weights(const fit *f, vae_probe *probe)
{
    probe->latent = f->latent;
    probe->weights = calloc((size_t)f->width, sizeof *probe->weights);
    if (!probe->weights) return vae_error_set(VAE_ERROR_MEMORY, "probe: out of memory");
    probe->weights[f->latent] = f->weights[f->latent];
    for (int64_t j = 0; j < f->latent; ++j) {
        probe->weights[j] = f->weights[j] * f->inverse[j];
        probe->weights[f->latent] -= probe->weights[j] * f->mean[j];
    }
    return VAE_OK;
}

vae_status vae_probe_fit(const float *codes, const int8_t *has, int64_t count, int64_t latent, double l2,
                         vae_probe *probe)
{
    fit f = {.codes = codes, .has = has, .count = count, .latent = latent, .width = latent + 1, .l2 = l2};
    *probe = (vae_probe){0};
    vae_status status = allocate(&f);
    if (!status) status = weigh_classes(&f);
    if (!status) {
        find_scale(&f);
        status = minimise(&f);
    }
    if (!status) status = take_weights(&f, probe);
    free(f.mean);
    return status;
}

void vae_probe_free(vae_probe *probe)
{
    free(probe->weights);
    *probe = (vae_probe){0};
}

double vae_probe_score(const vae_probe *probe, const float *code)
{
    double score = probe->weights[probe->latent];
    for (int64_t j = 0; j < probe->latent; ++j)
        score += probe->weights[j] * (double)code[j];
    return score;
}

double vae_probe_balanced_accuracy(const vae_probe *probe, const float *codes, const int8_t *has, int64_t count)
{
    int64_t in_class[2] = {0, 0}, right[2] = {0, 0};
    for (int64_t i = 0; i < count; ++i) {
        if (has[i] != 0 && has[i] != 1) continue;
        ++in_class[has[i]];
        right[has[i]] += (vae_probe_score(probe, codes + i * probe->latent) > 0.0) == (has[i] == 1);
    }
    return 0.5 * ((double)right[0] / (double)in_class[0] + (double)right[1] / (double)in_class[1]);
}
