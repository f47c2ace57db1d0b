/* The table of formats, and the choice among them by what a path leads to, whatever its name. */
#include "data/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file_kind.h"
#include "data/gzip_file.h"
#include "data/image_file.h"

static const vae_format *const formats[] = {
#define ROW(name) &vae_format_##name,
    VAE_FORMAT_MAP(ROW)
#undef ROW
};
enum {
#define ROW(name) FORMAT_##name,
    VAE_FORMAT_MAP(ROW)
#undef ROW
        FORMATS
};

/* Files that the shipped configurations name are there once a script has fetched them. */
static const char *missing_hint(const char *path, int reason)
{
    static const struct {
        const char *folder, *hint;
    } sets[] = {
        {"data/mnist/", "; scripts/get-data mnist puts it there"},
        {"data/fashion/", "; scripts/get-data fashion puts it there"},
        {"data/faces/", "; scripts/get-data faces puts it there"},
        {"data/frey/", "; scripts/get-data frey puts it there"},
        {"data/text/", "; scripts/get-data text puts it there"},
        {"data/strokes/", "; scripts/get-data sketches puts it there"},
    };
    for (size_t i = 0; reason == ENOENT && i < sizeof sets / sizeof *sets; ++i) {
        if (strstr(path, sets[i].folder)) return sets[i].hint;
    }
    return "";
}

vae_status vae_source_cannot_open(const char *path, int reason)
{
    return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: %s%s", path, strerror(reason), missing_hint(path, reason));
}

static vae_status read_start(const char *path, vae_probe *probe)
{
    vae_gzip_file file;
    int64_t found = 0;
    VAE_TRY(vae_gzip_open(path, &file));
    const vae_status status = vae_gzip_read(&file, probe->start, sizeof probe->start, &found);
    probe->size = (size_t)found;
    probe->gzip = !vae_gzip_is_plain(&file);
    vae_gzip_close(&file);
    return status;
}

vae_status vae_source_probe(const char *path, vae_probe *probe)
{
    struct stat information;
    *probe = (vae_probe){0};
    if (stat(path, &information) != 0) return vae_source_cannot_open(path, errno);
    probe->folder = S_ISDIR(information.st_mode);
    if (probe->folder) return VAE_OK;
    /* Opening a pipe that nobody writes to would wait for ever. */
    if (!S_ISREG(information.st_mode)) return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a regular file", path);
    return read_start(path, probe);
}

const char *vae_source_split_key(const char *path, char file[VAE_PATH_SIZE])
{
    struct stat information;
    const char *colon = strrchr(path, ':');
    const size_t length = colon ? (size_t)(colon - path) : 0;
    if (!colon || length >= VAE_PATH_SIZE || stat(path, &information) == 0) return NULL;
    memcpy(file, path, length);
    file[length] = '\0';
    return stat(file, &information) == 0 ? colon + 1 : NULL;
}

static bool find_format(const vae_probe *probe, const vae_format **format)
{
    for (int i = 0; i < FORMATS; ++i) {
        if (!formats[i]->probe(probe)) continue;
        *format = formats[i];
        return true;
    }
    return false;
}

static vae_status compare_names(const vae_source *source, const vae_classes *found, const vae_read_options *options)
{
    const char *expected;
    const int64_t column = vae_classes_compare(found, options->columns, options->columns_bytes, &expected);
    if (column < 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG,
                         "%s: column %" PRId64 " is called '%s', but '%s' in the data that the model is trained on",
                         source->name, column + 1, vae_classes_name(found, column), expected);
}

static vae_status check_columns(const vae_source *source, const vae_read_options *options)
{
    vae_classes found = {0};
    if (!options->columns || !source->format->column_names) return VAE_OK;
    vae_status status = source->format->column_names(source, &found);
    if (!status) status = compare_names(source, &found, options);
    vae_classes_free(&found);
    return status;
}

static vae_status refuse(const char *path, const vae_probe *probe, vae_content content)
{
    char taken[256];
    size_t used = (size_t)snprintf(taken, sizeof taken, "data are read from folders of pictures, and from files of");
    if (content == VAE_CONTENT_LABELS) {
        return vae_file_kind_refuse(path, probe, "labels are read from CSV, IDX, NPY and NPZ files");
    }
    for (int i = 0; i < FORMATS && used < sizeof taken; ++i) {
        if (formats[i]->read_images) continue;
        const bool last = i == FORMATS - 1;
        used += (size_t)snprintf(taken + used, sizeof taken - used, "%s %s%s", last ? " and" : "", formats[i]->name,
                                 i < FORMATS - 2 ? "," : "");
    }
    return vae_file_kind_refuse(path, probe, taken);
}

vae_status vae_source_open(const char *path, vae_content content, const vae_read_options *options, vae_source *source)
{
    char file[VAE_PATH_SIZE];
    vae_probe probe;
    const char *key = vae_source_split_key(path, file);
    const vae_request request = {
        .path = key ? file : path, .key = key ? key : "", .content = content, .options = options};
    *source = (vae_source){0};
    VAE_TRY(vae_source_probe(request.path, &probe));
    if (!find_format(&probe, &source->format)) {
        const bool picture = !probe.gzip && vae_image_is_picture(probe.start, probe.size);
        if (!picture || !options->one_picture || content != VAE_CONTENT_IMAGES) {
            return refuse(request.path, &probe, content);
        }
        source->format = &vae_format_folder;
    }
    if (key && !source->format->takes_key) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is not an NPZ file, so it has no array '%s'", file, key);
    }
    snprintf(source->name, sizeof source->name, "%s", path);
    snprintf(source->file, sizeof source->file, "%s", request.path);
    VAE_TRY(source->format->open(source, &request));
    const vae_status status = check_columns(source, options);
    if (status) vae_source_close(source);
    return status;
}

void vae_source_close(vae_source *source)
{
    source->format->close(source);
    free(source->block_numbers);
}

vae_status vae_hash_add_file(vae_hash *hash, const char *path)
{
    struct stat information;
    char *whole = realpath(path, NULL);
    if (!whole || stat(whole, &information) != 0) {
        const int reason = errno;
        free(whole);
        return vae_source_cannot_open(path, reason);
    }
    vae_hash_add_text(hash, whole);
    free(whole);
    vae_hash_add_integer(hash, information.st_size);
    vae_hash_add_integer(hash, information.st_mtim.tv_sec);
    vae_hash_add_integer(hash, information.st_mtim.tv_nsec);
    return VAE_OK;
}

vae_status vae_source_add_to_hash(const vae_source *source, vae_hash *hash)
{
    VAE_TRY(vae_hash_add_file(hash, source->file));
    vae_hash_add_text(hash, source->name + strlen(source->file)); /* the key */
    return VAE_OK;
}
