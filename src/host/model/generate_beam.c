/* Beam search: the sequence that is likeliest for its length, among those that stay in a beam (Graves 2012). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/generate_internal.h"

typedef struct hypothesis {
    double log_probability;
    int64_t parent; /* row of the beam that it extends */
    float token;
} hypothesis;

typedef struct beam {
    int64_t width, tokens;
    int64_t room;            /* of a sequence: a begin, steps, and an end, which alone may be the last */
    int64_t length;          /* of all that are in the beam, begin counted */
    int64_t alive;           /* rows in use */
    float *rows, *spare;     /* [width, room] */
    double *scores;          /* [width] */
    double *log_probability; /* [tokens] */
    hypothesis *candidates;  /* [2·width] */
    float *best;             /* [room]: the best that has ended */
    int64_t best_length;
    double best_score;
} beam;

/* The likeliest first; of those that are as likely, the one of the earlier row and the lower token. */
static int by_probability(const void *left, const void *right)
{
    const hypothesis *a = left, *b = right;
    if (a->log_probability != b->log_probability) return a->log_probability > b->log_probability ? -1 : 1;
    if (a->parent != b->parent) return a->parent < b->parent ? -1 : 1;
    return (a->token > b->token) - (a->token < b->token);
}

/* Keeps the `room` likeliest in order. */
static void insert(hypothesis *list, int64_t *count, int64_t room, hypothesis candidate)
{
    if (*count == room && by_probability(&candidate, &list[room - 1]) >= 0) return;
    int64_t at = *count < room ? (*count)++ : room - 1;
    for (; at > 0 && by_probability(&candidate, &list[at - 1]) < 0; --at)
        list[at] = list[at - 1];
    list[at] = candidate;
}

/* The mean log p of a step: long sentences would else lose for their length. */
static void finish(beam *b, const float *row, int64_t length, double log_probability)
{
    const double score = log_probability / (double)(length - 1);
    if (b->best_length > 0 && score <= b->best_score) return;
    memcpy(b->best, row, (size_t)length * sizeof *row);
    b->best_length = length;
    b->best_score = score;
}

/* Twice as many as go on: of each row one may end. */
static vae_status find_candidates(const vae_generator *g, beam *b, int64_t *count)
{
    *count = 0;
    for (int64_t r = 0; r < b->alive; ++r) {
        g->choice->log_probabilities(g->design, g->predictions + r * g->prediction, b->log_probability);
        for (int64_t k = 0; k < b->tokens; ++k) {
            if (isnan(b->log_probability[k]))
                return vae_error_set(VAE_ERROR_NUMERIC, "the decoder's prediction is not finite");
            insert(b->candidates, count, 2 * b->width, (hypothesis){b->scores[r] + b->log_probability[k], r, (float)k});
        }
    }
    return VAE_OK;
}

static void take_candidates(vae_generator *g, beam *b, int64_t count)
{
    int64_t alive = 0;
    const bool last = b->length + 1 == b->room; /* only ends may follow; what has none is cut here */
    for (int64_t r = 0; last && r < b->alive; ++r)
        finish(b, b->rows + r * b->room, b->length, b->scores[r]);
    for (int64_t i = 0; i < count && alive < b->width; ++i) {
        const hypothesis *h = &b->candidates[i];
        float *row = b->spare + alive * b->room;
        if (isinf(h->log_probability)) break;
        memcpy(row, b->rows + h->parent * b->room, (size_t)b->length * sizeof *row);
        row[b->length] = h->token;
        if (vae_step_ends(g->choice, &h->token)) {
            finish(b, row, b->length + 1, h->log_probability);
            continue;
        }
        if (last) continue;
        b->scores[alive] = h->log_probability;
        g->parents[alive] = (float)h->parent;
        g->inputs[alive++] = h->token;
    }
    float *rows = b->rows;
    b->rows = b->spare;
    b->spare = rows;
    b->alive = alive;
    b->length++;
}

/* Log p only falls: a beam whose best row is below the best that has ended, over the greatest length, has lost. */
static bool can_improve(const beam *b)
{
    if (b->alive == 0) return false;
    return b->best_length == 0 || b->scores[0] / (double)(b->room - 1) > b->best_score;
}

static vae_status search(vae_generator *g, beam *b)
{
    bool first = true;
    b->alive = b->length = 1;
    b->rows[0] = g->inputs[0];
    while (can_improve(b)) {
        int64_t count;
        VAE_TRY(vae_generator_step(g, first));
        first = false;
        VAE_TRY(find_candidates(g, b, &count));
        take_candidates(g, b, count);
    }
    return VAE_OK;
}

static void release(beam *b)
{
    free(b->rows);
    free(b->spare);
    free(b->scores);
    free(b->log_probability);
    free(b->candidates);
    free(b->best);
}

vae_status vae_generate_beam(vae_generator *g, const vae_generation *what, int64_t number, vae_sequence_list *made)
{
    beam b = {
        .width = what->decoding.beams, .room = what->decoding.max_steps + 2, .tokens = g->design->input.vocabulary};
    const size_t width = (size_t)b.width, room = (size_t)b.room;
    if (what->beginnings) return vae_error_set(VAE_ERROR_ARGUMENT, "beam search takes no beginning");
    b.rows = calloc(width * room, sizeof *b.rows);
    b.spare = calloc(width * room, sizeof *b.spare);
    b.scores = calloc(width, sizeof *b.scores);
    b.log_probability = calloc((size_t)b.tokens, sizeof *b.log_probability);
    b.candidates = calloc(2 * width, sizeof *b.candidates);
    b.best = calloc(room, sizeof *b.best);
    const bool there = b.rows && b.spare && b.scores && b.log_probability && b.candidates && b.best;
    vae_status status = there ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "beam search: out of memory");
    vae_generator_begin(g);
    for (int64_t r = 0; !status && g->latent > 0 && r < g->rows; ++r)
        memcpy(g->codes + r * g->latent, what->codes + number * g->latent, (size_t)g->latent * sizeof(float));
    if (!status) status = search(g, &b);
    if (!status) status = vae_sequence_list_add(made, b.best, b.best_length);
    if (!status) status = vae_sequence_list_end(made);
    release(&b);
    return status;
}
