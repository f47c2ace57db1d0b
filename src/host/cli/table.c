/* Writes which image each row of an array is of. */
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "core/csv_writer.h"
#include "core/file.h"

struct vae_cli_table {
    vae_file_stream *stream;
    const char *value;
    bool own, begun, has_names, has_classes, has_labels;
    int64_t next; /* index */
};

void vae_cli_table_path(const char *array, char path[VAE_PATH_SIZE])
{
    const size_t length = strlen(array);
    const bool taken = vae_cli_file_kind(array, VAE_FILE_CSV) == VAE_FILE_CSV;
    snprintf(path, VAE_PATH_SIZE, "%.*s%s.csv", (int)(length > 4 ? length - 4 : length), array, taken ? "-names" : "");
}

vae_status vae_cli_table_open(const char *path, const char *value, bool own, vae_cli_table **table)
{
    *table = calloc(1, sizeof **table);
    if (!*table) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    (*table)->value = value;
    (*table)->own = own;
    const vae_status status = vae_file_stream_open(path, &(*table)->stream);
    if (!status) return VAE_OK;
    free(*table);
    *table = NULL;
    return status;
}

static void write_header(vae_cli_table *t, const vae_image_batch *batch)
{
    FILE *file = vae_file_stream_handle(t->stream);
    t->begun = true;
    t->has_names = batch->names != NULL;
    t->has_classes =
        (batch->labels && batch->classes && batch->classes->count > 0) || (batch->names && strchr(batch->names, '/'));
    t->has_labels = t->own && batch->labels;
    fprintf(file, "index%s%s%s", t->has_names ? ",file" : "", t->has_classes ? ",class" : "",
            t->has_labels ? ",label" : "");
    if (t->value) fprintf(file, ",%s", t->value);
    fputc('\n', file);
}

/* By its name, or, of more classes than there are labels, and where none came along, by the subfolder. */
static void write_class(FILE *file, const vae_image_batch *batch, int64_t index, const char *name)
{
    const char *class = batch->labels && batch->classes ? vae_classes_name(batch->classes, batch->labels[index]) : NULL;
    if (class) {
        vae_csv_write_field(file, class, strlen(class));
    } else if (name && strchr(name, '/')) {
        vae_csv_write_field(file, name, strcspn(name, "/"));
    }
}

vae_status vae_cli_table_add(vae_cli_table *table, const vae_image_batch *batch, const int64_t *indices,
                             const double *values)
{
    FILE *file = vae_file_stream_handle(table->stream);
    const char *name = batch->names;
    if (!table->begun) write_header(table, batch);
    for (int64_t i = 0; i < batch->count; ++i) {
        fprintf(file, "%" PRId64, indices ? indices[i] : table->next);
        if (table->has_names) fputc(',', file);
        if (table->has_names) vae_csv_write_field(file, name, strlen(name));
        if (table->has_classes) fputc(',', file);
        if (table->has_classes) write_class(file, batch, i, name);
        if (table->has_names) name += strlen(name) + 1;
        if (table->has_labels) fprintf(file, ",%d", batch->labels[i]);
        if (table->value) fprintf(file, ",%.9g", values[i]);
        fputc('\n', file);
        table->next++;
    }
    return VAE_OK;
}

const char *vae_cli_table_tells(const vae_cli_table *table)
{
    if (table->has_names || table->has_classes) return "named";
    return table->has_labels ? "labelled" : "numbered";
}

vae_status vae_cli_table_finish(vae_cli_table *table)
{
    const vae_status status = vae_file_stream_commit(table->stream);
    free(table);
    return status;
}

void vae_cli_table_abandon(vae_cli_table *table)
{
    if (!table) return;
    vae_file_stream_abandon(table->stream);
    free(table);
}
