/* Pickles of object arrays of drawings for tests, byte by byte as Python 2 and 3 and NumPy 1 and 2 write them. */
#ifndef VAE_TEST_PICKLE_FILE_H
#define VAE_TEST_PICKLE_FILE_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "unit/npy_file.h"

/* Who wrote it. */
typedef struct pickle_writer {
    const char *name;
    int protocol;     /* 2 to 5 */
    bool python2;     /* texts are bytes; else protocol 2 has bytes as latin1 in texts */
    const char *core; /* "numpy.core" or "numpy._core" */
    bool framed;      /* the first frame has all */
    bool long_memo;   /* places of the memo take four bytes */
} pickle_writer;

static const pickle_writer pickle_writers[] = {
    {"Python 2, NumPy 1", 2, true, "numpy.core", false, false},
    {"Python 2, NumPy 1, a large memo", 2, true, "numpy.core", false, true},
    {"Python 3 for 2, NumPy 1", 2, false, "numpy.core", false, false},
    {"Python 3, NumPy 1", 3, false, "numpy.core", false, true},
    {"Python 3, NumPy 1, protocol 4", 4, false, "numpy.core", true, false},
    {"Python 3, NumPy 2", 4, false, "numpy._core", true, false},
    {"Python 3, NumPy 2, without frames", 4, false, "numpy._core", false, false},
    {"Python 3, NumPy 2, protocol 5", 5, false, "numpy._core", true, false},
};
enum { PICKLE_WRITERS = sizeof pickle_writers / sizeof *pickle_writers };

typedef struct pickle_drawing {
    int rows;
    const int16_t *values; /* [rows, 3] */
} pickle_drawing;

/* Places of the memo. */
enum {
    PICKLE_RECONSTRUCT,
    PICKLE_NDARRAY,
    PICKLE_ENCODE,
    PICKLE_DTYPE,
    PICKLE_FROMBUFFER,
    PICKLE_INT16,
    PICKLE_PLACES
};

typedef struct pickle_output {
    const pickle_writer *writer;
    idx_bytes bytes;
    int memo[PICKLE_PLACES]; /* where each was put, counted from 1; 0: nowhere yet */
    int memo_count;
} pickle_output;

static inline void pickle_put(pickle_output *o, const void *data, size_t size)
{
    cr_assert_leq(o->bytes.count + size, IDX_BYTES);
    if (size) memcpy(o->bytes.byte + o->bytes.count, data, size);
    o->bytes.count += size;
}

static inline void pickle_code(pickle_output *o, int code)
{
    const uint8_t byte = (uint8_t)code;
    pickle_put(o, &byte, 1);
}

static inline void pickle_number(pickle_output *o, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; ++i)
        pickle_code(o, (int)(number >> 8 * i & 0xFF));
}

static inline void pickle_counted(pickle_output *o, int code, int length_bytes, const void *data, size_t size)
{
    pickle_code(o, code);
    pickle_number(o, size, length_bytes);
    pickle_put(o, data, size);
}

static inline void pickle_text(pickle_output *o, const char *text)
{
    if (o->writer->python2) {
        pickle_counted(o, 'U', 1, text, strlen(text));
    } else if (o->writer->protocol >= 4) {
        pickle_counted(o, 0x8C, 1, text, strlen(text));
    } else {
        pickle_counted(o, 'X', 4, text, strlen(text));
    }
}

/* Remembers what was made last. */
static inline void pickle_remember(pickle_output *o, int place)
{
    if (o->writer->protocol >= 4) {
        pickle_code(o, 0x94);
    } else {
        pickle_code(o, o->writer->long_memo ? 'r' : 'q');
        pickle_number(o, (uint64_t)o->memo_count, o->writer->long_memo ? 4 : 1);
    }
    ++o->memo_count;
    if (place >= 0) o->memo[place] = o->memo_count;
}

static inline bool pickle_recall(pickle_output *o, int place)
{
    if (!o->memo[place]) return false;
    pickle_code(o, o->writer->long_memo ? 'j' : 'h');
    pickle_number(o, (uint64_t)o->memo[place] - 1, o->writer->long_memo ? 4 : 1);
    return true;
}

static inline void pickle_global(pickle_output *o, int place, const char *module, const char *name)
{
    if (pickle_recall(o, place)) return;
    if (o->writer->protocol >= 4) {
        pickle_text(o, module);
        pickle_text(o, name);
        pickle_code(o, 0x93);
    } else {
        char line[200];
        pickle_put(o, line, (size_t)snprintf(line, sizeof line, "c%s\n%s\n", module, name));
    }
    pickle_remember(o, place);
}

static inline void pickle_core_global(pickle_output *o, int place, const char *module, const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", o->writer->core, module);
    pickle_global(o, place, full, name);
}

