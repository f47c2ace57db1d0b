/* Scans values of SVG's attributes by their own grammar: strtod() alone would take "0x10", "inf" and "nan". */
#include "data/svg_scan.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 127 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void vae_svg_skip_blanks(vae_svg_scan *scan)
{
    while (is_blank(*scan->at))
        ++scan->at;
}

void vae_svg_skip_separator(vae_svg_scan *scan)
{
    vae_svg_skip_blanks(scan);
    if (*scan->at != ',') return;
    ++scan->at;
    vae_svg_skip_blanks(scan);
}

static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (is_digit(text[count]))
        ++count;
    return count;
}

/* Bytes of the number that begins here; 0: there is none. */
static size_t measure(const char *text)
{
    size_t size = *text == '+' || *text == '-' ? 1 : 0;
    size_t digits = count_digits(text + size);
    size += digits;
    if (text[size] == '.') {
        const size_t more = count_digits(text + size + 1);
        size += 1 + more;
        digits += more;
    }
    if (digits == 0) return 0;
    if (text[size] == 'e' || text[size] == 'E') {
        const size_t sign = text[size + 1] == '+' || text[size + 1] == '-' ? 1 : 0;
        const size_t exponent = count_digits(text + size + 1 + sign);
        if (exponent > 0) size += 1 + sign + exponent;
    }
    return size;
}

bool vae_svg_is_number(const vae_svg_scan *scan)
{
    return measure(scan->at) > 0;
}

vae_status vae_svg_expected(const vae_svg_scan *scan, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "byte %zu: expected %s", (size_t)(scan->at - scan->text), what);
}

vae_status vae_svg_number(vae_svg_scan *scan, double *number)
{
    char copy[MOST_DIGITS + 1];
    const size_t size = measure(scan->at);
    if (size == 0) return vae_svg_expected(scan, "a number");
    if (size > MOST_DIGITS) return vae_svg_expected(scan, "a number of at most 127 digits");
    memcpy(copy, scan->at, size);
    copy[size] = '\0';
    *number = strtod(copy, NULL);
    scan->at += size;
    vae_svg_skip_separator(scan);
    return VAE_OK;
}

vae_status vae_svg_flag(vae_svg_scan *scan, bool *flag)
{
    if (*scan->at != '0' && *scan->at != '1') return vae_svg_expected(scan, "an arc's flag, 0 or 1");
    *flag = *scan->at++ == '1';
    vae_svg_skip_separator(scan);
    return VAE_OK;
}
