/* The attribute `transform`. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "data/svg_pen.h"
#include "data/svg_scan.h"

vae_affine vae_affine_product(const vae_affine *o, const vae_affine *i)
{
    return (vae_affine){
        .a = o->a * i->a + o->c * i->b,
        .b = o->b * i->a + o->d * i->b,
        .c = o->a * i->c + o->c * i->d,
        .d = o->b * i->c + o->d * i->d,
        .e = o->a * i->e + o->c * i->f + o->e,
        .f = o->b * i->e + o->d * i->f + o->f,
    };
}

/* Each is made of its numbers, v; those that were left out are as `count` says. */

static vae_affine make_matrix(const double *v, int count)
{
    (void)count;
    return (vae_affine){v[0], v[1], v[2], v[3], v[4], v[5]};
}

static vae_affine make_translation(const double *v, int count)
{
    return (vae_affine){1, 0, 0, 1, v[0], count > 1 ? v[1] : 0};
}

static vae_affine make_scale(const double *v, int count)
{
    return (vae_affine){v[0], 0, 0, count > 1 ? v[1] : v[0], 0, 0};
}

/* Round (v[1], v[2]), or round the origin. */
static vae_affine make_rotation(const double *v, int count)
{
    const double angle = v[0] * M_PI / 180, cosine = cos(angle), sine = sin(angle);
    const double x = count > 1 ? v[1] : 0, y = count > 1 ? v[2] : 0;
    return (vae_affine){cosine, sine, -sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y};
}

static vae_affine make_skew_x(const double *v, int count)
{
    (void)count;
    return (vae_affine){1, 0, tan(v[0] * M_PI / 180), 1, 0, 0};
}

static vae_affine make_skew_y(const double *v, int count)
{
    (void)count;
    return (vae_affine){1, tan(v[0] * M_PI / 180), 0, 1, 0, 0};
}

enum { MOST_NUMBERS = 6 };

static const struct function {
    const char *name;
    int counts[2]; /* of numbers that it may have */
    vae_affine (*make)(const double *numbers, int count);
} functions[] = {
    {"matrix", {6, 6}, make_matrix},   {"translate", {1, 2}, make_translation}, {"scale", {1, 2}, make_scale},
    {"rotate", {1, 3}, make_rotation}, {"skewX", {1, 1}, make_skew_x},          {"skewY", {1, 1}, make_skew_y},
};

static const struct function *find_function(const char *text)
{
    const size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzXY");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
        if (strlen(functions[i].name) == length && memcmp(functions[i].name, text, length) == 0) return &functions[i];
    }
    return NULL;
}

static vae_status parse_function(vae_svg_scan *scan, vae_affine *transform)
{
    double numbers[MOST_NUMBERS] = {0};
    int count = 0;
    const struct function *f = find_function(scan->at);
    if (!f) return vae_svg_expected(scan, "matrix, translate, scale, rotate, skewX or skewY");
    scan->at += strlen(f->name);
    vae_svg_skip_blanks(scan);
    if (*scan->at != '(') return vae_svg_expected(scan, "(");
    ++scan->at;
    vae_svg_skip_blanks(scan);
    while (count < MOST_NUMBERS && vae_svg_is_number(scan))
        VAE_TRY(vae_svg_number(scan, &numbers[count++]));
    if (*scan->at != ')' || (count != f->counts[0] && count != f->counts[1])) {
        return vae_svg_expected(scan, ") after as many numbers as the function has");
    }
    ++scan->at;
    vae_svg_skip_separator(scan);
    const vae_affine inner = f->make(numbers, count);
    *transform = vae_affine_product(transform, &inner);
    return VAE_OK;
}

vae_status vae_affine_parse(const char *text, vae_affine *transform)
{
    vae_svg_scan scan = {text, text};
    vae_svg_skip_blanks(&scan);
    while (*scan.at)
        VAE_TRY(parse_function(&scan, transform));
    return VAE_OK;
}
