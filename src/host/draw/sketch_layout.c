/* Defaults and limits of grids of drawings. */
#include "draw/sketch_layout.h"

#include <inttypes.h>

enum { MOST_PIXELS = 32768 };

#define MARGIN 0.08 /* of the side */
#define LINE_WIDTH 0.02

vae_status vae_sketch_layout_make(const vae_sketch_grid *grid, vae_sketch_layout *layout)
{
    if (grid->count < 1 || grid->columns < 1 || grid->side < 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "a grid needs at least one drawing and one column");
    }
    const int64_t columns = grid->columns < grid->count ? grid->columns : grid->count;
    const int64_t side = grid->side ? grid->side : VAE_SKETCH_SIDE, rows = (grid->count + columns - 1) / columns;
    if (side > MOST_PIXELS || columns > MOST_PIXELS / side || rows > MOST_PIXELS / side) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "the grid of %" PRId64 " x %" PRId64 " drawings of %" PRId64
                             " pixels a side would have more than %d pixels a side",
                             columns, rows, side, MOST_PIXELS);
    }
    *layout = (vae_sketch_layout){
        .columns = columns,
        .rows = rows,
        .side = side,
        .line_width = grid->line_width > 0 ? grid->line_width : LINE_WIDTH * (double)side,
        .margin = MARGIN * (double)side,
    };
    return VAE_OK;
}
