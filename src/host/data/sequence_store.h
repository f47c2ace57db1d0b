/* Where the items of a source go: values, offsets and labels, each added at the end of its own, in memory or in files.
 */
#ifndef VAE_DATA_SEQUENCE_STORE_H
#define VAE_DATA_SEQUENCE_STORE_H

#include <stdio.h>

#include "data/sequence_format.h"

/* Something that bytes are added to at its end: memory that grows, or a stream. */
typedef struct vae_appender {
    const char *name; /* begins messages; borrowed */
    FILE *stream;     /* NULL: in memory */
    uint8_t *bytes;   /* of memory: owned */
    size_t used, room;
} vae_appender;

vae_status vae_appender_add(vae_appender *appender, const void *bytes, size_t size);

typedef struct vae_sequence_store {
    vae_appender values, offsets, labels, names; /* as the data set has them */
    double most;                                 /* bytes that they may take together; 0: any number */
    bool full;                                   /* they would take more: collecting ended there */
    int64_t count, truncated;
} vae_sequence_store;

/* Takes the items of a source, up to options->limit, into the store. VAE_ERROR_FORMAT if there are none. Where the
 * store is full it ends without a failure. Labels are kept if the first item has one, and so are
 * names. */
vae_status vae_sequence_store_collect(vae_sequence_store *store, vae_sequence_source *source);

#endif
