/* Draws sequences side by side, a step of all of them a run. */
#include "model/generate.h"

#include <stdlib.h>
#include <string.h>

#include "model/generate_internal.h"

/* ---- Making ---- */

static vae_status allocate(vae_generator *g)
{
    const size_t rows = (size_t)g->rows;
    g->inputs = calloc(rows * (size_t)g->elements, sizeof(float));
    g->parents = calloc(rows, sizeof(float));
    g->begins = calloc(rows, sizeof(float));
    g->advances = calloc(rows, sizeof(float));
    g->codes = calloc(rows * (size_t)(g->latent + 1), sizeof(float)); /* none: calloc may not return NULL */
    g->predictions = calloc(rows * (size_t)g->prediction, sizeof(float));
    if (g->inputs && g->parents && g->begins && g->advances && g->codes && g->predictions) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "generation: out of memory");
}

static vae_status open_generator(vae_generator *g, const vae_instance *model)
{
    const vae_build what = {.role = VAE_ROLE_NEXT, .rows = g->rows};
    VAE_TRY(vae_instance_reserve(model, &what, 1));
    VAE_TRY(vae_runner_create(&g->next, model, what, NULL));
    g->elements = vae_runner_columns(&g->next, "input");
    g->latent = vae_runner_columns(&g->next, "z");
    g->prediction = vae_runner_columns(&g->next, "prediction");
    return allocate(g);
}

vae_status vae_generator_create(const vae_instance *model, int64_t rows, vae_generator **generator)
{
    *generator = NULL;
    const vae_design *design = model->design;
    if (!design->family->choice) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "this model is not of sequences: nothing is made step by step");
    }
    vae_generator *g = calloc(1, sizeof *g);
    if (!g) return vae_error_set(VAE_ERROR_MEMORY, "generation: out of memory");
    g->design = design;
    g->choice = design->family->choice;
    g->rows = rows;
    const vae_status status = open_generator(g, model);
    if (status) {
        vae_generator_destroy(g);
        return status;
    }
    *generator = g;
    return VAE_OK;
}

void vae_generator_destroy(vae_generator *g)
{
    if (!g) return;
    vae_runner_destroy(&g->next);
    free(g->inputs);
    free(g->parents);
    free(g->begins);
    free(g->advances);
    free(g->codes);
    free(g->predictions);
    free(g);
}

/* ---- Steps ---- */

void vae_generator_begin(vae_generator *g)
{
    for (int64_t r = 0; r < g->rows; ++r) {
        g->choice->begin(g->inputs + r * g->elements);
        g->parents[r] = (float)r;
        g->begins[r] = 1.0f;
    }
}

/* 0 times what memory held before the first run may be no number. */
static vae_status clear_state(const vae_generator *g)
{
    const int64_t columns = vae_runner_columns(&g->next, "state");
    float *zeros = calloc((size_t)(g->rows * columns), sizeof *zeros);
    if (!zeros) return vae_error_set(VAE_ERROR_MEMORY, "generation: out of memory");
    const vae_status status = vae_runner_write(&g->next, "state", zeros);
    free(zeros);
    return status;
}

/* All rows are at the same step, so their segments begin together. */
static vae_status tell_segment(vae_generator *g)
{
    const int64_t segment = g->design->traits.segment_steps;
    if (segment == 0) return VAE_OK;
    for (int64_t r = 0; r < g->rows; ++r)
        g->advances[r] = g->steps % segment == 0 ? 1.0f : 0.0f;
    return vae_runner_write(&g->next, "advance", g->advances);
}

vae_status vae_generator_step(vae_generator *g, bool first)
{
    const vae_step step = {.beta = 1.0};
    if (first) g->steps = 0;
    VAE_TRY(tell_segment(g));
    g->steps++;
    if (first) VAE_TRY(clear_state(g));
    if (first && g->latent > 0) VAE_TRY(vae_runner_write(&g->next, "z", g->codes));
    VAE_TRY(vae_runner_write(&g->next, "input", g->inputs));
    VAE_TRY(vae_runner_write(&g->next, "parent", g->parents));
    VAE_TRY(vae_runner_write(&g->next, "begin", g->begins));
    VAE_TRY(vae_runner_run(&g->next, &step));
    if (first) memset(g->begins, 0, (size_t)g->rows * sizeof *g->begins);
    return vae_runner_read(&g->next, "prediction", g->predictions);
}

/* ---- Sequences side by side ---- */

/* A few sequences in the making. */
typedef struct chunk {
    const vae_generation *what;
    int64_t first, count; /* of what is asked for */
    int64_t room;         /* rows of one sequence: a begin, steps, and an end, which alone may be the last */
    float *rows;          /* [count, room, elements], from each begin on */
    int64_t *lengths;     /* [count] */
    bool *ended;          /* [count] */
} chunk;

