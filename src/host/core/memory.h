/* How much memory this process may use. */
#ifndef VAE_CORE_MEMORY_H
#define VAE_CORE_MEMORY_H

#include "core/error.h"

/* In bytes: the machine's memory, or the limit of the control group (version 1 or 2) that this process is in, or of one
 * above it, where that is lower. Containers and batch systems set such limits, and kill a process that exceeds them
 * without a message. */
double vae_memory_limit(void);

/* In bytes: that limit less what this process holds already. Other processes are not counted: theirs may be on its way
 * back. */
double vae_memory_left(void);

/* VAE_ERROR_MEMORY if less than `bytes` are left; the message begins with `owner`. To be called before allocating
 * memory of the size of a model: the system promises more than it has, and kills the process once that is used. */
vae_status vae_memory_check(const char *owner, double bytes);

#endif
