/* How much of a number a line through the latent space explains, and how well planes tell an attribute's classes apart.
 */
#include "cli/probe_column.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/probe_classes.h"
#include "model/line_probe.h"

/* The column of the same name; binary ones of which nothing is known are of any kind. */
static vae_status find_column(const vae_probe_side *side, const vae_attribute *like, const vae_attribute **found)
{
    vae_cli_trait trait;
    VAE_TRY(vae_cli_part_find(&side->part, like->name, &trait));
    *found = &side->part.table.columns[trait.column];
    bool known = (*found)->kind != VAE_ATTRIBUTE_BINARY;
    for (int64_t i = 0; !known && i < side->part.dataset->count; ++i)
        known = (*found)->has[i] >= 0;
    const bool zeros_and_ones = (*found)->kind == VAE_ATTRIBUTE_BINARY && !(*found)->has_minus;
    if (!known || (*found)->kind == like->kind) return VAE_OK;
    if (like->kind == VAE_ATTRIBUTE_NUMBER && zeros_and_ones) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG, "%s: %s is of another kind than in the training images' table",
                         side->part.table_path, like->name);
}

/* ---- Numbers ---- */

/* Of images, and of the mirror images that follow them; NaN where they are not known. */
static vae_status take_numbers(const vae_probe_side *side, const vae_attribute *column, double **numbers)
{
    const int64_t images = side->part.dataset->count;
    *numbers = calloc((size_t)side->count, sizeof **numbers);
    if (!*numbers) return vae_error_set(VAE_ERROR_MEMORY, "attributes: out of memory");
    for (int64_t i = 0; i < side->count; ++i) {
        const int64_t image = i % images;
        const double mark = column->has && column->has[image] >= 0 ? (double)column->has[image] : NAN;
        (*numbers)[i] = column->numbers ? column->numbers[image] : mark;
    }
    return VAE_OK;
}

static int64_t count_known(const vae_probe_side *side, const double *numbers)
{
    int64_t known = 0;
    for (int64_t i = 0; i < side->part.dataset->count; ++i)
        known += !isnan(numbers[i]);
    return known;
}

static void print_share(double share)
{
    if (isnan(share)) {
        printf(" %7s", "-");
    } else {
        printf(" %7.4f", share);
    }
}

static void print_known(const vae_probe_side *side, const double *numbers)
{
    const int64_t known = count_known(side, numbers), images = side->part.dataset->count;
    printf("%" PRId64, known);
    if (known < images) printf(", %" PRId64 " not known", images - known);
}

static void print_line(const char *name, const vae_probe *probe, const vae_probe_side *train, const double *numbers,
                       const vae_probe_side *test, const double *test_numbers)
{
    printf("%-20s", name);
    print_share(vae_line_probe_explained(probe, train->codes, numbers, train->count));
    print_share(test ? vae_line_probe_explained(probe, test->codes, test_numbers, test->count) : NAN);
    printf("   R² of numbers, of ");
    print_known(train, numbers);
    if (test) printf("; test ");
    if (test) print_known(test, test_numbers);
    putchar('\n');
}

static vae_status probe_numbers(const vae_cli_options *o, const vae_probe_side *train, const vae_probe_side *test,
                                const vae_attribute *column, const vae_attribute *test_column)
{
    double *numbers = NULL, *test_numbers = NULL;
    vae_probe probe = {0};
    vae_status status = take_numbers(train, column, &numbers);
    if (!status && test) status = take_numbers(test, test_column, &test_numbers);
    if (!status) {
        status = vae_line_probe_fit(train->codes, numbers, train->count, train->latent, o->l2, &probe);
        if (status) {
            status = vae_cli_probe_fail(o, column->name, status);
        } else {
            print_line(column->name, &probe, train, numbers, test, test_numbers);
        }
    }
    vae_probe_free(&probe);
    free(numbers);
    free(test_numbers);
    return status;
}

/* ---- Classes ---- */

static vae_status probe_classes(const vae_cli_options *o, const vae_probe_side *train, const vae_probe_side *test,
                                const vae_attribute *column, const vae_attribute *test_column)
{
    const vae_probe_labels labels = {train, column->labels, &column->classes};
    if (!test) return vae_cli_probe_labels(o, column->name, &labels, NULL);
    const vae_probe_labels test_labels = {test, test_column->labels, &test_column->classes};
    return vae_cli_probe_labels(o, column->name, &labels, &test_labels);
}

vae_status vae_cli_probe_column(const vae_cli_options *o, const vae_probe_side *train, const vae_probe_side *test,
                                int64_t column)
{
    const vae_attribute *attribute = &train->part.table.columns[column], *test_attribute = NULL;
    if (test) VAE_TRY(find_column(test, attribute, &test_attribute));
    return (attribute->kind == VAE_ATTRIBUTE_NUMBER ? probe_numbers : probe_classes)(o, train, test, attribute,
                                                                                     test_attribute);
}
