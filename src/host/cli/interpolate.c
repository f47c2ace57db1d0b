/* vae-cuda interpolate: strips of images between two codes. */
#include <stdlib.h>
#include <string.h>

#include "cli/array_writer.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "cli/input.h"
#include "cli/sequences.h"
#include "draw/apng.h"
#include "draw/image.h"
#include "model/interpolate.h"

enum { DECODED_AT_ONCE = 256 };

/* ---- Ends ---- */

static bool is_list_of_numbers(const char *text)
{
    return text[strspn(text, "0123456789,-")] == '\0';
}

/* Files of a list parted by commas → images [count, elements]. */
static vae_status read_files(const vae_cli_options *o, const char *option, const char *list, const vae_model *model,
                             float *images, int *count)
{
    char path[VAE_PATH_SIZE];
    *count = 0;
    for (const char *at = list; at; ++*count) {
        const size_t length = strcspn(at, ",");
        if (*count == VAE_CLI_MAX_PAIRS || length >= sizeof path) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: at most %d files, with names shorter than %zu, can be given",
                                 option, VAE_CLI_MAX_PAIRS, sizeof path);
        }
        snprintf(path, sizeof path, "%.*s", (int)length, at);
        VAE_TRY(vae_cli_read_picture(model, &o->images, path, images + *count * vae_model_get_shape(model).elements));
        at = at[length] ? at + length + 1 : NULL;
    }
    return VAE_OK;
}

/* Posterior means, codes [count, latent], of `selected` [count, elements], or, where the list names files, of those. */
static vae_status encode_end(const vae_cli_options *o, const char *option, const char *list, vae_model *model,
                             const float *selected, float *codes, int *count)
{
    if (is_list_of_numbers(list)) return vae_model_encode(model, selected, *count, codes, NULL);
    float *images = calloc((size_t)(VAE_CLI_MAX_PAIRS * vae_model_get_shape(model).elements), sizeof *images);
    if (!images) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", option);
    vae_status status = read_files(o, option, list, model, images, count);
    if (!status) status = vae_model_encode(model, images, *count, codes, NULL);
    free(images);
    return status;
}

static vae_status encode_ends(const vae_cli_options *o, vae_model *model, float *from, float *to, int *pairs)
{
    int64_t indices[2 * VAE_CLI_MAX_PAIRS];
    int begins = 0, ends = 0;
    const int64_t elements = vae_model_get_shape(model).elements;
    if (is_list_of_numbers(o->from))
        VAE_TRY(vae_cli_parse_list("--from", o->from, indices, VAE_CLI_MAX_PAIRS, &begins));
    if (is_list_of_numbers(o->to))
        VAE_TRY(vae_cli_parse_list("--to", o->to, indices + begins, VAE_CLI_MAX_PAIRS, &ends));
    float *selected = calloc((size_t)(2 * VAE_CLI_MAX_PAIRS * elements), sizeof *selected);
    if (!selected) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    vae_status status = VAE_OK;
    /* Neither the run's data nor --input are needed where all images are files. */
    if (begins + ends > 0) status = vae_cli_input_select(model, &o->images, indices, begins + ends, selected, NULL);
    const float *second = selected + begins * elements;
    if (!status) status = encode_end(o, "--from", o->from, model, selected, from, &begins);
    if (!status) status = encode_end(o, "--to", o->to, model, second, to, &ends);
    free(selected);
    *pairs = begins;
    if (status || begins == ends) return status;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--from names %d images, but --to %d", begins, ends);
}

static vae_status find_ends(const vae_cli_options *o, vae_model *model, float *from, float *to, int *pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    if (o->pairs < 0) return encode_ends(o, model, from, to, pairs);
    /* One draw of both ends: they are rows 0 … n-1 and n … 2n-1 of it. */
    const uint64_t seed = o->seed >= 0 ? (uint64_t)o->seed : 1;
    float *both = calloc((size_t)(2 * o->pairs * shape.latent), sizeof *both);
    if (!both) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    const vae_status status = vae_model_sample_prior(model, seed, 1.0, 2 * o->pairs, both);
    memcpy(from, both, (size_t)(o->pairs * shape.latent) * sizeof *both);
    memcpy(to, both + o->pairs * shape.latent, (size_t)(o->pairs * shape.latent) * sizeof *both);
    free(both);
    *pairs = (int)o->pairs;
    return status;
}

