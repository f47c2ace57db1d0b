/* Counts the processors this process may use: those of its affinity mask, its control group's quota, OMP_NUM_THREADS.
 */
#define _GNU_SOURCE /* sched_getaffinity, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include "core/processors.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_THREADS = 1024, MOST_PROCESSORS = 1 << 16 };

/* The mask may be longer than cpu_set_t, which has 1,024 places; then the call fails, and a longer one is tried. */
static int count_allowed(int online)
{
    for (int places = CPU_SETSIZE; places <= MOST_PROCESSORS; places *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)places);
        if (!set) return online;
        const size_t size = CPU_ALLOC_SIZE((size_t)places);
        const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) return count;
    }
    return online;
}

/* The first number of a list such as "4,2", which names the threads of each level of nested loops. */
static int read_asked(void)
{
    const char *text = getenv("OMP_NUM_THREADS");
    if (!text) return 0;
    char *end;
    const long asked = strtol(text, &end, 10);
    return end != text && asked > 0 && asked <= MOST_THREADS ? (int)asked : 0;
}

static int choose_threads(const vae_processors *p)
{
    if (p->asked) return p->asked;
    const double most = fmax(1.0, fmin(floor(p->quota + 0.5), MOST_THREADS));
    return p->allowed < (int)most ? p->allowed : (int)most;
}

vae_processors vae_processors_find(const vae_control_groups *groups)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    vae_processors p = {.online = online > 0 ? (int)online : 1};
    p.allowed = count_allowed(p.online);
    p.quota = vae_control_group_processors(groups);
    p.asked = read_asked();
    p.threads = choose_threads(&p);
    return p;
}

int vae_processors_threads(int wanted)
{
    return wanted > 0 ? wanted : vae_processors_find(&vae_control_groups_system).threads;
}

void vae_processors_reason(const vae_processors *p, char *text, int size)
{
    text[0] = '\0';
    if (p->threads == p->online) return;
    if (p->asked) {
        snprintf(text, (size_t)size, " of %d: OMP_NUM_THREADS", p->online);
    } else if (p->threads < p->allowed) {
        snprintf(text, (size_t)size, " of %d: a quota of %.3g processor%s", p->online, p->quota,
                 p->quota == 1.0 ? "" : "s");
    } else {
        snprintf(text, (size_t)size, " of %d: this process may use no more", p->online);
    }
}
