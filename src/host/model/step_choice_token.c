/* The next token, of a text or of music: drawn at a temperature, from the most likely ones where told, or the most
 * likely itself. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "data/vocabulary.h"
#include "model/step_choice.h"

static void begin(float *step)
{
    *step = VAE_TOKEN_BEGIN;
}

static bool is_end(const float *step)
{
    return *step == VAE_TOKEN_END;
}

/* A begin never follows; it is left out of all that is drawn. */
static void log_probabilities(const vae_design *design, const float *logits, double *log_probability)
{
    const int64_t tokens = design->input.vocabulary;
    double largest = -DBL_MAX, sum = 0.0;
    for (int64_t i = 0; i < tokens; ++i)
        if (i != VAE_TOKEN_BEGIN && logits[i] > largest) largest = logits[i];
    for (int64_t i = 0; i < tokens; ++i)
        if (i != VAE_TOKEN_BEGIN) sum += exp(logits[i] - largest);
    for (int64_t i = 0; i < tokens; ++i)
        log_probability[i] = i == VAE_TOKEN_BEGIN ? -INFINITY : logits[i] - largest - log(sum);
}

typedef struct candidate {
    float logit;
    int32_t token;
} candidate;

/* The most likely first; of those that are as likely, the one of the lower number. */
static int by_logit(const void *left, const void *right)
{
    const candidate *a = left, *b = right;
    if (a->logit != b->logit) return a->logit > b->logit ? -1 : 1;
    return (a->token > b->token) - (a->token < b->token);
}

/* How many of the sorted candidates may be drawn, and the sum of their weights e^((logit - largest) / temperature). */
static int64_t cut(const candidate *candidates, int64_t count, const vae_decoding *decoding, double *sum)
{
    const double scale = 1.0 / decoding->temperature;
    double all = 0.0;
    int64_t kept = 0;
    for (int64_t i = 0; i < count; ++i)
        all += exp((candidates[i].logit - candidates[0].logit) * scale);
    *sum = 0.0;
    while (kept < count && (decoding->top_k == 0 || kept < decoding->top_k) &&
           (kept == 0 || *sum < decoding->top_p * all))
        *sum += exp((candidates[kept++].logit - candidates[0].logit) * scale);
    return kept;
}

static int32_t draw(const candidate *candidates, int64_t count, const vae_decoding *decoding, vae_step_place place)
{
    double sum, passed = 0.0;
    int32_t token = candidates[0].token;
    if (decoding->temperature == 0.0) return token;
    const int64_t kept = cut(candidates, count, decoding, &sum);
    const vae_philox random = vae_random_block(decoding->seed, VAE_STREAM_OBSERVE, place.row, place.step);
    const double wanted = (double)vae_random_uniform(random.word[0]) * sum;
    for (int64_t i = 0; i < kept && passed < wanted; ++i) {
        passed += exp((candidates[i].logit - candidates[0].logit) / decoding->temperature);
        token = candidates[i].token;
    }
    return token;
}

/* The likeliest first; the others in order only where that decides which may be drawn. */
static void arrange(candidate *candidates, int64_t count, const vae_decoding *decoding)
{
    int64_t best = 0;
    if (decoding->temperature > 0.0 && (decoding->top_k > 0 || decoding->top_p < 1.0)) {
        qsort(candidates, (size_t)count, sizeof *candidates, by_logit);
        return;
    }
    for (int64_t i = 1; i < count; ++i)
        if (candidates[i].logit > candidates[best].logit) best = i;
    const candidate first = candidates[0];
    candidates[0] = candidates[best];
    candidates[best] = first;
}

static vae_status choose(const vae_design *design, const float *logits, int64_t columns, const vae_decoding *decoding,
                         vae_step_place place, float *next)
{
    (void)design;
    candidate *candidates = calloc((size_t)columns, sizeof *candidates);
    if (!candidates) return vae_error_set(VAE_ERROR_MEMORY, "decoding: out of memory");
    int64_t count = 0;
    bool finite = true;
    for (int32_t i = 0; i < columns; ++i) {
        finite = finite && isfinite(logits[i]);
        if (i != VAE_TOKEN_BEGIN) candidates[count++] = (candidate){logits[i], i};
    }
    if (finite) {
        arrange(candidates, count, decoding);
        *next = (float)draw(candidates, count, decoding, place);
    }
    free(candidates);
    return finite ? VAE_OK : vae_error_set(VAE_ERROR_NUMERIC, "the decoder's prediction is not finite");
}

const vae_step_choice vae_step_choice_note = {
    .temperature = 0.0, .begin = begin, .choose = choose, .log_probabilities = log_probabilities};

const vae_step_choice vae_step_choice_token = {
    .temperature = 0.0, .begin = begin, .choose = choose, .is_end = is_end, .log_probabilities = log_probabilities};
