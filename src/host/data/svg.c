/* SVG, plain or gzip: a file is a drawing, its shapes in their order, as outlines. Its larger side is 255 units, as
 * QuickDraw's drawings are, so that files of any size simplify alike. expat reads the XML; entities are refused, other
 * files never opened, and a DOCTYPE without entities is passed over. */
#include <expat.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/drawing.h"
#include "data/gzip_file.h"
#include "data/svg_scan.h"
#include "data/svg_shapes.h"

enum { SVG_SIDE = 255, MOST_DEPTH = 256, MOST_DEFAULTS = 16, READ_SIZE = 1 << 16 };
/* Of a file, and of an attribute: of what is drawn by hand both are a few thousand. */
enum { MOST_FILE = 1 << 24, MOST_ATTRIBUTE = 1 << 20 };

#define TOLERANCE 0.1 /* units that a curve may be off by */

static const char svg_namespace[] = "http://www.w3.org/2000/svg ";

typedef struct svg {
    vae_sequence_source *source;
    XML_Parser parser;
    vae_polylines lines;
    vae_affine transforms[MOST_DEPTH];
    int depth;         /* of open elements that are looked at */
    int hidden;        /* of open elements that are not, below these */
    int defaults;      /* of namespaces that were declared */
    vae_status status; /* of the first failure, at which parsing ended */
    bool done;         /* the drawing has been given */
} svg;

/* ---- Failures ---- */

/* Puts the place before this thread's message, and ends parsing. */
static void stop(svg *s, vae_status status)
{
    if (s->status) return;
    s->status = vae_error_prepend(status, "%s: line %lu, column %lu", s->source->name,
                                  (unsigned long)XML_GetCurrentLineNumber(s->parser),
                                  (unsigned long)XML_GetCurrentColumnNumber(s->parser) + 1);
    XML_StopParser(s->parser, XML_FALSE);
}

#define stop_with(s, ...) stop(s, vae_error_set(VAE_ERROR_FORMAT, __VA_ARGS__))

static void on_entity(void *context, const XML_Char *name, int is_parameter, const XML_Char *value, int length,
                      const XML_Char *base, const XML_Char *system, const XML_Char *public, const XML_Char *notation)
{
    (void)is_parameter, (void)value, (void)length, (void)base, (void)system, (void)public, (void)notation;
    stop_with(context, "declares the entity %.100s, which is not read; write out what it stands for", name);
}

static void on_skipped_entity(void *context, const XML_Char *name, int is_parameter)
{
    (void)is_parameter;
    stop_with(context, "refers to the entity %.100s, which is not read; write out what it stands for", name);
}

/* Defaults of attributes would be read again with every element. Those of namespaces are common: KanjiVG's files have
 * one. */
static void on_default(void *context, const XML_Char *element, const XML_Char *name, const XML_Char *type,
                       const XML_Char *value, int required)
{
    svg *s = context;
    (void)type, (void)required;
    if (!value || (strncmp(name, "xmlns", 5) == 0 && ++s->defaults <= MOST_DEFAULTS)) return;
    stop_with(s, "declares a default for the attribute %.50s of %.50s, which is not read", name, element);
}

/* ---- Elements ---- */

/* Whether a style has the declaration, such as "display: none", in whatever letters, with blanks and "!important". */
static bool declares(const char *style, const char *property, const char *value)
{
    static const char blanks[] = " \t\r\n\f";
    for (const char *at = style; at && *at;) {
        at += strspn(at, blanks);
        const char *colon = at + strcspn(at, ":;"), *word = colon + (*colon == ':');
        size_t length = (size_t)(colon - at);
        while (length > 0 && strchr(blanks, at[length - 1]))
            --length;
        word += strspn(word, blanks);
        const size_t size = strcspn(word, " \t\r\n\f!;");
        if (length == strlen(property) && strncasecmp(at, property, length) == 0 && size == strlen(value) &&
            strncasecmp(word, value, size) == 0)
            return true;
        at = colon + strcspn(colon, ";");
        at += *at == ';';
    }
    return false;
}

