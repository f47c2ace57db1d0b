/* Files and folders: read a whole file, replace one atomically, make folders, join paths. */
#ifndef VAE_CORE_FILE_H
#define VAE_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/error.h"

/* Reads the whole regular file into memory from malloc, followed by one zero byte that *size does not count, so that
 * text can be used as a string; the caller frees *data. VAE_ERROR_IO if it cannot be opened or read, or is no regular
 * file; VAE_ERROR_FORMAT if it is larger than max_size bytes, in which case nothing is allocated. */
vae_status vae_file_read(const char *path, size_t max_size, void **data, size_t *size);

/* Writes the parts one after the other so that `path` holds, whatever happens, either its old content or all of the
 * new: they go to "<path>.partial", which is fsynced and renamed over path, then the folder is fsynced. A crash may
 * leave the partial file, which the next write replaces. On failure (VAE_ERROR_IO) the partial file is removed. */
vae_status vae_file_write_atomic(const char *path, const void *const *parts, const size_t *sizes, int count);

enum { VAE_FILE_PATH_BYTES = 4096 };

/* A file that is too large to be put together in memory first: written through `file`, and like the above either whole
 * or not there. */
typedef struct vae_file_stream {
    FILE *file;
    const char *path; /* borrowed */
    char partial[VAE_FILE_PATH_BYTES];
} vae_file_stream;

vae_status vae_file_stream_open(vae_file_stream *stream, const char *path);
/* Closes the stream in any case. With `status` VAE_OK and every write done, the file takes its name; else what was
 * written is removed. Gives `status`, or VAE_ERROR_IO. */
vae_status vae_file_stream_close(vae_file_stream *stream, vae_status status);

/* Makes `to` another name of the file `from`, replacing atomically what was there. VAE_ERROR_IO, with `to` as it was,
 * on a file system without hard links: then write the content again. */
vae_status vae_file_link_atomic(const char *from, const char *to);

/* Makes the folder and those above it, like mkdir -p; one that is there already is fine. */
vae_status vae_folder_make(const char *path);

bool vae_path_exists(const char *path);

/* Writes "folder/name" to path[size]; folder "" or an absolute name give name alone. VAE_ERROR_ARGUMENT if it is too
 * long. */
vae_status vae_path_join(char *path, size_t size, const char *folder, const char *name);

/* The last name in the path, as text within it of *length characters: "mnist" of "runs/mnist/". */
const char *vae_path_name(const char *path, int *length);

#endif
