/* Reads tables of attributes, from CSV or CelebA's list, and finds an attribute by name. */
#include "data/attributes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/nearest.h"
#include "data/csv.h"

enum {
    MAX_ATTRIBUTES = 4096,
    MAX_NAME = 255,
    MAX_LISTED = 10,
    UNKNOWN = -1,
    MINUS = -2
}; /* MINUS: -1 as written, until its column is known */

/* ---- Header ---- */

static vae_status add_name(const vae_csv *c, const vae_csv_field *f, vae_attribute_table *table)
{
    if (!f->text[0] && f->last) {
        return vae_csv_fail(c, f->column, "the header ends in a comma, so its last attribute has no name");
    }
    if (!f->text[0]) return vae_csv_fail(c, f->column, "an attribute has no name");
    if (strlen(f->text) > MAX_NAME) return vae_csv_fail(c, f->column, "an attribute's name is longer than 255 bytes");
    for (int64_t i = 0; i < table->count; ++i) {
        if (strcasecmp(table->names[i], f->text) == 0) return vae_csv_fail(c, f->column, "an attribute is named twice");
    }
    if (table->count == MAX_ATTRIBUTES) return vae_csv_fail(c, f->column, "there are more than 4096 attributes");
    char **grown = realloc(table->names, (size_t)(table->count + 1) * sizeof *grown);
    if (grown) table->names = grown;
    char *copy = strdup(f->text);
    if (!grown || !copy) {
        free(copy);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    }
    table->names[table->count++] = copy;
    return VAE_OK;
}

static vae_status read_header(vae_csv *c, vae_attribute_table *table, bool *first_names_images)
{
    const vae_csv start = *c;
    vae_csv here = *c;
    vae_csv_field f = {0};
    for (bool first = true; !f.last; first = false) {
        VAE_TRY(vae_csv_read(c, &f));
        here.at = f.text;
        if (first && f.last) VAE_TRY(vae_csv_check_separator(&here, &f));
        if (first && !c->blanks && vae_rows_names_images(f.text)) {
            *first_names_images = true;
        } else {
            VAE_TRY(add_name(&here, &f, table));
        }
    }
    return table->count > 0 ? VAE_OK : vae_csv_fail(&start, 1, "the header names no attribute");
}

/* ---- Rows ---- */

/* Whether the text is that digit, maybe with decimals that are zeros, as pandas writes where values are missing. */
static bool is_digit(const char *text, char digit)
{
    if (text[0] != digit) return false;
    if (text[1] == '.') return text[2 + strspn(text + 2, "0")] == '\0';
    return text[1] == '\0';
}

static bool parse_value(const char *text, int8_t *value)
{
    const bool is_signed = text[0] == '+' || text[0] == '-';
    if (!text[0])
        *value = UNKNOWN;
    else if (is_digit(text + is_signed, '1'))
        *value = text[0] == '-' ? MINUS : 1;
    else if (is_digit(text + is_signed, '0'))
        *value = 0;
    else
        return false;
    return true;
}

/* A table in the making. */
typedef struct reading {
    vae_attribute_table *table;
    int64_t capacity; /* rows */
    bool named;       /* the first column names the images */
    FILE *names;      /* of the rows; what fails in writing shows when it is closed */
} reading;

/* The first line tells whether a first column that is called anything else holds names after all. */
static vae_status drop_column_of_names(const vae_csv *c, const char *first_field, reading *r)
{
    vae_attribute_table *table = r->table;
    int8_t value;
    if (r->named || parse_value(first_field, &value)) return VAE_OK;
    free(table->names[0]);
    memmove(table->names, table->names + 1, (size_t)(--table->count) * sizeof *table->names);
    r->named = true;
    return table->count > 0 ? VAE_OK : vae_csv_fail(c, 1, "there is no column of attributes");
}

static vae_status make_room(const vae_csv *c, reading *r)
{
    if (r->table->rows.count < r->capacity) return VAE_OK;
    const int64_t larger = r->capacity ? 2 * r->capacity : 1024;
    int8_t *grown = realloc(r->table->values, (size_t)(larger * r->table->count));
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    r->table->values = grown;
    r->capacity = larger;
    return VAE_OK;
}

static vae_status wrong_width(const vae_csv *c, int64_t column, int64_t found, const vae_attribute_table *table)
{
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s:%" PRId64 ":%" PRId64 ": the line has %s %" PRId64 " values, but the header names %" PRId64
                         " attributes",
                         c->path, c->line, column, found > table->count ? "more than" : "only",
                         found > table->count ? table->count : found, table->count);
}

