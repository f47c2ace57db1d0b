/* Reads sequences of any format: finds whose file it is, and takes its items to memory or to a file. */
#include "data/sequences.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "data/file_kind.h"
#include "data/format.h"
#include "data/sequence_cache.h"
#include "data/sequence_shape.h"
#include "data/sequence_store.h"

static const vae_sequence_format *const formats[] = {
#define ROW(name) &vae_sequence_format_##name,
    VAE_SEQUENCE_FORMAT_MAP(ROW)
#undef ROW
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static vae_status refuse(const char *path, const vae_probe *probe, vae_kind kind)
{
    char taken[256];
    size_t used =
        (size_t)snprintf(taken, sizeof taken, "%s are read from files of", vae_sequence_shape_of(kind)->items);
    const char *separator = " ";
    if (probe->folder) return vae_error_set(VAE_ERROR_FORMAT, "%s: is a folder, expected a file", path);
    for (int i = 0; i < FORMATS && used < sizeof taken; ++i) {
        if (formats[i]->kind != kind) continue;
        used += (size_t)snprintf(taken + used, sizeof taken - used, "%s%s", separator, formats[i]->name);
        separator = ", ";
    }
    return vae_file_kind_refuse(path, probe, taken);
}

static vae_status find_format(const char *path, vae_kind kind, const vae_sequence_format **format)
{
    vae_probe probe;
    VAE_TRY(vae_source_probe(path, &probe));
    for (int i = 0; i < FORMATS; ++i) {
        *format = formats[i];
        if (formats[i]->kind == kind && formats[i]->probe(&probe)) return VAE_OK;
    }
    return refuse(path, &probe, kind);
}

vae_status vae_sequence_source_find(const char *path, const vae_sequence_options *options, vae_sequence_source *source)
{
    *source = (vae_sequence_source){.options = options};
    const char *key = vae_source_split_key(path, source->file);
    if (!key) snprintf(source->file, sizeof source->file, "%s", path);
    snprintf(source->name, sizeof source->name, "%s", path);
    source->key = key ? key : "";
    VAE_TRY(find_format(source->file, options->kind, &source->format));
    if (!key || source->format->takes_key) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a file of %s, which has no part '%s'", source->file,
                         source->format->name, key);
}

static void free_store(vae_sequence_store *store)
{
    free(store->values.bytes);
    free(store->offsets.bytes);
    free(store->labels.bytes);
    free(store->names.bytes);
}

/* What the store and the source have becomes the data set's. */
static void hand_over(vae_sequence_store *store, vae_sequence_source *source, vae_dataset *dataset)
{
    *dataset = (vae_dataset){
        .kind = source->format->kind,
        .values = store->values.bytes,
        .dtype = vae_sequence_shape_of(source->format->kind)->dtype,
        .offsets = (void *)store->offsets.bytes,
        .vocabulary = source->vocabulary,
        .truncated = store->truncated,
        .labels = (void *)store->labels.bytes,
        .classes = source->classes,
        .names = (void *)store->names.bytes,
        .names_bytes = store->names.used,
        .names_differ = source->names_differ,
        .count = store->count,
        .height = 1,
        .width = 1,
        .channels = vae_sequence_shape_of(source->format->kind)->elements,
        .remarks = source->remarks,
    };
    source->vocabulary = source->classes = (vae_classes){0};
}

/* *full: they are too many for memory, and nothing was read. */
static vae_status read_to_memory(vae_sequence_source *source, bool *full, vae_dataset *dataset)
{
    const bool automatic = source->options->storage == VAE_STORAGE_AUTO;
    vae_sequence_store store = {.values.name = source->name,
                                .offsets.name = source->name,
                                .labels.name = source->name,
                                .names.name = source->name,
                                .most = automatic ? 0.5 * vae_memory_limit() : 0};
    VAE_TRY(source->format->open(source));
    vae_status status = vae_sequence_store_collect(&store, source);
    *full = store.full || (automatic && status == VAE_ERROR_MEMORY);
    if (*full) status = VAE_OK;
    if (status == VAE_ERROR_MEMORY) {
        status = vae_error_set(status, "%s; with [data] storage = disk they need none", vae_error_message());
    }
    if (status || *full) {
        free_store(&store);
    } else {
        hand_over(&store, source, dataset);
    }
    vae_sequence_source_close(source);
    return status;
}

vae_status vae_sequences_read(const char *path, const vae_sequence_options *options, vae_dataset *dataset)
{
    vae_sequence_source source;
    *dataset = (vae_dataset){0};
    VAE_TRY(vae_sequence_source_find(path, options, &source));
    bool disk = options->storage == VAE_STORAGE_DISK;
    /* What was too large for memory once is not read to memory again to see that. */
    if (options->storage == VAE_STORAGE_AUTO) disk = vae_sequence_cache_exists(&source);
    if (!disk) VAE_TRY(read_to_memory(&source, &disk, dataset));
    if (!disk) return VAE_OK;
    VAE_TRY(vae_sequence_source_find(path, options, &source));
    return vae_sequence_cache_read(&source, dataset);
}

bool vae_sequences_have_part(const char *path, vae_kind kind, const char *part)
{
    const vae_sequence_options options = {.kind = kind};
    vae_sequence_source source;
    if (vae_sequence_source_find(path, &options, &source) || source.key[0]) return false;
    return source.format->has_part && source.format->has_part(source.file, part);
}
