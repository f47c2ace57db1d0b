/* Images to grids, numbered pictures, arrays and tables, as their names ask. */
#include "cli/image_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/image_array.h"
#include "core/file.h"
#include "draw/image.h"
#include "draw/pixel.h"

/* One of the three; the others' parts are zero. */
typedef struct target {
    const char *path;
    unsigned kind;
    vae_image_grid grid;
    uint8_t *pixels; /* of the grid, or of one picture of a folder */
    vae_array_writer *array;
} target;

struct vae_image_sink {
    vae_sink_plan plan;
    target targets[VAE_SINK_PATHS];
    int target_count;
    int64_t done;
};

/* ---- Opening ---- */

static vae_status open_grid(const vae_sink_plan *plan, target *t)
{
    const vae_model_shape *shape = &plan->shape;
    const int64_t columns = plan->columns < plan->count ? plan->columns : plan->count;
    const int64_t rows = (plan->count + columns - 1) / columns;
    t->grid = (vae_image_grid){.count = plan->pairs ? 2 * rows * columns : plan->count,
                               .height = shape->height,
                               .width = shape->width,
                               .channels = shape->channels,
                               .columns = columns};
    VAE_TRY(vae_image_grid_plan(t->path, &t->grid));
    t->pixels = malloc((size_t)(t->grid.pixel_height * t->grid.pixel_width * t->grid.channels));
    if (!t->pixels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", t->path);
    vae_image_grid_clear(&t->grid, t->pixels);
    return VAE_OK;
}

static vae_status open_folder(const vae_sink_plan *plan, target *t)
{
    if (!vae_image_can_show(plan->shape.channels)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: images have %" PRId64 " channels, but a PNG needs 1 or 3",
                             t->path, plan->shape.channels);
    }
    t->pixels = malloc((size_t)plan->shape.elements);
    if (!t->pixels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", t->path);
    return vae_folder_make(t->path);
}

static vae_status open_target(const vae_sink_plan *plan, target *t)
{
    t->kind = vae_cli_file_kind(t->path, VAE_SINK_KINDS);
    if (t->kind == VAE_FILE_PNG) return open_grid(plan, t);
    if (t->kind == VAE_FILE_FOLDER) return open_folder(plan, t);
    return VAE_OK;
}

vae_status vae_image_sink_open(const vae_sink_plan *plan, vae_image_sink **sink)
{
    vae_image_sink *made = calloc(1, sizeof *made);
    *sink = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    made->plan = *plan;
    vae_status status = VAE_OK;
    for (int i = 0; i < VAE_SINK_PATHS && !status; ++i) {
        if (!plan->paths[i]) continue;
        target *t = &made->targets[made->target_count++];
        t->path = plan->paths[i];
        status = open_target(plan, t);
    }
    if (status) {
        vae_image_sink_abandon(made);
        return status;
    }
    *sink = made;
    return VAE_OK;
}

bool vae_image_sink_takes(const vae_image_sink *sink)
{
    return sink->target_count > 0;
}

/* ---- Images ---- */

static void draw_tiles(const vae_image_sink *sink, target *t, const float *originals, const float *images, int64_t rows)
{
    const int64_t columns = t->grid.columns, elements = sink->plan.shape.elements;
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t index = sink->done + r;
        const int64_t upper = index / columns * 2 * columns + index % columns;
        if (sink->plan.pairs) vae_image_grid_tile(&t->grid, upper, originals + r * elements, t->pixels);
        vae_image_grid_tile(&t->grid, sink->plan.pairs ? upper + columns : index, images + r * elements, t->pixels);
    }
}

/* 000000.png and so on, with as many digits as the last one needs. */
static vae_status write_pictures(const vae_image_sink *sink, target *t, const float *images, int64_t rows)
{
    const vae_model_shape *shape = &sink->plan.shape;
    char path[VAE_PATH_SIZE + 32], name[32], last[32];
    const int digits = snprintf(last, sizeof last, "%" PRId64, sink->plan.count - 1);
    for (int64_t r = 0; r < rows; ++r) {
        snprintf(name, sizeof name, "%0*" PRId64 ".png", digits > 6 ? digits : 6, sink->done + r);
        VAE_TRY(vae_path_join(path, sizeof path, t->path, name));
        for (int64_t i = 0; i < shape->elements; ++i)
            t->pixels[i] = vae_pixel_byte(images[r * shape->elements + i]);
        VAE_TRY(vae_image_write(path, t->pixels, shape->height, shape->width, shape->channels, true));
    }
    return VAE_OK;
}

/* The file is begun with its first images: until then a signal may end the program at once, and leaves nothing. */
static vae_status append(const vae_image_sink *sink, target *t, const float *images, int64_t rows)
{
    const vae_model_shape *shape = &sink->plan.shape;
    const vae_array_layout layout = sink->plan.layout;
    int64_t sizes[4];
    float *arranged;
    const int rank = vae_image_array_sizes(shape, layout, sink->plan.count, sizes);
    if (!t->array) VAE_TRY(vae_array_writer_open(t->path, rank, sizes, sink->plan.names, &t->array));
    VAE_TRY(vae_image_array_arrange(shape, layout, images, rows, &arranged));
    const vae_status status = vae_array_writer_add(t->array, arranged ? arranged : images, rows);
    free(arranged);
    return status;
}

vae_status vae_image_sink_add(vae_image_sink *sink, const float *originals, const float *images, int64_t rows)
{
    for (int i = 0; i < sink->target_count; ++i) {
        target *t = &sink->targets[i];
        if (t->kind == VAE_FILE_PNG) draw_tiles(sink, t, originals, images, rows);
        if (t->kind == VAE_FILE_FOLDER) VAE_TRY(write_pictures(sink, t, images, rows));
        if (t->kind & VAE_FILE_ARRAY) VAE_TRY(append(sink, t, images, rows));
    }
    sink->done += rows;
    return VAE_OK;
}

/* ---- The end ---- */

static vae_status finish_target(target *t)
{
    if (t->kind == VAE_FILE_PNG) {
        return vae_image_write(t->path, t->pixels, t->grid.pixel_height, t->grid.pixel_width, t->grid.channels, false);
    }
    vae_array_writer *array = t->array;
    t->array = NULL;
    return array ? vae_array_writer_finish(array) : VAE_OK;
}

vae_status vae_image_sink_finish(vae_image_sink *sink, bool quiet)
{
    vae_status status = VAE_OK;
    for (int i = 0; i < sink->target_count && !status; ++i) {
        status = finish_target(&sink->targets[i]);
        if (!status && !quiet) {
            printf("%s: %" PRId64 " %s%s\n", sink->targets[i].path, sink->done, sink->plan.numbers ? "row" : "image",
                   sink->done == 1 ? "" : "s");
        }
    }
    vae_image_sink_abandon(sink);
    return status;
}

void vae_image_sink_abandon(vae_image_sink *sink)
{
    if (!sink) return;
    for (int i = 0; i < sink->target_count; ++i) {
        vae_array_writer_abandon(sink->targets[i].array);
        free(sink->targets[i].pixels);
    }
    free(sink);
}
