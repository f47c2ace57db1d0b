/* A panel of bars. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "draw/axes.h"
#include "draw/panels.h"

/* A bar's least width with a number under it: two digits. */
enum { NAMED_WIDTH = 11, SMALL_FONT = 9 };

vae_status vae_plot_bars_range(const vae_panel *panel, vae_range *range)
{
    double top = 0.0;
    for (int64_t i = 0; i < panel->bars.count; ++i) {
        const double value = panel->bars.values[i];
        if (!isfinite(value)) {
            return vae_error_set(VAE_ERROR_NUMERIC, "plot '%s': bar %" PRId64 " is not finite", panel->title, i);
        }
        top = fmax(top, value);
    }
    if (panel->bars.count < 1) return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': no bars", panel->title);
    *range = (vae_range){0.0, top > 0.0 ? 1.05 * top : 1.0};
    return VAE_OK;
}

static void draw_name(cairo_t *context, vae_frame f, double middle, int64_t name)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, name);
    cairo_set_source_rgb(context, 0.25, 0.25, 0.25);
    vae_plot_text(context, middle, f.y + f.height + 13, SMALL_FONT, VAE_ALIGN_CENTRE, text);
}

vae_status vae_plot_bars(cairo_t *context, const vae_panel *panel, double x, double y, double margin)
{
    const vae_frame f = {x, y, PANEL_SIDE, PANEL_SIDE};
    vae_range range;
    VAE_TRY(vae_plot_bars_range(panel, &range));
    const double pitch = f.width / (double)panel->bars.count, gap = pitch > 4.0 ? 0.2 * pitch : 0.0;
    for (int64_t i = 0; i < panel->bars.count; ++i) {
        const double left = f.x + pitch * (double)i, height = f.height * panel->bars.values[i] / range.high;
        if (panel->bars.pale[i]) {
            cairo_set_source_rgb(context, 0.7, 0.7, 0.7);
        } else {
            cairo_set_source_rgb(context, 0.2, 0.133, 0.533);
        }
        cairo_rectangle(context, left + 0.5 * gap, f.y + f.height - height, pitch - gap, height);
        cairo_fill(context);
        if (pitch >= NAMED_WIDTH) draw_name(context, f, left + 0.5 * pitch, panel->bars.names[i]);
    }
    vae_plot_frame(context, f, panel->title, panel->subtitle);
    vae_plot_ticks(context, f, range, false);
    vae_plot_axis_names(context, f, margin, panel->bars.name_axis, panel->bars.value_axis, true);
    return VAE_OK;
}
