/* Files read whole, or written aside and renamed into place; streams, links, folders and paths. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static vae_status io_error(const char *path, const char *what)
{
    return vae_error_set(VAE_ERROR_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* ---- Reading ---- */

static vae_status read_all(int file, const char *path, char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t got = read(file, data + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(path, "cannot be read");
        if (got == 0) {
            return vae_error_set(VAE_ERROR_IO, "%s: shrank from %zu to %zu bytes while it was read", path, size, done);
        }
        done += (size_t)got;
    }
    return VAE_OK;
}

static vae_status read_open(int file, const char *path, size_t max_size, void **data, size_t *size)
{
    struct stat info;
    if (fstat(file, &info)) return io_error(path, "cannot be examined");
    if (S_ISDIR(info.st_mode)) return vae_error_set(VAE_ERROR_IO, "%s: is a folder, expected a file", path);
    if (!S_ISREG(info.st_mode)) return vae_error_set(VAE_ERROR_IO, "%s: is not a regular file", path);
    const uint64_t bytes = (uint64_t)info.st_size;
    if (bytes > max_size || bytes >= SIZE_MAX) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has %llu bytes, at most %zu were expected", path,
                             (unsigned long long)bytes, max_size);
    }
    char *content = malloc((size_t)bytes + 1);
    if (!content) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its %llu bytes", path, (unsigned long long)bytes);
    }
    const vae_status status = read_all(file, path, content, (size_t)bytes);
    if (status) {
        free(content);
        return status;
    }
    content[bytes] = '\0';
    *data = content;
    *size = (size_t)bytes;
    return VAE_OK;
}

vae_status vae_file_read(const char *path, size_t max_size, void **data, size_t *size)
{
    /* O_NONBLOCK: a FIFO is refused by read_open instead of blocking here. */
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return io_error(path, "cannot be opened");
    const vae_status status = read_open(file, path, max_size, data, size);
    close(file);
    return status;
}

/* There is room for one byte more than allowed: filled, it shows that the stream is too long; else it takes the final
 * zero. */
