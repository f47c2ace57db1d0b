/* vae-cuda complete: goes on from the beginnings of sentences, drawings or music. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"
#include "model/runtime.h"

enum { MAX_INDICES = 256 };

typedef struct completion {
    const vae_cli_options *o;
    const vae_cli_sequences *s;
    vae_sequence_list items;      /* as they were given, from begin to end */
    int64_t indices[MAX_INDICES]; /* of --index: their numbers */
    vae_sequence_list beginnings; /* of each: what is gone on from, and an end, which only the encoder reads */
    float *encoded;               /* [beginnings.count, latent]; NULL: codes are drawn, or there are none */
    float *codes;                 /* [o->count, latent] of one beginning's continuations */
    vae_decoding decoding;
    vae_sequence_sink *sink;
} completion;

/* ---- Beginnings ---- */

static vae_status take_items(completion *c)
{
    const vae_cli_options *o = c->o;
    int count = 0;
    vae_sequence_input input;
    if (o->text) return c->s->kind->read(c->s, "--text", o->text, &c->items);
    if (o->indices) VAE_TRY(vae_cli_parse_list("--index", o->indices, c->indices, MAX_INDICES, &count));
    VAE_TRY(vae_sequence_input_open(c->s, &o->images, &input));
    const vae_status status = vae_sequence_list_take(input.dataset, o->indices ? c->indices : NULL,
                                                     o->indices ? count : input.dataset->count, &c->items);
    vae_sequence_input_close(&input);
    return status;
}

/* Of its rows, begin and end apart: all of what is a beginning already, else --keep or half of them. */
static int64_t steps_kept(const vae_cli_options *o, int64_t rows)
{
    const int64_t steps = rows - 2, begun = o->text || o->images.input ? steps : (steps + 1) / 2;
    const int64_t kept = o->keep > 0 ? o->keep : begun;
    return kept < steps ? kept : steps;
}

static vae_status cut_items(completion *c)
{
    for (int64_t i = 0; i < c->items.count; ++i) {
        int64_t rows;
        const float *item = vae_sequence_list_item(&c->items, i, &rows);
        VAE_TRY(vae_sequence_list_add(&c->beginnings, item, 1 + steps_kept(c->o, rows)));
        VAE_TRY(vae_sequence_list_add(&c->beginnings, item + (rows - 1) * c->s->elements, 1));
        VAE_TRY(vae_sequence_list_end(&c->beginnings));
    }
    return VAE_OK;
}

static int64_t longest_beginning(const completion *c)
{
    int64_t most = 0;
    for (int64_t i = 0; i < c->beginnings.count; ++i) {
        const int64_t steps = c->beginnings.offsets[i + 1] - c->beginnings.offsets[i] - 2;
        most = steps > most ? steps : most;
    }
    return most;
}

/* Sequences are as long as those of the data, or, where a beginning is as long as that already, so much longer. */
static vae_status find_decoding(completion *c)
{
    const int64_t begun = longest_beginning(c);
    VAE_TRY(vae_cli_find_decoding(c->o, c->s, 1.0, &c->decoding));
    if (c->decoding.max_steps > begun) return VAE_OK;
    if (c->o->max_length > 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--max-length %" PRId64 ": a beginning has %" PRId64 " %s already",
                             c->o->max_length, begun, c->s->words->steps);
    }
    c->decoding.max_steps += begun;
    return VAE_OK;
}

/* ---- Continuations ---- */

static vae_status find_codes(const completion *c, int64_t item)
{
    const int64_t latent = c->s->latent, count = c->o->count;
    if (latent == 0) return VAE_OK;
    if (!c->encoded) {
        return vae_model_sample_prior_from(c->s->model, c->decoding.seed, 1.0, item * count, count, c->codes);
    }
    for (int64_t i = 0; i < count; ++i)
        memcpy(c->codes + i * latent, c->encoded + item * latent, (size_t)latent * sizeof *c->codes);
    return VAE_OK;
}

static vae_status show(const completion *c, int64_t item, const vae_sequence_list *made)
{
    char name[64];
    vae_sequence_shown original = {.label = "original"};
    snprintf(name, sizeof name, "%s %" PRId64, c->s->words->item, c->o->indices ? c->indices[item] : item);
    VAE_TRY(vae_sequence_sink_strip(c->sink, name));
    original.rows = vae_sequence_list_item(&c->items, item, &original.count);
    original.given = original.count;
    if (c->o->originals) VAE_TRY(vae_sequence_sink_add(c->sink, &original));
    for (int64_t i = 0; i < made->count; ++i) {
        vae_sequence_shown one = {.given = c->beginnings.offsets[item + 1] - c->beginnings.offsets[item] - 1};
        one.rows = vae_sequence_list_item(made, i, &one.count);
        VAE_TRY(vae_sequence_sink_add(c->sink, &one));
    }
    return VAE_OK;
}

