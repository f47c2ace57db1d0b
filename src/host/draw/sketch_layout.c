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
    const int64_t left = vae_label_room(grid->names, rows), top = grid->heads ? VAE_LABEL_HEAD : 0;
    if (columns > (MOST_PIXELS - left) / side || rows > (MOST_PIXELS - top) / side) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "the grid of %" PRId64 " x %" PRId64 " drawings of %" PRId64
                             " pixels a side would have more than %d pixels a side",
                             columns, rows, side, MOST_PIXELS);
    }
    *layout = (vae_sketch_layout){
        .columns = columns,
        .rows = rows,
        .side = side,
        .left = left,
        .top = top,
        .width = left + columns * side,
        .height = top + rows * side,
        .line_width = grid->line_width > 0 ? grid->line_width : LINE_WIDTH * (double)side,
        .margin = MARGIN * (double)side,
    };
    return VAE_OK;
}

void vae_sketch_show_labels(const vae_sketch_grid *grid, const vae_sketch_layout *layout, vae_label_show *show,
                            void *context)
{
    const double half = 0.5 * (double)layout->side;
    for (int64_t c = 0; grid->heads && c < layout->columns; ++c) {
        vae_label_column((double)vae_sketch_layout_x(layout, c) + half, (double)layout->top, (double)layout->side,
                         grid->heads[c], show, context);
    }
    for (int64_t r = 0; grid->names && r < layout->rows; ++r) {
        vae_label_row((double)(layout->left - VAE_LABEL_EDGE),
                      (double)vae_sketch_layout_y(layout, r * layout->columns) + half, grid->names[r], show, context);
    }
}