/* ---- Strips ---- */

/* t in [0, 1] of the way. */
static void go_between(const vae_cli_options *o, const float *from, const float *to, int64_t latent, double t,
                       float *code)
{
    if (o->mode == VAE_CLI_MODE_SPHERICAL) {
        vae_interpolate_spherical(from, to, latent, t, code);
    } else {
        vae_interpolate_linear(from, to, latent, t, code);
    }
}

static void fill_strips(const vae_cli_options *o, const float *from, const float *to, int pairs, int64_t latent,
                        float *codes)
{
    for (int64_t i = 0; i < pairs * o->steps; ++i) {
        const int64_t pair = i / o->steps;
        const double t = (double)(i % o->steps) / (double)(o->steps - 1);
        go_between(o, from + pair * latent, to + pair * latent, latent, t, codes + i * latent);
    }
}

static vae_status draw(const vae_cli_options *o, vae_model *model, const float *from, const float *to, int pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const int64_t count = pairs * o->steps;
    float *codes = calloc((size_t)(count * shape.latent), sizeof *codes);
    float *images = calloc((size_t)(count * shape.elements), sizeof *images);
    vae_status status = VAE_OK;
    if (!codes || !images) status = vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    if (!status) {
        fill_strips(o, from, to, pairs, shape.latent, codes);
        status = vae_model_decode(model, codes, count, images);
    }
    if (!status && o->out) {
        status = vae_image_grid_write(o->out, images, count, shape.height, shape.width, shape.channels, o->steps);
    }
    if (!status && o->npy) status = vae_cli_write_images(o->npy, model, images, count);
    if (!status && o->codes) status = vae_cli_write_codes(o->codes, codes, count, shape.latent);
    if (!status && !o->quiet && o->out) printf("%s\n", o->out);
    free(codes);
    free(images);
    return status;
}

/* ---- Animation ---- */

/* Room for as many whole frames as are decoded at once. */
typedef struct film {
    vae_image_grid grid;
    int64_t frames, at_once;
    float *codes, *images; /* [at_once, pairs, …] */
    uint8_t *pixels;       /* of one frame */
} film;

/* On the way back the ends are not shown twice, so that the repetition runs evenly. */
static double frame_time(const vae_cli_options *o, int64_t frame)
{
    const int64_t step = frame < o->frames ? frame : 2 * (o->frames - 1) - frame;
    return (double)step / (double)(o->frames - 1);
}

static vae_status add_frames(const vae_cli_options *o, vae_model *model, const float *from, const float *to,
                             const film *f, int64_t first, vae_apng *animation)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const int64_t pairs = f->grid.count, left = f->frames - first, frames = left < f->at_once ? left : f->at_once;
    for (int64_t i = 0; i < frames * pairs; ++i) {
        const int64_t pair = i % pairs;
        go_between(o, from + pair * shape.latent, to + pair * shape.latent, shape.latent,
                   frame_time(o, first + i / pairs), f->codes + i * shape.latent);
    }
    VAE_TRY(vae_model_decode(model, f->codes, frames * pairs, f->images));
    for (int64_t i = 0; i < frames; ++i) {
        vae_image_grid_draw(&f->grid, f->images + i * pairs * shape.elements, f->pixels);
        VAE_TRY(vae_apng_add(animation, f->pixels));
    }
    return VAE_OK;
}

static vae_status write_film(const vae_cli_options *o, vae_model *model, const float *from, const float *to,
                             const film *f)
{
    const vae_apng_shape shape = {.frames = f->frames,
                                  .height = f->grid.pixel_height,
                                  .width = f->grid.pixel_width,
                                  .channels = f->grid.channels,
                                  .frames_per_second = o->frame_rate};
    vae_apng *animation;
    VAE_TRY(vae_apng_open(o->animate, &shape, &animation));
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < f->frames && !status; first += f->at_once)
        status = add_frames(o, model, from, to, f, first, animation);
    if (!status) return vae_apng_finish(animation);
    vae_apng_abandon(animation);
    return status;
}

