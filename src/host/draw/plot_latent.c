/* One panel of bars, the dimension with the largest KL first, inactive ones pale. */
#include "draw/plot_latent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/key.h"
#include "draw/plot.h"

static vae_status draw(const char *prefix, const char *part, vae_kind kind, const vae_latent_statistics *latent,
                       int64_t *order, double *kl, bool *pale)
{
    vae_latent_statistics_order(latent, order);
    double total = 0.0;
    for (int64_t i = 0; i < latent->latent; ++i) {
        kl[i] = vae_latent_statistics_kl(latent, order[i]);
        pale[i] = !(vae_latent_statistics_variance(latent, order[i]) > VAE_ACTIVE_VARIANCE);
        total += kl[i];
    }
    char subtitle[160];
    snprintf(subtitle, sizeof subtitle, "%s %s: %.2f nats in all, %" PRId64 " of %" PRId64 " dimensions active", part,
             vae_kind_name(kind), total, vae_latent_statistics_active(latent), latent->latent);
    const vae_panel panel = {
        .kind = VAE_PANEL_BARS,
        .title = "KL per dimension",
        .subtitle = subtitle,
        .bars = {kl, order, pale, latent->latent, "KL to the prior, nats", "latent dimension, most active first"}};
    return vae_plot_write(prefix, &panel, 1, 1);
}

vae_status vae_plot_latent(const char *prefix, const char *part, vae_kind kind, const vae_latent_statistics *latent)
{
    const size_t count = (size_t)latent->latent;
    int64_t *order = calloc(count, sizeof *order);
    double *kl = calloc(count, sizeof *kl);
    bool *pale = calloc(count, sizeof *pale);
    const vae_status status = order && kl && pale ? draw(prefix, part, kind, latent, order, kl, pale)
                                                  : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", prefix);
    free(order);
    free(kl);
    free(pale);
    return status;
}
