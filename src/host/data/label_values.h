/* Labels as files hold them, whole numbers or names, become classes. */
#ifndef VAE_DATA_LABEL_VALUES_H
#define VAE_DATA_LABEL_VALUES_H

#include <stdbool.h>

#include "data/classes.h"

/* Labels whose classes have no names are numbers below this, and are shown as such. */
enum { VAE_PLAIN_LABELS = 256 };

/* The class of each row: labels [count]. Where all values are 0 to 255 they are the labels, and *classes, which is
 * empty, stays so. Else each value that occurs is a class, in ascending order, called by its digits.
 * VAE_ERROR_MEMORY, with `name` in the message. */
vae_status vae_label_values_of_numbers(const char *name, const int64_t *values, int64_t count, int32_t *labels,
                                       vae_classes *classes);

/* The same of texts. If none is anything but a number, they are taken as numbers: whole ones may have decimals that are
 * zeros, "3.0". Else each text that occurs is a class, in the order of strcmp. A row whose text is empty, or, of
 * numbers, one that is not whole, has label -1, see vae_label_values_refuse(). */
vae_status vae_label_values_of_texts(const char *name, const char *const *texts, int64_t count, int32_t *labels,
                                     vae_classes *classes);
/* VAE_ERROR_FORMAT, saying what is wrong with row `row` (from 0), whose label is -1. */
vae_status vae_label_values_refuse(const char *name, int64_t row, const char *text);
/* Whether all are numbers, or empty: as texts are looked at above. */
bool vae_label_values_are_numbers(const char *const *texts, int64_t count);

/* Gives labels that have no names, as above, names: each number that occurs is a class. */
vae_status vae_label_values_name(const char *name, int64_t count, int32_t *labels, vae_classes *classes);

#endif
