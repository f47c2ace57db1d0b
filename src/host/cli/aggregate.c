/* Fits the mixture of --prior aggregate. */
#include "cli/aggregate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/images.h"
#include "data/dataset.h"

static vae_status fit_mixture(const vae_cli_options *o, vae_model *model, uint64_t seed, const vae_dataset *dataset,
                              bool quiet, vae_mixture *mixture)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    vae_mixture_options options = vae_mixture_defaults(o->components > 0 ? o->components : 10, seed);
    options.threads = o->threads > 0 ? (int)o->threads : 0;
    float *codes = calloc((size_t)(dataset->count * latent), sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    vae_status status = vae_cli_encode_all(model, dataset, codes);
    if (!status) status = vae_mixture_fit(codes, dataset->count, latent, &options, mixture);
    free(codes);
    if (!status && !quiet) {
        printf("mixture of %" PRId64 " Gaussians fitted to %" PRId64 " codes in %" PRId64
               " iterations: mean log density %.3f nats\n",
               mixture->components, dataset->count, mixture->iterations, mixture->log_density);
    }
    return status;
}

vae_status vae_cli_fit_aggregate(const vae_cli_options *o, vae_model *model, uint64_t seed, bool quiet,
                                 vae_mixture *mixture)
{
    vae_splits splits;
    const vae_dataset *dataset = NULL;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    vae_status status = vae_cli_choose_split(model, &splits, "train", &dataset);
    if (!status) status = fit_mixture(o, model, seed, dataset, quiet, mixture);
    vae_splits_free(&splits);
    return status;
}
