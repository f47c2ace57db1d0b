/* The images that `vae-cuda info --measure` trains on. */
#include "cli/measure_data.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"
#include "data/splits.h"

/* Made-up images take this much memory, if that is two batches at least. */
static const int64_t MADE_UP_BYTES = 64 << 20;
enum { LEAST_BATCHES = 2, MOST_IMAGES = 60000 };

vae_status vae_measure_data_open(const vae_config *config, vae_measure_data *data)
{
    *data = (vae_measure_data){.source = config->data.train_data};
    VAE_TRY(vae_splits_open(config, &data->splits));
    const vae_splits *splits = &data->splits;
    if (splits->train.count < 1) {
        vae_measure_data_free(data);
        return vae_error_set(VAE_ERROR_CONFIG, "[data] leaves no training images");
    }
    data->images = vae_dataset_images(&splits->train);
    data->input = vae_input_of_data(splits);
    return VAE_OK;
}

/* Noise: bytes, or float32 in [0, 1). */
static void fill(uint8_t *values, int64_t bytes, vae_dtype dtype)
{
    for (int64_t at = 0; at < bytes; at += (int64_t)sizeof(vae_philox)) {
        const vae_philox block = vae_philox_4x32_10((vae_philox){{(uint32_t)at, (uint32_t)(at >> 32), 0, 0}}, 0, 0);
        const int64_t left = bytes - at;
        memcpy(values + at, &block, left < (int64_t)sizeof block ? (size_t)left : sizeof block);
    }
    for (int64_t at = 0; dtype == VAE_FLOAT32 && at < bytes; at += (int64_t)sizeof(float)) {
        uint32_t word;
        memcpy(&word, values + at, sizeof word);
        const float number = (float)(word >> 8) * 0x1p-24f;
        memcpy(values + at, &number, sizeof number);
    }
}

vae_status vae_measure_data_make_up(const vae_config *config, const vae_input *input, vae_measure_data *data)
{
    const int64_t elements = vae_input_elements(input), least = LEAST_BATCHES * config->train.batch_size;
    const int64_t row = elements * (int64_t)vae_dtype_size(input->dtype);
    int64_t count = MADE_UP_BYTES / row;
    if (count > MOST_IMAGES) count = MOST_IMAGES;
    if (count < least) count = least;
    *data = (vae_measure_data){.input = *input, .source = "made up"};
    VAE_TRY(vae_memory_check("made-up images", (double)count * (double)row));
    data->made_up = malloc((size_t)(count * row));
    if (!data->made_up) return vae_error_set(VAE_ERROR_MEMORY, "made-up images: out of memory");
    fill(data->made_up, count * row, input->dtype);
    data->images = (vae_column){.values = data->made_up, .dtype = input->dtype, .count = count, .elements = elements};
    return VAE_OK;
}

void vae_measure_data_free(vae_measure_data *data)
{
    vae_splits_free(&data->splits);
    free(data->made_up);
    *data = (vae_measure_data){0};
}
