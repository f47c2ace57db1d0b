/* NPZ: a zip archive of .npy files, stored or deflated, each an array whose key is its name. libzip reads it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "data/npy_stream.h"

enum { KEYS_SIZE = 384 };

typedef struct npz_file {
    vae_npy_stream stream; /* first: vae_npy_source_read() */
    zip_t *archive;
    zip_file_t *entry; /* NULL: none is open */
} npz_file;

/* ---- The archive ---- */

static vae_status open_archive(const char *path, zip_t **archive)
{
    int code = 0;
    *archive = zip_open(path, ZIP_RDONLY, &code);
    if (*archive) return VAE_OK;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const vae_status status = vae_error_set(code == ZIP_ER_MEMORY ? VAE_ERROR_MEMORY : VAE_ERROR_FORMAT,
                                            "%s: is no readable NPZ file: %s", path, zip_error_strerror(&error));
    zip_error_fini(&error);
    return status;
}

static vae_status read_entry(void *context, void *target, int64_t wanted, int64_t *found)
{
    npz_file *npz = context;
    *found = 0;
    while (*found < wanted) {
        const zip_int64_t step = zip_fread(npz->entry, (char *)target + *found, (zip_uint64_t)(wanted - *found));
        if (step < 0) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: is damaged in the archive: %s", npz->stream.name,
                                 zip_file_strerror(npz->entry));
        }
        if (step == 0) break;
        *found += step;
    }
    return VAE_OK;
}

static void close_entry(npz_file *npz)
{
    if (npz->entry) zip_fclose(npz->entry);
    npz->entry = NULL;
}

/* Opens the entry and reads its header. */
static vae_status open_entry(npz_file *npz, zip_int64_t index)
{
    npz->entry = zip_fopen_index(npz->archive, (zip_uint64_t)index, 0);
    if (!npz->entry) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: cannot be read from the archive: %s", npz->stream.name,
                             zip_strerror(npz->archive));
    }
    npz->stream.context = npz;
    npz->stream.read = read_entry;
    npz->stream.done = 0;
    return vae_npy_stream_open(&npz->stream);
}

/* ---- Which array ---- */

/* Length of the entry's name without .npy; 0 where it is no array. */
static int key_length(const char *name)
{
    const size_t length = name ? strlen(name) : 0;
    if (length <= 4 || length > 200 || strcmp(name + length - 4, ".npy") != 0) return 0;
    return (int)(length - 4);
}

static zip_int64_t find_key(zip_t *archive, const char *key)
{
    const zip_int64_t entries = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < entries; ++i) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        const int length = key_length(name);
        if (length > 0 && (size_t)length == strlen(key) && memcmp(name, key, (size_t)length) == 0) return i;
    }
    return -1;
}

static bool may_be(const vae_npy_header *header, vae_content content)
{
    return content == VAE_CONTENT_LABELS ? header->rank == 1 : header->rank == 3 || header->rank == 4;
}

/* How many arrays have a shape that could be the content, which of them is the last, and all keys with their shapes. */
static int find_by_shape(npz_file *npz, vae_content content, zip_int64_t *found, char keys[KEYS_SIZE])
{
    const zip_int64_t entries = zip_get_num_entries(npz->archive, 0);
    size_t used = 0;
    int matches = 0;
    keys[0] = '\0';
    for (zip_int64_t i = 0; i < entries; ++i) {
        const char *name = zip_get_name(npz->archive, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        const int length = key_length(name);
        if (length == 0) continue;
        const bool readable = open_entry(npz, i) == VAE_OK;
        close_entry(npz);
        if (readable && may_be(&npz->stream.header, content)) {
            *found = i;
            matches++;
        }
        if (used >= KEYS_SIZE) continue;
        used += (size_t)snprintf(keys + used, KEYS_SIZE - used, "%s%.*s", used ? ", " : "", length, name);
        for (int d = 0; readable && d < npz->stream.header.rank && used < KEYS_SIZE; ++d) {
            used += (size_t)snprintf(keys + used, KEYS_SIZE - used, "%s%" PRId64, d ? "x" : " ",
                                     npz->stream.header.sizes[d]);
        }
    }
    return matches;
}

static vae_status no_key(const npz_file *npz, const char *path, const char *key, const char *keys)
{
    if (!keys[0]) return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no arrays", path);
    if (key[0]) return vae_error_set(VAE_ERROR_FORMAT, "%s: has no array '%s'; it has %s", path, key, keys);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: name one of its arrays, as in %s:KEY; it has %s", path,
                         npz->stream.name, keys);
}

static vae_status choose_entry(npz_file *npz, const vae_request *request, zip_int64_t *index)
{
    const char *usual = request->content == VAE_CONTENT_LABELS ? "labels" : "images";
    char keys[KEYS_SIZE];
    *index = find_key(npz->archive, request->key[0] ? request->key : usual);
    if (*index >= 0) return VAE_OK;
    const int matches = find_by_shape(npz, request->content, index, keys);
    if (matches == 1 && !request->key[0]) return VAE_OK;
    return no_key(npz, request->path, request->key, keys);
}

/* ---- The format ---- */

static void close_source(vae_source *source)
{
    npz_file *npz = source->state;
    close_entry(npz);
    zip_discard(npz->archive);
    free(npz);
}

static vae_status open_array(vae_source *source, npz_file *npz, const vae_request *request)
{
    zip_int64_t index;
    npz->stream.name = source->name;
    VAE_TRY(choose_entry(npz, request, &index));
    const char *name = zip_get_name(npz->archive, (zip_uint64_t)index, ZIP_FL_ENC_GUESS);
    snprintf(source->name, sizeof source->name, "%s:%.*s", request->path, key_length(name), name);
    VAE_TRY(open_entry(npz, index));
    VAE_TRY(vae_npy_stream_check(&npz->stream, request->content));
    vae_source_set_shape(source, npz->stream.header.rank, npz->stream.header.sizes);
    return VAE_OK;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    npz_file *npz = calloc(1, sizeof *npz);
    if (!npz) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    vae_status status = open_archive(request->path, &npz->archive);
    if (status) {
        free(npz);
        return status;
    }
    source->state = npz;
    status = open_array(source, npz, request);
    if (status) close_source(source);
    return status;
}

static bool probe(const vae_probe *probe)
{
    return memcmp(probe->start, "PK\003\004", 4) == 0 || memcmp(probe->start, "PK\005\006", 4) == 0;
}

const vae_format vae_format_npz = {
    .name = "NPZ",
    .takes_key = true,
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
    .read = vae_npy_source_read,
    .finish = vae_npy_source_finish,
};
