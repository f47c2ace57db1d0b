/* Data sets larger than memory: images are decoded once, to an uncompressed file that is mapped. */
#ifndef VAE_DATA_DISK_H
#define VAE_DATA_DISK_H

#include "data/format.h"

/* Whether [data] storage, or for `auto` the size of the images against half of this machine's memory, wants them on
 * disk. shape: of an image, transformed. */
bool vae_disk_wanted(const vae_source *source, const vae_read_options *options, const int64_t shape[3]);

/* Maps the images instead of reading them: a file that holds just their bytes itself, any other through the cache, a
 * folder of .npy files whose names are hashes of path, size, time of change and transform. One process decodes where
 * several want the same. Results are those of vae_collect_images in memory, byte for byte; memory does not grow with
 * their number. VAE_ERROR_IO if the cache cannot be written, and what reading gives. */
vae_status vae_disk_images(vae_source *source, const vae_read_options *options, vae_dataset *dataset);

/* [data] cache, or else vae-cuda in $XDG_CACHE_HOME or ~/.cache; made where it is missing. */
vae_status vae_disk_folder(const char *cache, char folder[VAE_PATH_SIZE]);
/* The same, but nothing is made. */
vae_status vae_disk_find_folder(const char *cache, char folder[VAE_PATH_SIZE]);

#endif