static vae_status complete_item(const completion *c, int64_t item)
{
    /* The list of this beginning alone: all continuations have it. */
    const vae_sequence_list beginning = {.values = c->beginnings.values,
                                         .offsets = c->beginnings.offsets + item,
                                         .count = 1,
                                         .elements = c->s->elements};
    const vae_generation what = {.count = c->o->count,
                                 .codes = c->s->latent > 0 ? c->codes : NULL,
                                 .beginnings = &beginning,
                                 .first_row = item * c->o->count,
                                 .decoding = c->decoding};
    vae_sequence_list made;
    VAE_TRY(find_codes(c, item));
    VAE_TRY(vae_sequence_list_create(c->s->elements, &made));
    vae_status status = vae_model_generate(c->s->model, &what, &made);
    if (!status) status = show(c, item, &made);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status complete_all(completion *c)
{
    const int64_t items = c->items.count, shown = c->o->count + c->o->originals;
    const vae_sequence_sink_plan plan = {.path = c->o->out,
                                         .columns = shown,
                                         .label_width = c->o->originals ? sizeof "original" - 1 : 0,
                                         .count = items * shown,
                                         .max_steps = c->decoding.max_steps};
    vae_cli_counter counter = vae_cli_counter_start("complete", items, c->o->quiet);
    VAE_TRY(vae_sequence_sink_open(c->s, &plan, &c->sink));
    for (int64_t i = 0; i < items; ++i) {
        VAE_TRY(complete_item(c, i));
        VAE_TRY(vae_cli_counter_show(&counter, i + 1));
    }
    vae_sequence_sink *sink = c->sink;
    c->sink = NULL;
    return vae_sequence_sink_finish(sink, c->o->quiet);
}

static vae_status prepare(completion *c)
{
    VAE_TRY(vae_sequence_list_create(c->s->elements, &c->items));
    VAE_TRY(vae_sequence_list_create(c->s->elements, &c->beginnings));
    VAE_TRY(take_items(c));
    VAE_TRY(cut_items(c));
    VAE_TRY(find_decoding(c));
    c->codes = calloc((size_t)(c->o->count * c->s->latent + 1), sizeof *c->codes);
    if (!c->codes) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    if (c->s->latent == 0 || c->o->code == VAE_CLI_CODE_PRIOR) return VAE_OK;
    return vae_cli_encode_list(c->s, &c->beginnings, &c->encoded);
}

static vae_status complete(vae_cli_options *o, vae_cli_sequences *s)
{
    completion c = {.o = o, .s = s};
    if (o->code >= 0) VAE_TRY(vae_cli_require_codes(s, "--code"));
    vae_status status = prepare(&c);
    if (!status) status = complete_all(&c);
    vae_sequence_sink_abandon(c.sink);
    vae_sequence_list_free(&c.items);
    vae_sequence_list_free(&c.beginnings);
    free(c.encoded);
    free(c.codes);
    return status;
}

static vae_status run_sequences(vae_cli_options *o)
{
    const vae_sequence_kind *kind = vae_sequence_kind_of(o->kind);
    if (o->text && (o->images.input || o->images.split || o->indices || o->keep > 0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--text is the beginning itself: --input, --split, --index and --keep "
                                                 "cannot be given with it");
    }
    if (!o->text && !o->images.input && !o->indices) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s--input FILE or --index I,J,… says what is to be completed",
                             o->kind == VAE_KIND_TEXT ? "--text TEXT, " : "");
    }
    if (!o->out && !kind->prints) o->out = "completions.png";
    const vae_cli_file files[] = {{"--out", o->out, kind->files}, {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_sequences(o, files, 2, complete);
}

/* Without a model of sequences. */
static vae_status run(vae_cli_options *o)
{
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_cli_find_checkpoint(o, path, sizeof path));
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "complete: this model is of images, which have no beginning: the command is "
                         "for models of texts, drawings and music");
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_TEXT, .group = 2, .kinds = VAE_CLI_TEXTS},
    {VAE_OPTION_INPUT, .group = 2, .argument = "FILE", .help = "begun items, in any format that the data can have"},
    {VAE_OPTION_INDICES, .group = 2, .help = "items of the run, of which the beginnings are kept"},
    {VAE_OPTION_SPLIT, .group = 2,
     .help = "where these are from: test (default, if there is one), validation or train"},
    {VAE_OPTION_KEEP, .group = 2},
    {VAE_OPTION_COUNT, .group = 3, .initial = "4", .help = "continuations of each (4)"},
    {VAE_OPTION_CODE, .group = 3},
    {VAE_OPTION_WITH_ORIGINALS, .group = 3, .help = "begin each strip with the whole item"},
    {VAE_OPTION_TEMPERATURE, .group = 4, .help = "temperature at which steps are drawn (1)"},
    VAE_CLI_STEP_PICKS,
    {VAE_OPTION_OUT, .group = 1},
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_complete = {
    .name = "complete",
    .summary = "go on from the beginnings of sentences, drawings or music",
    .description =
        "Completes sentences, drawings or music that are begun, each several times. Sentences are printed, or written "
        "to "
        "--out FILE.txt; drawings become a grid, completions.png unless --out names another, PNG or SVG, in which what "
        "was given is blue, as an original is, or one SVG each with --out FOLDER/; music becomes such a grid of piano "
        "rolls, or MIDI (.mid).",
    .picks = picks,
    .run = run,
    .run_sequences = run_sequences,
};
