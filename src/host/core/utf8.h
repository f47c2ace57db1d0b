/* Text that may hold any bytes, as paths do, made into text that is UTF-8 and can be printed. */
#ifndef VAE_CORE_UTF8_H
#define VAE_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that text[size], size > 0, begins with, from 1 to 4, *code being its code point; 0 if they are
 * not UTF-8: then *fault says what is wrong with them, as in "is a surrogate". */
int vae_utf8_decode(const char *text, size_t size, uint32_t *code, const char **fault);

/* Bytes of the character that `text` begins with, from 1 to 4, if it is one of UTF-8 that can be printed; 0 for a
 * control character, for any other byte, and for the final zero. */
int vae_utf8_printable(const char *text);

/* Characters of a text of UTF-8, which is what a terminal counts columns by; printf counts bytes. */
int vae_utf8_count(const char *text);

/* Copies `text` to shown[size], each byte that vae_utf8_printable() refuses as \xHH; what does not fit is cut between
 * two characters, and ends in "…". `size` is 4 at least. False if it was cut. */
bool vae_utf8_show(const char *text, char *shown, size_t size);

/* The same in memory from malloc, whole; NULL without memory. */
char *vae_utf8_shown(const char *text);

#endif
