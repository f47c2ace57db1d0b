/* Reads text of separators or blanks field by field, in place. */
#include "data/csv.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/gzip_file.h"

#define MAX_BYTES (INT64_C(1) << 33)
enum { FIRST_PIECE = 1 << 16 };

vae_status vae_csv_fail(const vae_csv *csv, int64_t column, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":%" PRId64 ": %s", csv->path, csv->line, column, what);
}

/* ---- Fields ---- */

bool vae_csv_at_end_of_line(const vae_csv *csv)
{
    return *csv->at == '\0' || *csv->at == '\n' || (*csv->at == '\r' && (csv->at[1] == '\n' || csv->at[1] == '\0'));
}

void vae_csv_skip_blanks(vae_csv *csv)
{
    while (*csv->at == ' ' || *csv->at == '\t')
        ++csv->at;
}

/* Steps over the end of a line, and over empty lines after it. */
void vae_csv_next_line(vae_csv *csv)
{
    while (*csv->at == '\r' || *csv->at == '\n') {
        if (*csv->at++ != '\n') continue;
        ++csv->line;
        csv->line_start = csv->at;
    }
}

/* A quoted field, a quote in it written twice, becomes what it stands for, in place. */
static vae_status unquote(vae_csv *csv, vae_csv_field *field)
{
    char *to = field->text = ++csv->at;
    for (;; ++csv->at) {
        if (*csv->at == '\0' || *csv->at == '\n')
            return vae_csv_fail(csv, field->column, "a quoted field is never closed");
        if (*csv->at == '"' && csv->at[1] != '"') break;
        if (*csv->at == '"') ++csv->at;
        *to++ = *csv->at;
    }
    ++csv->at;
    vae_csv_skip_blanks(csv);
    *to = '\0';
    return vae_csv_at_end_of_line(csv) || *csv->at == csv->separator
               ? VAE_OK
               : vae_csv_fail(csv, field->column, "text follows a quoted field");
}

/* Reads the next field of the line and steps over the separator or the blanks behind it, never over the line's end. */
vae_status vae_csv_read(vae_csv *csv, vae_csv_field *field)
{
    vae_csv_skip_blanks(csv);
    *field = (vae_csv_field){.text = csv->at, .column = csv->at - csv->line_start + 1};
    char *end;
    if (!csv->blanks && *csv->at == '"') {
        VAE_TRY(unquote(csv, field));
        end = NULL;
    } else {
        const char separator = csv->separator;
        while (!vae_csv_at_end_of_line(csv) && *csv->at != separator &&
               !(csv->blanks && isblank((unsigned char)*csv->at)))
            ++csv->at;
        end = csv->at;
        while (end > field->text && isblank((unsigned char)end[-1]))
            --end;
    }
    if (csv->blanks) vae_csv_skip_blanks(csv);
    field->last = vae_csv_at_end_of_line(csv);
    /* The field's end may be the line's: the line is stepped over before a zero byte takes its place. */
    if (field->last) {
        vae_csv_next_line(csv);
    } else if (!csv->blanks) {
        ++csv->at;
    }
    if (end) *end = '\0';
    return VAE_OK;
}

/* A header of one field may hold what other programs part fields by. */
vae_status vae_csv_check_separator(const vae_csv *csv, const vae_csv_field *field)
{
    static const char *const names[] = {"';'", "tabs", "'|'"};
    static const char others[] = ";\t|";
    const char *other = strpbrk(field->text, others);
    if (csv->blanks || !other) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":%" PRId64 ": separated by %s? It must be ','", csv->path,
                         csv->line, field->column + (other - field->text), names[strchr(others, *other) - others]);
}

/* ---- Files ---- */

static vae_status read_whole(vae_gzip_file *file, vae_csv *csv, int64_t *size)
{
    int64_t found = 1;
    *size = 0;
    for (int64_t piece = FIRST_PIECE; found > 0; piece *= 2) {
        char *grown = realloc(csv->text, (size_t)(*size + piece + 1));
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", csv->path);
        csv->text = grown;
        VAE_TRY(vae_gzip_read(file, grown + *size, piece, &found));
        *size += found;
        if (*size > MAX_BYTES) return vae_error_set(VAE_ERROR_FORMAT, "%s: is longer than 8 GiB", csv->path);
    }
    csv->text[*size] = '\0';
    return VAE_OK;
}

/* Lines that end in CR alone, as those of the first Macintoshes, would be one long line. */
static bool has_old_line_ends(const char *text)
{
    const char *end = strchr(text, '\r');
    return end && end[1] && !strchr(text, '\n');
}

static vae_status open_text(vae_gzip_file *file, vae_csv *csv)
{
    int64_t size;
    VAE_TRY(read_whole(file, csv, &size));
    csv->at = csv->line_start = csv->text;
    if (memchr(csv->text, '\0', (size_t)size)) return vae_csv_fail(csv, 1, "holds a zero byte, so it is not text");
    if (strncmp(csv->at, "\xEF\xBB\xBF", 3) == 0) csv->line_start = csv->at += 3;
    vae_csv_next_line(csv);
    if (has_old_line_ends(csv->at)) {
        return vae_csv_fail(csv, 1, "its lines end in CR alone; they must end in LF or CR LF");
    }
    return VAE_OK;
}

vae_status vae_csv_open(const char *path, vae_csv *csv)
{
    vae_gzip_file file;
    *csv = (vae_csv){.path = path, .line = 1, .separator = ','};
    if (!vae_path_exists(path)) return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: no such file", path);
    VAE_TRY(vae_gzip_open(path, &file));
    const vae_status status = open_text(&file, csv);
    vae_gzip_close(&file);
    if (status) vae_csv_close(csv);
    return status;
}

void vae_csv_close(vae_csv *csv)
{
    free(csv->text);
    *csv = (vae_csv){0};
}
