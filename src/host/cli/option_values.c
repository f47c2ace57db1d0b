/* An option's value by its type: read within its range, or refused in words that name the option. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/option_table.h"

static vae_status parse_integer(const char *option, const char *text, int64_t minimum, int64_t maximum, int64_t *value)
{
    char *end;
    errno = 0;
    const long long parsed = strtoll(text, &end, 10);
    if (end == text || *end || errno || parsed < minimum || parsed > maximum) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not an integer from %" PRId64 " to %" PRId64, option,
                             text, minimum, maximum);
    }
    *value = parsed;
    return VAE_OK;
}

static vae_status parse_real(const char *option, const char *text, double minimum, double maximum, double *value)
{
    char *end;
    const double parsed = strtod(text, &end);
    if (end == text || *end || !isfinite(parsed) || parsed < minimum || parsed > maximum) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not a number from %g to %g", option, text, minimum,
                             maximum);
    }
    *value = parsed;
    return VAE_OK;
}

vae_status vae_cli_parse_list(const char *option, const char *text, int64_t *values, int capacity, int *count)
{
    const char *at = text;
    *count = 0;
    do {
        char *end;
        errno = 0;
        const long long value = strtoll(at, &end, 10);
        if (end == at || errno || value < 0 || (*end && *end != ',')) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not a list such as 3,7,12", option, text);
        }
        if (*count == capacity) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: at most %d numbers can be given", option, capacity);
        }
        values[(*count)++] = value;
        at = *end ? end + 1 : NULL;
    } while (at);
    return VAE_OK;
}

/* Reads a finite number at *at, which is then moved past it and `end`. */
static bool read_number(const char **at, char end, double *value)
{
    char *after;
    *value = strtod(*at, &after);
    if (after == *at || *after != end || !isfinite(*value)) return false;
    *at = after + 1;
    return true;
}

static vae_status parse_range(const char *option, const char *text, vae_cli_range *range)
{
    const char *at = text;
    *range = (vae_cli_range){.count = 1};
    if (!strchr(text, ':')) return parse_real(option, text, -1e6, 1e6, &range->first);
    if (read_number(&at, ':', &range->first) && read_number(&at, ':', &range->last) && *at >= '0' && *at <= '9') {
        VAE_TRY(parse_integer(option, at, 2, 1000, &range->count));
        if (fabs(range->first) <= 1e6 && fabs(range->last) <= 1e6) return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not a range such as -3:3:9 (from, to, how many)", option,
                         text);
}

double vae_cli_range_value(const vae_cli_range *range, int64_t index)
{
    if (index == 0) return range->first;
    const double t = (double)index / (double)(range->count - 1);
    /* In this form the middle of a symmetric range is exactly zero. */
    return (1.0 - t) * range->first + t * range->last;
}

/* "28x28" or "64x64x3" */
static vae_status parse_shape(const char *option, const char *text, int64_t shape[3])
{
    const char *at = text;
    int count = 0;
    shape[2] = 1;
    while (count < 3) {
        char *end;
        const long size = strtol(at, &end, 10);
        if (end == at || size < 1 || size > 1 << 16 || (*end && *end != 'x')) break;
        shape[count++] = size;
        if (!*end && count >= 2) return VAE_OK;
        if (!*end) break;
        at = end + 1;
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not a shape such as 28x28x1", option, text);
}

static vae_status parse_choice(const char *option, const char *text, const char *const *choices, int *value)
{
    char names[128] = "";
    size_t used = 0;
    for (int i = 0; choices[i]; ++i) {
        if (strcmp(text, choices[i]) == 0) {
            *value = i;
            return VAE_OK;
        }
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", choices[i]);
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not one of %s", option, text, names);
}

static vae_status add_text(const char *option, const char *text, vae_cli_texts *texts)
{
    if (texts->count == VAE_CLI_MAX_TEXTS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: at most %d can be given", option, VAE_CLI_MAX_TEXTS);
    }
    texts->values[texts->count++] = text;
    return VAE_OK;
}

vae_status vae_cli_row_parse(const vae_cli_row *row, const char *text, vae_cli_options *options)
{
    void *field = (char *)options + row->offset;
    char option[32];
    snprintf(option, sizeof option, "--%s", row->name);
    switch (row->type) {
    case VAE_VALUE_FLAG: *(bool *)field = true; return VAE_OK;
    case VAE_VALUE_TEXT: *(const char **)field = text; return VAE_OK;
    case VAE_VALUE_TEXTS: return add_text(option, text, field);
    case VAE_VALUE_INTEGER: return parse_integer(option, text, row->least, row->most, field);
    case VAE_VALUE_REAL: return parse_real(option, text, row->minimum, row->maximum, field);
    case VAE_VALUE_CHOICE: return parse_choice(option, text, row->choices, field);
    case VAE_VALUE_RANGE: return parse_range(option, text, field);
    case VAE_VALUE_SHAPE: break;
    }
    return parse_shape(option, text, field);
}
