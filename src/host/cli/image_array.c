/* Brings images to the order that the run's arrays have. */
#include "cli/image_array.h"

#include <stdlib.h>
#include <string.h>

#include "core/array_order.h"
#include "core/error.h"

int vae_image_array_sizes(const vae_model_shape *shape, vae_array_layout layout, int64_t count, int64_t sizes[4])
{
    const int64_t last[4] = {count, shape->height, shape->width, shape->channels};
    const int64_t first[4] = {count, shape->channels, shape->height, shape->width};
    const bool is_first = shape->channels > 1 && layout == VAE_CHANNELS_FIRST;
    if (shape->height == 1 && shape->channels == 1) {
        memcpy(sizes, (int64_t[]){count, shape->width}, 2 * sizeof *sizes);
        return 2;
    }
    memcpy(sizes, is_first ? first : last, sizeof last);
    return shape->channels == 1 ? 3 : 4;
}

vae_status vae_image_array_arrange(const vae_model_shape *shape, vae_array_layout layout, const float *images,
                                   int64_t rows, float **arranged)
{
    const int64_t sizes[4] = {rows, shape->height, shape->width, shape->channels};
    const size_t count = (size_t)(rows * shape->elements);
    *arranged = NULL;
    if (shape->channels == 1 || layout == VAE_CHANNELS_LAST) return VAE_OK;
    float *made = malloc(count * sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    vae_array_order order = vae_array_order_make(4, sizes, false);
    vae_array_order_move(&order, 3, 1);
    for (size_t i = 0; i < count; ++i)
        made[i] = images[vae_array_order_next(&order)];
    *arranged = made;
    return VAE_OK;
}
