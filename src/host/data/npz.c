/* NPZ: a zip archive of .npy files, stored or deflated, each an array whose key is its name. libzip reads it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "data/npy_stream.h"

enum { KEYS_SIZE = 384 };

typedef struct npz_file {
    vae_numbers numbers;
    vae_npy_header header;
    zip_t *archive;
    zip_int64_t index; /* of the entry that holds the numbers */
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
                                            "%s: is not a readable NPZ file: %s", path, zip_error_strerror(&error));
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
            return vae_error_set(VAE_ERROR_FORMAT, "%s: is damaged in the archive: %s", npz->numbers.name,
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
        return vae_error_set(VAE_ERROR_FORMAT, "%s: cannot be read from the archive: %s", npz->numbers.name,
                             zip_strerror(npz->archive));
    }
    return vae_npy_stream_open(&npz->numbers, &npz->header);
}

static vae_status rewind_entry(void *context)
{
    npz_file *npz = context;
    close_entry(npz);
    return open_entry(npz, npz->index);
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

/* Whether it has a shape of the content; images are best, any table will do where there are none. */
static bool may_be(const vae_npy_header *header, vae_content content, bool tables)
{
    if (content == VAE_CONTENT_LABELS) return header->rank == 1;
    return tables ? header->rank >= 2 : header->rank == 3 || header->rank == 4;
}

/* How many arrays have a shape that could be the content, which of them is the last, and all keys with their shapes. */
static int find_by_shape(npz_file *npz, vae_content content, bool tables, zip_int64_t *found, char keys[KEYS_SIZE])
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
        if (readable && may_be(&npz->header, content, tables)) {
            *found = i;
            matches++;
        }
        if (used >= KEYS_SIZE) continue;
        used += (size_t)snprintf(keys + used, KEYS_SIZE - used, "%s%.*s", used ? ", " : "", length, name);
        for (int d = 0; readable && d < npz->header.rank && used < KEYS_SIZE; ++d) {
            used += (size_t)snprintf(keys + used, KEYS_SIZE - used, "%s%" PRId64, d ? "x" : " ", npz->header.sizes[d]);
        }
    }
    return matches;
}

/* Of an archive in which there is no array at all. */
static vae_status no_arrays(const npz_file *npz, const char *path)
{
    bool torch = false;
    const zip_int64_t entries = zip_get_num_entries(npz->archive, 0);
    for (zip_int64_t i = 0; i < entries && !torch; ++i) {
        const char *name = zip_get_name(npz->archive, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        torch = name && strstr(name, "data.pkl");
    }
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no arrays: it is %s", path,
                         torch ? "a file of torch.save; save the array in it with numpy.savez"
                               : "a zip archive without .npy files; unpack it and give the folder");
}

static vae_status no_key(const npz_file *npz, const char *path, const char *key, const char *keys)
{
    if (!keys[0]) return no_arrays(npz, path);
    if (key[0]) return vae_error_set(VAE_ERROR_FORMAT, "%s: has no array '%s'; it has %s", path, key, keys);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: name one of its arrays, as in %s:KEY; it has %s", path,
                         npz->numbers.name, keys);
}

static vae_status choose_entry(npz_file *npz, const vae_request *request, zip_int64_t *index)
{
    const char *usual = request->content == VAE_CONTENT_LABELS ? "labels" : "images";
    char keys[KEYS_SIZE];
    *index = find_key(npz->archive, request->key[0] ? request->key : usual);
    if (*index >= 0) return VAE_OK;
    int matches = find_by_shape(npz, request->content, false, index, keys);
    if (matches == 0) matches = find_by_shape(npz, request->content, true, index, keys);
    if (matches == 1 && !request->key[0]) return VAE_OK;
    return no_key(npz, request->path, request->key, keys);
}

/* ---- What else there is ---- */

/* A whole number for each of the images. */
static bool like_labels(const vae_source *source, const vae_npy_header *header)
{
    vae_number_type type;
    const bool integers = vae_number_type_parse(header->type, &type) && (type.kind == 'u' || type.kind == 'i');
    const bool one_each = header->rank == 1 || (header->rank == 2 && header->sizes[1] == 1);
    return integers && one_each && header->sizes[0] == source->count;
}

/* Other arrays that may have been meant: images where no key chose one, and labels. */
static void tell_others(vae_source *source, npz_file *npz, const vae_request *request)
{
    const zip_int64_t entries = zip_get_num_entries(npz->archive, 0);
    for (zip_int64_t i = 0; i < entries; ++i) {
        const char *name = zip_get_name(npz->archive, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        const int length = key_length(name);
        if (i == npz->index || length == 0) continue;
        close_entry(npz);
        if (open_entry(npz, i)) continue;
        if (!request->key[0] && may_be(&npz->header, VAE_CONTENT_IMAGES, false)) {
            vae_remarks_add(&source->remarks, VAE_REMARK_OTHER_ARRAYS, 1, "%s:%.*s", source->file, length, name);
        }
        if (like_labels(source, &npz->header)) {
            vae_remarks_add(&source->remarks, VAE_REMARK_UNUSED_LABELS, 1, "%s:%.*s", source->file, length, name);
        }
    }
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
    npz->numbers = (vae_numbers){.name = source->name, .context = npz, .read = read_entry, .rewind = rewind_entry};
    VAE_TRY(choose_entry(npz, request, &npz->index));
    const char *name = zip_get_name(npz->archive, (zip_uint64_t)npz->index, ZIP_FL_ENC_GUESS);
    snprintf(source->name, sizeof source->name, "%s:%.*s", request->path, key_length(name), name);
    VAE_TRY(open_entry(npz, npz->index));
    VAE_TRY(vae_npy_stream_check(&npz->numbers, &npz->header, request));
    vae_source_set_numbers(source, &npz->numbers, request);
    if (request->content == VAE_CONTENT_LABELS) return VAE_OK;
    tell_others(source, npz, request);
    return rewind_entry(npz);
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
    return !probe->gzip && (memcmp(probe->start, "PK\003\004", 4) == 0 || memcmp(probe->start, "PK\005\006", 4) == 0);
}

const vae_format vae_format_npz = {
    .name = "NPZ",
    .takes_key = true,
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
};
