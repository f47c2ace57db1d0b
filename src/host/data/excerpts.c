/* Cuts pieces of music into excerpts. */
#include "data/excerpts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "data/music_tokens.h"

/* What happens from `start` to `end`, in steps: a note, or drums that are struck together. */
typedef struct event {
    int64_t start, end;
    int value; /* a pitch, or a set of kinds of drums */
} event;

/* One melody, or all drums: events[first … first + count - 1], of which none overlap, in order. */
typedef struct line {
    int64_t first, count;
    int64_t chords; /* notes that were left out below others */
} line;

/* A run of bars of one length, in steps. */
typedef struct section {
    int64_t start, end, bar;
} section;

struct vae_excerpts {
    const vae_music_options *options;
    const char *name;
    vae_remarks *remarks;
    event *events;
    line *lines;
    section *sections; /* those whose bars are taken */
    int64_t line_count, section_count;
    int64_t steps, bar; /* of an excerpt; of a bar of four quarters */
    /* The next excerpt: where it begins, the first event that ends behind that, and how it is transposed. */
    int64_t line, section, start, event;
    int64_t found; /* of the line so far */
    int64_t shift; /* from -transpose to transpose; beyond: the next excerpt */
    int32_t *tokens;
};

int64_t vae_excerpt_steps(const vae_music_options *options)
{
    return options->bars * 4 * options->steps_per_quarter;
}

