/* Moves the notes of pieces to steps, and finds lines and bars. */
#include "data/music_lines.h"

#include <stdlib.h>

#include "data/music_tokens.h"

/* What is being made, of which piece, and how. */
typedef struct maker {
    const vae_midi *midi;
    const char *name;
    const vae_music_options *options;
    vae_remarks *remarks;
    vae_music_lines *made;
} maker;

static int64_t step_of(const maker *m, int64_t tick)
{
    const int64_t quarter = m->midi->ticks_per_quarter;
    return (2 * tick * m->options->steps_per_quarter + quarter) / (2 * quarter);
}

/* ---- Lines ---- */

/* Drums are one line; melodies come by track and channel. */
static int by_line(const void *left, const void *right)
{
    const vae_midi_note *a = left, *b = right;
    if (a->track != b->track) return a->track < b->track ? -1 : 1;
    if (a->channel != b->channel) return a->channel < b->channel ? -1 : 1;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    if (a->pitch != b->pitch) return a->pitch < b->pitch ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static bool same_line(const vae_midi_note *a, const vae_midi_note *b)
{
    return a->track == b->track && a->channel == b->channel;
}

/* NULL: there is none yet. */
static vae_music_event *last_event(const maker *m, const vae_music_line *line)
{
    return line->count > 0 ? &m->made->events[line->first + line->count - 1] : NULL;
}

/* The highest of those that begin at one step; each ends where the next begins. */
static void add_note(maker *m, vae_music_line *line, const vae_midi_note *note)
{
    const int64_t start = step_of(m, note->start), end = step_of(m, note->end);
    const vae_music_event added = {start, end > start ? end : start + 1, note->pitch};
    vae_music_event *last = last_event(m, line);
    if (last && last->start == start) {
        line->chords++;
        if (added.value > last->value) *last = added;
        return;
    }
    if (last && last->end > start) last->end = start;
    m->made->events[line->first + line->count++] = added;
}

static void add_drum(maker *m, vae_music_line *line, const vae_midi_note *note)
{
    const int64_t start = step_of(m, note->start);
    const int kind = vae_music_drum_kind(note->pitch);
    vae_music_event *last = last_event(m, line);
    if (kind < 0) {
        vae_remarks_add(m->remarks, VAE_REMARK_OTHER_DRUMS, 1, "the first, %d, is in %s", note->pitch, m->name);
        return;
    }
    if (last && last->start == start) {
        last->value |= 1 << kind;
        return;
    }
    m->made->events[line->first + line->count++] = (vae_music_event){start, start + 1, 1 << kind};
}

static void make_drums(maker *m)
{
    vae_music_line *line = m->made->lines;
    for (int64_t i = 0; i < m->midi->count; ++i)
        if (m->midi->notes[i].channel == VAE_MIDI_DRUMS) add_drum(m, line, &m->midi->notes[i]);
    m->made->line_count = line->count > 0;
}

/* A line that is mostly chords is an accompaniment. */
static void end_melody(maker *m)
{
    vae_music_lines *made = m->made;
    const vae_music_line *line = made->line_count > 0 ? &made->lines[made->line_count - 1] : NULL;
    if (!line || line->chords == 0) return;
    if (line->chords > line->count) {
        vae_remarks_add(m->remarks, VAE_REMARK_CHORDS, 1, "the first is in %s", m->name);
        made->line_count--;
    } else {
        vae_remarks_add(m->remarks, VAE_REMARK_CHORD_NOTES, line->chords, "the first is in %s", m->name);
    }
}

static void make_melodies(maker *m, vae_midi_note *notes)
{
    vae_music_lines *made = m->made;
    int64_t count = 0, used = 0;
    for (int64_t i = 0; i < m->midi->count; ++i)
        if (m->midi->notes[i].channel != VAE_MIDI_DRUMS) notes[count++] = m->midi->notes[i];
    if (count > 0) qsort(notes, (size_t)count, sizeof *notes, by_line);
    for (int64_t i = 0; i < count; ++i) {
        if (i == 0 || !same_line(&notes[i], &notes[i - 1])) {
            end_melody(m);
            made->lines[made->line_count++] = (vae_music_line){.first = used};
        }
        vae_music_line *line = &made->lines[made->line_count - 1];
        add_note(m, line, &notes[i]);
        used = line->first + line->count;
    }
    end_melody(m);
}

static vae_status make_lines(maker *m)
{
    const size_t room = (size_t)m->midi->count + 1;
    vae_midi_note *notes = malloc(room * sizeof *notes);
    m->made->events = malloc(room * sizeof *m->made->events);
    m->made->lines = calloc(room, sizeof *m->made->lines);
    const bool there = notes && m->made->events && m->made->lines;
    if (there && m->options->part == VAE_MUSIC_DRUMS) make_drums(m);
    if (there && m->options->part == VAE_MUSIC_MELODY) make_melodies(m, notes);
    free(notes);
    return there ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", m->name);
}

/* ---- Bars ---- */

/* Where the last of them ends. */
static int64_t end_of_lines(const maker *m)
{
    int64_t end = 0;
    for (int64_t i = 0; i < m->made->line_count; ++i) {
        const int64_t last = last_event(m, &m->made->lines[i])->end;
        if (last > end) end = last;
    }
    return end;
}

/* A bar that is not a whole number of steps is of no use. */
static void add_section(maker *m, const vae_midi_metre *metre, int64_t start, int64_t end, bool last)
{
    const int64_t whole = 4 * m->options->steps_per_quarter * metre->numerator;
    const int64_t bar = whole % metre->denominator == 0 ? whole / metre->denominator : 0;
    const bool taken = bar > 0 && (m->options->any_metre || (metre->numerator == 4 && metre->denominator == 4));
    if (end <= start) return;
    if (!taken) {
        const int64_t bars = whole > 0 ? ((end - start) * metre->denominator + whole - 1) / whole : 0;
        vae_remarks_add(m->remarks, VAE_REMARK_OTHER_METRE, bars, "the first are of %d/%d in %s", metre->numerator,
                        metre->denominator, m->name);
        return;
    }
    if (last) end = start + (end - start + bar - 1) / bar * bar;
    m->made->sections[m->made->section_count++] = (vae_music_section){start, end, bar};
}

static vae_status make_sections(maker *m)
{
    const vae_midi *midi = m->midi;
    const int64_t end = end_of_lines(m);
    vae_midi_metre metre = {.numerator = 4, .denominator = 4};
    int64_t start = 0;
    m->made->sections = malloc((size_t)(midi->metre_count + 1) * sizeof *m->made->sections);
    if (!m->made->sections) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", m->name);
    for (int64_t i = 0; i < midi->metre_count && m->made->line_count > 0; ++i) {
        const vae_midi_metre *next = &midi->metres[i];
        const int64_t at = step_of(m, next->at);
        const bool same = next->numerator == metre.numerator && next->denominator == metre.denominator;
        if (same || at >= end) continue;
        add_section(m, &metre, start, at, false);
        metre = *next;
        start = at;
    }
    add_section(m, &metre, start, end, true);
    return VAE_OK;
}

/* ---- The piece ---- */

vae_status vae_music_lines_make(const vae_midi *midi, const char *name, const vae_music_options *options,
                                vae_remarks *remarks, vae_music_lines *made)
{
    maker m = {midi, name, options, remarks, made};
    *made = (vae_music_lines){0};
    vae_status status = make_lines(&m);
    if (!status) status = make_sections(&m);
    if (status) {
        vae_music_lines_free(made);
        return status;
    }
    if (made->line_count == 0) vae_remarks_add(remarks, VAE_REMARK_SILENT_PIECES, 1, "the first is %s", name);
    return VAE_OK;
}

void vae_music_lines_free(vae_music_lines *lines)
{
    free(lines->events);
    free(lines->lines);
    free(lines->sections);
    *lines = (vae_music_lines){0};
}
