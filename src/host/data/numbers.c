/* Turns stored numbers into bytes or floats, and says what is wrong with those that cannot be read so. */
#include "data/numbers.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

enum { NUMBER_SIZE = 32, INDEX_SIZE = 256 };

bool vae_numbers_are_integers(const vae_numbers *numbers)
{
    return numbers->type.kind == 'u' || numbers->type.kind == 'i';
}

bool vae_numbers_are_bytes(const vae_numbers *numbers)
{
    return numbers->type.size == 1 && (numbers->type.kind == 'u' || numbers->type.kind == 'b');
}

/* Stored numbers are multiplied by this to become bytes. */
static double factor(const vae_numbers *numbers)
{
    return numbers->type.kind == 'f' || numbers->type.kind == 'b' || numbers->binary ? 255.0 : 1.0;
}

/* ---- What is wrong ---- */

/* "[3, 0, 17]", as NumPy would index it. */
static void format_index(const vae_numbers *numbers, int64_t number, char text[INDEX_SIZE])
{
    int64_t index[VAE_ARRAY_MAX_RANK], used = 0;
    for (int i = 0; i < numbers->rank; ++i) {
        const int dimension = numbers->fortran ? i : numbers->rank - 1 - i;
        index[dimension] = number % numbers->sizes[dimension];
        number /= numbers->sizes[dimension];
    }
    for (int i = 0; i < numbers->rank; ++i)
        used += snprintf(text + used, (size_t)(INDEX_SIZE - used), "%s%" PRId64, i ? ", " : "", index[i]);
}

typedef struct range {
    double lowest, highest;
} range;

/* Of all numbers there are but those that are not finite. */
static range find_range(vae_numbers *numbers)
{
    const int64_t most = VAE_NUMBERS_STAGING / numbers->type.size;
    range found = {INFINITY, -INFINITY};
    if (numbers->rewind(numbers->context)) return found;
    for (int64_t done = 0, bytes = 1; done < numbers->count && bytes > 0; done += most) {
        if (numbers->read(numbers->context, numbers->staging, most * numbers->type.size, &bytes)) return found;
        for (int64_t i = 0; i < bytes / numbers->type.size; ++i) {
            const double value = vae_number_read(&numbers->type, numbers->staging + i * numbers->type.size);
            if (!isfinite(value)) continue;
            found.lowest = fmin(found.lowest, value);
            found.highest = fmax(found.highest, value);
        }
    }
    return found;
}

/* What to divide by where all numbers are from 0 to `highest`: the largest of 8, 10, 12, 14 or 16 bits, if near. */
static double likely_unit(double highest)
{
    static const double units[] = {255.0, 1023.0, 4095.0, 16383.0, 65535.0};
    for (size_t i = 0; i < sizeof units / sizeof *units; ++i) {
        if (highest > units[i] / 2 && highest <= units[i]) return units[i];
    }
    return highest;
}

/* With the digits that matter to its type. */
static void format_number(const vae_numbers *numbers, double value, char text[NUMBER_SIZE])
{
    if (numbers->type.kind == 'f' && numbers->type.size <= 4) {
        vae_number_format_float((float)value, text, NUMBER_SIZE);
    } else {
        vae_number_format(value, text, NUMBER_SIZE);
    }
}

/* How numbers of that range become what can be read. */
static void advise(const vae_numbers *numbers, range all, char *text, size_t size)
{
    char low[NUMBER_SIZE], high[NUMBER_SIZE], unit[NUMBER_SIZE];
    format_number(numbers, all.lowest, low);
    format_number(numbers, all.highest, high);
    size_t used = (size_t)snprintf(text, size, "; the file's go from %s to %s: ", low, high);
    if (used >= size) return;
    if (all.lowest >= 0.0) {
        format_number(numbers, likely_unit(all.highest), unit);
        snprintf(text + used, size - used, "divide them by %s%s", unit,
                 numbers->type.kind != 'f' ? " and save them as floats" : "");
    } else if (all.lowest >= -1.0 && all.highest <= 1.0) {
        snprintf(text + used, size - used, "add 1 and divide by 2");
    } else {
        snprintf(text + used, size - used,
                 "if they were normalised, save them as they were before that, else subtract the lowest and divide by "
                 "the range");
    }
}

