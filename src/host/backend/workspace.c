/* A list of blocks, of which the last, the largest, is in use. */
#include "backend/workspace.h"

#include <stdlib.h>

vae_status vae_workspace_take(vae_workspace *workspace, const char *owner, size_t bytes, void **memory)
{
    if (bytes > workspace->bytes || workspace->count == 0) {
        void **grown = realloc(workspace->blocks, (size_t)(workspace->count + 1) * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", owner);
        workspace->blocks = grown;
        VAE_TRY(workspace->allocate(owner, bytes, &grown[workspace->count]));
        workspace->count++;
        workspace->bytes = bytes;
    }
    *memory = workspace->blocks[workspace->count - 1];
    return VAE_OK;
}

void vae_workspace_free(vae_workspace *workspace)
{
    for (int i = 0; i < workspace->count; ++i)
        workspace->release(workspace->blocks[i]);
    free(workspace->blocks);
    workspace->blocks = NULL;
    workspace->count = 0;
    workspace->bytes = 0;
}
