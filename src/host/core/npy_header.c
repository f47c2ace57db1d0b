/* Writes the header, padded to a multiple of 64 bytes, and reads the Python dictionary in it entry by entry. */
#include "core/npy_header.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC_SIZE = 6, SHORT_START = 10, HEADER_ALIGNMENT = 64 };

static const char magic[] = "\x93NUMPY";

/* ---- Writing ---- */

void vae_npy_header_make(const char *type, int rank, const int64_t *sizes, size_t least,
                         uint8_t header[VAE_NPY_HEADER_SIZE], size_t *size)
{
    char shape[VAE_NPY_MAX_RANK * 22 + 1] = "";
    size_t used = 0;
    for (int i = 0; i < rank; ++i) {
        used +=
            (size_t)snprintf(shape + used, sizeof shape - used, "%" PRId64 ",%s", sizes[i], i + 1 < rank ? " " : "");
    }
    const int length = snprintf((char *)header + SHORT_START, VAE_NPY_HEADER_SIZE - SHORT_START,
                                "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    /* Blanks and a newline bring the data to a multiple of 64 bytes. */
    const size_t text_end = SHORT_START + (size_t)length;
    const size_t end = text_end + 1 > least ? text_end + 1 : least;
    const size_t total = (end + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
    memset(header + text_end, ' ', total - text_end);
    header[total - 1] = '\n';
    memcpy(header, magic, MAGIC_SIZE);
    header[6] = 1;
    header[7] = 0;
    header[8] = (uint8_t)((total - SHORT_START) & 0xFF);
    header[9] = (uint8_t)((total - SHORT_START) >> 8);
    *size = total;
}

/* ---- Reading ---- */

static vae_status damaged(const char *name, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a readable .npy file: %s", name, what);
}

vae_status vae_npy_header_measure(const char *name, const uint8_t *data, size_t size, size_t *data_offset)
{
    if (size < SHORT_START || memcmp(data, magic, MAGIC_SIZE) != 0) return damaged(name, "it does not begin like one");
    if (data[6] < 1 || data[6] > 3) return damaged(name, "its format version is not 1, 2 or 3");
    const bool long_header = data[6] >= 2;
    if (long_header && size < VAE_NPY_START_SIZE) return damaged(name, "it is cut short");
    const size_t length = long_header
                              ? (size_t)data[8] | (size_t)data[9] << 8 | (size_t)data[10] << 16 | (size_t)data[11] << 24
                              : (size_t)data[8] | (size_t)data[9] << 8;
    *data_offset = (long_header ? VAE_NPY_START_SIZE : SHORT_START) + length;
    return VAE_OK;
}

/* The text after 'name': in the header's Python dictionary, or NULL. */
static const char *find_entry(const char *text, const char *name)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", name);
    const char *at = strstr(text, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    while (*at == ' ')
        ++at;
    return at;
}

static vae_status parse_shape(const char *name, const char *text, vae_npy_header *header)
{
    if (!text || *text != '(') return damaged(name, "it has no shape");
    ++text;
    header->rank = 0;
    header->count = 1;
    while (*text && *text != ')') {
        if (isspace((unsigned char)*text) || *text == ',') {
            ++text;
            continue;
        }
        char *end;
        errno = 0;
        const long long size = strtoll(text, &end, 10);
        if (end == text || errno || size < 0) return damaged(name, "its shape cannot be read");
        if (header->rank == VAE_NPY_MAX_RANK) return damaged(name, "it has more than 8 dimensions");
        if (size > 0 && header->count > INT64_MAX / 16 / size) return damaged(name, "its shape is too large");
        header->sizes[header->rank++] = size;
        header->count *= size;
        text = end;
    }
    if (!*text) return damaged(name, "its shape cannot be read");
    return VAE_OK;
}

static vae_status parse_dictionary(const char *name, const char *text, vae_npy_header *header)
{
    const char *type = find_entry(text, "descr"), *order = find_entry(text, "fortran_order");
    if (!type || !order) return damaged(name, "its header is incomplete");
    const size_t length = *type == '\'' ? strcspn(type + 1, "'") : 0;
    if (length == 0 || length >= sizeof header->type) return damaged(name, "its type is not a plain number");
    memcpy(header->type, type + 1, length);
    header->type[length] = '\0';
    header->fortran_order = strncmp(order, "True", 4) == 0;
    return parse_shape(name, find_entry(text, "shape"), header);
}

vae_status vae_npy_header_parse(const char *name, const uint8_t *data, size_t size, vae_npy_header *header)
{
    size_t end;
    VAE_TRY(vae_npy_header_measure(name, data, size, &end));
    if (end > size) return damaged(name, "its header is cut short");
    const size_t start = data[6] >= 2 ? VAE_NPY_START_SIZE : SHORT_START;
    *header = (vae_npy_header){.data_offset = end};
    char *text = strndup((const char *)data + start, end - start);
    if (!text) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
    const vae_status status = parse_dictionary(name, text, header);
    free(text);
    return status;
}
