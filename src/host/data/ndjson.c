/* QuickDraw's .ndjson: a drawing a line, {"word": "cat", "recognized": true, "drawing": [[[x, …], [y, …]], …]}. Raw
 * files have a third array of times in each stroke; their drawings are fitted into 255 and simplified, as those of
 * simplified files have been. jansson reads the JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/drawing.h"
#include "data/gzip_file.h"

/* The side of the square that QuickDraw fits drawings into; and bytes that a line may have, raw ones a few ten
 * thousand. */
enum { QUICKDRAW_SIDE = 255, MOST_LINE = 1 << 24, FIRST_LINE = 1 << 16 };

typedef struct ndjson {
    vae_gzip_file file;
    char *buffer;
    size_t at, held, room; /* what is in the buffer and not yet read: at … held - 1 */
    bool ended;            /* nothing follows what is held */
    int64_t line;          /* number of the current one, from 1 */
    double size;           /* of the file in bytes */
    vae_polylines lines;
} ndjson;

/* "name: line 3: " and the text. */
#define fail(source, ...) (vae_error_format(__VA_ARGS__), failed(source))

static vae_status failed(const vae_sequence_source *source)
{
    const ndjson *n = source->state;
    return vae_error_prepend(VAE_ERROR_FORMAT, "%s: line %" PRId64, source->name, n->line);
}

/* ---- Lines ---- */

static vae_status fill(const vae_sequence_source *source, ndjson *n)
{
    memmove(n->buffer, n->buffer + n->at, n->held - n->at);
    n->held -= n->at;
    n->at = 0;
    if (n->held == n->room) {
        if (n->room == MOST_LINE) return fail(source, "is longer than %d bytes", MOST_LINE);
        const size_t room = 2 * n->room;
        char *grown = realloc(n->buffer, room);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
        n->buffer = grown;
        n->room = room;
    }
    int64_t found;
    VAE_TRY(vae_gzip_read(&n->file, n->buffer + n->held, (int64_t)(n->room - n->held), &found));
    n->held += (size_t)found;
    n->ended = found == 0;
    return VAE_OK;
}

/* The next line without its end, until the next call; NULL at the end of the file. */
static vae_status next_line(const vae_sequence_source *source, ndjson *n, const char **line, size_t *size)
{
    size_t searched = 0;
    const char *end = NULL;
    ++n->line;
    while (!(end = memchr(n->buffer + n->at + searched, '\n', n->held - n->at - searched)) && !n->ended) {
        searched = n->held - n->at;
        VAE_TRY(fill(source, n));
    }
    *size = end ? (size_t)(end - n->buffer) - n->at : n->held - n->at;
    *line = end || *size ? n->buffer + n->at : NULL;
    n->at += *size + (end ? 1 : 0);
    return VAE_OK;
}

static bool is_blank(const char *line, size_t size)
{
    for (size_t i = 0; i < size; ++i) {
        if (!strchr(" \t\r", line[i]) || !line[i]) return false;
    }
    return true;
}

/* ---- A drawing ---- */

static vae_status add_point(const vae_sequence_source *source, ndjson *n, size_t stroke, const json_t *x,
                            const json_t *y)
{
    if (!json_is_number(x) || !json_is_number(y)) {
        return fail(source, "stroke %zu has a coordinate that is not a number", stroke);
    }
    const vae_status status = vae_polylines_add(&n->lines, (vae_point){json_number_value(x), json_number_value(y)});
    return status == VAE_ERROR_FORMAT ? failed(source) : status;
}

static vae_status add_stroke(const vae_sequence_source *source, ndjson *n, size_t number, const json_t *stroke)
{
    const json_t *xs = json_array_get(stroke, 0), *ys = json_array_get(stroke, 1);
    if (!json_is_array(xs) || !json_is_array(ys)) {
        return fail(source, "stroke %zu is not a list of two lists or three, x, y and times", number);
    }
    if (json_array_size(xs) != json_array_size(ys)) {
        return fail(source, "stroke %zu has %zu numbers x, but %zu numbers y", number, json_array_size(xs),
                    json_array_size(ys));
    }
    for (size_t i = 0; i < json_array_size(xs); ++i)
        VAE_TRY(add_point(source, n, number, json_array_get(xs, i), json_array_get(ys, i)));
    return vae_polylines_end_line(&n->lines);
}

