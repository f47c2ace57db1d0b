/* ARFF, Weka's text format: declarations, "@relation name", "@attribute name type" for each column and "@data", then
 * rows of comma-separated numbers. Lines that begin with % are comments; keywords and types are in either case. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/file_kind.h"
#include "data/format.h"
#include "data/number_table.h"

#define BLANKS " \t\r\n"

/* The length of a word that is `expected` in either case; else 0. */
static size_t match_word(const char *text, const char *expected)
{
    const size_t length = strcspn(text, BLANKS);
    return length == strlen(expected) && strncasecmp(text, expected, length) == 0 ? length : 0;
}

/* ---- Attributes ---- */

/* A name, in quotes or up to a blank or the list of a nominal attribute's values. In quotes a backslash takes the next
 * character as it is; the name moves together over it. *end is where its zero byte belongs, which may still be text. */
static vae_status read_name(vae_csv *csv, char **name, char **end)
{
    const char quote = *csv->at;
    *name = csv->at;
    if (quote != '\'' && quote != '"') {
        *end = csv->at += strcspn(csv->at, BLANKS "{");
        return VAE_OK;
    }
    const int64_t column = csv->at - csv->line_start + 1;
    *end = *name = ++csv->at;
    for (; *csv->at != quote; ++csv->at) {
        if (*csv->at == '\\') ++csv->at;
        if (vae_csv_at_end_of_line(csv)) return vae_csv_fail(csv, column, "a quoted name is never closed");
        *(*end)++ = *csv->at;
    }
    ++csv->at;
    return VAE_OK;
}

static bool is_numeric(const char *type)
{
    return match_word(type, "numeric") || match_word(type, "real") || match_word(type, "integer");
}

static vae_status wrong_type(const vae_csv *csv, const char *name)
{
    enum { MAX_SHOWN = 40 };
    char what[256], type[64];
    const int length = (int)strcspn(csv->at, BLANKS);
    if (*csv->at == '{') {
        snprintf(type, sizeof type, "nominal");
    } else if (length == 0) {
        snprintf(type, sizeof type, "without a type");
    } else {
        snprintf(type, sizeof type, "of type '%.*s%s'", length < MAX_SHOWN ? length : MAX_SHOWN, csv->at,
                 length > MAX_SHOWN ? "…" : "");
    }
    snprintf(what, sizeof what,
             "attribute '%.60s' is %s, but must be numeric, real or integer; leave it out, or write it in numbers",
             name, type);
    return vae_csv_fail(csv, csv->at - csv->line_start + 1, what);
}

/* What follows "@attribute". Weka, too, passes over what follows the type. */
static vae_status read_attribute(vae_number_table *t)
{
    vae_csv *csv = &t->csv;
    char *name, *end;
    vae_csv_skip_blanks(csv);
    VAE_TRY(read_name(csv, &name, &end));
    vae_csv_skip_blanks(csv);
    if (!is_numeric(csv->at)) {
        char shown[64];
        snprintf(shown, sizeof shown, "%.*s", (int)(end - name < 60 ? end - name : 60), name);
        return wrong_type(csv, shown);
    }
    *end = '\0';
    return vae_number_table_add_column(t, name);
}

/* ---- The header ---- */

static void skip_line(vae_csv *csv)
{
    csv->at += strcspn(csv->at, "\n");
    vae_csv_next_line(csv);
}

/* What must be there before a row, at the line of "@data" or of the first row. */
static vae_status check_start(vae_number_table *t)
{
    if (t->columns == 0) return vae_csv_fail(&t->csv, 1, "@data comes before any @attribute");
    skip_line(&t->csv);
    vae_number_table_skip_comments(t);
    if (*t->csv.at != '{') return VAE_OK;
    return vae_csv_fail(&t->csv, 1, "rows are sparse, {index value, …}, which is not read; write all of their numbers");
}

static vae_status read_header(vae_number_table *t)
{
    t->comment = '%';
    t->declared = "attributes are declared";
    for (;; skip_line(&t->csv)) {
        vae_number_table_skip_comments(t);
        const char *line = t->csv.at;
        const size_t attribute = match_word(line, "@attribute");
        if (match_word(line, "@data")) return check_start(t);
        if (match_word(line, "@relation")) continue;
        if (!attribute) {
            return vae_csv_fail(&t->csv, 1, *line ? "must be @relation, @attribute or @data" : "ends before @data");
        }
        t->csv.at += attribute;
        VAE_TRY(read_attribute(t));
    }
}

/* ---- The format ---- */

static vae_status open_source(vae_source *source, const vae_request *request)
{
    return vae_number_table_open(source, request, read_header);
}

/* Many begin with pages of comment, so what was seen of the file may end before "@relation", or in it. */
static bool probe(const vae_probe *probe)
{
    char text[sizeof probe->start + 1] = "";
    if (!vae_file_kind_is_text(probe)) return false;
    memcpy(text, probe->start, probe->size);
    const char *at = text + (strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    at += strspn(at, BLANKS);
    const bool cut_off = *at == '%' && probe->size == sizeof probe->start;
    while (*at == '%') {
        at += strcspn(at, "\n");
        at += strspn(at, BLANKS);
    }
    return match_word(at, "@relation") || (cut_off && strncasecmp(at, "@relation", strlen(at)) == 0);
}

const vae_format vae_format_arff = {
    .name = "ARFF",
    .probe = probe,
    .open = open_source,
    .close = vae_number_table_close,
    .add_to_hash = vae_source_add_to_hash,
    .column_names = vae_number_table_column_names,
};
