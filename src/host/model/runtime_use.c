/* Uses an open model: codes, items, likelihoods. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "model/evaluate.h"
#include "model/runtime_internal.h"

static vae_status check_arguments(const char *call, const vae_model *model, const float *input, int64_t count,
                                  int64_t width, const float *output)
{
    if (!model || !input || !output) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: model, input and output must not be NULL", call);
    }
    if (width == 0) return vae_error_set(VAE_ERROR_ARGUMENT, "%s: this model is of sequences, not of images", call);
    if (count < 1 || count > INT64_MAX / (int64_t)sizeof *input / width) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: count is %lld, but must be at least 1 and fit in memory", call,
                             (long long)count);
    }
    return VAE_OK;
}

/* `first` is the number of the first of these rows among the caller's. */
static vae_status check_finite(const char *call, const char *what, const float *values, int64_t first, int64_t rows,
                               int64_t width)
{
    for (int64_t i = 0; i < rows * width; ++i) {
        if (isfinite(values[i])) continue;
        return vae_error_set(VAE_ERROR_NUMERIC, "%s: row %lld of the %s holds a number that is not finite", call,
                             (long long)(first + i / width), what);
    }
    return VAE_OK;
}

/* Runs f->input_rows, of which `rows` are the caller's, from `first` on. */
static vae_status run_step(const char *call, vae_feed *f, const vae_step *step, int64_t first, int64_t rows)
{
    VAE_TRY(vae_runner_write(&f->runner, f->input, f->input_rows));
    VAE_TRY(vae_runner_run(&f->runner, step));
    VAE_TRY(vae_runner_read(&f->runner, f->output, f->output_rows));
    return check_finite(call, "result", f->output_rows, first, rows, f->output_width);
}

/* The noise-free programs need no step. */
static vae_status run_feed(const char *call, vae_feed *f, int64_t first, int64_t rows)
{
    const vae_step step = {0};
    return run_step(call, f, &step, first, rows);
}

/* [rows, elements] from [0, 1] to the scale the model was trained on. */
static void fill_encoder(vae_model *model, const float *items, int64_t rows)
{
    vae_feed *f = &model->encoder;
    const float scale = (float)(model->checkpoint.design.input.scale * 255.0),
                shift = (float)model->checkpoint.design.input.shift;
    memset(f->input_rows, 0, (size_t)(VAE_MODEL_ROWS * f->input_width) * sizeof *f->input_rows);
    for (int64_t i = 0; i < rows * f->input_width; ++i)
        f->input_rows[i] = items[i] * scale + shift;
}

static void take_posterior(const vae_model *model, int64_t rows, float *mean, float *log_variance)
{
    const vae_feed *f = &model->encoder;
    const int64_t latent = model->checkpoint.design.traits.latent;
    for (int64_t r = 0; r < rows; ++r) {
        const float *row = f->output_rows + r * f->output_width;
        memcpy(mean + r * latent, row, (size_t)latent * sizeof *mean);
        for (int64_t j = 0; log_variance && j < latent; ++j) {
            log_variance[r * latent + j] = f->output_width == latent ? -INFINITY : row[latent + j];
        }
    }
}

vae_status vae_model_encode(vae_model *model, const float *items, int64_t count, float *mean, float *log_variance)
{
    static const char call[] = "vae_model_encode";
    VAE_TRY(check_arguments(call, model, items, count, model ? model->encoder.input_width : 1, mean));
    const int64_t elements = model->encoder.input_width, latent = model->checkpoint.design.traits.latent;
    for (int64_t first = 0; first < count; first += VAE_MODEL_ROWS) {
        const int64_t rows = count - first < VAE_MODEL_ROWS ? count - first : VAE_MODEL_ROWS;
        VAE_TRY(check_finite(call, "input", items + first * elements, first, rows, elements));
        fill_encoder(model, items + first * elements, rows);
        VAE_TRY(run_feed(call, &model->encoder, first, rows));
        take_posterior(model, rows, mean + first * latent, log_variance ? log_variance + first * latent : NULL);
    }
    return VAE_OK;
}

