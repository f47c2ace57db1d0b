/* Finds the folder of a part. */
#include "data/part_folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"

bool vae_part_folder(const char *path, const char *part, char found[VAE_PATH_SIZE])
{
    const char *names[] = {part, part && strcmp(part, "validation") == 0 ? "valid" : NULL};
    struct stat information;
    for (int i = 0; i < 2; ++i) {
        if (!names[i] || vae_path_join(found, VAE_PATH_SIZE, path, names[i])) continue;
        if (!stat(found, &information) && S_ISDIR(information.st_mode)) return true;
    }
    snprintf(found, VAE_PATH_SIZE, "%s", path);
    return false;
}
