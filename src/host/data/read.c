/* Images and labels from whatever a path names: the door of the readers. */
#include "data/read.h"

#include <stdlib.h>
#include <string.h>

#include "data/collect.h"
#include "data/disk.h"
#include "data/label_array.h"
#include "data/label_table.h"
#include "data/rows.h"

vae_read_options vae_read_options_of(const vae_config *config)
{
    return (vae_read_options){.limit = config->data.limit,
                              .store = config->data.store ? config->data.store : config->places.store,
                              .layout = config->data.layout,
                              .transform = vae_transform_of(config),
                              .skip_damaged = config->data.skip_damaged,
                              .storage = config->data.storage,
                              .cache = config->data.cache,
                              .threads = (int)config->run.threads};
}

static vae_status read_to_memory(vae_source *source, const vae_read_options *options, vae_dataset *dataset)
{
    vae_memory_sink sink = {VAE_MEMORY_SINK, .name = source->name};
    const vae_status status = vae_collect_images(source, options, &sink.base, dataset);
    if (status) {
        free(sink.bytes);
        return status;
    }
    dataset->values = sink.bytes;
    return VAE_OK;
}

static vae_status read_images(vae_source *source, const vae_read_options *options, vae_dataset *dataset)
{
    int64_t shape[3];
    VAE_TRY(vae_source_output_shape(source, &options->transform, shape));
    if (vae_disk_wanted(source, options, shape)) return vae_disk_images(source, options, dataset);
    return read_to_memory(source, options, dataset);
}

vae_status vae_images_read(const char *path, const vae_read_options *options, vae_dataset *dataset)
{
    vae_source source;
    *dataset = (vae_dataset){0};
    VAE_TRY(vae_source_open(path, VAE_CONTENT_IMAGES, options, &source));
    const vae_status status = read_images(&source, options, dataset);
    vae_source_close(&source);
    return status;
}

vae_status vae_images_read_shape(const char *path, const vae_read_options *options, int64_t shape[4])
{
    vae_source source;
    VAE_TRY(vae_source_open(path, VAE_CONTENT_IMAGES, options, &source));
    shape[0] = source.count;
    const vae_status status = vae_source_output_shape(&source, &options->transform, shape + 1);
    vae_source_close(&source);
    return status;
}

vae_status vae_images_read_type(const char *path, const vae_read_options *options, vae_dtype *dtype)
{
    vae_source source;
    int largest;
    VAE_TRY(vae_source_open(path, VAE_CONTENT_IMAGES, options, &source));
    const int64_t count = options->limit > 0 && options->limit < source.count ? options->limit : source.count;
    const vae_status status = source.numbers ? vae_source_examine(&source, options, count, &largest) : VAE_OK;
    *dtype = source.dtype;
    vae_source_close(&source);
    return status;
}

/* Those of rows dataset->first on. */
static vae_status collect_labels(vae_source *source, vae_dataset *dataset)
{
    const int64_t end = dataset->first + dataset->count;
    int32_t *labels = malloc((size_t)end * sizeof *labels);
    if (!labels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels", source->name);
    const vae_status status = vae_label_array_read(source, end, labels, &dataset->classes);
    if (status) {
        vae_classes_free(&dataset->classes);
        free(labels);
        return status;
    }
    memmove(labels, labels + dataset->first, (size_t)dataset->count * sizeof *labels);
    dataset->labels = labels;
    return VAE_OK;
}

static vae_status read_array(const char *path, int64_t limit, vae_dataset *dataset)
{
    const vae_read_options options = {.limit = limit};
    const vae_rows rows = {.count = 0}; /* without names */
    vae_source source;
    int64_t *row_of;
    VAE_TRY(vae_source_open(path, VAE_CONTENT_LABELS, &options, &source));
    vae_status status = vae_labels_check_count(source.name, source.count, limit, dataset);
    if (!status) status = vae_rows_match(&rows, source.name, dataset, &row_of);
    if (!status) status = collect_labels(&source, dataset);
    vae_source_close(&source);
    return status;
}

vae_status vae_labels_read(const char *path, int64_t limit, vae_dataset *dataset)
{
    vae_dataset made = *dataset;
    made.labels = NULL;
    made.classes = (vae_classes){0};
    VAE_TRY(vae_label_table_is(path) ? vae_label_table_read(path, limit, &made) : read_array(path, limit, &made));
    if (!dataset->borrowed) {
        free(dataset->labels);
        vae_classes_free(&dataset->classes);
    }
    *dataset = made;
    return VAE_OK;
}