/* Of the decoder, or of draws around it. */
static void take_items(const vae_model *model, const vae_feed *f, int64_t rows, float *items)
{
    const float scale = (float)(1.0 / (model->checkpoint.design.input.scale * 255.0));
    const float shift = (float)model->checkpoint.design.input.shift;
    const bool levels = model->checkpoint.design.input.dtype == VAE_UINT8;
    for (int64_t i = 0; i < rows * f->output_width; ++i) {
        const float value = (f->output_rows[i] - shift) * scale;
        items[i] = !levels ? value : value < 0.0f ? 0.0f : (value > 1.0f ? 1.0f : value);
    }
}

/* A step counts the noise of its rows from step.first_row on. */
static vae_status decode(const char *call, vae_model *model, vae_feed *f, vae_step step, const float *codes,
                         int64_t count, float *items)
{
    const int64_t begin = step.first_row;
    for (int64_t first = 0; first < count; first += VAE_MODEL_ROWS) {
        const int64_t rows = count - first < VAE_MODEL_ROWS ? count - first : VAE_MODEL_ROWS;
        VAE_TRY(check_finite(call, "input", codes + first * f->input_width, first, rows, f->input_width));
        memset(f->input_rows, 0, (size_t)(VAE_MODEL_ROWS * f->input_width) * sizeof *f->input_rows);
        memcpy(f->input_rows, codes + first * f->input_width, (size_t)(rows * f->input_width) * sizeof *codes);
        step.first_row = begin + first;
        VAE_TRY(run_step(call, f, &step, first, rows));
        take_items(model, f, rows, items + first * f->output_width);
    }
    return VAE_OK;
}

vae_status vae_model_decode(vae_model *model, const float *codes, int64_t count, float *items)
{
    static const char call[] = "vae_model_decode";
    VAE_TRY(check_arguments(call, model, codes, count, model ? model->decoder.input_width : 1, items));
    return decode(call, model, &model->decoder, (vae_step){0}, codes, count, items);
}

vae_status vae_model_draw_from(vae_model *model, uint64_t seed, const float *codes, int64_t first, int64_t count,
                               float *items)
{
    static const char call[] = "vae_model_draw";
    VAE_TRY(check_arguments(call, model, codes, count, model ? model->decoder.input_width : 1, items));
    if (!model->draw.runner.executable) VAE_TRY(vae_feed_open(model, &model->draw, VAE_ROLE_DRAW, "z", "x"));
    return decode(call, model, &model->draw, (vae_step){.seed = seed, .first_row = first}, codes, count, items);
}

vae_status vae_model_sample_prior(vae_model *model, uint64_t seed, double temperature, int64_t count, float *codes)
{
    return vae_model_sample_prior_from(model, seed, temperature, 0, count, codes);
}

/* Rows first … first + count - 1 of [∞, width] normals times the temperature. */
static void fill_normals(uint64_t seed, double temperature, int64_t first, int64_t count, int64_t width, float *values)
{
    const int64_t begin = first * width, end = (first + count) * width;
    for (int64_t four = begin / 4 * 4; four < end; four += 4) {
        double normal[4];
        vae_random_normal4(seed, VAE_STREAM_PRIOR, 0, (uint64_t)four / 4, normal);
        for (int64_t i = four < begin ? begin : four; i < four + 4 && i < end; ++i)
            values[i - begin] = (float)(temperature * normal[i % 4]);
    }
}

/* Draws of every stochastic layer, from the last to the first. */
static vae_status sample_layers(const char *call, vae_model *model, uint64_t seed, double temperature, int64_t first,
                                int64_t count, float *codes)
{
    vae_feed *f = &model->prior;
    for (int64_t done = 0; done < count; done += VAE_MODEL_ROWS) {
        const int64_t rows = count - done < VAE_MODEL_ROWS ? count - done : VAE_MODEL_ROWS;
        memset(f->input_rows, 0, (size_t)(VAE_MODEL_ROWS * f->input_width) * sizeof *f->input_rows);
        fill_normals(seed, temperature, first + done, rows, f->input_width, f->input_rows);
        VAE_TRY(run_feed(call, f, first + done, rows));
        memcpy(codes + done * f->output_width, f->output_rows, (size_t)(rows * f->output_width) * sizeof *codes);
    }
    return VAE_OK;
}

