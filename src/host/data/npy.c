/* One array in a .npy file, plain or gzip. */
#include <stdlib.h>
#include <string.h>

#include "data/gzip_file.h"
#include "data/npy_stream.h"

typedef struct npy_file {
    vae_numbers numbers;
    vae_gzip_file file;
    int64_t data_offset;
} npy_file;

static vae_status read_file(void *context, void *target, int64_t wanted, int64_t *found)
{
    npy_file *npy = context;
    return vae_gzip_read(&npy->file, target, wanted, found);
}

static vae_status rewind_file(void *context)
{
    npy_file *npy = context;
    return vae_gzip_rewind(&npy->file, npy->data_offset);
}

static void close_source(vae_source *source)
{
    npy_file *npy = source->state;
    vae_gzip_close(&npy->file);
    free(npy);
}

static vae_status open_array(vae_source *source, npy_file *npy, const vae_request *request)
{
    vae_npy_header header;
    vae_numbers *numbers = &npy->numbers;
    *numbers = (vae_numbers){.name = source->name, .context = npy, .read = read_file, .rewind = rewind_file};
    VAE_TRY(vae_npy_stream_open(numbers, &header));
    VAE_TRY(vae_npy_stream_check(numbers, &header, request));
    npy->data_offset = (int64_t)header.data_offset;
    const bool bytes = numbers->type.kind == 'u' && numbers->type.size == 1;
    if (bytes && vae_gzip_is_plain(&npy->file)) source->plain_offset = npy->data_offset;
    vae_source_set_numbers(source, numbers, request);
    return VAE_OK;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    npy_file *npy = calloc(1, sizeof *npy);
    if (!npy) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    vae_status status = vae_gzip_open(request->path, &npy->file);
    if (status) {
        free(npy);
        return status;
    }
    npy->file.name = source->name;
    source->state = npy;
    status = open_array(source, npy, request);
    if (status) close_source(source);
    return status;
}

static bool probe(const vae_probe *probe)
{
    return memcmp(probe->start, "\x93NUMPY", 6) == 0;
}

const vae_format vae_format_npy = {
    .name = "NPY",
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = vae_source_add_to_hash,
};
