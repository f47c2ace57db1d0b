/* What a page tells of a model of measured columns: how the columns of its draws are distributed, and go together,
 * beside those of the data. */
#ifndef VAE_REPORT_PAGE_COLUMNS_H
#define VAE_REPORT_PAGE_COLUMNS_H

#include <jansson.h>

#include "data/classes.h"

enum {
    VAE_PAGE_COLUMNS_SHOWN = 30,   /* whose distributions are embedded */
    VAE_PAGE_COLUMNS_RELATED = 200 /* whose correlations are */
};

/* All borrowed. */
typedef struct vae_page_columns {
    int64_t columns;
    const float *data;    /* [data_rows, columns] */
    const float *samples; /* [sample_rows, columns] */
    int64_t data_rows, sample_rows;
    const vae_classes *names; /* of the columns; none: x0, x1, … */
} vae_page_columns;

/* {"total", "data_rows", "sample_rows", "mean_distance", "shown": [{"column", "name", "distance", "low", "high",
 * "data": [share], "samples": [share], "outside": [share, share]}], "related": {"columns": [column], "names": [name],
 * "data", "samples": base64 [n, n], "difference"}}.
 *
 * Of more columns than are shown these are the ones whose distributions differ most, the first of them first: the
 * distance is Kolmogorov's and Smirnov's, the largest between the shares of both below any number. Where all data of a
 * column are whole numbers, its samples are rounded to such first, as no density has them. Histograms have the
 * same bins, of equal width between low and high; shares are of all rows, and "outside" are those of neither bin, of
 * data and of samples. Correlations are rounded to int8, 127 being 1 and -128 none, as of a column that never changes;
 * "difference" is the mean of their distances over all pairs. Of more columns than are related these are evenly spaced.
 * NULL without memory. */
json_t *vae_page_columns_json(const vae_page_columns *columns);

#endif
