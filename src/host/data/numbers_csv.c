/* Rows of numbers as text: a line a row, fields separated by commas, semicolons or blanks, below a header or not. The
 * table is read whole when it is opened, as nothing else tells how many rows it has. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "data/csv.h"
#include "data/file_kind.h"
#include "data/format.h"
#include "data/image_file.h"

enum { FIRST_ROOM = 1 << 12, MAX_SHOWN = 40 };

typedef struct table {
    vae_numbers numbers;
    vae_csv csv;
    char **names; /* [columns], in the text of csv; NULL without a header */
    double *values;
    int64_t rows, columns;
    int64_t kept, room; /* numbers: only rows that the limit leaves are kept */
    bool whole;         /* all that are kept are whole numbers, which 64 bits hold exactly */
    int64_t position;   /* of the reader, in bytes */
} table;

/* ---- What is wrong ---- */

static const char *column_name(const table *t, int64_t column, char text[32])
{
    snprintf(text, 32, "%" PRId64, column + 1);
    return t->names && t->names[column][0] ? t->names[column] : text;
}

/* "rows.csv:7:12: column 'age' of row 6 is empty, …" */
static vae_status not_a_number(const table *t, const vae_csv *line, const vae_csv_field *field, int64_t column)
{
    char name[32], what[256];
    const char *text = field->text;
    const size_t length = strlen(text);
    if (length == 0) {
        snprintf(what, sizeof what,
                 "column '%.60s' of row %" PRId64 " is empty, but must be a number; leave such rows "
                 "out, or fill in what is missing",
                 column_name(t, column, name), t->rows + 1);
    } else {
        snprintf(what, sizeof what, "column '%.60s' of row %" PRId64 " is '%.*s%s', but must be a finite number",
                 column_name(t, column, name), t->rows + 1, MAX_SHOWN, text, length > MAX_SHOWN ? "…" : "");
    }
    return vae_csv_fail(line, field->column, what);
}

static vae_status wrong_width(const table *t, const vae_csv *line, int64_t found)
{
    char what[128];
    snprintf(what, sizeof what, "there are %" PRId64 " columns, but %" PRId64 " in the first line", found, t->columns);
    return vae_csv_fail(line, 1, what);
}

/* ---- Reading ---- */

/* False for what is no number at all; `nan` and `inf` are some. */
static bool parse_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0';
}

static vae_status keep(table *t, double value)
{
    if (t->kept == t->room) {
        const int64_t room = t->room ? 2 * t->room : FIRST_ROOM;
        VAE_TRY(vae_memory_check(t->csv.path, (double)(room - t->room) * sizeof *t->values));
        double *grown = realloc(t->values, (size_t)room * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", t->csv.path);
        t->values = grown;
        t->room = room;
    }
    t->whole = t->whole && value == rint(value) && fabs(value) <= 0x1p53;
    t->values[t->kept++] = value;
    return VAE_OK;
}

/* The next line; beyond the limit it is only counted. */
static vae_status read_row(table *t, bool wanted)
{
    const vae_csv line = t->csv;
    vae_csv_field field = {.last = false};
    int64_t column = 0;
    for (; !field.last; ++column) {
        double value;
        VAE_TRY(vae_csv_read(&t->csv, &field));
        if (!wanted || column >= t->columns) continue;
        if (!parse_number(field.text, &value) || !isfinite(value)) return not_a_number(t, &line, &field, column);
        VAE_TRY(keep(t, value));
    }
    if (wanted && column != t->columns) return wrong_width(t, &line, column);
    t->rows++;
    return VAE_OK;
}

/* Fields are separated by what the first line has of these, blanks where it has none. */
static void find_separator(vae_csv *csv)
{
    const size_t length = strcspn(csv->at, "\n");
    if (memchr(csv->at, ';', length)) {
        csv->separator = ';';
    } else if (!memchr(csv->at, ',', length)) {
        csv->blanks = true;
    }
}

/* A first line in which something is no number, nor missing, names the columns. The text is cut up as it is read, so
 * its bytes are put back for a line that does not. */
static vae_status read_header(table *t)
{
    const vae_csv start = t->csv;
    char *line = strndup(start.at, strcspn(start.at, "\n") + 1);
    if (!line) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", start.path);
    vae_status status = VAE_OK;
    vae_csv_field field = {.last = false};
    bool header = false;
    for (t->columns = 0; !field.last && !status; ++t->columns) {
        double value;
        char **grown = realloc(t->names, (size_t)(t->columns + 1) * sizeof *grown);
        if (grown) t->names = grown;
        status =
            grown ? vae_csv_read(&t->csv, &field) : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", start.path);
        if (status) break;
        t->names[t->columns] = field.text;
        header = header || (field.text[0] && !parse_number(field.text, &value));
    }
    if (!status && !header) {
        memcpy(start.at, line, strlen(line));
        t->csv = start;
        free(t->names);
        t->names = NULL;
    }
    free(line);
    return status;
}

static vae_status read_table(table *t, int64_t limit)
{
    find_separator(&t->csv);
    VAE_TRY(read_header(t));
    t->whole = true;
    while (*t->csv.at)
        VAE_TRY(read_row(t, limit == 0 || t->rows < limit));
    if (t->rows > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no rows of numbers", t->csv.path);
}

/* ---- The format ---- */

static vae_status read_bytes(void *context, void *target, int64_t wanted, int64_t *found)
{
    table *t = context;
    const int64_t left = t->kept * (int64_t)sizeof *t->values - t->position;
    *found = wanted < left ? wanted : left;
    memcpy(target, (const char *)t->values + t->position, (size_t)*found);
    t->position += *found;
    return VAE_OK;
}

static vae_status rewind_table(void *context)
{
    ((table *)context)->position = 0;
    return VAE_OK;
}

static void close_table(table *t)
{
    vae_csv_close(&t->csv);
    free(t->names);
    free(t->values);
    free(t);
}

static void close_source(vae_source *source)
{
    close_table(source->state);
}

/* Whole numbers are stored as such: where they are to be levels, they go from 0 to 255. */
static void store_whole(table *t)
{
    for (int64_t i = 0; i < t->kept; ++i) {
        const int64_t integer = (int64_t)t->values[i];
        memcpy(&t->values[i], &integer, sizeof integer);
    }
}

static vae_status open_table(vae_source *source, table *t, const vae_request *request)
{
    VAE_TRY(vae_csv_open(request->path, &t->csv));
    VAE_TRY(read_table(t, request->options->limit));
    if (t->whole) store_whole(t);
    t->numbers = (vae_numbers){.name = source->name,
                               .context = t,
                               .read = read_bytes,
                               .rewind = rewind_table,
                               .rank = 2,
                               .sizes = {t->rows, t->columns},
                               .count = t->rows * t->columns};
    vae_number_type_parse(t->whole ? "=i8" : "=f8", &t->numbers.type);
    vae_source_set_numbers(source, &t->numbers, request);
    return VAE_OK;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    table *t = calloc(1, sizeof *t);
    if (!t) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    source->state = t;
    const vae_status status = open_table(source, t, request);
    if (status) close_table(t);
    return status;
}

static vae_status column_names(const vae_source *source, vae_classes *names)
{
    const table *t = source->state;
    for (int64_t i = 0; t->names && i < t->columns; ++i)
        VAE_TRY(vae_classes_add(names, t->names[i]));
    return VAE_OK;
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
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
    .column_names = column_names,
};
