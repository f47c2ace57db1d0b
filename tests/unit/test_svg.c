/* data/svg.c and what it is made of: shapes, paths and transforms as lines of points, and what is wrong with them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "data/svg_pen.h"
#include "unit/drawing_file.h"

TestSuite(svg, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

#define NONE ((vae_sequence_options){0})
/* Units as they are written. */
#define OPEN "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 255 100\">"
#define SVG(content) OPEN content "</svg>"
#define PATH(d) SVG("<path d=\"" d "\"/>")
#define EXPECT(text, rows) drawing_expect_file(DRAWING_WRITE("a.svg", text), NONE, rows)

/* ---- Paths ---- */

Test(svg, lines)
{
    EXPECT(PATH("M1 2L3,5 L 8 5"), "2,3 5,0|\n");
    EXPECT(PATH("M1 2 3 5 8 5"), "2,3 5,0|\n");
    EXPECT(PATH("m1 2 2 3 5 0"), "2,3 5,0|\n");
    EXPECT(PATH("M10 10H20V5h-3v-1"), "10,0 0,-5 -3,0 0,-1|\n");
    EXPECT(PATH("M0 0H5V5Z"), "5,0 0,5 -5,-5|\n");
    EXPECT(PATH("M0 0H5V5zL1 7"), "5,0 0,5 -5,-5|0,0 1,7|\n");
    EXPECT(PATH("M0 0H5M7 7v2"), "5,0|2,7 0,2|\n");
    EXPECT(PATH("M0 0H5m2 7v2"), "5,0|2,7 0,2|\n");
}

Test(svg, numbers_without_separators)
{
    EXPECT(PATH("M0 0l1-2.5.5e1-1"), "1,-2.5 5,-1|\n");
}

Test(svg, curves)
{
    /* A cubic whose control points lie on its line is that line; a mirrored control point of nothing is the place. */
    EXPECT(PATH("M0 0C1 0 2 0 3 0"), "3,0|\n");
    EXPECT(PATH("M0 0Q1 0 2 0T4 0"), "4,0|\n");
    EXPECT(PATH("M0 0c1 0 2 0 3 0s2 0 3 0"), "6,0|\n");
    EXPECT(PATH("M5 5T8 5S9 5 11 5"), "6,0|\n");
}

/* The lines that a path becomes. */
static vae_polylines draw(const char *path, double tolerance)
{
    vae_polylines lines = {0};
    vae_svg_pen pen = {.lines = &lines, .transform = vae_affine_identity, .tolerance = tolerance};
    cr_assert_eq(vae_svg_path(&pen, path), VAE_OK, "%s: %s", path, vae_error_message());
    return lines;
}

/* All points of a path lie on the circle, and chords are off by no more than the tolerance. */
static void expect_circle(const char *path, double x, double y, double radius, double length)
{
    const double tolerance = 0.01 * radius;
    vae_polylines lines = draw(path, tolerance);
    double walked = 0;
    cr_assert_eq(lines.lines, 1);
    for (int64_t i = 0; i < lines.count; ++i) {
        const vae_point p = lines.points[i], q = lines.points[i ? i - 1 : 0];
        cr_expect_float_eq(hypot(p.x - x, p.y - y), radius, 3e-4 * radius, "%s: %d", path, (int)i);
        cr_expect_geq(hypot((p.x + q.x) / 2 - x, (p.y + q.y) / 2 - y), radius - tolerance * 1.01, "%s", path);
        walked += hypot(p.x - q.x, p.y - q.y);
    }
    cr_expect_float_eq(walked, length * radius, 0.02 * length * radius, "%s: %g", path, walked);
    vae_polylines_free(&lines);
}

Test(svg, arcs)
{
    expect_circle("M0 0A10 10 0 0 1 10 10", 0, 10, 10, M_PI / 2);
    expect_circle("M0 0A10 10 0 0 0 10 10", 10, 0, 10, M_PI / 2);
    expect_circle("M0 0A10 10 0 1 1 10 10", 10, 0, 10, 3 * M_PI / 2);
    expect_circle("M0 0A10 10 0 1 0 10 10", 0, 10, 10, 3 * M_PI / 2);
    /* Flags without separators, relative, and radii that are too small. */
    expect_circle("m5 5a10 10 30 0110 10", 5, 15, 10, M_PI / 2);
    expect_circle("M0 0A1 1 0 0 1 20 0", 10, 0, 10, M_PI);
    expect_circle("M0 0A-1-1 0 0 1 20 0", 10, 0, 10, M_PI);
    EXPECT(PATH("M0 0A0 5 0 0 1 5 5"), "5,5|\n");
    EXPECT(PATH("M1 1A5 5 0 0 1 1 1"), "0,0|\n");
}