static vae_status add_strokes(const vae_sequence_source *source, ndjson *n, const json_t *object)
{
    const json_t *strokes = json_object_get(object, "drawing");
    bool raw = false;
    if (!json_is_array(strokes)) return fail(source, "has no \"drawing\" that is a list of strokes");
    vae_polylines_clear(&n->lines);
    for (size_t i = 0; i < json_array_size(strokes); ++i) {
        VAE_TRY(add_stroke(source, n, i, json_array_get(strokes, i)));
        raw = raw || json_array_size(json_array_get(strokes, i)) > 2;
    }
    if (!raw) return VAE_OK;
    vae_polylines_fit(&n->lines, QUICKDRAW_SIDE);
    return vae_polylines_simplify(&n->lines, source->options->simplify);
}

static vae_status set_label(vae_sequence_source *source, const json_t *object, vae_sequence_item *item)
{
    const char *word = json_string_value(json_object_get(object, "word"));
    if (!word) return VAE_OK;
    int64_t number = vae_classes_find(&source->classes, word);
    if (number < 0) {
        number = source->classes.count;
        VAE_TRY(vae_classes_add(&source->classes, word));
    }
    item->label = (int32_t)number;
    return VAE_OK;
}

/* *taken: the item has become this drawing; else it is counted as one that was left out. */
static vae_status take_object(vae_sequence_source *source, ndjson *n, const json_t *object, vae_sequence_item *item,
                              bool *taken)
{
    *taken = false;
    if (!json_is_object(object)) return fail(source, "is not a JSON object");
    if (json_is_false(json_object_get(object, "recognized")) && !source->options->unrecognized) {
        vae_remarks_add(&source->remarks, VAE_REMARK_UNRECOGNIZED, 1, NULL);
        return VAE_OK;
    }
    VAE_TRY(add_strokes(source, n, object));
    if (n->lines.count == 0) {
        vae_remarks_add(&source->remarks, VAE_REMARK_EMPTY_DRAWINGS, 1, NULL);
        return VAE_OK;
    }
    *taken = true;
    VAE_TRY(set_label(source, object, item));
    const vae_status status = vae_drawing_from_polylines(source, &n->lines, item);
    return status == VAE_ERROR_FORMAT ? failed(source) : status;
}

static vae_status take_line(vae_sequence_source *source, ndjson *n, const char *line, size_t size,
                            vae_sequence_item *item, bool *taken)
{
    json_error_t error;
    json_t *object = json_loadb(line, size, 0, &error);
    if (!object) return fail(source, "is not JSON, or cut off, at byte %d: %s", error.position, error.text);
    const vae_status status = take_object(source, n, object, item, taken);
    json_decref(object);
    return status;
}

/* ---- The format ---- */

static vae_status next_drawing(vae_sequence_source *source, vae_sequence_item *item, bool *more)
{
    ndjson *n = source->state;
    const char *line;
    size_t size;
    for (*more = false; !*more;) {
        VAE_TRY(next_line(source, n, &line, &size));
        if (!line) return VAE_OK;
        if (!is_blank(line, size)) VAE_TRY(take_line(source, n, line, size, item, more));
    }
    return VAE_OK;
}

static void close_source(vae_sequence_source *source)
{
    ndjson *n = source->state;
    vae_gzip_close(&n->file);
    vae_polylines_free(&n->lines);
    free(n->buffer);
    free(n);
}

static vae_status open_source(vae_sequence_source *source)
{
    ndjson *n = calloc(1, sizeof *n);
    if (n) n->buffer = malloc(FIRST_LINE);
    if (!n || !n->buffer) {
        free(n);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    }
    n->room = FIRST_LINE;
    const vae_status status = vae_gzip_open(source->file, &n->file);
    if (status) {
        free(n->buffer);
        free(n);
        return status;
    }
    struct stat information;
    if (!stat(source->file, &information)) n->size = (double)information.st_size;
    n->file.name = source->name;
    source->state = n;
    return VAE_OK;
}

/* By bytes of the file, compressed or not. */
static double progress(const vae_sequence_source *source)
{
    const ndjson *n = source->state;
    const double behind = (double)(n->held - n->at);
    if (n->ended && behind == 0) return 1;
    const double read = (double)gzoffset(n->file.stream) - (vae_gzip_is_plain(&n->file) ? behind : 0);
    return n->size > 0 ? fmin(fmax(read, 0) / n->size, 1) : 0;
}

static bool probe(const vae_probe *probe)
{
    size_t at = 0;
    while (at < probe->size && strchr(" \t\r\n", probe->start[at]) && probe->start[at])
        ++at;
    return at < probe->size && probe->start[at] == '{';
}

const vae_sequence_format vae_sequence_format_ndjson = {
    .name = "QuickDraw's .ndjson",
    .kind = VAE_KIND_DRAWING,
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .next = next_drawing,
    .progress = progress,
};
