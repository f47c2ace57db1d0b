/* Grids of samples, and of images above their reconstructions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/picture_codes.h"
#include "train/picture_maker.h"

enum { COLUMNS = 8, ROWS = 8, TILES = COLUMNS * ROWS };

typedef struct image_pictures {
    vae_instance model;
    vae_runner decode, encode; /* encode is zeroed without images */
    vae_picture_codes codes;   /* TILES of them */
    int64_t elements, latent;
    int64_t images; /* whole rows of them, at most half the tiles */
    float *inputs;  /* [images, elements], in the data's scale */
    float *means;   /* [images, width of a code with its log-variances] */
    float *encoded; /* [TILES, latent]: means without log-variances */
    float *decoded; /* [TILES, elements] */
} image_pictures;

/* ---- Making ---- */

/* Whole rows of tiles, at most half of all. */
static int64_t shown_images(int64_t images)
{
    return images < TILES / 2 ? images / COLUMNS * COLUMNS : TILES / 2;
}

static void find_builds(const vae_design *design, int64_t images, vae_build builds[VAE_PICTURE_BUILDS])
{
    builds[0] = (vae_build){.role = VAE_ROLE_DECODE, .rows = TILES};
    builds[1] = (vae_build){.role = VAE_ROLE_ENCODE, .rows = shown_images(images)};
    builds[2] = vae_picture_codes_build(design, TILES);
}

static vae_status create_programs(image_pictures *pictures)
{
    vae_build builds[VAE_PICTURE_BUILDS];
    find_builds(pictures->model.design, pictures->images, builds);
    VAE_TRY(vae_runner_create(&pictures->decode, &pictures->model, builds[0], NULL));
    if (builds[1].rows > 0) VAE_TRY(vae_runner_create(&pictures->encode, &pictures->model, builds[1], NULL));
    return vae_picture_codes_create(&pictures->model, TILES, &pictures->codes);
}

static vae_status allocate(image_pictures *pictures)
{
    const size_t elements = (size_t)pictures->elements, latent = (size_t)pictures->latent;
    const size_t images = (size_t)pictures->images + 1; /* none: calloc may not return NULL */
    pictures->inputs = calloc(images * elements, sizeof(float));
    pictures->means = calloc(images * 2 * latent, sizeof(float));
    pictures->encoded = calloc(TILES * latent, sizeof(float));
    pictures->decoded = calloc(TILES * elements, sizeof(float));
    if (pictures->inputs && pictures->means && pictures->encoded && pictures->decoded) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
}

/* With dynamic binarisation a model sees black and white; a picture is cut at the middle grey. */
static void take_images(image_pictures *pictures, const vae_dataset *dataset)
{
    const vae_input *input = &pictures->model.design->input;
    const bool cut = pictures->model.design->config.data.binarise == VAE_BINARISE_DYNAMIC;
    for (int64_t i = 0; i < pictures->images * pictures->elements; ++i) {
        const int byte = dataset->values[i];
        const int seen = cut ? (byte >= 128 ? 255 : 0) : byte;
        pictures->inputs[i] = (float)(seen * input->scale + input->shift);
    }
}

static vae_status create(const vae_instance *model, const vae_dataset *dataset, const vae_classes *vocabulary,
                         void **state)
{
    (void)vocabulary;
    image_pictures *made = *state = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    made->model = *model;
    made->elements = vae_input_elements(&model->design->input);
    made->latent = model->design->traits.latent;
    made->images = shown_images(dataset->count);
    VAE_TRY(allocate(made));
    VAE_TRY(create_programs(made));
    take_images(made, dataset);
    return VAE_OK;
}

static void destroy(void *state)
{
    image_pictures *pictures = state;
    vae_runner_destroy(&pictures->decode);
    vae_runner_destroy(&pictures->encode);
    vae_picture_codes_free(&pictures->codes);
    free(pictures->inputs);
    free(pictures->means);
    free(pictures->encoded);
    free(pictures->decoded);
    free(pictures);
}

/* ---- Drawing ---- */

/* From the data's scale to [0, 1]. */
static void to_unit(const image_pictures *pictures, const float *values, float *unit, int64_t count)
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

static vae_status decode(image_pictures *pictures, const float *codes)
{
    return run(&pictures->decode, "z", codes, "mean", pictures->decoded);
}

/* Of `count` images, still to be filled in. */
static vae_status make_picture(const image_pictures *pictures, const char *what, int64_t epoch, int64_t count,
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

static vae_status draw_samples(image_pictures *pictures, int64_t epoch, vae_picture *picture)
{
    VAE_TRY(vae_picture_codes_draw(&pictures->codes));
    VAE_TRY(decode(pictures, pictures->codes.codes));
    VAE_TRY(make_picture(pictures, "samples", epoch, TILES, picture));
    to_unit(pictures, pictures->decoded, picture->images, TILES * pictures->elements);
    return VAE_OK;
}

static vae_status draw_reconstructions(image_pictures *pictures, int64_t epoch, vae_picture *picture)
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

static vae_status draw(void *state, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS])
{
    image_pictures *pictures = state;
    VAE_TRY(draw_samples(pictures, epoch, &drawn[0]));
    return pictures->images > 0 ? draw_reconstructions(pictures, epoch, &drawn[1]) : VAE_OK;
}

const vae_picture_maker vae_picture_maker_images = {
    .builds = find_builds, .create = create, .destroy = destroy, .draw = draw};
