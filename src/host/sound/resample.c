/* A sound in memory, at one rate, out of pieces at another. */
#include "sound/resample.h"

#include <inttypes.h>
#include <math.h>
#include <samplerate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

/* Samples that there is always room for, and those from which on the system is asked for memory, as it promises more
 * than it has. */
enum { PIECE = 1 << 14 };
#define LARGE (INT64_C(1) << 26)

vae_status vae_resampler_open(const char *name, int from, int to, int64_t most, vae_resampler *r)
{
    *r = (vae_resampler){.name = name, .from = from, .to = to, .most = most};
    if (from == to) return VAE_OK;
    if (!src_is_valid_ratio((double)to / (double)from)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has a rate of %d Hz, which cannot be brought to %d Hz", name, from,
                             to);
    }
    int code;
    /* Sounds are converted once, when data are read, and all that follows is trained on them: the best. */
    r->converter = src_new(SRC_SINC_BEST_QUALITY, 1, &code);
    return r->converter ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: %s", name, src_strerror(code));
}

void vae_resampler_close(vae_resampler *r)
{
    if (r->converter) src_delete(r->converter);
    free(r->samples);
    *r = (vae_resampler){0};
}

static vae_status too_long(const vae_resampler *r)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: has more than the %" PRId64 " samples that are read at most", r->name,
                         r->most);
}

/* Makes room for `more` samples. */
static vae_status grow(vae_resampler *r, int64_t more)
{
    if (r->room - r->count >= more) return VAE_OK;
    const int64_t room = 2 * r->room > r->count + more ? 2 * r->room : r->count + more;
    if (room >= LARGE) VAE_TRY(vae_memory_check(r->name, (double)(room - r->room) * sizeof *r->samples));
    float *grown = realloc(r->samples, (size_t)room * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its %" PRId64 " samples", r->name, room);
    r->samples = grown;
    r->room = room;
    return VAE_OK;
}

/* Converts all of the piece; at the end of the sound also what the filter holds back. */
static vae_status convert(vae_resampler *r, const float *samples, int64_t count, bool end)
{
    SRC_DATA data = {.data_in = samples,
                     .input_frames = (long)count,
                     .end_of_input = end,
                     .src_ratio = (double)r->to / (double)r->from};
    do {
        VAE_TRY(grow(r, PIECE));
        data.data_out = r->samples + r->count;
        data.output_frames = (long)(r->room - r->count);
        const int code = src_process(r->converter, &data);
        if (code) return vae_error_set(VAE_ERROR_FORMAT, "%s: libsamplerate: %s", r->name, src_strerror(code));
        r->count += data.output_frames_gen;
        data.data_in += data.input_frames_used;
        data.input_frames -= data.input_frames_used;
        if (r->count > r->most + PIECE) return too_long(r);
    } while (data.input_frames > 0 || data.output_frames_gen > 0);
    return VAE_OK;
}

vae_status vae_resampler_add(vae_resampler *r, const float *samples, int64_t count)
{
    if (count == 0) return VAE_OK;
    if (count > r->most - r->taken) return too_long(r);
    r->taken += count;
    if (r->converter) return convert(r, samples, count, false);
    VAE_TRY(grow(r, count));
    memcpy(r->samples + r->count, samples, (size_t)count * sizeof *samples);
    r->count += count;
    return VAE_OK;
}

/* Silence behind the end, as the converter gives only samples that lie before its last input. */
static vae_status flush(vae_resampler *r)
{
    static const float silence[256];
    const int64_t wanted = (r->taken * r->to + r->from - 1) / r->from;
    if (wanted > r->most) return too_long(r);
    for (int64_t more = r->from / r->to + 1; more > 0; more -= 256)
        VAE_TRY(convert(r, silence, more < 256 ? more : 256, more <= 256));
    r->count = r->count < wanted ? r->count : wanted;
    return VAE_OK;
}

vae_status vae_resampler_finish(vae_resampler *r)
{
    if (r->converter) VAE_TRY(flush(r));
    float *fitted = realloc(r->samples, (size_t)(r->count ? r->count : 1) * sizeof *fitted);
    if (fitted) r->samples = fitted;
    for (int64_t i = 0; i < r->count; ++i) {
        if (isfinite(r->samples[i])) continue;
        return vae_error_set(VAE_ERROR_NUMERIC, "%s: sample %" PRId64 " overflows when it is brought to %d Hz", r->name,
                             i, r->to);
    }
    return VAE_OK;
}
