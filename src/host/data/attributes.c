/* Reads tables of attributes, from CSV or CelebA's list. */
#include "data/attributes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"

enum { MAX_NAME = 255 };

/* A table in the making. */
typedef struct reading {
    vae_attribute_table *table;
    vae_attribute_draft *drafts; /* [table->count] */
    bool named_images;           /* the images have names, which a first column may hold whatever it is called */
    bool named;                  /* the first column names the images */
    FILE *names;                 /* of the rows; what fails in writing shows when it is closed */
} reading;

/* ---- Header ---- */

static vae_status add_name(const vae_csv *c, const vae_csv_field *f, vae_attribute_table *table)
{
    char key[MAX_NAME + 1];
    if (!f->text[0] && f->last) {
        return vae_csv_fail(c, f->column, "the header ends in a comma, so its last attribute has no name");
    }
    if (!f->text[0]) return vae_csv_fail(c, f->column, "an attribute has no name");
    if (strlen(f->text) > MAX_NAME) return vae_csv_fail(c, f->column, "an attribute's name is longer than 255 bytes");
    vae_attribute_key(f->text, key, sizeof key);
    if (vae_classes_find(&table->keys, key) >= 0) return vae_csv_fail(c, f->column, "an attribute is named twice");
    VAE_TRY(vae_classes_add(&table->keys, key));
    const bool full = (table->count & (table->count - 1)) == 0; /* room for a power of two */
    const size_t room = table->count ? 2 * (size_t)table->count : 1;
    vae_attribute *grown = full ? realloc(table->columns, room * sizeof *grown) : table->columns;
    if (grown) table->columns = grown;
    char *copy = strdup(f->text);
    if (!grown || !copy) {
        free(copy);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    }
    table->columns[table->count++] = (vae_attribute){.name = copy};
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

/* Where images have names, the first line tells whether a first column that is called anything else holds them. */
static vae_status drop_column_of_names(const vae_csv *c, const char *first_field, reading *r)
{
    vae_attribute_table *table = r->table;
    if (r->named || !r->named_images || vae_attribute_is_mark(first_field)) return VAE_OK;
    free(table->columns[0].name);
    memmove(table->columns, table->columns + 1, (size_t)(--table->count) * sizeof *table->columns);
    r->named = true;
    if (table->count == 0) return vae_csv_fail(c, 1, "there is no column of attributes");
    vae_classes_free(&table->keys);
    for (int64_t i = 0; i < table->count; ++i) {
        char key[MAX_NAME + 1];
        vae_attribute_key(table->columns[i].name, key, sizeof key);
        VAE_TRY(vae_classes_add(&table->keys, key));
    }
    return VAE_OK;
}

static vae_status start_drafts(const vae_csv *c, const char *first_field, reading *r)
{
    VAE_TRY(drop_column_of_names(c, first_field, r));
    r->drafts = calloc((size_t)r->table->count, sizeof *r->drafts);
    return r->drafts ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
}

static vae_status wrong_width(const vae_csv *c, int64_t column, int64_t found, const vae_attribute_table *table)
{
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s:%" PRId64 ":%" PRId64 ": the line has %s %" PRId64 " values, but the header names %" PRId64
                         " attributes",
                         c->path, c->line, column, found > table->count ? "more than" : "only",
                         found > table->count ? table->count : found, table->count);
}

/* CelebA's lists have marks only. */
static vae_status add_value(const vae_csv *c, const vae_csv_field *f, int64_t column, reading *r)
{
    const vae_status status = c->blanks && !vae_attribute_is_mark(f->text)
                                  ? vae_error_set(VAE_ERROR_FORMAT, "is not one of 1, 0, -1")
                                  : vae_attribute_draft_add(&r->drafts[column], f->text);
    if (status != VAE_ERROR_FORMAT) return status;
    char why[VAE_MESSAGE_SIZE];
    snprintf(why, sizeof why, "%s", vae_error_message());
    return vae_error_set(status, "%s:%" PRId64 ":%" PRId64 ": '%.40s' of %s %s", c->path, c->line, f->column, f->text,
                         r->table->columns[column].name, why);
}

static vae_status read_row(vae_csv *c, reading *r)
{
    vae_attribute_table *table = r->table;
    const vae_csv here = *c; /* for messages: the line's number */
    vae_csv_field f = {0};
    VAE_TRY(vae_csv_read(c, &f));
    if (!r->drafts) VAE_TRY(start_drafts(&here, f.text, r));
    if (r->named) {
        vae_rows_add_name(&table->rows, f.text, r->names);
        if (f.last) return wrong_width(&here, f.column, 0, table);
        VAE_TRY(vae_csv_read(c, &f));
    }
    for (int64_t i = 0;; ++i) {
        if (i == table->count) return wrong_width(&here, f.column, i + 1, table);
        VAE_TRY(add_value(&here, &f, i, r));
        if (f.last && i + 1 < table->count) return wrong_width(&here, f.column, i + 1, table);
        if (f.last) break;
        VAE_TRY(vae_csv_read(c, &f));
    }
    ++table->rows.count;
    return VAE_OK;
}

static vae_status finish(reading *r)
{
    for (int64_t i = 0; i < r->table->count; ++i) {
        VAE_TRY(vae_attribute_draft_finish(&r->drafts[i], &r->table->columns[i]));
        vae_attribute_draft_free(&r->drafts[i]); /* before the next grows */
    }
    return VAE_OK;
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
    return finish(r);
}

static vae_status read_text(vae_csv *c, bool named_images, vae_attribute_table *table)
{
    size_t size;
    reading r = {.table = table, .named_images = named_images, .names = open_memstream(&table->rows.names, &size)};
    if (!r.names) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    const vae_status status = read_rows(c, &r);
    for (int64_t i = 0; r.drafts && i < table->count; ++i)
        vae_attribute_draft_free(&r.drafts[i]);
    free(r.drafts);
    const bool failed = ferror(r.names) != 0;
    if ((fclose(r.names) != 0 || failed) && !status) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for the names of rows", c->path);
    }
    if (r.named) return status;
    free(table->rows.names);
    table->rows.names = NULL;
    return status;
}

vae_status vae_attribute_table_read(const char *path, bool named_images, vae_attribute_table *table)
{
    vae_csv csv;
    *table = (vae_attribute_table){0};
    VAE_TRY(vae_csv_open(path, &csv));
    const vae_status status = read_text(&csv, named_images, table);
    vae_csv_close(&csv);
    if (status) vae_attribute_table_free(table);
    return status;
}

void vae_attribute_table_free(vae_attribute_table *table)
{
    for (int64_t i = 0; i < table->count; ++i)
        vae_attribute_free(&table->columns[i]);
    free(table->columns);
    vae_classes_free(&table->keys);
    free(table->rows.names);
    *table = (vae_attribute_table){0};
}
