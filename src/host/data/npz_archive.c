/* The arrays of an NPZ file: a zip archive of .npy files, stored or deflated, which libzip reads. */
#include "data/npz_archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool vae_npz_probe(const vae_probe *probe)
{
    return !probe->gzip && (memcmp(probe->start, "PK\003\004", 4) == 0 || memcmp(probe->start, "PK\005\006", 4) == 0);
}

/* An archive's directory stands at its end, so libzip takes one that is cut short for no archive at all. */
static vae_status tell_damage(const char *path, const char *reason)
{
    struct stat information;
    const long long bytes = stat(path, &information) == 0 ? (long long)information.st_size : 0;
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: is cut short, after %lld bytes, or damaged: it begins as an NPZ file, but the archive's "
                         "directory, which stands at the end, cannot be read (libzip: %s)",
                         path, bytes, reason);
}

static bool is_damage(int code)
{
    return code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS || code == ZIP_ER_EOF;
}

vae_status vae_npz_open(const char *path, vae_npz *npz)
{
    int code = 0;
    npz->archive = zip_open(path, ZIP_RDONLY, &code);
    if (npz->archive) return VAE_OK;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const char *reason = zip_error_strerror(&error);
    const vae_status status = is_damage(code)
                                  ? tell_damage(path, reason)
                                  : vae_error_set(code == ZIP_ER_MEMORY ? VAE_ERROR_MEMORY : VAE_ERROR_FORMAT,
                                                  "%s: is not a readable NPZ file: %s", path, reason);
    zip_error_fini(&error);
    return status;
}

static vae_status read_entry(void *context, void *target, int64_t wanted, int64_t *found)
{
    vae_npz *npz = context;
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

static void close_entry(vae_npz *npz)
{
    if (npz->entry) zip_fclose(npz->entry);
    npz->entry = NULL;
}

static vae_status rewind_entry(void *context)
{
    vae_npz *npz = context;
    return vae_npz_open_entry(npz, npz->index);
}

void vae_npz_name_messages(vae_npz *npz, const char *name)
{
    npz->numbers = (vae_numbers){.name = name, .context = npz, .read = read_entry, .rewind = rewind_entry};
}

vae_status vae_npz_open_entry(vae_npz *npz, int64_t index)
{
    close_entry(npz);
    npz->index = index;
    npz->entry = zip_fopen_index(npz->archive, (zip_uint64_t)index, 0);
    if (!npz->entry) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: cannot be read from the archive: %s", npz->numbers.name,
                             zip_strerror(npz->archive));
    }
    return vae_npy_stream_open(&npz->numbers, &npz->header);
}

void vae_npz_close(vae_npz *npz)
{
    close_entry(npz);
    zip_discard(npz->archive);
}

int64_t vae_npz_count(const vae_npz *npz)
{
    return zip_get_num_entries(npz->archive, 0);
}

const char *vae_npz_key(const vae_npz *npz, int64_t index, int *length)
{
    const char *name = zip_get_name(npz->archive, (zip_uint64_t)index, ZIP_FL_ENC_GUESS);
    const size_t size = name ? strlen(name) : 0;
    const bool array = size > 4 && size <= 200 && strcmp(name + size - 4, ".npy") == 0;
    *length = array ? (int)(size - 4) : 0;
    return array ? name : NULL;
}

int64_t vae_npz_find(const vae_npz *npz, const char *key)
{
    for (int64_t i = 0; i < vae_npz_count(npz); ++i) {
        int length;
        const char *name = vae_npz_key(npz, i, &length);
        if (name && (size_t)length == strlen(key) && memcmp(name, key, (size_t)length) == 0) return i;
    }
    return -1;
}

void vae_npz_list(vae_npz *npz, char keys[VAE_NPZ_KEYS_SIZE])
{
    size_t used = 0;
    keys[0] = '\0';
    for (int64_t i = 0; i < vae_npz_count(npz) && used < VAE_NPZ_KEYS_SIZE; ++i) {
        int length;
        const char *name = vae_npz_key(npz, i, &length);
        if (!name) continue;
        const bool readable = vae_npz_open_entry(npz, i) == VAE_OK;
        used += (size_t)snprintf(keys + used, VAE_NPZ_KEYS_SIZE - used, "%s%.*s", used ? ", " : "", length, name);
        for (int d = 0; readable && d < npz->header.rank && used < VAE_NPZ_KEYS_SIZE; ++d) {
            used += (size_t)snprintf(keys + used, VAE_NPZ_KEYS_SIZE - used, "%s%" PRId64, d ? "x" : " ",
                                     npz->header.sizes[d]);
        }
    }
}

/* Of an archive in which there is no array at all. */
static vae_status no_arrays(const vae_npz *npz, const char *path)
{
    bool torch = false;
    for (int64_t i = 0; i < vae_npz_count(npz) && !torch; ++i) {
        const char *name = zip_get_name(npz->archive, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        torch = name && strstr(name, "data.pkl");
    }
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no arrays: it is %s", path,
                         torch ? "a file of torch.save; save the array in it with numpy.savez"
                               : "a zip archive without .npy files; unpack it and give the folder");
}

vae_status vae_npz_no_key(vae_npz *npz, const char *path, const char *key)
{
    char keys[VAE_NPZ_KEYS_SIZE];
    vae_npz_list(npz, keys);
    if (!keys[0]) return no_arrays(npz, path);
    if (key[0]) return vae_error_set(VAE_ERROR_FORMAT, "%s: has no array '%s'; it has %s", path, key, keys);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: name one of its arrays, as in %s:KEY; it has %s", path,
                         npz->numbers.name, keys);
}
