/* Fits a probe of many classes: the loss and its gradient over pieces of the codes, for the minimiser of core/. */
#include "model/class_probe.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/lbfgs.h"
#include "core/processors.h"

/* Codes that go through the weights together, and pieces of all codes, whose sums are added up in their order. */
enum { LANES = 4, PIECES = 16 };

/* From there on accuracies change by less than a thousandth. */
static const double gradient_end = 1e-4;
enum { MAX_STEPS = 2000 };

typedef struct fit {
    const vae_labelled_codes *data;
    int64_t width, members; /* width: latent + 1; members: codes that have a label */
    double l2;
    int threads;
    double *mean, *inverse; /* [latent]: x = (code - mean)·inverse */
    double *partial;        /* [PIECES, width, classes]: gradients */
    double *losses;         /* [PIECES] */
    double *scratch;        /* [PIECES, LANES·(width + classes)] */
} fit;

static vae_status no_memory(const vae_labelled_codes *data)
{
    return vae_error_set(VAE_ERROR_MEMORY,
                         "probe: no memory for %" PRId64 " classes of codes of %" PRId64 " dimensions", data->classes,
                         data->latent);
}

static vae_status check_classes(fit *f)
{
    const vae_labelled_codes *data = f->data;
    int64_t *members = calloc((size_t)data->classes + 1, sizeof *members);
    if (!members) return no_memory(data);
    for (int64_t i = 0; i < data->count; ++i) {
        if (data->labels[i] >= 0) members[data->labels[i]]++;
    }
    int64_t filled = 0;
    for (int64_t k = 0; k < data->classes; ++k) {
        f->members += members[k];
        filled += members[k] > 0;
    }
    free(members);
    if (data->classes > 1 && filled == data->classes) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "codes of two classes or more are needed, but %" PRId64 " of %" PRId64 " have any", filled,
                         data->classes);
}

/* ---- Codes ---- */

static void find_scale(fit *f)
{
    const vae_labelled_codes *data = f->data;
    const int64_t latent = data->latent;
    for (int64_t i = 0; i < data->count; ++i) {
        for (int64_t j = 0; data->labels[i] >= 0 && j < latent; ++j)
            f->mean[j] += (double)data->codes[i * latent + j] / (double)f->members;
    }
    for (int64_t i = 0; i < data->count; ++i) {
        for (int64_t j = 0; data->labels[i] >= 0 && j < latent; ++j) {
            const double difference = (double)data->codes[i * latent + j] - f->mean[j];
            f->inverse[j] += difference * difference / (double)f->members;
        }
    }
    /* A dimension that never changes tells nothing. */
    for (int64_t j = 0; j < latent; ++j)
        f->inverse[j] = f->inverse[j] > 0.0 ? 1.0 / sqrt(f->inverse[j]) : 0.0;
}

/* x [LANES, width]: standardised codes from `first` on, each with a one at its end; zeros for those without a label and
 * past the last. */
static void fill_rows(const fit *f, int64_t first, int64_t count, double *x)
{
    const int64_t latent = f->data->latent;
    memset(x, 0, (size_t)(LANES * f->width) * sizeof *x);
    for (int64_t i = 0; i < count; ++i) {
        if (f->data->labels[first + i] < 0) continue;
        for (int64_t j = 0; j < latent; ++j)
            x[i * f->width + j] = ((double)f->data->codes[(first + i) * latent + j] - f->mean[j]) * f->inverse[j];
        x[i * f->width + latent] = 1.0;
    }
}

/* scores [LANES, classes] = x [LANES, width] · weights [width, classes]. */
static void multiply(const double *x, const double *weights, int64_t width, int64_t classes, double *scores)
{
    double *s0 = scores, *s1 = s0 + classes, *s2 = s1 + classes, *s3 = s2 + classes;
    memset(scores, 0, (size_t)(LANES * classes) * sizeof *scores);
    for (int64_t j = 0; j < width; ++j) {
        const double *w = weights + j * classes;
        const double x0 = x[j], x1 = x[width + j], x2 = x[2 * width + j], x3 = x[3 * width + j];
        for (int64_t k = 0; k < classes; ++k) {
            s0[k] += x0 * w[k];
            s1[k] += x1 * w[k];
            s2[k] += x2 * w[k];
            s3[k] += x3 * w[k];
        }
    }
}

