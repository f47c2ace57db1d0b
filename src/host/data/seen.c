/* A hash table of hashes, by open addressing. */
#include "data/seen.h"

#include <stdlib.h>

#include "core/hash.h"

enum { FIRST_ROOM = 1024 };

static uint64_t hash_of(const void *bytes, size_t size)
{
    vae_hash hash = {0};
    vae_hash_add(&hash, bytes, size);
    const uint64_t value = (uint64_t)hash.state.word[0] << 32 | hash.state.word[1];
    return value ? value : 1;
}

static bool insert(uint64_t *slots, int64_t room, uint64_t value)
{
    uint64_t at = value & (uint64_t)(room - 1);
    while (slots[at] != 0 && slots[at] != value)
        at = (at + 1) & (uint64_t)(room - 1);
    const bool before = slots[at] == value;
    slots[at] = value;
    return before;
}

static vae_status grow(vae_seen *seen)
{
    const int64_t room = seen->room ? 2 * seen->room : FIRST_ROOM;
    uint64_t *slots = calloc((size_t)room, sizeof *slots);
    if (!slots) return vae_error_set(VAE_ERROR_MEMORY, "out of memory for a set of %lld", (long long)room);
    for (int64_t i = 0; i < seen->room; ++i)
        if (seen->slots[i]) insert(slots, room, seen->slots[i]);
    free(seen->slots);
    seen->slots = slots;
    seen->room = room;
    return VAE_OK;
}

vae_status vae_seen_add(vae_seen *seen, const void *bytes, size_t size, bool *before)
{
    if (2 * (seen->count + 1) > seen->room) VAE_TRY(grow(seen));
    *before = insert(seen->slots, seen->room, hash_of(bytes, size));
    seen->count += !*before;
    return VAE_OK;
}

void vae_seen_free(vae_seen *seen)
{
    free(seen->slots);
    *seen = (vae_seen){0};
}
