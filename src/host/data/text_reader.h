/* Reads a text token by token, whatever it is cut into: lines of words, characters or bytes, from a file or from
 * memory. Memory does not grow with a line. */
#ifndef VAE_DATA_TEXT_READER_H
#define VAE_DATA_TEXT_READER_H

#include "config/config.h"
#include "data/gzip_file.h"

/* Bytes that a word may have, and that a run of blanks between two characters may. */
enum { VAE_TOKEN_BYTES = 4096 };

typedef struct vae_text_reader {
    const char *name; /* begins each message; borrowed */
    vae_tokens tokens;
    int64_t line; /* number of the current one, from 1; 0 before the first */
    int64_t byte; /* of the next character in its line, from 1 */
    /* What was passed over or cut off so far. Of words, blanks are what separates them and never counted. */
    int64_t empty_lines, blank_ends, carriage_returns;
    bool keeps_blanks; /* of characters and bytes: those at the ends of a line are part of it */
    /* Its own: */
    vae_gzip_file file; /* stream NULL: a text in memory, which is all of the buffer */
    char *buffer;
    size_t at, held; /* the next byte; the end of what there is */
    bool ended;      /* nothing follows what is held */
    char *blanks;    /* of characters: blanks seen that are only given if something follows them */
    size_t blank_at, blank_count;
    bool trimmed; /* blanks of this line were left out */
    char token[VAE_TOKEN_BYTES + 1];
} vae_text_reader;

/* Opens a file, plain or gzip. VAE_ERROR_CONFIG if there is none. On failure nothing is left to close. */
vae_status vae_text_open(const char *path, vae_tokens tokens, vae_text_reader *reader);
/* The same of text in memory, which is borrowed. It is taken as it was typed: of characters and bytes the blanks at its
 * ends, which lines of a file do not have, are kept. */
vae_status vae_text_open_memory(const char *name, const char *text, size_t size, vae_tokens tokens,
                                vae_text_reader *reader);
void vae_text_close(vae_text_reader *reader);
/* From the first line on again, of a file; counts begin anew. */
vae_status vae_text_rewind(vae_text_reader *reader);

/* Passes on to the next line that has tokens; the rest of a line must have been read. *more: there is one. A mark at
 * the beginning of the text that it is UTF-8 (U+FEFF) is no part of it. */
vae_status vae_text_next_line(vae_text_reader *reader, bool *more);
/* The next token of the line, until the next call; NULL at its end. A line ends at LF, CR LF or the end of the text. Of
 * words, separators are blanks, tabs and other control characters of that kind (VT, FF, CR); of characters and bytes,
 * those at the begin and the end of a line are left out. Characters are code points. VAE_ERROR_FORMAT, with line and
 * byte: a zero byte, or, except for bytes, what is not UTF-8; a word or a run of blanks of more than VAE_TOKEN_BYTES.
 */
vae_status vae_text_next_token(vae_text_reader *reader, const char **token);
/* VAE_ERROR_FORMAT at the current place: "name: line 3, byte 8: " and the format's text. */
__attribute__((format(printf, 2, 3))) vae_status vae_text_fail(const vae_text_reader *reader, const char *format, ...);

#endif
