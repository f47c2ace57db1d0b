/* Stroke-3 in NPZ, rows of (dx, dy, pen lifted): QuickDraw's files and sketch-rnn's own, whose arrays `train`, `valid`
 * and `test` are pickled arrays of arrays; arrays that lie flat, with `<key>_offsets` beside them, which need no
 * pickle; and [n, steps, 3], where all drawings are of one length. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/drawing.h"
#include "data/npz_archive.h"
#include "data/pickle.h"

enum { COLUMNS = 3, FIRST_READ = 1 << 16 };

/* Of an object array, all of which must be in memory, as its elements may stand anywhere in the pickle. */
#define MOST_PICKLED ((size_t)8 << 30)

typedef struct stroke_npz {
    vae_npz npz;
    int64_t count, next; /* drawings */
    /* Of an object array: */
    uint8_t *bytes;
    vae_pickle pickle;
    /* Of others: */
    int64_t *offsets; /* [count + 1], or NULL: all are of `steps` rows */
    int64_t steps;
    uint8_t *rows; /* of one drawing, as they are stored */
    size_t room;   /* bytes of it */
} stroke_npz;

static vae_status no_memory(const vae_sequence_source *source)
{
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
}

/* ---- Which array ---- */

static bool is_pickled(const vae_npy_header *header)
{
    return strcmp(header->type, "|O") == 0;
}

static int64_t find_offsets(const vae_npz *npz, const char *name, int length)
{
    char key[256];
    snprintf(key, sizeof key, "%.*s_offsets", length, name);
    return vae_npz_find(npz, key);
}

/* Whether the open entry has a shape that drawings have. */
static bool may_be_drawings(const vae_npz *npz, const char *name, int length)
{
    const vae_npy_header *header = &npz->header;
    if (is_pickled(header)) return header->rank == 1;
    if (header->rank == 0 || header->sizes[header->rank - 1] != COLUMNS) return false;
    return header->rank == 3 || (header->rank == 2 && find_offsets(npz, name, length) >= 0);
}

static int64_t find_only_one(vae_npz *npz)
{
    int64_t found = -1;
    int matches = 0;
    for (int64_t i = 0; i < vae_npz_count(npz); ++i) {
        int length;
        const char *name = vae_npz_key(npz, i, &length);
        if (!name || vae_npz_open_entry(npz, i) || !may_be_drawings(npz, name, length)) continue;
        found = i;
        ++matches;
    }
    return matches == 1 ? found : -1;
}

/* What sketch-rnn and NumPy's users call the parts. */
static int64_t find_part(const vae_npz *npz, const char *part)
{
    const char *names[] = {part, strcmp(part, "validation") == 0 ? "valid" : part};
    int64_t found = -1;
    for (int i = 0; i < 2 && found < 0; ++i)
        found = vae_npz_find(npz, names[i]);
    return found;
}

static vae_status choose_entry(vae_sequence_source *source, vae_npz *npz, int64_t *index)
{
    if (source->key[0]) {
        *index = vae_npz_find(npz, source->key);
        return *index >= 0 ? VAE_OK : vae_npz_no_key(npz, source->file, source->key);
    }
    *index = source->options->part ? find_part(npz, source->options->part) : -1;
    if (*index < 0) *index = find_only_one(npz);
    return *index >= 0 ? VAE_OK : vae_npz_no_key(npz, source->file, "");
}

/* ---- Object arrays ---- */

/* The rest of the entry. Memory grows with what comes, not by what the archive promises. */
static vae_status read_rest(const vae_sequence_source *source, stroke_npz *s, size_t *size)
{
    size_t room = 0;
    for (*size = 0;;) {
        if (*size == room) {
            room = room ? 2 * room : FIRST_READ;
            if (room > MOST_PICKLED) {
                return vae_error_set(VAE_ERROR_FORMAT, "%s: has more than %d GiB of pickled arrays", source->name,
                                     (int)(MOST_PICKLED >> 30));
            }
            uint8_t *grown = realloc(s->bytes, room);
            if (!grown) return no_memory(source);
            s->bytes = grown;
        }
        int64_t found;
        VAE_TRY(s->npz.numbers.read(&s->npz, s->bytes + *size, (int64_t)(room - *size), &found));
        if (found == 0) return VAE_OK;
        *size += (size_t)found;
    }
}

static vae_status open_pickled(const vae_sequence_source *source, stroke_npz *s)
{
    size_t size;
    VAE_TRY(read_rest(source, s, &size));
    VAE_TRY(vae_pickle_read(source->name, s->bytes, size, &s->pickle));
    s->count = s->pickle.count;
    return VAE_OK;
}

/* ---- Plain arrays ---- */

