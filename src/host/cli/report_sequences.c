/* Samples, reconstructions, a way between two items, and completions, for the report. */
#include "cli/report_sequences.h"

#include <stdlib.h>
#include <string.h>

#include "cli/remarks.h"
#include "cli/sequence_input.h"
#include "model/interpolate.h"
#include "model/runtime.h"

enum { SAMPLES = 16, SAMPLE_COLUMNS = 8, PAIRS = 8, STEPS = 8, WAYS = 2, BEGUN = 4, CONTINUATIONS = 4, SEED = 1 };

/* What the groups of a kind are called, for readers who know nothing of codes yet. */
typedef struct captions {
    const char *samples, *pairs, *way, *between, *completions;
} captions;

static const captions captions_of[] = {
    [VAE_KIND_TEXT] =
        {.samples = "Sentences that the model makes by itself, each from a code drawn at random.",
         .pairs = "Sentences of the data, in blue, and below each what the model says of it with nothing but the code "
                  "that the sentence became.",
         .way = "From one sentence to another",
         .between = "The code of one sentence is changed step by step into that of another: each line is what the "
                    "model makes of a code on the way.",
         .completions = "The first half of a sentence, in blue, was given, and the model went on, four times."},
    [VAE_KIND_DRAWING] =
        {.samples = "Drawings that the model makes by itself, each from a code drawn at random.",
         .pairs = "Drawings of the data, in blue, and below each what the model draws with nothing but the "
                  "code that the drawing became.",
         .way = "From one drawing to another",
         .between = "The code of one drawing is changed step by step into that of another: each is what the model "
                    "makes of a code on the way.",
         .completions = "The first half of a drawing, in blue, was given, and the model went on, four times."},
    [VAE_KIND_MUSIC] =
        {.samples = "Music that the model makes by itself, each excerpt from a code drawn at random.",
         .pairs = "Excerpts of the data, in blue, and below each what the model plays with nothing but the code that "
                  "the excerpt became.",
         .way = "From one excerpt to another",
         .between = "The code of one excerpt is changed step by step into that of another: each is what the model "
                    "makes of a code on the way.",
         .completions = "The first half of an excerpt, in blue, was given, and the model went on, four times."},
};

typedef struct showing {
    const vae_cli_sequences *s;
    const captions *captions;
    vae_page_run *run;
    vae_sequence_list items; /* of the run's data, a few */
    float *codes;            /* of these */
} showing;

/* Draws of steps at the temperature. */
static vae_decoding decoding_at(const showing *v, double temperature)
{
    return (vae_decoding){.temperature = temperature,
                          .top_p = 1.0,
                          .beams = 1,
                          .max_steps = vae_input_most_steps(vae_model_input(v->s->model)),
                          .seed = SEED};
}

/* ---- From the prior ---- */

