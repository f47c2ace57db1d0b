/* zlib reads plain and gzip files alike. */
#include "data/gzip_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

vae_status vae_gzip_open(const char *path, vae_gzip_file *file)
{
    *file = (vae_gzip_file){.name = path};
    errno = 0;
    file->stream = gzopen(path, "rbe");
    if (!file->stream) {
        const char *reason = strerror(errno ? errno : ENOMEM);
        return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: %s", path, reason);
    }
    gzbuffer(file->stream, 1 << 17);
    return VAE_OK;
}

void vae_gzip_close(vae_gzip_file *file)
{
    gzclose(file->stream);
}

static vae_status read_failure(const vae_gzip_file *file)
{
    int code;
    const char *reason = gzerror(file->stream, &code);
    const size_t prefix = strlen(file->name);
    /* zlib's own message begins with the path. */
    if (strncmp(reason, file->name, prefix) == 0 && strncmp(reason + prefix, ": ", 2) == 0) reason += prefix + 2;
    if (code == Z_MEM_ERROR) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", file->name);
    if (code == Z_ERRNO) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be read after %" PRId64 " bytes: %s", file->name, file->position,
                             reason);
    }
    return vae_error_set(VAE_ERROR_FORMAT, "%s: the gzip stream is damaged after %" PRId64 " bytes of its content: %s",
                         file->name, file->position, reason);
}

/* What is decoded beyond what was asked for: bytes before the place where the stream breaks off. */
static bool has_more(gzFile stream)
{
    const int next = gzgetc(stream);
    if (next >= 0) gzungetc(next, stream);
    return next >= 0;
}

vae_status vae_gzip_read(vae_gzip_file *file, void *target, int64_t wanted, int64_t *found)
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
    /* gzread gives what it has of a file cut short; gzerror tells, as soon as the end has been seen. */
    int code;
    gzerror(file->stream, &code);
    if (code == Z_BUF_ERROR && !has_more(file->stream)) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: the gzip stream is cut short, after %" PRId64 " bytes of its content", file->name,
                             file->position);
    }
    return VAE_OK;
}

vae_status vae_gzip_rewind(vae_gzip_file *file, int64_t position)
{
    if (gzseek(file->stream, position, SEEK_SET) < 0) return read_failure(file);
    file->position = position;
    return VAE_OK;
}

bool vae_gzip_is_plain(const vae_gzip_file *file)
{
    return gzdirect(file->stream) != 0;
}
