/* Decides whether threads that wait for one another had better sleep, as others want the processors, or spin. */
#ifndef VAE_BACKEND_CPU_CONTENTION_H
#define VAE_BACKEND_CPU_CONTENTION_H

#include <stdbool.h>

/* All times are seconds, `now` of any steady clock.
 *
 * While threads spin, one that does not run was sent off its processor, so the time that a team loses tells of others.
 * While they sleep, the time that the leader stood ready in the system's queue tells, where the system counts it; where
 * it was short or is not known, they spin for a window, to see: the more often that failed, the more rarely. */
typedef struct vae_contention {
    bool sleep;           /* what to do now */
    double changed;       /* when that changed */
    double patience;      /* how long to sleep before the next look */
    double looked;        /* when the queue was looked at last, */
    double queued;        /* and what it said */
    double elapsed, lost; /* of the window: wall time, and the sum over threads of the time in which they did not run */
} vae_contention;

/* Adds a run of spinning threads that took `elapsed` and lost `lost`. True: sleep from now on; `queued` is to be set.
 */
bool vae_contention_add_run(vae_contention *contention, double now, double elapsed, double lost);

/* Whether sleeping threads are to call vae_contention_look. */
bool vae_contention_look_due(const vae_contention *contention, double now);
/* `queued`: how long the leader has stood in the queue in its life, NAN where that is not known. True: spin from now
 * on. */
bool vae_contention_look(vae_contention *contention, double now, double queued);

/* Begins with sleep where the leader stood in the queue for a good part of its life so far, of which it ran `ran`. */
void vae_contention_begin(vae_contention *contention, double now, double queued, double ran);

#endif
