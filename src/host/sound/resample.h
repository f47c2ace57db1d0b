/* Sound that comes piece by piece, brought to the wanted rate (libsamplerate) in memory that grows with what is there.
 */
#ifndef VAE_SOUND_RESAMPLE_H
#define VAE_SOUND_RESAMPLE_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_resampler {
    const char *name; /* begins each message; borrowed */
    int from, to;     /* samples a second, as they come and as they are wanted */
    int64_t most;     /* samples that may be taken, and that may be given: up to 2^31 */
    int64_t taken;
    float *samples; /* [count], what has been made so far */
    int64_t count, room;
    struct SRC_STATE_tag *converter; /* NULL where both rates are the same */
} vae_resampler;

/* What is open is to be closed. VAE_ERROR_FORMAT for rates whose ratio is beyond 256. */
vae_status vae_resampler_open(const char *name, int from, int to, int64_t most, vae_resampler *r);
void vae_resampler_close(vae_resampler *r);
/* VAE_ERROR_FORMAT beyond `most`; VAE_ERROR_MEMORY. */
vae_status vae_resampler_add(vae_resampler *r, const float *samples, int64_t count);
/* Ends the sound: `samples` has ceil(taken · to / from) samples then, and is the caller's to take. VAE_ERROR_NUMERIC
 * where the filter overflows. */
vae_status vae_resampler_finish(vae_resampler *r);

#endif
