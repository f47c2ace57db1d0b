/* Which row of a table is which image's. Rows that may be another image's are refused rather than guessed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/attributes.h"

enum { MAX_NAME = 4096 };

/* A row, to be found by its name. */
typedef struct entry {
    const char *name;
    int64_t row;
    bool taken; /* by an image */
} entry;

typedef struct match {
    const vae_attribute_table *table;
    const char *path; /* the table's */
    const vae_dataset *dataset;
    entry *entries;  /* [rows], in the order of names */
    int8_t *values;  /* [count of images, count of attributes] */
    int64_t missing; /* images without a row */
    const char *first_missing;
} match;

/* ---- By name ---- */

static int by_name(const void *a, const void *b)
{
    const entry *left = a, *right = b;
    const int order = strcmp(left->name, right->name);
    return order ? order : (left->row > right->row) - (left->row < right->row);
}

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const entry *)row)->name);
}

static entry *find(const match *m, const char *name)
{
    return bsearch(name, m->entries, (size_t)m->table->rows, sizeof *m->entries, compare_name);
}

static entry *find_row(const match *m, const char *image)
{
    char stem[MAX_NAME];
    entry *row = find(m, image);
    if (row || !m->dataset->names_differ) return row;
    const char *slash = strrchr(image, '/'), *plain = slash ? slash + 1 : image;
    row = find(m, plain);
    const size_t length = (size_t)(strrchr(plain, '.') - plain);
    if (row || length >= sizeof stem) return row;
    memcpy(stem, plain, length);
    stem[length] = '\0';
    return find(m, stem);
}

static bool is_named_twice(const match *m, const entry *row)
{
    const entry *last = m->entries + m->table->rows - 1;
    return (row > m->entries && strcmp(row[-1].name, row->name) == 0) ||
           (row < last && strcmp(row[1].name, row->name) == 0);
}

static vae_status take_row(match *m, int64_t image, const char *name)
{
    const int64_t count = m->table->count;
    entry *row = find_row(m, name);
    if (!row) {
        if (m->missing++ == 0) m->first_missing = name;
        return VAE_OK;
    }
    if (is_named_twice(m, row)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has more than one row '%s', so it does not tell which is image %s",
                             m->path, row->name, name);
    }
    if (row->taken) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: its row '%s' fits more than one image, as %s", m->path, row->name,
                             name);
    }
    row->taken = true;
    memcpy(m->values + image * count, m->table->values + row->row * count, (size_t)count);
    return VAE_OK;
}

static vae_status take_rows(match *m)
{
    const char *name = m->table->row_names;
    for (int64_t i = 0; i < m->table->rows; ++i, name += strlen(name) + 1)
        m->entries[i] = (entry){name, i, false};
    qsort(m->entries, (size_t)m->table->rows, sizeof *m->entries, by_name);
    name = m->dataset->names;
    for (int64_t i = 0; i < m->dataset->count; ++i, name += strlen(name) + 1)
        VAE_TRY(take_row(m, i, name));
    return VAE_OK;
}

static vae_status missing_row(const match *m)
{
    const bool paths_only = !m->dataset->names_differ && strchr(m->first_missing, '/');
    return vae_error_set(VAE_ERROR_FORMAT, "%s: has no row for the image '%s'%s; its first row is '%.200s'", m->path,
                         m->first_missing,
                         paths_only ? " by that path, and plain file names are not enough, as some occur twice" : "",
                         m->table->row_names);
}

/* *done: the rows have names of images. Numbers that only count the rows are names if an image is called by one. */
static vae_status match_names(vae_attribute_table *table, const char *path, const vae_dataset *dataset, bool *done)
{
    match m = {.table = table, .path = path, .dataset = dataset};
    m.entries = malloc((size_t)table->rows * sizeof *m.entries);
    m.values = malloc((size_t)(dataset->count * table->count));
    vae_status status =
        m.entries && m.values ? take_rows(&m) : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    *done = !table->counts || m.missing < dataset->count;
    if (!status && *done && m.missing > 0) status = missing_row(&m);
    free(m.entries);
    if (status || !*done) {
        free(m.values);
        return status;
    }
    free(table->values);
    free(table->row_names);
    table->values = m.values;
    table->row_names = NULL;
    table->rows = dataset->count;
    return VAE_OK;
}

/* ---- By order ---- */

/* The order of a folder's pictures is its own where there are subfolders, and has gaps where some are damaged. */
static vae_status check_ordered(const vae_attribute_table *table, const char *path, const vae_dataset *dataset)
{
    if (dataset->names && memchr(dataset->names, '/', dataset->names_bytes)) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: cannot be matched with the pictures of subfolders, as its rows have no file names; "
                             "it needs a first column `image` of names such as '%s'",
                             path, dataset->names);
    }
    if (dataset->names && dataset->skipped > 0) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: cannot be matched with the pictures, as %" PRId64 " damaged %s left out and its rows "
                             "have no file names; it needs a first column `image` of names such as '%s'",
                             path, dataset->skipped, dataset->skipped == 1 ? "one was" : "ones were", dataset->names);
    }
    if (table->row_names && table->numbers && !table->rising) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: its first column numbers the images, but not in order, and images without names are "
                             "matched by order",
                             path);
    }
    return VAE_OK;
}

vae_status vae_attribute_table_match(vae_attribute_table *table, const char *path, const vae_dataset *dataset,
                                     int64_t needed)
{
    bool done = false;
    if (table->row_names && dataset->names) VAE_TRY(match_names(table, path, dataset, &done));
    if (done) return VAE_OK;
    VAE_TRY(check_ordered(table, path, dataset));
    const bool fits = dataset->stored > 0 ? table->rows == dataset->stored : table->rows >= needed;
    if (fits) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: has %" PRId64 " rows, but there are %" PRId64 " images", path,
                         table->rows, dataset->stored > 0 ? dataset->stored : needed);
}
