/* Music as commands show it: MIDI files, one for all or one each, and grids of piano rolls. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/gallery.h"
#include "cli/sequence_input.h"
#include "core/file.h"
#include "data/midi.h"
#include "data/music_tokens.h"
#include "draw/piano_roll.h"
#include "report/page_music.h"

enum { TICKS_PER_STEP = 120, TEMPO = 120, VELOCITY = 80, GAP_BARS = 1 };

typedef struct music {
    vae_gallery gallery;
    unsigned file; /* what is written */
} music;

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "music: out of memory");
}

/* ---- MIDI ---- */

/* Excerpts one after the other. */
typedef struct score {
    const vae_config *config;
    vae_midi_note *notes;
    vae_midi_marker *markers;
    int64_t count, marker_count;
    int64_t at; /* step where the next one begins */
} score;

static int64_t bar_of(const vae_config *config)
{
    return 4 * config->data.steps_per_quarter;
}

/* Notes of an excerpt; the caller frees them. */
static vae_status find_notes(const vae_config *config, const float *rows, int64_t count, vae_music_note **notes,
                             int64_t *found)
{
    *notes = malloc((size_t)(count * VAE_MUSIC_KINDS + 1) * sizeof **notes);
    if (!*notes) return no_memory();
    *found = vae_music_notes(config->data.music_part, rows, count, *notes);
    return VAE_OK;
}

static vae_status add_excerpt(score *s, const float *rows, int64_t count, const char *name)
{
    const int64_t bar = bar_of(s->config), steps = vae_music_steps(rows, count);
    vae_music_note *found;
    int64_t notes;
    VAE_TRY(find_notes(s->config, rows, count, &found, &notes));
    vae_midi_note *grown = realloc(s->notes, (size_t)(s->count + notes + 1) * sizeof *grown);
    vae_midi_marker *markers = realloc(s->markers, (size_t)(s->marker_count + 1) * sizeof *markers);
    if (grown) s->notes = grown;
    if (markers) s->markers = markers;
    for (int64_t i = 0; grown && i < notes; ++i) {
        const bool drums = s->config->data.music_part == VAE_MUSIC_DRUMS;
        const int64_t start = (s->at + found[i].start) * TICKS_PER_STEP;
        s->notes[s->count++] = (vae_midi_note){.start = start,
                                               .end = start + found[i].steps * TICKS_PER_STEP,
                                               .channel = drums ? VAE_MIDI_DRUMS : 0,
                                               .pitch = (uint8_t)found[i].pitch,
                                               .velocity = VELOCITY};
    }
    free(found);
    if (!grown || !markers) return no_memory();
    if (name && name[0]) s->markers[s->marker_count++] = (vae_midi_marker){s->at * TICKS_PER_STEP, name};
    s->at += (steps + bar - 1) / bar * bar + GAP_BARS * bar;
    return VAE_OK;
}

/* Frees the score. */
static vae_status write_score(const char *path, score *s, vae_status status)
{
    const vae_midi_score made = {.title = "vae-cuda",
                                 .ticks_per_quarter = s->config->data.steps_per_quarter * TICKS_PER_STEP,
                                 .tempo = TEMPO,
                                 .numerator = 4,
                                 .denominator = 4,
                                 .notes = s->notes,
                                 .count = s->count,
                                 .tracks = 1,
                                 .markers = s->markers,
                                 .marker_count = s->marker_count,
                                 .end = (s->at - GAP_BARS * bar_of(s->config)) * TICKS_PER_STEP};
    if (!status) status = vae_midi_write(path, &made);
    free(s->notes);
    free(s->markers);
    return status;
}

static vae_status write_one(const vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    score s = {.config = sink->sequences->config};
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_gallery_numbered(sink, ".mid", path));
    return write_score(path, &s, add_excerpt(&s, item->rows, item->count, item->label));
}

/* In the order in which they came, whatever their places in a grid. */
static vae_status write_all(const vae_sequence_sink *sink, const music *m)
{
    score s = {.config = sink->sequences->config};
    vae_status status = VAE_OK;
    for (int64_t i = 0; i < m->gallery.list.count && !status; ++i) {
        int64_t count;
        const float *rows = vae_sequence_list_item(&m->gallery.list, i, &count);
        status = add_excerpt(&s, rows, count, NULL);
    }
    return write_score(sink->plan.path, &s, status);
}

/* ---- Piano rolls ---- */

