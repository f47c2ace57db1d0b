/* Prints and writes what evaluations find. */
#include "cli/evaluation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/table.h"
#include "core/npy.h"

const char *vae_cli_format_mean(double mean, double error, char *text, size_t size)
{
    if (isfinite(error)) {
        snprintf(text, size, "%.4f ± %.4f", mean, error);
    } else {
        snprintf(text, size, "%.4f", mean);
    }
    return text;
}

vae_status vae_cli_print_latent(const vae_traits *traits, const vae_latent_statistics *latent)
{
    enum { SHOWN = 64, A_LINE = 8 };
    printf("active units     %" PRId64 " of %" PRId64 "  (posterior means vary by more than %g)\n",
           vae_latent_statistics_active(latent), latent->latent, VAE_ACTIVE_VARIANCE);
    if (!traits->has_posterior) return VAE_OK;
    int64_t *order = calloc((size_t)latent->latent, sizeof *order);
    if (!order) return vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
    vae_latent_statistics_order(latent, order);
    const int64_t shown = latent->latent < SHOWN ? latent->latent : SHOWN;
    for (int64_t i = 0; i < shown; ++i) {
        if (i % A_LINE == 0) printf("%s%s", i ? "\n" : "", i ? "                " : "KL per dimension");
        printf(" %.3f (%" PRId64 ")", vae_latent_statistics_kl(latent, order[i]), order[i]);
    }
    printf(shown < latent->latent ? " …\n" : "\n");
    free(order);
    return VAE_OK;
}

static vae_status write_npy(const char *path, const double *values, int64_t count)
{
    float *rounded = malloc((size_t)count * sizeof *rounded);
    if (!rounded) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; i < count; ++i)
        rounded[i] = (float)values[i];
    const vae_status status = vae_npy_write_float32(path, rounded, 1, &count);
    free(rounded);
    return status;
}

static vae_status write_table(const char *path, const vae_dataset *dataset, bool own, const double *values,
                              int64_t count, bool likelihoods)
{
    const vae_image_batch all = {
        .count = count, .labels = dataset->labels, .classes = &dataset->classes, .names = dataset->names};
    vae_cli_table *table;
    VAE_TRY(vae_cli_table_open(path, likelihoods ? "log_likelihood" : "neg_elbo", own, &table));
    const vae_status status = vae_cli_table_add(table, &all, NULL, values);
    if (!status) return vae_cli_table_finish(table);
    vae_cli_table_abandon(table);
    return status;
}

vae_status vae_cli_write_evaluation(const vae_cli_options *o, const vae_dataset *dataset, const double *values,
                                    int64_t count, bool likelihoods)
{
    VAE_TRY(write_npy(o->npy, values, count));
    return write_table(o->names, dataset, !o->images.input, values, count, likelihoods);
}