/* gradient [width, classes] += xᵀ · slopes [LANES, classes]. */
static void add_product(const double *x, const double *slopes, int64_t width, int64_t classes, double *gradient)
{
    const double *s0 = slopes, *s1 = s0 + classes, *s2 = s1 + classes, *s3 = s2 + classes;
    for (int64_t j = 0; j < width; ++j) {
        double *g = gradient + j * classes;
        const double x0 = x[j], x1 = x[width + j], x2 = x[2 * width + j], x3 = x[3 * width + j];
        for (int64_t k = 0; k < classes; ++k)
            g[k] += (x0 * s0[k] + x1 * s1[k]) + (x2 * s2[k] + x3 * s3[k]);
    }
}

/* ---- The loss ---- */

/* Scores become the loss's slopes along them; gives the loss of one code. */
static double take_slopes(double *scores, int64_t classes, int32_t label)
{
    double largest = -INFINITY, sum = 0.0;
    if (label < 0) {
        memset(scores, 0, (size_t)classes * sizeof *scores);
        return 0.0;
    }
    for (int64_t k = 0; k < classes; ++k)
        largest = fmax(largest, scores[k]);
    const double own = scores[label] - largest;
    for (int64_t k = 0; k < classes; ++k) {
        scores[k] = exp(scores[k] - largest);
        sum += scores[k];
    }
    for (int64_t k = 0; k < classes; ++k)
        scores[k] /= sum;
    scores[label] -= 1.0;
    return log(sum) - own;
}

static void add_piece(const fit *f, const double *weights, int64_t piece)
{
    const vae_labelled_codes *data = f->data;
    const int64_t classes = data->classes;
    const int64_t begin = data->count * piece / PIECES, end = data->count * (piece + 1) / PIECES;
    double *x = f->scratch + piece * LANES * (f->width + classes), *scores = x + LANES * f->width;
    double *gradient = f->partial + piece * f->width * classes, loss = 0.0;
    memset(gradient, 0, (size_t)(f->width * classes) * sizeof *gradient);
    for (int64_t i = begin; i < end; i += LANES) {
        const int64_t count = end - i < LANES ? end - i : LANES;
        fill_rows(f, i, count, x);
        multiply(x, weights, f->width, classes, scores);
        for (int64_t lane = 0; lane < LANES; ++lane)
            loss += take_slopes(scores + lane * classes, classes, lane < count ? data->labels[i + lane] : -1);
        add_product(x, scores, f->width, classes, gradient);
    }
    f->losses[piece] = loss;
}

/* The sum over pieces, each row of weights by one thread, and what the penalty adds. */
static double add_up(const fit *f, const double *weights, double *gradient)
{
    const int64_t classes = f->data->classes, numbers = f->width * classes, penalised = f->data->latent * classes;
    double loss = 0.0, squares = 0.0;
#pragma omp parallel for num_threads(f->threads) schedule(static)
    for (int64_t i = 0; i < numbers; ++i) {
        double sum = 0.0;
        for (int64_t piece = 0; piece < PIECES; ++piece)
            sum += f->partial[piece * numbers + i];
        gradient[i] = sum / (double)f->members + (i < penalised ? f->l2 * weights[i] : 0.0);
    }
    for (int64_t i = 0; i < penalised; ++i)
        squares += weights[i] * weights[i];
    for (int64_t piece = 0; piece < PIECES; ++piece)
        loss += f->losses[piece];
    return loss / (double)f->members + 0.5 * f->l2 * squares;
}

static double evaluate(void *context, const double *weights, double *gradient)
{
    const fit *f = context;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic)
    for (int64_t piece = 0; piece < PIECES; ++piece)
        add_piece(f, weights, piece);
    return add_up(f, weights, gradient);
}

/* ---- The probe ---- */