/* Row `t` of how a sequence is to begin, counted from its begin; NULL where it is free. */
static const float *given(const vae_generator *g, const vae_generation *what, int64_t number, int64_t t)
{
    const vae_sequence_list *list = what->beginnings;
    if (!list) return NULL;
    const int64_t item = list->count == 1 ? 0 : number;
    const float *rows = list->values + list->offsets[item] * g->elements;
    float begin[8];
    int64_t count = list->offsets[item + 1] - list->offsets[item];
    g->choice->begin(begin);
    const bool begins = count > 0 && memcmp(rows, begin, (size_t)g->elements * sizeof *rows) == 0;
    const int64_t at = begins ? t : t - 1;
    return at >= 0 && at < count && !vae_step_ends(g->choice, rows + at * g->elements) ? rows + at * g->elements : NULL;
}

static vae_status extend(const vae_generator *g, chunk *c, int64_t row)
{
    const vae_generation *what = c->what;
    const int64_t elements = g->elements, number = c->first + row, length = c->lengths[row];
    float *next = c->rows + (row * c->room + length) * elements;
    const float *wanted = given(g, what, number, length);
    if (what->forced && !wanted) {
        c->ended[row] = true;
        return VAE_OK;
    }
    if (wanted && !what->forced) {
        memcpy(next, wanted, (size_t)elements * sizeof *next);
    } else {
        const vae_step_place place = {(uint64_t)(what->first_row + number), (uint64_t)length};
        VAE_TRY(g->choice->choose(g->design, g->predictions + row * g->prediction, g->prediction, &what->decoding,
                                  place, next));
    }
    const bool ends = !what->forced && vae_step_ends(g->choice, next);
    c->ended[row] = ends || length == c->room - 1;
    if (length < c->room - 1 || ends) c->lengths[row]++;
    return VAE_OK;
}

/* A step of all that have not ended; the others run along. */
static vae_status advance(vae_generator *g, chunk *c, bool first, bool *going_on)
{
    *going_on = false;
    VAE_TRY(vae_generator_step(g, first));
    for (int64_t r = 0; r < c->count; ++r) {
        if (c->ended[r]) continue;
        VAE_TRY(extend(g, c, r));
        const int64_t last = c->lengths[r] - 1;
        const float *own = c->rows + (r * c->room + last) * g->elements;
        const float *read = c->what->forced && last > 0 ? given(g, c->what, c->first + r, last) : own;
        memcpy(g->inputs + r * g->elements, read, (size_t)g->elements * sizeof *read);
        *going_on |= !c->ended[r];
    }
    return VAE_OK;
}

static vae_status run(vae_generator *g, chunk *c, vae_sequence_list *made)
{
    bool going_on = true;
    vae_generator_begin(g);
    for (int64_t r = 0; r < c->count; ++r) {
        g->choice->begin(c->rows + r * c->room * g->elements);
        c->lengths[r] = 1;
    }
    if (g->latent > 0) {
        memcpy(g->codes, c->what->codes + c->first * g->latent, (size_t)(c->count * g->latent) * sizeof(float));
    }
    for (bool first = true; going_on; first = false)
        VAE_TRY(advance(g, c, first, &going_on));
    for (int64_t r = 0; r < c->count; ++r) {
        VAE_TRY(vae_sequence_list_add(made, c->rows + r * c->room * g->elements, c->lengths[r]));
        VAE_TRY(vae_sequence_list_end(made));
    }
    return VAE_OK;
}

static vae_status generate_chunk(vae_generator *g, const vae_generation *what, int64_t first, int64_t count,
                                 vae_sequence_list *made)
{
    chunk c = {.what = what, .first = first, .count = count, .room = what->decoding.max_steps + 2};
    c.rows = calloc((size_t)(count * c.room * g->elements), sizeof *c.rows);
    c.lengths = calloc((size_t)count, sizeof *c.lengths);
    c.ended = calloc((size_t)count, sizeof *c.ended);
    const bool there = c.rows && c.lengths && c.ended;
    const vae_status status = there ? run(g, &c, made) : vae_error_set(VAE_ERROR_MEMORY, "generation: out of memory");
    free(c.rows);
    free(c.lengths);
    free(c.ended);
    return status;
}

static vae_status check(const vae_generator *g, const vae_generation *what)
{
    const int64_t beams = what->decoding.beams;
    if (beams > 1 && !g->choice->log_probabilities) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "beam search is for tokens, of which each has a probability");
    }
    if (beams <= g->rows) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "a beam of %lld is wider than the %lld rows of the generator",
                         (long long)beams, (long long)g->rows);
}

vae_status vae_generate(vae_generator *g, const vae_generation *what, vae_sequence_list *made)
{
    const int64_t at_a_time = what->decoding.beams > 1 ? 1 : g->rows;
    VAE_TRY(check(g, what));
    for (int64_t first = 0; first < what->count; first += at_a_time) {
        const int64_t left = what->count - first, count = left < at_a_time ? left : at_a_time;
        VAE_TRY(what->decoding.beams > 1 ? vae_generate_beam(g, what, first, made)
                                         : generate_chunk(g, what, first, count, made));
    }
    return VAE_OK;
}
