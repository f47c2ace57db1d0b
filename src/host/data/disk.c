/* Decides whether images go to disk, maps files that hold them as they are, and names cached files by a hash. */
#include "data/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "data/cache.h"
#include "data/mapping.h"

/* Deflate makes at most 1032 bytes of one, so a header that promises more than its file can hold is no reason to write
 * anything: the reader will say what is wrong. */
enum { MAX_RATIO = 1032 };

static double most_bytes(const vae_source *source)
{
    struct stat information;
    const bool one_file = source->numbers && stat(source->file, &information) == 0;
    return one_file ? (double)information.st_size * MAX_RATIO : HUGE_VAL;
}

/* Before it is known what the numbers become, as only looking through all of them tells. */
static double most_bytes_a_number(const vae_source *source, const vae_read_options *options)
{
    const bool bytes = !source->numbers || options->store == VAE_STORE_BYTES ||
                       (options->store == VAE_STORE_AUTO && vae_numbers_are_bytes(source->numbers)) ||
                       !vae_transform_is_identity(&options->transform);
    return bytes ? 1.0 : sizeof(float);
}

bool vae_disk_wanted(const vae_source *source, const vae_read_options *options, const int64_t shape[3])
{
    if (options->storage != VAE_STORAGE_AUTO) return options->storage == VAE_STORAGE_DISK;
    const bool limited = options->limit > 0 && options->limit < source->count;
    const double images = (double)(limited ? options->limit : source->count);
    const double half = 0.5 * vae_memory_limit();
    const double numbers = images * (double)shape[0] * (double)shape[1] * (double)shape[2];
    return numbers * most_bytes_a_number(source, options) > half && most_bytes(source) > half;
}

vae_status vae_disk_find_folder(const char *cache, char folder[VAE_PATH_SIZE])
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0]) {
        VAE_TRY(vae_path_join(folder, VAE_PATH_SIZE, "", cache));
    } else if (xdg && xdg[0] == '/') {
        VAE_TRY(vae_path_join(folder, VAE_PATH_SIZE, xdg, "vae-cuda"));
    } else if (home && home[0] == '/') {
        VAE_TRY(vae_path_join(folder, VAE_PATH_SIZE, home, ".cache/vae-cuda"));
    } else {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] cache: must name a folder, as neither $XDG_CACHE_HOME nor $HOME is "
                             "set");
    }
    return VAE_OK;
}

vae_status vae_disk_folder(const char *cache, char folder[VAE_PATH_SIZE])
{
    VAE_TRY(vae_disk_find_folder(cache, folder));
    return vae_folder_make(folder);
}

/* ---- Files that need no cache ---- */

/* True if the file's own bytes are the images. A file that is too short or too long is left to the reader, which says
 * so. */
static bool is_plain(const vae_source *source, const vae_read_options *options, int64_t count, int64_t file_size)
{
    const int64_t images = count * source->height * source->width * source->channels;
    if (source->plain_offset == 0 || !vae_transform_is_identity(&options->transform)) return false;
    const int64_t end = source->plain_offset + images;
    return count < source->count ? file_size >= end : file_size == end;
}

static vae_status map_plain(vae_source *source, const vae_read_options *options, bool *mapped, vae_dataset *dataset)
{
    const int64_t count = options->limit > 0 && options->limit < source->count ? options->limit : source->count;
    struct stat information;
    int largest;
    *mapped = false;
    VAE_TRY(vae_source_examine(source, options, count, &largest));
    if (source->numbers->binary || source->dtype != VAE_UINT8) return VAE_OK;
    const int file = open(source->file, O_RDONLY | O_CLOEXEC);
    if (file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", source->file, strerror(errno));
    vae_status status = VAE_OK;
    if (fstat(file, &information) == 0 && is_plain(source, options, count, information.st_size)) {
        status = vae_mapping_open(file, source->name, &dataset->mapping);
        *mapped = !status;
    }
    close(file);
    if (!*mapped) return status;
    dataset->values = dataset->mapping.start + source->plain_offset;
    dataset->count = count;
    dataset->height = source->height;
    dataset->width = source->width;
    dataset->channels = source->channels;
    dataset->levels = true;
    dataset->stored = source->count;
    vae_source_tell_levels(source, count, largest);
    dataset->remarks = source->remarks;
    return VAE_OK;
}

/* ---- The cache ---- */

static void add_options(vae_hash *hash, const vae_read_options *options)
{
    vae_hash_add_integer(hash, options->limit);
    vae_hash_add_integer(hash, options->store);
    vae_hash_add_integer(hash, options->layout);
    vae_hash_add_integer(hash, options->transform.crop);
    vae_hash_add_integer(hash, options->transform.size.height);
    vae_hash_add_integer(hash, options->transform.size.width);
    vae_hash_add_integer(hash, options->transform.channels);
    vae_hash_add_integer(hash, options->skip_damaged);
}

static vae_status find_name(vae_source *source, const vae_read_options *options, char path[2 * VAE_PATH_SIZE])
{
    char folder[VAE_PATH_SIZE], digits[VAE_HASH_TEXT], name[VAE_HASH_TEXT + 8];
    vae_hash hash = {.length = 0};
    vae_hash_add_text(&hash, "vae-cuda images 6");
    VAE_TRY(source->format->add_to_hash(source, &hash));
    add_options(&hash, options);
    vae_hash_format(&hash, digits);
    snprintf(name, sizeof name, "%s.npy", digits);
    VAE_TRY(vae_disk_folder(options->cache, folder));
    return vae_path_join(path, 2 * VAE_PATH_SIZE, folder, name);
}

vae_status vae_disk_images(vae_source *source, const vae_read_options *options, vae_dataset *dataset)
{
    char path[2 * VAE_PATH_SIZE];
    bool mapped = false;
    *dataset = (vae_dataset){0};
    if (source->plain_offset > 0) VAE_TRY(map_plain(source, options, &mapped, dataset));
    if (mapped) return VAE_OK;
    VAE_TRY(find_name(source, options, path));
    return vae_cache_images(path, source, options, dataset);
}
