/* vae-cuda reconstruct: images beside what the model makes of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/image_sink.h"
#include "cli/images.h"
#include "cli/input.h"
#include "cli/sequences.h"
#include "cli/table.h"
#include "model/runtime.h"

enum { MAX_INDICES = 4096, IN_A_PICTURE = 16 };

/* Where reconstructions go, and room for a batch. */
typedef struct work {
    vae_image_sink *sink;
    vae_cli_table *table; /* NULL: not asked for */
    float *codes, *again; /* [VAE_CLI_BATCH, …] */
    vae_cli_counter counter;
    int64_t done;
} work;

static vae_status open_work(const vae_cli_options *o, const vae_model *model, int64_t count, work *w)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_sink_plan plan = {.paths = {o->out, o->npy},
                                .shape = shape,
                                .layout = vae_model_config(model)->data.layout,
                                .names = vae_cli_data_names(model),
                                .numbers = vae_model_input(model)->dtype == VAE_FLOAT32,
                                .count = count,
                                .columns = o->columns,
                                .pairs = true};
    w->counter = vae_cli_counter_start("reconstruct", count, o->quiet);
    VAE_TRY(vae_image_sink_open(&plan, &w->sink));
    if (o->names) VAE_TRY(vae_cli_table_open(o->names, NULL, !o->images.input, &w->table));
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

static int64_t count_wanted(const vae_cli_options *o, int64_t there)
{
    const bool picture = o->out && vae_cli_file_kind(o->out, VAE_SINK_KINDS) == VAE_FILE_PNG;
    const int64_t count = o->count > 0 ? o->count : picture ? IN_A_PICTURE : there;
    return count < there ? count : there;
}

static vae_status reconstruct_first(const vae_cli_options *o, vae_model *model, work *w)
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

static vae_status reconstruct_indices(const vae_cli_options *o, vae_model *model, work *w)
{
    int64_t indices[MAX_INDICES];
    int count = 0;
    char *names = NULL;
    VAE_TRY(vae_cli_parse_list("--index", o->indices, indices, MAX_INDICES, &count));
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

static vae_status finish_work(const vae_cli_options *o, work *w)
{
    vae_image_sink *sink = w->sink;
    vae_cli_table *table = w->table;
    w->sink = NULL;
    w->table = NULL;
    const vae_status status = vae_image_sink_finish(sink, o->quiet);
    if (!status) return table ? vae_cli_table_finish(table) : VAE_OK;
    vae_cli_table_abandon(table);
    return status;
}

static vae_status reconstruct(vae_cli_options *o, vae_model *model)
{
    work w = {.done = 0};
    vae_status status = o->indices ? reconstruct_indices(o, model, &w) : reconstruct_first(o, model, &w);
    if (!status) status = finish_work(o, &w);
    vae_image_sink_abandon(w.sink);
    vae_cli_table_abandon(w.table);
    free(w.codes);
    free(w.again);
    return status;
}

static vae_status run(vae_cli_options *o)
{
    char beside[VAE_PATH_SIZE];
    if (!o->out && !o->npy) o->out = "reconstructions.png";
    if (!o->npy && (vae_cli_file_kind(o->out, VAE_SINK_KINDS) & VAE_FILE_ARRAY)) {
        o->npy = o->out;
        o->out = NULL;
    }
    if (o->npy) {
        vae_cli_table_path(o->npy, beside);
        o->names = beside;
    }
    const vae_cli_file files[] = {{"--out", o->out, VAE_SINK_KINDS},
                                  {"--npy", o->npy, VAE_FILE_ARRAY},
                                  {"--npy", o->names, VAE_FILE_CSV},
                                  {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_model(o, files, 4, reconstruct);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_FIRST, .group = 3},
    {VAE_OPTION_INDICES, .group = 3},
    {VAE_OPTION_COLUMNS, .group = 3, .initial = "8", .help = "images per row (8)",
     .kinds = VAE_CLI_IMAGES | VAE_CLI_DRAWINGS | VAE_CLI_MUSIC},
    {VAE_OPTION_NPY, .group = 3, .kinds = VAE_CLI_IMAGES,
     .help = "write the reconstructions as a float32 array, .npy or .csv, and beside it a table (.csv) that says which "
             "image each "
             "belongs to; without --out no picture is drawn"},
    {VAE_OPTION_OUT, .group = 1},
    {VAE_OPTION_TEMPERATURE, .group = 4, .help = VAE_CLI_CODE_TEMPERATURE, .kinds = VAE_CLI_SEQUENCES},
    VAE_CLI_DECODING_PICKS,
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_SPLIT, .group = 2},
    VAE_CLI_INPUT_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_reconstruct = {
    .name = "reconstruct",
    .summary = "draw images beside their reconstructions",
    .description =
        "Draws images, and under each row the reconstructions from their posterior means, into "
        "reconstructions.png unless --out names another file; or, with --out FOLDER/, one numbered PNG per "
        "reconstruction; or an array (.npy) or a table (.csv), which are the outputs of models of other data "
        "than images. Sentences are printed instead, or written to --out FILE.txt; drawings, of which the originals "
        "are blue, can also become an SVG; music is written as MIDI (.mid), or drawn as piano rolls (.png, .svg).",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_reconstruct_sequences,
};
