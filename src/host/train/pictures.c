/* Who makes pictures of which kind of data, and of what. */
#include "train/pictures.h"

#include <stdlib.h>
#include <string.h>

#include "train/picture_maker.h"

struct vae_pictures {
    const vae_picture_maker *maker;
    void *state;
};

static const vae_picture_maker *find_maker(const vae_design *design)
{
    return design->input.kind == VAE_KIND_IMAGE ? &vae_picture_maker_images : &vae_picture_maker_sequences;
}

void vae_pictures_builds(const vae_design *design, int64_t items, vae_build builds[VAE_PICTURE_BUILDS])
{
    find_maker(design)->builds(design, items, builds);
}

const char *vae_pictures_last(const vae_design *design)
{
    vae_build builds[VAE_PICTURE_BUILDS];
    vae_pictures_builds(design, INT64_MAX, builds);
    return builds[1].rows > 0 ? "reconstructions" : "samples";
}

vae_status vae_pictures_create(const vae_instance *model, const vae_splits *splits, vae_pictures **pictures)
{
    const vae_dataset *items = splits->test.count > 0         ? &splits->test
                               : splits->validation.count > 0 ? &splits->validation
                                                              : &splits->train;
    vae_pictures *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    made->maker = find_maker(model->design);
    const vae_status status = made->maker->create(model, items, &splits->train.vocabulary, &made->state);
    if (status) {
        vae_pictures_destroy(made);
        return status;
    }
    *pictures = made;
    return VAE_OK;
}

void vae_pictures_destroy(vae_pictures *pictures)
{
    if (!pictures) return;
    if (pictures->state) pictures->maker->destroy(pictures->state);
    free(pictures);
}

vae_status vae_pictures_draw(vae_pictures *pictures, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS])
{
    memset(drawn, 0, VAE_PICTURE_KINDS * sizeof *drawn);
    const vae_status status = pictures->maker->draw(pictures->state, epoch, drawn);
    for (int i = 0; status && i < VAE_PICTURE_KINDS; ++i)
        vae_picture_free(&drawn[i]);
    return status;
}
