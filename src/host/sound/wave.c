/* Files of sound by libsndfile, to samples of one channel and back. */
#include "sound/wave.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "sound/head.h"
#include "sound/resample.h"

/* Numbers that are read or written at a time. */
enum { PIECE = 1 << 14 };
#define LEVELS 32768.0

static int64_t limit(const vae_wave_options *options)
{
    return options->most > 0 && options->most < VAE_WAVE_MOST ? options->most : VAE_WAVE_MOST;
}

/* Hands what was collected over. */
static void give(vae_resampler *r, vae_wave *wave)
{
    *wave = (vae_wave){r->samples, r->count, r->to};
    r->samples = NULL;
}

/* What was tried, and libsndfile's words, whose last is a full stop. It tells lack of memory by errno alone. Of a
 * file that was not opened the words are in a variable of the library, where another thread's may be as well. */
static vae_status library_error(vae_status status, const char *path, SNDFILE *sound, const char *what)
{
    const int error = errno;
    const char *words = sf_strerror(sound);
    const size_t length = strlen(words);
    const int shown = (int)(length > 0 && words[length - 1] == '.' ? length - 1 : length);
    if (error == ENOMEM) return vae_error_set(VAE_ERROR_MEMORY, "%s: %s: no memory", path, what);
    if (sf_error(sound) == SF_ERR_SYSTEM) status = VAE_ERROR_IO;
    return vae_error_set(status, "%s: %s: libsndfile: %.*s", path, what, shown, words);
}

/* ---- Reading ---- */

static vae_status check_info(const char *path, const SF_INFO *info, int64_t most)
{
    if ((info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG && info->frames == SF_COUNT_MAX) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is cut short: it lacks the page that ends it", path);
    }
    if (info->frames == 0) return vae_error_set(VAE_ERROR_FORMAT, "%s: has no samples", path);
    if (info->channels < 1 || info->samplerate < 1) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: has %d channels of %d Hz", path, info->channels, info->samplerate);
    }
    if (info->frames == SF_COUNT_MAX || (info->frames > 0 && info->frames <= most)) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: has %" PRId64 " samples a channel by its header, but at most %" PRId64 " are read", path,
                         (int64_t)info->frames, most);
}

/* Frames [count, channels] to their means, in place. */
static vae_status mix(const char *path, float *values, int64_t first, int64_t count, int channels)
{
    for (int64_t i = 0; i < count; ++i) {
        double sum = 0.0;
        for (int c = 0; c < channels; ++c)
            sum += (double)values[i * channels + c];
        if (!isfinite(sum)) {
            return vae_error_set(VAE_ERROR_NUMERIC, "%s: frame %" PRId64 " is not finite", path, first + i);
        }
        values[i] = (float)(sum / channels);
    }
    return VAE_OK;
}

static vae_status check_end(const char *path, SNDFILE *sound, const SF_INFO *info, int64_t frames)
{
    if (sf_error(sound)) {
        char what[64];
        snprintf(what, sizeof what, "is damaged behind frame %" PRId64, frames);
        return library_error(VAE_ERROR_FORMAT, path, sound, what);
    }
    if (frames == info->frames || (info->frames == SF_COUNT_MAX && frames > 0)) return VAE_OK;
    if (info->frames == SF_COUNT_MAX) return vae_error_set(VAE_ERROR_FORMAT, "%s: has no samples", path);
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: is cut short: of the %" PRId64 " samples a channel that it promises, %" PRId64
                         " are there",
                         path, (int64_t)info->frames, frames);
}

static vae_status read_frames(const char *path, SNDFILE *sound, const SF_INFO *info, vae_resampler *r)
{
    const int64_t piece = info->channels < PIECE ? PIECE / info->channels : 1;
    float *values = malloc((size_t)(piece * info->channels) * sizeof *values);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = VAE_OK;
    int64_t frames = 0, found = piece;
    errno = 0;
    /* Not beyond a piece that is short, as another call would forget its error. */
    while (!status && found == piece) {
        found = sf_readf_float(sound, values, piece);
        status = mix(path, values, frames, found, info->channels);
        if (!status) status = vae_resampler_add(r, values, found);
        frames += found;
    }
    free(values);
    return status ? status : check_end(path, sound, info, frames);
}

static vae_status read_sound(const char *path, SNDFILE *sound, const SF_INFO *info, const vae_wave_options *options,
                             vae_wave *wave)
{
    vae_resampler r;
    VAE_TRY(check_info(path, info, limit(options)));
    vae_status status = vae_resampler_open(path, info->samplerate, options->rate ? options->rate : info->samplerate,
                                           limit(options), &r);
    if (!status) status = read_frames(path, sound, info, &r);
    if (!status) status = vae_resampler_finish(&r);
    if (!status) give(&r, wave);
    vae_resampler_close(&r);
    return status;
}