static inline void pickle_data(pickle_output *o, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    if (o->writer->python2) {
        if (size < 256)
            pickle_counted(o, 'U', 1, data, size);
        else
            pickle_counted(o, 'T', 4, data, size);
    } else if (o->writer->protocol == 2) {
        uint8_t text[4096];
        size_t count = 0;
        for (size_t i = 0; i < size; ++i) {
            if (bytes[i] >= 0x80) text[count++] = (uint8_t)(0xC0 | bytes[i] >> 6);
            text[count++] = bytes[i] >= 0x80 ? (uint8_t)(0x80 | (bytes[i] & 0x3F)) : bytes[i];
        }
        pickle_global(o, PICKLE_ENCODE, "_codecs", "encode");
        pickle_counted(o, 'X', 4, text, count);
        pickle_text(o, "latin1");
        pickle_put(o, "\x86R", 2);
    } else if (o->writer->protocol >= 5) {
        pickle_counted(o, 0x96, 8, data, size);
    } else {
        if (size < 256)
            pickle_counted(o, 'C', 1, data, size);
        else
            pickle_counted(o, 'B', 4, data, size);
    }
}

static inline void pickle_type(pickle_output *o, const char *name, const char *order)
{
    pickle_global(o, PICKLE_DTYPE, "numpy", "dtype");
    pickle_text(o, name);
    if (o->writer->python2)
        pickle_put(o, "K\0K\1", 4);
    else
        pickle_put(o, "\x89\x88", 2);
    pickle_put(o, "\x87R", 2);
    pickle_put(o, "(K\3", 3);
    pickle_text(o, order);
    pickle_put(o, "NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\0tb", 17);
}

/* An array without its state. */
static inline void pickle_empty_array(pickle_output *o)
{
    pickle_core_global(o, PICKLE_RECONSTRUCT, "multiarray", "_reconstruct");
    pickle_global(o, PICKLE_NDARRAY, "numpy", "ndarray");
    pickle_put(o, "K\0\x85", 3);
    if (o->writer->python2)
        pickle_put(o, "U\1b", 3);
    else
        pickle_data(o, "b", 1);
    pickle_put(o, "\x87R", 2);
}

static inline void pickle_shape(pickle_output *o, const pickle_drawing *drawing)
{
    pickle_put(o, (const uint8_t[]){'M', (uint8_t)drawing->rows, (uint8_t)(drawing->rows >> 8), 'K', 3, 0x86}, 6);
}

static inline void pickle_int16(pickle_output *o)
{
    if (pickle_recall(o, PICKLE_INT16)) return;
    pickle_type(o, "i2", "<");
    pickle_remember(o, PICKLE_INT16);
}

static inline void pickle_drawing_array(pickle_output *o, const pickle_drawing *drawing)
{
    const size_t size = (size_t)drawing->rows * 3 * sizeof(int16_t);
    if (o->writer->protocol >= 5) {
        pickle_core_global(o, PICKLE_FROMBUFFER, "numeric", "_frombuffer");
        pickle_code(o, '(');
        pickle_data(o, drawing->values, size);
        pickle_int16(o);
        pickle_shape(o, drawing);
        pickle_text(o, "C");
        pickle_put(o, "tR", 2);
        return;
    }
    pickle_empty_array(o);
    pickle_put(o, "(K\1", 3);
    pickle_shape(o, drawing);
    pickle_int16(o);
    pickle_code(o, 0x89);
    pickle_data(o, drawing->values, size);
    pickle_put(o, "tb", 2);
}

static inline void pickle_begin(pickle_output *o)
{
    pickle_code(o, 0x80);
    pickle_number(o, (uint64_t)o->writer->protocol, 1);
    if (!o->writer->framed) return;
    pickle_code(o, 0x95);
    pickle_number(o, 0, 8);
}

static inline void pickle_end(pickle_output *o)
{
    pickle_code(o, '.');
    if (!o->writer->framed) return;
    const size_t frame = o->bytes.count - 11;
    o->bytes.count = 3;
    pickle_number(o, frame, 8);
    o->bytes.count = frame + 11;
}

/* The object array around `count` drawings. */
static inline idx_bytes pickle_drawings(const pickle_writer *writer, const pickle_drawing *drawings, int count)
{
    pickle_output o = {.writer = writer};
    pickle_begin(&o);
    pickle_empty_array(&o);
    pickle_put(&o, "(K\1", 3);
    pickle_put(&o, (const uint8_t[]){'K', (uint8_t)count, 0x85}, 3);
    pickle_type(&o, "O8", "|");
    pickle_code(&o, 0x89);
    pickle_code(&o, ']');
    pickle_remember(&o, -1);
    pickle_code(&o, '(');
    for (int i = 0; i < count; ++i)
        pickle_drawing_array(&o, &drawings[i]);
    pickle_put(&o, "etb", 3);
    pickle_end(&o);
    return o.bytes;
}

#endif
