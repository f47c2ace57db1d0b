/* The parameters that a training begins with. */
#include "train/initialise.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "model/design.h"

static void set_statistic(const vae_layout *layout, const char *name, const double *from, double *values)
{
    const vae_parameter *statistic = &layout->parameters[vae_layout_find(layout, name)];
    memcpy(values + statistic->offset, from, (size_t)vae_shape_elements(&statistic->shape) * sizeof *from);
}

vae_status vae_initialise_store(vae_device *device, vae_store *store, const vae_layout *layout,
                                const vae_splits *splits, uint64_t seed)
{
    const size_t bytes = (size_t)layout->elements * sizeof(double);
    VAE_TRY(vae_memory_check("initial parameters", (double)bytes));
    double *values = malloc(bytes);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "parameters: out of memory");
    vae_layout_initialise(layout, seed, values);
    if (splits && splits->mean) {
        set_statistic(layout, "data.mean", splits->mean, values);
        set_statistic(layout, "data.deviation", splits->deviation, values);
    }
    const vae_status status = device->backend->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values);
    free(values);
    return status;
}
