/* Reads labels, numbers or names, from a table of text, and gives each image its own. */
#include "data/label_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/csv.h"
#include "data/file_kind.h"
#include "data/format.h"
#include "data/label_values.h"
#include "data/rows.h"

bool vae_label_table_is(const char *path)
{
    vae_probe probe;
    return !vae_source_probe(path, &probe) && !probe.folder && vae_file_kind_is_text(&probe);
}

vae_status vae_labels_check_count(const char *name, int64_t labels, int64_t limit, const vae_dataset *dataset)
{
    const int64_t images = dataset->stored ? dataset->stored : dataset->count;
    const bool exact = dataset->stored || limit == 0;
    if (labels >= images && !(exact && labels > images)) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds %" PRId64 " labels for %" PRId64 " images", name, labels, images);
}

/* A table in the making. */
typedef struct reading {
    vae_csv csv;
    vae_rows rows;
    FILE *names;         /* of the rows; what fails in writing shows when it is closed */
    const char **labels; /* [rows.count], in the file's text */
    int64_t capacity;
    const char **fields; /* [room], of the line that was read last */
    int room;
    int columns, name_column, label_column; /* name_column -1: there is none */
    bool named_images, header;
} reading;

/* ---- The first line ---- */

static bool names_labels(const char *column)
{
    static const char *const names[] = {"label", "labels", "class", "classes", "class_id", "category", "target", "y"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (strcasecmp(column, names[i]) == 0) return true;
    }
    return false;
}

static vae_status add_field(reading *r, int count, const char *text)
{
    if (count == r->room) {
        const int larger = r->room ? 2 * r->room : 16;
        const char **grown = realloc(r->fields, (size_t)larger * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->csv.path);
        r->fields = grown;
        r->room = larger;
    }
    r->fields[count] = text;
    return VAE_OK;
}

static vae_status read_line(reading *r, int *count)
{
    const vae_csv here = r->csv;
    vae_csv_field field = {0};
    for (*count = 0; !field.last; ++*count) {
        VAE_TRY(vae_csv_read(&r->csv, &field));
        VAE_TRY(add_field(r, *count, field.text));
        if (*count == 0 && field.last && here.line == 1) VAE_TRY(vae_csv_check_separator(&here, &field));
    }
    return VAE_OK;
}

/* Lists of pictures often have blanks instead of commas: known by a first word that is a file's name, or names them. */
static void find_separator(vae_csv *csv)
{
    char word[256];
    const size_t line = strcspn(csv->at, "\r\n"), length = strcspn(csv->at, " \t\r\n");
    const size_t gap = strspn(csv->at + length, " \t");
    if (length + gap >= line || length >= sizeof word || memchr(csv->at, ',', line)) return;
    memcpy(word, csv->at, length);
    word[length] = '\0';
    csv->blanks = strchr(word, '.') || vae_rows_names_images(word);
}

static vae_status choose_columns(reading *r)
{
    const char *const *fields = r->fields;
    int label = -1, name = -1;
    for (int i = r->columns - 1; i >= 0; --i) {
        if (names_labels(fields[i])) label = i;
        if (vae_rows_names_images(fields[i]) && (fields[i][0] || i == 0)) name = i;
    }
    r->header = label >= 0 || (name >= 0 && fields[name][0]);
    if (label < 0 && r->columns <= 2) label = r->columns == 2 && name == 1 ? 0 : r->columns - 1;
    if (name < 0 && r->columns > 1) name = label == 0 ? 1 : 0;
    r->label_column = label;
    r->name_column = r->columns > 1 && name != label ? name : -1;
    if (label >= 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s:1:1: has %d columns, and none of them is called `label`, so it does not tell which holds "
                         "the labels",
                         r->csv.path, r->columns);
}

/* ---- Rows ---- */

static vae_status add_row(reading *r)
{
    if (r->rows.count == r->capacity) {
        const int64_t larger = r->capacity ? 2 * r->capacity : 1024;
        const char **grown = realloc(r->labels, (size_t)larger * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->csv.path);
        r->labels = grown;
        r->capacity = larger;
    }
    r->labels[r->rows.count] = r->fields[r->label_column];
    if (r->name_column >= 0) vae_rows_add_name(&r->rows, r->fields[r->name_column], r->names);
    r->rows.count++;
    return VAE_OK;
}

