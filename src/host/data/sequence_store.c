/* Collects items: memory grows by halves, streams are buffered. */
#include "data/sequence_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "data/sequence_shape.h"

enum { CHECKED_BYTES = 1 << 24 }; /* from here on the system is asked before memory grows */

static vae_status grow(vae_appender *appender, size_t wanted)
{
    const size_t more = appender->room + appender->room / 2, room = wanted > more ? wanted : more;
    if (room >= CHECKED_BYTES) VAE_TRY(vae_memory_check(appender->name, (double)(room - appender->room)));
    uint8_t *grown = realloc(appender->bytes, room);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory at %zu bytes", appender->name, room);
    appender->bytes = grown;
    appender->room = room;
    return VAE_OK;
}

vae_status vae_appender_add(vae_appender *appender, const void *bytes, size_t size)
{
    if (appender->stream) {
        appender->used += size;
        if (fwrite(bytes, 1, size, appender->stream) == size) return VAE_OK;
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", appender->name, strerror(errno));
    }
    if (appender->used + size > appender->room) VAE_TRY(grow(appender, appender->used + size));
    memcpy(appender->bytes + appender->used, bytes, size);
    appender->used += size;
    return VAE_OK;
}

vae_status vae_sequence_item_add(vae_sequence_item *item, const void *rows, int64_t count)
{
    const size_t used = (size_t)(item->rows * item->row_bytes), size = (size_t)(count * item->row_bytes);
    if (used + size > item->room) {
        const size_t room = 2 * (used + size);
        uint8_t *grown = realloc(item->values, room);
        if (!grown)
            return vae_error_set(VAE_ERROR_MEMORY, "out of memory for an item of %" PRId64 " steps", item->rows);
        item->values = grown;
        item->room = room;
    }
    memcpy(item->values + used, rows, size);
    item->rows += count;
    return VAE_OK;
}

void vae_sequence_source_close(vae_sequence_source *source)
{
    source->format->close(source);
    vae_classes_free(&source->vocabulary);
    vae_classes_free(&source->classes);
}

/* The row behind the item is where the next one begins. */
static vae_status keep(vae_sequence_store *store, vae_sequence_source *source, const vae_sequence_item *item,
                       int64_t *row)
{
    const bool labelled = store->count == 0 ? item->label >= 0 : store->labels.used > 0;
    if (labelled && item->label < 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: item %" PRId64 " has no label, but those before it have",
                             source->name, store->count + 1);
    }
    *row += item->rows;
    VAE_TRY(vae_appender_add(&store->values, item->values, (size_t)(item->rows * item->row_bytes)));
    VAE_TRY(vae_appender_add(&store->offsets, row, sizeof *row));
    if (labelled) VAE_TRY(vae_appender_add(&store->labels, &item->label, sizeof item->label));
    if (item->name) VAE_TRY(vae_appender_add(&store->names, item->name, strlen(item->name) + 1));
    store->truncated += item->truncated;
    store->count++;
    const double bytes = (double)(store->values.used + store->offsets.used + store->labels.used + store->names.used);
    store->full = store->most > 0 && bytes > store->most;
    return VAE_OK;
}

/* Why nothing could be used: what was left out. */
static vae_status tell_none(const vae_sequence_source *source)
{
    char reasons[VAE_MESSAGE_SIZE / 2], text[VAE_REMARK_TEXT];
    size_t used = 0;
    reasons[0] = '\0';
    for (int kind = 0; kind < VAE_REMARK_KINDS && used < sizeof reasons; ++kind) {
        if (!vae_remark_write(&source->remarks, (vae_remark_kind)kind, text)) continue;
        used += (size_t)snprintf(reasons + used, sizeof reasons - used, "%s%s", used ? "; " : ": ", text);
    }
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no %s%s", source->name,
                         vae_sequence_shape_of(source->format->kind)->items, reasons);
}

static vae_status collect(vae_sequence_store *store, vae_sequence_source *source, vae_sequence_item *item)
{
    const int64_t limit = source->options->limit;
    int64_t row = 0;
    VAE_TRY(vae_appender_add(&store->offsets, &row, sizeof row));
    while (!store->full && (limit == 0 || store->count < limit)) {
        bool more;
        item->rows = 0;
        item->label = -1;
        item->name = NULL;
        item->truncated = false;
        VAE_TRY(source->format->next(source, item, &more));
        if (!more) break;
        VAE_TRY(keep(store, source, item, &row));
    }
    if (store->count > 0) return VAE_OK;
    return tell_none(source);
}

vae_status vae_sequence_store_collect(vae_sequence_store *store, vae_sequence_source *source)
{
    const vae_sequence_shape *shape = vae_sequence_shape_of(source->format->kind);
    vae_sequence_item item = {.row_bytes = shape->elements * (int64_t)vae_dtype_size(shape->dtype)};
    const vae_status status = collect(store, source, &item);
    free(item.values);
    if (status) return status;
    if (store->truncated > 0) {
        const int64_t kept = source->options->max_length;
        const bool text = source->format->kind == VAE_KIND_TEXT;
        vae_remarks_add(&source->remarks, text ? VAE_REMARK_CUT_SENTENCES : VAE_REMARK_CUT_DRAWINGS, store->truncated,
                        "%" PRId64 " %s%s kept of each", kept, shape->step, kept == 1 ? " was" : "s were");
    }
    return VAE_OK;
}
