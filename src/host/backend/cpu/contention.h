/* Decides whether threads that wait for one another had better sleep, as others want the processors, or spin. */
#ifndef VAE_BACKEND_CPU_CONTENTION_H
#define VAE_BACKEND_CPU_CONTENTION_H

#include <stdbool.h>

/* What tells of others is the time that threads stand ready in the queue of a processor. (Processor time would not do:
 * it is short also where a hypervisor takes it.) Of threads that sleep it tells less, as waking up is time in the queue
 * too, so now and then they spin for a window, to see: the more often that failed, the more rarely. Time is that spent
 * in runs, in seconds. */
typedef struct vae_contention {
    bool sleep;      /* what to do now */
    double since;    /* time since that changed */
    double patience; /* how long to sleep before spinning is tried */
    double measured; /* time since the queues were read */
} vae_contention;

/* Begins with sleep where the calling thread stood in the queue for a good part of its life; it `ran` the rest. */
void vae_contention_begin(vae_contention *contention, double queued, double ran);
/* Adds the time of a run. True: the queues are to be read, and judged. */
bool vae_contention_add(vae_contention *contention, double elapsed);
/* queued: time in the queue since the last reading, summed over the threads. Returns whether `sleep` changed. */
bool vae_contention_judge(vae_contention *contention, double queued);

#endif
