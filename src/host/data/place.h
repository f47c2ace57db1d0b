/* Where the paths of [data] are found: the one place that turns a path as it is written into a file. */
#ifndef VAE_DATA_PLACE_H
#define VAE_DATA_PLACE_H

#include "config/config.h"

/* Relative paths are looked for in this folder too, after the working directory and the folders that were added before.
 * One that is there already is not added, nor one that is "" or does not fit. */
void vae_place_add(vae_config *config, const char *folder);
/* The same of the folder that a configuration's file is in. */
void vae_place_add_beside(vae_config *config, const char *file);

enum { VAE_PLACE_NOTE = 3 * VAE_PATH_SIZE };

/* Writes to found[VAE_PATH_SIZE] where what a key of [data] names is: a relative path from the working directory, or
 * from the first of the configuration's places that has it; as it is written where none has, and for absolute paths.
 * note[VAE_PLACE_NOTE] gets what a user should know, that another of the places has something else of that name, or "".
 */
void vae_place_find(const vae_config *config, const char *path, char *found, char *note);
/* Ends a failure's message with where the path of that key was looked for, and how a new place is given, if nothing is
 * there. Gives `status`. */
vae_status vae_place_explain(const vae_config *config, vae_status status, const char *key, const char *path);
enum { VAE_PLACE_PATHS = 9 };

/* What keys of [data] name, as it is written, those alone that are given; gives their number. */
int vae_place_paths(const vae_config *config, const char *paths[VAE_PLACE_PATHS]);
/* Fails where a key of [data] names something that is not there, images, labels or attributes: before anything is read.
 */
vae_status vae_place_check_all(const vae_config *config);

/* Whether the key of [data], a name (or an alias) of so many characters, says where data are, not what: they may move.
 */
bool vae_place_is_key(const char *name, size_t length);

/* Writes the way from one folder to another, "../../data", both absolute; false where it does not fit. */
bool vae_place_way(const char *from, const char *to, char way[VAE_PATH_SIZE]);

#endif