static vae_status read_rows(reading *r)
{
    if (r->named_images) find_separator(&r->csv);
    if (!*r->csv.at) return vae_csv_fail(&r->csv, 1, "the file is empty");
    VAE_TRY(read_line(r, &r->columns));
    VAE_TRY(choose_columns(r));
    if (!r->header) VAE_TRY(add_row(r));
    while (*r->csv.at) {
        const vae_csv here = r->csv;
        int count;
        VAE_TRY(read_line(r, &count));
        if (count != r->columns) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s:%" PRId64 ":1: the line has %d fields, but the first has %d",
                                 here.path, here.line, count, r->columns);
        }
        VAE_TRY(add_row(r));
    }
    return r->rows.count > 0 ? VAE_OK : vae_csv_fail(&r->csv, 1, "no line follows the header");
}

static vae_status read_table(reading *r)
{
    size_t size;
    r->names = open_memstream(&r->rows.names, &size);
    if (!r->names) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->csv.path);
    const vae_status status = read_rows(r);
    const bool failed = ferror(r->names) != 0;
    if ((fclose(r->names) != 0 || failed) && !status) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for the names of rows", r->csv.path);
    }
    if (r->name_column >= 0 && r->columns > 1) return status;
    free(r->rows.names);
    r->rows.names = NULL;
    return status;
}

/* ---- Labels ---- */

/* Each image gets the label of its row, of those from `first` on; all of them make the classes. */
static vae_status take_labels(const reading *r, int64_t first, const int64_t *row_of, const int32_t *labels,
                              vae_dataset *dataset)
{
    dataset->labels = malloc((size_t)dataset->count * sizeof *dataset->labels);
    if (!dataset->labels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->csv.path);
    for (int64_t i = 0; i < dataset->count; ++i) {
        const int64_t row = row_of ? row_of[i] : first + dataset->first + i;
        dataset->labels[i] = labels[row - first];
        if (dataset->labels[i] < 0) return vae_label_values_refuse(r->csv.path, row, r->labels[row]);
    }
    return VAE_OK;
}

static vae_status fill_labels(const reading *r, int64_t first, const int64_t *row_of, vae_dataset *dataset)
{
    const int64_t count = r->rows.count - first;
    int32_t *labels = malloc((size_t)count * sizeof *labels);
    if (!labels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->csv.path);
    vae_status status = vae_label_values_of_texts(r->csv.path, r->labels + first, count, labels, &dataset->classes);
    if (!status) status = take_labels(r, first, row_of, labels, dataset);
    free(labels);
    return status;
}

/* Whether the first line, which is no image's by order, is what the column of numbers is called. */
static bool is_title(const reading *r)
{
    const bool named = !r->labels[0][0] || !vae_label_values_are_numbers(r->labels, 1);
    return !r->header && r->rows.count > 1 && named && vae_label_values_are_numbers(r->labels + 1, r->rows.count - 1);
}

static vae_status match_labels(const reading *r, int64_t limit, vae_dataset *dataset)
{
    int64_t *row_of, first = 0;
    VAE_TRY(vae_rows_match(&r->rows, r->csv.path, dataset, &row_of));
    if (row_of) {
        for (int64_t i = 0; i < dataset->count && (i == 0 || first == 1); ++i)
            first = row_of[i] != 0;
    } else {
        first = is_title(r);
        VAE_TRY(vae_labels_check_count(r->csv.path, r->rows.count - first, limit, dataset));
    }
    const vae_status status = fill_labels(r, r->header ? 0 : first, row_of, dataset);
    free(row_of);
    return status;
}

vae_status vae_label_table_read(const char *path, int64_t limit, vae_dataset *dataset)
{
    reading r = {.name_column = -1, .named_images = dataset->names != NULL};
    VAE_TRY(vae_csv_open(path, &r.csv));
    vae_status status = read_table(&r);
    if (!status) status = match_labels(&r, limit, dataset);
    if (status) {
        free(dataset->labels);
        dataset->labels = NULL;
        vae_classes_free(&dataset->classes);
    }
    vae_csv_close(&r.csv);
    free(r.labels);
    free(r.fields);
    free(r.rows.names);
    return status;
}
