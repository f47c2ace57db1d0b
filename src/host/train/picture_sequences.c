/* Sentences and drawings that a model makes by itself, and items of the data beside what it makes of their codes. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/vocabulary.h"
#include "model/generate.h"
#include "model/sequence_batch.h"
#include "train/picture_codes.h"
#include "train/picture_maker.h"

enum { COLUMNS = 8, SAMPLES = 32, MOST_ITEMS = 16 };

typedef struct sequence_pictures {
    vae_instance model;
    const vae_classes *vocabulary; /* borrowed */
    vae_generator *generator;      /* of SAMPLES rows */
    vae_picture_codes codes;       /* likewise */
    vae_sequence_list items;       /* none of a decoder only */
    vae_runner encode;             /* zeroed without items */
    vae_sequence_batch batch;
    float *encoded; /* [items, 2·latent], means before log-variances; then [items, latent], means alone */
} sequence_pictures;

/* ---- Making ---- */

/* Whole rows of a grid, at most MOST_ITEMS; few items make a shorter row. */
static int64_t shown_items(const vae_design *design, int64_t items)
{
    if (!design->traits.has_posterior) return 0;
    if (items < COLUMNS) return items;
    return items < MOST_ITEMS ? items / COLUMNS * COLUMNS : MOST_ITEMS;
}

static void find_builds(const vae_design *design, int64_t items, vae_build builds[VAE_PICTURE_BUILDS])
{
    const int64_t shown = shown_items(design, items);
    builds[0] = (vae_build){.role = VAE_ROLE_NEXT, .rows = SAMPLES};
    builds[1] = (vae_build){.role = VAE_ROLE_ENCODE, .rows = shown, .steps = design->input.longest};
    builds[2] = vae_picture_codes_build(design, SAMPLES);
}

static vae_status open_encoder(sequence_pictures *p)
{
    const vae_design *design = p->model.design;
    vae_build builds[VAE_PICTURE_BUILDS];
    find_builds(design, p->items.count, builds);
    p->encoded = malloc((size_t)(p->items.count * 2 * design->traits.latent) * sizeof *p->encoded);
    if (!p->encoded) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    VAE_TRY(vae_sequence_batch_create(builds[1].rows, builds[1].steps, p->items.elements, &p->batch));
    return vae_runner_create(&p->encode, &p->model, builds[1], NULL);
}

static vae_status create(const vae_instance *model, const vae_dataset *items, const vae_classes *vocabulary,
                         void **state)
{
    sequence_pictures *made = *state = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    made->model = *model;
    made->vocabulary = vocabulary;
    VAE_TRY(vae_generator_create(model, SAMPLES, &made->generator));
    VAE_TRY(vae_picture_codes_create(model, SAMPLES, &made->codes));
    VAE_TRY(vae_sequence_list_create(model->design->input.channels, &made->items));
    VAE_TRY(vae_sequence_list_take(items, NULL, shown_items(model->design, items->count), &made->items));
    return made->items.count > 0 ? open_encoder(made) : VAE_OK;
}

static void destroy(void *state)
{
    sequence_pictures *p = state;
    vae_generator_destroy(p->generator);
    vae_picture_codes_free(&p->codes);
    vae_sequence_list_free(&p->items);
    vae_runner_destroy(&p->encode);
    vae_sequence_batch_free(&p->batch);
    free(p->encoded);
    free(p);
}

/* ---- Generating ---- */

static bool is_finite(const vae_sequence_list *list)
{
    const int64_t numbers = list->offsets[list->count] * list->elements;
    bool finite = true;
    for (int64_t i = 0; i < numbers; ++i)
        finite = finite && isfinite(list->values[i]);
    return finite;
}

/* A sequence for each code; none where numbers have no bounds, as those of a model may that diverges: its loss tells
 * more of that. */
static vae_status generate(const sequence_pictures *p, const float *codes, int64_t count, double temperature,
                           vae_sequence_list *made)
{
    const vae_design *design = p->model.design;
    const vae_generation what = {.count = count,
                                 .codes = codes,
                                 .decoding = {.temperature = temperature,
                                              .top_p = 1.0,
                                              .beams = 1,
                                              .max_steps = vae_input_most_steps(&design->input),
                                              .seed = (uint64_t)design->config.train.seed}};
    VAE_TRY(vae_sequence_list_create(design->input.channels, made));
    const vae_status status = vae_generate(p->generator, &what, made);
    if (!status && is_finite(made)) return VAE_OK;
    vae_sequence_list_free(made);
    return status == VAE_ERROR_NUMERIC ? VAE_OK : status;
}

