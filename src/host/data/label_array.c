/* Reads labels piece by piece, numbers or texts, and leaves it to label_values to number them. */
#include "data/label_array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "data/label_values.h"

/* What becomes of an item as it is stored. */
typedef vae_status (*take_item)(void *context, const vae_numbers *numbers, int64_t row, const uint8_t *item);

static vae_status read_items(vae_numbers *numbers, int64_t count, take_item take, void *context)
{
    const int64_t most = VAE_NUMBERS_STAGING / numbers->type.size;
    for (int64_t done = 0; done < count;) {
        const int64_t piece = count - done < most ? count - done : most;
        VAE_TRY(vae_numbers_read_stored(numbers, numbers->staging, piece));
        for (int64_t i = 0; i < piece; ++i)
            VAE_TRY(take(context, numbers, done + i, numbers->staging + i * numbers->type.size));
        done += piece;
    }
    return VAE_OK;
}

/* ---- Numbers ---- */

static vae_status take_number(void *context, const vae_numbers *numbers, int64_t row, const uint8_t *item)
{
    int64_t *values = context;
    char text[32];
    if (vae_number_read_integer(&numbers->type, item, &values[row])) return VAE_OK;
    vae_number_format(vae_number_read(&numbers->type, item), text, sizeof text);
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: row %" PRId64 " has label %s, but labels are whole numbers from -2^63 to 2^63 - 1, or "
                         "texts",
                         numbers->name, row + 1, text);
}

static vae_status read_numbers(vae_source *source, int64_t count, int32_t *labels, vae_classes *classes)
{
    int64_t *values = malloc((size_t)count * sizeof *values);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels", source->name);
    vae_status status = read_items(source->numbers, count, take_number, values);
    if (!status) status = vae_label_values_of_numbers(source->name, values, count, labels, classes);
    free(values);
    return status;
}

/* ---- Texts ---- */

/* As UTF-8. What fails in writing shows when the stream is closed. */
static void write_character(uint32_t character, FILE *stream)
{
    if (character < 0x80) {
        fputc((int)character, stream);
        return;
    }
    const int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    const unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
    fputc((int)(first[more] | character >> (6 * more)), stream);
    for (int i = more - 1; i >= 0; --i)
        fputc((int)(0x80 | (character >> (6 * i) & 0x3F)), stream);
}

/* Items are filled up with zeros. */
static vae_status take_text(void *context, const vae_numbers *numbers, int64_t row, const uint8_t *item)
{
    FILE *stream = context;
    const vae_number_type character = {.kind = 'u', .size = 4, .reversed = numbers->type.reversed};
    if (numbers->type.kind == 'S') {
        fwrite(item, 1, strnlen((const char *)item, (size_t)numbers->type.size), stream);
        fputc('\0', stream);
        return VAE_OK;
    }
    for (int at = 0; at < numbers->type.size; at += 4) {
        int64_t value;
        vae_number_read_integer(&character, item + at, &value);
        if (value == 0) break;
        if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: row %" PRId64 " has a label that is not Unicode text",
                                 numbers->name, row + 1);
        }
        write_character((uint32_t)value, stream);
    }
    fputc('\0', stream);
    return VAE_OK;
}

/* texts: one after the other, each with its zero byte. */
static vae_status number_texts(const char *name, const char *texts, int64_t count, int32_t *labels,
                               vae_classes *classes)
{
    const char **starts = malloc((size_t)count * sizeof *starts);
    if (!starts) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels", name);
    for (int64_t i = 0; i < count; ++i, texts += strlen(texts) + 1)
        starts[i] = texts;
    vae_status status = vae_label_values_of_texts(name, starts, count, labels, classes);
    for (int64_t i = 0; i < count && !status; ++i) {
        if (labels[i] < 0) status = vae_label_values_refuse(name, i, starts[i]);
    }
    free(starts);
    return status;
}

static vae_status read_texts(vae_source *source, int64_t count, int32_t *labels, vae_classes *classes)
{
    char *texts = NULL;
    size_t size;
    FILE *stream = open_memstream(&texts, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels", source->name);
    vae_status status = read_items(source->numbers, count, take_text, stream);
    const bool failed = ferror(stream) != 0;
    if ((fclose(stream) != 0 || failed) && !status) {
        status = vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels", source->name);
    }
    if (!status) status = number_texts(source->name, texts, count, labels, classes);
    free(texts);
    return status;
}

vae_status vae_label_array_read(vae_source *source, int64_t count, int32_t *labels, vae_classes *classes)
{
    const bool texts = strchr("US", source->numbers->type.kind) != NULL;
    VAE_TRY((texts ? read_texts : read_numbers)(source, count, labels, classes));
    return count == source->count ? vae_numbers_finish(source->numbers) : VAE_OK;
}
