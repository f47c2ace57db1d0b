/* Spin or sleep: the decision, from times alone. */
#include "backend/cpu/contention.h"

#include <math.h>

/* A scheduler's slices last a few milliseconds, so this is enough to meet others. */
static const double WINDOW = 0.01;
/* Of one processor. Another busy process takes half of one, at least, from one thread or the other; a daemon that
 * wakes up for a moment takes less. */
static const double MOST_LOST = 0.25;
static const double LEAST_PATIENCE = 0.2, MOST_PATIENCE = 3.2;
/* Who spun undisturbed for so long has met new others, not the old ones. */
static const double UNDISTURBED = 1.0;

static void change(vae_contention *c, bool sleep, double now)
{
    c->sleep = sleep;
    c->changed = c->looked = now;
    c->elapsed = c->lost = 0.0;
}

bool vae_contention_add_run(vae_contention *c, double now, double elapsed, double lost)
{
    c->elapsed += elapsed;
    c->lost += lost;
    if (c->elapsed < WINDOW) return false;
    const bool others = c->lost > MOST_LOST * c->elapsed;
    c->elapsed = c->lost = 0.0;
    if (!others) return false;
    const bool again = c->patience > 0.0 && now - c->changed < UNDISTURBED;
    c->patience = again ? fmin(2.0 * c->patience, MOST_PATIENCE) : LEAST_PATIENCE;
    change(c, true, now);
    return true;
}

bool vae_contention_look_due(const vae_contention *c, double now)
{
    /* After the first, looks at the queue cost next to nothing. */
    const double wait = c->looked > c->changed ? LEAST_PATIENCE : c->patience;
    return c->sleep && now - c->looked >= wait;
}

bool vae_contention_look(vae_contention *c, double now, double queued)
{
    const bool others = queued - c->queued > MOST_LOST * (now - c->looked); /* false for NAN */
    c->looked = now;
    c->queued = queued;
    if (!others) change(c, false, now);
    return !others;
}

void vae_contention_begin(vae_contention *c, double now, double queued, double ran)
{
    *c = (vae_contention){.queued = queued, .patience = LEAST_PATIENCE};
    change(c, queued > MOST_LOST * (queued + ran), now);
}
