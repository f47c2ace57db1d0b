/* Pickled arrays of every writer, and pickles that ask for anything else. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>

#include "data/pickle.h"
#include "unit/pickle_file.h"

static const int16_t cross[] = {-200, 4, 0, 9, -9, 1, 16, -7, 0, 0, 300, 1}, line[] = {5, 6, 1};
static const pickle_drawing drawings[] = {{4, cross}, {1, line}, {0, NULL}};

/* Bytes of their own length, so that a sanitizer sees what is read past them. */
static vae_status read_exactly(const idx_bytes *bytes, vae_pickle *pickle, uint8_t **copy)
{
    *copy = malloc(bytes->count ? bytes->count : 1);
    memcpy(*copy, bytes->byte, bytes->count);
    return vae_pickle_read("cats.npz:train", *copy, bytes->count, pickle);
}

static void expect_drawing(const vae_pickled_array *array, const pickle_drawing *drawing, const char *writer)
{
    cr_assert_eq(array->rank, 2, "%s", writer);
    cr_assert_eq(array->sizes[0], drawing->rows, "%s", writer);
    cr_assert_eq(array->sizes[1], 3, "%s", writer);
    cr_assert_eq(array->type.kind, 'i', "%s", writer);
    for (int i = 0; i < drawing->rows * 3; ++i)
        cr_expect_eq(vae_number_read(&array->type, array->data + 2 * i), drawing->values[i], "%s: %d", writer, i);
}

Test(pickle, every_writer)
{
    for (int w = 0; w < PICKLE_WRITERS; ++w) {
        const idx_bytes bytes = pickle_drawings(&pickle_writers[w], drawings, 3);
        vae_pickle pickle;
        uint8_t *copy;
        cr_assert_eq(read_exactly(&bytes, &pickle, &copy), VAE_OK, "%s: %s", pickle_writers[w].name,
                     vae_error_message());
        cr_assert_eq(pickle.count, 3);
        for (int i = 0; i < 3; ++i)
            expect_drawing(pickle.arrays[i], &drawings[i], pickle_writers[w].name);
        vae_pickle_free(&pickle);
        free(copy);
    }
}

/* Whatever byte a pickle ends at, it is cut short and no more. */
Test(pickle, cut_short)
{
    for (int w = 0; w < PICKLE_WRITERS; ++w) {
        idx_bytes bytes = pickle_drawings(&pickle_writers[w], drawings, 3);
        for (const size_t whole = bytes.count; bytes.count-- > 0 && whole;) {
            vae_pickle pickle;
            uint8_t *copy;
            cr_assert_eq(read_exactly(&bytes, &pickle, &copy), VAE_ERROR_FORMAT);
            cr_assert_null(pickle.memory);
            free(copy);
        }
    }
}

static void refuse(const void *bytes, size_t size, const char *message)
{
    idx_bytes input = {.count = size};
    memcpy(input.byte, bytes, size);
    vae_pickle pickle;
    uint8_t *copy;
    cr_assert_eq(read_exactly(&input, &pickle, &copy), VAE_ERROR_FORMAT, "not refused, but should be: %s", message);
    cr_expect_str_eq(vae_error_message(), message);
    cr_expect_null(pickle.memory);
    free(copy);
}

#define REFUSE(bytes, message) refuse(bytes, sizeof(bytes) - 1, "cats.npz:train: " message)

Test(pickle, what_would_be_executed)
{
    REFUSE("\x80\2cos\nsystem\nU\4true\x85R.",
           "byte 2 of its pickle: a reference to os.system, but only arrays of numbers are read, and nothing is "
           "executed");
    REFUSE("\x80\4\x8C\10builtins\x8C\4eval\x93)R.",
           "byte 18 of its pickle: a reference to builtins.eval, but only arrays of numbers are read, and nothing is "
           "executed");
    REFUSE("\x80\2cnumpy\nload\n.",
           "byte 2 of its pickle: a reference to numpy.load, but only arrays of numbers are read, and nothing is "
           "executed");
    REFUSE("\x80\2cos\x1b\nsystem\n.",
           "byte 2 of its pickle: a reference to os\\x1B.system, but only arrays of numbers are read, and nothing is "
           "executed");
    REFUSE("\x80\2Q", "byte 2 of its pickle: the opcode 0x51, which no array is written with");
    REFUSE("\x80\2\x82\1.", "byte 2 of its pickle: the opcode 0x82, which no array is written with");
}

Test(pickle, calls_that_make_no_array)
{
    REFUSE("\x80\2cnumpy\nndarray\n)R.", "byte 18 of its pickle: a call of something that makes no array");
    REFUSE("\x80\2K\1)R.", "byte 5 of its pickle: a call of something that makes no array");
    REFUSE("\x80\2c_codecs\nencode\nU\1bU\3hex\x86R.",
           "byte 27 of its pickle: _codecs.encode() of anything but a text in latin1, which no array has");
    REFUSE("\x80\2c_codecs\nencode\nX\2\0\0\0\xE2\x82U\6latin1\x86R.",
           "byte 34 of its pickle: a text that is not bytes in latin1");
    REFUSE("\x80\2c__builtin__\nbytes\nK\1\x85R.", "byte 24 of its pickle: bytes() with arguments, which no array has");
    REFUSE("\x80\2cnumpy\ndtype\nK\1\x85R.", "byte 18 of its pickle: a numpy.dtype that is not a plain number's");
    REFUSE("\x80\2cnumpy\ndtype\nU\2i2\x85R(K\3U\1?tb.",
           "byte 28 of its pickle: a numpy.dtype whose byte order cannot be read");
    REFUSE("\x80\2cnumpy.core.multiarray\n_reconstruct\nK\1\x85R.",
           "byte 41 of its pickle: _reconstruct() of anything but a numpy.ndarray");
    REFUSE("\x80\2cnumpy.core.numeric\n_frombuffer\n)R.",
           "byte 35 of its pickle: _frombuffer() with arguments that cannot be read");
}

