/* Lines of points on their way to a drawing: what QuickDraw's JSON and SVG hold, before it becomes offsets. */
#ifndef VAE_DATA_POLYLINES_H
#define VAE_DATA_POLYLINES_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Points that a drawing may have before it is simplified. */
enum { VAE_POLYLINES_POINTS = 1 << 16 };

typedef struct vae_point {
    double x, y;
} vae_point;

/* Begins as zeros. Its memory is used again after vae_polylines_clear(). */
typedef struct vae_polylines {
    vae_point *points; /* of all lines, one after the other; owned */
    int64_t count, room;
    int64_t *ends; /* [lines]: where each ends in the points; owned */
    int64_t lines, lines_room;
} vae_polylines;

void vae_polylines_clear(vae_polylines *polylines);
void vae_polylines_free(vae_polylines *polylines);
/* Adds a point to the line that has been begun. VAE_ERROR_FORMAT, without a name or a place, for one that is not
 * finite, and beyond VAE_POLYLINES_POINTS; VAE_ERROR_MEMORY. */
vae_status vae_polylines_add(vae_polylines *polylines, vae_point point);
/* Ends the line; one without points is left out. VAE_ERROR_MEMORY. */
vae_status vae_polylines_end_line(vae_polylines *polylines);

/* Makes the larger side of the rectangle around all points `side`, at the origin: how QuickDraw simplifies drawings.
 * Points in one place are only moved. */
void vae_polylines_fit(vae_polylines *polylines, double side);
/* Leaves out, of every line, points that are no farther than epsilon from the line between those that stay, by the
 * algorithm of Ramer (1972) and Douglas and Peucker (1973), here with distances from the segment. 0 leaves out only
 * points that lie on it; below 0: none. */
vae_status vae_polylines_simplify(vae_polylines *polylines, double epsilon);

#endif
