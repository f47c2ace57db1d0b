/* Arrays of arrays as NumPy pickles them: what numpy.savez makes of a list of drawings, an object array whose elements
 * are arrays of numbers. A reader for exactly these, of any NumPy and Python: protocols 2 to 5, and of the objects that
 * a pickle can ask for only the few that such an array is made of, which are known here by name (data/pickle_numpy.c).
 * Nothing is ever imported or executed. */
#ifndef VAE_DATA_PICKLE_H
#define VAE_DATA_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/number_type.h"

enum { VAE_PICKLE_MAX_RANK = 4 };

/* An array of numbers. */
typedef struct vae_pickled_array {
    vae_number_type type;
    bool fortran; /* the first index is the fastest */
    int rank;
    int64_t sizes[VAE_PICKLE_MAX_RANK];
    const uint8_t *data; /* all of its numbers, without gaps */
} vae_pickled_array;

/* The elements of an object array of rank 1. */
typedef struct vae_pickle {
    const vae_pickled_array **arrays; /* [count] */
    int64_t count;
    struct vae_pickle_block *memory; /* what they lie in, where it is not the pickle itself */
} vae_pickle;

/* Reads the pickle in bytes [size], which must outlive what is read. Memory is at most a fixed multiple of `size`.
 * VAE_ERROR_FORMAT, where the pickle is damaged, holds anything else, or asks for anything but arrays: the message
 * begins with `name` and says at which byte, and what was asked for. On failure nothing is left to free. */
vae_status vae_pickle_read(const char *name, const uint8_t *bytes, size_t size, vae_pickle *pickle);
void vae_pickle_free(vae_pickle *pickle);

#endif
