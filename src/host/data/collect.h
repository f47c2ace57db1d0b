/* From a source to where its images are kept. */
#ifndef VAE_DATA_COLLECT_H
#define VAE_DATA_COLLECT_H

#include "data/format.h"

/* Where bytes go, one piece after the other. */
typedef struct vae_sink vae_sink;
struct vae_sink {
    /* Room for the next `bytes` bytes, to be written to *target. */
    vae_status (*reserve)(vae_sink *sink, int64_t bytes, uint8_t **target);
    /* Keeps the first `bytes` of them. */
    vae_status (*commit)(vae_sink *sink, int64_t bytes);
};

/* Memory that grows with what comes. Starts as {VAE_MEMORY_SINK, .name = …}; bytes are the caller's to free. */
typedef struct vae_memory_sink {
    vae_sink base;
    const char *name; /* begins the message when there is no more memory */
    uint8_t *bytes;
    int64_t used;
} vae_memory_sink;

vae_status vae_memory_sink_reserve(vae_sink *sink, int64_t bytes, uint8_t **target);
vae_status vae_memory_sink_commit(vae_sink *sink, int64_t bytes);
#define VAE_MEMORY_SINK                                                                                                \
    {                                                                                                                  \
        vae_memory_sink_reserve, vae_memory_sink_commit                                                                \
    }

/* The next `count` numbers of a source that has numbers, of source->dtype, in pieces that grow as they come, so that a
 * header that promises more than the file holds costs next to nothing. */
vae_status vae_collect_numbers(vae_source *source, int64_t count, vae_sink *sink);

/* Images, transformed, into the sink; everything of *dataset but values, which are what the sink got. Labels and
 * names, where the source has them, in memory. On failure *dataset is empty. */
vae_status vae_collect_images(vae_source *source, const vae_read_options *options, vae_sink *sink,
                              vae_dataset *dataset);

/* The shape of the images as they are to be read, with the source's name in the message if they cannot be. */
vae_status vae_source_output_shape(const vae_source *source, const vae_transform *transform, int64_t shape[3]);

#endif
