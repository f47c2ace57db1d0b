/* Sequences in a file of the cache: values, behind them offsets, labels, the vocabulary and a note of what was left
 * out. All but labels and names is mapped, so that memory does not grow with the number of items. */
#ifndef VAE_DATA_SEQUENCE_CACHE_H
#define VAE_DATA_SEQUENCE_CACHE_H

#include "data/sequence_format.h"

/* Maps the source's file of the cache, after writing it if it is missing. The source, which is not open, is opened for
 * that alone. The file's name is a hash of path, size, time of change, and all options that say what is read. */
vae_status vae_sequence_cache_read(vae_sequence_source *source, vae_dataset *dataset);
/* Whether there is such a file. */
bool vae_sequence_cache_exists(const vae_sequence_source *source);

#endif
