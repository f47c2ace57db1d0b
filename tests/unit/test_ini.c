/* core/ini.c and core/utf8.c: the grammar line by line, and values that must come back byte by byte. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/ini.h"
#include "core/utf8.h"

/* The only entry of `text` must be [s] k with this value. */
static void reads(const char *text, const char *value)
{
    char *copy = strdup(text);
    vae_ini ini = vae_ini_open(copy);
    bool found;
    cr_assert_eq(vae_ini_next(&ini, &found), VAE_OK, "%s: %s", text, vae_error_message());
    cr_assert(found, "nothing in: %s", text);
    cr_expect_str_eq(ini.section, "s", "%s", text);
    cr_expect_str_eq(ini.key, "k", "%s", text);
    cr_expect_str_eq(ini.value, value, "%s", text);
    cr_assert_eq(vae_ini_next(&ini, &found), VAE_OK, "%s: %s", text, vae_error_message());
    cr_expect(!found, "more than one entry in: %s", text);
    free(copy);
}

static void refuses(const char *text, int line, const char *message)
{
    char *copy = strdup(text);
    vae_ini ini = vae_ini_open(copy);
    vae_status status = VAE_OK;
    for (bool found = true; !status && found;)
        status = vae_ini_next(&ini, &found);
    cr_assert_eq(status, VAE_ERROR_CONFIG, "accepted: %s", text);
    cr_expect_eq(ini.line, line, "line %d of: %s", ini.line, text);
    cr_expect_not_null(strstr(vae_error_message(), message), "'%s' is not in: %s", message, vae_error_message());
    free(copy);
}

Test(ini, plain_values)
{
    reads("[s]\nk = v\n", "v");
    reads("[s]\nk=v", "v");
    reads("[s]\nk: v\n", "v");
    reads("[s]\n\n  \t k\t=  a  b \t\r\n", "a  b");
    reads("\xEF\xBB\xBF[s]\r\nk = v\r\n", "v");
    reads("  [ s ]  ; comment\n  ; k = 1\n\t# k = 2\nk = v\n", "v");
    reads("[s] # comment\nk = v ; comment\n", "v");
    reads("[s]\nk = v;w # x;y\n", "v;w # x;y");
    reads("[s]\nk = # v\n", "# v");
    reads("[s]\nk = ; comment\n", "");
    reads("[s]\nk =\n", "");
    reads("[s]\nk =;v\n", ";v");
    reads("[s]\nk = a=b: [c]\n", "a=b: [c]");
    reads("[s]\nk = a \"b\" \\n 'c'\n", "a \"b\" \\n 'c'");
    reads("[s]\nk = \\x41\n", "\\x41");
    reads("[x]\n[s]\nk = caf\xE9\n", "caf\xE9");
}

Test(ini, quoted_values)
{
    reads("[s]\nk = \"\"\n", "");
    reads("[s]\nk = \" a ; b \" ; comment\n", " a ; b ");
    reads("[s]\nk:\"a\"# comment\n", "a");
    reads("[s]\nk = \"\\\" \\\\ \\n \\t \\r \\x41\\xE9\\xfF\"\r\n", "\" \\ \n \t \r A\xE9\xFF");
}

Test(ini, what_is_not_ini_is_refused_with_its_line)
{
    refuses("[s]\nk\n", 2, "neither [section], key = value nor a comment");
    refuses("[s]\n\n= v\n", 3, "neither");
    refuses("[s\nk = v\n", 1, "neither");
    refuses("[s]\nk ; = v\n", 2, "neither");
    refuses("[s]\nk = a,\n  b\n", 3, "a value ends with its line");
    refuses("[s] t\nk = v\n", 1, "'t' follows a [section] on its line");
    refuses("[s]\nk = \"a\n", 2, "[s] k: the value begins with a quote, but no other ends it");
    refuses("[s]\nk = \"\\\"\n", 2, "no other ends it");
    refuses("[s]\nk = \"a\" b\n", 2, "[s] k: 'b' follows the quote that ends the value");
    refuses("[s]\nk = \"a\\q\"\n", 2, "'\\q' is not an escape");
    refuses("[s]\nk = \"a\\x4\"\n", 2, "'\\x' is not an escape");
    refuses("[s]\nk = \"a\\x00b\"\n", 2, "may not be 00");
    refuses("[s]\nk = \"a\\", 2, "is not an escape");
}