/* What is drawn only where something else refers to it, or never. */
static bool is_hidden(const char *element, const char *const *attributes)
{
    static const char *const names[] = {"defs",    "symbol",         "clipPath",       "mask",  "marker",
                                        "pattern", "metadata",       "title",          "desc",  "style",
                                        "script",  "linearGradient", "radialGradient", "filter"};
    const char *display = vae_svg_attribute(attributes, "display"), *style = vae_svg_attribute(attributes, "style");
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (strcmp(names[i], element) == 0) return true;
    }
    return (display && strcmp(display, "none") == 0) || declares(style, "display", "none");
}

static bool is_group(const char *element)
{
    return strcmp(element, "g") == 0 || strcmp(element, "a") == 0 || strcmp(element, "switch") == 0;
}

/* The larger side of the picture in its own units; 0 where it is not said. */
static vae_status find_side(const char *const *attributes, double *side)
{
    const char *box = vae_svg_attribute(attributes, "viewBox");
    double numbers[4] = {0};
    if (box) {
        vae_svg_scan scan = {box, box};
        vae_svg_skip_blanks(&scan);
        for (int i = 0; i < 4; ++i) {
            const vae_status status = vae_svg_number(&scan, &numbers[i]);
            if (status) return vae_error_prepend(status, "viewBox");
        }
    } else {
        for (int i = 0; i < 2; ++i) { /* in whatever unit; none of parts of what is around it */
            const char *text = vae_svg_attribute(attributes, i ? "height" : "width");
            vae_svg_scan scan = {text, text};
            if (!text || strchr(text, '%') || !vae_svg_is_number(&scan)) continue;
            VAE_TRY(vae_svg_number(&scan, &numbers[2 + i]));
        }
    }
    *side = numbers[2] > numbers[3] ? numbers[2] : numbers[3];
    return VAE_OK;
}

static vae_status begin_picture(svg *s, const char *element, const char *const *attributes)
{
    double side;
    if (strcmp(element, "svg") != 0) return vae_error_set(VAE_ERROR_FORMAT, "is XML, but not SVG");
    VAE_TRY(find_side(attributes, &side));
    s->transforms[0] = vae_affine_identity;
    if (side > 0) s->transforms[0].a = s->transforms[0].d = SVG_SIDE / side;
    s->depth = 1;
    return VAE_OK;
}

static vae_status check_attributes(const char *const *attributes)
{
    for (; attributes[0]; attributes += 2) {
        const size_t length = strlen(attributes[1]);
        if (length <= MOST_ATTRIBUTE) continue;
        return vae_error_set(VAE_ERROR_FORMAT, "%.50s has %zu bytes, but may have %d", attributes[0], length,
                             MOST_ATTRIBUTE);
    }
    return VAE_OK;
}

static vae_status draw(svg *s, vae_svg_shape *shape, const char *const *attributes)
{
    vae_svg_pen pen = {.lines = &s->lines, .transform = s->transforms[s->depth], .tolerance = TOLERANCE};
    return shape(&pen, attributes);
}

static vae_status begin_element(svg *s, const char *element, const char *const *attributes)
{
    VAE_TRY(check_attributes(attributes));
    if (s->depth == 0) return begin_picture(s, element, attributes);
    vae_svg_shape *shape = vae_svg_find_shape(element);
    if (is_hidden(element, attributes)) {
        s->hidden = 1;
        return VAE_OK;
    }
    if (!shape && !is_group(element)) {
        vae_remarks_add(&s->source->remarks, VAE_REMARK_UNDRAWN, 1, "the first is %.100s", element);
        s->hidden = 1;
        return VAE_OK;
    }
    if (s->depth == MOST_DEPTH)
        return vae_error_set(VAE_ERROR_FORMAT, "elements are nested deeper than %d", MOST_DEPTH);
    vae_affine *transform = &s->transforms[s->depth];
    *transform = s->transforms[s->depth - 1];
    const char *text = vae_svg_attribute(attributes, "transform");
    const vae_status status = text ? vae_affine_parse(text, transform) : VAE_OK;
    if (status) return vae_error_prepend(status, "transform");
    if (shape) VAE_TRY(draw(s, shape, attributes));
    ++s->depth;
    return VAE_OK;
}

