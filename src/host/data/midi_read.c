/* Reads standard MIDI files. All lengths are checked against what is there before anything is read. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/midi.h"

enum { MOST_BYTES = 64 << 20, CHUNK_HEADER = 8, LEAST_HEADER = 6, FIRST_ROOM = 256 };
enum { STATUS_NOTE_OFF = 0x80, STATUS_NOTE_ON = 0x90, STATUS_PROGRAM = 0xC0, STATUS_PRESSURE = 0xD0 };
enum { STATUS_SYSEX = 0xF0, STATUS_ESCAPE = 0xF7, STATUS_META = 0xFF };
enum { META_END = 0x2F, META_TEMPO = 0x51, META_METRE = 0x58 };

typedef struct reader {
    const char *name;
    const uint8_t *bytes;
    size_t size, at; /* at: the next byte */
    size_t end;      /* of the present chunk */
    vae_midi *midi;
    int64_t note_room, metre_room;
    int64_t scale; /* ticks of the piece to one of the file's */
} reader;

/* What sounds of one pitch on one channel. */
typedef struct voice {
    int64_t note;     /* its index + 1; 0: silent */
    bool ended_other; /* it began while another sounded, whose own end is still to come */
} voice;

typedef struct track {
    int32_t number;
    int64_t time;
    int64_t first_note;
    uint8_t status; /* the running one; 0: none */
    uint8_t programs[VAE_MIDI_CHANNELS];
    voice voices[VAE_MIDI_CHANNELS][VAE_MIDI_PITCHES]; /* all silent between tracks */
} track;

static vae_status fail(const reader *r, const track *t, const char *what)
{
    if (!t) return vae_error_set(VAE_ERROR_FORMAT, "%s: byte %zu: %s", r->name, r->at, what);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: track %d, byte %zu: %s", r->name, (int)t->number + 1, r->at, what);
}

/* ---- Numbers ---- */

static uint32_t big_endian(const uint8_t *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 8 | bytes[i];
    return value;
}

static vae_status read_byte(reader *r, const track *t, uint8_t *value)
{
    if (r->at >= r->end) return fail(r, t, "ends in the midst of an event");
    *value = r->bytes[r->at++];
    return VAE_OK;
}

/* Seven bits a byte, four bytes at most. */
static vae_status read_length(reader *r, const track *t, int64_t *value)
{
    uint8_t byte = 0x80;
    *value = 0;
    for (int i = 0; byte & 0x80; ++i) {
        if (i == 4) return fail(r, t, "a number has more than four bytes");
        VAE_TRY(read_byte(r, t, &byte));
        *value = *value << 7 | (byte & 0x7F);
    }
    return VAE_OK;
}

static vae_status read_data(reader *r, const track *t, uint8_t *value)
{
    VAE_TRY(read_byte(r, t, value));
    if (*value < 0x80) return VAE_OK;
    --r->at;
    return fail(r, t, "an event lacks its data");
}

/* ---- Lists that grow ---- */

static vae_status make_room(const reader *r, void **list, int64_t count, int64_t *room, size_t size)
{
    if (count < *room) return VAE_OK;
    const int64_t wanted = *room ? 2 * *room : FIRST_ROOM;
    void *grown = realloc(*list, (size_t)wanted * size);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->name);
    *list = grown;
    *room = wanted;
    return VAE_OK;
}

/* ---- Notes ---- */

static void end_note(reader *r, const track *t, voice *v)
{
    if (v->note > 0) r->midi->notes[v->note - 1].end = t->time;
    *v = (voice){0};
}

static vae_status begin_note(reader *r, track *t, uint8_t channel, uint8_t pitch, uint8_t velocity)
{
    vae_midi *midi = r->midi;
    voice *v = &t->voices[channel][pitch];
    const bool sounded = v->note > 0;
    end_note(r, t, v);
    VAE_TRY(make_room(r, (void **)&midi->notes, midi->count, &r->note_room, sizeof *midi->notes));
    midi->notes[midi->count++] = (vae_midi_note){.start = t->time,
                                                 .end = t->time,
                                                 .track = t->number,
                                                 .channel = channel,
                                                 .program = t->programs[channel],
                                                 .pitch = pitch,
                                                 .velocity = velocity};
    *v = (voice){midi->count, sounded};
    return VAE_OK;
}

/* Some programs write what begins at a tick ahead of what ends there: an end at the tick of a repeated note is that of
 * the note before, which has ended already. */
static void take_end(reader *r, track *t, uint8_t channel, uint8_t pitch)
{
    voice *v = &t->voices[channel][pitch];
    if (v->ended_other && r->midi->notes[v->note - 1].start == t->time) {
        v->ended_other = false;
    } else {
        end_note(r, t, v);
    }
}

