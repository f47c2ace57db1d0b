/* Appends lines to metrics.jsonl, after cutting off those that a resumed run will write again. */
#include "train/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "model/objective.h"

/* Digits of a number: enough to compare runs, few enough to read. */
enum { DIGITS = 10 };

void vae_metrics_mean(const vae_config *config, const vae_input *input, const double sums[VAE_METRIC_COUNT],
                      vae_metrics_line *line)
{
    const double rows = sums[VAE_METRIC_ROWS], steps = sums[VAE_METRIC_STEPS];
    const vae_objective_info *objective = vae_objective_info_of(config->model.objective);
    line->reconstruction = rows > 0.0 ? sums[VAE_METRIC_RECONSTRUCTION] / rows : NAN;
    line->kl = rows > 0.0 && objective->has_posterior ? sums[VAE_METRIC_KL] / rows : NAN;
    line->bound = rows > 0.0 && objective->is_weighted ? sums[VAE_METRIC_BOUND] / rows : NAN;
    line->neg_elbo = line->reconstruction + line->kl;
    line->bits_per_dimension = vae_model_bits_per_dimension(config, input, line->neg_elbo);
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

/* An autoencoder, known by its line, has codes but no KL. */
static bool add_latent(json_t *object, const vae_metrics_line *line, const vae_latent_statistics *latent)
{
    json_t *kl = vae_metrics_kl_to_json(latent, !isnan(line->kl));
    return !json_object_set_new(object, "kl_per_dimension", kl) &&
           !json_object_set_new(object, "active_units", json_integer(vae_latent_statistics_active(latent)));
}

vae_status vae_metrics_write(vae_metrics_log *log, const vae_metrics_line *line, const vae_latent_statistics *latent)
{
    json_t *object =
        json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)line->epoch, "step",
                  (json_int_t)line->step, "split", line->split, "neg_elbo", vae_json_number(line->neg_elbo),
                  "reconstruction", vae_json_number(line->reconstruction), "kl", vae_json_number(line->kl),
                  "bits_per_dimension", vae_json_number(line->bits_per_dimension), "beta", vae_json_number(line->beta),
                  "learning_rate", vae_json_number(line->learning_rate), "grad_norm", vae_json_number(line->grad_norm),
                  "images_per_second", vae_json_number(line->images_per_second));
    if (!object || (latent && !add_latent(object, line, latent))) {
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
