/* Where labels of grids stand. */
#include "draw/labels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 16, WIDEST_NAME = 320 };

void vae_label_show_cairo(void *context, double x, double y, vae_align align, const char *line)
{
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text(context, x, y, FONT_SIZE, align, line);
}

/* The first line; gives the second, NULL where there is none. */
static const char *split(const char *label, char first[VAE_PLOT_TEXT])
{
    const char *end = strchr(label, '\n');
    snprintf(first, VAE_PLOT_TEXT, "%.*s", (int)(end ? end - label : (ptrdiff_t)strlen(label)), label);
    return end ? end + 1 : NULL;
}

double vae_label_width(const char *label)
{
    char first[VAE_PLOT_TEXT];
    const char *second = split(label, first);
    const double width = vae_plot_text_width(FONT_SIZE, first);
    return second ? fmax(width, vae_plot_text_width(FONT_SIZE, second)) : width;
}

int64_t vae_label_room(const char *const *names, int64_t rows)
{
    double widest = 0.0;
    if (!names) return 0;
    for (int64_t r = 0; r < rows; ++r)
        widest = fmax(widest, vae_label_width(names[r]));
    return VAE_LABEL_EDGE + (int64_t)ceil(fmin(widest, WIDEST_NAME)) + VAE_LABEL_EDGE;
}

static void show_line(double x, double y, double width, vae_align align, const char *line, vae_label_show *show,
                      void *context)
{
    char shown[VAE_PLOT_TEXT];
    vae_plot_text_fit(FONT_SIZE, width, line, shown);
    show(context, x, y, align, shown);
}

void vae_label_column(double middle, double top, double width, const char *label, vae_label_show *show, void *context)
{
    show_line(middle, top - 6, width, VAE_ALIGN_CENTRE, label, show, context);
}

void vae_label_row(double right, double middle, const char *label, vae_label_show *show, void *context)
{
    char first[VAE_PLOT_TEXT];
    const char *second = split(label, first);
    const double baseline = middle + 4.5 - (second ? 0.5 * LINE : 0.0);
    show_line(right, baseline, right, VAE_ALIGN_RIGHT, first, show, context);
    if (second) show_line(right, baseline + LINE, right, VAE_ALIGN_RIGHT, second, show, context);
}
