/* Drawings as commands show them, as a grid or one file each, and as they are given. */
#include <stdlib.h>

#include "cli/gallery.h"
#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"
#include "core/file.h"
#include "draw/sketch.h"
#include "report/page_sketches.h"

/* ---- Shown ---- */

typedef struct drawings {
    vae_gallery gallery;
    unsigned file; /* what is written */
} drawings;

static vae_status open_sink(vae_sequence_sink *sink)
{
    drawings *d = calloc(1, sizeof *d);
    if (!d) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    sink->state = d;
    d->file = vae_cli_file_kind(sink->plan.path, sink->kind->files);
    if (d->file == VAE_FILE_FOLDER) VAE_TRY(vae_folder_make(sink->plan.path));
    return vae_gallery_open(sink->sequences->elements, &d->gallery);
}

static vae_status begin_strip(vae_sequence_sink *sink, const char *name)
{
    drawings *d = sink->state;
    return vae_gallery_begin_strip(&d->gallery, &sink->plan, name);
}

static vae_status write_one(const vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    const vae_sketch sketch = {.rows = item->rows, .steps = item->count, .given = item->given};
    const vae_sketch_grid grid = {.sketches = &sketch, .count = 1, .columns = 1};
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_gallery_numbered(sink, ".svg", path));
    return vae_sketch_write_svg(path, &grid);
}

static vae_status add(vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    drawings *d = sink->state;
    return d->file == VAE_FILE_FOLDER ? write_one(sink, item) : vae_gallery_add(&d->gallery, sink, item);
}

static vae_status write_grid(const vae_sequence_sink *sink, drawings *d, vae_sketch *sketches)
{
    vae_gallery *g = &d->gallery;
    const int64_t columns = sink->plan.columns;
    const char **memory;
    vae_sketch_grid grid = {
        .sketches = sketches, .count = g->cells, .columns = columns < g->cells ? columns : g->cells};
    for (int64_t i = 0; i < g->list.count; ++i) {
        vae_sketch *sketch = &sketches[g->places[i].cell];
        sketch->rows = vae_sequence_list_item(&g->list, i, &sketch->steps);
        sketch->given = g->places[i].given;
    }
    VAE_TRY(vae_gallery_labels(g, &memory, &grid.names, &grid.heads));
    const vae_status status = d->file == VAE_FILE_SVG    ? vae_sketch_write_svg(sink->plan.path, &grid)
                              : d->file == VAE_FILE_APNG ? vae_sketch_write_apng(sink->plan.path, &grid)
                                                         : vae_sketch_write_png(sink->plan.path, &grid);
    free(memory);
    return status;
}

static vae_status finish(vae_sequence_sink *sink)
{
    drawings *d = sink->state;
    if (d->file == VAE_FILE_FOLDER) return VAE_OK;
    vae_sketch *sketches = calloc((size_t)d->gallery.cells + 1, sizeof *sketches);
    if (!sketches) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    const vae_status status = write_grid(sink, d, sketches);
    free(sketches);
    return status;
}

static void close_sink(vae_sequence_sink *sink)
{
    drawings *d = sink->state;
    if (d) vae_gallery_free(&d->gallery);
    free(d);
}

/* ---- In a report ---- */

static vae_status report(const vae_cli_sequences *s, const vae_sequence_group *group, vae_page_run *run)
{
    const int64_t count = group->items->count, columns = group->pairs ? count / 2 : group->columns;
    (void)s;
    vae_sketch *sketches = calloc((size_t)count + 1, sizeof *sketches);
    if (!sketches) return vae_error_set(VAE_ERROR_MEMORY, "drawings: out of memory");
    for (int64_t i = 0; i < count; ++i) {
        vae_sketch *sketch = &sketches[group->pairs ? vae_gallery_cell_of_pairs(i, columns) : i];
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

static vae_status read_drawings(const vae_cli_sequences *s, const char *option, const char *text,
                                vae_sequence_list *list)
{
    return vae_sequence_file_add(s, option, text, 0, list);
}

const vae_sequence_kind vae_sequence_kind_drawing = {
    .sample_file = "samples.png",
    .files = VAE_FILE_PNG | VAE_FILE_APNG | VAE_FILE_SVG | VAE_FILE_FOLDER,
    .read = read_drawings,
    .report = report,
    .open = open_sink,
    .begin_strip = begin_strip,
    .add = add,
    .finish = finish,
    .close = close_sink,
};
