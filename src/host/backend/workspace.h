/* Memory that the executables of a store take turns in: a step keeps nothing there for the next, so what one leaves
 * another may overwrite, and a run needs as much as its largest program, however many there are. */
#ifndef VAE_BACKEND_WORKSPACE_H
#define VAE_BACKEND_WORKSPACE_H

#include <stddef.h>

#include "core/error.h"

typedef struct vae_workspace {
    vae_status (*allocate)(const char *owner, size_t bytes, void **memory);
    void (*release)(void *memory);
    void **blocks; /* [count]: each larger than those before it, which executables may still point to */
    int count;
    size_t bytes; /* of the last */
} vae_workspace;

/* Gives memory of `bytes`, the workspace's own: the block that all take, or, where that is too small, a new one.
 * `owner` stands in messages. Who knows what the largest program takes asks for that first, and there is one block. */
vae_status vae_workspace_take(vae_workspace *workspace, const char *owner, size_t bytes, void **memory);
void vae_workspace_free(vae_workspace *workspace);

#endif
