/* The numbers of one array that comes as a stream, from a file of its own or out of an archive, as bytes or floats. */
#ifndef VAE_DATA_NUMBERS_H
#define VAE_DATA_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/array_order.h"
#include "core/error.h"
#include "core/number_type.h"

enum { VAE_NUMBERS_STAGING = 1 << 16, VAE_NUMBERS_BRIGHT = 128 };

/* What became of numbers that are not just what a byte holds. */
typedef struct vae_number_tally {
    int64_t rounded, clipped; /* how many */
    double largest_rounding;  /* in units of [0, 1] */
    double largest_clipping;  /* likewise, past the end of the range */
} vae_number_tally;

typedef struct vae_numbers {
    const char *name; /* begins each message */
    void *context;
    /* Reads up to `wanted` bytes; fewer only at the end. */
    vae_status (*read)(void *context, void *target, int64_t wanted, int64_t *found);
    vae_status (*rewind)(void *context); /* back to the first number */
    vae_number_type type; /* of labels also 'U', UTF-32, and 'S', bytes, each filled up with zeros to `size` bytes */
    bool labels;          /* else pixels */
    bool raw;             /* as floats: as they are stored, any that are finite; else as levels, in [0, 1] */
    bool binary;          /* integers that are all 0 or 1, as the reader has found: 1 becomes 255 */
    const char *transformed_by; /* key of [data] that makes levels of rows; NULL: none */
    int rank;                   /* as stored, */
    bool fortran;               /* in this order */
    int64_t sizes[VAE_ARRAY_MAX_RANK];
    int64_t count;          /* the sizes' product */
    int64_t done;           /* numbers read */
    vae_number_tally tally; /* of those */
    uint8_t staging[VAE_NUMBERS_STAGING];
} vae_numbers;

bool vae_numbers_are_integers(const vae_numbers *numbers);
/* The next `count` numbers as they are stored. VAE_ERROR_FORMAT where the stream ends early. */
vae_status vae_numbers_read_stored(vae_numbers *numbers, void *stored, int64_t count);
/* Whether each is a byte or a boolean, which are always levels. */
bool vae_numbers_are_bytes(const vae_numbers *numbers);
/* Whether the first `count` numbers look like the levels of images; then goes back to the first. Bytes and booleans do.
 * Of images, arrays of rank 3 and more, so do integers from 0 to 255 and floats in [0, 1]; of rows, arrays of rank 2,
 * only floats that are levels / 255. Where the stream ends early or is damaged, reading will tell. */
vae_status vae_numbers_look_like_levels(vae_numbers *numbers, int64_t count, bool *levels);
/* The next `count` numbers: integers from 0 to 255 as they are; booleans and floats in [0, 1] times 255, rounded, where
 * floats a little past the ends count as the ends. VAE_ERROR_FORMAT, saying which number and where, for others, and
 * where the stream ends early. */
vae_status vae_numbers_read(vae_numbers *numbers, uint8_t *bytes, int64_t count);
/* As levels: the same in [0, 1], floats as they are but for what is past the ends, others as bytes / 255. `raw`: bytes
 * and booleans so too, others as they are; VAE_ERROR_FORMAT for what is not finite in float32. */
vae_status vae_numbers_read_floats(vae_numbers *numbers, float *floats, int64_t count);
/* That the stream ends where all numbers were read. */
vae_status vae_numbers_finish(vae_numbers *numbers);
/* The largest byte of the first `count` numbers, or the first that is VAE_NUMBERS_BRIGHT or more; then goes back to the
 * first. Numbers that cannot be read end the search: reading them will tell. */
vae_status vae_numbers_largest(vae_numbers *numbers, int64_t count, int *largest);

#endif