/* Goes through the track's own notes, not its voices, as a file may have millions of tracks without any. */
static void end_all_notes(reader *r, track *t)
{
    for (int64_t i = t->first_note; i < r->midi->count; ++i) {
        const vae_midi_note *note = &r->midi->notes[i];
        voice *v = &t->voices[note->channel][note->pitch];
        if (v->note != i + 1) continue;
        r->midi->unended++;
        end_note(r, t, v);
    }
}

/* ---- Events ---- */

static vae_status read_channel_event(reader *r, track *t, uint8_t status)
{
    const uint8_t kind = status & 0xF0, channel = status & 0x0F;
    uint8_t first, second = 0;
    VAE_TRY(read_data(r, t, &first));
    if (kind != STATUS_PROGRAM && kind != STATUS_PRESSURE) VAE_TRY(read_data(r, t, &second));
    if (kind == STATUS_PROGRAM) t->programs[channel] = first;
    if (kind == STATUS_NOTE_ON && second > 0) return begin_note(r, t, channel, first, second);
    if (kind == STATUS_NOTE_ON || kind == STATUS_NOTE_OFF) take_end(r, t, channel, first);
    return VAE_OK;
}

static vae_status take_tempo(reader *r, const track *t, const uint8_t *bytes, int64_t length)
{
    const uint32_t microseconds = length == 3 ? big_endian(bytes, 3) : 0;
    if (length != 3) return fail(r, t, "a tempo has other than three bytes");
    if (microseconds == 0) return fail(r, t, "a tempo of no time for a quarter");
    if (r->midi->tempos++ == 0) r->midi->tempo = 60e6 / microseconds;
    return VAE_OK;
}

static vae_status take_metre(reader *r, const track *t, const uint8_t *bytes, int64_t length)
{
    vae_midi *midi = r->midi;
    if (length < 2) return fail(r, t, "a time signature has less than two bytes");
    if (bytes[0] == 0) return fail(r, t, "a time signature of 0 beats");
    if (bytes[1] > 7) return fail(r, t, "a time signature whose beat is less than a 128th");
    VAE_TRY(make_room(r, (void **)&midi->metres, midi->metre_count, &r->metre_room, sizeof *midi->metres));
    midi->metres[midi->metre_count] = (vae_midi_metre){t->time, midi->metre_count, bytes[0], 1 << bytes[1]};
    midi->metre_count++;
    return VAE_OK;
}

/* Its length and as many bytes; r->at stands behind them. */
static vae_status read_block(reader *r, const track *t, const uint8_t **bytes, int64_t *length)
{
    VAE_TRY(read_length(r, t, length));
    if ((size_t)*length > r->end - r->at) return fail(r, t, "an event is longer than its track");
    *bytes = r->bytes + r->at;
    r->at += (size_t)*length;
    return VAE_OK;
}

static vae_status read_meta(reader *r, track *t, bool *ended)
{
    const uint8_t *bytes;
    int64_t length;
    uint8_t kind;
    VAE_TRY(read_byte(r, t, &kind));
    VAE_TRY(read_block(r, t, &bytes, &length));
    *ended = kind == META_END;
    if (kind == META_TEMPO) return take_tempo(r, t, bytes, length);
    return kind == META_METRE ? take_metre(r, t, bytes, length) : VAE_OK;
}

static vae_status read_event(reader *r, track *t, bool *ended)
{
    const uint8_t *bytes;
    int64_t length;
    uint8_t status;
    VAE_TRY(read_byte(r, t, &status));
    if (status < 0x80) {
        --r->at;
        if (t->status == 0) return fail(r, t, "an event without a status");
        return read_channel_event(r, t, t->status);
    }
    if (status < STATUS_SYSEX) {
        t->status = status;
        return read_channel_event(r, t, status);
    }
    if (status == STATUS_META) return read_meta(r, t, ended);
    if (status == STATUS_SYSEX || status == STATUS_ESCAPE) return read_block(r, t, &bytes, &length);
    --r->at;
    return fail(r, t, "a status that files do not have");
}

static vae_status read_track(reader *r, track *t)
{
    t->time = t->status = 0;
    t->first_note = r->midi->count;
    memset(t->programs, 0, sizeof t->programs);
    for (bool ended = false; !ended && r->at < r->end;) {
        int64_t delta;
        VAE_TRY(read_length(r, t, &delta));
        t->time += delta * r->scale;
        if (t->time > VAE_MIDI_TICKS) return fail(r, t, "lies further from the beginning than any piece is long");
        VAE_TRY(read_event(r, t, &ended));
    }
    end_all_notes(r, t);
    if (t->time > r->midi->end) r->midi->end = t->time;
    return VAE_OK;
}

/* ---- Chunks ---- */

/* MIDI in RIFF: "RIFF", a length, "RMID", and chunks, of which "data" holds the file; its numbers begin with the low
 * byte. */