/* Of an ellipse that is turned by 90 degrees, the radii change places. */
Test(svg, turned_ellipse)
{
    vae_polylines lines = draw("M0 0A10 20 90 0 1 20 10", 0.01);
    for (int64_t i = 0; i < lines.count; ++i) {
        const vae_point p = lines.points[i];
        cr_expect_float_eq(hypot(p.x / 20, (p.y - 10) / 10), 1, 1e-3);
    }
    cr_expect_gt(lines.count, 4);
    vae_polylines_free(&lines);
}

Test(svg, a_finer_tolerance_needs_more_points)
{
    vae_polylines coarse = draw("M0 0C0 100 100 100 100 0", 1), fine = draw("M0 0C0 100 100 100 100 0", 0.01);
    cr_expect_geq(fine.count, 8 * coarse.count);
    cr_expect_leq(fine.count, 10 * coarse.count);
    vae_polylines_free(&coarse);
    vae_polylines_free(&fine);
}

/* ---- Shapes ---- */

Test(svg, shapes_of_lines)
{
    EXPECT(SVG("<line x1=\"1\" y1=\"2\" x2=\"4px\" y2=\" 6 \"/>"), "3,4|\n");
    EXPECT(SVG("<polyline points=\"0,0 1,2 5-3\"/>"), "1,2 4,-5|\n");
    EXPECT(SVG("<polygon points=\"0,0 1,2 5-3\"/>"), "1,2 4,-5 -5,3|\n");
    EXPECT(SVG("<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\"/>"), "3,0 0,4 -3,0 0,-4|\n");
    EXPECT(SVG("<rect width=\"0\" height=\"4\"/><polyline points=\"\"/><path/><circle/><line x2=\"1\"/>"), "1,0|\n");
}

Test(svg, round_shapes)
{
    const char *path = DRAWING_WRITE("a.svg", SVG("<circle cx=\"50\" cy=\"50\" r=\"40\"/>"));
    drawing_expect_file(path, (vae_sequence_options){.simplify = 30}, "-40,40 -40,-40 40,-40 40,40|\n");
    vae_dataset circle = drawing_read(path, NONE);
    vae_dataset ellipse =
        drawing_read(DRAWING_WRITE("b.svg", SVG("<ellipse cx=\"50\" cy=\"50\" rx=\"40\" ry=\"40\"/>")), NONE);
    cr_assert_eq(circle.offsets[1], ellipse.offsets[1]);
    cr_expect_arr_eq(circle.values, ellipse.values, (size_t)circle.offsets[1] * 5 * sizeof(float));
    vae_dataset_free(&circle);
    vae_dataset_free(&ellipse);
}

/* A square with corners as large as it allows is a circle, from its top on. */
Test(svg, rounded_rectangle)
{
    const char *path = DRAWING_WRITE("a.svg", SVG("<rect width=\"80\" height=\"80\" rx=\"99\"/>"));
    drawing_expect_file(path, (vae_sequence_options){.simplify = 20}, "40,40 -40,40 -40,-40 40,-40|\n");
}

/* ---- Units, groups and transforms ---- */

Test(svg, units)
{
    EXPECT("<svg viewBox=\"10 10 20 51\"><path d=\"M0 0h5\"/></svg>", "25,0|\n");
    EXPECT("<svg width=\"51mm\" height=\"20\"><path d=\"M0 0h5\"/></svg>", "25,0|\n");
    EXPECT("<svg width=\"100%\"><path d=\"M0 0h5\"/></svg>", "5,0|\n");
}

Test(svg, transforms)
{
    EXPECT(SVG("<path transform=\"translate(9)scale(2)\" d=\"M0 0h5\"/>"), "10,0|\n");
    EXPECT(SVG("<path transform=\"rotate(90)\" d=\"M0 0h5v1\"/>"), "3.062e-16,5 -1,0|\n");
    EXPECT(SVG("<path transform=\"matrix(1 2 3 4 5 6)\" d=\"M0 0h5v1\"/>"), "5,10 3,4|\n");
    EXPECT(SVG("<path transform=\"scale(2, -3)\" d=\"M0 0h5v1\"/>"), "10,0 0,-3|\n");
    EXPECT(SVG("<path transform=\"skewX(45)\" d=\"M0 0h5v1\"/>"), "5,0 1,1|\n");
    EXPECT(SVG("<path transform=\"skewY(45)\" d=\"M0 0h5v1\"/>"), "5,5 0,1|\n");
    EXPECT(SVG("<g transform=\"scale(2)\"><path d=\"M0 0h1\"/><g transform=\"translate(1,1)\"><path d=\"M0 "
               "0h1\"/></g></g>"),
           "2,0|0,2 2,0|\n");
    EXPECT(SVG("<g transform=\"scale(2)\"/><path d=\"M0 0h1\"/>"), "1,0|\n");
}

