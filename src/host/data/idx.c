/* IDX, the format of MNIST's files: magic 0 0 <type> <rank>, big-endian sizes, then the numbers. zlib reads plain and
 * gzip files alike. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "data/dataset.h"

enum { UNSIGNED_BYTE = 0x08, MAX_IDX_RANK = 4 };

/* More than any data set that fits this program's memory; larger products are damage, not data. */
#define MAX_IDX_BYTES ((int64_t)1 << 40)

/* Memory grows in pieces of this size, so a header that promises more than the file holds costs nothing. */
#define PIECE_BYTES ((int64_t)64 << 20)

typedef struct idx_file {
    gzFile stream;
    const char *path;
    int rank;
    int64_t sizes[MAX_IDX_RANK];
} idx_file;

static vae_status open_file(const char *path, idx_file *file)
{
    struct stat information;
    *file = (idx_file){.path = path};
    if (stat(path, &information) != 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (S_ISDIR(information.st_mode)) return vae_error_set(VAE_ERROR_FORMAT, "%s: is a folder, not an IDX file", path);
    file->stream = gzopen(path, "rb");
    if (!file->stream) return vae_error_set(VAE_ERROR_CONFIG, "%s: cannot be opened: %s", path, strerror(errno));
    gzbuffer(file->stream, 1 << 17);
    return VAE_OK;
}

/* Reads as much as there is, up to `wanted`. A damaged gzip stream is an error, an early end is not. */
static vae_status read_bytes(const idx_file *file, void *target, int64_t wanted, int64_t *found)
{
    *found = 0;
    while (*found < wanted) {
        const int64_t rest = wanted - *found;
        const int step = gzread(file->stream, (char *)target + *found, (unsigned)(rest < 1 << 24 ? rest : 1 << 24));
        if (step < 0) {
            int code;
            const char *reason = gzerror(file->stream, &code);
            return vae_error_set(code == Z_ERRNO ? VAE_ERROR_IO : VAE_ERROR_FORMAT,
                                 "%s: damaged after %" PRId64 " bytes: %s", file->path, *found,
                                 code == Z_ERRNO ? strerror(errno) : reason);
        }
        if (step == 0) break;
        *found += step;
    }
    /* gzread gives what it has of a file cut short; gzerror tells. */
    int code;
    gzerror(file->stream, &code);
    if (code == Z_BUF_ERROR) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: the gzip stream is cut short", file->path);
    }
    return VAE_OK;
}

static vae_status read_magic(const idx_file *file, int *rank)
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
            return vae_error_set(VAE_ERROR_FORMAT, "%s: ends inside its header", file->path);
        }
        file->sizes[i] = (int64_t)size[0] << 24 | (int64_t)size[1] << 16 | (int64_t)size[2] << 8 | size[3];
        if (file->sizes[i] == 0) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: size %d of its header is 0", file->path, i + 1);
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
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has %d dimensions, but %s have %s", file->path, rank,
                             lowest_rank == 1 ? "labels" : "images", lowest_rank == 1 ? "1" : "3 or 4");
    }
    file->rank = rank;
    return read_sizes(file);
}

/* Reads `wanted` bytes into memory that grows as they come. */
static vae_status read_body(const idx_file *file, int64_t wanted, uint8_t **body)
{
    uint8_t *bytes = NULL;
    int64_t have = 0;
    while (have < wanted) {
        const int64_t target = wanted - have < PIECE_BYTES ? wanted : have + PIECE_BYTES;
        uint8_t *grown = realloc(bytes, (size_t)target);
        int64_t found = 0;
        vae_status status =
            grown ? VAE_OK
                  : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory at %" PRId64 " bytes", file->path, have);
        if (grown) bytes = grown;
        if (!status) status = read_bytes(file, bytes + have, target - have, &found);
        if (!status && have + found < target) {
            status = vae_error_set(VAE_ERROR_FORMAT,
                                   "%s: its header promises %" PRId64 " bytes of data, but only %" PRId64 " are there",
                                   file->path, wanted, have + found);
        }
        if (status) {
            free(bytes);
            return status;
        }
        have = target;
    }
    *body = bytes;
    return VAE_OK;
}

/* At the end of a file that was read whole there must be nothing more. */
static vae_status check_end(const idx_file *file)
{
    uint8_t extra;
    int64_t found;
    VAE_TRY(read_bytes(file, &extra, 1, &found));
    if (found == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds more data than its header promises", file->path);
}

static vae_status read_images(idx_file *file, int64_t limit, vae_dataset *dataset)
{
    VAE_TRY(read_header(file, 3, 4));
    const int64_t count = limit > 0 && limit < file->sizes[0] ? limit : file->sizes[0];
    const int64_t channels = file->rank == 4 ? file->sizes[3] : 1;
    const int64_t elements = file->sizes[1] * file->sizes[2] * channels;
    uint8_t *pixels;
    VAE_TRY(read_body(file, count * elements, &pixels));
    const vae_status status = count == file->sizes[0] ? check_end(file) : VAE_OK;
    if (status) {
        free(pixels);
        return status;
    }
    *dataset = (vae_dataset){
        .pixels = pixels, .count = count, .height = file->sizes[1], .width = file->sizes[2], .channels = channels};
    return VAE_OK;
}

vae_status vae_idx_read_images(const char *path, int64_t limit, vae_dataset *dataset)
{
    idx_file file;
    *dataset = (vae_dataset){0};
    VAE_TRY(open_file(path, &file));
    const vae_status status = read_images(&file, limit, dataset);
    gzclose(file.stream);
    return status;
}

static vae_status read_labels(idx_file *file, int64_t limit, vae_dataset *dataset)
{
    VAE_TRY(read_header(file, 1, 1));
    const bool enough = limit > 0 ? file->sizes[0] >= dataset->count : file->sizes[0] == dataset->count;
    if (!enough) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: holds %" PRId64 " labels for %" PRId64 " images", file->path,
                             file->sizes[0], dataset->count);
    }
    VAE_TRY(read_body(file, dataset->count, &dataset->labels));
    return VAE_OK;
}

vae_status vae_idx_read_labels(const char *path, int64_t limit, vae_dataset *dataset)
{
    idx_file file;
    VAE_TRY(open_file(path, &file));
    const vae_status status = read_labels(&file, limit, dataset);
    gzclose(file.stream);
    return status;
}

vae_status vae_idx_read_shape(const char *path, int64_t shape[4])
{
    idx_file file;
    VAE_TRY(open_file(path, &file));
    const vae_status status = read_header(&file, 3, 4);
    gzclose(file.stream);
    if (status) return status;
    for (int i = 0; i < 4; ++i)
        shape[i] = i < file.rank ? file.sizes[i] : 1;
    return VAE_OK;
}
