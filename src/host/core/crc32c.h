/* CRC-32C (Castagnoli), as record files such as TensorBoard's use it; zlib's crc32 is of another polynomial. */
#ifndef VAE_CORE_CRC32C_H
#define VAE_CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* A bit at a time: some 100 MB a second, which does for metrics and pictures. */
uint32_t vae_crc32c(const void *data, size_t size);

#endif