static vae_status read_to_end(int file, const char *path, size_t max_size, char **data, size_t *size)
{
    size_t room = 0;
    for (;;) {
        if (*size == room) {
            if (*size > max_size) {
                return vae_error_set(VAE_ERROR_FORMAT, "%s: has more than the %zu bytes expected at most", path,
                                     max_size);
            }
            room = room ? 2 * room : 1 << 16;
            if (room > max_size) room = max_size + 1;
            char *grown = realloc(*data, room);
            if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its bytes", path);
            *data = grown;
        }
        const ssize_t got = read(file, *data + *size, room - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(path, "cannot be read");
        if (got == 0) break;
        *size += (size_t)got;
    }
    (*data)[*size] = '\0';
    return VAE_OK;
}

vae_status vae_file_read_stream(const char *path, size_t max_size, void **data, size_t *size)
{
    struct stat info;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return io_error(path, "cannot be opened");
    char *content = NULL;
    *size = 0;
    vae_status status = VAE_OK;
    if (!fstat(file, &info) && S_ISDIR(info.st_mode)) {
        status = vae_error_set(VAE_ERROR_IO, "%s: is a folder, expected a file", path);
    } else {
        status = read_to_end(file, path, max_size, &content, size);
    }
    close(file);
    if (status) {
        free(content);
        return status;
    }
    *data = content;
    return VAE_OK;
}

/* ---- Writing ---- */

vae_status vae_file_write_open(int file, const char *path, const void *content, size_t size)
{
    const char *data = content;
    for (size_t done = 0; done < size;) {
        const ssize_t put = write(file, data + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return io_error(path, "cannot be written");
        done += (size_t)put;
    }
    return VAE_OK;
}

vae_status vae_file_sync(const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? VAE_OK : io_error(path, "cannot be opened");
    const vae_status status = fsync(file) ? io_error(path, "cannot be flushed to disk") : VAE_OK;
    close(file);
    return status;
}

vae_status vae_file_sync_folder(const char *path)
{
    char folder[VAE_FILE_PATH_BYTES];
    const char *slash = strrchr(path, '/');
    if (!slash) {
        strcpy(folder, ".");
    } else {
        const size_t length = slash == path ? 1 : (size_t)(slash - path);
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return io_error(folder, "cannot be opened");
    /* Some file systems cannot fsync a folder; the file itself is safe there all the same. */
    const bool failed = fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP;
    const vae_status status = failed ? io_error(folder, "cannot be flushed to disk") : VAE_OK;
    close(descriptor);
    return status;
}

static vae_status partial_name(char partial[VAE_FILE_PATH_BYTES], const char *path)
{
    const int length = snprintf(partial, VAE_FILE_PATH_BYTES, "%s.partial", path);
    if (length >= 0 && length < VAE_FILE_PATH_BYTES) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "path of %zu characters is too long: %.100s…", strlen(path), path);
}

struct vae_file_stream {
    FILE *file; /* NULL once it is closed */
    char path[VAE_FILE_PATH_BYTES], partial[VAE_FILE_PATH_BYTES];
};

vae_status vae_file_stream_open(const char *path, vae_file_stream **stream)
{
    *stream = NULL;
    vae_file_stream *made = malloc(sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = partial_name(made->partial, path);
    if (!status) {
        snprintf(made->path, sizeof made->path, "%s", path);
        made->file = fopen(made->partial, "wbe");
        if (!made->file) status = io_error(made->partial, "cannot be created");
    }
    if (status) {
        free(made);
        return status;
    }
    *stream = made;
    return VAE_OK;
}

FILE *vae_file_stream_handle(const vae_file_stream *stream)
{
    return stream->file;
}

vae_status vae_file_stream_write(vae_file_stream *stream, const void *data, size_t size)
{
    errno = 0;
    /* Where there is nothing to write, data may be NULL, which fwrite() does not take. */
    if (size == 0 || fwrite(data, 1, size, stream->file) == size) return VAE_OK;
    return io_error(stream->partial, "cannot be written");
}

static vae_status finish_partial(vae_file_stream *stream)
{
    errno = 0;
    if (fflush(stream->file) || ferror(stream->file)) return io_error(stream->partial, "cannot be written");
    if (fsync(fileno(stream->file))) return io_error(stream->partial, "cannot be flushed to disk");
    FILE *file = stream->file;
    stream->file = NULL;
    if (fclose(file)) return io_error(stream->partial, "cannot be closed");
    return rename(stream->partial, stream->path) ? io_error(stream->path, "cannot be replaced") : VAE_OK;
}

vae_status vae_file_stream_replace(vae_file_stream *stream)
{
    const vae_status status = finish_partial(stream);
    if (status) {
        vae_file_stream_abandon(stream);
    } else {
        free(stream);
    }
    return status;
}

vae_status vae_file_stream_commit(vae_file_stream *stream)
{
    char path[VAE_FILE_PATH_BYTES];
    memcpy(path, stream->path, sizeof path);
    VAE_TRY(vae_file_stream_replace(stream));
    return vae_file_sync_folder(path);
}

void vae_file_stream_abandon(vae_file_stream *stream)
{
    if (!stream) return;
    if (stream->file) fclose(stream->file);
    unlink(stream->partial);
    free(stream);
}

vae_status vae_file_replace(const char *path, const void *const *parts, const size_t *sizes, int count)
{
    vae_file_stream *stream;
    VAE_TRY(vae_file_stream_open(path, &stream));
    vae_status status = VAE_OK;
    for (int i = 0; i < count && !status; ++i)
        status = vae_file_stream_write(stream, parts[i], sizes[i]);
    if (!status) return vae_file_stream_replace(stream);
    vae_file_stream_abandon(stream);
    return status;
}

vae_status vae_file_write_atomic(const char *path, const void *const *parts, const size_t *sizes, int count)
{
    VAE_TRY(vae_file_replace(path, parts, sizes, count));
    return vae_file_sync_folder(path);
}

vae_status vae_file_write_soon(const char *path, const void *content, size_t size)
{
    vae_file_stream *stream;
    VAE_TRY(vae_file_stream_open(path, &stream));
    vae_status status = vae_file_stream_write(stream, content, size);
    FILE *file = stream->file;
    stream->file = NULL;
    if (fclose(file) && !status) status = io_error(stream->partial, "cannot be written");
    if (!status && rename(stream->partial, path)) status = io_error(path, "cannot be replaced");
    if (status) unlink(stream->partial);
    free(stream);
    return status;
}

vae_status vae_file_link_atomic(const char *from, const char *to)
{
    char partial[VAE_FILE_PATH_BYTES];
    VAE_TRY(partial_name(partial, to));
    unlink(partial);
    if (link(from, partial)) return io_error(to, "cannot be made into a link");
    const vae_status status = rename(partial, to) ? io_error(to, "cannot be replaced") : VAE_OK;
    unlink(partial); /* also where `to` was the same file already, for then rename does nothing */
    return status;
}

/* ---- Folders and paths ---- */

static vae_status make_one(const char *path)
{
    if (!mkdir(path, 0777)) return VAE_OK;
    const int reason = errno;
    struct stat info;
    if (!stat(path, &info)) {
        if (S_ISDIR(info.st_mode)) return VAE_OK;
        return vae_error_set(VAE_ERROR_IO, "%s: is a file, expected a folder", path);
    }
    errno = reason;
    return io_error(path, "folder cannot be created");
}

vae_status vae_folder_make(const char *path)
{
    char part[VAE_FILE_PATH_BYTES];
    const size_t length = strlen(path);
    if (length == 0) return vae_error_set(VAE_ERROR_ARGUMENT, "the name of the folder is empty");
    if (length >= sizeof part) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "path of %zu characters is too long: %.100s…", length, path);
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i < length; ++i) {
        if (part[i] != '/') continue;
        part[i] = '\0';
        VAE_TRY(make_one(part));
        part[i] = '/';
    }
    return make_one(part);
}

vae_status vae_folder_check(const char *path)
{
    char part[VAE_FILE_PATH_BYTES];
    struct stat info;
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "path of %zu characters is too long: %.100s…", strlen(path), path);
    }
    /* The nearest folder above that is there. */
    while (stat(part, &info) && errno == ENOENT) {
        char *slash = strrchr(part, '/');
        if (slash) {
            slash[slash == part] = '\0';
        } else {
            strcpy(part, ".");
        }
    }
    if (stat(part, &info)) return io_error(path, "folder cannot be created");
    if (!S_ISDIR(info.st_mode)) return vae_error_set(VAE_ERROR_IO, "%s: is a file, expected a folder", part);
    return access(part, W_OK | X_OK) ? io_error(part, "cannot be written to") : VAE_OK;
}

