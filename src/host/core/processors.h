/* How many processors this process may use. */
#ifndef VAE_CORE_PROCESSORS_H
#define VAE_CORE_PROCESSORS_H

#include "core/control_group.h"

typedef struct vae_processors {
    int online;   /* of the machine */
    int allowed;  /* by the affinity mask: taskset, batch systems, Docker's --cpuset-cpus */
    double quota; /* of a control group (Docker's --cpus), INFINITY without one */
    int asked;    /* OMP_NUM_THREADS, 0 where it is not set */
    int threads;  /* what to use: asked, else as many as are allowed, and no more than the quota rounded to the nearest,
                   * but at least one. 1.5 are 2, as two threads get three halves of one's time; of 1.2 one is better,
                   * as a second would stand still most of the time and keep the first waiting. */
} vae_processors;

vae_processors vae_processors_find(const vae_control_groups *groups);

/* The threads to use where `wanted` is 0, which means all there are; else `wanted`. */
int vae_processors_threads(int wanted);

/* Says in text[size] what limits `threads` to fewer than the machine's processors: "", or " of 16: a quota of 2
 * processors". */
void vae_processors_reason(const vae_processors *processors, char *text, int size);

#endif
