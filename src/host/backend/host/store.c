/* Parameter stores in host memory. */
#include <stdlib.h>

#include "backend/host/arena.h"
#include "backend/host/engine.h"

static vae_status allocate(const char *owner, size_t bytes, void **memory)
{
    return vae_arena_create(owner, (int64_t)bytes, 1, memory);
}

vae_status vae_host_store_create(vae_device *device, const vae_layout *layout, bool training, vae_store **store)
{
    vae_store *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "parameters: out of memory");
    made->device = device;
    made->layout = layout;
    made->activations = made->shadow_activations = (vae_workspace){.allocate = allocate, .release = free};
    vae_status status = VAE_OK;
    const int count = training ? VAE_ARENA_COUNT : 1;
    for (int i = 0; i < count && !status; ++i) {
        status = vae_arena_create(vae_arena_name((vae_arena)i), layout->elements,
                                  vae_dtype_size(device->backend->dtype), &made->arenas[i]);
    }
    if (!status && ((vae_host_device *)device)->precision == VAE_PRECISION_BF16) {
        status = vae_arena_create("bf16 parameters", layout->elements, sizeof(uint16_t), &made->shadow);
    }
    if (status) {
        vae_host_store_destroy(made);
        return status;
    }
    *store = made;
    return VAE_OK;
}

void vae_host_store_destroy(vae_store *store)
{
    if (!store) return;
    for (int i = 0; i < VAE_ARENA_COUNT; ++i)
        free(store->arenas[i]);
    free(store->shadow);
    vae_workspace_free(&store->activations);
    vae_workspace_free(&store->shadow_activations);
    free(store);
}

vae_status vae_host_store_activations(vae_store *store, const char *owner, int64_t elements, void **activations,
                                      void **shadow)
{
    const size_t count = (size_t)elements;
    *shadow = NULL;
    VAE_TRY(vae_workspace_take(&store->activations, owner, count * vae_dtype_size(store->device->backend->dtype),
                               activations));
    if (((vae_host_device *)store->device)->precision != VAE_PRECISION_BF16) return VAE_OK;
    return vae_workspace_take(&store->shadow_activations, owner, count * sizeof(uint16_t), shadow);
}

vae_status vae_host_store_reserve(vae_store *store, int64_t activation_elements)
{
    void *activations, *shadow;
    return vae_host_store_activations(store, "activations", activation_elements, &activations, &shadow);
}

vae_status vae_host_store_read(vae_store *store, vae_arena arena, vae_dtype dtype, void *values)
{
    VAE_TRY(vae_arena_check(store->arenas[arena], arena));
    return vae_arena_convert(store->arenas[arena], store->device->backend->dtype, values, dtype,
                             store->layout->elements);
}

vae_status vae_host_store_write(vae_store *store, vae_arena arena, vae_dtype dtype, const void *values)
{
    VAE_TRY(vae_arena_check(store->arenas[arena], arena));
    VAE_TRY(
        vae_arena_convert(values, dtype, store->arenas[arena], store->device->backend->dtype, store->layout->elements));
    if (arena == VAE_ARENA_PARAMETERS && store->shadow) {
        vae_arena_round_bf16(store->arenas[arena], store->shadow, store->layout->elements);
    }
    return VAE_OK;
}
