#include "data/attributes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "core/nearest.h"

#define MAX_BYTES ((size_t)1 << 33)
enum {
    MAX_ATTRIBUTES = 4096,
    MAX_NAME = 255,
    MAX_LISTED = 10,
    UNKNOWN = -1,
    MINUS = -2
}; /* MINUS: -1 as written, until its column is known */

/* Where reading stands in the text. */
typedef struct cursor {
    const char *path;
    char *at, *line_start;
    int64_t line; /* from 1 */
    bool blanks;  /* fields are parted by blanks, not by commas */
} cursor;

typedef struct field {
    char *text; /* in the file's text, ended by a zero byte */
    int64_t column;
    bool last; /* of its line */
} field;

static vae_status fail(const cursor *c, int64_t column, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":%" PRId64 ": %s", c->path, c->line, column, what);
}

/* ---- Fields ---- */

static bool at_end_of_line(const cursor *c)
{
    return *c->at == '\0' || *c->at == '\n' || (*c->at == '\r' && (c->at[1] == '\n' || c->at[1] == '\0'));
}

static void skip_blanks(cursor *c)
{
    while (*c->at == ' ' || *c->at == '\t')
        ++c->at;
}

/* Steps over the end of a line, and over empty lines after it. */
static void next_line(cursor *c)
{
    while (*c->at == '\r' || *c->at == '\n') {
        if (*c->at++ != '\n') continue;
        ++c->line;
        c->line_start = c->at;
    }
}

/* A quoted field, a quote in it written twice, becomes what it stands for, in place. */
static vae_status unquote(cursor *c, field *f)
{
    char *to = f->text = ++c->at;
    for (;; ++c->at) {
        if (*c->at == '\0' || *c->at == '\n') return fail(c, f->column, "a quoted field does not end");
        if (*c->at == '"' && c->at[1] != '"') break;
        if (*c->at == '"') ++c->at;
        *to++ = *c->at;
    }
    ++c->at;
    skip_blanks(c);
    *to = '\0';
    return at_end_of_line(c) || *c->at == ',' ? VAE_OK : fail(c, f->column, "something follows a quoted field");
}

/* Reads the next field of the line and steps over the comma or the blanks behind it, never over the line's end. */
static vae_status read_field(cursor *c, field *f)
{
    skip_blanks(c);
    *f = (field){.text = c->at, .column = c->at - c->line_start + 1};
    char *end;
    if (!c->blanks && *c->at == '"') {
        VAE_TRY(unquote(c, f));
        end = NULL;
    } else {
        while (!at_end_of_line(c) && *c->at != ',' && !(c->blanks && isblank((unsigned char)*c->at)))
            ++c->at;
        end = c->at;
        while (end > f->text && isblank((unsigned char)end[-1]))
            --end;
    }
    if (c->blanks) skip_blanks(c);
    f->last = at_end_of_line(c);
    /* The field's end may be the line's: the line is stepped over before a zero byte takes its place. */
    if (f->last) {
        next_line(c);
    } else if (!c->blanks) {
        ++c->at;
    }
    if (end) *end = '\0';
    return VAE_OK;
}

/* Lines that end in CR alone, as those of the first Macintoshes, would be one long line. */
static bool has_old_line_ends(const char *text)
{
    const char *end = strchr(text, '\r');
    return end && end[1] && !strchr(text, '\n');
}

/* ---- Header ---- */

static bool is_name_of_images(const char *name)
{
    static const char *const names[] = {"", "image", "image_id", "file", "filename", "path", "name", "id", "index"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (strcasecmp(name, names[i]) == 0) return true;
    }
    return false;
}

