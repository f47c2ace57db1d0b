/* vae-cuda interpolate: strips of images between two codes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "cli/input.h"
#include "draw/apng.h"
#include "draw/image.h"
#include "model/interpolate.h"

enum option_key { FROM = 1, TO, PRIOR, STEPS, MODE, NPY, CODES, ANIMATE, FRAMES, RATE, BACK };
enum { MAX_PAIRS = 256, DECODED_AT_ONCE = 256 };

typedef struct interpolate_options {
    vae_cli_options shared;
    vae_cli_input_options images;
    const char *from, *to, *npy, *codes, *animate;
    int64_t prior, steps, frames, rate;
    bool spherical, back;
} interpolate_options;

static const struct argp_option options_table[] = {
    {"from", FROM, "I,J,...", 0, "images that the strips begin with: numbers, or picture files", 2},
    {"to", TO, "I,J,...", 0, "images that they end with, the same number", 2},
    {"prior", PRIOR, "N", 0, "N strips between draws from the prior instead", 2},
    {"steps", STEPS, "N", 0, "images per strip, both ends included (10)", 2},
    {"mode", MODE, "NAME", 0, "linear (default) or spherical", 2},
    {"npy", NPY, "FILE", 0, "also write the images as float32 .npy", 2},
    {"codes", CODES, "FILE", 0, "also write the codes as float32 .npy", 2},
    {"animate", ANIMATE, "FILE", 0, "also write an animation (APNG), all pairs side by side", 3},
    {"frames", FRAMES, "N", 0, "frames from one end to the other (30)", 3},
    {"fps", RATE, "N", 0, "frames per second (15)", 3},
    {"back-and-forth", BACK, 0, 0, "animate the way back too", 3},
    {0},
};

static error_t parse_mode(interpolate_options *o, const char *mode)
{
    o->spherical = strcmp(mode, "spherical") == 0;
    if (o->spherical || strcmp(mode, "linear") == 0) return 0;
    vae_error_set(VAE_ERROR_ARGUMENT, "--mode: '%s' is not one of linear, spherical", mode);
    return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    interpolate_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->shared;
        state->child_inputs[1] = &o->images;
        return 0;
    case FROM: o->from = argument; return 0;
    case TO: o->to = argument; return 0;
    case PRIOR: return vae_cli_parse_integer("--prior", argument, 1, MAX_PAIRS, &o->prior) ? EINVAL : 0;
    case STEPS: return vae_cli_parse_integer("--steps", argument, 2, 1000, &o->steps) ? EINVAL : 0;
    case MODE: return parse_mode(o, argument);
    case NPY: o->npy = argument; return 0;
    case CODES: o->codes = argument; return 0;
    case ANIMATE: o->animate = argument; return 0;
    case FRAMES: return vae_cli_parse_integer("--frames", argument, 2, 10000, &o->frames) ? EINVAL : 0;
    case RATE: return vae_cli_parse_integer("--fps", argument, 1, 1000, &o->rate) ? EINVAL : 0;
    case BACK: o->back = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Ends ---- */

static bool is_list_of_numbers(const char *text)
{
    return text[strspn(text, "0123456789,-")] == '\0';
}

/* Files of a list parted by commas → images [count, elements]. */
static vae_status read_files(const interpolate_options *o, const char *option, const char *list, const vae_model *model,
                             float *images, int *count)
{
    char path[VAE_PATH_SIZE];
    *count = 0;
    for (const char *at = list; at; ++*count) {
        const size_t length = strcspn(at, ",");
        if (*count == MAX_PAIRS || length >= sizeof path) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: at most %d files, with names shorter than %zu, can be given",
                                 option, MAX_PAIRS, sizeof path);
        }
        snprintf(path, sizeof path, "%.*s", (int)length, at);
        VAE_TRY(vae_cli_read_picture(model, &o->images, path, images + *count * vae_model_get_shape(model).elements));
        at = at[length] ? at + length + 1 : NULL;
    }
    return VAE_OK;
}

/* Posterior means, codes [count, latent], of `selected` [count, elements], or, where the list names files, of those. */
static vae_status encode_end(const interpolate_options *o, const char *option, const char *list, vae_model *model,
                             const float *selected, float *codes, int *count)
{
    if (is_list_of_numbers(list)) return vae_model_encode(model, selected, *count, codes, NULL);
    float *images = calloc((size_t)(MAX_PAIRS * vae_model_get_shape(model).elements), sizeof *images);
    if (!images) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", option);
    vae_status status = read_files(o, option, list, model, images, count);
    if (!status) status = vae_model_encode(model, images, *count, codes, NULL);
    free(images);
    return status;
}

