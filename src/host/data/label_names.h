/* Names for the classes of a run: from a file, and the same in both parts. */
#ifndef VAE_DATA_LABEL_NAMES_H
#define VAE_DATA_LABEL_NAMES_H

#include "data/dataset.h"

/* Names the classes of `dataset` by a text file. A name a line: line i is label i; where classes have names already,
 * each must be in the list, and labels are renumbered by it; or none is, and all are numbers of its lines. Or two
 * fields a line, separated by a comma: a label, or the name it has so far, and the name to show. Nothing happens where
 * there are no labels. VAE_ERROR_FORMAT for a class without a name; what reading gives. */
vae_status vae_label_names_apply(const char *path, vae_dataset *dataset);

/* Gives both parts the same names in the same order: labels of `test` are renumbered by those of `train`, and names
 * that only `test` has come after them. Numbers of one part are names where those of the other are numbers with names.
 * VAE_ERROR_CONFIG where the labels of one part are other names and those of the other are numbers, so that nothing
 * tells which is which. Nothing happens where a part has no labels. */
vae_status vae_label_names_join(vae_dataset *train, vae_dataset *test);

/* Names in the order of their numbers, as a file that vae_label_names_apply() takes. A line cannot hold a line's end,
 * in whose place a blank is written. */
vae_status vae_label_names_write(const char *path, const vae_classes *classes);
vae_status vae_label_names_read(const char *path, vae_classes *classes);

#endif
