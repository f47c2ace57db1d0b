/* One file of the cache: an .npy array [n, h, w, c] of bytes whose pixels begin at a page, and behind them the labels,
 * the names of pictures and a note of what was left out. NumPy reads the array and ignores the rest. */
#ifndef VAE_DATA_CACHE_H
#define VAE_DATA_CACHE_H

#include "data/format.h"

/* Maps the file of that name, after writing it from the source if it is missing or incomplete. It is written aside,
 * under a lock, and renamed, so that no one sees half of it. */
vae_status vae_cache_images(const char *path, vae_source *source, const vae_read_options *options,
                            vae_dataset *dataset);

#endif
