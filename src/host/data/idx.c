/* IDX, the format of MNIST's files, plain or gzip: magic 0 0 <type> <rank>, big-endian sizes, then the numbers. At the
 * end of a file that was read whole there must be nothing more; what follows a finished gzip stream is not seen, as
 * with other programs that read gzip. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/format.h"
#include "data/gzip_file.h"

/* More than any data set that fits this program's memory; larger products are damage, not data. */
#define MAX_IDX_BYTES (INTPTR_MAX < INT64_C(1) << 40 ? (int64_t)INTPTR_MAX : INT64_C(1) << 40)

typedef struct idx_file {
    vae_numbers numbers;
    vae_gzip_file file;
} idx_file;

static vae_status read_bytes(void *context, void *target, int64_t wanted, int64_t *found)
{
    idx_file *idx = context;
    return vae_gzip_read(&idx->file, target, wanted, found);
}

static vae_status rewind_file(void *context)
{
    idx_file *idx = context;
    return vae_gzip_rewind(&idx->file, 4 + 4 * idx->numbers.rank);
}

/* The type's code, and NumPy's name of it. */
static const struct {
    uint8_t code;
    const char *name;
} types[] = {{0x08, "|u1"}, {0x09, "|i1"}, {0x0B, ">i2"}, {0x0C, ">i4"}, {0x0D, ">f4"}, {0x0E, ">f8"}};

static vae_status find_type(idx_file *idx, uint8_t code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
        if (types[i].code != code) continue;
        vae_number_type_parse(types[i].name, &idx->numbers.type);
        return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: holds IDX type 0x%02x, but the format has only 0x08 (unsigned bytes), 0x09, 0x0b, 0x0c, "
                         "0x0d and 0x0e",
                         idx->file.name, code);
}

static vae_status read_magic(idx_file *idx)
{
    uint8_t magic[4];
    int64_t found;
    VAE_TRY(read_bytes(idx, magic, sizeof magic, &found));
    if (found < (int64_t)sizeof magic) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has %" PRId64 " bytes, too few for an IDX header", idx->file.name,
                             found);
    }
    VAE_TRY(find_type(idx, magic[2]));
    const int lowest = idx->numbers.labels ? 1 : 2, highest = idx->numbers.labels ? 1 : VAE_ARRAY_MAX_RANK;
    if (magic[3] < lowest || magic[3] > highest) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is an IDX file of rank %d, but %s", idx->file.name, magic[3],
                             lowest == 1 ? "labels are of rank 1" : "images are of rank 3 or 4, rows of rank 2");
    }
    idx->numbers.rank = magic[3];
    return VAE_OK;
}

static vae_status read_size(idx_file *idx, int64_t *size)
{
    uint8_t bytes[4];
    int64_t found;
    VAE_TRY(read_bytes(idx, bytes, sizeof bytes, &found));
    if (found < (int64_t)sizeof bytes) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: ends inside its header, after %" PRId64 " bytes", idx->file.name,
                             idx->file.position);
    }
    *size = (int64_t)bytes[0] << 24 | (int64_t)bytes[1] << 16 | (int64_t)bytes[2] << 8 | bytes[3];
    return VAE_OK;
}

static vae_status read_header(idx_file *idx)
{
    vae_numbers *numbers = &idx->numbers;
    VAE_TRY(read_magic(idx));
    numbers->count = 1;
    for (int i = 0; i < numbers->rank; ++i) {
        VAE_TRY(read_size(idx, &numbers->sizes[i]));
        if (numbers->sizes[i] == 0) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: size %d of the %d in its header is 0", idx->file.name, i + 1,
                                 numbers->rank);
        }
        if (numbers->sizes[i] > MAX_IDX_BYTES / numbers->count) {
            return vae_error_set(VAE_ERROR_FORMAT,
                                 "%s: the sizes in its header multiply to more than %" PRId64 " bytes", idx->file.name,
                                 MAX_IDX_BYTES);
        }
        numbers->count *= numbers->sizes[i];
    }
    return VAE_OK;
}

static void close_source(vae_source *source)
{
    idx_file *idx = source->state;
    vae_gzip_close(&idx->file);
    free(idx);
}

static vae_status open_header(vae_source *source, idx_file *idx, const vae_request *request)
{
    idx->numbers = (vae_numbers){.name = source->name,
                                 .context = idx,
                                 .read = read_bytes,
                                 .rewind = rewind_file,
                                 .labels = request->content == VAE_CONTENT_LABELS};
    VAE_TRY(read_header(idx));
    VAE_TRY(vae_numbers_check_shape(&idx->numbers, request));
    const bool bytes = idx->numbers.type.kind == 'u' && idx->numbers.type.size == 1;
    if (bytes && vae_gzip_is_plain(&idx->file)) source->plain_offset = idx->file.position;
    vae_source_set_numbers(source, &idx->numbers, request);
    return VAE_OK;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    idx_file *idx = calloc(1, sizeof *idx);
    if (!idx) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", request->path);
    vae_status status = vae_gzip_open(request->path, &idx->file);
    if (status) {
        free(idx);
        return status;
    }
    idx->file.name = source->name;
    source->state = idx;
    status = open_header(source, idx, request);
    if (status) close_source(source);
    return status;
}

/* Of a file of one byte, too, so that one cut short is named as what it was; videos of MP4's kind begin with zeros. */
static bool probe(const vae_probe *probe)
{
    const bool zeros = probe->size > 0 && probe->start[0] == 0 && probe->start[1] == 0;
    return zeros && memcmp(probe->start + 4, "ftyp", 4) != 0;
}

const vae_format vae_format_idx = {
    .name = "IDX",
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
};
