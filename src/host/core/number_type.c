/* Numbers of every type that arrays are usually saved in, one at a time, as doubles. */
#include "core/number_type.h"

#include <math.h>
#include <string.h>

bool vae_number_type_parse(const char *numpy, vae_number_type *type)
{
    const uint16_t one = 1;
    const bool little = *(const uint8_t *)&one == 1;
    if (strlen(numpy) != 3 || !strchr("<>|=", numpy[0])) return false;
    *type = (vae_number_type){.kind = numpy[1], .size = numpy[2] - '0'};
    type->reversed = type->size > 1 && ((numpy[0] == '<' && !little) || (numpy[0] == '>' && little));
    switch (type->kind) {
    case 'u':
    case 'i': return type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;
    case 'f': return type->size == 2 || type->size == 4 || type->size == 8;
    case 'b': return type->size == 1;
    default: return false;
    }
}

/* IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
static double read_half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    if (exponent == 31) value = fraction ? NAN : INFINITY;
    return bits & 0x8000 ? -value : value;
}

static double read_float(int size, const uint8_t *data)
{
    if (size == 4) {
        float value;
        memcpy(&value, data, sizeof value);
        return (double)value;
    }
    if (size == 8) {
        double value;
        memcpy(&value, data, sizeof value);
        return value;
    }
    uint16_t half;
    memcpy(&half, data, sizeof half);
    return read_half(half);
}

static int64_t read_signed(int size, const uint8_t *data)
{
    int8_t one;
    int16_t two;
    int32_t four;
    int64_t eight;
    switch (size) {
    case 1: return memcpy(&one, data, sizeof one), one;
    case 2: return memcpy(&two, data, sizeof two), two;
    case 4: return memcpy(&four, data, sizeof four), four;
    default: return memcpy(&eight, data, sizeof eight), eight;
    }
}

static uint64_t read_unsigned(int size, const uint8_t *data)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1: return data[0];
    case 2: return memcpy(&two, data, sizeof two), two;
    case 4: return memcpy(&four, data, sizeof four), four;
    default: return memcpy(&eight, data, sizeof eight), eight;
    }
}

/* The number's bytes in this machine's order. */
static const uint8_t *turn(const vae_number_type *type, const uint8_t *data, uint8_t turned[8])
{
    if (!type->reversed) return data;
    for (int i = 0; i < type->size; ++i)
        turned[i] = data[type->size - 1 - i];
    return turned;
}

double vae_number_read(const vae_number_type *type, const uint8_t *data)
{
    uint8_t turned[8];
    data = turn(type, data, turned);
    if (type->kind == 'f') return read_float(type->size, data);
    return type->kind == 'i' ? (double)read_signed(type->size, data) : (double)read_unsigned(type->size, data);
}

bool vae_number_read_integer(const vae_number_type *type, const uint8_t *data, int64_t *value)
{
    uint8_t turned[8];
    data = turn(type, data, turned);
    *value = 0;
    if (type->kind == 'f') {
        const double number = read_float(type->size, data);
        if (!(fabs(number) < 0x1p63) || number != floor(number)) return false; /* a NaN too */
        *value = (int64_t)number;
        return true;
    }
    if (type->kind == 'i') {
        *value = read_signed(type->size, data);
        return true;
    }
    const uint64_t number = read_unsigned(type->size, data);
    *value = (int64_t)number;
    return number <= INT64_MAX;
}
