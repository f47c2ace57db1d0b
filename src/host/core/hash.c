/* A hash built from Philox's bijection, 16 bytes at a time; after each piece comes its length. */
#include "core/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One block of up to 16 bytes: the state becomes E(state ⊕ block) ⊕ state ⊕ block, E being Philox's bijection. */
static void add_block(vae_hash *hash, const uint8_t *data, size_t size)
{
    vae_philox block = {{0}};
    memcpy(&block, data, size);
    for (int i = 0; i < 4; ++i)
        block.word[i] ^= hash->state.word[i];
    hash->length += size;
    hash->state = vae_philox_4x32_10(block, (uint32_t)hash->length, (uint32_t)size);
    for (int i = 0; i < 4; ++i)
        hash->state.word[i] ^= block.word[i];
}

void vae_hash_add(vae_hash *hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t done = 0; done < size; done += 16)
        add_block(hash, bytes + done, size - done < 16 ? size - done : 16);
    const uint64_t end = size;
    add_block(hash, (const uint8_t *)&end, sizeof end);
}

void vae_hash_add_text(vae_hash *hash, const char *text)
{
    vae_hash_add(hash, text, strlen(text));
}

void vae_hash_add_integer(vae_hash *hash, int64_t value)
{
    vae_hash_add(hash, &value, sizeof value);
}

void vae_hash_format(const vae_hash *hash, char text[VAE_HASH_TEXT])
{
    for (int i = 0; i < 4; ++i)
        snprintf(text + 8 * i, 9, "%08" PRIx32, hash->state.word[i]);
}