static void unwrap(reader *r)
{
    size_t at = 12;
    if (r->size < 20 || memcmp(r->bytes, "RIFF", 4) != 0 || memcmp(r->bytes + 8, "RMID", 4) != 0) return;
    while (at + CHUNK_HEADER <= r->size && memcmp(r->bytes + at, "data", 4) != 0) {
        const uint8_t *l = r->bytes + at + 4;
        const size_t length = (size_t)l[3] << 24 | (size_t)l[2] << 16 | (size_t)l[1] << 8 | l[0];
        at += CHUNK_HEADER + length + length % 2;
    }
    if (at + CHUNK_HEADER <= r->size) r->at = at + CHUNK_HEADER;
}

/* The header says ticks of a quarter, or frames a second and ticks of a frame. As half a second need not be whole ticks
 * then, they are halved where it is not. */
static void take_division(reader *r, uint32_t division)
{
    const bool by_frames = division & 0x8000;
    const uint32_t said = 256 - (division >> 8),
                   frames = said == 29 ? 30 : said; /* 29: 30, of which some are dropped */
    const uint32_t second = frames * (division & 0xFF);
    r->scale = by_frames && second % 2 ? 2 : 1;
    r->midi->ticks_per_quarter = by_frames ? second * r->scale / 2 : division;
}

static vae_status read_header(reader *r)
{
    if (r->size - r->at < CHUNK_HEADER + LEAST_HEADER || memcmp(r->bytes + r->at, "MThd", 4) != 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a standard MIDI file, which begins with MThd", r->name);
    }
    const uint8_t *header = r->bytes + r->at + CHUNK_HEADER;
    const uint32_t length = big_endian(r->bytes + r->at + 4, 4), division = big_endian(header + 4, 2);
    if (length < LEAST_HEADER || length > r->size - r->at - CHUNK_HEADER) return fail(r, NULL, "the header is cut off");
    take_division(r, division);
    if (r->midi->ticks_per_quarter == 0) return fail(r, NULL, "a quarter of 0 ticks");
    r->at += CHUNK_HEADER + length;
    return VAE_OK;
}

static vae_status read_chunks(reader *r)
{
    int32_t tracks = 0;
    track *t = calloc(1, sizeof *t);
    vae_status status = t ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", r->name);
    while (!status && r->size - r->at >= CHUNK_HEADER) {
        const bool wanted = memcmp(r->bytes + r->at, "MTrk", 4) == 0;
        const size_t length = big_endian(r->bytes + r->at + 4, 4);
        t->number = tracks;
        if (length > r->size - r->at - CHUNK_HEADER) {
            status = wanted ? fail(r, t, "the file ends before the track does") : VAE_OK;
            break;
        }
        r->at += CHUNK_HEADER;
        r->end = r->at + length;
        if (wanted) status = read_track(r, t);
        tracks += wanted;
        r->at = status ? r->at : r->end;
    }
    free(t);
    if (status || tracks > 0) return status;
    return fail(r, NULL, "the file has no track");
}

/* ---- The piece ---- */

static int by_start(const void *left, const void *right)
{
    const vae_midi_note *a = left, *b = right;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    if (a->track != b->track) return a->track < b->track ? -1 : 1;
    if (a->channel != b->channel) return a->channel < b->channel ? -1 : 1;
    if (a->pitch != b->pitch) return a->pitch < b->pitch ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static int by_place(const void *left, const void *right)
{
    const vae_midi_metre *a = left, *b = right;
    if (a->at != b->at) return a->at < b->at ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

vae_status vae_midi_read(const char *name, const uint8_t *bytes, size_t size, vae_midi *midi)
{
    reader r = {.name = name, .bytes = bytes, .size = size, .midi = midi};
    *midi = (vae_midi){.tempo = 120.0};
    unwrap(&r);
    vae_status status = read_header(&r);
    if (!status) status = read_chunks(&r);
    if (status) {
        vae_midi_free(midi);
        return status;
    }
    if (midi->count > 0) qsort(midi->notes, (size_t)midi->count, sizeof *midi->notes, by_start);
    if (midi->metre_count > 0) qsort(midi->metres, (size_t)midi->metre_count, sizeof *midi->metres, by_place);
    return VAE_OK;
}

vae_status vae_midi_read_file(const char *path, vae_midi *midi)
{
    void *bytes;
    size_t size;
    *midi = (vae_midi){0};
    VAE_TRY(vae_file_read(path, MOST_BYTES, &bytes, &size));
    const vae_status status = vae_midi_read(path, bytes, size, midi);
    free(bytes);
    return status;
}

void vae_midi_free(vae_midi *midi)
{
    free(midi->notes);
    free(midi->metres);
    *midi = (vae_midi){0};
}
