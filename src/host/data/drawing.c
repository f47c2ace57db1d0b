/* Makes the rows of drawings, and finds the factor that their offsets are divided by. */
#include "data/drawing.h"

#include <math.h>

static vae_status add_row(vae_sequence_item *item, double dx, double dy, int state)
{
    float row[VAE_DRAWING_ELEMENTS] = {(float)dx, (float)dy};
    row[2 + state] = 1.0f;
    return vae_sequence_item_add(item, row, 1);
}

enum { PEN_DOWN, PEN_UP, PEN_END };

vae_status vae_drawing_begin(vae_sequence_item *item)
{
    return add_row(item, 0, 0, PEN_DOWN);
}

static double clip(vae_sequence_source *source, double offset)
{
    if (fabs(offset) <= VAE_DRAWING_MOST_OFFSET) return offset;
    vae_remarks_add(&source->remarks, VAE_REMARK_FAR_OFFSETS, 1, NULL);
    return copysign(VAE_DRAWING_MOST_OFFSET, offset);
}

vae_status vae_drawing_add(vae_sequence_source *source, vae_sequence_item *item, vae_stroke stroke)
{
    const int64_t most = source->options->max_length ? source->options->max_length : VAE_SEQUENCE_STEPS;
    if (!isfinite(stroke.dx) || !isfinite(stroke.dy)) return vae_error_set(VAE_ERROR_FORMAT, "an offset is not finite");
    if (item->rows > most) {
        item->truncated = true;
        return VAE_OK;
    }
    return add_row(item, clip(source, stroke.dx), clip(source, stroke.dy), stroke.lifted ? PEN_UP : PEN_DOWN);
}

vae_status vae_drawing_end(vae_sequence_item *item)
{
    return add_row(item, 0, 0, PEN_END);
}

vae_status vae_drawing_from_polylines(vae_sequence_source *source, const vae_polylines *lines, vae_sequence_item *item)
{
    VAE_TRY(vae_drawing_begin(item));
    vae_point at = lines->count ? lines->points[0] : (vae_point){0};
    for (int64_t line = 0, i = 0; line < lines->lines; ++line) {
        if (i == 0 && lines->ends[0] > 1) ++i;
        for (; i < lines->ends[line]; ++i) {
            const vae_point to = lines->points[i];
            VAE_TRY(vae_drawing_add(source, item, (vae_stroke){to.x - at.x, to.y - at.y, i == lines->ends[line] - 1}));
            at = to;
        }
    }
    return vae_drawing_end(item);
}

double vae_drawings_deviation(const vae_dataset *dataset)
{
    const float *rows = (const float *)(const void *)dataset->values;
    double sum = 0, squares = 0, count = 0;
    /* Offsets are at most VAE_DRAWING_MOST_OFFSET, so that nothing is lost by one pass. */
    for (int64_t item = 0; item < dataset->count; ++item) {
        for (int64_t r = dataset->offsets[item] + 1; r < dataset->offsets[item + 1] - 1; ++r) {
            const double dx = (double)rows[r * VAE_DRAWING_ELEMENTS], dy = (double)rows[r * VAE_DRAWING_ELEMENTS + 1];
            sum += dx + dy;
            squares += dx * dx + dy * dy;
            count += 2;
        }
    }
    const double mean = count > 0 ? sum / count : 0;
    const double deviation = count > 0 ? sqrt(fmax(squares / count - mean * mean, 0)) : 0;
    return deviation > 0 ? deviation : 1;
}
