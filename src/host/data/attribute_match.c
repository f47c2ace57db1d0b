/* Brings the rows of a table of attributes to the order of the images. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/attributes.h"

/* `values` points to an array of items of `size` bytes, which is replaced, or to NULL. */
static vae_status reorder_values(void *values, size_t size, const char *path, int64_t images, const int64_t *row_of)
{
    uint8_t *old;
    memcpy(&old, values, sizeof old);
    if (!old) return VAE_OK;
    uint8_t *made = malloc((size_t)images * size);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; i < images; ++i)
        memcpy(made + (size_t)i * size, old + (size_t)row_of[i] * size, size);
    free(old);
    memcpy(values, &made, sizeof made);
    return VAE_OK;
}

static vae_status reorder(vae_attribute_table *table, const char *path, int64_t images, const int64_t *row_of)
{
    for (int64_t i = 0; i < table->count; ++i) {
        vae_attribute *column = &table->columns[i];
        VAE_TRY(reorder_values(&column->has, sizeof *column->has, path, images, row_of));
        VAE_TRY(reorder_values(&column->numbers, sizeof *column->numbers, path, images, row_of));
        VAE_TRY(reorder_values(&column->labels, sizeof *column->labels, path, images, row_of));
    }
    free(table->rows.names);
    table->rows = (vae_rows){.count = images};
    return VAE_OK;
}

vae_status vae_attribute_table_match(vae_attribute_table *table, const char *path, const vae_dataset *dataset,
                                     int64_t needed)
{
    int64_t *row_of;
    VAE_TRY(vae_rows_match(&table->rows, path, dataset, &row_of));
    if (row_of) {
        const vae_status status = reorder(table, path, dataset->count, row_of);
        free(row_of);
        return status;
    }
    const bool fits = dataset->stored > 0 ? table->rows.count == dataset->stored : table->rows.count >= needed;
    if (fits) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: has %" PRId64 " rows, but there are %" PRId64 " images", path,
                         table->rows.count, dataset->stored > 0 ? dataset->stored : needed);
}
