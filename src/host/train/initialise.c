/* The parameters that a training begins with. */
#include "train/initialise.h"

#include <stdlib.h>

#include "core/memory.h"
#include "model/design.h"

vae_status vae_initialise_store(vae_device *device, vae_store *store, const vae_layout *layout, uint64_t seed)
{
    const size_t bytes = (size_t)layout->elements * sizeof(double);
    VAE_TRY(vae_memory_check("initial parameters", (double)bytes));
    double *values = malloc(bytes);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "parameters: out of memory");
    vae_layout_initialise(layout, seed, values);
    const vae_status status = device->backend->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values);
    free(values);
    return status;
}
