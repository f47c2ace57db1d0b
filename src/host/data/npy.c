/* One array in a .npy file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/npy_stream.h"

typedef struct npy_file {
    vae_npy_stream stream; /* first: vae_npy_source_read() */
    FILE *file;
} npy_file;

static vae_status read_file(void *context, void *target, int64_t wanted, int64_t *found)
{
    npy_file *npy = context;
    *found = (int64_t)fread(target, 1, (size_t)wanted, npy->file);
    if (*found == wanted || !ferror(npy->file)) return VAE_OK;
    return vae_error_set(VAE_ERROR_IO, "%s: cannot be read: %s", npy->stream.name, strerror(errno));
}

static void close_source(vae_source *source)
{
    npy_file *npy = source->state;
    fclose(npy->file);
    free(npy);
}

static vae_status open_array(vae_source *source, npy_file *npy, vae_content content)
{
    npy->stream.name = source->name;
    npy->stream.context = npy;
    npy->stream.read = read_file;
    VAE_TRY(vae_npy_stream_open(&npy->stream));
    VAE_TRY(vae_npy_stream_check(&npy->stream, content));
    if (strcmp(npy->stream.header.type, "|u1") == 0) source->plain_offset = (int64_t)npy->stream.header.data_offset;
    vae_source_set_shape(source, npy->stream.header.rank, npy->stream.header.sizes);
    return VAE_OK;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    npy_file *npy = calloc(1, sizeof *npy);
    if (!npy) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    npy->file = fopen(request->path, "rbe");
    if (!npy->file) {
        free(npy);
        return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: %s", request->path, strerror(errno));
    }
    source->state = npy;
    const vae_status status = open_array(source, npy, request->content);
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
    .read = vae_npy_source_read,
    .finish = vae_npy_source_finish,
};
