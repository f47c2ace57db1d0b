/* Cuts pieces of music into excerpts. */
#include "data/excerpts.h"

#include <stdlib.h>

#include "data/music_lines.h"
#include "data/music_tokens.h"

struct vae_excerpts {
    const vae_music_options *options;
    const char *name;
    vae_remarks *remarks;
    vae_music_lines piece;
    int64_t steps, bar; /* of an excerpt; of a bar of four quarters */
    /* The next excerpt: where it begins, the first event that ends behind that, and how it is transposed. */
    int64_t line, section, start, event;
    bool has_room; /* the line so far, for an excerpt */
    int64_t shift; /* from -transpose to transpose; beyond: the next excerpt */
    int32_t *tokens;
};

int64_t vae_excerpt_steps(const vae_music_options *options)
{
    return options->bars * 4 * options->steps_per_quarter;
}

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
    if (!status) status = vae_music_lines_make(midi, name, options, remarks, &e->piece);
    if (!status) return VAE_OK;
    vae_excerpts_close(e);
    *excerpts = NULL;
    return status;
}

void vae_excerpts_close(vae_excerpts *e)
{
    if (!e) return;
    vae_music_lines_free(&e->piece);
    free(e->tokens);
    free(e);
}

/* ---- From bar to bar ---- */

/* The next line, with no excerpt of it yet. */
static void end_line(vae_excerpts *e)
{
    if (!e->has_room && e->piece.section_count > 0) {
        vae_remarks_add(e->remarks, VAE_REMARK_SHORT_PIECES, 1, "the first is in %s", e->name);
    }
    e->line++;
    e->section = e->event = 0;
    e->has_room = false;
    e->start = -1;
}

/* The bar's begin at or before a step of a section. */
static int64_t bar_at(const vae_music_section *s, int64_t step)
{
    return s->start + (step > s->start ? (step - s->start) / s->bar * s->bar : 0);
}

static void pass_ended(vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    while (e->event < count && events[e->event].end <= e->start)
        e->event++;
}

/* The first event that begins at e->start or behind it. */
static int64_t next_onset(const vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    return e->event + (e->event < count && events[e->event].start < e->start);
}

/* On to the first bar from which an excerpt reaches an onset that is too far from this one. Those that are left out as
 * a note is held all through them are counted, not gone through: it may be held for a million bars. */
static void pass_held(vae_excerpts *e, const vae_music_section *s, const vae_music_event *sounding, int64_t onset)
{
    const int64_t next = bar_at(s, onset - e->steps + s->bar), room = s->end - e->steps + 1;
    int64_t end = next < room ? next : room;
    if (sounding->end < end) end = sounding->end;
    if (sounding->start < e->start && end > e->start) {
        e->has_room = true;
        vae_remarks_add(e->remarks, VAE_REMARK_HELD_EXCERPTS, (end - e->start + s->bar - 1) / s->bar,
                        "the first is in %s", e->name);
    }
    e->start = next;
}

/* Moves on within a section to where something sounds in the first bar and something begins; false: nowhere. */
static bool find_onset(vae_excerpts *e, const vae_music_section *s, const vae_music_event *events, int64_t count)
{
    while (e->start + e->steps <= s->end) {
        pass_ended(e, events, count);
        const int64_t onset = next_onset(e, events, count);
        if (onset == count) return false;
        if (events[onset].start >= e->start + e->steps) {
            pass_held(e, s, &events[e->event], events[onset].start);
            continue;
        }
        /* A bar of four quarters from the excerpt's begin on, which the metre's own may be shorter or longer than. */
        const int64_t audible = bar_at(s, events[e->event].start - e->bar + s->bar);
        if (audible <= e->start) return true;
        e->start = audible;
    }
    return false;
}

/* The first section that ends behind a step; section_count: none does. */
static int64_t section_behind(const vae_music_lines *piece, int64_t step)
{
    int64_t low = 0, high = piece->section_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (piece->sections[middle].end > step) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* On to the next section in which something begins. */
static void end_section(vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    e->start = e->piece.sections[e->section].end;
    pass_ended(e, events, count);
    const int64_t onset = next_onset(e, events, count);
    e->section = onset < count ? section_behind(&e->piece, events[onset].start) : e->piece.section_count;
    e->start = -1;
}

/* Moves to the next bar at which an excerpt of the line may begin; false: it has no more. */
static bool move_on(vae_excerpts *e)
{
    const vae_music_line *l = &e->piece.lines[e->line];
    const vae_music_event *events = e->piece.events + l->first;
    while (e->section < e->piece.section_count) {
        const vae_music_section *s = &e->piece.sections[e->section];
        const int64_t behind = events[l->count - 1].end + s->bar; /* no excerpt ends a bar behind the last event */
        e->start = e->start < s->start ? s->start : e->start + s->bar;
        if (find_onset(e, s, events, l->count) && e->start + e->steps <= s->end && e->start + e->steps < behind)
            return true;
        end_section(e, events, l->count);
    }
    return false;
}

/* ---- One excerpt ---- */

static void fill_melody(vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    for (int64_t t = 0; t < e->steps; ++t)
        e->tokens[t] = VAE_MUSIC_HOLD;
    for (int64_t i = e->event; i < count && events[i].start < e->start + e->steps; ++i) {
        const int64_t from = events[i].start > e->start ? events[i].start - e->start : 0, to = events[i].end - e->start;
        e->tokens[from] = vae_music_note_token(events[i].value);
        if (to < e->steps) e->tokens[to] = VAE_MUSIC_OFF;
    }
}

static void fill_drums(vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    for (int64_t t = 0; t < e->steps; ++t)
        e->tokens[t] = VAE_MUSIC_STRUCK;
    for (int64_t i = e->event; i < count && events[i].start < e->start + e->steps; ++i)
        if (events[i].start >= e->start) e->tokens[events[i].start - e->start] = vae_music_drums_token(events[i].value);
}

static bool has_silent_bar(const vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    int64_t i = e->event;
    for (int64_t bar = e->start; bar < e->start + e->steps; bar += e->bar) {
        while (i < count && events[i].end <= bar)
            ++i;
        if (i == count || events[i].start >= bar + e->bar) return true;
    }
    return false;
}

static bool leaves_keys(const vae_excerpts *e, const vae_music_event *events, int64_t count)
{
    for (int64_t i = e->event; i < count && events[i].start < e->start + e->steps; ++i)
        if (events[i].value < VAE_MUSIC_LOWEST || events[i].value > VAE_MUSIC_HIGHEST) return true;
    return false;
}

/* The excerpt from e->start on, if it is one. */
static bool cut(vae_excerpts *e)
{
    const vae_music_line *l = &e->piece.lines[e->line];
    const vae_music_event *events = e->piece.events + l->first;
    const bool drums = e->options->part == VAE_MUSIC_DRUMS;
    e->has_room = true;
    if (has_silent_bar(e, events, l->count)) {
        vae_remarks_add(e->remarks, VAE_REMARK_SILENT_EXCERPTS, 1, "the first is in %s", e->name);
        return false;
    }
    if (!drums && leaves_keys(e, events, l->count)) {
        vae_remarks_add(e->remarks, VAE_REMARK_FAR_PITCHES, 1, "the first is in %s", e->name);
        return false;
    }
    if (drums) {
        fill_drums(e, events, l->count);
    } else {
        fill_melody(e, events, l->count);
    }
    return true;
}

static bool find_next(vae_excerpts *e)
{
    for (; e->line < e->piece.line_count; end_line(e)) {
        while (move_on(e))
            if (cut(e)) return true;
    }
    return false;
}

/* ---- Transposed ---- */

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
