/* Files and folders: read a whole file, replace one atomically, make folders, join paths. */
#ifndef VAE_CORE_FILE_H
#define VAE_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/error.h"

/* Reads the whole regular file into memory from malloc, followed by one zero byte that *size does not count, so that
 * text can be used as a string; the caller frees *data. VAE_ERROR_IO if it cannot be opened or read, or is not a
 * regular file; VAE_ERROR_FORMAT if it is larger than max_size bytes, in which case nothing is allocated. */
vae_status vae_file_read(const char *path, size_t max_size, void **data, size_t *size);

/* The same for text that users may also hand over by a pipe: anything that can be read to its end, but a folder. Waits
 * for the writer of a pipe. What is larger than max_size is VAE_ERROR_FORMAT. */
vae_status vae_file_read_stream(const char *path, size_t max_size, void **data, size_t *size);

/* Writes all of the content to an open file, at its position. VAE_ERROR_IO; the message begins with `path`. */
vae_status vae_file_write_open(int file, const char *path, const void *content, size_t size);

/* Writes the parts one after the other so that `path` holds, whatever happens, either its old content or all of the
 * new: they go to "<path>.partial", which is fsynced and renamed over path, then the folder is fsynced. A crash may
 * leave the partial file, which the next write replaces. On failure (VAE_ERROR_IO) the partial file is removed. */
vae_status vae_file_write_atomic(const char *path, const void *const *parts, const size_t *sizes, int count);

/* The same in two steps, for several files of a folder. The content is on disk before it has its name; the name itself
 * is when the folder that it stands in was synced, once for all. */
vae_status vae_file_replace(const char *path, const void *const *parts, const size_t *sizes, int count);
vae_status vae_file_sync_folder(const char *path);

enum { VAE_FILE_PATH_BYTES = 4096 };

/* The same for content that comes piece by piece. A stream is given to commit or to abandon, which free it. */
typedef struct vae_file_stream vae_file_stream;
/* On failure *stream is NULL. */
vae_status vae_file_stream_open(const char *path, vae_file_stream **stream);
/* For stdio: what fails there shows when the stream is committed. */
FILE *vae_file_stream_handle(const vae_file_stream *stream);
vae_status vae_file_stream_write(vae_file_stream *stream, const void *data, size_t size);
/* The content appears under its name, or, on failure (VAE_ERROR_IO), not at all. */
vae_status vae_file_stream_commit(vae_file_stream *stream);
/* The same, but for vae_file_sync_folder(). */
vae_status vae_file_stream_replace(vae_file_stream *stream);
/* Leaves `path` as it was. NULL is allowed. */
void vae_file_stream_abandon(vae_file_stream *stream);

/* Makes `to` another name of the file `from`, replacing atomically what was there; it is on disk after
 * vae_file_sync_folder(). VAE_ERROR_IO, with `to` as it was, on a file system without hard links: then write the
 * content again. */
vae_status vae_file_link_atomic(const char *from, const char *to);

/* Makes the folder and those above it, like mkdir -p; one that is there already is fine. */
vae_status vae_folder_make(const char *path);

/* Whole or not at all under its name, as vae_file_write_atomic(), but the system decides when it reaches the disk: for
 * many small files, the last of which may be lost if the machine crashes. */
vae_status vae_file_write_soon(const char *path, const void *content, size_t size);

/* Flushes the file's content to disk; a missing file is fine. VAE_ERROR_IO. */
vae_status vae_file_sync(const char *path);

/* VAE_ERROR_IO unless the folder exists and is writable, or can be made; makes nothing. */
vae_status vae_folder_check(const char *path);

bool vae_path_exists(const char *path);

/* VAE_ERROR_ARGUMENT unless a file of this name can be written: its folder exists and is writable, and the name is not
 * that of a folder. */
vae_status vae_path_check_output(const char *path);

/* Writes "folder/name" to path[size]; folder "" or an absolute name give name alone. VAE_ERROR_ARGUMENT if it is too
 * long. */
vae_status vae_path_join(char *path, size_t size, const char *folder, const char *name);

/* The last name in the path, as text within it of *length characters: "mnist" of "runs/mnist/". */
const char *vae_path_name(const char *path, int *length);

#endif
