/* Draws p(z) from fixed normals. */
#include "train/picture_codes.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"

vae_build vae_picture_codes_build(const vae_design *design, int64_t count)
{
    return (vae_build){.role = VAE_ROLE_PRIOR, .rows = design->traits.draws_prior ? count : 0};
}

static void draw_normals(uint64_t seed, int64_t count, float *normals)
{
    for (int64_t i = 0; i < count; i += 4) {
        double normal[4];
        vae_random_normal4(seed, VAE_STREAM_PRIOR, 0, (uint64_t)i / 4, normal);
        for (int64_t k = 0; k < 4 && i + k < count; ++k)
            normals[i + k] = (float)normal[k];
    }
}

vae_status vae_picture_codes_create(const vae_instance *model, int64_t count, vae_picture_codes *codes)
{
    const vae_design *design = model->design;
    const int64_t normals = count * design->traits.normals;
    const vae_build prior = vae_picture_codes_build(design, count);
    *codes = (vae_picture_codes){.numbers = count * design->traits.latent};
    codes->normals = calloc((size_t)normals + 1, sizeof *codes->normals); /* none: calloc may not return NULL */
    codes->codes = calloc((size_t)codes->numbers + 1, sizeof *codes->codes);
    if (!codes->normals || !codes->codes) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    draw_normals((uint64_t)design->config.train.seed, normals, codes->normals);
    return prior.rows > 0 ? vae_runner_create(&codes->prior, model, prior, NULL) : VAE_OK;
}

void vae_picture_codes_free(vae_picture_codes *codes)
{
    vae_runner_destroy(&codes->prior);
    free(codes->normals);
    free(codes->codes);
}

vae_status vae_picture_codes_draw(vae_picture_codes *codes)
{
    const vae_step step = {0}; /* a program without noise needs none */
    if (!codes->prior.executable) {
        memcpy(codes->codes, codes->normals, (size_t)codes->numbers * sizeof *codes->codes);
        return VAE_OK;
    }
    VAE_TRY(vae_runner_write(&codes->prior, "normals", codes->normals));
    VAE_TRY(vae_runner_run(&codes->prior, &step));
    return vae_runner_read(&codes->prior, "z", codes->codes);
}
