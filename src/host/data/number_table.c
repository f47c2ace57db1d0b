/* Rows of numbers as text: fields become doubles, and these what is read as an array of rank 2. */
#include "data/number_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { FIRST_ROOM = 1 << 12, MAX_SHOWN = 40 };

/* ---- What is wrong ---- */

static const char *column_name(const vae_number_table *t, int64_t column, char text[32])
{
    snprintf(text, 32, "%" PRId64, column + 1);
    return t->names && t->names[column][0] ? t->names[column] : text;
}

/* "rows.csv:7:12: column 'age' of row 6 is empty, …" */
static vae_status not_a_number(const vae_number_table *t, const vae_csv *line, const vae_csv_field *field,
                               int64_t column)
{
    char name[32], what[256];
    const char *text = field->text;
    const size_t length = strlen(text);
    if (length == 0 || strcmp(text, "?") == 0) {
        snprintf(what, sizeof what,
                 "column '%.60s' of row %" PRId64 " is %s, but must be a number; leave such rows "
                 "out, or fill in what is missing",
                 column_name(t, column, name), t->rows + 1, length == 0 ? "empty" : "'?'");
    } else {
        snprintf(what, sizeof what, "column '%.60s' of row %" PRId64 " is '%.*s%s', but must be a finite number",
                 column_name(t, column, name), t->rows + 1, MAX_SHOWN, text, length > MAX_SHOWN ? "…" : "");
    }
    return vae_csv_fail(line, field->column, what);
}

static vae_status wrong_width(const vae_number_table *t, const vae_csv *line, int64_t found)
{
    char what[128];
    snprintf(what, sizeof what, "there are %" PRId64 " columns, but %" PRId64 " %s", found, t->columns, t->declared);
    return vae_csv_fail(line, 1, what);
}

/* ---- Reading ---- */

bool vae_number_table_parse(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0';
}

vae_status vae_number_table_add_column(vae_number_table *t, char *name)
{
    char **grown = realloc(t->names, (size_t)(t->columns + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", t->csv.path);
    t->names = grown;
    t->names[t->columns++] = name;
    return VAE_OK;
}

void vae_number_table_skip_comments(vae_number_table *t)
{
    for (;;) {
        vae_csv_skip_blanks(&t->csv);
        if (*t->csv.at == t->comment) t->csv.at += strcspn(t->csv.at, "\n");
        if (*t->csv.at == '\0' || !vae_csv_at_end_of_line(&t->csv)) return;
        vae_csv_next_line(&t->csv);
    }
}

static vae_status keep(vae_number_table *t, double value)
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
static vae_status read_row(vae_number_table *t, bool wanted)
{
    const vae_csv line = t->csv;
    vae_csv_field field = {.last = false};
    int64_t column = 0;
    for (; !field.last; ++column) {
        double value;
        VAE_TRY(vae_csv_read(&t->csv, &field));
        if (!wanted || column >= t->columns) continue;
        if (!vae_number_table_parse(field.text, &value) || !isfinite(value)) {
            return not_a_number(t, &line, &field, column);
        }
        VAE_TRY(keep(t, value));
    }
    if (wanted && column != t->columns) return wrong_width(t, &line, column);
    t->rows++;
    return VAE_OK;
}

static vae_status read_rows(vae_number_table *t, int64_t limit)
{
    t->whole = true;
    for (;;) {
        if (t->comment) vae_number_table_skip_comments(t);
        if (*t->csv.at == '\0') break;
        VAE_TRY(read_row(t, limit == 0 || t->rows < limit));
    }
    if (t->rows > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no rows of numbers", t->csv.path);
}

/* ---- The source ---- */

static vae_status read_bytes(void *context, void *target, int64_t wanted, int64_t *found)
{
    vae_number_table *t = context;
    const int64_t left = t->kept * (int64_t)sizeof *t->values - t->position;
    *found = wanted < left ? wanted : left;
    memcpy(target, (const char *)t->values + t->position, (size_t)*found);
    t->position += *found;
    return VAE_OK;
}

static vae_status rewind_table(void *context)
{
    ((vae_number_table *)context)->position = 0;
    return VAE_OK;
}

static void free_table(vae_number_table *t)
{
    vae_csv_close(&t->csv);
    free(t->names);
    free(t->values);
    free(t);
}

/* Whole numbers are stored as such: where they are to be levels, they go from 0 to 255. */
static void store_whole(vae_number_table *t)
{
    for (int64_t i = 0; i < t->kept; ++i) {
        const int64_t integer = (int64_t)t->values[i];
        memcpy(&t->values[i], &integer, sizeof integer);
    }
}

static vae_status open_table(vae_source *source, vae_number_table *t, const vae_request *request,
                             vae_status (*read_header)(vae_number_table *table))
{
    VAE_TRY(vae_csv_open(request->path, &t->csv));
    VAE_TRY(read_header(t));
    VAE_TRY(read_rows(t, request->options->limit));
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

vae_status vae_number_table_open(vae_source *source, const vae_request *request,
                                 vae_status (*read_header)(vae_number_table *table))
{
    vae_number_table *t = calloc(1, sizeof *t);
    if (!t) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    source->state = t;
    const vae_status status = open_table(source, t, request, read_header);
    if (status) free_table(t);
    return status;
}

void vae_number_table_close(vae_source *source)
{
    free_table(source->state);
}

vae_status vae_number_table_column_names(const vae_source *source, vae_classes *names)
{
    const vae_number_table *t = source->state;
    for (int64_t i = 0; t->names && i < t->columns; ++i)
        VAE_TRY(vae_classes_add(names, t->names[i]));
    return VAE_OK;
}