static vae_status write_rolls(const vae_sequence_sink *sink, music *m, vae_piano_roll *rolls)
{
    vae_gallery *g = &m->gallery;
    const vae_config *config = sink->sequences->config;
    const int64_t columns = sink->plan.columns;
    const char **memory;
    vae_piano_roll_grid grid = {.rolls = rolls,
                                .count = g->cells,
                                .columns = columns < g->cells ? columns : g->cells,
                                .beat = config->data.steps_per_quarter,
                                .bar = bar_of(config)};
    for (int64_t i = 0; i < g->list.count; ++i) {
        int64_t count;
        const float *rows = vae_sequence_list_item(&g->list, i, &count);
        VAE_TRY(vae_piano_roll_of_tokens(config->data.music_part, rows, count, g->places[i].given,
                                         &rolls[g->places[i].cell]));
    }
    VAE_TRY(vae_gallery_labels(g, &memory, &grid.names, &grid.heads));
    const vae_status status = m->file == VAE_FILE_SVG ? vae_piano_roll_write_svg(sink->plan.path, &grid)
                                                      : vae_piano_roll_write_png(sink->plan.path, &grid);
    free(memory);
    return status;
}

static vae_status draw_rolls(const vae_sequence_sink *sink, music *m)
{
    vae_piano_roll *rolls = calloc((size_t)m->gallery.cells + 1, sizeof *rolls);
    if (!rolls) return no_memory();
    const vae_status status = write_rolls(sink, m, rolls);
    vae_piano_roll_free(rolls, m->gallery.cells);
    return status;
}

/* ---- Shown ---- */

static vae_status open_sink(vae_sequence_sink *sink)
{
    music *m = calloc(1, sizeof *m);
    if (!m) return no_memory();
    sink->state = m;
    m->file = vae_cli_file_kind(sink->plan.path, sink->kind->files);
    if (m->file == VAE_FILE_FOLDER) VAE_TRY(vae_folder_make(sink->plan.path));
    return vae_gallery_open(sink->sequences->elements, &m->gallery);
}

static vae_status begin_strip(vae_sequence_sink *sink, const char *name)
{
    music *m = sink->state;
    return vae_gallery_begin_strip(&m->gallery, &sink->plan, name);
}

static vae_status add(vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    music *m = sink->state;
    return m->file == VAE_FILE_FOLDER ? write_one(sink, item) : vae_gallery_add(&m->gallery, sink, item);
}

static vae_status finish(vae_sequence_sink *sink)
{
    music *m = sink->state;
    if (m->file == VAE_FILE_FOLDER) return VAE_OK;
    return m->file == VAE_FILE_MIDI ? write_all(sink, m) : draw_rolls(sink, m);
}

static void close_sink(vae_sequence_sink *sink)
{
    music *m = sink->state;
    if (m) vae_gallery_free(&m->gallery);
    free(m);
}

/* ---- In a report ---- */

static vae_status fill_rolls(const vae_config *config, const vae_sequence_group *group, int64_t columns,
                             vae_piano_roll *rolls)
{
    for (int64_t i = 0; i < group->items->count; ++i) {
        int64_t count;
        const float *rows = vae_sequence_list_item(group->items, i, &count);
        VAE_TRY(vae_piano_roll_of_tokens(config->data.music_part, rows, count, group->given ? group->given[i] : 0,
                                         &rolls[group->pairs ? vae_gallery_cell_of_pairs(i, columns) : i]));
    }
    return VAE_OK;
}

static vae_status report(const vae_cli_sequences *s, const vae_sequence_group *group, vae_page_run *run)
{
    const int64_t count = group->items->count, columns = group->pairs ? count / 2 : group->columns;
    vae_piano_roll *rolls = calloc((size_t)count + 1, sizeof *rolls);
    if (!rolls) return no_memory();
    const vae_page_music made = {.title = group->title,
                                 .caption = group->caption,
                                 .rolls = rolls,
                                 .count = count,
                                 .columns = columns,
                                 .beat = s->config->data.steps_per_quarter,
                                 .tempo = TEMPO,
                                 .drums = s->config->data.music_part == VAE_MUSIC_DRUMS};
    vae_status status = fill_rolls(s->config, group, columns, rolls);
    if (!status) status = vae_page_music_add(&made, &run->music);
    vae_piano_roll_free(rolls, count);
    return status;
}

/* ---- Given ---- */

/* Of a file its first excerpt. */
static vae_status read_music(const vae_cli_sequences *s, const char *option, const char *text, vae_sequence_list *list)
{
    return vae_sequence_file_add(s, option, text, 1, list);
}

const vae_sequence_kind vae_sequence_kind_music = {
    .sample_file = "samples.mid",
    .files = VAE_FILE_MIDI | VAE_FILE_PNG | VAE_FILE_SVG | VAE_FILE_FOLDER,
    .read = read_music,
    .report = report,
    .open = open_sink,
    .begin_strip = begin_strip,
    .add = add,
    .finish = finish,
    .close = close_sink,
};
