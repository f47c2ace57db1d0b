/* Writes a .npy file row by row; the header, whose size is known from the start, comes last. */
#include "core/npy_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/npy_header.h"

struct vae_npy_writer {
    vae_file_stream *stream;
    const char *path; /* borrowed */
    int rank;
    int64_t sizes[VAE_NPY_MAX_RANK]; /* [0]: rows so far */
    size_t row, header_size;         /* numbers a row; bytes */
};

static vae_status write_header(vae_npy_writer *writer)
{
    uint8_t header[VAE_NPY_HEADER_SIZE];
    size_t size;
    /* More rows than were expected might need a larger one. */
    vae_npy_header_make("<f4", writer->rank, writer->sizes, writer->header_size, header, &size);
    if (writer->header_size && size != writer->header_size) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %" PRId64 " rows are far more than were expected", writer->path,
                             writer->sizes[0]);
    }
    writer->header_size = size;
    return vae_file_stream_write(writer->stream, header, size);
}

vae_status vae_npy_writer_open(const char *path, int rank, const int64_t *sizes, vae_npy_writer **writer)
{
    vae_npy_writer *made = calloc(1, sizeof *made);
    *writer = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    made->path = path;
    made->rank = rank;
    made->row = 1;
    for (int i = 0; i < rank; ++i) {
        made->sizes[i] = sizes[i];
        if (i > 0) made->row *= (size_t)sizes[i];
    }
    vae_status status = vae_file_stream_open(path, &made->stream);
    if (!status) status = write_header(made);
    made->sizes[0] = 0;
    if (status) {
        vae_npy_writer_abandon(made);
        return status;
    }
    *writer = made;
    return VAE_OK;
}

vae_status vae_npy_writer_add(vae_npy_writer *writer, const float *values, int64_t rows)
{
    writer->sizes[0] += rows;
    return vae_file_stream_write(writer->stream, values, (size_t)rows * writer->row * sizeof *values);
}

vae_status vae_npy_writer_finish(vae_npy_writer *writer)
{
    vae_status status = VAE_OK;
    if (fseeko(vae_file_stream_handle(writer->stream), 0, SEEK_SET) != 0) {
        status = vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", writer->path, strerror(errno));
    }
    if (!status) status = write_header(writer);
    if (status) {
        vae_npy_writer_abandon(writer);
        return status;
    }
    status = vae_file_stream_commit(writer->stream);
    free(writer);
    return status;
}

void vae_npy_writer_abandon(vae_npy_writer *writer)
{
    if (!writer) return;
    vae_file_stream_abandon(writer->stream);
    free(writer);
}