static vae_status add_name(const cursor *c, const field *f, vae_attribute_table *table)
{
    if (!f->text[0] && f->last) {
        return fail(c, f->column, "the header ends in a comma, so its last attribute has no name");
    }
    if (!f->text[0]) return fail(c, f->column, "an attribute has no name");
    if (strlen(f->text) > MAX_NAME) return fail(c, f->column, "an attribute's name is longer than 255 bytes");
    for (int64_t i = 0; i < table->count; ++i) {
        if (strcasecmp(table->names[i], f->text) == 0) return fail(c, f->column, "an attribute is named twice");
    }
    if (table->count == MAX_ATTRIBUTES) return fail(c, f->column, "there are more than 4096 attributes");
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

/* A header of one field may hold what other programs part fields by. */
static vae_status check_separator(const cursor *c, const field *f)
{
    static const char *const names[] = {"';'", "tabs", "'|'"};
    static const char others[] = ";\t|";
    const char *other = strpbrk(f->text, others);
    if (c->blanks || !other) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":%" PRId64 ": separated by %s? It must be ','", c->path,
                         c->line, f->column + (other - f->text), names[strchr(others, *other) - others]);
}

static vae_status read_header(cursor *c, vae_attribute_table *table, bool *first_names_images)
{
    const cursor start = *c;
    cursor here = *c;
    field f = {0};
    for (bool first = true; !f.last; first = false) {
        VAE_TRY(read_field(c, &f));
        here.at = f.text;
        if (first && f.last) VAE_TRY(check_separator(&here, &f));
        if (first && !c->blanks && is_name_of_images(f.text)) {
            *first_names_images = true;
        } else {
            VAE_TRY(add_name(&here, &f, table));
        }
    }
    return table->count > 0 ? VAE_OK : fail(&start, 1, "the header names no attribute");
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
    int64_t last;     /* number that the row before was named by */
} reading;

/* The first line tells whether a first column that is called anything else holds names after all. */
static vae_status drop_column_of_names(const cursor *c, const char *first_field, reading *r)
{
    vae_attribute_table *table = r->table;
    int8_t value;
    if (r->named || parse_value(first_field, &value)) return VAE_OK;
    free(table->names[0]);
    memmove(table->names, table->names + 1, (size_t)(--table->count) * sizeof *table->names);
    r->named = true;
    return table->count > 0 ? VAE_OK : fail(c, 1, "there is no column of attributes");
}

static void add_row_name(reading *r, const char *name)
{
    vae_attribute_table *table = r->table;
    char *end;
    const int64_t number = strtoll(name, &end, 10);
    const bool first = table->rows == 0, is_number = isdigit((unsigned char)name[0]) && !*end;
    table->numbers = is_number && (first || table->numbers);
    table->rising = table->numbers && (first || (table->rising && number > r->last));
    table->counts = table->rising && (first ? number <= 1 : table->counts && number == r->last + 1);
    r->last = number;
    fwrite(name, 1, strlen(name) + 1, r->names);
}

static vae_status make_room(const cursor *c, reading *r)
{
    if (r->table->rows < r->capacity) return VAE_OK;
    const int64_t larger = r->capacity ? 2 * r->capacity : 1024;
    int8_t *grown = realloc(r->table->values, (size_t)(larger * r->table->count));
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    r->table->values = grown;
    r->capacity = larger;
    return VAE_OK;
}

static vae_status wrong_width(const cursor *c, int64_t column, int64_t found, const vae_attribute_table *table)
{
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s:%" PRId64 ":%" PRId64 ": the line has %s %" PRId64 " values, but the header names %" PRId64
                         " attributes",
                         c->path, c->line, column, found > table->count ? "more than" : "only",
                         found > table->count ? table->count : found, table->count);
}

