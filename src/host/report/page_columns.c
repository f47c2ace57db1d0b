/* Histograms, distances and correlations of columns, of data and of draws. */
#include "report/page_columns.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "report/base64.h"

enum { LEAST_BINS = 12, MOST_BINS = 40, DATA = 0, SAMPLES = 1, SIDES = 2 };

/* ---- One column of both, sorted ---- */

typedef struct sorted {
    float *values[SIDES];
    int64_t rows[SIDES];
    bool whole; /* the data are whole numbers, and samples are rounded to such */
} sorted;

static int by_value(const void *a, const void *b)
{
    const float first = *(const float *)a, second = *(const float *)b;
    return (first > second) - (first < second);
}

static void sort_column(const vae_page_columns *c, int64_t column, sorted *s)
{
    const float *const all[SIDES] = {c->data, c->samples};
    for (int side = 0; side < SIDES; ++side) {
        for (int64_t r = 0; r < s->rows[side]; ++r)
            s->values[side][r] = all[side][r * c->columns + column];
        qsort(s->values[side], (size_t)s->rows[side], sizeof *s->values[side], by_value);
    }
    s->whole = true;
    for (int64_t r = 0; r < s->rows[DATA] && s->whole; ++r)
        s->whole = s->values[DATA][r] == floorf(s->values[DATA][r]);
    for (int64_t r = 0; r < s->rows[SAMPLES] && s->whole; ++r)
        s->values[SAMPLES][r] = rintf(s->values[SAMPLES][r]);
}

