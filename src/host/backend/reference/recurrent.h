/* What the reference's recurrent cells share. Each takes a sequence at a time, from its first step read to its last. */
#ifndef VAE_BACKEND_REFERENCE_RECURRENT_H
#define VAE_BACKEND_REFERENCE_RECURRENT_H

#include "backend/reference/kernels.h"

/* The sizes of an op, and how it goes through a sequence. */
typedef struct vae_reference_sequences {
    int64_t steps, rows, hidden, gates; /* gates: columns, 4H or 3H */
    bool reverse;
    const double *lengths; /* or NULL */
} vae_reference_sequences;

/* `gates` and `lengths` are positions of inputs. */
vae_reference_sequences vae_reference_sequences_of(const vae_call *call, int gates, int lengths);
int64_t vae_reference_recurrent_length(const vae_reference_sequences *r, int64_t row);
/* The row of a matrix [steps·rows, …] that holds what sequence `row` has at the `order`th of its `length` steps to be
 * read. */
int64_t vae_reference_recurrent_at(const vae_reference_sequences *r, int64_t row, int64_t length, int64_t order);
/* Row `row` of values [rows, columns], or NULL where values is. */
double *vae_reference_row(void *values, int64_t row, int64_t columns);
/* sums += state [hidden] · weight [hidden, columns], and state += sums · weightᵀ. */
void vae_reference_add_product(const double *state, const double *weight, int64_t hidden, int64_t columns,
                               double *sums);
void vae_reference_add_transposed(const double *sums, const double *weight, int64_t hidden, int64_t columns,
                                  double *state);
/* d_weight [hidden, columns] += stateᵀ · d_sums. */
void vae_reference_add_outer(const double *state, const double *d_sums, int64_t hidden, int64_t columns,
                             double *d_weight);
/* target += source, or target = source, 0 where source is NULL; nothing where target is. */
void vae_reference_add_row(const double *source, int64_t count, double *target);
void vae_reference_set_row(const double *source, int64_t count, double *target);

#endif
