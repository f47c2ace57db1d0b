/* Grids of samples, and of images above their reconstructions, drawn and written apart, as another thread writes. */
#include "train/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/random.h"

enum { COLUMNS = 8, ROWS = 8, TILES = COLUMNS * ROWS };

struct vae_pictures {
    vae_instance model;
    vae_runner decode, encode; /* encode is zeroed without images */
    vae_runner prior;          /* zeroed where p(z) is the standard normal */
    int64_t elements, latent;
    int64_t images; /* whole rows of them, at most half the tiles */
    float *normals; /* [TILES, traits.normals] */
    float *codes;   /* [TILES, latent], from the prior */
    float *inputs;  /* [images, elements], in the data's scale */
    float *means;   /* [images, width of a code with its log-variances] */
    float *encoded; /* [TILES, latent]: means without log-variances */
    float *decoded; /* [TILES, elements] */
};

/* ---- Making ---- */

/* Whole rows of tiles, at most half of all. */
static int64_t shown_images(int64_t images)
{
    return images < TILES / 2 ? images / COLUMNS * COLUMNS : TILES / 2;
}

void vae_pictures_builds(const vae_design *design, int64_t images, vae_build builds[VAE_PICTURE_BUILDS])
{
    memset(builds, 0, VAE_PICTURE_BUILDS * sizeof *builds);
    if (design->input.kind != VAE_KIND_IMAGE) return;
    builds[0] = (vae_build){.role = VAE_ROLE_DECODE, .rows = TILES};
    builds[1] = (vae_build){.role = VAE_ROLE_ENCODE, .rows = shown_images(images)};
    builds[2] = (vae_build){.role = VAE_ROLE_PRIOR, .rows = design->traits.draws_prior ? TILES : 0};
}

static vae_status create_programs(vae_pictures *pictures)
{
    vae_runner *const runners[VAE_PICTURE_BUILDS] = {&pictures->decode, &pictures->encode, &pictures->prior};
    vae_build builds[VAE_PICTURE_BUILDS];
    vae_pictures_builds(pictures->model.design, pictures->images, builds);
    for (int i = 0; i < VAE_PICTURE_BUILDS; ++i) {
        if (builds[i].rows > 0) VAE_TRY(vae_runner_create(runners[i], &pictures->model, builds[i], NULL));
    }
    return VAE_OK;
}

static vae_status allocate(vae_pictures *pictures)
{
    const size_t elements = (size_t)pictures->elements, latent = (size_t)pictures->latent;
    const size_t images = (size_t)pictures->images + 1; /* none: calloc may not return NULL */
    pictures->normals = calloc(TILES * (size_t)pictures->model.design->traits.normals, sizeof(float));
    pictures->codes = calloc(TILES * latent, sizeof(float));
    pictures->inputs = calloc(images * elements, sizeof(float));
    pictures->means = calloc(images * 2 * latent, sizeof(float));
    pictures->encoded = calloc(TILES * latent, sizeof(float));
    pictures->decoded = calloc(TILES * elements, sizeof(float));
    if (pictures->normals && pictures->codes && pictures->inputs && pictures->means && pictures->encoded &&
        pictures->decoded)
        return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
}

static void draw_normals(vae_pictures *pictures)
{
    const uint64_t seed = (uint64_t)pictures->model.design->config.train.seed;
    const int64_t count = TILES * pictures->model.design->traits.normals;
    for (int64_t i = 0; i < count; i += 4) {
        double normal[4];
        vae_random_normal4(seed, VAE_STREAM_PRIOR, 0, (uint64_t)i / 4, normal);
        for (int64_t k = 0; k < 4 && i + k < count; ++k)
            pictures->normals[i + k] = (float)normal[k];
    }
}

/* With dynamic binarisation a model sees black and white; a picture is cut at the middle grey. */
static void take_images(vae_pictures *pictures, const vae_dataset *dataset)
{
    const vae_input *input = &pictures->model.design->input;
    const bool cut = pictures->model.design->config.data.binarise == VAE_BINARISE_DYNAMIC;
    for (int64_t i = 0; i < pictures->images * pictures->elements; ++i) {
        const int byte = dataset->values[i];
        const int seen = cut ? (byte >= 128 ? 255 : 0) : byte;
        pictures->inputs[i] = (float)(seen * input->scale + input->shift);
    }
}

vae_status vae_pictures_create(const vae_instance *model, const vae_dataset *dataset, vae_pictures **pictures)
{
    vae_pictures *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    made->model = *model;
    made->elements = vae_input_elements(&model->design->input);
    made->latent = model->design->traits.latent;
    made->images = shown_images(dataset->count);
    vae_status status;
    VAE_TRY_GOTO(status, failure, allocate(made));
    VAE_TRY_GOTO(status, failure, create_programs(made));
    draw_normals(made);
    take_images(made, dataset);
    *pictures = made;
    return VAE_OK;
failure:
    vae_pictures_destroy(made);
    return status;
}

