/* Folders that hold the parts of a data set in folders of their own. */
#ifndef VAE_DATA_PART_FOLDER_H
#define VAE_DATA_PART_FOLDER_H

#include <stdbool.h>

#include "config/config.h"

/* Where the files of a part, "train", "validation" or "test", are: in the subfolder of its name, or called "valid", or,
 * where there is none and of part NULL, in the folder itself, and false. */
bool vae_part_folder(const char *path, const char *part, char found[VAE_PATH_SIZE]);

#endif
