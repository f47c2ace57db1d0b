/* Appends lines to metrics.jsonl, after cutting off those that a resumed run will write again. */
#include "train/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"

/* Digits of a number: enough to compare runs, few enough to read. */
enum { DIGITS = 10 };

#define ROW(NAME, name, presence, title, unit, sign)                                                                   \
    {#name, title, unit, presence, sign, offsetof(vae_metrics_line, name)},
const vae_metrics_field_info vae_metrics_fields[VAE_FIELD_COUNT] = {VAE_METRICS_FIELD_MAP(ROW)};
#undef ROW

vae_metrics_line vae_metrics_line_make(int64_t epoch, int64_t step, const char *split)
{
    vae_metrics_line line = {.epoch = epoch, .step = step, .split = split};
    for (int field = 0; field < VAE_FIELD_COUNT; ++field)
        *(double *)((char *)&line + vae_metrics_fields[field].offset) = NAN;
    return line;
}

double vae_metrics_value(const vae_metrics_line *line, vae_metrics_field field)
{
    return *(const double *)((const char *)line + vae_metrics_fields[field].offset);
}

void vae_metrics_mean(const vae_design *design, const double sums[VAE_METRIC_COUNT], vae_metrics_line *line)
{
    const double rows = sums[VAE_METRIC_ROWS], steps = sums[VAE_METRIC_STEPS];
    const vae_traits *traits = &design->traits;
    line->reconstruction = rows > 0.0 ? sums[VAE_METRIC_RECONSTRUCTION] / rows : NAN;
    line->kl = rows > 0.0 && traits->has_posterior ? sums[VAE_METRIC_KL] / rows : NAN;
    line->bound = rows > 0.0 && traits->is_weighted ? sums[VAE_METRIC_BOUND] / rows : NAN;
    line->neg_elbo = line->reconstruction + line->kl;
    line->bits_per_dimension = vae_design_bits_per_dimension(design, line->neg_elbo);
    const double negative_elbo = sums[VAE_METRIC_RECONSTRUCTION] + sums[VAE_METRIC_KL];
    const double sequence_steps = sums[VAE_METRIC_SEQUENCE_STEPS];
    if (design->input.kind == VAE_KIND_TEXT && sequence_steps > 0.0) {
        line->perplexity = exp(negative_elbo / sequence_steps);
    }
    line->encoder_updates =
        steps > 0.0 && design->config.train.encoder_updates > 0 ? sums[VAE_METRIC_ENCODER_UPDATES] / steps : NAN;
    line->grad_norm = steps > 0.0 ? sums[VAE_METRIC_GRADIENT_NORM] / steps : NAN;
}

static vae_status io_error(const vae_metrics_log *log, const char *what)
{
    return vae_error_set(VAE_ERROR_IO, "%s: %s: %s", log->path, what, strerror(errno));
}

/* Leaves the file's position after its first `keep` whole lines, or after all if there are fewer. */
static vae_status skip_lines(vae_metrics_log *log, int64_t keep)
{
    long end = 0;
    for (int c; log->lines < keep && (c = getc(log->file)) != EOF;) {
        if (c != '\n') continue;
        log->lines++;
        end = ftell(log->file);
    }
    if (ferror(log->file)) return io_error(log, "cannot be read");
    log->missing = keep - log->lines;
    if (fseek(log->file, end, SEEK_SET) || ftruncate(fileno(log->file), end)) {
        return io_error(log, "cannot be truncated");
    }
    return VAE_OK;
}

vae_status vae_metrics_open(vae_metrics_log *log, const char *path, int64_t keep)
{
    *log = (vae_metrics_log){.path = path};
    const int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return io_error(log, "cannot be opened");
    log->file = fdopen(descriptor, "r+");
    if (!log->file) {
        const vae_status status = io_error(log, "cannot be opened");
        close(descriptor);
        return status;
    }
    const vae_status status = skip_lines(log, keep);
    if (status) vae_metrics_close(log);
    return status;
}

json_t *vae_metrics_kl_to_json(const vae_latent_statistics *latent, bool has_kl)
{
    json_t *kl = has_kl ? json_array() : json_null();
    for (int64_t j = 0; json_is_array(kl) && j < latent->latent; ++j)
        json_array_append_new(kl, vae_json_number(vae_latent_statistics_kl(latent, j)));
    return kl;
}

static bool add_fields(json_t *object, const vae_metrics_line *line)
{
    bool added = true;
    for (int field = 0; field < VAE_FIELD_COUNT; ++field) {
        const double value = vae_metrics_value(line, (vae_metrics_field)field);
        if (vae_metrics_fields[field].presence == VAE_FIELD_OPTIONAL && isnan(value)) continue;
        /* A count is written as one. */
        json_t *number = field == VAE_FIELD_ACTIVE_UNITS ? json_integer((json_int_t)value) : vae_json_number(value);
        added = added && !json_object_set_new(object, vae_metrics_fields[field].name, number);
    }
    return added;
}

/* An autoencoder, known by its line, has codes but no KL. */
static bool add_latent(json_t *object, const vae_metrics_line *line, const vae_latent_statistics *latent)
{
    return !latent ||
           !json_object_set_new(object, "kl_per_dimension", vae_metrics_kl_to_json(latent, !isnan(line->kl)));
}

vae_status vae_metrics_write(vae_metrics_log *log, const vae_metrics_line *line, const vae_latent_statistics *latent)
{
    json_t *object = json_pack("{s:I, s:I, s:s}", "epoch", (json_int_t)line->epoch, "step", (json_int_t)line->step,
                               "split", line->split);
    if (!object || !add_fields(object, line) || !add_latent(object, line, latent)) {
        json_decref(object);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for a line", log->path);
    }
    const bool failed = json_dumpf(object, log->file, JSON_REAL_PRECISION(DIGITS)) || fputc('\n', log->file) == EOF ||
                        fflush(log->file);
    json_decref(object);
    if (failed) return io_error(log, "cannot be written");
    log->lines++;
    return VAE_OK;
}

vae_status vae_metrics_sync(vae_metrics_log *log)
{
    return fsync(fileno(log->file)) ? io_error(log, "cannot be flushed to disk") : VAE_OK;
}

void vae_metrics_close(vae_metrics_log *log)
{
    if (log->file) fclose(log->file);
    log->file = NULL;
}
