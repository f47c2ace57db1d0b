/* Small encodings against the vectors that their definitions give: base64 (RFC 4648, section 10) and CRC-32C (RFC 3720,
 * section B.4). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "report/base64.h"

Test(encodings, base64_gives_the_vectors_of_its_rfc)
{
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char *text = vae_base64_encode(cases[i][0], strlen(cases[i][0]));
        cr_expect_str_eq(text, cases[i][1]);
        free(text);
    }
}

Test(encodings, base64_printed_in_pieces_is_that_of_the_whole)
{
    enum { SIZE = 10000 }; /* several pieces, the last one short */
    unsigned char data[SIZE];
    for (int i = 0; i < SIZE; ++i)
        data[i] = (unsigned char)(i * 31 % 256);
    char *printed, *whole = vae_base64_encode(data, SIZE);
    size_t size;
    FILE *file = open_memstream(&printed, &size);
    cr_assert_not_null(file);
    vae_base64_print(file, data, SIZE);
    fclose(file);
    cr_expect_str_eq(printed, whole);
    free(printed);
    free(whole);
}

Test(encodings, crc32c_gives_the_vectors_of_its_rfc)
{
    unsigned char data[32] = {0};
    cr_expect_eq(vae_crc32c(data, 32), 0x8A9136AAu);
    memset(data, 0xFF, 32);
    cr_expect_eq(vae_crc32c(data, 32), 0x62A8AB43u);
    for (int i = 0; i < 32; ++i)
        data[i] = (unsigned char)i;
    cr_expect_eq(vae_crc32c(data, 32), 0x46DD794Eu);
    cr_expect_eq(vae_crc32c("123456789", 9), 0xE3069283u);
    cr_expect_eq(vae_crc32c("", 0), 0u);
}
