/* How an array of stored numbers becomes images: which index is which, and what order they come in. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "data/format.h"

/* ---- Shape ---- */

static vae_status wrong_shape(const vae_numbers *numbers, const char *what)
{
    char shape[256] = "";
    int used = 0;
    for (int i = 0; i < numbers->rank; ++i)
        used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%" PRId64, i ? ", " : "", numbers->sizes[i]);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is of shape [%s], %s", numbers->name, shape, what);
}

static bool is_channels_first(const vae_request *request)
{
    return request->options->layout == VAE_CHANNELS_FIRST;
}

/* Pictures have at most four channels, and more pixels than that a side. */
static vae_status check_layout(const vae_numbers *numbers, const vae_request *request)
{
    const int64_t *sizes = numbers->sizes;
    const bool like_first = sizes[1] <= 4 && sizes[3] > 4, like_last = sizes[3] <= 4 && sizes[1] > 4;
    if (!is_channels_first(request) && like_first) {
        return wrong_shape(numbers, "which looks like [n, c, h, w]; [data] layout = channels_first reads it as that, "
                                    "else channels come last: [n, h, w, c]");
    }
    if (is_channels_first(request) && like_last) {
        return wrong_shape(numbers, "which looks like [n, h, w, c], but [data] layout is channels_first: [n, c, h, w]");
    }
    return VAE_OK;
}

vae_status vae_numbers_check_shape(const vae_numbers *numbers, const vae_request *request)
{
    const int rank = numbers->rank;
    if (numbers->labels) {
        if (rank != 1 && !(rank == 2 && numbers->sizes[1] == 1)) {
            return wrong_shape(numbers, "but labels are [n], a whole number an image");
        }
    } else if (rank < 2) {
        return wrong_shape(numbers, "but images are [n, h, w], [n, h, w, c] or [n, d]");
    }
    if (numbers->count == 0) return wrong_shape(numbers, "so it is empty");
    return rank == 4 ? check_layout(numbers, request) : VAE_OK;
}

void vae_source_set_numbers(vae_source *source, vae_numbers *numbers, const vae_request *request)
{
    const int rank = numbers->rank;
    const bool first = rank == 4 && is_channels_first(request);
    vae_array_order order = vae_array_order_make(rank, numbers->sizes, numbers->fortran);
    if (first) vae_array_order_move(&order, 1, 3);
    source->numbers = numbers;
    source->count = order.sizes[0];
    const bool images = rank == 3 || rank == 4;
    source->height = images ? order.sizes[1] : 1;
    source->width = images ? order.sizes[2] : source->count > 0 ? numbers->count / source->count : 0;
    source->channels = rank == 4 ? order.sizes[3] : 1;
    if (numbers->fortran && rank > 1) {
        source->block = numbers->count;
    } else if (first && source->channels > 1) {
        /* Each image can be brought to order by itself. */
        source->block = numbers->count / source->count;
        order.sizes[0] = 1;
    }
    source->order = order;
    if (source->block) source->plain_offset = 0;
}

/* ---- Levels ---- */

static vae_status choose_type(vae_source *source, const vae_read_options *options, int64_t count)
{
    const char *key = vae_transform_key(&options->transform);
    const bool as_stored = !key;
    bool levels = options->store == VAE_STORE_BYTES || !as_stored;
    if (options->store == VAE_STORE_FLOAT32 && !as_stored) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "%s: its numbers are kept as they are, in float32, so they cannot be cropped, resized or "
                             "given other channels, which %s asks for",
                             source->name, key);
    }
    if (options->store == VAE_STORE_AUTO && as_stored) {
        VAE_TRY(vae_numbers_look_like_levels(source->numbers, count, &levels));
    }
    source->dtype = levels ? VAE_UINT8 : VAE_FLOAT32;
    if (options->store == VAE_STORE_AUTO && source->numbers->rank == 2) source->numbers->transformed_by = key;
    source->numbers->raw = !levels;
    return VAE_OK;
}