Test(pickle, damaged_stack)
{
    REFUSE("", "byte 0 of its pickle: no end: it is cut short");
    REFUSE(".", "byte 0 of its pickle: an operation without operands");
    REFUSE("\x80\6.", "byte 0 of its pickle: protocol 6, not 2 to 5");
    REFUSE("\x80\2R", "byte 2 of its pickle: an operation without operands");
    REFUSE("\x80\2t", "byte 2 of its pickle: an operation without its mark");
    REFUSE("\x80\2(K\1\x86", "byte 5 of its pickle: an operation without operands");
    REFUSE("\x80\2(K\1e", "byte 5 of its pickle: elements that no list is there for");
    REFUSE("\x80\2K\1q\xFF", "byte 4 of its pickle: a place of its memo that cannot be");
    REFUSE("\x80\2h\0", "byte 2 of its pickle: a reference to nothing");
    REFUSE("\x80\2K\1K\2b", "byte 6 of its pickle: a state for something that is not an array");
    REFUSE("\x80\2U\7abc", "byte 2 of its pickle: 7 bytes, which it does not hold");
    REFUSE("\x80\4\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
           "byte 2 of its pickle: 18446744073709551615 bytes, which it does not hold");
    REFUSE("\x80\2J\1", "byte 2 of its pickle: an argument that is cut short");
    REFUSE("\x80\4\x95\1\1\0\0\0\0\0\0.", "byte 2 of its pickle: a frame that goes past its end");
    REFUSE("\x80\2cnumpy", "byte 2 of its pickle: a name without an end");
    REFUSE("\x80\4K\1K\2\x93", "byte 6 of its pickle: a reference without a name");
    REFUSE("\x80\2\x8A\11\0\0\0\0\0\0\0\0\1", "byte 2 of its pickle: an integer of more than 64 bits");
}

Test(pickle, other_objects)
{
    REFUSE("\x80\2K\1.", "byte 4 of its pickle: something other than an object array of one dimension");
    REFUSE("\x80\2]K\1a.", "byte 6 of its pickle: something other than an object array of one dimension");
}

/* An array of shape [a, b] with the type and `size` bytes of data, by Python 2. */
static idx_bytes array_alone(uint64_t a, int b, const char *type, size_t size)
{
    pickle_output o = {.writer = &pickle_writers[0]};
    const uint8_t zeros[64] = {0};
    pickle_begin(&o);
    pickle_empty_array(&o);
    pickle_put(&o, "(K\1\x8A\10", 5);
    pickle_number(&o, a, 8);
    pickle_put(&o, (const uint8_t[]){'K', (uint8_t)b, 0x86}, 3);
    pickle_type(&o, type, "<");
    pickle_code(&o, 0x89);
    pickle_data(&o, zeros, size);
    pickle_put(&o, "tb", 2);
    pickle_end(&o);
    return o.bytes;
}

static void refuse_array(uint64_t a, int b, const char *type, size_t size, const char *part)
{
    const idx_bytes bytes = array_alone(a, b, type, size);
    vae_pickle pickle;
    uint8_t *copy;
    cr_assert_eq(read_exactly(&bytes, &pickle, &copy), VAE_ERROR_FORMAT, "%s", part);
    cr_expect(strstr(vae_error_message(), part) != NULL, "%s", vae_error_message());
    free(copy);
}

Test(pickle, arrays_that_cannot_be)
{
    refuse_array(1, 3, "i2", 6, "something other than an object array of one dimension");
    refuse_array(2, 3, "i2", 6, "an array whose data are not as long as its shape says");
    refuse_array(UINT64_MAX, 3, "i2", 6, "an array whose shape cannot be");
    refuse_array(1ull << 62, 3, "i2", 6, "an array whose shape cannot be");
    refuse_array(100, 100, "i2", 6, "an array that is larger than the pickle which holds it");
    refuse_array(1, 3, "c8", 24, "an array of type '<c8', but only integers, floats and booleans can be read");
    refuse_array(1, 3, "O8", 24, "an object array that has not as many elements as its shape says");
}

Test(pickle, elements_that_are_no_arrays)
{
    pickle_output o = {.writer = &pickle_writers[0]};
    pickle_begin(&o);
    pickle_empty_array(&o);
    pickle_put(&o, "(K\1K\1\x85", 6);
    pickle_type(&o, "O8", "|");
    pickle_put(&o, "\x89]K\7atb", 7);
    pickle_end(&o);
    vae_pickle pickle;
    uint8_t *copy;
    cr_assert_eq(read_exactly(&o.bytes, &pickle, &copy), VAE_ERROR_FORMAT);
    cr_expect(strstr(vae_error_message(), "an object array whose element 0 is not an array of numbers") != NULL);
    free(copy);
}

/* A list that holds itself, and memory that grows with nothing but opcodes. */
Test(pickle, no_end_of_objects)
{
    REFUSE("\x80\2]q\0h\0a.", "byte 8 of its pickle: something other than an object array of one dimension");
    static uint8_t flood[1 << 20];
    memset(flood, ']', sizeof flood);
    memcpy(flood, "\x80\2", 2);
    vae_pickle pickle;
    cr_assert_eq(vae_pickle_read("flood", flood, sizeof flood, &pickle), VAE_ERROR_FORMAT);
    cr_expect(strstr(vae_error_message(), "more objects than arrays of this size are made of") != NULL, "%s",
              vae_error_message());
}
