/* What every backend checks once, before kernels run that cannot report it. */
#ifndef VAE_BACKEND_CHECK_H
#define VAE_BACKEND_CHECK_H

#include "backend/backend.h"

/* That the program is planned, that its gathers have a data set of their width and type, and its training ops a
 * training store. `column` may be NULL. */
vae_status vae_check_program(const vae_program *program, const vae_column *column, bool training_store);

/* That the rows a step asks for are in the data set. */
vae_status vae_check_rows(const vae_program *program, const vae_column *column, const vae_step *step);

/* That entry `position` of an index is the number of one of `rows` rows. */
vae_status vae_check_index(double index, int64_t position, int64_t rows);

#endif
