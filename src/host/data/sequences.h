/* Data sets of sequences, texts and drawings, from whatever a path names. */
#ifndef VAE_DATA_SEQUENCES_H
#define VAE_DATA_SEQUENCES_H

#include "data/sequence_options.h"

/* Reads the items of what `path` names, whose content decides which format it is (VAE_SEQUENCE_FORMAT_MAP); a path that
 * exists only without its last colon and what follows is taken as file and key. Values and offsets are in memory, or,
 * where storage says so, or says auto and they take more than half of the memory, in a file of the cache that is
 * mapped: then memory does not grow with the number of items. Both ways give the same bytes. VAE_ERROR_CONFIG if the
 * file cannot be opened, VAE_ERROR_FORMAT if its content is not of such a format, with the place in the file,
 * VAE_ERROR_IO, VAE_ERROR_MEMORY; *dataset is then empty. */
vae_status vae_sequences_read(const char *path, const vae_sequence_options *options, vae_dataset *dataset);

/* Whether it is a file, named without a key, that also has this part, "train", "validation" or "test", by name. */
bool vae_sequences_have_part(const char *path, vae_kind kind, const char *part);

#endif
