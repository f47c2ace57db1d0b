/* Steps along a direction that the last few differences of gradients give, halved until the function falls. */
#include "core/lbfgs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Pairs of differences that are kept. */
enum { PAIRS = 10, MAX_HALVINGS = 40 };

/* A step must take at least this share of what the slope promises (Armijo 1966). */
static const double least_share = 1e-4;

typedef struct state {
    const vae_lbfgs *search;
    int64_t count;
    double *x, *gradient, value;
    double *direction, *next, *next_gradient; /* [count] */
    double *moves, *changes;                  /* [PAIRS, count]: of x, and of the gradient */
    double curvature[PAIRS];                  /* moves·changes */
    int64_t pairs;                            /* so far; pair i is in place i % PAIRS */
} state;

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

/* a += factor·b */
static void add(double *a, double factor, const double *b, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        a[i] += factor * b[i];
}

/* The direction is minus the gradient times what is known of the inverse of the second derivatives. */
static void find_direction(state *s)
{
    const int64_t count = s->count, oldest = s->pairs > PAIRS ? s->pairs - PAIRS : 0;
    double share[PAIRS];
    for (int64_t i = 0; i < count; ++i)
        s->direction[i] = -s->gradient[i];
    for (int64_t i = s->pairs - 1; i >= oldest; --i) {
        const int64_t at = i % PAIRS;
        share[at] = dot(s->moves + at * count, s->direction, count) / s->curvature[at];
        add(s->direction, -share[at], s->changes + at * count, count);
    }
    if (s->pairs > 0) {
        const int64_t at = (s->pairs - 1) % PAIRS;
        const double *change = s->changes + at * count, scale = s->curvature[at] / dot(change, change, count);
        for (int64_t i = 0; i < count; ++i)
            s->direction[i] *= scale;
    }
    for (int64_t i = oldest; i < s->pairs; ++i) {
        const int64_t at = i % PAIRS;
        const double back = dot(s->changes + at * count, s->direction, count) / s->curvature[at];
        add(s->direction, share[at] - back, s->moves + at * count, count);
    }
}

/* Keeps the pair unless it bends the wrong way, as rounding may make it near the minimum. */
static void keep_pair(state *s)
{
    const int64_t at = s->pairs % PAIRS;
    double *move = s->moves + at * s->count, *change = s->changes + at * s->count;
    for (int64_t i = 0; i < s->count; ++i) {
        move[i] = s->next[i] - s->x[i];
        change[i] = s->next_gradient[i] - s->gradient[i];
    }
    s->curvature[at] = dot(move, change, s->count);
    if (s->curvature[at] > 1e-12 * dot(change, change, s->count)) s->pairs++;
}

/* False: the function falls no further. */
static bool step(state *s)
{
    find_direction(s);
    const double slope = dot(s->gradient, s->direction, s->count);
    for (int halving = 0; halving < MAX_HALVINGS; ++halving) {
        const double length = ldexp(1.0, -halving);
        memcpy(s->next, s->x, (size_t)s->count * sizeof *s->next);
        add(s->next, length, s->direction, s->count);
        const double value = s->search->evaluate(s->search->context, s->next, s->next_gradient);
        /* Written so that a NaN is no fall. */
        if (!(value <= s->value + least_share * length * slope && value < s->value)) continue;
        keep_pair(s);
        s->value = value;
        memcpy(s->x, s->next, (size_t)s->count * sizeof *s->x);
        memcpy(s->gradient, s->next_gradient, (size_t)s->count * sizeof *s->gradient);
        return true;
    }
    return false;
}

static vae_status run(state *s)
{
    s->value = s->search->evaluate(s->search->context, s->x, s->gradient);
    const double start = dot(s->gradient, s->gradient, s->count), end = s->search->end * s->search->end * start;
    if (!isfinite(s->value) || !isfinite(start)) {
        return vae_error_set(VAE_ERROR_NUMERIC, "what is to be minimised is not finite");
    }
    for (int i = 0; i < s->search->max_steps; ++i) {
        if (dot(s->gradient, s->gradient, s->count) <= end || !step(s)) return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_NUMERIC, "no minimum was found in %d steps", s->search->max_steps);
}

vae_status vae_lbfgs_minimise(const vae_lbfgs *search, double *x)
{
    const size_t count = (size_t)search->count;
    state s = {.search = search, .count = search->count, .x = x};
    s.gradient = malloc((4 + 2 * PAIRS) * count * sizeof *s.gradient);
    if (!s.gradient) return vae_error_set(VAE_ERROR_MEMORY, "no memory for a minimum over %zu numbers", count);
    s.direction = s.gradient + count;
    s.next = s.direction + count;
    s.next_gradient = s.next + count;
    s.moves = s.next_gradient + count;
    s.changes = s.moves + PAIRS * count;
    const vae_status status = run(&s);
    free(s.gradient);
    return status;
}
