/* Arenas in host memory: 64-byte aligned blocks of one element type, and copies between types. */
#ifndef VAE_BACKEND_HOST_ARENA_H
#define VAE_BACKEND_HOST_ARENA_H

#include "backend/backend.h"

/* Zeroed memory for `elements` numbers of `element_size` bytes, to be given to free(). `owner` stands in the message.
 */
vae_status vae_arena_create(const char *owner, int64_t elements, size_t element_size, void **memory);

/* What an arena is called in messages. */
const char *vae_arena_name(vae_arena arena);
/* That a store keeps this arena, whose memory is given. */
vae_status vae_arena_check(const void *memory, vae_arena arena);

/* Copies `elements` numbers from one floating-point type to another. */
vae_status vae_arena_convert(const void *source, vae_dtype source_type, void *target, vae_dtype target_type,
                             int64_t elements);

/* Rounds to bf16, ties to even; NaN stays NaN. */
void vae_arena_round_bf16(const float *source, uint16_t *target, int64_t elements);

#endif
