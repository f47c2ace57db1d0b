/* A thread that does work in the order in which it is handed over, so that who hands it over need not wait. */
#ifndef VAE_TRAIN_WORKER_H
#define VAE_TRAIN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* One thread hands over items, calling all of the functions below; the worker's thread alone runs them. */
typedef struct vae_worker vae_worker;

/* What an item means. */
typedef struct vae_worker_duty {
    void *context;
    /* In the worker's thread. After a failure nothing more is run. */
    vae_status (*run)(void *context, void *item);
    /* Frees what the item owns, once for each that was handed over, run or not, in either thread; may be NULL. */
    void (*release)(void *context, void *item);
} vae_worker_duty;

/* Room for `capacity` items of `item_size` bytes is all that is ever taken. The thread blocks all signals, so that
 * handlers run where they did before, and gives way to the threads that hand over: it has a lower priority. */
vae_status vae_worker_create(const vae_worker_duty *duty, size_t item_size, int64_t capacity, vae_worker **worker);
/* Ends the thread when it has run what it was handed; a failure is told to nobody. NULL is allowed. */
void vae_worker_destroy(vae_worker *worker);

/* Copies the item to the end of the queue. Waits only where the queue is full. Each item has a number, from 0 on. A
 * failure is that of an earlier item, with its message; the item is released then. `number` may be NULL. */
vae_status vae_worker_put(vae_worker *worker, void *item, int64_t *number);
/* The failure so far, with its message, once it has come up; does not wait. */
vae_status vae_worker_check(vae_worker *worker);
/* Whether the item of this number has been run, or dropped; true for -1. */
bool vae_worker_has_done(vae_worker *worker, int64_t number);
/* Takes back an item that has not been begun; false where it is too late for that. */
bool vae_worker_cancel(vae_worker *worker, int64_t number);
/* Waits until vae_worker_has_done(number). */
vae_status vae_worker_wait(vae_worker *worker, int64_t number);
/* Waits until everything is done. */
vae_status vae_worker_drain(vae_worker *worker);

#endif
