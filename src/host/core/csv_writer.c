/* Writes a .csv file row by row. */
#include "core/csv_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/number.h"

struct vae_csv_writer {
    vae_file_stream *stream;
    int64_t columns;
};

void vae_csv_write_field(FILE *file, const char *text, size_t length)
{
    bool quoted = length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
    for (size_t i = 0; i < length; ++i)
        quoted = quoted || strchr(",\"\r\n", text[i]) != NULL;
    if (quoted) fputc('"', file);
    for (size_t i = 0; i < length; ++i) {
        if (text[i] == '"') fputc('"', file);
        fputc(text[i], file);
    }
    if (quoted) fputc('"', file);
}

static void write_header(FILE *file, vae_csv_names names, int64_t columns)
{
    const char *name = names.list;
    for (int64_t i = 0; i < columns; ++i) {
        if (i > 0) fputc(',', file);
        if (name) {
            vae_csv_write_field(file, name, strlen(name));
            name += strlen(name) + 1;
        } else {
            fprintf(file, "%s%" PRId64, names.prefix, i);
        }
    }
    fputc('\n', file);
}

vae_status vae_csv_writer_open(const char *path, vae_csv_names names, int64_t columns, vae_csv_writer **writer)
{
    vae_csv_writer *made = calloc(1, sizeof *made);
    *writer = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    made->columns = columns;
    const vae_status status = vae_file_stream_open(path, &made->stream);
    if (status) {
        free(made);
        return status;
    }
    write_header(vae_file_stream_handle(made->stream), names, columns);
    *writer = made;
    return VAE_OK;
}

void vae_csv_writer_add(vae_csv_writer *writer, const float *values, int64_t rows)
{
    FILE *file = vae_file_stream_handle(writer->stream);
    char text[32];
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = 0; i < writer->columns; ++i) {
            if (i > 0) fputc(',', file);
            vae_number_format_float(*values++, text, sizeof text);
            fputs(text, file);
        }
        fputc('\n', file);
    }
}

vae_status vae_csv_writer_finish(vae_csv_writer *writer)
{
    const vae_status status = vae_file_stream_commit(writer->stream);
    free(writer);
    return status;
}

void vae_csv_writer_abandon(vae_csv_writer *writer)
{
    if (!writer) return;
    vae_file_stream_abandon(writer->stream);
    free(writer);
}
