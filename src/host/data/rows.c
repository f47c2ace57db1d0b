/* Which row of a table is which image's. Rows that may be another image's are refused rather than guessed. */
#define _GNU_SOURCE /* strverscmp, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include "data/rows.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_NAME = 4096 };

/* ---- Names ---- */

void vae_rows_add_name(vae_rows *rows, const char *name, FILE *names)
{
    char *end;
    const int64_t number = strtoll(name, &end, 10);
    const bool first = rows->count == 0, is_number = isdigit((unsigned char)name[0]) && !*end;
    rows->numbers = is_number && (first || rows->numbers);
    rows->rising = rows->numbers && (first || (rows->rising && number > rows->last));
    rows->counts = rows->rising && (first ? number <= 1 : rows->counts && number == rows->last + 1);
    rows->last = number;
    fwrite(name, 1, strlen(name) + 1, names);
}

bool vae_rows_names_images(const char *column)
{
    static const char *const names[] = {"",         "image", "images", "image_id", "file",
                                        "filename", "path",  "name",   "id",       "index"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (strcasecmp(column, names[i]) == 0) return true;
    }
    return false;
}

/* ---- By name ---- */

/* A row, to be found by its name. */
typedef struct entry {
    const char *name;
    int64_t row;
    bool taken; /* by an image */
} entry;

typedef struct match {
    const vae_rows *rows;
    const char *path; /* the table's */
    const vae_dataset *dataset;
    entry *entries;  /* [rows], in the order of names */
    int64_t *row_of; /* [count of images] */
    int64_t missing; /* images without a row */
    const char *first_missing;
} match;

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
    return bsearch(name, m->entries, (size_t)m->rows->count, sizeof *m->entries, compare_name);
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
    const entry *last = m->entries + m->rows->count - 1;
    return (row > m->entries && strcmp(row[-1].name, row->name) == 0) ||
           (row < last && strcmp(row[1].name, row->name) == 0);
}

static vae_status take_row(match *m, int64_t image, const char *name)
{
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
        return vae_error_set(VAE_ERROR_FORMAT, "%s: its row '%s' matches more than one image, such as %s", m->path,
                             row->name, name);
    }
    row->taken = true;
    m->row_of[image] = row->row;
    return VAE_OK;
}

static vae_status take_rows(match *m)
{
    const char *name = m->rows->names;
    for (int64_t i = 0; i < m->rows->count; ++i, name += strlen(name) + 1)
        m->entries[i] = (entry){name, i, false};
    qsort(m->entries, (size_t)m->rows->count, sizeof *m->entries, by_name);
    name = m->dataset->names;
    for (int64_t i = 0; i < m->dataset->count; ++i, name += strlen(name) + 1)
        VAE_TRY(take_row(m, i, name));
    return VAE_OK;
}

static vae_status missing_row(const match *m)
{
    const bool paths_only = !m->dataset->names_differ && strchr(m->first_missing, '/');
    return vae_error_set(
        VAE_ERROR_FORMAT, "%s: has no row for the image '%s'%s; its first row is '%.200s'", m->path, m->first_missing,
        paths_only ? " by that path, and plain file names are not enough, as some occur twice" : "", m->rows->names);
}

/* *row_of stays NULL unless the rows have names of images. Numbers that only count the rows are names if an image is
 * called by one. */
static vae_status match_names(const vae_rows *rows, const char *path, const vae_dataset *dataset, int64_t **row_of)
{
    match m = {.rows = rows, .path = path, .dataset = dataset};
    m.entries = malloc((size_t)rows->count * sizeof *m.entries);
    m.row_of = malloc((size_t)dataset->count * sizeof *m.row_of);
    vae_status status =
        m.entries && m.row_of ? take_rows(&m) : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const bool named = !rows->counts || m.missing < dataset->count;
    if (!status && named && m.missing > 0) status = missing_row(&m);
    free(m.entries);
    if (!status && named) {
        *row_of = m.row_of;
    } else {
        free(m.row_of);
    }
    return status;
}

/* ---- By order ---- */

/* The first picture that stands before another though its number is the larger, as 10.png before 2.png; NULL: none. */
static const char *find_doubtful(const vae_dataset *dataset)
{
    const char *name = dataset->names;
    for (int64_t i = 1; i < dataset->count; ++i) {
        const char *next = name + strlen(name) + 1;
        if (strverscmp(name, next) > 0) return name;
        name = next;
    }
    return NULL;
}

static vae_status needs_names(const vae_dataset *dataset, const char *path, const char *reason)
{
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: cannot be matched with the pictures, as %s and its rows have no file names; a CSV file "
                         "is needed, with a first column `image` of names such as '%.200s'",
                         path, reason, dataset->names);
}

/* The order of a folder's pictures is its own where there are subfolders, and has gaps where some are damaged. */
static vae_status check_ordered_names(const char *path, const vae_dataset *dataset)
{
    char reason[512];
    const char *doubtful = find_doubtful(dataset);
    if (memchr(dataset->names, '/', dataset->names_bytes)) {
        return needs_names(dataset, path, "those of subfolders are interleaved");
    }
    if (dataset->skipped > 0) {
        snprintf(reason, sizeof reason, "%" PRId64 " damaged %s left out", dataset->skipped,
                 dataset->skipped == 1 ? "one was" : "ones were");
        return needs_names(dataset, path, reason);
    }
    if (!doubtful) return VAE_OK;
    snprintf(reason, sizeof reason, "their order is not clear ('%.200s' comes before '%.200s')", doubtful,
             doubtful + strlen(doubtful) + 1);
    return needs_names(dataset, path, reason);
}

static vae_status check_ordered(const vae_rows *rows, const char *path, const vae_dataset *dataset)
{
    if (dataset->names) VAE_TRY(check_ordered_names(path, dataset));
    if (rows->names && rows->numbers && !rows->rising) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: its first column numbers the images, but not in order, and images without names are "
                             "matched by order",
                             path);
    }
    return VAE_OK;
}

vae_status vae_rows_match(const vae_rows *rows, const char *path, const vae_dataset *dataset, int64_t **row_of)
{
    *row_of = NULL;
    if (rows->names && dataset->names) VAE_TRY(match_names(rows, path, dataset, row_of));
    return *row_of ? VAE_OK : check_ordered(rows, path, dataset);
}
