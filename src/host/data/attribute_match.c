/* Brings the rows of a table of attributes to the order of the images. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/attributes.h"

static vae_status reorder(vae_attribute_table *table, const char *path, int64_t images, const int64_t *row_of)
{
    const size_t width = (size_t)table->count;
    int8_t *values = malloc((size_t)images * width);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; i < images; ++i)
        memcpy(values + (size_t)i * width, table->values + (size_t)row_of[i] * width, width);
    free(table->values);
    free(table->rows.names);
    table->values = values;
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
