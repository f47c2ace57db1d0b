/* NPZ: images or labels in an archive of arrays. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/npz_archive.h"

/* ---- Which array ---- */

/* Whether it has a shape of the content; images are best, any table will do where there are none. */
static bool may_be(const vae_npy_header *header, vae_content content, bool tables)
{
    if (content == VAE_CONTENT_LABELS) return header->rank == 1;
    return tables ? header->rank >= 2 : header->rank == 3 || header->rank == 4;
}

/* How many arrays have a shape that could be the content, and which of them is the last. */
static int find_by_shape(vae_npz *npz, vae_content content, bool tables, int64_t *found)
{
    int matches = 0;
    for (int64_t i = 0; i < vae_npz_count(npz); ++i) {
        int length;
        if (!vae_npz_key(npz, i, &length) || vae_npz_open_entry(npz, i)) continue;
        if (!may_be(&npz->header, content, tables)) continue;
        *found = i;
        matches++;
    }
    return matches;
}

static vae_status choose_entry(vae_npz *npz, const vae_request *request, int64_t *index)
{
    const char *usual = request->content == VAE_CONTENT_LABELS ? "labels" : "images";
    *index = vae_npz_find(npz, request->key[0] ? request->key : usual);
    if (*index >= 0) return VAE_OK;
    int matches = find_by_shape(npz, request->content, false, index);
    if (matches == 0) matches = find_by_shape(npz, request->content, true, index);
    if (matches == 1 && !request->key[0]) return VAE_OK;
    return vae_npz_no_key(npz, request->path, request->key);
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
static void tell_others(vae_source *source, vae_npz *npz, const vae_request *request, int64_t chosen)
{
    for (int64_t i = 0; i < vae_npz_count(npz); ++i) {
        int length;
        const char *name = vae_npz_key(npz, i, &length);
        if (i == chosen || !name || vae_npz_open_entry(npz, i)) continue;
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
    vae_npz_close(source->state);
    free(source->state);
}

static vae_status open_array(vae_source *source, vae_npz *npz, const vae_request *request)
{
    int64_t index;
    int length;
    vae_npz_name_messages(npz, source->name);
    VAE_TRY(choose_entry(npz, request, &index));
    const char *name = vae_npz_key(npz, index, &length);
    snprintf(source->name, sizeof source->name, "%s:%.*s", request->path, length, name);
    VAE_TRY(vae_npz_open_entry(npz, index));
    VAE_TRY(vae_npy_stream_check(&npz->numbers, &npz->header, request));
    vae_source_set_numbers(source, &npz->numbers, request);
    if (request->content == VAE_CONTENT_LABELS) return VAE_OK;
    tell_others(source, npz, request, index);
    return vae_npz_open_entry(npz, index);
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    vae_npz *npz = calloc(1, sizeof *npz);
    if (!npz) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    vae_status status = vae_npz_open(request->path, npz);
    if (status) {
        free(npz);
        return status;
    }
    source->state = npz;
    status = open_array(source, npz, request);
    if (status) close_source(source);
    return status;
}

const vae_format vae_format_npz = {
    .name = "NPZ",
    .takes_key = true,
    .probe = vae_npz_probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
};