static vae_status prepare_numbers(const vae_sequence_source *source, vae_npz *npz)
{
    npz->numbers.count = npz->header.count;
    npz->numbers.done = 0;
    if (npz->header.fortran_order && npz->header.rank > 1) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is in Fortran's order; save it with numpy.ascontiguousarray()",
                             source->name);
    }
    if (vae_number_type_parse(npz->header.type, &npz->numbers.type)) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: holds numbers of type '%s', but only integers, floats and booleans can be read",
                         source->name, npz->header.type);
}

static vae_status check_offsets(const vae_sequence_source *source, const stroke_npz *s, int64_t rows)
{
    int64_t before = 0;
    for (int64_t i = 0; i <= s->count; ++i) {
        if (s->offsets[i] < before || (i == 0 && s->offsets[0] != 0)) {
            return vae_error_set(VAE_ERROR_FORMAT,
                                 "%s: offset %" PRId64 " of its drawings is %" PRId64
                                 ", but they must begin with 0 and never fall",
                                 source->name, i, s->offsets[i]);
        }
        before = s->offsets[i];
    }
    if (before == rows) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: its offsets end at row %" PRId64 ", but there are %" PRId64 " rows",
                         source->name, before, rows);
}

/* Reads the offsets, one by one, so that memory grows with what is there. */
static vae_status read_offsets(const vae_sequence_source *source, stroke_npz *s)
{
    uint8_t stored[sizeof(int64_t)];
    int64_t room = 0;
    VAE_TRY(prepare_numbers(source, &s->npz));
    if (s->npz.header.rank != 1 || s->npz.header.count < 1) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: its offsets are not an array [drawings + 1]", source->name);
    }
    s->count = s->npz.header.count - 1;
    for (int64_t i = 0; i <= s->count; ++i) {
        VAE_TRY(vae_numbers_read_stored(&s->npz.numbers, stored, 1));
        if (i == room) {
            room = room ? 2 * room : 1024;
            int64_t *grown = realloc(s->offsets, (size_t)room * sizeof *grown);
            if (!grown) return no_memory(source);
            s->offsets = grown;
        }
        if (!vae_number_read_integer(&s->npz.numbers.type, stored, &s->offsets[i])) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: offset %" PRId64 " of its drawings is not a whole number",
                                 source->name, i);
        }
    }
    return VAE_OK;
}

static vae_status open_flat(const vae_sequence_source *source, stroke_npz *s, int64_t index, int64_t offsets)
{
    VAE_TRY(vae_npz_open_entry(&s->npz, offsets));
    VAE_TRY(read_offsets(source, s));
    VAE_TRY(vae_npz_open_entry(&s->npz, index));
    VAE_TRY(check_offsets(source, s, s->npz.header.sizes[0]));
    return prepare_numbers(source, &s->npz);
}

static vae_status open_plain(const vae_sequence_source *source, stroke_npz *s, int64_t index)
{
    int length;
    const char *name = vae_npz_key(&s->npz, index, &length);
    const vae_npy_header *header = &s->npz.header;
    if (!may_be_drawings(&s->npz, name, length)) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is not an array of drawings: these are pickled arrays [steps, 3], or [rows, 3] with "
                             "an array %.*s_offsets, or [drawings, steps, 3], of dx, dy, and whether the pen is lifted",
                             source->name, length, name);
    }
    if (header->rank == 2) return open_flat(source, s, index, find_offsets(&s->npz, name, length));
    s->count = header->sizes[0];
    s->steps = header->sizes[1];
    if (s->steps == 0) return vae_error_set(VAE_ERROR_FORMAT, "%s: all its drawings are empty", source->name);
    return prepare_numbers(source, &s->npz);
}

/* ---- Drawings ---- */

/* Numbers [rows, 3] where they are stored. */
typedef struct stored_rows {
    vae_number_type type;
    bool fortran;
    int64_t rows;
    const uint8_t *data;
} stored_rows;

static double number_at(const stored_rows *s, int64_t row, int64_t column)
{
    const int64_t place = s->fortran ? column * s->rows + row : row * COLUMNS + column;
    return vae_number_read(&s->type, s->data + place * s->type.size);
}

static vae_status add_drawing(vae_sequence_source *source, int64_t number, const stored_rows *stored,
                              vae_sequence_item *item)
{
    VAE_TRY(vae_drawing_begin(item));
    for (int64_t r = 0; r < stored->rows; ++r) {
        const double lifted = number_at(stored, r, 2);
        if (lifted != 0 && lifted != 1) {
            return vae_error_set(VAE_ERROR_FORMAT,
                                 "%s: drawing %" PRId64 ", row %" PRId64
                                 ": whether the pen is lifted is %g, neither 0 nor 1",
                                 source->name, number, r, lifted);
        }
        const vae_stroke stroke = {number_at(stored, r, 0), number_at(stored, r, 1), lifted == 1};
        const vae_status status = vae_drawing_add(source, item, stroke);
        if (status) return vae_error_prepend(status, "%s: drawing %" PRId64 ", row %" PRId64, source->name, number, r);
    }
    return vae_drawing_end(item);
}