bool vae_path_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

vae_status vae_path_check_output(const char *path)
{
    char folder[VAE_FILE_PATH_BYTES] = ".";
    struct stat info;
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) : 0;
    if (length + 1 >= sizeof folder) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "path of %zu characters is too long: %.100s…", strlen(path), path);
    }
    if (slash) snprintf(folder, sizeof folder, "%.*s", length > 0 ? (int)length : 1, path);
    if (!path[0] || (slash && !slash[1]) || (!stat(path, &info) && S_ISDIR(info.st_mode))) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: is a folder, expected the name of a file to write", path);
    }
    if (!access(folder, W_OK | X_OK)) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: cannot be written: folder %s: %s", path, folder, strerror(errno));
}

vae_status vae_path_join(char *path, size_t size, const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const bool alone = length == 0 || name[0] == '/';
    const char *separator = alone || folder[length - 1] == '/' ? "" : "/";
    const int written = snprintf(path, size, "%s%s%s", alone ? "" : folder, separator, name);
    if (written < 0 || (size_t)written >= size) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "path is longer than %zu characters: %.100s/%.100s", size - 1, folder,
                             name);
    }
    return VAE_OK;
}

const char *vae_path_name(const char *path, int *length)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        --end;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        --start;
    *length = (int)(end - start);
    return path + start;
}