/* The value as it is written must be `text`, and must read back. */
static void writes(const char *value, const char *text)
{
    char *written, line[256];
    size_t size;
    FILE *stream = open_memstream(&written, &size);
    vae_ini_write_value(stream, value);
    fclose(stream);
    cr_expect_str_eq(written, text);
    snprintf(line, sizeof line, "[s]\nk = %s\n", written);
    reads(line, value);
    free(written);
}

Test(ini, values_are_quoted_only_where_they_must_be)
{
    writes("", "");
    writes("a b/c.npz:key", "a b/c.npz:key");
    writes("a;b=c#d", "a;b=c#d");
    writes("a\"b\\c'", "a\"b\\c'");
    writes("größe/日本.npy", "größe/日本.npy");
    writes(" a", "\" a\"");
    writes("a ", "\"a \"");
    writes(";a", "\";a\"");
    writes("#a", "\"#a\"");
    writes("a ; b", "\"a ; b\"");
    writes("a # b", "\"a # b\"");
    writes("\"a\" \\", "\"\\\"a\\\" \\\\\"");
    writes("a\nb\tc\rd\x01\x7f", "\"a\\nb\\tc\\rd\\x01\\x7F\"");
    writes("caf\xE9/größe", "\"caf\\xE9/größe\"");
    writes("\xED\xA0\x80", "\"\\xED\\xA0\\x80\"");
}

Test(utf8, tells_characters_from_other_bytes)
{
    const struct {
        const char *text;
        int bytes;
    } cases[] = {{"a", 1},
                 {"é", 2},
                 {"日", 3},
                 {"\xF0\x9F\x98\x80", 4},
                 {"\xF4\x8F\xBF\xBF", 4},
                 {"", 0},
                 {"\n", 0},
                 {"\x7F", 0},
                 {"\xC2\x85", 0},             /* a control character of two bytes */
                 {"\x80", 0},                 /* begins none */
                 {"\xC0\xAF", 0},             /* longer than it must be */
                 {"\xE0\x80\xAF", 0},         /* as well */
                 {"\xED\xA0\x80", 0},         /* a surrogate */
                 {"\xF4\x90\x80\x80", 0},     /* beyond U+10FFFF */
                 {"\xF8\x88\x80\x80\x80", 0}, /* of five bytes */
                 {"\xE6\x97", 0}};            /* cut off */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        cr_expect_eq(vae_utf8_printable(cases[i].text), cases[i].bytes, "case %zu", i);
}

Test(utf8, shows_bytes_and_cuts_between_characters)
{
    char shown[12];
    cr_expect(vae_utf8_show("caf\xE9\n", shown, sizeof shown));
    cr_expect_str_eq(shown, "caf\\xE9\\x0A");
    cr_expect(vae_utf8_show("éééééa", shown, sizeof shown));
    cr_expect_str_eq(shown, "éééééa");
    cr_expect(!vae_utf8_show("éééééé", shown, sizeof shown));
    cr_expect_str_eq(shown, "éééé…");
    cr_expect(!vae_utf8_show("abcdefghijkl", shown, sizeof shown));
    cr_expect_str_eq(shown, "abcdefgh…");
    char *whole = vae_utf8_shown("\xFF\xFF\xFF");
    cr_expect_str_eq(whole, "\\xFF\\xFF\\xFF");
    free(whole);
}

Test(error, messages_are_utf8_and_end_between_characters)
{
    char *path = calloc(1, 20001);
    for (int i = 0; i < 10000; ++i)
        memcpy(path + 2 * i, "é", 2);
    vae_error_set(VAE_ERROR_IO, "x%s: cannot be opened", path);
    const char *message = vae_error_message();
    cr_expect_leq(strlen(message), 16384);
    cr_expect_str_eq(message + strlen(message) - 5, "é…");
    vae_error_set(VAE_ERROR_IO, "caf\xE9: cannot be opened");
    vae_error_prepend(VAE_ERROR_IO, "a\nb");
    cr_expect_str_eq(message, "a\\x0Ab: caf\\xE9: cannot be opened");
    free(path);
}
