/* Numbers classes by what occurs among the labels of a file. */
#include "data/label_values.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static vae_status no_memory(const char *name)
{
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels", name);
}

/* ---- Numbers ---- */

static bool are_plain(const int64_t *values, int64_t count)
{
    int64_t i = 0;
    while (i < count && values[i] >= 0 && values[i] < VAE_PLAIN_LABELS)
        ++i;
    return i == count;
}

static int by_value(const void *a, const void *b)
{
    const int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/* Each value once, in order; how many there are. */
static int64_t sort_values(int64_t *values, int64_t count)
{
    int64_t kept = 0;
    qsort(values, (size_t)count, sizeof *values, by_value);
    for (int64_t i = 0; i < count; ++i) {
        if (kept == 0 || values[kept - 1] != values[i]) values[kept++] = values[i];
    }
    return kept;
}

static vae_status name_numbers(const char *name, const int64_t *values, int64_t count, int32_t *labels,
                               vae_classes *classes)
{
    int64_t *sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) return no_memory(name);
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    const int64_t different = sort_values(sorted, count);
    vae_status status = VAE_OK;
    for (int64_t i = 0; i < different && !status; ++i) {
        char digits[24];
        snprintf(digits, sizeof digits, "%" PRId64, sorted[i]);
        status = vae_classes_add(classes, digits);
    }
    for (int64_t i = 0; i < count && !status; ++i) {
        const int64_t *found = bsearch(&values[i], sorted, (size_t)different, sizeof *sorted, by_value);
        labels[i] = (int32_t)(found - sorted);
    }
    free(sorted);
    return status;
}

vae_status vae_label_values_of_numbers(const char *name, const int64_t *values, int64_t count, int32_t *labels,
                                       vae_classes *classes)
{
    if (!are_plain(values, count)) return name_numbers(name, values, count, labels, classes);
    for (int64_t i = 0; i < count; ++i)
        labels[i] = (int32_t)values[i];
    return VAE_OK;
}

vae_status vae_label_values_name(const char *name, int64_t count, int32_t *labels, vae_classes *classes)
{
    int64_t *values = malloc((size_t)count * sizeof *values);
    if (!values) return no_memory(name);
    for (int64_t i = 0; i < count; ++i)
        values[i] = labels[i];
    const vae_status status = name_numbers(name, values, count, labels, classes);
    free(values);
    return status;
}

/* ---- Texts ---- */

typedef enum text_kind { EMPTY, WHOLE, NOT_WHOLE, NAME } text_kind;

/* Whole numbers that no 64 bits hold are names: those who write them want to tell them apart. */
static text_kind parse(const char *text, int64_t *value)
{
    char *end;
    if (!text[0]) return EMPTY;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (end != text && !*end && errno == 0) return WHOLE;
    const double number = strtod(text, &end);
    if (end == text || *end) return NAME;
    if (!isfinite(number) || number != floor(number)) return NOT_WHOLE;
    if (fabs(number) >= 0x1p63) return NAME;
    *value = (int64_t)number;
    return WHOLE;
}

bool vae_label_values_are_numbers(const char *const *texts, int64_t count)
{
    int64_t i = 0, value;
    while (i < count && parse(texts[i], &value) != NAME)
        ++i;
    return i == count;
}

/* Rows that have none are passed over, and marked afterwards. */
static vae_status number_texts(const char *name, const char *const *texts, int64_t count, int32_t *labels,
                               vae_classes *classes)
{
    int64_t *values = malloc((size_t)count * sizeof *values), known = 0, value;
    if (!values) return no_memory(name);
    for (int64_t i = 0; i < count; ++i) {
        if (parse(texts[i], &value) == WHOLE) values[known++] = value;
    }
    vae_status status = vae_label_values_of_numbers(name, values, known, labels, classes);
    free(values);
    for (int64_t i = count - 1; i >= 0 && !status; --i)
        labels[i] = parse(texts[i], &value) == WHOLE ? labels[--known] : -1;
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vae_status add_names(const char *name, const char *const *texts, int64_t count, vae_classes *classes)
{
    const char **sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) return no_memory(name);
    memcpy(sorted, texts, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_text);
    vae_status status = VAE_OK;
    for (int64_t i = 0; i < count && !status; ++i) {
        const bool again = i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0;
        if (sorted[i][0] && !again) status = vae_classes_add(classes, sorted[i]);
    }
    free(sorted);
    return status;
}

vae_status vae_label_values_of_texts(const char *name, const char *const *texts, int64_t count, int32_t *labels,
                                     vae_classes *classes)
{
    if (vae_label_values_are_numbers(texts, count)) return number_texts(name, texts, count, labels, classes);
    VAE_TRY(add_names(name, texts, count, classes));
    for (int64_t i = 0; i < count; ++i)
        labels[i] = (int32_t)vae_classes_find(classes, texts[i]);
    return VAE_OK;
}

vae_status vae_label_values_refuse(const char *name, int64_t row, const char *text)
{
    if (!text[0]) return vae_error_set(VAE_ERROR_FORMAT, "%s: row %" PRId64 " has no label", name, row + 1);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: row %" PRId64 " has label %s, but labels are whole numbers, or names",
                         name, row + 1, text);
}
