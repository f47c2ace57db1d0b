/* The arrays of an NPZ file, one at a time, as streams: for all readers of such files. */
#ifndef VAE_DATA_NPZ_ARCHIVE_H
#define VAE_DATA_NPZ_ARCHIVE_H

#include <zip.h>

#include "data/npy_stream.h"

enum { VAE_NPZ_KEYS_SIZE = 384 };

typedef struct vae_npz {
    vae_numbers numbers;   /* reads the open entry, and has the name that messages begin with */
    vae_npy_header header; /* of it */
    zip_t *archive;
    int64_t index;     /* of the open entry */
    zip_file_t *entry; /* NULL: none is open */
} vae_npz;

bool vae_npz_probe(const vae_probe *probe); /* whether a file is an archive */

/* Opens the archive. VAE_ERROR_FORMAT where it is none; nothing is left to close then. */
vae_status vae_npz_open(const char *path, vae_npz *npz);
void vae_npz_close(vae_npz *npz);
/* Prepares `numbers` for the entries to be opened; `name` is borrowed. */
void vae_npz_name_messages(vae_npz *npz, const char *name);

int64_t vae_npz_count(const vae_npz *npz); /* entries, arrays or not */
/* The key of an entry, *length characters that are followed by ".npy"; NULL where it is no array. */
const char *vae_npz_key(const vae_npz *npz, int64_t index, int *length);
/* The entry of that key; -1: there is none. */
int64_t vae_npz_find(const vae_npz *npz, const char *key);
/* Opens the entry at its begin, in place of the one that was open, and reads its header. */
vae_status vae_npz_open_entry(vae_npz *npz, int64_t index);
/* All keys with their shapes, "images 10x28x28, labels 10", as many as fit. Another entry is open then. */
void vae_npz_list(vae_npz *npz, char keys[VAE_NPZ_KEYS_SIZE]);
/* VAE_ERROR_FORMAT: the archive has no array of that key, or, where it is "", a key must be given; with all keys. */
vae_status vae_npz_no_key(vae_npz *npz, const char *path, const char *key);

#endif
