/* vae-cuda arithmetic of a model of sequences: the difference that something makes to codes, added to items. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/common.h"
#include "cli/difference.h"
#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"
#include "core/npy.h"
#include "draw/axes.h"

enum { MAX_INDICES = 256, LABEL_SIZE = 16 };

typedef struct sums {
    const vae_cli_options *o;
    const vae_cli_sequences *s;
    vae_cli_difference what;
    int64_t indices[MAX_INDICES];
    vae_sequence_list items; /* that it is added to */
    float *codes;            /* [items.count, latent] */
    float *vector;           /* [latent] */
    float *row;              /* [1 + strengths, latent] of a strip */
    vae_decoding decoding;
    vae_sequence_sink *sink;
} sums;

static vae_status read_file(void *context, const char *path, vae_dataset *dataset)
{
    return vae_sequence_file_read(context, path, dataset);
}

/* ---- Strips ---- */

/* The item's own code, then with each strength of the difference. */
static void fill_row(const sums *c, int64_t item)
{
    const int64_t latent = c->s->latent;
    for (int64_t i = 0; i <= c->o->range.count; ++i) {
        const double strength = i == 0 ? 0.0 : vae_cli_range_value(&c->o->range, i - 1);
        for (int64_t j = 0; j < latent; ++j)
            c->row[i * latent + j] = (float)((double)c->codes[item * latent + j] + strength * (double)c->vector[j]);
    }
}

static vae_status begin_strip(const sums *c, int64_t item)
{
    char name[VAE_CLI_LABEL_SIZE + 64];
    vae_sequence_shown original = {.label = "original"};
    if (c->o->text) {
        snprintf(name, sizeof name, "--text\n+ %s", c->what.name);
    } else {
        snprintf(name, sizeof name, "%s %" PRId64 "\n+ %s", c->s->words->item, c->indices[item], c->what.name);
    }
    VAE_TRY(vae_sequence_sink_strip(c->sink, name));
    original.rows = vae_sequence_list_item(&c->items, item, &original.count);
    original.given = original.count;
    return c->o->originals ? vae_sequence_sink_add(c->sink, &original) : VAE_OK;
}

static vae_status show_row(const sums *c, const vae_sequence_list *made)
{
    for (int64_t i = 0; i < made->count; ++i) {
        char label[LABEL_SIZE] = "decoded";
        vae_sequence_shown one = {.label = label};
        if (i > 0) vae_plot_number(vae_cli_range_value(&c->o->range, i - 1), 3, label, sizeof label);
        one.rows = vae_sequence_list_item(made, i, &one.count);
        VAE_TRY(vae_sequence_sink_add(c->sink, &one));
    }
    return VAE_OK;
}

static vae_status add_strip(const sums *c, int64_t item)
{
    const int64_t count = 1 + c->o->range.count;
    vae_sequence_list made;
    fill_row(c, item);
    VAE_TRY(vae_sequence_list_create(c->s->elements, &made));
    vae_status status = vae_cli_decode_list(c->s, &c->decoding, c->row, item * count, count, &made);
    if (!status) status = begin_strip(c, item);
    if (!status) status = show_row(c, &made);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status show_strips(sums *c)
{
    const int64_t columns = 1 + c->o->range.count + c->o->originals;
    VAE_TRY(vae_cli_find_decoding(c->o, c->s, c->s->choice->temperature, &c->decoding));
    const vae_sequence_sink_plan plan = {.path = c->o->out,
                                         .columns = columns,
                                         .label_width = sizeof "original" - 1,
                                         .headings = true,
                                         .count = columns * c->items.count,
                                         .max_steps = c->decoding.max_steps};
    c->row = malloc((size_t)((1 + c->o->range.count) * c->s->latent) * sizeof *c->row);
    if (!c->row) return vae_error_set(VAE_ERROR_MEMORY, "strips: out of memory");
    VAE_TRY(vae_sequence_sink_open(c->s, &plan, &c->sink));
    for (int64_t i = 0; i < c->items.count; ++i)
        VAE_TRY(add_strip(c, i));
    vae_sequence_sink *sink = c->sink;
    c->sink = NULL;
    VAE_TRY(vae_sequence_sink_finish(sink, c->o->quiet));
    if (!c->o->save_vector) return VAE_OK;
    return vae_npy_write_float32(c->o->save_vector, c->vector, 1, &c->s->latent);
}

/* ---- All of it ---- */

static vae_status take_items(sums *c, const vae_splits *splits)
{
    const vae_dataset *dataset;
    int count = 0;
    if (c->o->text) return c->s->kind->read(c->s, "--text", c->o->text, &c->items);
    VAE_TRY(vae_cli_parse_list("--index", c->o->indices, c->indices, MAX_INDICES, &count));
    VAE_TRY(vae_cli_find_split(splits, c->o->images.split, &dataset, NULL));
    return vae_sequence_list_take(dataset, c->indices, count, &c->items);
}

static vae_status with_splits(sums *c, const vae_splits *splits)
{
    VAE_TRY(vae_sequence_list_create(c->s->elements, &c->items));
    VAE_TRY(take_items(c, splits));
    VAE_TRY(vae_cli_difference_name(&c->what, splits));
    VAE_TRY(vae_cli_encode_list(c->s, &c->items, &c->codes));
    c->vector = calloc((size_t)c->s->latent, sizeof *c->vector);
    if (!c->vector) return vae_error_set(VAE_ERROR_MEMORY, "arithmetic: out of memory");
    VAE_TRY(vae_cli_difference_find(&c->what, splits, c->vector));
    return show_strips(c);
}

static vae_status arithmetic(vae_cli_options *o, vae_cli_sequences *s)
{
    sums c = {.o = o, .s = s, .what = {o, s->model, read_file, s, .quiet = o->quiet || !o->out}};
    vae_splits splits;
    VAE_TRY(vae_cli_require_codes(s, "arithmetic"));
    VAE_TRY(vae_cli_splits_open(s->model, &splits));
    const vae_status status = with_splits(&c, &splits);
    vae_splits_free(&splits);
    vae_sequence_sink_abandon(c.sink);
    vae_sequence_list_free(&c.items);
    free(c.codes);
    free(c.vector);
    free(c.row);
    return status;
}

vae_status vae_cli_arithmetic_sequences(vae_cli_options *o)
{
    const vae_sequence_kind *kind = vae_sequence_kind_of(o->kind);
    VAE_TRY(vae_cli_difference_check(o));
    if (o->text && (o->given[VAE_OPTION_INDICES] || o->images.split)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--text is what it is added to: --index and --split cannot be given "
                                                 "with it");
    }
    if (!o->out && !kind->prints) o->out = "arithmetic.png";
    const vae_cli_file files[] = {
        {"--out", o->out, kind->files},           {"--save-vector", o->save_vector, VAE_FILE_NPY},
        {"--vector", o->vector, VAE_FILE_READ},   {"--with", o->with, VAE_FILE_READ},
        {"--without", o->without, VAE_FILE_READ}, {"--attributes", o->attributes, VAE_FILE_READ}};
    return vae_cli_use_sequences(o, files, 6, arithmetic);
}
