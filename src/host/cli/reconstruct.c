/* vae-cuda reconstruct: images beside what the model makes of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/image_sink.h"
#include "cli/images.h"
#include "cli/input.h"
#include "cli/table.h"
#include "model/runtime.h"

enum option_key { COUNT = 1, INDEX, COLUMNS, NPY };
enum { MAX_INDICES = 4096, IN_A_PICTURE = 16 };

typedef struct reconstruct_options {
    vae_cli_options shared;
    vae_cli_input_options images;
    int64_t count, columns; /* count -1: not given */
    const char *index, *npy;
    char table[VAE_PATH_SIZE]; /* beside the array; "" where there is none */
} reconstruct_options;

static const struct argp_option options_table[] = {
    {"count", COUNT, "N", 0, "the first N images (16 in a picture, else all)", 3},
    {"index", INDEX, "I,J,...", 0, "these images instead", 3},
    {"columns", COLUMNS, "N", 0, "images per row (8)", 3},
    {"npy", NPY, "FILE", 0,
     "write the reconstructions as a float32 array, and beside it a table (.csv) that says which image each belongs "
     "to; without --out no picture is drawn",
     3},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    reconstruct_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->shared;
        state->child_inputs[1] = &o->images;
        return 0;
    case COUNT: return vae_cli_parse_integer("--count", argument, 1, INT64_MAX, &o->count) ? EINVAL : 0;
    case COLUMNS: return vae_cli_parse_integer("--columns", argument, 1, 10000, &o->columns) ? EINVAL : 0;
    case INDEX: o->index = argument; return 0;
    case NPY: o->npy = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Where reconstructions go, and room for a batch. */
typedef struct work {
    vae_image_sink *sink;
    vae_cli_table *table; /* NULL: not asked for */
    float *codes, *again; /* [VAE_CLI_BATCH, …] */
    vae_cli_counter counter;
    int64_t done;
} work;

static vae_status open_work(const reconstruct_options *o, const vae_model *model, int64_t count, work *w)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_sink_plan plan = {.paths = {o->shared.out, o->npy},
                                .shape = shape,
                                .layout = vae_model_config(model)->data.layout,
                                .count = count,
                                .columns = o->columns,
                                .pairs = true};
    w->counter = vae_cli_counter_start("reconstruct", count, o->shared.quiet);
    VAE_TRY(vae_image_sink_open(&plan, &w->sink));
    if (o->table[0]) VAE_TRY(vae_cli_table_open(o->table, NULL, &w->table));
    w->codes = calloc((size_t)(VAE_CLI_BATCH * shape.latent), sizeof *w->codes);
    w->again = calloc((size_t)(VAE_CLI_BATCH * shape.elements), sizeof *w->again);
    return w->codes && w->again ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "reconstructions: out of memory");
}

/* At most VAE_CLI_BATCH images. */
static vae_status reconstruct_batch(vae_model *model, work *w, const vae_image_batch *batch, const int64_t *indices)
{
    VAE_TRY(vae_model_encode(model, batch->pixels, batch->count, w->codes, NULL));
    VAE_TRY(vae_model_decode(model, w->codes, batch->count, w->again));
    VAE_TRY(vae_image_sink_add(w->sink, batch->pixels, w->again, batch->count));
    if (w->table) VAE_TRY(vae_cli_table_add(w->table, batch, indices, NULL));
    w->done += batch->count;
    return vae_cli_counter_show(&w->counter, w->done);
}

/* ---- The first ones, or all ---- */

static int64_t count_wanted(const reconstruct_options *o, int64_t there)
{
    const bool picture = o->shared.out && vae_cli_file_kind(o->shared.out, VAE_SINK_KINDS) == VAE_FILE_PNG;
    const int64_t count = o->count > 0 ? o->count : picture ? IN_A_PICTURE : there;
    return count < there ? count : there;
}

