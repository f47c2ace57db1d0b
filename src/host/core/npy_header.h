/* The header of NumPy's .npy format, versions 1.0 to 3.0: parsed and made here for all readers and writers of such
 * arrays. */
#ifndef VAE_CORE_NPY_HEADER_H
#define VAE_CORE_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* START: this many bytes tell how long the header is. HEADER_SIZE: the most that vae_npy_header_make writes. */
enum { VAE_NPY_MAX_RANK = 8, VAE_NPY_START_SIZE = 12, VAE_NPY_HEADER_SIZE = 4096 };

typedef struct vae_npy_header {
    char type[8];       /* NumPy's: "|u1", "<f4"; see core/number_type.h */
    bool fortran_order; /* the first index is the fastest */
    int rank;
    int64_t sizes[VAE_NPY_MAX_RANK];
    int64_t count;      /* of numbers: the product of the sizes, at most 2^63 / 16 */
    size_t data_offset; /* where the numbers begin */
} vae_npy_header;

/* `name`, of a file or of an array in one, begins each message. All failures are VAE_ERROR_FORMAT, or out of memory. */

/* From the array's first `size` bytes, VAE_NPY_START_SIZE where there are as many: where its numbers begin. */
vae_status vae_npy_header_measure(const char *name, const uint8_t *data, size_t size, size_t *data_offset);
/* From at least data_offset bytes. */
vae_status vae_npy_header_parse(const char *name, const uint8_t *data, size_t size, vae_npy_header *header);

/* Writes a header of version 1.0 whose size, a multiple of 64 and at least `least`, is given in *size. rank: at most
 * VAE_NPY_MAX_RANK; least: at most VAE_NPY_HEADER_SIZE. */
void vae_npy_header_make(const char *type, int rank, const int64_t *sizes, size_t least,
                         uint8_t header[VAE_NPY_HEADER_SIZE], size_t *size);

#endif
