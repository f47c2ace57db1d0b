/* Counts notes that a model of music finds again. */
#include "cli/evaluate_onsets.h"

#include <stdlib.h>

#include "data/music_tokens.h"
#include "model/runtime.h"

enum { ITEMS = 1024 }; /* at a time */

/* Row t of an item, or a begin, in which nothing begins, beyond its end. */
static float token_at(const vae_sequence_list *list, int64_t item, int64_t t)
{
    int64_t count;
    const float *rows = vae_sequence_list_item(list, item, &count);
    return t < count ? rows[t] : (float)VAE_MUSIC_BEGIN;
}

static int64_t count_both(vae_music_part part, const vae_sequence_list *a, const vae_sequence_list *b)
{
    int64_t both = 0;
    for (int64_t i = 0; i < a->count; ++i) {
        for (int64_t t = 0; t < a->offsets[i + 1] - a->offsets[i]; ++t)
            both += vae_music_onsets(part, token_at(a, i, t), token_at(b, i, t));
    }
    return both;
}

static vae_status generate(const vae_cli_sequences *s, const vae_sequence_list *items, const float *codes, bool forced,
                           vae_sequence_list *made)
{
    const vae_generation what = {
        .count = items->count,
        .codes = codes,
        .beginnings = forced ? items : NULL,
        .forced = forced,
        .decoding = {.top_p = 1.0, .beams = 1, .max_steps = vae_input_most_steps(vae_model_input(s->model))}};
    VAE_TRY(vae_sequence_list_create(s->elements, made));
    return vae_model_generate(s->model, &what, made);
}

static vae_status count_made(const vae_cli_sequences *s, const vae_sequence_list *items, const float *codes,
                             vae_cli_onsets *onsets)
{
    const vae_music_part part = s->config->data.music_part;
    vae_sequence_list forced = {0}, found = {0};
    vae_status status = generate(s, items, codes, true, &forced);
    if (!status) status = generate(s, items, codes, false, &found);
    if (!status) {
        onsets->there += count_both(part, items, items);
        onsets->forced += count_both(part, items, &forced);
        onsets->found += count_both(part, items, &found);
        onsets->made += count_both(part, &found, &found);
    }
    vae_sequence_list_free(&forced);
    vae_sequence_list_free(&found);
    return status;
}

static vae_status count_some(const vae_cli_sequences *s, const vae_dataset *dataset, int64_t first, int64_t count,
                             vae_cli_onsets *onsets)
{
    int64_t indices[ITEMS];
    float *codes = NULL;
    vae_sequence_list items;
    for (int64_t i = 0; i < count; ++i)
        indices[i] = first + i;
    VAE_TRY(vae_sequence_list_create(s->elements, &items));
    vae_status status = vae_sequence_list_take(dataset, indices, count, &items);
    if (!status) status = vae_cli_encode_list(s, &items, &codes);
    if (!status) status = count_made(s, &items, codes, onsets);
    vae_sequence_list_free(&items);
    free(codes);
    return status;
}

vae_status vae_cli_find_onsets(const vae_cli_sequences *s, const vae_dataset *dataset, int64_t count,
                               vae_cli_onsets *onsets)
{
    *onsets = (vae_cli_onsets){0};
    for (int64_t first = 0; first < count; first += ITEMS)
        VAE_TRY(count_some(s, dataset, first, count - first < ITEMS ? count - first : ITEMS, onsets));
    return VAE_OK;
}
