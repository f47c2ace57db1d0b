/* A thread that does work in the order in which it was submitted, so that the submitter need not wait. */
#ifndef VAE_TRAIN_WORKER_H
#define VAE_TRAIN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* One thread submits items and calls all of the functions below; only the worker's own thread runs the items. */
typedef struct vae_worker vae_worker;

/* What an item means. */
typedef struct vae_worker_duty {
    void *context;
    /* In the worker's thread. After a failure nothing more is run. */
    vae_status (*run)(void *context, void *item);
    /* Frees what an item owns: called once for every submitted item, run or not, in either thread; may be NULL. */
    void (*release)(void *context, void *item);
} vae_worker_duty;

/* Allocates room for `capacity` items of `item_size` bytes, and nothing later. The thread blocks all signals, so that
 * handlers run where they did before, and has a lower priority than the threads that submit. */
vae_status vae_worker_create(const vae_worker_duty *duty, size_t item_size, int64_t capacity, vae_worker **worker);
/* Ends the thread once it has run everything that was submitted; failures go unreported. NULL is allowed. */
void vae_worker_destroy(vae_worker *worker);

/* Copies the item to the end of the queue; waits only while the queue is full. Items are numbered from 0. A failure is
 * that of an earlier item, with its message, and this item is released. `number` may be NULL. */
vae_status vae_worker_put(vae_worker *worker, void *item, int64_t *number);
/* The failure of an item run so far, if any, with its message; does not wait. */
vae_status vae_worker_check(vae_worker *worker);
/* Whether the item of this number has been run, or dropped; true for -1. */
bool vae_worker_has_done(vae_worker *worker, int64_t number);
/* Withdraws an item that has not been started; false if it is too late. */
bool vae_worker_cancel(vae_worker *worker, int64_t number);
/* Waits until vae_worker_has_done(number). */
vae_status vae_worker_wait(vae_worker *worker, int64_t number);
/* Waits until everything is done. */
vae_status vae_worker_drain(vae_worker *worker);

#endif
