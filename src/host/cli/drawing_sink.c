/* Drawings as commands show them, as a grid or one file each, and as they are given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"
#include "core/file.h"
#include "draw/sketch.h"
#include "report/page_sketches.h"

/* ---- Shown ---- */

/* Where in the grid an item stands, and how much of it was given. */
typedef struct place {
    int64_t cell, given;
} place;

enum { LABEL = 256 };

/* Drawings of a grid are kept until all are there. */
typedef struct gallery {
    vae_sequence_list list;
    place *places;                         /* [list.count] */
    int64_t cells;                         /* in use, those between strips counted */
    unsigned file;                         /* what is written */
    char (*names)[LABEL], (*heads)[LABEL]; /* of strips, and of the items of one; NULL: none so far */
    int64_t name_count, head_count;
} gallery;

/* Copies one more to the list. */
static vae_status add_label(char (**list)[LABEL], int64_t *count, const char *label)
{
    char(*grown)[LABEL] = realloc(*list, (size_t)(*count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    *list = grown;
    snprintf(grown[(*count)++], LABEL, "%s", label ? label : "");
    return VAE_OK;
}

static vae_status open_sink(vae_sequence_sink *sink)
{
    gallery *g = calloc(1, sizeof *g);
    if (!g) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    sink->state = g;
    g->file = vae_cli_file_kind(sink->plan.path, sink->kind->files);
    if (g->file == VAE_FILE_FOLDER) VAE_TRY(vae_folder_make(sink->plan.path));
    return vae_sequence_list_create(sink->sequences->elements, &g->list);
}

/* A strip is a row of the grid. */
static vae_status begin_strip(vae_sequence_sink *sink, const char *name)
{
    gallery *g = sink->state;
    const int64_t columns = sink->plan.columns;
    if (sink->plan.pairs) return VAE_OK;
    g->cells = (g->cells + columns - 1) / columns * columns;
    return add_label(&g->names, &g->name_count, name);
}

/* Items of the first strip head the columns. Of pairs they are the names of rows, two and two. */
static vae_status take_label(const vae_sequence_sink *sink, const char *label)
{
    gallery *g = sink->state;
    const int64_t columns = sink->plan.columns, pairs = sink->plan.count / 2;
    const bool names_row = sink->plan.pairs && g->name_count < 2 * ((pairs + columns - 1) / columns);
    if (names_row) return add_label(&g->names, &g->name_count, label);
    return sink->strips == 1 && !sink->plan.pairs ? add_label(&g->heads, &g->head_count, label) : VAE_OK;
}

/* Pairs stand one over the other, as many side by side as there are columns: where the item of this number stands. */
static int64_t cell_of_pairs(int64_t number, int64_t columns)
{
    const int64_t pair = number / 2;
    return (pair / columns * 2 + number % 2) * columns + pair % columns;
}

static vae_status keep(vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    gallery *g = sink->state;
    const int64_t count = g->list.count;
    const int64_t cell = sink->plan.pairs ? cell_of_pairs(count, sink->plan.columns) : g->cells;
    place *grown = realloc(g->places, (size_t)(count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    g->places = grown;
    grown[count] = (place){cell, item->given};
    if (cell >= g->cells) g->cells = cell + 1;
    VAE_TRY(take_label(sink, item->label));
    VAE_TRY(vae_sequence_list_add(&g->list, item->rows, item->count));
    return vae_sequence_list_end(&g->list);
}

/* 000000.svg and so on, with as many digits as the last one needs. */
static vae_status write_one(const vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    const vae_sketch sketch = {.rows = item->rows, .steps = item->count, .given = item->given};
    const vae_sketch_grid grid = {.sketches = &sketch, .count = 1, .columns = 1};
    char path[VAE_PATH_SIZE], name[32], last[32];
    const int digits = snprintf(last, sizeof last, "%" PRId64, sink->plan.count - 1);
    snprintf(name, sizeof name, "%0*" PRId64 ".svg", digits > 6 ? digits : 6, sink->done);
    VAE_TRY(vae_path_join(path, sizeof path, sink->plan.path, name));
    return vae_sketch_write_svg(path, &grid);
}

static vae_status add(vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    const gallery *g = sink->state;
    return g->file == VAE_FILE_FOLDER ? write_one(sink, item) : keep(sink, item);
}

/* labels [count] → pointers [count]; NULL where there is nothing to show. */
static const char *const *point_at(char (*labels)[LABEL], int64_t count, const char **pointers)
{
    bool any = false;
    for (int64_t i = 0; i < count; ++i) {
        pointers[i] = labels[i];
        any = any || labels[i][0];
    }
    return any ? pointers : NULL;
}

static vae_status write_grid(const vae_sequence_sink *sink, vae_sketch *sketches, const char **labels)
{
    const gallery *g = sink->state;
    const int64_t columns = sink->plan.columns;
    for (int64_t i = 0; i < g->list.count; ++i) {
        vae_sketch *sketch = &sketches[g->places[i].cell];
        sketch->rows = vae_sequence_list_item(&g->list, i, &sketch->steps);
        sketch->given = g->places[i].given;
    }
    const vae_sketch_grid grid = {.sketches = sketches,
                                  .count = g->cells,
                                  .columns = columns < g->cells ? columns : g->cells,
                                  .names = point_at(g->names, g->name_count, labels),
                                  .heads = point_at(g->heads, g->head_count, labels + g->name_count)};
    switch (g->file) {
    case VAE_FILE_SVG: return vae_sketch_write_svg(sink->plan.path, &grid);
    case VAE_FILE_APNG: return vae_sketch_write_apng(sink->plan.path, &grid);
    default: return vae_sketch_write_png(sink->plan.path, &grid);
    }
}

static vae_status finish(vae_sequence_sink *sink)
{
    const gallery *g = sink->state;
    if (g->file == VAE_FILE_FOLDER) return VAE_OK;
    vae_sketch *sketches = calloc((size_t)g->cells + 1, sizeof *sketches);
    const char **labels = calloc((size_t)(g->name_count + g->head_count) + 1, sizeof *labels);
    const vae_status status = sketches && labels ? write_grid(sink, sketches, labels)
                                                 : vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    free(labels);
    free(sketches);
    return status;
}

static void close_sink(vae_sequence_sink *sink)
{
    gallery *g = sink->state;
    if (!g) return;
    vae_sequence_list_free(&g->list);
    free(g->places);
    free(g->names);
    free(g->heads);
    free(g);
}

/* ---- In a report ---- */

static vae_status report(const vae_cli_sequences *s, const vae_sequence_group *group, vae_page_run *run)
{
    const int64_t count = group->items->count, columns = group->pairs ? count / 2 : group->columns;
    (void)s;
    vae_sketch *sketches = calloc((size_t)count + 1, sizeof *sketches);
    if (!sketches) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    for (int64_t i = 0; i < count; ++i) {
        vae_sketch *sketch = &sketches[group->pairs ? cell_of_pairs(i, columns) : i];
        sketch->rows = vae_sequence_list_item(group->items, i, &sketch->steps);
        sketch->given = group->given ? group->given[i] : 0;
    }
    const vae_page_sketches made = {
        .title = group->title, .caption = group->caption, .sketches = sketches, .count = count, .columns = columns};
    const vae_status status = vae_page_sketches_add(&made, &run->sketches);
    free(sketches);
    return status;
}

/* ---- Given ---- */

static vae_status read(const vae_cli_sequences *s, const char *option, const char *text, vae_sequence_list *list)
{
    vae_dataset dataset;
    const vae_status read = vae_sequence_file_read(s, text, &dataset);
    if (read) return vae_error_prepend(read, "%s", option);
    const vae_status status = vae_sequence_list_take(&dataset, NULL, dataset.count, list);
    vae_dataset_free(&dataset);
    return status;
}

const vae_sequence_kind vae_sequence_kind_drawing = {
    .files = VAE_FILE_PNG | VAE_FILE_APNG | VAE_FILE_SVG | VAE_FILE_FOLDER,
    .read = read,
    .report = report,
    .open = open_sink,
    .begin_strip = begin_strip,
    .add = add,
    .finish = finish,
    .close = close_sink,
};
