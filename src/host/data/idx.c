/* IDX, the format of MNIST's files: magic 0 0 <type> <rank>, big-endian sizes, then the numbers. zlib reads plain and
 * gzip files alike. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/format.h"

enum { UNSIGNED_BYTE = 0x08, MAX_IDX_RANK = 4 };

/* More than any data set that fits this program's memory; larger products are damage, not data. */
#define MAX_IDX_BYTES (INTPTR_MAX < INT64_C(1) << 40 ? (int64_t)INTPTR_MAX : INT64_C(1) << 40)

typedef struct idx_file {
    gzFile stream;
    const char *path;
    int64_t position; /* bytes read so far, uncompressed */
    int rank;
    int64_t sizes[MAX_IDX_RANK];
} idx_file;

static vae_status open_file(const char *path, idx_file *file)
{
    *file = (idx_file){.path = path};
    errno = 0;
    file->stream = gzopen(path, "rbe");
    if (!file->stream) {
        const char *reason = strerror(errno ? errno : ENOMEM);
        return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: %s", path, reason);
    }
    gzbuffer(file->stream, 1 << 17);
    return VAE_OK;
}

static vae_status read_failure(const idx_file *file)
{
    int code;
    const char *reason = gzerror(file->stream, &code);
    const size_t prefix = strlen(file->path);
    /* zlib's own message begins with the path. */
    if (strncmp(reason, file->path, prefix) == 0 && strncmp(reason + prefix, ": ", 2) == 0) reason += prefix + 2;
    if (code == Z_MEM_ERROR) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", file->path);
    if (code == Z_ERRNO) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be read after %" PRId64 " bytes: %s", file->path, file->position,
                             reason);
    }
    return vae_error_set(VAE_ERROR_FORMAT, "%s: the gzip stream is damaged after %" PRId64 " bytes of its content: %s",
                         file->path, file->position, reason);
}

/* Reads as much as there is, up to `wanted`. A damaged or unfinished gzip stream is an error, an early end is not. */
static vae_status read_bytes(idx_file *file, void *target, int64_t wanted, int64_t *found)
{
    *found = 0;
    while (*found < wanted) {
        const int64_t rest = wanted - *found;
        const int step = gzread(file->stream, (char *)target + *found, (unsigned)(rest < 1 << 24 ? rest : 1 << 24));
        if (step < 0) return read_failure(file);
        if (step == 0) break;
        *found += step;
        file->position += step;
    }
    /* gzread gives what it has of a file cut short; gzerror tells. */
    int code;
    gzerror(file->stream, &code);
    if (code == Z_BUF_ERROR) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: the gzip stream is cut short, after %" PRId64 " bytes of its content", file->path,
                             file->position);
    }
    return VAE_OK;
}

static vae_status read_magic(idx_file *file, int *rank)
{
    uint8_t magic[4];
    int64_t found;
    VAE_TRY(read_bytes(file, magic, sizeof magic, &found));
    if (found < (int64_t)sizeof magic) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has %" PRId64 " bytes, too few for an IDX header", file->path,
                             found);
    }
    if (magic[0] || magic[1]) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: begins with %02x %02x %02x %02x, but an IDX file begins with 00 00",
                             file->path, magic[0], magic[1], magic[2], magic[3]);
    }
    if (magic[2] != UNSIGNED_BYTE) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: holds IDX type 0x%02x, but only unsigned bytes (0x08) are read",
                             file->path, magic[2]);
    }
    *rank = magic[3];
    return VAE_OK;
}

static vae_status read_sizes(idx_file *file)
{
    int64_t bytes = 1;
    for (int i = 0; i < file->rank; ++i) {
        uint8_t size[4];
        int64_t found;
        VAE_TRY(read_bytes(file, size, sizeof size, &found));
        if (found < (int64_t)sizeof size) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: ends inside its header, after %" PRId64 " bytes", file->path,
                                 file->position);
        }
        file->sizes[i] = (int64_t)size[0] << 24 | (int64_t)size[1] << 16 | (int64_t)size[2] << 8 | size[3];
        if (file->sizes[i] == 0) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: size %d of the %d in its header is 0", file->path, i + 1,
                                 file->rank);
        }
        if (file->sizes[i] > MAX_IDX_BYTES / bytes) {
            return vae_error_set(VAE_ERROR_FORMAT,
                                 "%s: the sizes in its header multiply to more than %" PRId64 " bytes", file->path,
                                 MAX_IDX_BYTES);
        }
        bytes *= file->sizes[i];
    }
    return VAE_OK;
}

static vae_status read_header(idx_file *file, int lowest_rank, int highest_rank)
{
    int rank = 0;
    VAE_TRY(read_magic(file, &rank));
    if (rank < lowest_rank || rank > highest_rank) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is an IDX file of rank %d, but %s", file->path, rank,
                             lowest_rank == 1 ? "labels are of rank 1" : "images are of rank 3 or 4");
    }
    file->rank = rank;
    return read_sizes(file);
}

/* The product cannot overflow: read_sizes has checked it. */
static int64_t promised_bytes(const idx_file *file)
{
    int64_t bytes = 1;
    for (int i = 0; i < file->rank; ++i)
        bytes *= file->sizes[i];
    return bytes;
}

static vae_status read_body(vae_source *source, uint8_t *bytes, int64_t count)
{
    idx_file *file = source->state;
    int64_t found;
    VAE_TRY(read_bytes(file, bytes, count, &found));
    if (found == count) return VAE_OK;
    const int64_t header = 4 + 4 * file->rank;
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: is cut short: its header promises %" PRId64 " bytes of data, but only %" PRId64
                         " are there",
                         file->path, promised_bytes(file), file->position - header);
}

/* At the end of a file that was read whole there must be nothing more. This also makes zlib compare its checksum. What
 * follows a finished gzip stream is not seen, as with other programs that read gzip. */
static vae_status check_end(vae_source *source)
{
    idx_file *file = source->state;
    uint8_t extra;
    int64_t found;
    VAE_TRY(read_bytes(file, &extra, 1, &found));
    if (found == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: goes on after the %" PRId64 " bytes of data that its header promises",
                         file->path, promised_bytes(file));
}

static void close_source(vae_source *source)
{
    idx_file *file = source->state;
    gzclose(file->stream);
    free(file);
}

static vae_status open_header(idx_file *file, const vae_request *request)
{
    const bool labels = request->content == VAE_CONTENT_LABELS;
    VAE_TRY(open_file(request->path, file));
    const vae_status status = read_header(file, labels ? 1 : 3, labels ? 1 : 4);
    if (status) gzclose(file->stream);
    return status;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    idx_file *file = malloc(sizeof *file);
    if (!file) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", request->path);
    const vae_status status = open_header(file, request);
    if (status) {
        free(file);
        return status;
    }
    file->path = source->name;
    source->state = file;
    if (gzdirect(file->stream)) source->plain_offset = file->position;
    vae_source_set_shape(source, file->rank, file->sizes);
    return VAE_OK;
}

/* Last in the table: what is nothing else is taken for IDX, and told what an IDX file begins with. */
static bool probe(const vae_probe *probe)
{
    (void)probe;
    return true;
}

const vae_format vae_format_idx = {
    .name = "IDX",
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
    .read = read_body,
    .finish = check_end,
};
