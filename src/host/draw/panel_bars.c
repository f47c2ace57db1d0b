/* A panel of bars. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "draw/axes.h"
#include "draw/panels.h"

/* A bar's least width with a number under it: two digits. */
enum { NAMED_WIDTH = 11, SMALL_FONT = 9 };

static vae_status find_top(const vae_panel *panel, double *top)
{
    *top = 0.0;
    for (int64_t i = 0; i < panel->bars.count; ++i) {
        const double value = panel->bars.values[i];
        if (!isfinite(value)) {
            return vae_error_set(VAE_ERROR_NUMERIC, "plot '%s': bar %" PRId64 " is not finite", panel->title, i);
        }
        *top = fmax(*top, value);
    }
    if (panel->bars.count < 1) return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': no bars", panel->title);
    *top = *top > 0.0 ? 1.05 * *top : 1.0;
    return VAE_OK;
}

static void draw_name(cairo_t *context, vae_frame f, double middle, int64_t name)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, name);
    cairo_set_source_rgb(context, 0.25, 0.25, 0.25);
    vae_plot_text(context, middle, f.y + f.height + 13, SMALL_FONT, VAE_ALIGN_CENTRE, text);
}

static void draw_axis_names(cairo_t *context, const vae_panel *panel, vae_frame f)
{
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text(context, f.x + 0.5 * f.width, f.y + f.height + 38, FONT_SIZE, VAE_ALIGN_CENTRE,
                  panel->bars.name_axis);
    cairo_save(context);
    cairo_translate(context, f.x - 44, f.y + 0.5 * f.height);
    cairo_rotate(context, -0.5 * M_PI);
    vae_plot_text(context, 0, 0, FONT_SIZE, VAE_ALIGN_CENTRE, panel->bars.value_axis);
    cairo_restore(context);
}

vae_status vae_plot_bars(cairo_t *context, const vae_panel *panel, double x, double y)
{
    const vae_frame f = {x, y, PANEL_SIDE, PANEL_SIDE};
    double top;
    VAE_TRY(find_top(panel, &top));
    const double pitch = f.width / (double)panel->bars.count, gap = pitch > 4.0 ? 0.2 * pitch : 0.0;
    for (int64_t i = 0; i < panel->bars.count; ++i) {
        const double left = f.x + pitch * (double)i, height = f.height * panel->bars.values[i] / top;
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
    vae_plot_ticks(context, f, (vae_range){0.0, top}, false);
    draw_axis_names(context, panel, f);
    return VAE_OK;
}
