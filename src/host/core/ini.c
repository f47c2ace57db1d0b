/* The reader and writer of INI text; the header has the grammar. */
#include "core/ini.h"

#include <string.h>

#include "core/utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text))
        ++text;
    return text;
}

/* Ends the text before the blanks at its end. */
static void drop_blanks(char *text, char *end)
{
    while (end > text && is_blank(end[-1]))
        --end;
    *end = '\0';
}

/* ---- Reading ---- */

vae_ini vae_ini_open(char *text)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const bool marked = strncmp(text, mark, sizeof mark - 1) == 0;
    return (vae_ini){.section = "", .key = "", .value = "", .next = marked ? text + sizeof mark - 1 : text};
}

/* Cuts the next line off; NULL at the end of the text. */
static char *take_line(vae_ini *ini)
{
    if (!*ini->next) return NULL;
    char *line = ini->next, *end = line + strcspn(line, "\n");
    ini->next = *end ? end + 1 : end;
    *end = '\0';
    ini->line++;
    return line;
}

/* Whether nothing but a comment follows. */
static bool is_end(const char *text)
{
    return *text == '\0' || *text == ';' || *text == '#';
}

/* Where the comment behind a text begins: at the first ';' that follows a blank; else the end. */
static char *find_comment(char *text)
{
    char *at = text;
    while (*at && !(*at == ';' && at > text && is_blank(at[-1])))
        ++at;
    return at;
}

static vae_status refuse_line(bool indented)
{
    return vae_error_set(VAE_ERROR_CONFIG, "this line is neither [section], key = value nor a comment%s",
                         indented ? "; a value ends with its line" : "");
}

/* "[section]", and a comment if there is one. */
static vae_status read_section(vae_ini *ini, char *line)
{
    char *end = strchr(line, ']');
    if (!end) return refuse_line(false);
    if (!is_end(skip_blanks(end + 1))) {
        return vae_error_set(VAE_ERROR_CONFIG, "'%.100s' follows a [section] on its line", skip_blanks(end + 1));
    }
    ini->section = skip_blanks(line + 1);
    drop_blanks(line + 1, end);
    return VAE_OK;
}

static int hexadecimal(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) % 16 : -1;
}

/* What the escape at *at stands for; *at moves to its last character. */
static vae_status read_escape(char **at, char *byte)
{
    static const char letters[] = "\"\\ntr", bytes[] = "\"\\\n\t\r";
    const char letter = *++*at, *found = letter ? strchr(letters, letter) : NULL;
    if (found) {
        *byte = bytes[found - letters];
        return VAE_OK;
    }
    const int high = letter == 'x' ? hexadecimal((*at)[1]) : -1, low = high < 0 ? -1 : hexadecimal((*at)[2]);
    if (low < 0 || (high == 0 && low == 0)) {
        return vae_error_set(
            VAE_ERROR_CONFIG,
            "'\\%.1s' is not an escape in quoted text; the escapes are \\\" \\\\ \\n \\t \\r, and \\x41 "
            "for the byte 41, which may not be 00",
            letter ? *at : "");
    }
    *byte = (char)(unsigned char)(high << 4 | low);
    *at += 2;
    return VAE_OK;
}

/* Unescaped in place, as no escape is shorter than what it stands for. */
static vae_status read_quoted(vae_ini *ini, char *text)
{
    char *to = text, *at = text;
    for (; *at && *at != '"'; ++at, ++to) {
        *to = *at;
        if (*at == '\\') VAE_TRY(read_escape(&at, to));
    }
    if (!*at) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[%s] %s: the value begins with a quote, but no other ends it in this line; write a "
                             "leading quote of the value itself as \"\\\"…\"",
                             ini->section, ini->key);
    }
    char *behind = skip_blanks(at + 1);
    if (!is_end(behind)) {
        return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: '%.100s' follows the quote that ends the value", ini->section,
                             ini->key, behind);
    }
    *to = '\0';
    ini->value = text;
    return VAE_OK;
}

static vae_status read_entry(vae_ini *ini, char *line, bool indented)
{
    char *separator = line + strcspn(line, "=:");
    if (!*separator || separator == line || separator > find_comment(line)) return refuse_line(indented);
    ini->key = line;
    drop_blanks(line, separator);
    char *text = separator + 1, *value = skip_blanks(text);
    if (*value == '"') return read_quoted(ini, value + 1);
    drop_blanks(text, find_comment(text));
    ini->value = skip_blanks(text);
    return VAE_OK;
}

vae_status vae_ini_next(vae_ini *ini, bool *found)
{
    *found = false;
    for (char *line; (line = take_line(ini));) {
        char *start = skip_blanks(line);
        if (is_end(start)) continue;
        if (*start == '[') {
            VAE_TRY(read_section(ini, start));
            continue;
        }
        VAE_TRY(read_entry(ini, start, start > line));
        *found = true;
        return VAE_OK;
    }
    return VAE_OK;
}

/* ---- Writing ---- */

/* Whether the value would read back to something else if it were written plainly. Also '#' behind a blank is quoted,
 * which other readers take for a comment. */
static bool needs_quotes(const char *value)
{
    const size_t length = strlen(value);
    if (length == 0) return false;
    if (is_blank(value[0]) || is_blank(value[length - 1]) || value[0] == '"') return true;
    for (const char *at = value; *at;) {
        const int bytes = vae_utf8_printable(at);
        if (bytes == 0) return true;
        if ((*at == ';' || *at == '#') && (at == value || is_blank(at[-1]))) return true;
        at += bytes;
    }
    return false;
}

static void write_escape(FILE *stream, char byte)
{
    switch (byte) {
    case '\n': fputs("\\n", stream); return;
    case '\t': fputs("\\t", stream); return;
    case '\r': fputs("\\r", stream); return;
    default: fprintf(stream, "\\x%02X", (unsigned)(unsigned char)byte); return;
    }
}

void vae_ini_write_value(FILE *stream, const char *value)
{
    if (!needs_quotes(value)) {
        fputs(value, stream);
        return;
    }
    fputc('"', stream);
    while (*value) {
        const int bytes = vae_utf8_printable(value);
        if (bytes == 0) {
            write_escape(stream, *value++);
            continue;
        }
        if (*value == '"' || *value == '\\') fputc('\\', stream);
        fwrite(value, 1, (size_t)bytes, stream);
        value += bytes;
    }
    fputc('"', stream);
}
