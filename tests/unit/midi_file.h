/* MIDI files that tests make, event by event. */
#ifndef VAE_TEST_MIDI_FILE_H
#define VAE_TEST_MIDI_FILE_H

#include <stdint.h>
#include <string.h>

#include "unit/idx_file.h"

static inline void midi_put(idx_bytes *file, const void *bytes, size_t size)
{
    memcpy(file->byte + file->count, bytes, size);
    file->count += size;
}

/* The literal's own bytes, without its zero byte. */
#define MIDI_PUT(file, literal) midi_put(file, literal, sizeof(literal) - 1)

/* Where a track begins; midi_end_track() takes it. */
static inline size_t midi_begin_track(idx_bytes *file)
{
    MIDI_PUT(file, "MTrk\0\0\0\0");
    return file->count;
}

static inline void midi_end_track(idx_bytes *file, size_t begin)
{
    MIDI_PUT(file, "\0\xFF\x2F\0");
    const size_t size = file->count - begin;
    for (int i = 0; i < 4; ++i)
        file->byte[begin - 4 + (size_t)i] = (uint8_t)(size >> (24 - 8 * i));
}

/* A header of so many tracks, 96 ticks a quarter. */
static inline idx_bytes midi_header(uint8_t format, uint8_t tracks)
{
    idx_bytes file = {.count = 0};
    MIDI_PUT(&file, "MThd\0\0\0\6\0\0\0\0\0\x60");
    file.byte[9] = format;
    file.byte[11] = tracks;
    return file;
}

/* One event after `delta` ticks, below 128². */
static inline void midi_event(idx_bytes *file, int delta, uint8_t status, uint8_t first, uint8_t second)
{
    if (delta >= 128) file->byte[file->count++] = (uint8_t)(0x80 | delta >> 7);
    const uint8_t bytes[] = {(uint8_t)(delta & 0x7F), status, first, second};
    midi_put(file, bytes, sizeof bytes);
}

/* A note of `ticks` on a channel, `rest` ticks after what was before. */
static inline void midi_note(idx_bytes *file, int rest, int ticks, uint8_t channel, uint8_t pitch)
{
    midi_event(file, rest, (uint8_t)(0x90 | channel), pitch, 64);
    midi_event(file, ticks, (uint8_t)(0x80 | channel), pitch, 0);
}

#endif
