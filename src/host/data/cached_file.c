/* Opens a cached file, or writes it aside under a lock, so that of several processes one works and others wait. */
#include "data/cached_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

/* *found: a whole file was there, and is taken. */
static vae_status open_cached(const char *path, const vae_cached_file *calls, bool *found)
{
    vae_mapping mapping;
    *found = false;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return VAE_OK;
    if (file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    vae_status status = vae_mapping_open(file, path, &mapping);
    close(file);
    if (status) return status;
    status = calls->take(calls->context, path, &mapping, found);
    if (status || !*found) vae_mapping_close(&mapping);
    return status;
}

/* Opens the file that is written aside, alone: others who want the same wait here until it is done. */
static vae_status lock_partial(const char *partial, int *file)
{
    for (;;) {
        struct stat information;
        *file = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be created: %s", partial, strerror(errno));
        if (flock(*file, LOCK_EX) == 0 && fstat(*file, &information) == 0 && information.st_nlink > 0) return VAE_OK;
        const int reason = errno;
        const bool failed = fstat(*file, &information) != 0 || information.st_nlink > 0;
        close(*file);
        if (failed) return vae_error_set(VAE_ERROR_IO, "%s: cannot be locked: %s", partial, strerror(reason));
        /* Who held the lock has removed or renamed the file: another is to be made. */
    }
}

static vae_status write_file(int file, const char *partial, const vae_cached_file *calls)
{
    if (ftruncate(file, 0)) return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", partial, strerror(errno));
    VAE_TRY(calls->write(calls->context, file, partial));
    if (fsync(file)) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be flushed to disk: %s", partial, strerror(errno));
    }
    return VAE_OK;
}

/* Under the lock: unless another was quicker. */
static vae_status make(const char *path, const char *partial, int file, const vae_cached_file *calls)
{
    bool found;
    vae_status status = open_cached(path, calls, &found);
    if (!status && !found) status = write_file(file, partial, calls);
    if (status || found) {
        unlink(partial);
        return status;
    }
    if (rename(partial, path)) {
        status = vae_error_set(VAE_ERROR_IO, "%s: cannot be replaced: %s", path, strerror(errno));
        unlink(partial);
        return status;
    }
    VAE_TRY(open_cached(path, calls, &found));
    return found ? VAE_OK : vae_error_set(VAE_ERROR_IO, "%s: was changed while it was written", path);
}

vae_status vae_cached_file_make(const char *path, const vae_cached_file *calls)
{
    char partial[2 * VAE_PATH_SIZE + 16];
    bool found;
    int file;
    VAE_TRY(open_cached(path, calls, &found));
    if (found) return VAE_OK;
    snprintf(partial, sizeof partial, "%s.partial", path);
    VAE_TRY(lock_partial(partial, &file));
    const vae_status status = make(path, partial, file, calls);
    close(file);
    return status;
}

vae_status vae_cached_copy(const char *path, const uint8_t *from, size_t bytes, void *copy)
{
    void *made = bytes ? malloc(bytes) : NULL;
    if (bytes && !made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels and names", path);
    if (bytes) memcpy(made, from, bytes);
    memcpy(copy, &made, sizeof made);
    return VAE_OK;
}
