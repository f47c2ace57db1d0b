#include "data/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first that takes what it sees is it; the last takes everything. */
static const vae_format *const formats[] = {&vae_format_npy, &vae_format_npz, &vae_format_folder, &vae_format_idx};

/* Files that the shipped configurations name are there once a script has fetched them. */
static const char *missing_hint(const char *path, int reason)
{
    if (reason != ENOENT) return "";
    if (strstr(path, "data/mnist/")) return "; scripts/get-data mnist puts it there";
    if (strstr(path, "data/fashion/")) return "; scripts/get-data fashion puts it there";
    return "";
}

static vae_status cannot_open(const char *path, int reason)
{
    return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: %s%s", path, strerror(reason), missing_hint(path, reason));
}

static vae_status read_start(const char *path, vae_probe *probe)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return cannot_open(path, errno);
    const ssize_t got = read(file, probe->start, sizeof probe->start);
    const int reason = errno;
    close(file);
    return got < 0 ? vae_error_set(VAE_ERROR_IO, "%s: cannot be read: %s", path, strerror(reason)) : VAE_OK;
}

static vae_status look(const char *path, vae_probe *probe)
{
    struct stat information;
    *probe = (vae_probe){0};
    if (stat(path, &information) != 0) return cannot_open(path, errno);
    probe->folder = S_ISDIR(information.st_mode);
    if (probe->folder) return VAE_OK;
    /* Opening a pipe that nobody writes to would wait for ever. */
    if (!S_ISREG(information.st_mode)) return vae_error_set(VAE_ERROR_FORMAT, "%s: is no regular file", path);
    return read_start(path, probe);
}

/* "file.npz:key" becomes the two, unless there is a file of just that name, or none of the shorter name. */
static const char *split_key(const char *path, char file[VAE_PATH_SIZE])
{
    struct stat information;
    const char *colon = strrchr(path, ':');
    const size_t length = colon ? (size_t)(colon - path) : 0;
    if (!colon || length >= VAE_PATH_SIZE || stat(path, &information) == 0) return NULL;
    memcpy(file, path, length);
    file[length] = '\0';
    return stat(file, &information) == 0 ? colon + 1 : NULL;
}

static const vae_format *find_format(const vae_probe *probe)
{
    size_t i = 0;
    while (!formats[i]->probe(probe))
        ++i;
    return formats[i];
}

vae_status vae_source_open(const char *path, vae_content content, const vae_read_options *options, vae_source *source)
{
    char file[VAE_PATH_SIZE];
    vae_probe probe;
    const char *key = split_key(path, file);
    const vae_request request = {
        .path = key ? file : path, .key = key ? key : "", .content = content, .options = options};
    *source = (vae_source){0};
    VAE_TRY(look(request.path, &probe));
    source->format = find_format(&probe);
    if (key && !source->format->takes_key) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is no NPZ file, so it has no array '%s'", file, key);
    }
    snprintf(source->name, sizeof source->name, "%s", path);
    snprintf(source->file, sizeof source->file, "%s", request.path);
    return source->format->open(source, &request);
}

void vae_source_close(vae_source *source)
{
    source->format->close(source);
}

vae_status vae_source_add_to_hash(const vae_source *source, vae_hash *hash)
{
    struct stat information;
    char *whole = realpath(source->file, NULL);
    if (!whole || stat(whole, &information) != 0) {
        const int reason = errno;
        free(whole);
        return cannot_open(source->file, reason);
    }
    vae_hash_add_text(hash, whole);
    free(whole);
    vae_hash_add_text(hash, source->name + strlen(source->file)); /* the key */
    vae_hash_add_integer(hash, information.st_size);
    vae_hash_add_integer(hash, information.st_mtim.tv_sec);
    vae_hash_add_integer(hash, information.st_mtim.tv_nsec);
    return VAE_OK;
}

void vae_source_set_shape(vae_source *source, int rank, const int64_t *sizes)
{
    source->count = sizes[0];
    source->height = rank >= 3 ? sizes[1] : 1;
    source->width = rank >= 3 ? sizes[2] : rank == 2 ? sizes[1] : 1;
    source->channels = rank == 4 ? sizes[3] : 1;
}