static vae_status animate(const vae_cli_options *o, vae_model *model, const float *from, const float *to, int pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    film f = {.grid = {pairs, shape.height, shape.width, shape.channels, 8},
              .frames = o->back_and_forth ? 2 * (o->frames - 1) : o->frames,
              .at_once = DECODED_AT_ONCE / pairs};
    VAE_TRY(vae_image_grid_plan(o->animate, &f.grid));
    f.codes = calloc((size_t)(f.at_once * pairs * shape.latent), sizeof *f.codes);
    f.images = calloc((size_t)(f.at_once * pairs * shape.elements), sizeof *f.images);
    f.pixels = malloc((size_t)(f.grid.pixel_height * f.grid.pixel_width * shape.channels));
    const vae_status status = f.codes && f.images && f.pixels
                                  ? write_film(o, model, from, to, &f)
                                  : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", o->animate);
    free(f.codes);
    free(f.images);
    free(f.pixels);
    if (!status && !o->quiet) printf("%s\n", o->animate);
    return status;
}

/* ---- All of it ---- */

static vae_status interpolate(vae_cli_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    float *ends = calloc((size_t)(2 * VAE_CLI_MAX_PAIRS * shape.latent), sizeof *ends);
    if (!ends) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    float *from = ends, *to = ends + VAE_CLI_MAX_PAIRS * shape.latent;
    int pairs = 0;
    vae_status status = find_ends(o, model, from, to, &pairs);
    if (!status) status = draw(o, model, from, to, pairs);
    if (!status && o->animate) status = animate(o, model, from, to, pairs);
    free(ends);
    return status;
}

static vae_status check_options(const vae_cli_options *o)
{
    const bool images = o->from && o->to;
    if (o->pairs > 0 && (o->from || o->to || o->images.input || o->images.split)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--prior needs no images: --from, --to, --input and --split cannot be "
                                                 "given with it");
    }
    if (images || o->pairs > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--from and --to, or --prior, are missing");
}

static vae_status run(vae_cli_options *o)
{
    VAE_TRY(check_options(o));
    vae_cli_default_picture(o, "interpolation.png");
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_PNG},
                                  {"--npy", o->npy, VAE_FILE_ARRAY},
                                  {"--codes", o->codes, VAE_FILE_ARRAY},
                                  {"--animate", o->animate, VAE_FILE_APNG},
                                  {"--input", o->images.input, VAE_FILE_READ},
                                  {"--from", o->from, VAE_FILE_READ},
                                  {"--to", o->to, VAE_FILE_READ}};
    return vae_cli_use_model(o, files, 7, interpolate);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_FROM, .group = 2},
    {VAE_OPTION_TO, .group = 2},
    {VAE_OPTION_PRIOR_PAIRS, .group = 2},
    {VAE_OPTION_STEPS, .group = 2, .initial = "10"},
    {VAE_OPTION_MODE, .group = 2, .initial = "linear"},
    {VAE_OPTION_NPY, .group = 2, .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_CODES, .group = 2},
    {VAE_OPTION_ANIMATE, .group = 3, .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_FRAMES, .group = 3, .initial = "30", .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_FPS, .group = 3, .initial = "15", .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_BACK_AND_FORTH, .group = 3, .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_OUT, .group = 1},
    {VAE_OPTION_TEMPERATURE, .group = 4, .help = VAE_CLI_CODE_TEMPERATURE, .kinds = VAE_CLI_SEQUENCES},
    VAE_CLI_DECODING_PICKS,
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_SPLIT, .group = 2},
    VAE_CLI_INPUT_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_interpolate = {
    .name = "interpolate",
    .summary = "draw strips of images between codes",
    .description =
        "Draws one strip of images per pair of codes, interpolated linearly or spherically, into interpolation.png "
        "unless --out names another file; with --animate also as an animation."
        " Sentences are printed instead, or written to --out FILE.txt; drawings can also become an SVG; music is "
        "written "
        "as MIDI (.mid), or drawn as piano rolls (.png, .svg).",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_interpolate_sequences,
};
