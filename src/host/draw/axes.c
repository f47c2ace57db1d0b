/* Text, colours of labels, frames and ticks. */
#include "draw/axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
#include "draw/font.h"

/* Of a left margin: from its edge to the middle of the axis's name, and to where ticks may begin; from these to the
 * frame. */
enum { NAME_MIDDLE = 14, NAME_ROOM = 28, TICK_ROOM = 8 };
enum { TICK_SIZE = 32, TICK_DIGITS = 6 };

void vae_plot_text(cairo_t *context, double x, double y, double size, vae_align align, const char *text)
{
    char shown[VAE_PLOT_TEXT];
    cairo_text_extents_t extents;
    vae_utf8_show(text, shown, sizeof shown);
    cairo_set_font_size(context, size);
    cairo_text_extents(context, shown, &extents);
    const double shift = align == VAE_ALIGN_LEFT ? 0.0 : (align == VAE_ALIGN_CENTRE ? 0.5 : 1.0);
    cairo_move_to(context, x - shift * extents.x_advance, y);
    cairo_show_text(context, shown);
}

/* As many whole UTF-8 characters of `text` as stay within `width` together with an ellipsis. */
static void cut_text(cairo_t *context, double width, const char *text, char *cut, size_t size)
{
    cairo_text_extents_t extents;
    size_t length = strlen(text) < size - 4 ? strlen(text) : size - 4;
    do {
        do {
            --length;
        } while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80);
        snprintf(cut, size, "%.*s…", (int)length, text);
        cairo_text_extents(context, cut, &extents);
    } while (length > 0 && extents.x_advance > width);
}

static void fit(cairo_t *context, double size, double width, const char *text, char shown[VAE_PLOT_TEXT])
{
    char whole[VAE_PLOT_TEXT];
    cairo_text_extents_t extents;
    vae_utf8_show(text, whole, sizeof whole);
    cairo_set_font_size(context, size);
    cairo_text_extents(context, whole, &extents);
    if (extents.x_advance <= width) {
        memcpy(shown, whole, sizeof whole);
    } else {
        cut_text(context, width, whole, shown, VAE_PLOT_TEXT);
    }
}

void vae_plot_text_within(cairo_t *context, double x, double y, double size, vae_align align, double width,
                          const char *text)
{
    char shown[VAE_PLOT_TEXT];
    fit(context, size, width, text, shown);
    vae_plot_text(context, x, y, size, align, shown);
}

/* A surface of one pixel to measure text on, as the size of a picture may depend on it. */
static cairo_t *open_measure(void)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *context = cairo_create(surface);
    cairo_surface_destroy(surface); /* the context keeps it */
    vae_font_select(context);
    return context;
}

double vae_plot_text_width(double size, const char *text)
{
    cairo_t *context = open_measure();
    char shown[VAE_PLOT_TEXT];
    cairo_text_extents_t extents;
    vae_utf8_show(text, shown, sizeof shown);
    cairo_set_font_size(context, size);
    cairo_text_extents(context, shown, &extents);
    cairo_destroy(context);
    return extents.x_advance;
}

void vae_plot_text_fit(double size, double width, const char *text, char shown[VAE_PLOT_TEXT])
{
    cairo_t *context = open_measure();
    fit(context, size, width, text, shown);
    cairo_destroy(context);
}

/* A hue for each further label: steps of the golden ratio never come close to each other. */
static void hue_to_rgb(double hue, double rgb[3])
{
    for (int c = 0; c < 3; ++c) {
        const double k = fmod(5.0 - 2.0 * c + hue * 6.0, 6.0);
        rgb[c] = 0.8 - 0.65 * fmax(0.0, fmin(fmin(k, 4.0 - k), 1.0));
    }
}

/* The first ten colours are told apart by colour-blind readers too: the "muted" scheme of Paul Tol's technical note
 * SRON/EPS/TN/09-002, and grey; in an order that sets 3, 5 and 8, and 4, 7 and 9 apart, which digits mix. */
void vae_plot_label_colour(cairo_t *context, int label, double alpha)
{
    static const unsigned muted[10] = {0xCC6677, 0x882255, 0xDDCC77, 0x117733, 0x88CCEE,
                                       0x332288, 0x44AA99, 0x999933, 0xAA4499, 0x777777};
    double rgb[3];
    if (label < 10) {
        for (int c = 0; c < 3; ++c)
            rgb[c] = (double)(muted[label] >> (16 - 8 * c) & 0xFF) / 255.0;
    } else {
        hue_to_rgb(fmod(label * 0.6180339887, 1.0), rgb);
    }
    cairo_set_source_rgba(context, rgb[0], rgb[1], rgb[2], alpha);
}

