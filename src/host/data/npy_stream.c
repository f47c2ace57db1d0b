/* What a .npy array's header says, held against what images and labels are. */
#include "data/npy_stream.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 1 << 16, MAX_TEXT = 1 << 12 };

static vae_status read_rest(vae_numbers *numbers, uint8_t *bytes, size_t have, size_t size, vae_npy_header *header)
{
    int64_t found = 0;
    if (size > have) VAE_TRY(numbers->read(numbers->context, bytes + have, (int64_t)(size - have), &found));
    return vae_npy_header_parse(numbers->name, bytes, have + (size_t)found, header);
}

vae_status vae_npy_stream_open(vae_numbers *numbers, vae_npy_header *header)
{
    uint8_t start[VAE_NPY_START_SIZE];
    int64_t found;
    size_t size;
    VAE_TRY(numbers->read(numbers->context, start, sizeof start, &found));
    VAE_TRY(vae_npy_header_measure(numbers->name, start, (size_t)found, &size));
    if (size > MAX_HEADER) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a readable .npy file: its header is of %zu bytes",
                             numbers->name, size);
    }
    uint8_t *bytes = malloc(size < sizeof start ? sizeof start : size);
    if (!bytes) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", numbers->name);
    memcpy(bytes, start, (size_t)found);
    const vae_status status = read_rest(numbers, bytes, (size_t)found, size, header);
    free(bytes);
    return status;
}

/* NumPy's texts: U, four bytes a character, and S, one. */
static bool parse_text_type(const char *numpy, vae_number_type *type)
{
    char as_number[] = "<u4", *end;
    if (!strchr("<>|=", numpy[0]) || (numpy[1] != 'U' && numpy[1] != 'S')) return false;
    const long length = strtol(numpy + 2, &end, 10);
    if (end == numpy + 2 || *end || length < 1 || length > MAX_TEXT) return false;
    as_number[0] = numpy[0];
    if (!vae_number_type_parse(as_number, type)) return false;
    type->kind = numpy[1];
    type->size = (int)length * (numpy[1] == 'U' ? 4 : 1);
    return true;
}

vae_status vae_npy_stream_check(vae_numbers *numbers, const vae_npy_header *header, const vae_request *request)
{
    numbers->labels = request->content == VAE_CONTENT_LABELS;
    numbers->rank = header->rank;
    memcpy(numbers->sizes, header->sizes, sizeof header->sizes);
    numbers->fortran = header->fortran_order;
    numbers->count = header->count;
    VAE_TRY(vae_numbers_check_shape(numbers, request));
    if (vae_number_type_parse(header->type, &numbers->type)) return VAE_OK;
    if (numbers->labels && parse_text_type(header->type, &numbers->type)) return VAE_OK;
    if (numbers->labels) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: holds labels of type '%s', but only numbers and texts of up to %d characters can be "
                             "read; save them with astype(int) or astype(str)",
                             numbers->name, header->type, MAX_TEXT);
    }
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: holds numbers of type '%s', but only integers, floats and booleans "
                         "can be read",
                         numbers->name, header->type);
}
