/* Spin or sleep: the decision, from times alone. */
#include "backend/cpu/contention.h"

#include <math.h>

/* A scheduler's slices last a few milliseconds, so a window of spinning has several of them. */
static const double SPIN_WINDOW = 0.02, SLEEP_WINDOW = 0.1;
/* Shares of one processor. Another busy process takes half of one, at least, from one thread or the other; a daemon
 * that wakes up for a moment takes less. Threads that sleep stand in queues whenever they wake up. */
static const double MOST_QUEUED_SPINNING = 0.25, MOST_QUEUED_SLEEPING = 0.5;
/* Spinning is tried after the patience where queues are short, and after the longest sleep where they are long. */
static const double LEAST_PATIENCE = 0.2, MOST_PATIENCE = 3.2, LONGEST_SLEEP = 5.0;
/* Who spun undisturbed for so long has met new others, not the old ones. */
static const double UNDISTURBED = 1.0;

static void change(vae_contention *c, bool sleep)
{
    c->sleep = sleep;
    c->since = c->measured = 0.0;
}

void vae_contention_begin(vae_contention *c, double queued, double ran)
{
    c->patience = LEAST_PATIENCE;
    change(c, queued > MOST_QUEUED_SPINNING * (queued + ran));
}

bool vae_contention_add(vae_contention *c, double elapsed)
{
    c->since += elapsed;
    c->measured += elapsed;
    return c->measured >= (c->sleep ? SLEEP_WINDOW : SPIN_WINDOW);
}

bool vae_contention_judge(vae_contention *c, double queued)
{
    const bool others = queued > (c->sleep ? MOST_QUEUED_SLEEPING : MOST_QUEUED_SPINNING) * c->measured;
    c->measured = 0.0;
    if (c->sleep) {
        if (c->since < (others ? LONGEST_SLEEP : c->patience)) return false;
    } else {
        if (!others) return false;
        c->patience = c->since < UNDISTURBED ? fmin(2.0 * c->patience, MOST_PATIENCE) : LEAST_PATIENCE;
    }
    change(c, !c->sleep);
    return true;
}
