/* Grids of drawings that draw themselves. */
#include <stdlib.h>
#include <string.h>

#include "draw/apng.h"
#include "draw/sketch.h"

/* The whole stays for as long as HELD frames, and is then drawn anew in DRAWN at most. */
enum { HELD = 15, DRAWN = 75, FRAMES_PER_SECOND = 15 };

typedef struct film {
    vae_sketch_grid grid;
    vae_sketch *sketches; /* [grid.count]: a frame's */
    int64_t longest;      /* points of a drawing, at most */
    uint8_t *pixels;
    vae_apng *apng;
} film;

static vae_status add_frame(film *f, int64_t shown)
{
    for (int64_t i = 0; i < f->grid.count; ++i)
        f->sketches[i].shown = shown;
    VAE_TRY(vae_sketch_draw(&f->grid, f->pixels));
    return vae_apng_add(f->apng, f->pixels);
}

/* The first frame is the whole, as it is all that is seen where animations are not known. */
static vae_status add_frames(film *f, int64_t drawn)
{
    VAE_TRY(add_frame(f, f->longest));
    for (int64_t i = 1; i <= drawn; ++i)
        VAE_TRY(add_frame(f, (i * f->longest + drawn - 1) / drawn));
    return VAE_OK;
}

static vae_status open_film(film *f, const vae_sketch_grid *grid)
{
    int64_t height, width;
    f->grid = *grid;
    f->grid.heads = f->grid.names = NULL;
    VAE_TRY(vae_sketch_grid_size(&f->grid, &height, &width));
    f->pixels = malloc((size_t)(3 * height * width));
    f->sketches = malloc((size_t)grid->count * sizeof *f->sketches);
    if (!f->pixels || !f->sketches) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    memcpy(f->sketches, grid->sketches, (size_t)grid->count * sizeof *f->sketches);
    f->grid.sketches = f->sketches;
    for (int64_t i = 0; i < grid->count; ++i)
        f->longest = grid->sketches[i].steps >= f->longest ? grid->sketches[i].steps + 1 : f->longest;
    return VAE_OK;
}

static vae_status write_film(film *f, const char *path)
{
    const int64_t drawn = f->longest < DRAWN ? f->longest : DRAWN;
    vae_apng_shape shape = {.frames = 1 + drawn, .channels = 3, .frames_per_second = FRAMES_PER_SECOND, .hold = HELD};
    VAE_TRY(vae_sketch_grid_size(&f->grid, &shape.height, &shape.width));
    VAE_TRY(vae_apng_open(path, &shape, &f->apng));
    const vae_status status = add_frames(f, drawn);
    if (!status) return vae_apng_finish(f->apng);
    vae_apng_abandon(f->apng);
    return vae_error_prepend(status, "%s", path);
}

vae_status vae_sketch_write_apng(const char *path, const vae_sketch_grid *grid)
{
    film f = {0};
    const vae_status opened = open_film(&f, grid);
    const vae_status status = opened ? vae_error_prepend(opened, "%s", path) : write_film(&f, path);
    free(f.pixels);
    free(f.sketches);
    return status;
}
