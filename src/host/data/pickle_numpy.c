/* The few objects that pickled arrays are made of, and what their constructors would do. NumPy 2 has renamed the module
 * that they are in; `_frombuffer` is protocol 5's; `encode` and `bytes` are how Python 3 writes bytes for Python 2. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "data/pickle_machine.h"

/* ---- Arguments ---- */

static const vae_pickle_value *item(const vae_pickle_value *tuple, size_t i, vae_pickle_kind kind)
{
    if (tuple->kind != VAE_PICKLE_TUPLE || i >= tuple->list.count) return NULL;
    const vae_pickle_value *value = tuple->list.items[i];
    return value->kind == kind ? value : NULL;
}

/* Copies a text, which Python 2 has as bytes, to word[size]; false where there is none, or it is longer. */
static bool take_word(const vae_pickle_value *tuple, size_t i, char *word, size_t size)
{
    const vae_pickle_value *value = item(tuple, i, VAE_PICKLE_TEXT);
    if (!value) value = item(tuple, i, VAE_PICKLE_BYTES);
    if (!value || value->bytes.size >= size) return false;
    memcpy(word, value->bytes.start, value->bytes.size);
    word[value->bytes.size] = '\0';
    return true;
}

/* ---- Bytes ---- */

static vae_status make_bytes(vae_pickle_machine *m, const uint8_t *start, size_t size, vae_pickle_value **made)
{
    VAE_TRY(vae_pickle_make(m, VAE_PICKLE_BYTES, made));
    (*made)->bytes.start = start;
    (*made)->bytes.size = size;
    return VAE_OK;
}

/* bytes() is empty. */
static vae_status call_bytes(vae_pickle_machine *m, const vae_pickle_value *arguments, vae_pickle_value **made)
{
    if (arguments->list.count > 0) return vae_pickle_fail(m, "bytes() with arguments, which no array has");
    return make_bytes(m, m->bytes, 0, made);
}

/* The bytes that a text of characters below 256 stands for. */
static vae_status call_encode(vae_pickle_machine *m, const vae_pickle_value *arguments, vae_pickle_value **made)
{
    const vae_pickle_value *text = item(arguments, 0, VAE_PICKLE_TEXT);
    char encoding[8];
    if (!text || !take_word(arguments, 1, encoding, sizeof encoding) || strcmp(encoding, "latin1") != 0) {
        return vae_pickle_fail(m, "_codecs.encode() of anything but a text in latin1, which no array has");
    }
    const uint8_t *from = text->bytes.start, *end = from + text->bytes.size;
    uint8_t *bytes = vae_pickle_take(m, text->bytes.size + 1);
    if (!bytes) return VAE_ERROR_FORMAT;
    size_t count = 0;
    while (from < end) {
        const bool two = from + 1 < end && (from[0] & 0xFE) == 0xC2 && (from[1] & 0xC0) == 0x80;
        if (*from >= 0x80 && !two) return vae_pickle_fail(m, "a text that is not bytes in latin1");
        bytes[count++] = two ? (uint8_t)((from[0] & 0x03) << 6 | (from[1] & 0x3F)) : *from;
        from += two ? 2 : 1;
    }
    return make_bytes(m, bytes, count, made);
}

/* ---- Types ---- */

static vae_status call_dtype(vae_pickle_machine *m, const vae_pickle_value *arguments, vae_pickle_value **made)
{
    char name[6];
    if (!take_word(arguments, 0, name, sizeof name)) {
        return vae_pickle_fail(m, "a numpy.dtype that is not a plain number's");
    }
    VAE_TRY(vae_pickle_make(m, VAE_PICKLE_DTYPE, made));
    snprintf((*made)->dtype.name, sizeof(*made)->dtype.name, "=%s", name);
    return VAE_OK;
}