static vae_status read_open(const char *path, int file, const vae_wave_options *options, vae_wave *wave)
{
    struct stat status_of;
    if (fstat(file, &status_of)) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    }
    if (!S_ISREG(status_of.st_mode)) return vae_error_set(VAE_ERROR_IO, "%s: is not a regular file", path);
    VAE_TRY(vae_sound_check_head(file, path, (int64_t)status_of.st_size));
    SF_INFO info = {0};
    errno = 0;
    SNDFILE *sound = sf_open_fd(file, SFM_READ, &info, SF_FALSE);
    if (!sound) return library_error(VAE_ERROR_FORMAT, path, NULL, "cannot be read as sound");
    const vae_status status = read_sound(path, sound, &info, options, wave);
    sf_close(sound);
    return status;
}

vae_status vae_wave_read(const char *path, const vae_wave_options *options, vae_wave *wave)
{
    *wave = (vae_wave){0};
    /* O_NONBLOCK: a FIFO is refused instead of waited for. */
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const vae_status status = read_open(path, file, options, wave);
    close(file);
    return status;
}

static vae_status add_int16(vae_resampler *r, const int16_t *samples, int64_t count)
{
    float values[PIECE];
    for (int64_t first = 0; first < count; first += PIECE) {
        const int64_t piece = count - first < PIECE ? count - first : PIECE;
        for (int64_t i = 0; i < piece; ++i)
            values[i] = (float)(samples[first + i] / LEVELS);
        VAE_TRY(vae_resampler_add(r, values, piece));
    }
    return vae_resampler_finish(r);
}

vae_status vae_wave_take_int16(const char *name, const int16_t *samples, int64_t count, int rate,
                               const vae_wave_options *options, vae_wave *wave)
{
    *wave = (vae_wave){0};
    if (count < 1) return vae_error_set(VAE_ERROR_FORMAT, "%s: has no samples", name);
    if (rate < 1) return vae_error_set(VAE_ERROR_FORMAT, "%s: has a rate of %d Hz", name, rate);
    vae_resampler r;
    vae_status status = vae_resampler_open(name, rate, options->rate ? options->rate : rate, limit(options), &r);
    if (!status) status = add_int16(&r, samples, count);
    if (!status) give(&r, wave);
    vae_resampler_close(&r);
    return status;
}

void vae_wave_free(vae_wave *wave)
{
    free(wave->samples);
    *wave = (vae_wave){0};
}

/* ---- Writing ---- */

static const char unwritten[] = "cannot be written";

static int16_t to_level(float sample, int64_t *clipped)
{
    const double level = rint((double)sample * LEVELS);
    *clipped += fabsf(sample) > 1.0f;
    return (int16_t)fmax(-LEVELS, fmin(LEVELS - 1.0, level));
}

static vae_status write_samples(const char *path, SNDFILE *sound, const float *samples, int64_t count, int64_t *clipped)
{
    int16_t levels[PIECE];
    for (int64_t first = 0; first < count; first += PIECE) {
        const int64_t piece = count - first < PIECE ? count - first : PIECE;
        for (int64_t i = 0; i < piece; ++i)
            levels[i] = to_level(samples[first + i], clipped);
        if (sf_writef_short(sound, levels, piece) != piece) {
            return library_error(VAE_ERROR_IO, path, sound, unwritten);
        }
    }
    return VAE_OK;
}

static vae_status check_samples(const char *path, const float *samples, int64_t count, int rate)
{
    if (count < 1 || count > VAE_WAVE_MOST || rate < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %" PRId64 " samples of %d Hz are no WAV file", path, count, rate);
    }
    for (int64_t i = 0; i < count; ++i) {
        if (!isfinite(samples[i])) {
            return vae_error_set(VAE_ERROR_NUMERIC, "%s: sample %" PRId64 " is not finite", path, i);
        }
    }
    return VAE_OK;
}

vae_status vae_wave_write(const char *path, const float *samples, int64_t count, int rate, int64_t *clipped)
{
    int64_t beyond = 0;
    vae_file_stream *stream;
    SF_INFO info = {.samplerate = rate, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    VAE_TRY(check_samples(path, samples, count, rate));
    VAE_TRY(vae_file_stream_open(path, &stream));
    errno = 0;
    SNDFILE *sound = sf_open_fd(fileno(vae_file_stream_handle(stream)), SFM_WRITE, &info, SF_FALSE);
    vae_status status = sound ? write_samples(path, sound, samples, count, &beyond)
                              : library_error(VAE_ERROR_IO, path, NULL, unwritten);
    /* The sizes in the header are written last. */
    if (sound && sf_close(sound) && !status) status = vae_error_set(VAE_ERROR_IO, "%s: %s", path, unwritten);
    if (status) {
        vae_file_stream_abandon(stream);
        return status;
    }
    VAE_TRY(vae_file_stream_commit(stream));
    if (clipped) *clipped = beyond;
    return VAE_OK;
}
