/* CSV: rows of numbers whose fields are separated by commas, semicolons or blanks, below a header or not. */
#include <stdlib.h>
#include <string.h>

#include "data/file_kind.h"
#include "data/format.h"
#include "data/image_file.h"
#include "data/number_table.h"

/* Fields are separated by what the first line has of these, blanks where it has none. */
static void find_separator(vae_csv *csv)
{
    bool quoted = false, comma = false, semicolon = false;
    for (const char *at = csv->at; *at && *at != '\n'; ++at) {
        if (*at == '"') quoted = !quoted;
        comma = comma || (*at == ',' && !quoted);
        semicolon = semicolon || (*at == ';' && !quoted);
    }
    if (semicolon) csv->separator = ';';
    csv->blanks = !semicolon && !comma;
}

/* The first line, taken for names of columns; *header: whether something in it is not a number, nor missing. */
static vae_status read_names(vae_number_table *t, bool *header)
{
    vae_csv_field field = {.last = false};
    *header = false;
    while (!field.last) {
        double value;
        VAE_TRY(vae_csv_read(&t->csv, &field));
        VAE_TRY(vae_number_table_add_column(t, field.text));
        *header = *header || (field.text[0] && !vae_number_table_parse(field.text, &value));
    }
    return VAE_OK;
}

/* The text is cut up as it is read, so the bytes of a first line that names nothing are put back. */
static vae_status read_header(vae_number_table *t)
{
    find_separator(&t->csv);
    t->declared = "in the first line";
    const vae_csv start = t->csv;
    bool header;
    char *line = strndup(start.at, strcspn(start.at, "\n") + 1);
    if (!line) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", start.path);
    const vae_status status = read_names(t, &header);
    if (!status && !header) {
        memcpy(start.at, line, strlen(line));
        t->csv = start;
        free(t->names);
        t->names = NULL;
    }
    free(line);
    return status;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    return vae_number_table_open(source, request, read_header);
}

/* Some pictures are text, too. */
static bool probe(const vae_probe *probe)
{
    return vae_file_kind_is_text(probe) && !vae_image_is_picture(probe->start, probe->size);
}

const vae_format vae_format_csv = {
    .name = "CSV",
    .probe = probe,
    .open = open_source,
    .close = vae_number_table_close,
    .add_to_hash = vae_source_add_to_hash,
    .column_names = vae_number_table_column_names,
};