/* The state is (version, byte order, …), the rest being of types with fields. */
static vae_status build_dtype(vae_pickle_machine *m, vae_pickle_value *type, const vae_pickle_value *state)
{
    char order[2];
    if (!take_word(state, 1, order, sizeof order) || !order[0] || !strchr("<>=|", order[0])) {
        return vae_pickle_fail(m, "a numpy.dtype whose byte order cannot be read");
    }
    type->dtype.name[0] = order[0];
    return VAE_OK;
}

static bool is_object(const vae_pickle_value *type)
{
    return type->dtype.name[1] == 'O';
}

/* ---- Arrays ---- */

/* _reconstruct(ndarray, (0,), b'b') makes an empty array, which then gets its state. */
static vae_status call_reconstruct(vae_pickle_machine *m, const vae_pickle_value *arguments, vae_pickle_value **made)
{
    const vae_pickle_value *class = item(arguments, 0, VAE_PICKLE_GLOBAL);
    if (!class || strcmp(class->global->name, "ndarray") != 0) {
        return vae_pickle_fail(m, "_reconstruct() of anything but a numpy.ndarray");
    }
    return vae_pickle_make(m, VAE_PICKLE_ARRAY, made);
}

static vae_status take_shape(vae_pickle_machine *m, const vae_pickle_value *shape, vae_pickled_array *array,
                             int64_t *count)
{
    if (!shape || shape->list.count < 1 || shape->list.count > VAE_PICKLE_MAX_RANK) {
        return vae_pickle_fail(m, "an array that has not 1 to %d dimensions", VAE_PICKLE_MAX_RANK);
    }
    *count = 1;
    array->rank = (int)shape->list.count;
    for (int i = 0; i < array->rank; ++i) {
        const vae_pickle_value *size = item(shape, (size_t)i, VAE_PICKLE_INTEGER);
        /* Every number takes a byte, so no array has more of them than the pickle has bytes. */
        if (!size || size->integer < 0 || (uint64_t)size->integer > m->size) {
            return vae_pickle_fail(m, "an array whose shape cannot be");
        }
        array->sizes[i] = size->integer;
        if (size->integer > 0 && *count > (int64_t)m->size / size->integer) {
            return vae_pickle_fail(m, "an array that is larger than the pickle which holds it");
        }
        *count *= size->integer;
    }
    return VAE_OK;
}

static vae_status take_numbers(vae_pickle_machine *m, const vae_pickle_value *type, int64_t count,
                               const vae_pickle_value *data, vae_pickled_array *array)
{
    if (!vae_number_type_parse(type->dtype.name, &array->type)) {
        return vae_pickle_fail(m, "an array of type '%s', but only integers, floats and booleans can be read",
                               type->dtype.name);
    }
    if (!data || data->bytes.size != (uint64_t)count * (uint64_t)array->type.size) {
        return vae_pickle_fail(m, "an array whose data are not as long as its shape says");
    }
    array->data = data->bytes.start;
    return VAE_OK;
}

/* The state is (1, shape, type, whether in Fortran's order, data); the data of an object array are a list. */
static vae_status build_array(vae_pickle_machine *m, vae_pickle_value *value, const vae_pickle_value *state)
{
    const vae_pickle_value *type = item(state, 2, VAE_PICKLE_DTYPE), *fortran = item(state, 3, VAE_PICKLE_INTEGER);
    if (!type || !fortran || state->list.count != 5) return vae_pickle_fail(m, "an array whose state cannot be read");
    vae_pickled_array *array = vae_pickle_take(m, sizeof *array);
    if (!array) return VAE_ERROR_FORMAT;
    int64_t count;
    VAE_TRY(take_shape(m, item(state, 1, VAE_PICKLE_TUPLE), array, &count));
    array->fortran = fortran->integer != 0;
    if (!is_object(type)) {
        VAE_TRY(take_numbers(m, type, count, item(state, 4, VAE_PICKLE_BYTES), array));
        value->array.numbers = array;
        return VAE_OK;
    }
    const vae_pickle_value *elements = item(state, 4, VAE_PICKLE_LIST);
    if (!elements || elements->list.count != (size_t)count) {
        return vae_pickle_fail(m, "an object array that has not as many elements as its shape says");
    }
    value->array.elements = array->rank == 1 ? elements : NULL;
    return VAE_OK;
}

