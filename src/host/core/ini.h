/* INI text, read line by line, and values written so that they read back to the same bytes.
 *
 *   [section]            ; a comment behind a blank
 *   # a comment on a line of its own
 *   key = value          ; and ';' too: all from a blank and a ';' on is a comment
 *   key: value
 *   key = "any \x41 text"  # a comment
 *
 * Blanks (space, tab) at the ends of lines, keys and values do not count, so lines may be indented. A value that begins
 * with a double quote ends with one, in the same line; \" \\ \n \t \r and \xHH (two hexadecimal digits, not 00) stand
 * in it for what they stand for in C. Any other value is taken as it is, quotes and backslashes in it included. A line
 * may end in CR LF, and the text may begin with the byte order mark of UTF-8. */
#ifndef VAE_CORE_INI_H
#define VAE_CORE_INI_H

#include <stdbool.h>
#include <stdio.h>

#include "core/error.h"

typedef struct vae_ini {
    const char *section, *key, *value; /* the current entry, within the text; section: "" before the first */
    int line;                          /* where it stands, from 1 */
    char *next;                        /* internal: what follows */
} vae_ini;

/* Starts at the beginning of `text`, which is cut into entries as it is read, and must stay as long as they are used.
 */
vae_ini vae_ini_open(char *text);
/* Goes to the next entry; *found is false at the end. VAE_ERROR_CONFIG for a line that is not INI: the message says
 * why, without naming the line, which is ini->line. */
vae_status vae_ini_next(vae_ini *ini, bool *found);

/* Writes the value so that it reads back to the same bytes: plainly where that does it, else in double quotes. What is
 * written is UTF-8, whatever the value holds. */
void vae_ini_write_value(FILE *stream, const char *value);

#endif
