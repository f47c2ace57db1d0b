/* Maps files to read, and scratch files that have no name and so go with the process. */
#define _GNU_SOURCE /* mkostemp, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include "data/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "core/file.h"

static vae_status map(int file, const char *path, size_t bytes, int protection, vae_mapping *mapping)
{
    void *start = mmap(NULL, bytes, protection, MAP_SHARED, file, 0);
    if (start == MAP_FAILED) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be mapped to memory: %s", path, strerror(errno));
    }
    *mapping = (vae_mapping){.start = start, .bytes = bytes};
    return VAE_OK;
}

vae_status vae_mapping_open(int file, const char *path, vae_mapping *mapping)
{
    struct stat information;
    *mapping = (vae_mapping){0};
    if (fstat(file, &information)) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    }
    return map(file, path, (size_t)information.st_size, PROT_READ, mapping);
}

vae_status vae_mapping_scratch(const char *folder, size_t bytes, vae_mapping *mapping)
{
    char path[2 * VAE_PATH_SIZE];
    *mapping = (vae_mapping){0};
    VAE_TRY(vae_path_join(path, sizeof path, folder, "scratch-XXXXXX"));
    const int file = mkostemp(path, O_CLOEXEC);
    if (file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be created: %s", path, strerror(errno));
    unlink(path);
    /* Room is taken now: a disk that fills up later would end the process with SIGBUS. */
    const int reason = posix_fallocate(file, 0, (off_t)bytes);
    const vae_status status =
        reason ? vae_error_set(VAE_ERROR_IO, "%s: no room for %zu bytes: %s", folder, bytes, strerror(reason))
               : map(file, path, bytes, PROT_READ | PROT_WRITE, mapping);
    close(file);
    return status;
}

void vae_mapping_close(vae_mapping *mapping)
{
    if (mapping->start) munmap(mapping->start, mapping->bytes);
    *mapping = (vae_mapping){0};
}