/* Of numbers that are taken as they are. */
static vae_status not_finite(vae_numbers *numbers, int64_t number, double value)
{
    char text[NUMBER_SIZE], index[INDEX_SIZE] = "";
    format_number(numbers, value, text);
    format_index(numbers, number, index);
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: number %" PRId64
                         " is %s, at [%s], but data must be finite numbers, within float32; leave "
                         "such rows out, or fill in what is missing",
                         numbers->name, number + 1, text, index);
}

static vae_status cannot_be_read(vae_numbers *numbers, int64_t number, double value)
{
    char text[NUMBER_SIZE], index[INDEX_SIZE] = "", advice[256] = "";
    format_number(numbers, value, text);
    format_index(numbers, number, index);
    const bool is_float = numbers->type.kind == 'f';
    if (numbers->transformed_by && isfinite(value)) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: number %" PRId64 " is %s, at [%s], so these are rows of numbers, not levels of "
                             "images, and [data] %s cannot be applied to them",
                             numbers->name, number + 1, text, index, numbers->transformed_by);
    }
    const char *wanted = is_float ? "floats must lie in [0, 1]" : "integers must lie in 0 to 255";
    if (isfinite(value)) advise(numbers, find_range(numbers), advice, sizeof advice);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: number %" PRId64 " is %s, at [%s], but %s%s", numbers->name, number + 1,
                         text, index, wanted, advice);
}

/* ---- Reading ---- */

/* Past the ends of [0, 1], what rounding in another program explains. */
static double slack(const vae_numbers *numbers)
{
    if (numbers->type.kind != 'f') return 0.0;
    return numbers->type.size == 2 ? 1e-3 : 1e-4;
}

/* Floats that are bytes / 255 but for their own rounding have lost nothing. */
static double exact(const vae_numbers *numbers)
{
    return (numbers->type.size == 2 ? 3e-4 : 1e-6);
}

static double clip(vae_numbers *numbers, double value)
{
    const double clipped = fmax(0.0, fmin(1.0, value));
    numbers->tally.clipped++;
    numbers->tally.largest_clipping = fmax(numbers->tally.largest_clipping, fabs(value - clipped));
    return clipped;
}

static void count_rounding(vae_numbers *numbers, double error)
{
    if (error <= exact(numbers)) return;
    numbers->tally.rounded++;
    numbers->tally.largest_rounding = fmax(numbers->tally.largest_rounding, error);
}

/* The last `count` that were read, as they are. */
static vae_status take_raw(vae_numbers *numbers, const uint8_t *stored, int64_t count, float *floats)
{
    const vae_number_type type = numbers->type;
    for (int64_t i = 0; i < count; ++i) {
        const double value = vae_number_read(&type, stored + i * type.size);
        /* Written so that a NaN fails. */
        if (!(fabs(value) <= FLT_MAX)) return not_finite(numbers, numbers->done - count + i, value);
        floats[i] = (float)value;
    }
    return VAE_OK;
}

/* The last `count` that were read, to either of the two; the other is NULL. */
static vae_status convert(vae_numbers *numbers, const uint8_t *stored, int64_t count, uint8_t *bytes, float *floats)
{
    const vae_number_type type = numbers->type;
    const double scale = factor(numbers), past = slack(numbers), end = 255.0 / scale;
    const bool is_float = type.kind == 'f';
    if (numbers->raw && floats && !vae_numbers_are_bytes(numbers)) return take_raw(numbers, stored, count, floats);
    for (int64_t i = 0; i < count; ++i) {
        double value = vae_number_read(&type, stored + i * type.size);
        /* Written so that a NaN fails. */
        if (!(value >= -past && value <= end + past)) {
            return cannot_be_read(numbers, numbers->done - count + i, value);
        }
        if (is_float && (value < 0.0 || value > end)) value = clip(numbers, value);
        const long byte = lrint(value * scale);
        if (floats) {
            floats[i] = is_float ? (float)value : (float)byte / 255.0f;
            continue;
        }
        bytes[i] = (uint8_t)byte;
        if (is_float) count_rounding(numbers, fabs(value - (double)byte / scale));
    }
    return VAE_OK;
}