vae_status vae_model_sample_prior_from(vae_model *model, uint64_t seed, double temperature, int64_t first,
                                       int64_t count, float *codes)
{
    static const char call[] = "vae_model_sample_prior";
    VAE_TRY(check_arguments(call, model, codes, count, model ? model->checkpoint.design.traits.latent : 1, codes));
    if (!(temperature >= 0 && temperature <= FLT_MAX)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: temperature is %g, but must be from 0 to 3.4e38", call,
                             temperature);
    }
    if (model->prior.runner.executable) return sample_layers(call, model, seed, temperature, first, count, codes);
    fill_normals(seed, temperature, first, count, model->checkpoint.design.traits.latent, codes);
    return VAE_OK;
}

vae_status vae_model_sample(vae_model *model, uint64_t seed, double temperature, int64_t count, float *items)
{
    static const char call[] = "vae_model_sample";
    VAE_TRY(check_arguments(call, model, items, count, model ? model->decoder.output_width : 1, items));
    const int64_t latent = model->decoder.input_width, elements = model->decoder.output_width;
    float *codes = malloc((size_t)(VAE_MODEL_ROWS * latent) * sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", call);
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < count && !status; first += VAE_MODEL_ROWS) {
        const int64_t rows = count - first < VAE_MODEL_ROWS ? count - first : VAE_MODEL_ROWS;
        status = vae_model_sample_prior_from(model, seed, temperature, first, rows, codes);
        if (!status) status = vae_model_decode(model, codes, rows, items + first * elements);
    }
    free(codes);
    return status;
}

/* ---- Likelihoods ---- */

/* `room` [VAE_MODEL_ROWS]. Runs are whole ones of VAE_MODEL_ROWS samples, of which the last one's surplus is left out.
 */
static vae_status bound_item(vae_model *model, int64_t row, int64_t samples, uint64_t seed, float *room, double *value)
{
    const int64_t runs = (samples + VAE_MODEL_ROWS - 1) / VAE_MODEL_ROWS;
    vae_log_sum sum = vae_log_sum_start();
    for (int64_t run = 0; run < runs; ++run) {
        const int64_t left = samples - run * VAE_MODEL_ROWS;
        const vae_step step = {.seed = seed, .step = (uint64_t)(row * runs + run), .beta = 1.0};
        VAE_TRY(vae_runner_write(&model->bound, "x", model->encoder.input_rows));
        VAE_TRY(vae_runner_run(&model->bound, &step));
        VAE_TRY(vae_runner_read(&model->bound, "log_weight", room));
        for (int64_t i = 0; i < VAE_MODEL_ROWS && i < left; ++i)
            vae_log_sum_add(&sum, (double)room[i]);
    }
    *value = vae_log_sum_value(&sum) - log((double)samples) - model->log_deviation;
    return VAE_OK;
}

vae_status vae_model_log_likelihood(vae_model *model, const float *items, int64_t count, int64_t samples, uint64_t seed,
                                    double *log_likelihoods)
{
    static const char call[] = "vae_model_log_likelihood";
    const int64_t elements = model ? model->encoder.input_width : 1;
    float room[VAE_MODEL_ROWS];
    VAE_TRY(check_arguments(call, model, items, count, elements, (const float *)log_likelihoods));
    if (samples < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: samples is %lld, but must be at least 1", call,
                             (long long)samples);
    }
    if (!model->bound.executable) {
        const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
        VAE_TRY(vae_runner_create(&model->bound, &instance,
                                  (vae_build){.role = VAE_ROLE_BOUND, .rows = 1, .samples = VAE_MODEL_ROWS}, NULL));
    }
    for (int64_t row = 0; row < count; ++row) {
        VAE_TRY(check_finite(call, "input", items + row * elements, row, 1, elements));
        fill_encoder(model, items + row * elements, 1);
        VAE_TRY(bound_item(model, row, samples, seed, room, &log_likelihoods[row]));
        if (!isfinite(log_likelihoods[row])) {
            return vae_error_set(VAE_ERROR_NUMERIC, "%s: row %lld of the result is not finite", call, (long long)row);
        }
    }
    return VAE_OK;
}
