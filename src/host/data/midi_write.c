/* Writes standard MIDI files of format 1: a track of tempo, metre and markers, and one for each track of notes. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/midi.h"

enum { LONGEST_STEP = (1 << 28) - 1, META_TEXT = 0x01, META_NAME = 0x03, META_MARKER = 0x06 };

/* Bytes that grow; what lacks memory is told at the end. */
typedef struct buffer {
    uint8_t *bytes;
    size_t size, room;
    bool failed;
} buffer;

static void put(buffer *b, const void *bytes, size_t size)
{
    if (b->size + size > b->room) {
        const size_t room = 2 * (b->size + size);
        uint8_t *grown = realloc(b->bytes, room);
        if (!grown) {
            b->failed = true;
            return;
        }
        b->bytes = grown;
        b->room = room;
    }
    memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

static void put_byte(buffer *b, unsigned value)
{
    put(b, &(uint8_t){(uint8_t)value}, 1);
}

static void put_number(buffer *b, uint32_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; --i)
        put_byte(b, value >> (8 * i) & 0xFF);
}

static void put_length(buffer *b, uint32_t value)
{
    for (int shift = 21; shift > 0; shift -= 7) {
        if (value >> shift) put_byte(b, 0x80 | (value >> shift & 0x7F));
    }
    put_byte(b, value & 0x7F);
}

static void put_text(buffer *b, unsigned kind, const char *text)
{
    put_byte(b, 0xFF);
    put_byte(b, kind);
    put_length(b, (uint32_t)strlen(text));
    put(b, text, strlen(text));
}

/* What has no number of four bytes is bridged by empty texts. */
static void put_step(buffer *b, int64_t ticks)
{
    for (; ticks > LONGEST_STEP; ticks -= LONGEST_STEP) {
        put_length(b, LONGEST_STEP);
        put_text(b, META_TEXT, "");
    }
    put_length(b, (uint32_t)ticks);
}

/* What happens at a tick. */
typedef struct event {
    int64_t at;
    int order; /* at one tick ends come before beginnings */
    uint8_t status, pitch, velocity;
    const char *text; /* a marker, else NULL */
    int64_t number;   /* of markers at one tick: their order */
} event;

static int by_time(const void *left, const void *right)
{
    const event *a = left, *b = right;
    if (a->at != b->at) return a->at < b->at ? -1 : 1;
    if (a->order != b->order) return a->order - b->order;
    if (a->pitch != b->pitch) return a->pitch - b->pitch;
    if (a->velocity != b->velocity) return a->velocity - b->velocity;
    return (a->number > b->number) - (a->number < b->number);
}

static void put_event(buffer *b, const event *e, int64_t *time)
{
    put_step(b, e->at - *time);
    *time = e->at;
    if (e->text) {
        put_text(b, META_MARKER, e->text);
        return;
    }
    put_byte(b, e->status);
    put_byte(b, e->pitch);
    put_byte(b, e->velocity);
}

/* Sorts the events and writes them behind what the track begins with, whose length stands in front. */
static void put_track(buffer *file, buffer *begin, event *events, int64_t count, int64_t end)
{
    int64_t time = 0;
    if (count > 0) qsort(events, (size_t)count, sizeof *events, by_time);
    for (int64_t i = 0; i < count; ++i)
        put_event(begin, &events[i], &time);
    put_step(begin, end > time ? end - time : 0);
    put_number(begin, 0xFF2F00, 3);
    put(file, "MTrk", 4);
    put_number(file, (uint32_t)begin->size, 4);
    if (begin->bytes) put(file, begin->bytes, begin->size);
    file->failed = file->failed || begin->failed;
    free(begin->bytes);
}

static void put_conductor(buffer *file, const vae_midi_score *score, event *events)
{
    buffer b = {0};
    if (score->title) {
        put_length(&b, 0);
        put_text(&b, META_NAME, score->title);
    }
    put_length(&b, 0);
    put_number(&b, 0xFF5103, 3);
    put_number(&b, (uint32_t)lround(60e6 / score->tempo), 3);
    put_length(&b, 0);
    put_number(&b, 0xFF5804, 3);
    put_byte(&b, (unsigned)score->numerator);
    put_byte(&b, (unsigned)lround(log2(score->denominator)));
    put_number(&b, 24 << 8 | 8, 2); /* clocks of a beat of the metronome, 32nds of a quarter */
    for (int64_t i = 0; i < score->marker_count; ++i)
        events[i] = (event){.at = score->markers[i].at, .text = score->markers[i].text, .number = i};
    put_track(file, &b, events, score->marker_count, score->end);
}

static int64_t end_of(const vae_midi_note *note)
{
    return note->end > note->start ? note->end : note->start + 1;
}

static void put_notes(buffer *file, const vae_midi_score *score, int32_t track, event *events)
{
    buffer b = {0};
    int64_t count = 0;
    for (int64_t i = 0; i < score->count; ++i) {
        const vae_midi_note *note = &score->notes[i];
        if (note->track != track) continue;
        if (count == 0 && note->channel != VAE_MIDI_DRUMS) {
            put_length(&b, 0);
            put_byte(&b, 0xC0u | note->channel);
            put_byte(&b, note->program);
        }
        events[count++] = (event){.at = note->start,
                                  .order = 1,
                                  .status = (uint8_t)(0x90 | note->channel),
                                  .pitch = note->pitch,
                                  .velocity = note->velocity};
        events[count++] =
            (event){.at = end_of(note), .order = 0, .status = (uint8_t)(0x80 | note->channel), .pitch = note->pitch};
    }
    put_track(file, &b, events, count, score->end);
}

static vae_status check_end(const char *path, const vae_midi_score *score)
{
    int64_t end = score->end;
    for (int64_t i = 0; i < score->count; ++i)
        if (end_of(&score->notes[i]) > end) end = end_of(&score->notes[i]);
    for (int64_t i = 0; i < score->marker_count; ++i)
        if (score->markers[i].at > end) end = score->markers[i].at;
    if (end <= VAE_MIDI_TICKS) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: music of %lld ticks is longer than the %d that a MIDI file may have",
                         path, (long long)end, (int)VAE_MIDI_TICKS);
}

vae_status vae_midi_write(const char *path, const vae_midi_score *score)
{
    buffer file = {0};
    VAE_TRY(check_end(path, score));
    event *events = calloc((size_t)(2 * score->count + score->marker_count + 1), sizeof *events);
    if (!events) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    put(&file, "MThd", 4);
    put_number(&file, 6, 4);
    put_number(&file, 1, 2);
    put_number(&file, (uint32_t)score->tracks + 1, 2);
    put_number(&file, (uint32_t)score->ticks_per_quarter, 2);
    put_conductor(&file, score, events);
    for (int32_t track = 0; track < score->tracks; ++track)
        put_notes(&file, score, track, events);
    free(events);
    const void *parts[] = {file.bytes};
    const vae_status status = file.failed ? vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path)
                                          : vae_file_write_atomic(path, parts, &file.size, 1);
    free(file.bytes);
    return status;
}