/* Round (1, 1), the point (2, 1) goes to (1, 2). */
Test(svg, rotation_round_a_point)
{
    vae_affine t = vae_affine_identity;
    cr_assert_eq(vae_affine_parse(" rotate( 90 1,1 ) ", &t), VAE_OK);
    cr_expect_float_eq(t.a * 2 + t.c * 1 + t.e, 1, 1e-15);
    cr_expect_float_eq(t.b * 2 + t.d * 1 + t.f, 2, 1e-15);
}

Test(svg, what_is_not_drawn)
{
    const char *path = DRAWING_WRITE(
        "a.svg",
        "<?xml version=\"1.0\"?><!-- x -->" SVG(
            "<defs><path d=\"M0 0h9\"/><g/></defs><text>a</text><use/><g display=\"none\"><path d=\"M0 0h8\"/></g>"
            "<g style=\"fill:none;display:none\"><path d=\"M0 0h8\"/></g>"
            "<g style=\" Display : NONE !important ; fill:red\"><path d=\"M0 0h8\"/></g>"
            "<x:path xmlns:x=\"urn:editor\" d=\"?\"/><path d=\"M0 0h7\"/>"));
    vae_dataset dataset = drawing_read(path, NONE);
    drawing_expect(&dataset, "7,0|\n");
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_UNDRAWN].count, 2);
    cr_expect_str_eq(dataset.remarks.of[VAE_REMARK_UNDRAWN].detail, "the first is text");
    vae_dataset_free(&dataset);
}

/* As KanjiVG's files begin, and SVG 1.0's of many editors. */
Test(svg, a_doctype_without_entities)
{
    EXPECT(
        "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.0//EN\" \"http://www.w3.org/TR/2001/REC-SVG-20010904/DTD/svg10.dtd\" "
        "[<!ATTLIST g xmlns:kvg CDATA #FIXED \"http://kanjivg.tagaini.net\" kvg:element CDATA #IMPLIED>]>" SVG(
            "<g kvg:element=\"a\"><path d=\"M0 0h7\"/></g>"),
        "7,0|\n");
}

Test(svg, gzip)
{
    idx_bytes file = {.count = 0};
    static const char text[] = PATH("M0 0h7");
    file.count = sizeof text - 1;
    memcpy(file.byte, text, file.count);
    drawing_expect_file(idx_write("a.svg.gz", &file), NONE, "7,0|\n");
}

/* ---- What is wrong ---- */

#define REFUSE(text, rest) drawing_expect_failure(DRAWING_WRITE("a.svg", text), NONE, ": line " rest)

Test(svg, entities)
{
    REFUSE("<!DOCTYPE svg [<!ENTITY lol \"lol\">]>" SVG("&lol;"),
           "1, column 29: declares the entity lol, which is not read; write out what it stands for");
    REFUSE("<!DOCTYPE svg [\n<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" SVG("&x;"),
           "2, column 39: declares the entity x, which is not read; write out what it stands for");
    REFUSE("<!DOCTYPE svg [<!ENTITY % p \"\">]>" SVG(""),
           "1, column 29: declares the entity p, which is not read; write out what it stands for");
    REFUSE(SVG("<text>&auml;</text>"), "1, column 69: is not XML, or cut off: undefined entity");
    REFUSE("<!DOCTYPE svg SYSTEM \"x.dtd\">" SVG("<text>&x;</text>"),
           "1, column 98: refers to the entity x, which is not read; write out what it stands for");
    REFUSE("<!DOCTYPE svg [<!ATTLIST path d CDATA \"M0 0h1\">]>" SVG("<path/>"),
           "1, column 39: declares a default for the attribute d of path, which is not read");
}