static vae_status read_row(vae_csv *c, reading *r)
{
    vae_attribute_table *table = r->table;
    const vae_csv here = *c; /* for messages: the line's number */
    vae_csv_field f = {0};
    VAE_TRY(vae_csv_read(c, &f));
    if (table->rows.count == 0) VAE_TRY(drop_column_of_names(&here, f.text, r));
    VAE_TRY(make_room(c, r));
    if (r->named) {
        vae_rows_add_name(&table->rows, f.text, r->names);
        if (f.last) return wrong_width(&here, f.column, 0, table);
        VAE_TRY(vae_csv_read(c, &f));
    }
    for (int64_t i = 0;; ++i) {
        if (i == table->count) return wrong_width(&here, f.column, i + 1, table);
        if (!parse_value(f.text, &table->values[table->rows.count * table->count + i])) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":%" PRId64 ": '%.40s' of %s is not one of 1, 0, -1",
                                 here.path, here.line, f.column, f.text, table->names[i]);
        }
        if (f.last && i + 1 < table->count) return wrong_width(&here, f.column, i + 1, table);
        if (f.last) break;
        VAE_TRY(vae_csv_read(c, &f));
    }
    ++table->rows.count;
    return VAE_OK;
}

/* -1 is "not known" beside 0, else "does not have it". */
static void settle_minus(vae_attribute_table *table)
{
    for (int64_t i = 0; i < table->count; ++i) {
        bool zero = false;
        for (int64_t r = 0; r < table->rows.count && !zero; ++r)
            zero = table->values[r * table->count + i] == 0;
        for (int64_t r = 0; r < table->rows.count; ++r) {
            int8_t *value = &table->values[r * table->count + i];
            if (*value == MINUS) *value = zero ? UNKNOWN : 0;
        }
    }
}

/* ---- Files ---- */

/* CelebA's list begins with a number alone in its line. */
static bool read_announced(vae_csv *c, int64_t *announced)
{
    char *end;
    *announced = strtoll(c->at, &end, 10);
    vae_csv after = *c;
    after.at = end;
    vae_csv_skip_blanks(&after);
    if (end == c->at || *announced < 0 || !vae_csv_at_end_of_line(&after)) return false;
    vae_csv_next_line(&after);
    *c = after;
    c->blanks = true;
    return true;
}

static vae_status read_rows(vae_csv *c, reading *r)
{
    int64_t announced = -1;
    if (!read_announced(c, &announced)) announced = -1;
    r->named = c->blanks;
    if (!*c->at) return vae_csv_fail(c, 1, "there is no header of names");
    VAE_TRY(read_header(c, r->table, &r->named));
    while (*c->at)
        VAE_TRY(read_row(c, r));
    if (announced >= 0 && announced != r->table->rows.count) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s:1:1: announces %" PRId64 " images, but %" PRId64 " lines follow",
                             c->path, announced, r->table->rows.count);
    }
    if (r->table->rows.count == 0) return vae_csv_fail(c, 1, "no line follows the header");
    settle_minus(r->table);
    return VAE_OK;
}

static vae_status read_text(vae_csv *c, vae_attribute_table *table)
{
    size_t size;
    reading r = {.table = table, .names = open_memstream(&table->rows.names, &size)};
    if (!r.names) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    const vae_status status = read_rows(c, &r);
    const bool failed = ferror(r.names) != 0;
    if ((fclose(r.names) != 0 || failed) && !status) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for the names of rows", c->path);
    }
    if (r.named) return status;
    free(table->rows.names);
    table->rows.names = NULL;
    return status;
}

vae_status vae_attribute_table_read(const char *path, vae_attribute_table *table)
{
    vae_csv csv;
    *table = (vae_attribute_table){0};
    VAE_TRY(vae_csv_open(path, &csv));
    const vae_status status = read_text(&csv, table);
    vae_csv_close(&csv);
    if (status) vae_attribute_table_free(table);
    return status;
}

void vae_attribute_table_free(vae_attribute_table *table)
{
    for (int64_t i = 0; i < table->count; ++i)
        free(table->names[i]);
    free(table->names);
    free(table->values);
    free(table->rows.names);
    *table = (vae_attribute_table){0};
}

/* The first names, separated by commas. */
static void list_names(const vae_attribute_table *table, char *text, size_t size)
{
    size_t used = 0;
    for (int64_t i = 0; i < table->count && i < MAX_LISTED; ++i)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", table->names[i]);
    if (table->count > MAX_LISTED) snprintf(text + used, size - used, ", ...");
}

vae_status vae_attribute_table_find(const vae_attribute_table *table, const char *name, int64_t *index)
{
    for (*index = 0; *index < table->count; ++*index) {
        if (strcasecmp(table->names[*index], name) == 0) return VAE_OK;
    }
    const int nearest = vae_nearest(name, (const char *const *)table->names, (int)table->count);
    if (nearest >= 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "there is no attribute '%s' among %" PRId64 "; did you mean '%s'?",
                             name, table->count, table->names[nearest]);
    }
    char listed[MAX_LISTED * (MAX_NAME + 2) + 8];
    list_names(table, listed, sizeof listed);
    return vae_error_set(VAE_ERROR_ARGUMENT, "there is no attribute '%s' among %" PRId64 ": %s", name, table->count,
                         listed);
}
