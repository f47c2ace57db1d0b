/* Arrays as .npy or .csv. */
#include "cli/array_writer.h"

#include <stdlib.h>

#include "core/npy_writer.h"

/* One of the two. */
struct vae_array_writer {
    vae_npy_writer *npy;
    vae_csv_writer *csv;
};

static int64_t row_size(int rank, const int64_t *sizes)
{
    int64_t size = 1;
    for (int i = 1; i < rank; ++i)
        size *= sizes[i];
    return size;
}

vae_status vae_array_writer_open(const char *path, int rank, const int64_t *sizes, vae_csv_names names,
                                 vae_array_writer **writer)
{
    vae_array_writer *made = calloc(1, sizeof *made);
    *writer = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const vae_status status = vae_cli_file_kind(path, VAE_FILE_ARRAY) == VAE_FILE_CSV
                                  ? vae_csv_writer_open(path, names, row_size(rank, sizes), &made->csv)
                                  : vae_npy_writer_open(path, rank, sizes, &made->npy);
    if (status) {
        free(made);
        return status;
    }
    *writer = made;
    return VAE_OK;
}

vae_status vae_array_writer_add(vae_array_writer *writer, const float *values, int64_t rows)
{
    if (writer->npy) return vae_npy_writer_add(writer->npy, values, rows);
    vae_csv_writer_add(writer->csv, values, rows);
    return VAE_OK;
}

vae_status vae_array_writer_finish(vae_array_writer *writer)
{
    const vae_status status = writer->npy ? vae_npy_writer_finish(writer->npy) : vae_csv_writer_finish(writer->csv);
    free(writer);
    return status;
}

void vae_array_writer_abandon(vae_array_writer *writer)
{
    if (!writer) return;
    vae_npy_writer_abandon(writer->npy);
    vae_csv_writer_abandon(writer->csv);
    free(writer);
}
