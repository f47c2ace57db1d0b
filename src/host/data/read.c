/* Images and labels from whatever a path names: the door of the readers. */
#include <inttypes.h>
#include <stdlib.h>

#include "data/collect.h"
#include "data/disk.h"

vae_read_options vae_read_options_of(const vae_config *config)
{
    return (vae_read_options){.limit = config->data.limit,
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
    dataset->pixels = sink.bytes;
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

static vae_status read_labels(vae_source *source, int64_t limit, vae_dataset *dataset)
{
    const int64_t labels = source->count, images = dataset->stored ? dataset->stored : dataset->count;
    const bool exact = dataset->stored || limit == 0;
    if (labels < images || (exact && labels > images)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: holds %" PRId64 " labels for %" PRId64 " images", source->name,
                             labels, images);
    }
    if (dataset->skipped > 0) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: cannot be matched with the images, as %" PRId64 " damaged %s left out", source->name,
                             dataset->skipped, dataset->skipped == 1 ? "one was" : "ones were");
    }
    vae_memory_sink sink = {VAE_MEMORY_SINK, .name = source->name};
    vae_status status = vae_collect_numbers(source, dataset->count, &sink.base);
    if (!status && dataset->count == labels) status = vae_numbers_finish(source->numbers);
    if (status) {
        free(sink.bytes);
        return status;
    }
    free(dataset->labels);
    dataset->labels = sink.bytes;
    vae_remarks_merge(&dataset->remarks, &source->remarks);
    return VAE_OK;
}

vae_status vae_labels_read(const char *path, int64_t limit, vae_dataset *dataset)
{
    const vae_read_options options = {.limit = limit};
    vae_source source;
    VAE_TRY(vae_source_open(path, VAE_CONTENT_LABELS, &options, &source));
    const vae_status status = read_labels(&source, limit, dataset);
    vae_source_close(&source);
    return status;
}