vae_status vae_source_examine(vae_source *source, const vae_read_options *options, int64_t images, int *largest)
{
    vae_numbers *numbers = source->numbers;
    const int64_t elements = numbers->count / source->count;
    const int64_t count = source->block > elements ? numbers->count : images * elements;
    numbers->binary = false; /* as stored */
    VAE_TRY(choose_type(source, options, count));
    *largest = VAE_NUMBERS_BRIGHT;
    if (source->dtype == VAE_FLOAT32 && !vae_numbers_are_bytes(numbers)) return VAE_OK;
    VAE_TRY(vae_numbers_largest(numbers, count, largest));
    numbers->binary = vae_numbers_are_integers(numbers) && *largest == 1;
    return VAE_OK;
}

static void tell_tally(vae_source *source, const vae_number_tally *tally)
{
    if (tally->rounded) {
        vae_remarks_add(&source->remarks, VAE_REMARK_ROUNDED, tally->rounded, "the largest error is %.3g",
                        tally->largest_rounding);
    }
    if (tally->clipped) {
        vae_remarks_add(&source->remarks, VAE_REMARK_CLIPPED, tally->clipped, "the farthest by %.3g",
                        tally->largest_clipping);
    }
}

void vae_source_tell_levels(vae_source *source, int64_t images, int largest)
{
    if (source->numbers) tell_tally(source, &source->numbers->tally);
    if (source->numbers && source->numbers->binary) {
        vae_remarks_add(&source->remarks, VAE_REMARK_BINARY, images, "1 is read as 255");
    } else if (largest == 0) {
        vae_remarks_add(&source->remarks, VAE_REMARK_DARK, images, "every pixel is 0");
    } else if (largest < VAE_NUMBERS_BRIGHT) {
        vae_remarks_add(&source->remarks, VAE_REMARK_DARK, images,
                        "no pixel is above %d of 255; if %d should be white, scale them so", largest, largest);
    }
}

/* ---- Order ---- */

enum { PIECE = 1 << 22 };

/* Memory grows as numbers come, and is asked for first: a whole array may be needed. */
static vae_status read_block(vae_source *source, bool floats)
{
    const int64_t width = floats ? (int64_t)sizeof(float) : 1;
    for (int64_t have = 0; have < source->block;) {
        const int64_t more = have < PIECE ? PIECE : have;
        const int64_t piece = source->block - have < more ? source->block - have : more;
        if (have > 0) VAE_TRY(vae_memory_check(source->name, (double)(piece * width)));
        void *grown = realloc(source->block_numbers, (size_t)((have + piece) * width));
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
        source->block_numbers = grown;
        VAE_TRY(floats ? vae_numbers_read_floats(source->numbers, (float *)grown + have, piece)
                       : vae_numbers_read(source->numbers, (uint8_t *)grown + have, piece));
        have += piece;
    }
    source->block_left = source->block;
    return VAE_OK;
}

vae_status vae_source_read_numbers(vae_source *source, uint8_t *bytes, int64_t count)
{
    if (source->block == 0) return vae_numbers_read(source->numbers, bytes, count);
    for (int64_t i = 0; i < count; ++i) {
        if (source->block_left == 0) VAE_TRY(read_block(source, false));
        bytes[i] = ((const uint8_t *)source->block_numbers)[vae_array_order_next(&source->order)];
        --source->block_left;
    }
    return VAE_OK;
}

vae_status vae_source_read_floats(vae_source *source, float *floats, int64_t count)
{
    if (source->block == 0) return vae_numbers_read_floats(source->numbers, floats, count);
    for (int64_t i = 0; i < count; ++i) {
        if (source->block_left == 0) VAE_TRY(read_block(source, true));
        floats[i] = ((const float *)source->block_numbers)[vae_array_order_next(&source->order)];
        --source->block_left;
    }
    return VAE_OK;
}