/* Elements of SVG's namespace, or of none; those of others, an editor's say, are passed over. */
static void on_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
    svg *s = context;
    const size_t prefix = sizeof svg_namespace - 1;
    if (s->status) return;
    if (s->hidden > 0) {
        ++s->hidden;
    } else if (strncmp(name, svg_namespace, prefix) == 0 || !strchr(name, ' ')) {
        const char *element = strchr(name, ' ') ? name + prefix : name;
        const vae_status status = begin_element(s, element, (const char *const *)attributes);
        if (status) stop(s, status);
    } else if (s->depth == 0) {
        stop_with(s, "is XML, but not SVG");
    } else {
        s->hidden = 1;
    }
}

static void on_end(void *context, const XML_Char *name)
{
    svg *s = context;
    (void)name;
    if (s->status) return;
    if (s->hidden > 0) {
        --s->hidden;
    } else {
        --s->depth;
    }
}

/* ---- A file ---- */

static vae_status parse_piece(svg *s, const char *piece, int64_t size, int64_t read)
{
    const bool last = size == 0;
    if (read > MOST_FILE) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is larger than %d MiB", s->source->name, MOST_FILE >> 20);
    }
    if (XML_Parse(s->parser, piece, (int)size, last) == XML_STATUS_OK) return s->status;
    if (s->status) return s->status;
    const enum XML_Error code = XML_GetErrorCode(s->parser);
    if (code == XML_ERROR_NO_MEMORY) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->source->name);
    stop_with(s, "is not XML, or cut off: %s", XML_ErrorString(code));
    return s->status;
}

static vae_status parse_file(svg *s, vae_gzip_file *file)
{
    char *piece = malloc(READ_SIZE);
    if (!piece) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->source->name);
    vae_status status = VAE_OK;
    for (int64_t found = 1, read = 0; !status && found > 0;) {
        status = vae_gzip_read(file, piece, READ_SIZE, &found);
        if (!status) status = parse_piece(s, piece, found, read += found);
    }
    free(piece);
    return status;
}

static vae_status parse(svg *s)
{
    vae_gzip_file file;
    VAE_TRY(vae_gzip_open(s->source->file, &file));
    file.name = s->source->name;
    s->parser = XML_ParserCreateNS(NULL, ' ');
    if (!s->parser) {
        vae_gzip_close(&file);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->source->name);
    }
    XML_SetUserData(s->parser, s);
    XML_SetElementHandler(s->parser, on_begin, on_end);
    XML_SetEntityDeclHandler(s->parser, on_entity);
    XML_SetSkippedEntityHandler(s->parser, on_skipped_entity);
    XML_SetAttlistDeclHandler(s->parser, on_default);
    const vae_status status = parse_file(s, &file);
    XML_ParserFree(s->parser);
    vae_gzip_close(&file);
    return status;
}

/* ---- The format ---- */

static vae_status next_drawing(vae_sequence_source *source, vae_sequence_item *item, bool *more)
{
    svg *s = source->state;
    *more = false;
    if (s->done) return VAE_OK;
    s->done = true;
    s->source = source;
    VAE_TRY(parse(s));
    VAE_TRY(vae_polylines_simplify(&s->lines, source->options->simplify));
    if (s->lines.count == 0) {
        vae_remarks_add(&source->remarks, VAE_REMARK_EMPTY_DRAWINGS, 1, "the first is %s", source->name);
        return VAE_OK;
    }
    *more = true;
    const vae_status status = vae_drawing_from_polylines(source, &s->lines, item);
    return status == VAE_ERROR_FORMAT ? vae_error_prepend(status, "%s", source->name) : status;
}

static void close_source(vae_sequence_source *source)
{
    svg *s = source->state;
    vae_polylines_free(&s->lines);
    free(s);
}

static vae_status open_source(vae_sequence_source *source)
{
    source->state = calloc(1, sizeof(svg));
    return source->state ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
}

static bool probe(const vae_probe *probe)
{
    size_t at = probe->size >= 3 && memcmp(probe->start, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < probe->size && strchr(" \t\r\n", probe->start[at]) && probe->start[at])
        ++at;
    return at < probe->size && probe->start[at] == '<';
}

const vae_sequence_format vae_sequence_format_svg = {
    .name = "SVG",
    .kind = VAE_KIND_DRAWING,
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .next = next_drawing,
};