Test(svg, damaged_xml)
{
    REFUSE(OPEN "<path d=\"M0 0", "1, column 63: is not XML, or cut off: unclosed token");
    REFUSE(OPEN "<g></svg>", "1, column 68: is not XML, or cut off: mismatched tag");
    REFUSE(OPEN, "1, column 63: is not XML, or cut off: no element found");
    REFUSE("<html></html>", "1, column 1: is XML, but not SVG");
    REFUSE("<x:svg xmlns:x=\"urn:other\"/>", "1, column 1: is XML, but not SVG");
}

#define REFUSE_IN(element, rest) REFUSE(SVG("\n" element), "2, column 1: " rest)
#define REFUSE_PATH(d, rest) REFUSE_IN("<path d=\"" d "\"/>", "d: " rest)

Test(svg, damaged_values)
{
    REFUSE_PATH("L1 2", "byte 0: expected M, by which a path begins");
    REFUSE_PATH("M1 2 X", "byte 5: expected one of the commands M L H V C S Q T A Z");
    REFUSE_PATH("M1 2 3", "byte 6: expected a number");
    REFUSE_PATH("M1 2 L", "byte 6: expected a number");
    REFUSE_PATH("M1 nan", "byte 3: expected a number");
    REFUSE_PATH("M0x1 2", "byte 2: expected a number");
    REFUSE_PATH("M1,,2", "byte 3: expected a number");
    REFUSE_PATH("M0 0A1 1 0 2 0 3 3", "byte 11: expected an arc's flag, 0 or 1");
    REFUSE_PATH("M1 2Z3", "byte 5: expected one of the commands M L H V C S Q T A Z");
    REFUSE_PATH("M0 0L1e999 0", "a point is not finite");
    REFUSE_IN("<line x1=\"3cm\"/>", "x1: byte 1: expected the end, as lengths are read without units or in px");
    REFUSE_IN("<circle r=\"x\"/>", "r: byte 0: expected a number");
    REFUSE_IN("<polygon points=\"1 2 3\"/>", "points: byte 5: expected a number");
    REFUSE_IN("<g transform=\"turn(3)\"/>",
              "transform: byte 0: expected matrix, translate, scale, rotate, skewX or skewY");
    REFUSE_IN("<g transform=\"scale 3\"/>", "transform: byte 6: expected (");
    REFUSE_IN("<g transform=\"matrix(1 2)\"/>",
              "transform: byte 10: expected ) after as many numbers as the function has");
    REFUSE("<svg viewBox=\"0 0 x\"/>", "1, column 1: viewBox: byte 4: expected a number");
}

Test(svg, no_shapes)
{
    drawing_expect_failure(DRAWING_WRITE("a.svg", PATH("M1e308 0L-1e308 0")), NONE, ": an offset is not finite");
    char rest[512];
    snprintf(rest, sizeof rest, ": holds no drawings: 1 drawing without strokes was left out: the first is %s",
             idx_path("a.svg"));
    drawing_expect_failure(DRAWING_WRITE("a.svg", SVG("")), NONE, rest);
}

Test(svg, nested_too_deep)
{
    static char text[1 << 13];
    size_t used = (size_t)sprintf(text, "%s\n", OPEN);
    for (int i = 0; i < 400; ++i)
        used += (size_t)sprintf(text + used, "<g>");
    drawing_expect_failure(drawing_write("a.svg", text, used), NONE,
                           ": line 2, column 766: elements are nested deeper than 256");
}

/* A path of a megabyte, a path of few bytes and many points, and a file of many megabytes. */
Test(svg, too_much)
{
    static char text[(1 << 24) + 100];
    size_t used = (size_t)sprintf(text, "%s<path d=\"M", OPEN);
    memset(text + used, ' ', 1 << 20);
    strcpy(text + used + (1 << 20), "\"/></svg>");
    idx_write_raw(idx_path("a.svg"), text, strlen(text));
    drawing_expect_failure(idx_path("a.svg"), NONE, ": line 1, column 63: d has 1048577 bytes, but may have 1048576");

    used += (size_t)sprintf(text + used, "0 0");
    while (used < 900000)
        used += (size_t)sprintf(text + used, "c9e9 9e9 1 1 0 0");
    used += (size_t)sprintf(text + used, "\"/></svg>");
    idx_write_raw(idx_path("a.svg"), text, used);
    drawing_expect_failure(idx_path("a.svg"), NONE, ": line 1, column 63: d: a drawing has more than 65536 points");

    memset(text + sizeof OPEN - 1, ' ', sizeof text - sizeof OPEN);
    idx_write_raw(idx_path("a.svg"), text, sizeof text - 1);
    drawing_expect_failure(idx_path("a.svg"), NONE, ": is larger than 16 MiB");
}