vae_status vae_numbers_read_stored(vae_numbers *numbers, void *stored, int64_t count)
{
    const int64_t size = numbers->type.size;
    int64_t found;
    VAE_TRY(numbers->read(numbers->context, stored, count * size, &found));
    if (found < count * size) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is cut short: its header promises %" PRId64 " numbers, but only %" PRId64
                             " are there",
                             numbers->name, numbers->count, numbers->done + found / size);
    }
    numbers->done += count;
    return VAE_OK;
}

/* One piece: straight to its place where nothing is to be converted. */
static vae_status read_piece(vae_numbers *numbers, uint8_t *bytes, float *floats, int64_t count)
{
    const bool plain = numbers->type.kind == 'u' && numbers->type.size == 1 && !numbers->binary && bytes;
    VAE_TRY(vae_numbers_read_stored(numbers, plain ? bytes : numbers->staging, count));
    return plain ? VAE_OK : convert(numbers, numbers->staging, count, bytes, floats);
}

static vae_status read_numbers(vae_numbers *numbers, uint8_t *bytes, float *floats, int64_t count)
{
    const int64_t most = VAE_NUMBERS_STAGING / numbers->type.size;
    for (int64_t done = 0; done < count;) {
        const int64_t piece = count - done < most ? count - done : most;
        VAE_TRY(read_piece(numbers, bytes ? bytes + done : NULL, floats ? floats + done : NULL, piece));
        done += piece;
    }
    return VAE_OK;
}

vae_status vae_numbers_read(vae_numbers *numbers, uint8_t *bytes, int64_t count)
{
    return read_numbers(numbers, bytes, NULL, count);
}

vae_status vae_numbers_read_floats(vae_numbers *numbers, float *floats, int64_t count)
{
    return read_numbers(numbers, NULL, floats, count);
}

vae_status vae_numbers_finish(vae_numbers *numbers)
{
    uint8_t extra;
    int64_t found;
    VAE_TRY(numbers->read(numbers->context, &extra, 1, &found));
    if (found == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: goes on after the %" PRId64 " numbers that its header promises",
                         numbers->name, numbers->count);
}

/* ---- The largest ---- */

static vae_status start_again(vae_numbers *numbers)
{
    numbers->done = 0;
    numbers->tally = (vae_number_tally){0};
    return numbers->rewind(numbers->context);
}

vae_status vae_numbers_largest(vae_numbers *numbers, int64_t count, int *largest)
{
    uint8_t bytes[4096] = {0};
    *largest = 0;
    for (int64_t left = count; left > 0 && *largest < VAE_NUMBERS_BRIGHT; left -= (int64_t)sizeof bytes) {
        const int64_t piece = left < (int64_t)sizeof bytes ? left : (int64_t)sizeof bytes;
        if (vae_numbers_read(numbers, bytes, piece)) break;
        for (int64_t i = 0; i < piece && *largest < VAE_NUMBERS_BRIGHT; ++i)
            *largest = bytes[i] > *largest ? bytes[i] : *largest;
    }
    return start_again(numbers);
}

/* ---- Levels or other numbers ---- */

static bool is_level(const vae_numbers *numbers, double value)
{
    if (numbers->type.kind != 'f') return value >= 0.0 && value <= 255.0;
    if (numbers->rank > 2) return value >= -slack(numbers) && value <= 1.0 + slack(numbers);
    return value >= 0.0 && value <= 1.0 && fabs(value - rint(value * 255.0) / 255.0) <= exact(numbers);
}

vae_status vae_numbers_look_like_levels(vae_numbers *numbers, int64_t count, bool *levels)
{
    const int64_t size = numbers->type.size, most = VAE_NUMBERS_STAGING / size;
    *levels = vae_numbers_are_bytes(numbers) || numbers->rank > 2 || !vae_numbers_are_integers(numbers);
    if (vae_numbers_are_bytes(numbers) || !*levels) return VAE_OK;
    for (int64_t left = count; left > 0 && *levels; left -= most) {
        const int64_t piece = left < most ? left : most;
        int64_t found;
        if (numbers->read(numbers->context, numbers->staging, piece * size, &found)) break;
        for (int64_t i = 0; i < found / size && *levels; ++i)
            *levels = is_level(numbers, vae_number_read(&numbers->type, numbers->staging + i * size));
        if (found < piece * size) break;
    }
    return start_again(numbers);
}
