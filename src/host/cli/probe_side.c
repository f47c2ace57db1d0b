/* Encodes a part of the data for probes. */
#include "cli/probe_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/runtime.h"

vae_status vae_probe_side_open(const vae_cli_options *o, vae_model *model, const vae_dataset *dataset, const char *name,
                               vae_probe_side *side)
{
    const bool train = strcmp(name, "train") == 0;
    side->part.name = name;
    side->part.dataset = dataset;
    side->latent = vae_model_get_shape(model).latent;
    VAE_TRY(vae_cli_check_shape(model, dataset));
    if (!o->label && !o->classes) {
        VAE_TRY(vae_cli_part_read(model, train ? o->attributes : o->test_attributes, &side->part));
    }
    const int64_t images = side->part.dataset->count;
    const bool mirrored = train && vae_model_config(model)->data.flip == VAE_FLIP_HORIZONTAL;
    side->count = mirrored ? 2 * images : images;
    side->codes = calloc((size_t)(side->count * side->latent), sizeof *side->codes);
    if (!side->codes) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    VAE_TRY(vae_cli_encode_all(model, side->part.dataset, side->codes));
    return mirrored ? vae_cli_encode_mirrored(model, side->part.dataset, side->codes + images * side->latent) : VAE_OK;
}

vae_status vae_cli_probe_fail(const vae_cli_options *o, const char *name, vae_status status)
{
    if (status != VAE_ERROR_ARGUMENT || o->attribute || o->label) return vae_error_prepend(status, "%s", name);
    printf("%-20s %7s %7s   %s\n", name, "-", "-", vae_error_message());
    return VAE_OK;
}

void vae_probe_side_close(vae_probe_side *side)
{
    vae_cli_part_free(&side->part);
    free(side->codes);
}