static int64_t step_of(const vae_midi *midi, const vae_music_options *options, int64_t tick)
{
    return (2 * tick * options->steps_per_quarter + midi->ticks_per_quarter) / (2 * midi->ticks_per_quarter);
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

/* The highest of those that begin at one step; each ends where the next begins. */
static void add_note(vae_excerpts *e, line *l, const vae_midi *midi, const vae_midi_note *note)
{
    const int64_t start = step_of(midi, e->options, note->start), end = step_of(midi, e->options, note->end);
    const event added = {start, end > start ? end : start + 1, note->pitch};
    event *last = l->count > 0 ? &e->events[l->first + l->count - 1] : NULL;
    if (last && last->start == start) {
        l->chords++;
        if (added.value > last->value) *last = added;
        return;
    }
    if (last && last->end > start) last->end = start;
    e->events[l->first + l->count++] = added;
}

static void add_drum(vae_excerpts *e, line *l, const vae_midi *midi, const vae_midi_note *note)
{
    const int64_t start = step_of(midi, e->options, note->start);
    const int kind = vae_music_drum_kind(note->pitch);
    event *last = l->count > 0 ? &e->events[l->first + l->count - 1] : NULL;
    if (kind < 0) return;
    if (last && last->start == start) {
        last->value |= 1 << kind;
        return;
    }
    e->events[l->first + l->count++] = (event){start, start + 1, 1 << kind};
}

static void make_drums(vae_excerpts *e, const vae_midi *midi)
{
    line *l = e->lines;
    for (int64_t i = 0; i < midi->count; ++i)
        if (midi->notes[i].channel == VAE_MIDI_DRUMS) add_drum(e, l, midi, &midi->notes[i]);
    e->line_count = l->count > 0;
}

/* A line that is mostly chords is an accompaniment. */
static void end_melody(vae_excerpts *e)
{
    line *l = e->line_count > 0 ? &e->lines[e->line_count - 1] : NULL;
    if (!l || l->chords == 0) return;
    if (l->chords > l->count) {
        vae_remarks_add(e->remarks, VAE_REMARK_CHORDS, 1, "the first is in %s", e->name);
        e->line_count--;
    } else {
        vae_remarks_add(e->remarks, VAE_REMARK_CHORD_NOTES, l->chords, "the first is in %s", e->name);
    }
}

static void make_melodies(vae_excerpts *e, const vae_midi *midi, vae_midi_note *notes)
{
    int64_t count = 0, used = 0;
    for (int64_t i = 0; i < midi->count; ++i)
        if (midi->notes[i].channel != VAE_MIDI_DRUMS) notes[count++] = midi->notes[i];
    if (count > 0) qsort(notes, (size_t)count, sizeof *notes, by_line);
    for (int64_t i = 0; i < count; ++i) {
        if (i == 0 || !same_line(&notes[i], &notes[i - 1])) {
            end_melody(e);
            e->lines[e->line_count++] = (line){.first = used};
        }
        line *l = &e->lines[e->line_count - 1];
        add_note(e, l, midi, &notes[i]);
        used = l->first + l->count;
    }
    end_melody(e);
}

static vae_status make_lines(vae_excerpts *e, const vae_midi *midi)
{
    const size_t room = (size_t)midi->count + 1;
    vae_midi_note *notes = malloc(room * sizeof *notes);
    e->events = malloc(room * sizeof *e->events);
    e->lines = calloc(room, sizeof *e->lines);
    const bool there = notes && e->events && e->lines;
    if (there && e->options->part == VAE_MUSIC_DRUMS) make_drums(e, midi);
    if (there && e->options->part == VAE_MUSIC_MELODY) make_melodies(e, midi, notes);
    free(notes);
    return there ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", e->name);
}

/* ---- Bars ---- */

/* Where the last of them ends. */
static int64_t end_of_lines(const vae_excerpts *e)
{
    int64_t end = 0;
    for (int64_t i = 0; i < e->line_count; ++i) {
        const int64_t last = e->events[e->lines[i].first + e->lines[i].count - 1].end;
        if (last > end) end = last;
    }
    return end;
}

/* The last section ends with a whole bar. A bar that is not a whole number of steps is of no use. */
static void add_section(vae_excerpts *e, const vae_midi_metre *metre, int64_t start, int64_t end, bool last)
{
    const int64_t whole = 4 * e->options->steps_per_quarter * metre->numerator;
    const int64_t bar = whole % metre->denominator == 0 ? whole / metre->denominator : 0;
    const bool taken = bar > 0 && (e->options->any_metre || (metre->numerator == 4 && metre->denominator == 4));
    if (end <= start) return;
    if (!taken) {
        const int64_t bars = whole > 0 ? ((end - start) * metre->denominator + whole - 1) / whole : 0;
        vae_remarks_add(e->remarks, VAE_REMARK_OTHER_METRE, bars, "the first are of %d/%d in %s", metre->numerator,
                        metre->denominator, e->name);
        return;
    }
    if (last) end = start + (end - start + bar - 1) / bar * bar;
    e->sections[e->section_count++] = (section){start, end, bar};
}

static vae_status make_sections(vae_excerpts *e, const vae_midi *midi)
{
    const int64_t end = end_of_lines(e);
    vae_midi_metre metre = {.numerator = 4, .denominator = 4};
    int64_t start = 0;
    e->sections = malloc((size_t)(midi->metre_count + 1) * sizeof *e->sections);
    if (!e->sections) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", e->name);
    for (int64_t i = 0; i < midi->metre_count && e->line_count > 0; ++i) {
        const vae_midi_metre *next = &midi->metres[i];
        const int64_t at = step_of(midi, e->options, next->at);
        const bool same = next->numerator == metre.numerator && next->denominator == metre.denominator;
        if (same || at >= end) continue;
        add_section(e, &metre, start, at, false);
        metre = *next;
        start = at;
    }
    add_section(e, &metre, start, end, true);
    return VAE_OK;
}

/* ---- Excerpts ---- */

vae_status vae_excerpts_open(const vae_midi *midi, const char *name, const vae_music_options *options,
                             vae_remarks *remarks, vae_excerpts **excerpts)
{
    vae_excerpts *e = *excerpts = calloc(1, sizeof *e);
    if (!e) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
    *e = (vae_excerpts){.options = options,
                        .name = name,
                        .remarks = remarks,
                        .steps = vae_excerpt_steps(options),
                        .bar = 4 * options->steps_per_quarter,
                        .start = -1,
                        .shift = options->transpose + 1};
    e->tokens = malloc((size_t)e->steps * sizeof *e->tokens);
    vae_status status = e->tokens ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
    if (!status) status = make_lines(e, midi);
    if (!status) status = make_sections(e, midi);
    if (!status && e->line_count == 0) vae_remarks_add(remarks, VAE_REMARK_SILENT_PIECES, 1, "the first is %s", name);
    if (!status) return VAE_OK;
    vae_excerpts_close(e);
    *excerpts = NULL;
    return status;
}

void vae_excerpts_close(vae_excerpts *e)
{
    if (!e) return;
    free(e->events);
    free(e->lines);
    free(e->sections);
    free(e->tokens);
    free(e);
}

/* The next line, with no excerpt of it yet. */
static void end_line(vae_excerpts *e)
{
    if (e->found == 0 && e->section_count > 0) {
        vae_remarks_add(e->remarks, VAE_REMARK_SHORT_PIECES, 1, "the first is in %s", e->name);
    }
    e->line++;
    e->section = e->event = e->found = 0;
    e->start = -1;
}

/* The bar's begin at or before a step of a section. */
static int64_t bar_at(const section *s, int64_t step)
{
    return s->start + (step > s->start ? (step - s->start) / s->bar * s->bar : 0);
}

/* Moves to the next bar at which an excerpt of the line may begin; false: it has no more. */
static bool move_on(vae_excerpts *e)
{
    const line *l = &e->lines[e->line];
    const event *events = e->events + l->first;
    while (e->section < e->section_count) {
        const section *s = &e->sections[e->section];
        e->start = e->start < s->start ? s->start : e->start + s->bar;
        while (e->event < l->count && events[e->event].end <= e->start)
            e->event++;
        if (e->event == l->count) return false;
        /* Over a silence at once. */
        if (bar_at(s, events[e->event].start) > e->start) e->start = bar_at(s, events[e->event].start);
        const int64_t last = events[l->count - 1].end, room = e->start + e->steps;
        if (room <= s->end && room < last + s->bar) return true;
        e->section++;
        e->start = -1;
    }
    return false;
}

static void fill_melody(vae_excerpts *e, const event *events, int64_t count)
{
    for (int64_t t = 0; t < e->steps; ++t)
        e->tokens[t] = VAE_MUSIC_HOLD;
    for (int64_t i = e->event; i < count && events[i].start < e->start + e->steps; ++i) {
        const int64_t from = events[i].start > e->start ? events[i].start - e->start : 0, to = events[i].end - e->start;
        e->tokens[from] = vae_music_note_token(events[i].value);
        if (to < e->steps) e->tokens[to] = VAE_MUSIC_OFF;
    }
}

static void fill_drums(vae_excerpts *e, const event *events, int64_t count)
{
    for (int64_t t = 0; t < e->steps; ++t)
        e->tokens[t] = VAE_MUSIC_STRUCK;
    for (int64_t i = e->event; i < count && events[i].start < e->start + e->steps; ++i)
        if (events[i].start >= e->start) e->tokens[events[i].start - e->start] = vae_music_drums_token(events[i].value);
}

static bool has_silent_bar(const vae_excerpts *e, const event *events, int64_t count)
{
    int64_t i = e->event;
    for (int64_t bar = e->start; bar < e->start + e->steps; bar += e->bar) {
        while (i < count && events[i].end <= bar)
            ++i;
        if (i == count || events[i].start >= bar + e->bar) return true;
    }
    return false;
}

/* The excerpt from e->start on, if it is one. */
static bool cut(vae_excerpts *e)
{
    const line *l = &e->lines[e->line];
    const event *events = e->events + l->first;
    if (has_silent_bar(e, events, l->count)) {
        vae_remarks_add(e->remarks, VAE_REMARK_SILENT_EXCERPTS, 1, "the first is in %s", e->name);
        return false;
    }
    for (int64_t i = e->event; i < l->count && events[i].start < e->start + e->steps; ++i) {
        const bool near = events[i].value >= VAE_MUSIC_LOWEST && events[i].value <= VAE_MUSIC_HIGHEST;
        if (near || e->options->part == VAE_MUSIC_DRUMS) continue;
        vae_remarks_add(e->remarks, VAE_REMARK_FAR_PITCHES, 1, "the first is in %s", e->name);
        return false;
    }
    if (e->options->part == VAE_MUSIC_DRUMS) {
        fill_drums(e, events, l->count);
    } else {
        fill_melody(e, events, l->count);
    }
    e->found++;
    return true;
}

static bool find_next(vae_excerpts *e)
{
    for (; e->line < e->line_count; end_line(e)) {
        while (move_on(e))
            if (cut(e)) return true;
    }
    return false;
}

/* The excerpt with every note moved; false where one leaves the keys. */
static bool transpose(const vae_excerpts *e, int32_t *tokens)
{
    for (int64_t t = 0; t < e->steps; ++t) {
        const int32_t token = e->tokens[t];
        const bool moves = e->options->part == VAE_MUSIC_MELODY && token >= VAE_MUSIC_NOTES;
        tokens[t] = token + (moves ? (int32_t)e->shift : 0);
        if (moves && (tokens[t] < VAE_MUSIC_NOTES || tokens[t] > vae_music_note_token(VAE_MUSIC_HIGHEST))) return false;
    }
    return true;
}

bool vae_excerpts_next(vae_excerpts *e, int32_t *tokens)
{
    const int64_t range = e->options->part == VAE_MUSIC_MELODY ? e->options->transpose : 0;
    for (;;) {
        if (++e->shift > range) {
            if (!find_next(e)) return false;
            e->shift = -range;
        }
        if (transpose(e, tokens)) return true;
    }
}
