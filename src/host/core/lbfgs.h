/* Minimises a smooth convex function of many numbers: limited-memory BFGS (Liu & Nocedal 1989). */
#ifndef VAE_CORE_LBFGS_H
#define VAE_CORE_LBFGS_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_lbfgs {
    int64_t count;
    /* The function at x [count]; its gradient [count] is written. */
    double (*evaluate)(void *context, const double *x, double *gradient);
    void *context;
    double end;    /* the search ends when the gradient is this much shorter than it was at the start */
    int max_steps; /* or after so many steps */
} vae_lbfgs;

/* x [count]: where to start, and where the search ended. It ends, too, where no step makes the function smaller: as far
 * as double can tell, that is the minimum. VAE_ERROR_NUMERIC where the function or its gradient is not finite at the
 * start, or max_steps were too few; VAE_ERROR_MEMORY. */
vae_status vae_lbfgs_minimise(const vae_lbfgs *search, double *x);

#endif
