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
#define MAX_IDX_BYTES (INTPTR_MAX < INT64_C(1) << 40 ? (int64_t)INTPTR_MAX : INT64_C(1) << 40)

/* Memory grows with what has been read, by as much again but by no more than this, so a header that promises more than
 * the file holds costs next to nothing. */
#define FIRST_PIECE_BYTES (INT64_C(1) << 20)
#define LAST_PIECE_BYTES (INT64_C(64) << 20)

typedef struct idx_file {
    gzFile stream;
    const char *path;
    int64_t position; /* bytes read so far, uncompressed */
    int rank;
    int64_t sizes[MAX_IDX_RANK];
} idx_file;

/* Files that the shipped configurations name are there once a script has fetched them. */
static const char *missing_hint(const char *path, int reason)
{
    if (reason != ENOENT) return "";
    if (strstr(path, "data/mnist/")) return "; scripts/get-data mnist puts it there";
    if (strstr(path, "data/fashion/")) return "; scripts/get-data fashion puts it there";
    return "";
}

static vae_status cannot_open(const char *path, int reason)
{
    return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: %s%s", path, strerror(reason), missing_hint(path, reason));
}

static vae_status open_file(const char *path, idx_file *file)
{
    struct stat information;
    *file = (idx_file){.path = path};
    if (stat(path, &information) != 0) return cannot_open(path, errno);
    if (S_ISDIR(information.st_mode)) return vae_error_set(VAE_ERROR_FORMAT, "%s: is a folder, not an IDX file", path);
    /* Opening a pipe that nobody writes to would wait for ever. */
    if (!S_ISREG(information.st_mode)) return vae_error_set(VAE_ERROR_FORMAT, "%s: is no regular file", path);
    errno = 0;
    file->stream = gzopen(path, "rbe");
    if (!file->stream) return cannot_open(path, errno ? errno : ENOMEM);
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

static int64_t next_size(int64_t have, int64_t wanted)
{
    int64_t piece = have < FIRST_PIECE_BYTES ? FIRST_PIECE_BYTES : have;
    if (piece > LAST_PIECE_BYTES) piece = LAST_PIECE_BYTES;
    return wanted - have < piece ? wanted : have + piece;
}

/* Reads `wanted` bytes into memory that grows as they come. */
static vae_status read_body(idx_file *file, int64_t wanted, uint8_t **body)
{
    uint8_t *bytes = NULL;
    int64_t have = 0;
    while (have < wanted) {
        const int64_t target = next_size(have, wanted);
        uint8_t *grown = realloc(bytes, (size_t)target);
        int64_t found = 0;
        vae_status status =
            grown ? VAE_OK
                  : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory at %" PRId64 " bytes", file->path, have);
        if (grown) bytes = grown;
        if (!status) status = read_bytes(file, bytes + have, target - have, &found);
        if (!status && have + found < target) {
            status = vae_error_set(VAE_ERROR_FORMAT,
                                   "%s: is cut short: its header promises %" PRId64 " bytes of data, but only %" PRId64
                                   " are there",
                                   file->path, promised_bytes(file), have + found);
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

/* At the end of a file that was read whole there must be nothing more. This also makes zlib compare its checksum. What
 * follows a finished gzip stream is not seen, as with other programs that read gzip. */
static vae_status check_end(idx_file *file)
{
    uint8_t extra;
    int64_t found;
    VAE_TRY(read_bytes(file, &extra, 1, &found));
    if (found == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: goes on after the %" PRId64 " bytes of data that its header promises",
                         file->path, promised_bytes(file));
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
        .pixels = pixels,
        .count = count,
        .height = file->sizes[1],
        .width = file->sizes[2],
        .channels = channels,
        .stored = file->sizes[0],
    };
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
    const int64_t labels = file->sizes[0], images = dataset->stored ? dataset->stored : dataset->count;
    const bool exact = dataset->stored || limit == 0;
    if (labels < images || (exact && labels > images)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: holds %" PRId64 " labels for %" PRId64 " images", file->path,
                             labels, images);
    }
    uint8_t *bytes = NULL;
    VAE_TRY(read_body(file, dataset->count, &bytes));
    const vae_status status = dataset->count == labels ? check_end(file) : VAE_OK;
    if (status) {
        free(bytes);
        return status;
    }
    dataset->labels = bytes;
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
