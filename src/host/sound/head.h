/* What the first bytes of a sound file tell that libsndfile keeps to itself. */
#ifndef VAE_SOUND_HEAD_H
#define VAE_SOUND_HEAD_H

#include <stdint.h>

#include "core/error.h"

/* Looks at an open regular file of `size` bytes without moving its position. VAE_ERROR_FORMAT for one that
 *   is empty;
 *   is MPEG audio, such as MP3, ALAC, or a MIDI sample dump, whose decoders write to the terminal about damage;
 *   is WAV (RIFF, RIFX, RF64, W64), AIFF, AU or NIST SPHERE and ends before the data do that it promises, as libsndfile
 *   takes what is there for all. A length that was left open, as programs do that write to a pipe, promises nothing. */
vae_status vae_sound_check_head(int file, const char *path, int64_t size);

#endif
