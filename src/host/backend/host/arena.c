/* Makes arenas, zeroed and within the memory limit, and converts what they hold: float32, float64, and to bf16. */
#include "backend/host/arena.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { ARENA_ALIGNMENT = 64 };

vae_status vae_arena_create(const char *owner, int64_t elements, size_t element_size, void **memory)
{
    const size_t limit = (SIZE_MAX / 2 - ARENA_ALIGNMENT) / element_size;
    if (elements < 0 || (uint64_t)elements > limit) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: an arena of %lld elements is too large", owner,
                             (long long)elements);
    }
    /* One line more than asked for, so that an empty arena is a pointer too. */
    const size_t bytes = ((size_t)elements * element_size / ARENA_ALIGNMENT + 1) * ARENA_ALIGNMENT;
    VAE_TRY(vae_memory_check(owner, (double)bytes));
    *memory = aligned_alloc(ARENA_ALIGNMENT, bytes);
    if (!*memory) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: cannot allocate %.1f MB of memory", owner, (double)bytes * 1e-6);
    }
    memset(*memory, 0, bytes);
    return VAE_OK;
}

const char *vae_arena_name(vae_arena arena)
{
    static const char *const names[VAE_ARENA_COUNT] = {"parameters", "gradients", "first moment", "second moment"};
    return names[arena];
}

vae_status vae_arena_check(const void *memory, vae_arena arena)
{
    if (memory) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "this store keeps no %s: it was not made for training",
                         vae_arena_name(arena));
}

static double load(const void *source, vae_dtype type, int64_t index)
{
    return type == VAE_FLOAT64 ? ((const double *)source)[index] : (double)((const float *)source)[index];
}

vae_status vae_arena_convert(const void *source, vae_dtype source_type, void *target, vae_dtype target_type,
                             int64_t elements)
{
    if (source_type == VAE_UINT8 || target_type == VAE_UINT8) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "tensors are float32 or float64, not uint8");
    }
    if (source_type == target_type) {
        memcpy(target, source, (size_t)elements * vae_dtype_size(source_type));
        return VAE_OK;
    }
    for (int64_t i = 0; i < elements; ++i) {
        const double value = load(source, source_type, i);
        if (target_type == VAE_FLOAT64) {
            ((double *)target)[i] = value;
        } else {
            ((float *)target)[i] = (float)value;
        }
    }
    return VAE_OK;
}

void vae_arena_round_bf16(const float *source, uint16_t *target, int64_t elements)
{
    for (int64_t i = 0; i < elements; ++i) {
        uint32_t bits;
        memcpy(&bits, &source[i], sizeof bits);
        const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        const uint32_t quiet_nan = (bits >> 16) | 0x40u;
        target[i] = (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet_nan : rounded);
    }
}