static vae_status make_samples(const showing *v, vae_sequence_list *made)
{
    const vae_decoding decoding = decoding_at(v, 1.0);
    float *codes = calloc((size_t)(SAMPLES * v->s->latent + 1), sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    vae_status status = VAE_OK;
    if (v->s->latent > 0) status = vae_model_sample_prior_from(v->s->model, SEED, 1.0, 0, SAMPLES, codes);
    if (!status) status = vae_cli_decode_list(v->s, &decoding, v->s->latent > 0 ? codes : NULL, 0, SAMPLES, made);
    free(codes);
    return status;
}

static vae_status show_samples(const showing *v, vae_sequence_list *made)
{
    const vae_sequence_group group = {
        .title = "Samples", .caption = v->captions->samples, .items = made, .columns = SAMPLE_COLUMNS};
    VAE_TRY(make_samples(v, made));
    return v->s->kind->report(v->s, &group, v->run);
}

/* ---- Of the data's items ---- */

static vae_status append(vae_sequence_list *list, const vae_sequence_list *from, int64_t index)
{
    int64_t count;
    const float *rows = vae_sequence_list_item(from, index, &count);
    VAE_TRY(vae_sequence_list_add(list, rows, count));
    return vae_sequence_list_end(list);
}

static vae_status show_pairs(const showing *v, vae_sequence_list *made)
{
    static const char *const labels[] = {"original", "reconstruction"};
    const vae_decoding decoding = decoding_at(v, v->s->choice->temperature);
    vae_sequence_list pairs;
    int64_t given[2 * PAIRS] = {0};
    VAE_TRY(vae_cli_decode_list(v->s, &decoding, v->codes, 0, v->items.count, made));
    VAE_TRY(vae_sequence_list_create(v->s->elements, &pairs));
    vae_status status = VAE_OK;
    for (int64_t i = 0; i < made->count && !status; ++i) {
        given[2 * i] = v->items.offsets[i + 1] - v->items.offsets[i];
        status = append(&pairs, &v->items, i);
        if (!status) status = append(&pairs, made, i);
    }
    const vae_sequence_group group = {.title = "Reconstructions",
                                      .caption = v->captions->pairs,
                                      .items = &pairs,
                                      .columns = 2,
                                      .pairs = true,
                                      .labels = labels,
                                      .given = given};
    if (!status) status = v->s->kind->report(v->s, &group, v->run);
    vae_sequence_list_free(&pairs);
    return status;
}

static vae_status show_ways(const showing *v, vae_sequence_list *made)
{
    const vae_decoding decoding = decoding_at(v, v->s->choice->temperature);
    const int64_t latent = v->s->latent, ways = v->items.count / 2 < WAYS ? v->items.count / 2 : WAYS;
    if (ways == 0) return VAE_OK;
    float *codes = malloc((size_t)(ways * STEPS * latent) * sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    for (int64_t i = 0; i < ways * STEPS; ++i) {
        const float *from = v->codes + i / STEPS * 2 * latent;
        vae_interpolate_spherical(from, from + latent, latent, (double)(i % STEPS) / (STEPS - 1), codes + i * latent);
    }
    const vae_status status = vae_cli_decode_list(v->s, &decoding, codes, 0, ways * STEPS, made);
    free(codes);
    const vae_sequence_group group = {
        .title = v->captions->way, .caption = v->captions->between, .items = made, .columns = STEPS};
    return status ? status : v->s->kind->report(v->s, &group, v->run);
}

/* The first half of an item, from its begin to an end. */
static vae_status begin_like(const showing *v, int64_t item, vae_sequence_list *beginning, int64_t *given)
{
    int64_t rows;
    const float *values = vae_sequence_list_item(&v->items, item, &rows);
    *given = 1 + (rows - 1) / 2;
    VAE_TRY(vae_sequence_list_add(beginning, values, *given));
    VAE_TRY(vae_sequence_list_add(beginning, values + (rows - 1) * v->s->elements, 1));
    return vae_sequence_list_end(beginning);
}

static vae_status continue_item(const showing *v, int64_t item, vae_sequence_list *made, int64_t *given)
{
    vae_sequence_list beginning;
    float *code = NULL, *codes = calloc((size_t)(CONTINUATIONS * v->s->latent + 1), sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    vae_generation what = {.count = CONTINUATIONS,
                           .codes = v->s->latent > 0 ? codes : NULL,
                           .beginnings = &beginning,
                           .first_row = item * CONTINUATIONS,
                           .decoding = decoding_at(v, 1.0)};
    vae_status status = vae_sequence_list_create(v->s->elements, &beginning);
    if (!status) status = begin_like(v, item, &beginning, given);
    if (!status && v->s->latent > 0) status = vae_cli_encode_list(v->s, &beginning, &code);
    for (int64_t i = 0; !status && code && i < CONTINUATIONS * v->s->latent; ++i)
        codes[i] = code[i % v->s->latent];
    if (!status) status = vae_model_generate(v->s->model, &what, made);
    vae_sequence_list_free(&beginning);
    free(code);
    free(codes);
    return status;
}

static vae_status show_completions(const showing *v, vae_sequence_list *made)
{
    int64_t given[BEGUN * CONTINUATIONS];
    const int64_t begun = v->items.count < BEGUN ? v->items.count : BEGUN;
    for (int64_t i = 0; i < begun; ++i) {
        VAE_TRY(continue_item(v, i, made, &given[i * CONTINUATIONS]));
        for (int64_t k = 1; k < CONTINUATIONS; ++k)
            given[i * CONTINUATIONS + k] = given[i * CONTINUATIONS];
    }
    const vae_sequence_group group = {.title = "Completions",
                                      .caption = v->captions->completions,
                                      .items = made,
                                      .columns = CONTINUATIONS,
                                      .given = given};
    return v->s->kind->report(v->s, &group, v->run);
}

/* ---- All of it ---- */

/* Of the data, where they are there. */
static vae_status take_items(showing *v, bool *found)
{
    const vae_cli_input_options any = {.input = NULL};
    vae_sequence_input input;
    *found = vae_sequence_input_open(v->s, &any, &input) == VAE_OK;
    if (!*found) {
        vae_cli_warn("%s; the report shows samples only", vae_error_message());
        return VAE_OK;
    }
    const int64_t count = input.dataset->count < PAIRS ? input.dataset->count : PAIRS;
    vae_status status = vae_sequence_list_take(input.dataset, NULL, count, &v->items);
    vae_sequence_input_close(&input);
    if (!status && v->s->latent > 0) status = vae_cli_encode_list(v->s, &v->items, &v->codes);
    return status;
}

static vae_status show(const showing *v, vae_status (*group)(const showing *v, vae_sequence_list *made))
{
    vae_sequence_list made;
    VAE_TRY(vae_sequence_list_create(v->s->elements, &made));
    const vae_status status = group(v, &made);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status show_all(showing *v)
{
    bool found;
    VAE_TRY(show(v, show_samples));
    VAE_TRY(take_items(v, &found));
    if (!found) return VAE_OK;
    if (v->s->latent > 0) VAE_TRY(show(v, show_pairs));
    if (v->s->latent > 0) VAE_TRY(show(v, show_ways));
    return show(v, show_completions);
}

vae_status vae_cli_report_sequences(const vae_cli_options *options, vae_page_run *run)
{
    vae_cli_options opening = *options;
    vae_cli_sequences s;
    showing v = {.s = &s, .run = run};
    opening.kind = run->checkpoint.design.input.kind;
    if (opening.kind == VAE_KIND_IMAGE) return VAE_OK;
    opening.device = "cpu"; /* the same page wherever it is written */
    VAE_TRY(vae_cli_sequences_open(&opening, &s));
    v.captions = &captions_of[opening.kind];
    vae_status status = vae_sequence_list_create(s.elements, &v.items);
    if (!status) status = show_all(&v);
    vae_sequence_list_free(&v.items);
    free(v.codes);
    vae_cli_sequences_close(&s);
    return status;
}
