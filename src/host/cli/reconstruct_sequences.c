/* vae-cuda reconstruct of a model of sequences: items, and what the model makes of their codes. */
#include <stdlib.h>

#include "cli/common.h"
#include "cli/counter.h"
#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"

enum { MAX_INDICES = 4096, AT_FIRST = 16 };

typedef struct work {
    const vae_cli_sequences *s;
    vae_decoding decoding;
    vae_sequence_sink *sink;
} work;

/* Items [first, first + count) of the list. */
static vae_status add_pairs(const work *w, const vae_sequence_list *list, const vae_sequence_list *made, int64_t first)
{
    for (int64_t i = 0; i < made->count; ++i) {
        vae_sequence_shown original = {.label = "original"}, again = {.label = "reconstruction"};
        original.rows = vae_sequence_list_item(list, first + i, &original.count);
        original.given = original.count;
        again.rows = vae_sequence_list_item(made, i, &again.count);
        VAE_TRY(vae_sequence_sink_strip(w->sink, NULL));
        VAE_TRY(vae_sequence_sink_add(w->sink, &original));
        VAE_TRY(vae_sequence_sink_add(w->sink, &again));
    }
    return VAE_OK;
}

static vae_status rebuild(const work *w, const vae_sequence_list *list, const float *codes, int64_t first, int64_t rows)
{
    vae_sequence_list made;
    VAE_TRY(vae_sequence_list_create(w->s->elements, &made));
    vae_status status = vae_cli_decode_list(w->s, &w->decoding, codes + first * w->s->latent, first, rows, &made);
    if (!status) status = add_pairs(w, list, &made, first);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status rebuild_all(const vae_cli_options *o, const work *w, const vae_sequence_list *list)
{
    vae_cli_counter counter = vae_cli_counter_start("reconstruct", list->count, o->quiet);
    float *codes;
    VAE_TRY(vae_cli_encode_list(w->s, list, &codes));
    vae_status status = VAE_OK;
    for (int64_t first = 0; !status && first < list->count; first += VAE_SEQUENCE_ROWS) {
        const int64_t left = list->count - first, rows = left < VAE_SEQUENCE_ROWS ? left : VAE_SEQUENCE_ROWS;
        status = rebuild(w, list, codes, first, rows);
        if (!status) status = vae_cli_counter_show(&counter, first + rows);
    }
    free(codes);
    return status;
}

static vae_status take_items(const vae_cli_options *o, const vae_cli_sequences *s, vae_sequence_list *list)
{
    int64_t indices[MAX_INDICES];
    int selected = 0;
    vae_sequence_input input;
    if (o->indices) VAE_TRY(vae_cli_parse_list("--index", o->indices, indices, MAX_INDICES, &selected));
    VAE_TRY(vae_sequence_input_open(s, &o->images, &input));
    const int64_t there = input.dataset->count, wanted = o->count > 0 ? o->count : AT_FIRST;
    const int64_t first = wanted < there ? wanted : there;
    const vae_status status =
        vae_sequence_list_take(input.dataset, o->indices ? indices : NULL, o->indices ? selected : first, list);
    vae_sequence_input_close(&input);
    return status;
}

static vae_status open_and_rebuild(const vae_cli_options *o, vae_cli_sequences *s, const vae_sequence_list *list)
{
    work w = {.s = s};
    VAE_TRY(vae_cli_find_decoding(o, s, s->choice->temperature, &w.decoding));
    const vae_sequence_sink_plan plan = {.path = o->out,
                                         .columns = o->columns,
                                         .label_width = sizeof "reconstruction" - 1,
                                         .pairs = true,
                                         .count = 2 * list->count,
                                         .max_steps = w.decoding.max_steps};
    VAE_TRY(vae_sequence_sink_open(s, &plan, &w.sink));
    const vae_status status = rebuild_all(o, &w, list);
    if (!status) return vae_sequence_sink_finish(w.sink, o->quiet);
    vae_sequence_sink_abandon(w.sink);
    return status;
}

static vae_status reconstruct(vae_cli_options *o, vae_cli_sequences *s)
{
    vae_sequence_list list;
    VAE_TRY(vae_cli_require_codes(s, "reconstruct"));
    VAE_TRY(vae_sequence_list_create(s->elements, &list));
    vae_status status = take_items(o, s, &list);
    if (!status) status = open_and_rebuild(o, s, &list);
    vae_sequence_list_free(&list);
    return status;
}

vae_status vae_cli_reconstruct_sequences(vae_cli_options *o)
{
    const vae_sequence_kind *kind = vae_sequence_kind_of(o->kind);
    if (!o->out && !kind->prints) o->out = "reconstructions.png";
    const vae_cli_file files[] = {{"--out", o->out, kind->files}, {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_sequences(o, files, 2, reconstruct);
}
