/* CRC-32C bit by bit, without a table. */
#include "core/crc32c.h"

uint32_t vae_crc32c(const void *data, size_t size)
{
    static const uint32_t reversed_polynomial = 0x82F63B78u;
    const uint8_t *bytes = data;
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (reversed_polynomial & (0u - (crc & 1u)));
    }
    return ~crc;
}