static vae_status reconstruct_first(const reconstruct_options *o, vae_model *model, work *w)
{
    vae_cli_input *input;
    VAE_TRY(vae_cli_input_open(model, &o->images, &input));
    const int64_t count = count_wanted(o, vae_cli_input_count(input));
    vae_status status = open_work(o, model, count, w);
    vae_image_batch batch = {.count = 1};
    while (!status && batch.count > 0 && w->done < count) {
        const int64_t left = count - w->done;
        status = vae_cli_input_next(input, left < VAE_CLI_BATCH ? left : VAE_CLI_BATCH, &batch);
        if (!status && batch.count > 0) status = reconstruct_batch(model, w, &batch, NULL);
    }
    vae_cli_input_close(input);
    return status;
}

/* ---- Those of --index ---- */

static vae_status reconstruct_selected(vae_model *model, work *w, const int64_t *indices, int count, float *pixels,
                                       const char *names)
{
    const int64_t elements = vae_model_get_shape(model).elements;
    for (int64_t first = 0; first < count; first += VAE_CLI_BATCH) {
        const vae_image_batch batch = {.count = count - first < VAE_CLI_BATCH ? count - first : VAE_CLI_BATCH,
                                       .pixels = pixels + first * elements,
                                       .names = names};
        VAE_TRY(reconstruct_batch(model, w, &batch, indices + first));
        for (int64_t i = 0; names && i < batch.count; ++i)
            names += strlen(names) + 1;
    }
    return VAE_OK;
}

static vae_status reconstruct_indices(const reconstruct_options *o, vae_model *model, work *w)
{
    int64_t indices[MAX_INDICES];
    int count = 0;
    char *names = NULL;
    VAE_TRY(vae_cli_parse_list("--index", o->index, indices, MAX_INDICES, &count));
    float *pixels = calloc((size_t)(count * vae_model_get_shape(model).elements), sizeof *pixels);
    if (!pixels) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    vae_status status = vae_cli_input_select(model, &o->images, indices, count, pixels, &names);
    if (!status) status = open_work(o, model, count, w);
    if (!status) status = reconstruct_selected(model, w, indices, count, pixels, names);
    free(pixels);
    free(names);
    return status;
}

/* ---- Either ---- */

static vae_status finish_work(const reconstruct_options *o, work *w)
{
    vae_image_sink *sink = w->sink;
    vae_cli_table *table = w->table;
    w->sink = NULL;
    w->table = NULL;
    const vae_status status = vae_image_sink_finish(sink, o->shared.quiet);
    if (!status) return table ? vae_cli_table_finish(table) : VAE_OK;
    vae_cli_table_abandon(table);
    return status;
}

static vae_status reconstruct(const reconstruct_options *o, vae_model *model)
{
    work w = {.done = 0};
    vae_status status = o->index ? reconstruct_indices(o, model, &w) : reconstruct_first(o, model, &w);
    if (!status) status = finish_work(o, &w);
    vae_image_sink_abandon(w.sink);
    vae_cli_table_abandon(w.table);
    free(w.codes);
    free(w.again);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&vae_cli_model_argp, 0, NULL, 0}, {&vae_cli_input_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Draws images, and under each row the reconstructions from their posterior means, into "
               "reconstructions.png unless --out names another file; or, with --out FOLDER/, one numbered PNG per "
               "reconstruction; or an array.",
        .children = children,
    };
    reconstruct_options o = {.shared = vae_cli_options_none(), .count = -1, .columns = 8};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.shared.out && !o.npy) o.shared.out = "reconstructions.png";
    if (!o.npy && vae_cli_file_kind(o.shared.out, VAE_SINK_KINDS) == VAE_FILE_NPY) {
        o.npy = o.shared.out;
        o.shared.out = NULL;
    }
    if (o.npy) vae_cli_table_path(o.npy, o.table);
    const vae_cli_file files[] = {{"--out", o.shared.out, VAE_SINK_KINDS},
                                  {"--npy", o.npy, VAE_FILE_NPY},
                                  {"--npy", o.npy ? o.table : NULL, VAE_FILE_CSV},
                                  {"--input", o.images.input, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 4));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = reconstruct(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_reconstruct = {"reconstruct", "draw images beside their reconstructions", run};