/* How many of the values lie below `limit`, those equal to it among them where `with`. */
static int64_t count_below(const float *values, int64_t rows, double limit, bool with)
{
    int64_t low = 0, high = rows;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if ((double)values[middle] < limit || (with && (double)values[middle] == limit)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static double find_distance(const sorted *s)
{
    double largest = 0.0;
    int64_t at[SIDES] = {0};
    while (at[DATA] < s->rows[DATA] && at[SAMPLES] < s->rows[SAMPLES]) {
        const float next = fminf(s->values[DATA][at[DATA]], s->values[SAMPLES][at[SAMPLES]]);
        for (int side = 0; side < SIDES; ++side) {
            while (at[side] < s->rows[side] && s->values[side][at[side]] <= next)
                ++at[side];
        }
        const double share = (double)at[DATA] / (double)s->rows[DATA];
        largest = fmax(largest, fabs(share - (double)at[SAMPLES] / (double)s->rows[SAMPLES]));
    }
    return largest;
}

static double quantile(const sorted *s, int side, double share)
{
    return (double)s->values[side][(int64_t)(share * (double)(s->rows[side] - 1))];
}

/* ---- Bins ---- */

typedef struct bins {
    double low, high;
    int64_t count;
} bins;

/* Whole numbers have a bin each, if they are few: all of the data, and nearly all samples if there is room for these.
 */
static bool find_levels(const sorted *s, bins *b)
{
    double low = (double)s->values[DATA][0], high = (double)s->values[DATA][s->rows[DATA] - 1];
    if (!s->whole || high - low >= MOST_BINS) return false;
    low = fmax(fmin(low, rint(quantile(s, SAMPLES, 0.005))), high - MOST_BINS + 1);
    high = fmin(fmax(high, rint(quantile(s, SAMPLES, 0.995))), low + MOST_BINS - 1);
    *b = (bins){low - 0.5, high + 0.5, (int64_t)(high - low) + 1};
    return true;
}

/* All data but far outliers, and nearly all samples; as wide as Freedman and Diaconis (1981) have them. */
static bins find_bins(const sorted *s)
{
    bins b;
    if (find_levels(s, &b)) return b;
    const double spread = quantile(s, DATA, 0.75) - quantile(s, DATA, 0.25);
    b.low = fmin(fmax((double)s->values[DATA][0], quantile(s, DATA, 0.005) - 2 * spread), quantile(s, SAMPLES, 0.005));
    b.high = fmax(fmin((double)s->values[DATA][s->rows[DATA] - 1], quantile(s, DATA, 0.995) + 2 * spread),
                  quantile(s, SAMPLES, 0.995));
    if (!(b.high > b.low)) { /* the same number everywhere */
        const double around = b.low == 0.0 ? 1.0 : 0.5 * fabs(b.low);
        return (bins){b.low - around, b.low + around, LEAST_BINS + 1};
    }
    const double width = 2.0 * spread / cbrt((double)s->rows[DATA]), count = ceil((b.high - b.low) / width);
    b.count = !(count <= MOST_BINS) ? MOST_BINS : count < LEAST_BINS ? LEAST_BINS : (int64_t)count;
    return b;
}

/* The share of the rows in each bin; the last takes its upper end. *outside is the rest. */
static json_t *count_bins(const sorted *s, int side, const bins *b, double *outside)
{
    json_t *shares = json_array();
    const float *values = s->values[side];
    const double rows = (double)s->rows[side];
    const int64_t first = count_below(values, s->rows[side], b->low, false);
    int64_t before = first;
    for (int64_t i = 0; i < b->count; ++i) {
        const bool last = i + 1 == b->count;
        const double end = last ? b->high : b->low + (b->high - b->low) * (double)(i + 1) / (double)b->count;
        const int64_t until = count_below(values, s->rows[side], end, last);
        json_array_append_new(shares, json_real((double)(until - before) / rows));
        before = until;
    }
    *outside = 1.0 - (double)(before - first) / rows;
    return shares;
}

/* ---- Marginals ---- */

typedef struct ranked {
    int64_t column;
    double distance;
} ranked;

static int by_distance(const void *a, const void *b)
{
    const ranked *first = a, *second = b;
    if (first->distance != second->distance) return first->distance < second->distance ? 1 : -1;
    return (first->column > second->column) - (first->column < second->column);
}

static json_t *name_json(const vae_page_columns *c, int64_t column)
{
    char shown[1024];
    const char *name = c->names ? vae_classes_name(c->names, column) : NULL;
    if (name && name[0]) {
        vae_utf8_show(name, shown, sizeof shown);
    } else {
        snprintf(shown, sizeof shown, "x%" PRId64, column);
    }
    return json_string(shown);
}

static json_t *marginal_json(const vae_page_columns *c, const ranked *which, sorted *s)
{
    double outside[SIDES];
    sort_column(c, which->column, s);
    const bins b = find_bins(s);
    json_t *data = count_bins(s, DATA, &b, &outside[DATA]);
    json_t *samples = count_bins(s, SAMPLES, &b, &outside[SAMPLES]);
    return json_pack("{s:I, s:o, s:f, s:f, s:f, s:o, s:o, s:[f, f]}", "column", (json_int_t)which->column, "name",
                     name_json(c, which->column), "distance", which->distance, "low", b.low, "high", b.high, "data",
                     data, "samples", samples, "outside", outside[DATA], outside[SAMPLES]);
}

/* Room for both sides of a column, and a rank for each column; NULL: there is no memory. */
static json_t *marginals_json(const vae_page_columns *c, sorted *s, ranked *ranks, double *mean_distance)
{
    const bool all = c->columns <= VAE_PAGE_COLUMNS_SHOWN;
    double sum = 0.0;
    for (int64_t j = 0; j < c->columns; ++j) {
        sort_column(c, j, s);
        ranks[j] = (ranked){j, find_distance(s)};
        sum += ranks[j].distance;
    }
    *mean_distance = sum / (double)c->columns;
    if (!all) qsort(ranks, (size_t)c->columns, sizeof *ranks, by_distance);
    json_t *shown = json_array();
    for (int64_t i = 0; i < (all ? c->columns : VAE_PAGE_COLUMNS_SHOWN); ++i)
        json_array_append_new(shown, marginal_json(c, &ranks[i], s));
    return shown;
}

static json_t *make_marginals(const vae_page_columns *c, double *mean_distance)
{
    sorted s = {.rows = {c->data_rows, c->sample_rows}};
    for (int side = 0; side < SIDES; ++side)
        s.values[side] = malloc((size_t)s.rows[side] * sizeof *s.values[side]);
    ranked *ranks = malloc((size_t)c->columns * sizeof *ranks);
    json_t *made = s.values[DATA] && s.values[SAMPLES] && ranks ? marginals_json(c, &s, ranks, mean_distance) : NULL;
    free(s.values[DATA]);
    free(s.values[SAMPLES]);
    free(ranks);
    return made;
}

/* ---- Correlations ---- */

/* To values [count, rows]: each column less its mean, of length 1; NaN where it never changes. */
static void normalise(const float *all, int64_t rows, int64_t columns, const int64_t *which, int64_t count,
                      double *values)
{
    for (int64_t j = 0; j < count; ++j) {
        double *column = values + j * rows, mean = 0.0, squares = 0.0;
        for (int64_t r = 0; r < rows; ++r)
            mean += ((double)all[r * columns + which[j]] - mean) / (double)(r + 1);
        for (int64_t r = 0; r < rows; ++r) {
            column[r] = (double)all[r * columns + which[j]] - mean;
            squares += column[r] * column[r];
        }
        const double scale = squares > 1e-14 * mean * mean * (double)rows ? 1.0 / sqrt(squares) : NAN;
        for (int64_t r = 0; r < rows; ++r)
            column[r] *= scale;
    }
}

/* matrix [count, count] of columns [count, rows] of length 1. */
static void correlate(const double *values, int64_t rows, int64_t count, double *matrix)
{
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t j = 0; j <= i; ++j) {
            double sum = 0.0;
            for (int64_t r = 0; r < rows; ++r)
                sum += values[i * rows + r] * values[j * rows + r];
            matrix[i * count + j] = matrix[j * count + i] = sum;
        }
    }
}

