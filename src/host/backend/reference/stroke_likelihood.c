/* stroke_likelihood: a mixture of bivariate Gaussians for each stroke, and the state of its pen. */
#include <math.h>

#include "backend/check.h"
#include "backend/reference/kernels.h"
#include "program/stroke.h"

static double log_sum_exp(const double *x, int64_t count)
{
    double largest = x[0], sum = 0.0;
    for (int64_t i = 1; i < count; ++i)
        largest = fmax(largest, x[i]);
    for (int64_t i = 0; i < count; ++i)
        sum += exp(x[i] - largest);
    return largest + log(sum);
}

/* log N of a component, and its derivatives by all parts but the weight. */
typedef struct component {
    double value, derivatives[VAE_STROKE_PARTS];
} component;

static component component_of(const double parts[VAE_STROKE_PARTS], double dx, double dy)
{
    const double x = (dx - parts[VAE_STROKE_MEAN_X]) * exp(-parts[VAE_STROKE_LOG_DEVIATION_X]);
    const double y = (dy - parts[VAE_STROKE_MEAN_Y]) * exp(-parts[VAE_STROKE_LOG_DEVIATION_Y]);
    const double correlation = tanh(parts[VAE_STROKE_CORRELATION]);
    /* 1 - tanh², which would cancel. */
    const double e = exp(-2 * fabs(parts[VAE_STROKE_CORRELATION])), rest = 4 * e / ((1 + e) * (1 + e));
    const double by_x = (x - correlation * y) / rest, by_y = (y - correlation * x) / rest;
    const double square = by_x * x + by_y * y;
    return (component){
        .value = -log(2 * M_PI) - parts[VAE_STROKE_LOG_DEVIATION_X] - parts[VAE_STROKE_LOG_DEVIATION_Y] -
                 0.5 * log(rest) - 0.5 * square,
        .derivatives = {0, by_x * exp(-parts[VAE_STROKE_LOG_DEVIATION_X]),
                        by_y * exp(-parts[VAE_STROKE_LOG_DEVIATION_Y]), by_x * x - 1, by_y * y - 1,
                        correlation + x * y - correlation * square},
    };
}

/* log p of an offset; gradient, unless NULL, gets its derivatives by the parts times `weight`. It may be `prediction`.
 */
static double run_offset(const double *prediction, int64_t mixtures, const double *target, bool published,
                         double weight, double *gradient)
{
    component components[VAE_STROKE_MIXTURES];
    double terms[VAE_STROKE_MIXTURES] = {0.0};
    for (int64_t k = 0; k < mixtures; ++k) {
        double parts[VAE_STROKE_PARTS];
        for (int p = 0; p < VAE_STROKE_PARTS; ++p)
            parts[p] = prediction[p * mixtures + k];
        components[k] = component_of(parts, target[0], target[1]);
        terms[k] = parts[VAE_STROKE_LOG_WEIGHT] + components[k].value;
    }
    const double normaliser = log_sum_exp(prediction, mixtures), sum = log_sum_exp(terms, mixtures);
    double part = 1.0, value = sum - normaliser;
    if (published) value = vae_stroke_log_density(value, &part);
    for (int64_t k = 0; gradient && k < mixtures; ++k) {
        const double share = exp(terms[k] - sum);
        for (int p = VAE_STROKE_MEAN_X; p < VAE_STROKE_PARTS; ++p)
            gradient[p * mixtures + k] = weight * part * share * components[k].derivatives[p];
        gradient[k] = weight * part * (share - exp(prediction[k] - normaliser));
    }
    return value;
}

/* The same of a pen, by its logits. */
static double run_pen(const double *logits, const double *target, double weight, double *gradient)
{
    const double normaliser = log_sum_exp(logits, VAE_PEN_STATES);
    double value = 0;
    for (int s = 0; s < VAE_PEN_STATES; ++s) {
        const double log_share = logits[s] - normaliser;
        if (target[s] > 0) value = log_share;
        if (gradient) gradient[s] = weight * (target[s] - exp(log_share));
    }
    return value;
}

vae_status vae_reference_stroke_likelihood(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 2)->size[0], count = vae_call_input_shape(call, 0)->size[0];
    const int64_t mixtures = call->op->attributes.stroke_likelihood.mixtures;
    const bool published = call->op->attributes.stroke_likelihood.published;
    const int64_t pen = VAE_STROKE_PARTS * mixtures, columns = pen + VAE_PEN_STATES;
    const double *lengths = call->inputs[2], *row_weight = call->inputs[3];
    const double weight = vae_weight_value(call->op->attributes.stroke_likelihood.weight, call->step);
    double *ll = call->outputs[0], *gradients = call->outputs[1];
    for (int64_t r = 0; ll && r < rows; ++r)
        ll[r] = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = i % rows, step = i / rows;
        const double *prediction = (const double *)call->inputs[0] + i * columns;
        const double *target = (const double *)call->inputs[1] + i * VAE_STROKE_NUMBERS;
        double *gradient = gradients ? gradients + i * columns : NULL;
        const bool counts = (double)step < lengths[row];
        const bool pen_counts = counts || (published && lengths[row] > 0);
        const bool offset_counts = counts && target[VAE_STROKE_END] == 0;
        const double scale = weight * (row_weight ? row_weight[row] : 1.0);
        if (pen_counts) VAE_TRY(vae_check_pen(target[2], target[3], target[4], step, row));
        const double offset_ll =
            offset_counts ? run_offset(prediction, mixtures, target, published, scale, gradient) : 0;
        const double pen_ll =
            pen_counts ? run_pen(prediction + pen, target + VAE_STROKE_DOWN, scale, gradient ? gradient + pen : NULL)
                       : 0;
        if (ll) ll[row] += offset_ll + pen_ll;
        for (int64_t c = 0; gradient && c < columns; ++c)
            if (!(c < pen ? offset_counts : pen_counts)) gradient[c] = 0;
    }
    return VAE_OK;
}
