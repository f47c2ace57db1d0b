/* How pictures of each kind are written, a row a kind. */
#include "train/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw/piano_roll.h"
#include "draw/sketch.h"

/* ---- The kinds ---- */

static vae_status write_images(const vae_picture *picture, const char *path)
{
    return vae_image_grid_write_soon(path, picture->images, &picture->grid);
}

static size_t bytes_of_images(const vae_picture *picture)
{
    const vae_image_grid *g = &picture->grid;
    return (size_t)(g->count * g->height * g->width * g->channels) * sizeof(float);
}

static vae_status draw_drawings(const char *path, const vae_sketch_grid *grid)
{
    int64_t height, width;
    VAE_TRY(vae_sketch_grid_size(grid, &height, &width));
    uint8_t *pixels = malloc((size_t)(3 * height * width));
    if (!pixels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = vae_sketch_draw(grid, pixels);
    if (!status) status = vae_image_write(path, pixels, height, width, 3, true);
    free(pixels);
    return status;
}

static vae_status write_drawings(const vae_picture *picture, const char *path)
{
    const vae_picture_drawings *drawings = &picture->drawings;
    const int64_t count = drawings->items.count;
    vae_sketch *sketches = calloc((size_t)count, sizeof *sketches);
    if (!sketches) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; i < count; ++i) {
        const bool original = drawings->pairs && i / drawings->columns % 2 == 0;
        sketches[i].rows = vae_sequence_list_item(&drawings->items, i, &sketches[i].steps);
        sketches[i].given = original ? sketches[i].steps : 0;
    }
    const vae_sketch_grid grid = {.sketches = sketches, .count = count, .columns = drawings->columns};
    const vae_status status = draw_drawings(path, &grid);
    free(sketches);
    return status;
}

static size_t bytes_of_drawings(const vae_picture *picture)
{
    const vae_sequence_list *items = &picture->drawings.items;
    return (size_t)(items->room * items->elements) * sizeof(float);
}

static vae_status draw_music(const char *path, const vae_piano_roll_grid *grid)
{
    int64_t height, width;
    VAE_TRY(vae_piano_roll_size(grid, &height, &width));
    uint8_t *pixels = malloc((size_t)(3 * height * width));
    if (!pixels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = vae_piano_roll_draw(grid, pixels);
    if (!status) status = vae_image_write(path, pixels, height, width, 3, true);
    free(pixels);
    return status;
}

static vae_status write_music(const vae_picture *picture, const char *path)
{
    const vae_picture_drawings *music = &picture->drawings;
    const int64_t count = music->items.count;
    vae_piano_roll *rolls = calloc((size_t)count, sizeof *rolls);
    if (!rolls) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = VAE_OK;
    for (int64_t i = 0; i < count && !status; ++i) {
        const bool original = music->pairs && i / music->columns % 2 == 0;
        int64_t rows;
        const float *tokens = vae_sequence_list_item(&music->items, i, &rows);
        status = vae_piano_roll_of_tokens(music->part, tokens, rows, original ? rows : 0, &rolls[i]);
    }
    const vae_piano_roll_grid grid = {
        .rolls = rolls, .count = count, .columns = music->columns, .beat = music->beat, .bar = 4 * music->beat};
    if (!status) status = draw_music(path, &grid);
    vae_piano_roll_free(rolls, count);
    return status;
}

static vae_status write_text(const vae_picture *picture, const char *path)
{
    return vae_file_write_soon(path, picture->text, strlen(picture->text));
}

static size_t bytes_of_text(const vae_picture *picture)
{
    return strlen(picture->text);
}

static const struct kind {
    const char *ending;
    vae_status (*write)(const vae_picture *picture, const char *path);
    size_t (*bytes)(const vae_picture *picture);
} kinds[] = {
    [VAE_KIND_IMAGE] = {"png", write_images, bytes_of_images},
    [VAE_KIND_TEXT] = {"txt", write_text, bytes_of_text},
    [VAE_KIND_DRAWING] = {"png", write_drawings, bytes_of_drawings},
    [VAE_KIND_MUSIC] = {"png", write_music, bytes_of_drawings},
};

/* ---- Any picture ---- */

bool vae_picture_is_there(const vae_picture *picture)
{
    return picture->images || picture->text || picture->drawings.items.count > 0;
}

vae_status vae_picture_write(const vae_picture *picture, const char *folder)
{
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_picture_path(folder, picture->kind, picture->epoch, picture->what, path));
    return kinds[picture->kind].write(picture, path);
}

size_t vae_picture_bytes(const vae_picture *picture)
{
    return kinds[picture->kind].bytes(picture);
}

void vae_picture_free(vae_picture *picture)
{
    vae_sequence_list_free(&picture->drawings.items);
    free(picture->images);
    free(picture->text);
    *picture = (vae_picture){0};
}

const char *vae_picture_ending(vae_kind kind)
{
    return kinds[kind].ending;
}

vae_status vae_picture_path(const char *folder, vae_kind kind, int64_t epoch, const char *what,
                            char path[VAE_PATH_SIZE])
{
    char name[64];
    snprintf(name, sizeof name, "epoch-%04lld-%s.%s", (long long)epoch, what, kinds[kind].ending);
    return vae_path_join(path, VAE_PATH_SIZE, folder, name);
}
