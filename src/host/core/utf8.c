/* UTF-8 as RFC 3629 has it: which bytes are a character, and how the others are shown. */
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { ESCAPE = 4 }; /* bytes of \xHH */

/* Length of the character by its first byte, its bits there, and the least code point that needs such a length; 0 for a
 * byte that begins none. */
static int begin(unsigned char first, uint32_t *code, uint32_t *least)
{
    static const uint32_t leasts[] = {0x80, 0x800, 0x10000};
    if (first < 0x80) {
        *code = first;
        *least = 0;
        return 1;
    }
    if (first < 0xC0 || first >= 0xF8) return 0;
    const int length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    *code = first & (0x7Fu >> length);
    *least = leasts[length - 2];
    return length;
}

int vae_utf8_decode(const char *text, size_t size, uint32_t *code, const char **fault)
{
    uint32_t least = 0;
    const unsigned char first = (unsigned char)text[0];
    const int length = begin(first, code, &least);
    *fault = NULL;
    for (int i = 1; i < length && !*fault; ++i) {
        const unsigned char next = (size_t)i < size ? (unsigned char)text[i] : 0;
        if ((next & 0xC0) != 0x80) *fault = "begins a character that is cut short";
        *code = *code << 6 | (next & 0x3F);
    }
    if (*fault) return 0;
    if (length == 0) {
        *fault = first < 0xC0 ? "continues a character that has not begun" : "is not a byte of UTF-8";
    } else if (*code < least) {
        *fault = "begins a character in more bytes than it needs";
    } else if (*code > 0x10FFFF) {
        *fault = "begins a character beyond the last, U+10FFFF";
    } else if (*code >= 0xD800 && *code < 0xE000) {
        *fault = "begins a surrogate, which is half a character of UTF-16";
    }
    return *fault ? 0 : length;
}

int vae_utf8_printable(const char *text)
{
    uint32_t code = 0;
    const char *fault;
    /* A final zero within the four bytes is no continuation: nothing behind it is read. */
    const int length = vae_utf8_decode(text, 4, &code, &fault);
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    return length > 0 && !control ? length : 0;
}

int vae_utf8_count(const char *text)
{
    int count = 0;
    for (; *text; ++text)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* Writes the next piece of *text, a character or an escape, and passes over it. */
static size_t take_piece(const char **text, char piece[ESCAPE])
{
    static const char digits[] = "0123456789ABCDEF";
    const int length = vae_utf8_printable(*text);
    if (length > 0) {
        memcpy(piece, *text, (size_t)length);
        *text += length;
        return (size_t)length;
    }
    const unsigned char byte = (unsigned char)*(*text)++;
    piece[0] = '\\';
    piece[1] = 'x';
    piece[2] = digits[byte >> 4];
    piece[3] = digits[byte & 15];
    return ESCAPE;
}

bool vae_utf8_show(const char *text, char *shown, size_t size)
{
    static const char ellipsis[] = "…";
    size_t used = 0, cut = 0; /* cut: where an ellipsis still fits */
    while (*text) {
        char piece[ESCAPE];
        const size_t length = take_piece(&text, piece);
        if (used + length >= size) {
            memcpy(shown + cut, ellipsis, sizeof ellipsis);
            return false;
        }
        memcpy(shown + used, piece, length);
        used += length;
        if (used + sizeof ellipsis <= size) cut = used;
    }
    shown[used] = '\0';
    return true;
}

char *vae_utf8_shown(const char *text)
{
    const size_t size = ESCAPE * (strlen(text) + 1);
    char *shown = malloc(size);
    if (shown) vae_utf8_show(text, shown, size);
    return shown;
}
