/* What every backend checks once, before kernels run that cannot report it. */
#ifndef VAE_BACKEND_CHECK_H
#define VAE_BACKEND_CHECK_H

#include "backend/backend.h"
#include "core/permutation.h"

/* That the program is planned, that its gathers have a data set of their width and type, and its training ops a
 * training store. `column` may be NULL. */
vae_status vae_check_program(const vae_program *program, const vae_column *column, bool training_store);

/* What a program that reads a data set takes of it. */
typedef struct vae_data_places {
    int64_t rows;       /* of a batch */
    int64_t count;      /* places that an epoch goes through: all items, or those of a bucket of sequences */
    uint64_t bucket;    /* its number; 0 where there are no buckets */
    bool rows_may_lack; /* a step may have fewer rows (vae_step.rows) */
} vae_data_places;
vae_data_places vae_data_places_of(const vae_program *program, const vae_column *column);
/* The order in which an epoch goes through them. */
vae_permutation vae_data_permutation(const vae_program *program, const vae_column *column, const vae_step *step);

/* That the rows a step asks for are in the data set. */
vae_status vae_check_rows(const vae_program *program, const vae_column *column, const vae_step *step);

/* That entry `position` of an index is the number of one of `rows` rows. */
vae_status vae_check_index(double index, int64_t position, int64_t rows);
/* That the target of a step of a row is an id of a vocabulary. */
vae_status vae_check_token(double id, int64_t step, int64_t row, int64_t vocabulary);
/* That a pen is in one of its states. */
vae_status vae_check_pen(double down, double up, double end, int64_t step, int64_t row);

#endif