static vae_status encode(sequence_pictures *p, const float **codes)
{
    const int64_t latent = p->model.design->traits.latent, count = p->items.count;
    const vae_column items = vae_sequence_list_column(&p->items);
    int64_t which[MOST_ITEMS];
    for (int64_t i = 0; i < count; ++i)
        which[i] = i;
    VAE_TRY(vae_sequence_batch_encode(&p->batch, &p->encode, &items, which, count, p->encoded));
    for (int64_t i = 0; i < count * latent; ++i)
        p->encoded[i] = p->encoded[i / latent * 2 * latent + i % latent];
    *codes = p->encoded;
    return VAE_OK;
}

/* ---- Texts ---- */

static vae_status add_line(const sequence_pictures *p, const char *label, const vae_sequence_list *list, int64_t index,
                           FILE *stream)
{
    int64_t count;
    char *text;
    const float *rows = vae_sequence_list_item(list, index, &count);
    VAE_TRY(vae_vocabulary_spell(p->vocabulary, p->model.design->config.data.tokens, rows, count, &text));
    fprintf(stream, "%s%s\n", label, text);
    free(text);
    return VAE_OK;
}

/* Samples are a line each; an original and what was made of it stand together, as `reconstruct` prints them. */
static vae_status add_lines(const sequence_pictures *p, bool pairs, const vae_sequence_list *made, FILE *stream)
{
    for (int64_t i = 0; i < made->count; ++i) {
        if (pairs && i > 0) fputc('\n', stream);
        if (pairs) VAE_TRY(add_line(p, "original        ", &p->items, i, stream));
        VAE_TRY(add_line(p, pairs ? "reconstruction  " : "", made, i, stream));
    }
    return VAE_OK;
}

static vae_status show_text(const sequence_pictures *p, bool pairs, vae_sequence_list *made, vae_picture *picture)
{
    size_t size;
    FILE *stream = open_memstream(&picture->text, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory");
    const vae_status status = add_lines(p, pairs, made, stream);
    return fclose(stream) && !status ? vae_error_set(VAE_ERROR_MEMORY, "pictures: out of memory") : status;
}

/* ---- Drawings ---- */

static vae_status add_row(const vae_sequence_list *from, int64_t first, int64_t count, vae_sequence_list *to)
{
    for (int64_t i = first; i < first + count; ++i) {
        int64_t rows;
        const float *values = vae_sequence_list_item(from, i, &rows);
        VAE_TRY(vae_sequence_list_add(to, values, rows));
        VAE_TRY(vae_sequence_list_end(to));
    }
    return VAE_OK;
}

/* A row of originals, a row of what was made of them, and so on. */
static vae_status show_drawings(const sequence_pictures *p, bool pairs, vae_sequence_list *made, vae_picture *picture)
{
    const int64_t columns = made->count < COLUMNS ? made->count : COLUMNS;
    vae_sequence_list *shown = &picture->drawings.items;
    picture->drawings.columns = columns;
    picture->drawings.pairs = pairs;
    picture->drawings.part = p->model.design->config.data.music_part;
    picture->drawings.beat = p->model.design->config.data.steps_per_quarter;
    VAE_TRY(vae_sequence_list_create(made->elements, shown));
    for (int64_t first = 0; first < made->count; first += columns) {
        if (pairs) VAE_TRY(add_row(&p->items, first, columns, shown));
        VAE_TRY(add_row(made, first, columns, shown));
    }
    return VAE_OK;
}

/* ---- Drawing ---- */

/* How sequences of each kind become a picture. */
static vae_status (*const show[])(const sequence_pictures *p, bool pairs, vae_sequence_list *made,
                                  vae_picture *picture) = {
    [VAE_KIND_TEXT] = show_text, [VAE_KIND_DRAWING] = show_drawings, [VAE_KIND_MUSIC] = show_drawings};

static vae_status draw_one(const sequence_pictures *p, const float *codes, bool pairs, int64_t epoch,
                           vae_picture *picture)
{
    const vae_design *design = p->model.design;
    vae_sequence_list made;
    VAE_TRY(
        generate(p, codes, pairs ? p->items.count : SAMPLES, pairs ? design->family->choice->temperature : 1.0, &made));
    if (made.count == 0) return VAE_OK;
    *picture = (vae_picture){.kind = design->input.kind, .what = pairs ? "reconstructions" : "samples", .epoch = epoch};
    const vae_status status = show[picture->kind](p, pairs, &made, picture);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status draw(void *state, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS])
{
    sequence_pictures *p = state;
    const float *codes = NULL;
    VAE_TRY(vae_picture_codes_draw(&p->codes));
    VAE_TRY(draw_one(p, p->codes.codes, false, epoch, &drawn[0]));
    if (p->items.count == 0) return VAE_OK;
    VAE_TRY(encode(p, &codes));
    return draw_one(p, codes, true, epoch, &drawn[1]);
}

const vae_picture_maker vae_picture_maker_sequences = {
    .builds = find_builds, .create = create, .destroy = destroy, .draw = draw};
