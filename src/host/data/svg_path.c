/* The attribute `d` of a path, by the grammar of SVG 2, section 9.3. */
#include <ctype.h>

#include "data/svg_pen.h"
#include "data/svg_scan.h"

enum { MOST_NUMBERS = 6 };

/* A command that is being carried out. */
typedef struct segment {
    vae_svg_pen *pen;
    vae_svg_scan *scan;
    bool relative;
    double numbers[MOST_NUMBERS];
    /* The last control point of a curve before this, of which S and T take the mirror image; else where the pen is. */
    vae_point cubic, quadratic;
} segment;

static vae_point origin(const segment *s)
{
    return s->relative ? s->pen->place : (vae_point){0};
}

/* The point of numbers i and i + 1. */
static vae_point point(const segment *s, int i)
{
    const vae_point from = origin(s);
    return (vae_point){from.x + s->numbers[i], from.y + s->numbers[i + 1]};
}

static vae_point mirror(const segment *s, vae_point control)
{
    const vae_point place = s->pen->place;
    return (vae_point){2 * place.x - control.x, 2 * place.y - control.y};
}

/* ---- Commands. They leave the control points at where the pen is, but for curves of their own kind. ---- */

static vae_status forget(segment *s)
{
    s->cubic = s->quadratic = s->pen->place;
    return VAE_OK;
}

static vae_status line_to(segment *s, vae_point to)
{
    VAE_TRY(vae_svg_line(s->pen, to));
    return forget(s);
}

static vae_status do_move(segment *s)
{
    VAE_TRY(vae_svg_move(s->pen, point(s, 0)));
    return forget(s);
}

static vae_status do_line(segment *s)
{
    return line_to(s, point(s, 0));
}

static vae_status do_horizontal(segment *s)
{
    return line_to(s, (vae_point){origin(s).x + s->numbers[0], s->pen->place.y});
}

static vae_status do_vertical(segment *s)
{
    return line_to(s, (vae_point){s->pen->place.x, origin(s).y + s->numbers[0]});
}

static vae_status cubic_to(segment *s, vae_point first, vae_point second, vae_point to)
{
    VAE_TRY(vae_svg_cubic(s->pen, first, second, to));
    s->cubic = second;
    s->quadratic = to;
    return VAE_OK;
}

static vae_status do_cubic(segment *s)
{
    return cubic_to(s, point(s, 0), point(s, 2), point(s, 4));
}

static vae_status do_smooth_cubic(segment *s)
{
    return cubic_to(s, mirror(s, s->cubic), point(s, 0), point(s, 2));
}

static vae_status quadratic_to(segment *s, vae_point middle, vae_point to)
{
    VAE_TRY(vae_svg_quadratic(s->pen, middle, to));
    s->quadratic = middle;
    s->cubic = to;
    return VAE_OK;
}

static vae_status do_quadratic(segment *s)
{
    return quadratic_to(s, point(s, 0), point(s, 2));
}

static vae_status do_smooth_quadratic(segment *s)
{
    return quadratic_to(s, mirror(s, s->quadratic), point(s, 0));
}

/* Reads its own arguments, of which two are flags. */
static vae_status do_arc(segment *s)
{
    vae_svg_arc arc;
    VAE_TRY(vae_svg_number(s->scan, &arc.rx));
    VAE_TRY(vae_svg_number(s->scan, &arc.ry));
    VAE_TRY(vae_svg_number(s->scan, &arc.rotation));
    VAE_TRY(vae_svg_flag(s->scan, &arc.large));
    VAE_TRY(vae_svg_flag(s->scan, &arc.sweep));
    VAE_TRY(vae_svg_number(s->scan, &s->numbers[0]));
    VAE_TRY(vae_svg_number(s->scan, &s->numbers[1]));
    VAE_TRY(vae_svg_arc_to(s->pen, arc, point(s, 0)));
    return forget(s);
}

static vae_status do_close(segment *s)
{
    VAE_TRY(vae_svg_close(s->pen));
    return forget(s);
}

static const struct command {
    char letter;
    bool repeats; /* further arguments are the same command again; of M they are lines */
    int numbers;
    vae_status (*run)(segment *s);
} commands[] = {
    {'M', true, 2, do_move},       {'L', true, 2, do_line},
    {'H', true, 1, do_horizontal}, {'V', true, 1, do_vertical},
    {'C', true, 6, do_cubic},      {'S', true, 4, do_smooth_cubic},
    {'Q', true, 4, do_quadratic},  {'T', true, 2, do_smooth_quadratic},
    {'A', true, 0, do_arc},        {'Z', false, 0, do_close},
};

static const struct command *find_command(char letter)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i) {
        if (commands[i].letter == letter) return &commands[i];
    }
    return NULL;
}

/* A command with all its arguments. */
static vae_status run(segment *s, const struct command *command)
{
    do {
        for (int i = 0; i < command->numbers; ++i)
            VAE_TRY(vae_svg_number(s->scan, &s->numbers[i]));
        VAE_TRY(command->run(s));
        if (command->run == do_move) command = find_command('L');
    } while (command->repeats && vae_svg_is_number(s->scan));
    return VAE_OK;
}

vae_status vae_svg_path(vae_svg_pen *pen, const char *text)
{
    vae_svg_scan scan = {text, text};
    segment s = {.pen = pen, .scan = &scan};
    bool begun = false;
    pen->start = pen->place = (vae_point){0};
    vae_svg_skip_blanks(&scan);
    while (*scan.at) {
        const struct command *command = find_command((char)toupper((unsigned char)*scan.at));
        if (!command) return vae_svg_expected(&scan, "one of the commands M L H V C S Q T A Z");
        if (!begun && command->letter != 'M') return vae_svg_expected(&scan, "M, by which a path begins");
        begun = true;
        s.relative = islower((unsigned char)*scan.at) != 0;
        ++scan.at;
        vae_svg_skip_blanks(&scan);
        VAE_TRY(run(&s, command));
        vae_svg_skip_blanks(&scan);
    }
    return vae_svg_lift(pen);
}