static vae_status read_row(cursor *c, reading *r)
{
    vae_attribute_table *table = r->table;
    const cursor here = *c; /* for messages: the line's number */
    field f = {0};
    VAE_TRY(read_field(c, &f));
    if (table->rows == 0) VAE_TRY(drop_column_of_names(&here, f.text, r));
    VAE_TRY(make_room(c, r));
    if (r->named) {
        add_row_name(r, f.text);
        if (f.last) return wrong_width(&here, f.column, 0, table);
        VAE_TRY(read_field(c, &f));
    }
    for (int64_t i = 0;; ++i) {
        if (i == table->count) return wrong_width(&here, f.column, i + 1, table);
        if (!parse_value(f.text, &table->values[table->rows * table->count + i])) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":%" PRId64 ": '%.40s' of %s is not one of 1, 0, -1",
                                 here.path, here.line, f.column, f.text, table->names[i]);
        }
        if (f.last && i + 1 < table->count) return wrong_width(&here, f.column, i + 1, table);
        if (f.last) break;
        VAE_TRY(read_field(c, &f));
    }
    ++table->rows;
    return VAE_OK;
}

/* -1 is "not known" beside 0, else "has it not". */
static void settle_minus(vae_attribute_table *table)
{
    for (int64_t i = 0; i < table->count; ++i) {
        bool zero = false;
        for (int64_t r = 0; r < table->rows && !zero; ++r)
            zero = table->values[r * table->count + i] == 0;
        for (int64_t r = 0; r < table->rows; ++r) {
            int8_t *value = &table->values[r * table->count + i];
            if (*value == MINUS) *value = zero ? UNKNOWN : 0;
        }
    }
}

/* ---- Files ---- */

/* CelebA's list begins with a number alone in its line. */
static bool read_announced(cursor *c, int64_t *announced)
{
    char *end;
    *announced = strtoll(c->at, &end, 10);
    cursor after = *c;
    after.at = end;
    skip_blanks(&after);
    if (end == c->at || *announced < 0 || !at_end_of_line(&after)) return false;
    next_line(&after);
    *c = after;
    c->blanks = true;
    return true;
}

static vae_status read_rows(cursor *c, reading *r)
{
    int64_t announced = -1;
    if (strncmp(c->at, "\xEF\xBB\xBF", 3) == 0) c->line_start = c->at += 3;
    next_line(c);
    if (!read_announced(c, &announced)) announced = -1;
    r->named = c->blanks;
    if (!*c->at) return fail(c, 1, "there is no header of names");
    if (has_old_line_ends(c->at)) return fail(c, 1, "its lines end in CR alone; they must end in LF or CR LF");
    VAE_TRY(read_header(c, r->table, &r->named));
    while (*c->at)
        VAE_TRY(read_row(c, r));
    if (announced >= 0 && announced != r->table->rows) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s:1:1: announces %" PRId64 " images, but %" PRId64 " lines follow",
                             c->path, announced, r->table->rows);
    }
    if (r->table->rows == 0) return fail(c, 1, "no line follows the header");
    settle_minus(r->table);
    return VAE_OK;
}

static vae_status read_text(cursor *c, vae_attribute_table *table)
{
    size_t size;
    reading r = {.table = table, .names = open_memstream(&table->row_names, &size)};
    if (!r.names) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->path);
    const vae_status status = read_rows(c, &r);
    const bool failed = ferror(r.names) != 0;
    if ((fclose(r.names) != 0 || failed) && !status) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for the names of rows", c->path);
    }
    if (r.named) return status;
    free(table->row_names);
    table->row_names = NULL;
    return status;
}

vae_status vae_attribute_table_read(const char *path, vae_attribute_table *table)
{
    void *text;
    size_t size;
    *table = (vae_attribute_table){0};
    if (!vae_path_exists(path)) return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: no such file", path);
    VAE_TRY(vae_file_read(path, MAX_BYTES, &text, &size));
    cursor c = {.path = path, .at = text, .line_start = text, .line = 1};
    const vae_status status =
        memchr(text, '\0', size) ? fail(&c, 1, "holds a zero byte, so it is no text") : read_text(&c, table);
    free(text);
    if (status) vae_attribute_table_free(table);
    return status;
}

void vae_attribute_table_free(vae_attribute_table *table)
{
    for (int64_t i = 0; i < table->count; ++i)
        free(table->names[i]);
    free(table->names);
    free(table->values);
    free(table->row_names);
    *table = (vae_attribute_table){0};
}

/* The first names, parted by commas. */
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
