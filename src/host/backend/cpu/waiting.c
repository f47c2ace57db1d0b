/* Measures how long a team's threads stand in the queue, and makes them sleep at barriers, or spin, at run time. */
#include "backend/cpu/waiting.h"

#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/cpu/contention.h"
#include "core/clock.h"
#include "core/control_group.h"

/* One thread's time in the queue, on a cache line of its own. */
typedef struct queue {
    _Alignas(64) double total; /* in the thread's life */
    double more;               /* since the reading before */
} queue;

/* The thread that holds a team asleep. */
typedef struct helper {
    int threads; /* of the team that is to be made to sleep */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool started, leave;
} helper;

struct vae_waiting {
    int threads;
    pid_t process; /* where the helper lives; a child has none */
    vae_contention contention;
    helper helper;
    double began;  /* when the present run began */
    bool reading;  /* queues are read at the end of this run */
    bool read;     /* they were before, so that there is something to compare with */
    queue queue[]; /* [threads] */
};

/* ---- Clocks ---- */

/* How long this thread has run, and stood ready in the queue of a processor; false where the system does not tell. */
static bool read_queue(double *ran, double *queued)
{
    double nanoseconds[2];
    if (!vae_read_numbers("/proc/thread-self/schedstat", 2, nanoseconds)) return false;
    *ran = 1e-9 * nanoseconds[0];
    *queued = 1e-9 * nanoseconds[1];
    return true;
}

/* ---- The helper ---- */

/* With the other team, one thread more than there are processors: this team's leader is not counted. Processors are
 * those libgomp saw when it was loaded, which the affinity mask of now may not tell; they are the default of a thread
 * that never set its own. */
static int team_size(int threads)
{
    const int now = omp_get_num_procs(), then = omp_get_max_threads();
    return (now > then ? now : then) - threads + 2;
}

static void *hold_team(void *argument)
{
    helper *h = argument;
    int held = 0;
    /* The team stays, asleep, until this thread ends. */
#pragma omp parallel num_threads(team_size(h->threads))
    {
#pragma omp atomic
        held++;
    }
    pthread_mutex_lock(&h->mutex);
    while (held > 0 && !h->leave)
        pthread_cond_wait(&h->wake, &h->mutex);
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

static void let_go(helper *h)
{
    pthread_mutex_lock(&h->mutex);
    h->leave = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->mutex);
}

static void join(helper *h)
{
    if (!h->started) return;
    let_go(h);
    pthread_join(h->thread, NULL);
    h->started = false;
}

static void hold(helper *h)
{
    join(h);
    h->leave = false;
    /* Signals are for the threads that were there before. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    h->started = pthread_create(&h->thread, NULL, hold_team, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- Opening and closing ---- */

static bool user_chose(void)
{
    return getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") || getenv("KMP_BLOCKTIME");
}

vae_status vae_waiting_open(int threads, vae_waiting **waiting)
{
    *waiting = NULL;
    double ran, queued;
    if (threads < 2 || threads > omp_get_num_procs() || user_chose()) return VAE_OK;
    if (!read_queue(&ran, &queued)) return VAE_OK;
    const size_t size = sizeof(vae_waiting) + (size_t)threads * sizeof(queue);
    vae_waiting *made = aligned_alloc(_Alignof(queue), size);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "device cpu: out of memory");
    memset(made, 0, size);
    made->threads = made->helper.threads = threads;
    made->process = getpid();
    pthread_mutex_init(&made->helper.mutex, NULL);
    pthread_cond_init(&made->helper.wake, NULL);
    vae_contention_begin(&made->contention, queued, ran);
    if (made->contention.sleep) hold(&made->helper);
    *waiting = made;
    return VAE_OK;
}

void vae_waiting_close(vae_waiting *waiting)
{
    if (!waiting) return;
    if (waiting->process == getpid()) {
        join(&waiting->helper);
        pthread_cond_destroy(&waiting->helper.wake);
        pthread_mutex_destroy(&waiting->helper.mutex);
    }
    free(waiting);
}

/* ---- Measuring ---- */

void vae_waiting_begin(vae_waiting *waiting)
{
    if (waiting) waiting->began = vae_clock_seconds();
}

void vae_waiting_end(vae_waiting *waiting)
{
    if (!waiting) return;
    const bool due = vae_contention_add(&waiting->contention, vae_clock_seconds() - waiting->began);
    waiting->reading = due || !waiting->read;
}

void vae_waiting_read(vae_waiting *waiting, int thread)
{
    if (!waiting || !waiting->reading) return;
    queue *q = &waiting->queue[thread];
    double ran, queued = q->total;
    read_queue(&ran, &queued);
    /* Less, where a program has changed the thread that it calls from. */
    q->more = fmax(0.0, queued - q->total);
    q->total = queued;
}

void vae_waiting_decide(vae_waiting *waiting)
{
    if (!waiting || !waiting->reading || waiting->process != getpid()) return;
    const bool comparable = waiting->read;
    waiting->read = true;
    if (!comparable) return;
    double queued = 0.0;
    for (int i = 0; i < waiting->threads; ++i)
        queued += waiting->queue[i].more;
    if (!vae_contention_judge(&waiting->contention, queued)) return;
    if (waiting->contention.sleep) {
        hold(&waiting->helper);
    } else {
        let_go(&waiting->helper);
    }
}