void vae_plot_frame(cairo_t *context, vae_frame f, const char *title, const char *subtitle)
{
    cairo_set_source_rgb(context, 0.25, 0.25, 0.25);
    cairo_set_line_width(context, 1.0);
    cairo_rectangle(context, f.x, f.y, f.width, f.height);
    cairo_stroke(context);
    const double centre = f.x + 0.5 * f.width, baseline = subtitle ? f.y - 26 : f.y - 12;
    const double room = PANEL_SIDE + PANEL_LEFT;
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text_within(context, centre, baseline, TITLE_SIZE, VAE_ALIGN_CENTRE, room, title);
    if (!subtitle) return;
    cairo_set_source_rgb(context, 0.4, 0.4, 0.4);
    vae_plot_text_within(context, centre, f.y - 9, FONT_SIZE, VAE_ALIGN_CENTRE, room, subtitle);
}

void vae_plot_image(cairo_t *context, vae_frame f, cairo_surface_t *image)
{
    cairo_save(context);
    cairo_translate(context, f.x, f.y);
    cairo_scale(context, f.width / cairo_image_surface_get_width(image),
                f.height / cairo_image_surface_get_height(image));
    cairo_set_source_surface(context, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_GOOD);
    cairo_paint(context);
    cairo_restore(context);
}

const char *vae_plot_number(double value, int digits, char *text, size_t size)
{
    snprintf(text, size, "%s%.*g", value < 0.0 ? "−" : "", digits, fabs(value));
    return text;
}

void vae_plot_tick(cairo_t *context, vae_frame f, double place, double value, bool horizontal)
{
    char text[TICK_SIZE];
    vae_plot_number(value, TICK_DIGITS, text, sizeof text);
    cairo_set_source_rgb(context, 0.25, 0.25, 0.25);
    if (horizontal) {
        const double x = f.x + place * f.width, y = f.y + f.height;
        cairo_move_to(context, x, y);
        cairo_rel_line_to(context, 0, 5);
        cairo_stroke(context);
        vae_plot_text(context, x, y + 19, FONT_SIZE, VAE_ALIGN_CENTRE, text);
    } else {
        const double y = f.y + (1.0 - place) * f.height;
        cairo_move_to(context, f.x, y);
        cairo_rel_line_to(context, -5, 0);
        cairo_stroke(context);
        vae_plot_text(context, f.x - TICK_ROOM, y + 4.5, FONT_SIZE, VAE_ALIGN_RIGHT, text);
    }
}

/* 1, 2 or 5 times a power of ten, about five to an axis. */
static double tick_step(vae_range r)
{
    const double rough = (r.high - r.low) / 5.0;
    const double power = pow(10.0, floor(log10(rough)));
    const double fraction = rough / power;
    return power * (fraction < 1.5 ? 1.0 : (fraction < 3.5 ? 2.0 : (fraction < 7.5 ? 5.0 : 10.0)));
}

/* Ticks are the multiples from `first` to `last` of `step`. */
typedef struct tick_row {
    double step;
    int64_t first, last;
} tick_row;

static tick_row find_ticks(vae_range r)
{
    const double step = tick_step(r);
    return (tick_row){step, (int64_t)ceil(r.low / step - 1e-9), (int64_t)floor(r.high / step + 1e-9)};
}

void vae_plot_ticks(cairo_t *context, vae_frame f, vae_range r, bool horizontal)
{
    const tick_row ticks = find_ticks(r);
    for (int64_t i = ticks.first; i <= ticks.last; ++i) {
        const double value = (double)i * ticks.step;
        vae_plot_tick(context, f, (value - r.low) / (r.high - r.low), value, horizontal);
    }
}

double vae_plot_margin(vae_range r)
{
    const tick_row ticks = find_ticks(r);
    double widest = 0.0;
    for (int64_t i = ticks.first; i <= ticks.last; ++i) {
        char text[TICK_SIZE];
        vae_plot_number((double)i * ticks.step, TICK_DIGITS, text, sizeof text);
        widest = fmax(widest, vae_plot_text_width(FONT_SIZE, text));
    }
    return fmax(PANEL_LEFT, ceil(NAME_ROOM + widest + TICK_ROOM));
}

void vae_plot_axis_names(cairo_t *context, vae_frame f, double margin, const char *below, const char *left, bool turned)
{
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text(context, f.x + 0.5 * f.width, f.y + f.height + 38, FONT_SIZE, VAE_ALIGN_CENTRE, below);
    cairo_save(context);
    cairo_translate(context, f.x - margin + NAME_MIDDLE, f.y + 0.5 * f.height);
    if (turned) cairo_rotate(context, -0.5 * M_PI);
    vae_plot_text(context, 0, 4.5, FONT_SIZE, VAE_ALIGN_CENTRE, left);
    cairo_restore(context);
}