void vae_pictures_destroy(vae_pictures *pictures)
{
    if (!pictures) return;
    vae_runner_destroy(&pictures->decode);
    vae_runner_destroy(&pictures->encode);
    vae_runner_destroy(&pictures->prior);
    free(pictures->normals);
    free(pictures->codes);
    free(pictures->inputs);
    free(pictures->means);
    free(pictures->encoded);
    free(pictures->decoded);
    free(pictures);
}

/* ---- Drawing ---- */

vae_status vae_pictures_path(const char *folder, int64_t epoch, const char *what, char path[VAE_PATH_SIZE])
{
    char name[64];
    snprintf(name, sizeof name, "epoch-%04lld-%s.png", (long long)epoch, what);
    return vae_path_join(path, VAE_PATH_SIZE, folder, name);
}

/* From the data's scale to [0, 1]. */
static void to_unit(const vae_pictures *pictures, const float *values, float *unit, int64_t count)
{
    const vae_input *input = &pictures->model.design->input;
    for (int64_t i = 0; i < count; ++i) {
        const double pixel = (values[i] - input->shift) / input->scale / 255.0;
        unit[i] = (float)fmin(fmax(pixel, 0.0), 1.0);
    }
}

/* Programs without noise need no step. */
static vae_status run(const vae_runner *runner, const char *input, const float *from, const char *output, float *to)
{
    const vae_step step = {0};
    VAE_TRY(vae_runner_write(runner, input, from));
    VAE_TRY(vae_runner_run(runner, &step));
    return vae_runner_read(runner, output, to);
}

static vae_status decode(vae_pictures *pictures, const float *codes)
{
    return run(&pictures->decode, "z", codes, "mean", pictures->decoded);
}

/* Of `count` images, still to be filled in. */
static vae_status make_picture(const vae_pictures *pictures, const char *what, int64_t epoch, int64_t count,
                               vae_picture *picture)
{
    const vae_input *input = &pictures->model.design->input;
    const vae_image_grid grid = {.count = count,
                                 .height = input->height,
                                 .width = input->width,
                                 .channels = input->channels,
                                 .columns = COLUMNS};
    *picture = (vae_picture){.what = what, .epoch = epoch, .grid = grid};
    picture->images = calloc((size_t)(count * pictures->elements), sizeof(float));
    return picture->images ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
}

/* From the same normals each time: those of the parameters that there are now. */
static vae_status draw_codes(vae_pictures *pictures)
{
    if (pictures->prior.executable) return run(&pictures->prior, "normals", pictures->normals, "z", pictures->codes);
    memcpy(pictures->codes, pictures->normals, TILES * (size_t)pictures->latent * sizeof *pictures->codes);
    return VAE_OK;
}

static vae_status draw_samples(vae_pictures *pictures, int64_t epoch, vae_picture *picture)
{
    VAE_TRY(draw_codes(pictures));
    VAE_TRY(decode(pictures, pictures->codes));
    VAE_TRY(make_picture(pictures, "samples", epoch, TILES, picture));
    to_unit(pictures, pictures->decoded, picture->images, TILES * pictures->elements);
    return VAE_OK;
}

static vae_status draw_reconstructions(vae_pictures *pictures, int64_t epoch, vae_picture *picture)
{
    VAE_TRY(run(&pictures->encode, "x", pictures->inputs, "code", pictures->means));
    /* The decoder's batch is larger; the codes of its other rows are zero. */
    const int64_t width = vae_runner_columns(&pictures->encode, "code"), latent = pictures->latent;
    for (int64_t i = 0; i < pictures->images; ++i)
        memcpy(pictures->encoded + i * latent, pictures->means + i * width, (size_t)latent * sizeof(float));
    VAE_TRY(decode(pictures, pictures->encoded));
    VAE_TRY(make_picture(pictures, "reconstructions", epoch, 2 * pictures->images, picture));
    const int64_t row = COLUMNS * pictures->elements;
    for (int64_t i = 0; i < pictures->images / COLUMNS; ++i) {
        to_unit(pictures, pictures->inputs + i * row, picture->images + 2 * i * row, row);
        to_unit(pictures, pictures->decoded + i * row, picture->images + (2 * i + 1) * row, row);
    }
    return VAE_OK;
}

vae_status vae_pictures_draw(vae_pictures *pictures, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS])
{
    memset(drawn, 0, VAE_PICTURE_KINDS * sizeof *drawn);
    VAE_TRY(draw_samples(pictures, epoch, &drawn[0]));
    const vae_status status = pictures->images > 0 ? draw_reconstructions(pictures, epoch, &drawn[1]) : VAE_OK;
    if (status) vae_picture_free(&drawn[0]);
    return status;
}

/* ---- Writing ---- */

vae_status vae_picture_write(const vae_picture *picture, const char *folder)
{
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_pictures_path(folder, picture->epoch, picture->what, path));
    return vae_image_grid_write_soon(path, picture->images, &picture->grid);
}

size_t vae_picture_bytes(const vae_picture *picture)
{
    const vae_image_grid *g = &picture->grid;
    return (size_t)(g->count * g->height * g->width * g->channels) * sizeof(float);
}

void vae_picture_free(vae_picture *picture)
{
    free(picture->images);
    *picture = (vae_picture){0};
}