static vae_status encode_ends(const interpolate_options *o, vae_model *model, float *from, float *to, int *pairs)
{
    int64_t indices[2 * MAX_PAIRS];
    int begins = 0, ends = 0;
    const int64_t elements = vae_model_get_shape(model).elements;
    if (is_list_of_numbers(o->from)) VAE_TRY(vae_cli_parse_list("--from", o->from, indices, MAX_PAIRS, &begins));
    if (is_list_of_numbers(o->to)) VAE_TRY(vae_cli_parse_list("--to", o->to, indices + begins, MAX_PAIRS, &ends));
    float *selected = calloc((size_t)(2 * MAX_PAIRS * elements), sizeof *selected);
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

static vae_status find_ends(const interpolate_options *o, vae_model *model, float *from, float *to, int *pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    if (o->prior == 0) return encode_ends(o, model, from, to, pairs);
    /* One draw of both ends: they are rows 0 … n-1 and n … 2n-1 of it. */
    const uint64_t seed = o->shared.seed >= 0 ? (uint64_t)o->shared.seed : 1;
    float *both = calloc((size_t)(2 * o->prior * shape.latent), sizeof *both);
    if (!both) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    const vae_status status = vae_model_sample_prior(model, seed, 1.0, 2 * o->prior, both);
    memcpy(from, both, (size_t)(o->prior * shape.latent) * sizeof *both);
    memcpy(to, both + o->prior * shape.latent, (size_t)(o->prior * shape.latent) * sizeof *both);
    free(both);
    *pairs = (int)o->prior;
    return status;
}

/* ---- Strips ---- */

/* t in [0, 1] of the way. */
static void go_between(const interpolate_options *o, const float *from, const float *to, int64_t latent, double t,
                       float *code)
{
    if (o->spherical) {
        vae_interpolate_spherical(from, to, latent, t, code);
    } else {
        vae_interpolate_linear(from, to, latent, t, code);
    }
}

static void fill_strips(const interpolate_options *o, const float *from, const float *to, int pairs, int64_t latent,
                        float *codes)
{
    for (int64_t i = 0; i < pairs * o->steps; ++i) {
        const int64_t pair = i / o->steps;
        const double t = (double)(i % o->steps) / (double)(o->steps - 1);
        go_between(o, from + pair * latent, to + pair * latent, latent, t, codes + i * latent);
    }
}

static vae_status draw(const interpolate_options *o, vae_model *model, const float *from, const float *to, int pairs)
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
    if (!status) {
        status =
            vae_image_grid_write(o->shared.out, images, count, shape.height, shape.width, shape.channels, o->steps);
    }
    if (!status && o->npy) status = vae_cli_write_images(o->npy, model, images, count);
    if (!status && o->codes) status = vae_cli_write_matrix(o->codes, codes, count, shape.latent);
    if (!status && !o->shared.quiet) printf("%s\n", o->shared.out);
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
static double frame_time(const interpolate_options *o, int64_t frame)
{
    const int64_t step = frame < o->frames ? frame : 2 * (o->frames - 1) - frame;
    return (double)step / (double)(o->frames - 1);
}

static vae_status add_frames(const interpolate_options *o, vae_model *model, const float *from, const float *to,
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

static vae_status write_film(const interpolate_options *o, vae_model *model, const float *from, const float *to,
                             const film *f)
{
    const vae_apng_shape shape = {f->frames, f->grid.pixel_height, f->grid.pixel_width, f->grid.channels, o->rate};
    vae_apng *animation;
    VAE_TRY(vae_apng_open(o->animate, &shape, &animation));
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < f->frames && !status; first += f->at_once)
        status = add_frames(o, model, from, to, f, first, animation);
    if (!status) return vae_apng_finish(animation);
    vae_apng_abandon(animation);
    return status;
}

static vae_status animate(const interpolate_options *o, vae_model *model, const float *from, const float *to, int pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    film f = {.grid = {pairs, shape.height, shape.width, shape.channels, 8},
              .frames = o->back ? 2 * (o->frames - 1) : o->frames,
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
    if (!status && !o->shared.quiet) printf("%s\n", o->animate);
    return status;
}

/* ---- All of it ---- */

static vae_status interpolate(const interpolate_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    float *ends = calloc((size_t)(2 * MAX_PAIRS * shape.latent), sizeof *ends);
    if (!ends) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    float *from = ends, *to = ends + MAX_PAIRS * shape.latent;
    int pairs = 0;
    vae_status status = find_ends(o, model, from, to, &pairs);
    if (!status) status = draw(o, model, from, to, pairs);
    if (!status && o->animate) status = animate(o, model, from, to, pairs);
    free(ends);
    return status;
}

static vae_status check_options(const interpolate_options *o)
{
    const bool images = o->from && o->to;
    if (o->prior > 0 && (o->from || o->to || o->images.input || o->images.split)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--prior needs no images: --from, --to, --input and --split cannot be "
                                                 "given with it");
    }
    if (images || o->prior > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--from and --to, or --prior, are missing");
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&vae_cli_model_argp, 0, NULL, 0}, {&vae_cli_input_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Draws one strip of images per pair of codes, interpolated linearly or spherically, into "
               "interpolation.png unless --out names another file; with --animate also as an animation.",
        .children = children,
    };
    interpolate_options o = {.shared = vae_cli_options_none(), .steps = 10, .frames = 30, .rate = 15};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    VAE_TRY(check_options(&o));
    if (!o.shared.out) o.shared.out = "interpolation.png";
    const vae_cli_file files[] = {{"--out", o.shared.out, VAE_FILE_PNG},
                                  {"--npy", o.npy, VAE_FILE_NPY},
                                  {"--codes", o.codes, VAE_FILE_NPY},
                                  {"--animate", o.animate, VAE_FILE_APNG},
                                  {"--input", o.images.input, VAE_FILE_READ},
                                  {"--from", o.from, VAE_FILE_READ},
                                  {"--to", o.to, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 7));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = interpolate(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_interpolate = {"interpolate", "draw strips of images between codes", run};
