/* Labels in an array: IDX, NPY or NPZ. */
#ifndef VAE_DATA_LABEL_ARRAY_H
#define VAE_DATA_LABEL_ARRAY_H

#include "data/format.h"

/* Reads the first `count` labels of a source that was opened for them, numbers of any type or NumPy's texts (U and S),
 * and makes classes of them, as label_values.h says: labels [count]. VAE_ERROR_FORMAT, by its row, for what is no whole
 * number, one that 64 bits with a sign do not hold, or a text that is not Unicode; what reading gives. *classes, empty
 * before, may hold some names after a failure. */
vae_status vae_label_array_read(vae_source *source, int64_t count, int32_t *labels, vae_classes *classes);

#endif
