/* How the threads of a device wait for one another at the end of each loop.
 *
 * A step is some dozens of short loops. Spinning at their ends is fastest where the processors are ours. Where others
 * want them too, a thread that spins takes the time which the thread it waits for would need, and an epoch lasts ten
 * times as long as with threads that sleep. libgomp reads its policy when it is loaded, but lets threads sleep
 * almost at once while there are more of them, in all teams of the process, than processors. So while others compete,
 * a helper thread holds a team of its own, all asleep, that makes them too many. LLVM's OpenMP counts alike, and then
 * yields where it waits. */
#ifndef VAE_BACKEND_CPU_WAITING_H
#define VAE_BACKEND_CPU_WAITING_H

#include "core/error.h"

typedef struct vae_waiting vae_waiting;

/* For teams of `threads`. NULL where there is nothing to choose: for one thread, for more than processors, where the
 * user chose, by OMP_WAIT_POLICY, GOMP_SPINCOUNT or KMP_BLOCKTIME, and where Linux does not count the time that threads
 * stand in queues. */
vae_status vae_waiting_open(int threads, vae_waiting **waiting);
/* After fork, in the child, it leaves the helper, which is not there, alone. NULL is allowed. */
void vae_waiting_close(vae_waiting *waiting);

/* The leader calls these around a run; NULL is allowed, here and below. */
void vae_waiting_begin(vae_waiting *waiting);
void vae_waiting_end(vae_waiting *waiting);
/* Then each thread of the team calls this, */
void vae_waiting_read(vae_waiting *waiting, int thread);
/* and then the leader this, which may change how they wait. */
void vae_waiting_decide(vae_waiting *waiting);

#endif
