/* How numbers are stored in files that hold arrays. */
#ifndef VAE_CORE_NUMBER_TYPE_H
#define VAE_CORE_NUMBER_TYPE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct vae_number_type {
    char kind;     /* 'u', 'i': integers without and with a sign; 'f': floats; 'b': booleans */
    int size;      /* bytes of a number: 1, 2, 4 or 8; of floats 2, 4 or 8, of booleans 1 */
    bool reversed; /* its bytes lie the other way round than this machine's */
} vae_number_type;

/* From NumPy's name, "<f4" say, of either byte order. False if it is none of the above. */
bool vae_number_type_parse(const char *numpy, vae_number_type *type);

/* The number that begins at `data`. Integers past 2^53 are rounded. */
double vae_number_read(const vae_number_type *type, const uint8_t *data);

/* The same as an integer, exactly. False for floats that are not whole, and for numbers that 64 bits do not hold. */
bool vae_number_read_integer(const vae_number_type *type, const uint8_t *data, int64_t *value);

#endif