static vae_status find_pickled(const vae_sequence_source *source, const stroke_npz *s, stored_rows *stored)
{
    const vae_pickled_array *array = s->pickle.arrays[s->next];
    const bool empty = array->sizes[0] == 0;
    if (!empty && (array->rank != 2 || array->sizes[1] != COLUMNS)) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: drawing %" PRId64 " is not an array [steps, 3] of dx, dy, and whether the pen is "
                             "lifted, but of %d dimensions, the last of %" PRId64,
                             source->name, s->next, array->rank, array->sizes[array->rank - 1]);
    }
    *stored = (stored_rows){array->type, array->fortran, array->sizes[0], array->data};
    return VAE_OK;
}

/* Row by row, as an offset may promise more rows than there are. */
static vae_status read_plain(const vae_sequence_source *source, stroke_npz *s, stored_rows *stored)
{
    vae_numbers *numbers = &s->npz.numbers;
    const int64_t rows = s->offsets ? s->offsets[s->next + 1] - s->offsets[s->next] : s->steps;
    const size_t row_bytes = COLUMNS * (size_t)numbers->type.size;
    for (int64_t r = 0; r < rows; ++r) {
        const size_t end = (size_t)(r + 1) * row_bytes;
        if (end > s->room) {
            uint8_t *grown = realloc(s->rows, 2 * end);
            if (!grown) return no_memory(source);
            s->rows = grown;
            s->room = 2 * end;
        }
        VAE_TRY(vae_numbers_read_stored(numbers, s->rows + end - row_bytes, COLUMNS));
    }
    *stored = (stored_rows){.type = numbers->type, .rows = rows, .data = s->rows};
    return VAE_OK;
}

static vae_status next_drawing(vae_sequence_source *source, vae_sequence_item *item, bool *more)
{
    stroke_npz *s = source->state;
    for (; s->next < s->count; ++s->next) {
        stored_rows stored;
        VAE_TRY(s->bytes ? find_pickled(source, s, &stored) : read_plain(source, s, &stored));
        if (stored.rows == 0) {
            vae_remarks_add(&source->remarks, VAE_REMARK_EMPTY_DRAWINGS, 1, NULL);
            continue;
        }
        *more = true;
        return add_drawing(source, s->next++, &stored, item);
    }
    *more = false;
    return VAE_OK;
}

/* ---- The format ---- */

static void close_source(vae_sequence_source *source)
{
    stroke_npz *s = source->state;
    vae_npz_close(&s->npz);
    vae_pickle_free(&s->pickle);
    free(s->bytes);
    free(s->offsets);
    free(s->rows);
    free(s);
}

static vae_status open_array(vae_sequence_source *source, stroke_npz *s)
{
    int64_t index;
    int length;
    vae_npz_name_messages(&s->npz, source->name);
    VAE_TRY(choose_entry(source, &s->npz, &index));
    const char *name = vae_npz_key(&s->npz, index, &length);
    snprintf(source->name, sizeof source->name, "%s:%.*s", source->file, length, name);
    VAE_TRY(vae_npz_open_entry(&s->npz, index));
    return is_pickled(&s->npz.header) ? open_pickled(source, s) : open_plain(source, s, index);
}

static vae_status open_source(vae_sequence_source *source)
{
    stroke_npz *s = calloc(1, sizeof *s);
    if (!s) return no_memory(source);
    vae_status status = vae_npz_open(source->file, &s->npz);
    if (status) {
        free(s);
        return status;
    }
    source->state = s;
    status = open_array(source, s);
    if (status) close_source(source);
    return status;
}

static double progress(const vae_sequence_source *source)
{
    const stroke_npz *s = source->state;
    return s->next < s->count ? (double)s->next / (double)s->count : 1;
}

static bool has_part(const char *file, const char *part)
{
    vae_npz *npz = calloc(1, sizeof *npz);
    if (!npz || vae_npz_open(file, npz)) {
        free(npz);
        return false;
    }
    const bool found = find_part(npz, part) >= 0;
    vae_npz_close(npz);
    free(npz);
    return found;
}

const vae_sequence_format vae_sequence_format_stroke_npz = {
    .name = "stroke-3 in NPZ",
    .kind = VAE_KIND_DRAWING,
    .takes_key = true,
    .probe = vae_npz_probe,
    .open = open_source,
    .close = close_source,
    .next = next_drawing,
    .progress = progress,
    .has_part = has_part,
};