static json_t *matrix_json(const double *matrix, int64_t count)
{
    int8_t *rounded = malloc((size_t)(count * count));
    if (!rounded) return NULL;
    for (int64_t i = 0; i < count * count; ++i)
        rounded[i] = isnan(matrix[i]) ? INT8_MIN : (int8_t)lrint(127.0 * fmax(-1.0, fmin(1.0, matrix[i])));
    char *text = vae_base64_encode(rounded, (size_t)(count * count));
    json_t *json = text ? json_string(text) : NULL;
    free(text);
    free(rounded);
    return json;
}

/* Over the pairs that both have. */
static double mean_difference(const double *first, const double *second, int64_t count)
{
    double sum = 0.0;
    int64_t pairs = 0;
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t j = 0; j < i; ++j) {
            const double difference = fabs(first[i * count + j] - second[i * count + j]);
            if (isnan(difference)) continue;
            sum += difference;
            ++pairs;
        }
    }
    return pairs ? sum / (double)pairs : 0.0;
}

static json_t *related_json(const vae_page_columns *c, const int64_t *which, int64_t count, const double *matrices)
{
    json_t *columns = json_array(), *names = json_array();
    for (int64_t i = 0; i < count; ++i) {
        json_array_append_new(columns, json_integer(which[i]));
        json_array_append_new(names, name_json(c, which[i]));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:f}", "columns", columns, "names", names, "data",
                     matrix_json(matrices, count), "samples", matrix_json(matrices + count * count, count),
                     "difference", mean_difference(matrices, matrices + count * count, count));
}

static json_t *make_related(const vae_page_columns *c)
{
    const int64_t count = c->columns < VAE_PAGE_COLUMNS_RELATED ? c->columns : VAE_PAGE_COLUMNS_RELATED;
    const int64_t rows = c->data_rows > c->sample_rows ? c->data_rows : c->sample_rows;
    int64_t which[VAE_PAGE_COLUMNS_RELATED] = {0};
    double *values = malloc((size_t)(count * rows) * sizeof *values);
    double *matrices = calloc((size_t)(SIDES * count * count), sizeof *matrices);
    json_t *made = NULL;
    for (int64_t i = 0; i < count; ++i)
        which[i] = i * c->columns / count;
    if (values && matrices) {
        normalise(c->data, c->data_rows, c->columns, which, count, values);
        correlate(values, c->data_rows, count, matrices);
        normalise(c->samples, c->sample_rows, c->columns, which, count, values);
        correlate(values, c->sample_rows, count, matrices + count * count);
        made = related_json(c, which, count, matrices);
    }
    free(values);
    free(matrices);
    return made;
}

json_t *vae_page_columns_json(const vae_page_columns *c)
{
    double mean_distance = 0.0;
    json_t *marginals = make_marginals(c, &mean_distance);
    return json_pack("{s:I, s:I, s:I, s:f, s:o, s:o}", "total", (json_int_t)c->columns, "data_rows",
                     (json_int_t)c->data_rows, "sample_rows", (json_int_t)c->sample_rows, "mean_distance",
                     mean_distance, "shown", marginals, "related", make_related(c));
}