/* _frombuffer(data, type, shape, order) */
static vae_status call_frombuffer(vae_pickle_machine *m, const vae_pickle_value *arguments, vae_pickle_value **made)
{
    const vae_pickle_value *type = item(arguments, 1, VAE_PICKLE_DTYPE);
    char order[2];
    if (!type || !take_word(arguments, 3, order, sizeof order)) {
        return vae_pickle_fail(m, "_frombuffer() with arguments that cannot be read");
    }
    vae_pickled_array *array = vae_pickle_take(m, sizeof *array);
    if (!array) return VAE_ERROR_FORMAT;
    int64_t count;
    VAE_TRY(take_shape(m, item(arguments, 2, VAE_PICKLE_TUPLE), array, &count));
    VAE_TRY(take_numbers(m, type, count, item(arguments, 0, VAE_PICKLE_BYTES), array));
    array->fortran = order[0] == 'F';
    VAE_TRY(vae_pickle_make(m, VAE_PICKLE_ARRAY, made));
    (*made)->array.numbers = array;
    return VAE_OK;
}

/* ---- For the opcodes ---- */

static const vae_pickle_global globals[] = {
    {"numpy.core.multiarray", "_reconstruct", call_reconstruct},
    {"numpy._core.multiarray", "_reconstruct", call_reconstruct},
    {"numpy.core.numeric", "_frombuffer", call_frombuffer},
    {"numpy._core.numeric", "_frombuffer", call_frombuffer},
    {"numpy", "ndarray", NULL},
    {"numpy", "dtype", call_dtype},
    {"_codecs", "encode", call_encode},
    {"__builtin__", "bytes", call_bytes},
};

static bool is_text(const uint8_t *bytes, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(bytes, text, size) == 0;
}

const vae_pickle_global *vae_pickle_find_global(const uint8_t *module, size_t module_size, const uint8_t *name,
                                                size_t name_size)
{
    for (size_t i = 0; i < sizeof globals / sizeof *globals; ++i) {
        if (is_text(module, module_size, globals[i].module) && is_text(name, name_size, globals[i].name)) {
            return &globals[i];
        }
    }
    return NULL;
}

vae_status vae_pickle_build(vae_pickle_machine *m, vae_pickle_value *object, const vae_pickle_value *state)
{
    if (object->kind == VAE_PICKLE_DTYPE) return build_dtype(m, object, state);
    if (object->kind == VAE_PICKLE_ARRAY) return build_array(m, object, state);
    return vae_pickle_fail(m, "a state for something that is not an array");
}

vae_status vae_pickle_collect(vae_pickle_machine *m, const vae_pickle_value *whole, vae_pickle *pickle)
{
    const vae_pickle_value *list = whole->kind == VAE_PICKLE_ARRAY ? whole->array.elements : NULL;
    if (!list) return vae_pickle_fail(m, "something other than an object array of one dimension");
    pickle->count = (int64_t)list->list.count;
    pickle->arrays = vae_pickle_take(m, (size_t)(pickle->count + 1) * sizeof(vae_pickled_array *));
    if (!pickle->arrays) return VAE_ERROR_FORMAT;
    for (int64_t i = 0; i < pickle->count; ++i) {
        const vae_pickle_value *element = list->list.items[i];
        if (element->kind != VAE_PICKLE_ARRAY || !element->array.numbers) {
            return vae_pickle_fail(m, "an object array whose element %" PRId64 " is not an array of numbers", i);
        }
        pickle->arrays[i] = element->array.numbers;
    }
    return VAE_OK;
}