static vae_status allocate(fit *f, vae_class_probe *probe)
{
    const size_t width = (size_t)f->width, classes = (size_t)f->data->classes;
    f->mean = calloc(2 * width + PIECES * (width * classes + 1 + LANES * (width + classes)), sizeof *f->mean);
    probe->weights = calloc(width * classes, sizeof *probe->weights);
    if (!f->mean || !probe->weights) return no_memory(f->data);
    f->inverse = f->mean + width;
    f->losses = f->inverse + width;
    f->scratch = f->losses + PIECES;
    f->partial = f->scratch + PIECES * LANES * (width + classes);
    return VAE_OK;
}

/* From weights of standardised codes to weights of codes. */
static void rescale(const fit *f, double *weights)
{
    const int64_t classes = f->data->classes;
    double *intercepts = weights + f->data->latent * classes;
    for (int64_t j = 0; j < f->data->latent; ++j) {
        for (int64_t k = 0; k < classes; ++k) {
            weights[j * classes + k] *= f->inverse[j];
            intercepts[k] -= weights[j * classes + k] * f->mean[j];
        }
    }
}

static vae_status run_fit(fit *f, vae_class_probe *probe)
{
    VAE_TRY(check_classes(f));
    VAE_TRY(allocate(f, probe));
    find_scale(f);
    const vae_lbfgs search = {f->width * f->data->classes, evaluate, f, gradient_end, MAX_STEPS};
    const vae_status status = vae_lbfgs_minimise(&search, probe->weights);
    if (status) return vae_error_prepend(status, "probe");
    rescale(f, probe->weights);
    return VAE_OK;
}

vae_status vae_class_probe_fit(const vae_labelled_codes *data, double l2, int threads, vae_class_probe *probe)
{
    fit f = {.data = data, .width = data->latent + 1, .l2 = l2, .threads = vae_processors_threads(threads)};
    *probe = (vae_class_probe){.latent = data->latent, .classes = data->classes};
    const vae_status status = run_fit(&f, probe);
    free(f.mean);
    if (status) vae_class_probe_free(probe);
    return status;
}

void vae_class_probe_free(vae_class_probe *probe)
{
    free(probe->weights);
    *probe = (vae_class_probe){0};
}

/* Equal scores are in the order of classes. */
static int64_t rank_of(const double *scores, int64_t classes, int32_t label)
{
    int64_t rank = 0;
    for (int64_t k = 0; k < classes; ++k)
        rank += scores[k] > scores[label] || (scores[k] == scores[label] && k < label);
    return rank;
}

static void rank_rows(const vae_class_probe *probe, const vae_labelled_codes *data, int64_t first, double *x,
                      int64_t *ranks)
{
    const int64_t width = probe->latent + 1, left = data->count - first, count = left < LANES ? left : LANES;
    double *scores = x + LANES * width;
    memset(x, 0, (size_t)(LANES * width) * sizeof *x);
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t j = 0; j < probe->latent; ++j)
            x[i * width + j] = (double)data->codes[(first + i) * probe->latent + j];
        x[i * width + probe->latent] = 1.0;
    }
    multiply(x, probe->weights, width, probe->classes, scores);
    for (int64_t i = 0; i < count; ++i) {
        const int32_t label = data->labels[first + i];
        ranks[first + i] = label < 0 ? -1 : rank_of(scores + i * probe->classes, probe->classes, label);
    }
}

vae_status vae_class_probe_rank(const vae_class_probe *probe, const vae_labelled_codes *data, int threads,
                                int64_t *ranks)
{
    const int used = vae_processors_threads(threads);
    const int64_t room = LANES * (probe->latent + 1 + probe->classes);
    double *scratch = malloc((size_t)used * (size_t)room * sizeof *scratch);
    if (!scratch) return no_memory(data);
#pragma omp parallel for num_threads(used) schedule(static)
    for (int64_t first = 0; first < data->count; first += LANES)
        rank_rows(probe, data, first, scratch + omp_get_thread_num() * room, ranks);
    free(scratch);
    return VAE_OK;
}
