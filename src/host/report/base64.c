/* Base64 of whole data in memory, or piece by piece into a file. */
#include "report/base64.h"

#include <stdint.h>
#include <stdlib.h>

/* Three bytes, the missing ones of the last group zero, become four characters. */
static void encode_group(const uint8_t *bytes, size_t count, char text[4])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint32_t second = count > 1 ? bytes[1] : 0, third = count > 2 ? bytes[2] : 0;
    const uint32_t word = (uint32_t)bytes[0] << 16 | second << 8 | third;
    text[0] = alphabet[word >> 18];
    text[1] = alphabet[word >> 12 & 63];
    text[2] = count > 1 ? alphabet[word >> 6 & 63] : '=';
    text[3] = count > 2 ? alphabet[word & 63] : '=';
}

static size_t encode(const uint8_t *bytes, size_t size, char *text)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i += 3, length += 4)
        encode_group(bytes + i, size - i, text + length);
    return length;
}

char *vae_base64_encode(const void *data, size_t size)
{
    char *text = malloc((size + 2) / 3 * 4 + 1);
    if (text) text[encode(data, size, text)] = '\0';
    return text;
}

void vae_base64_print(FILE *file, const void *data, size_t size)
{
    enum { CHUNK = 3 * 1024 };
    char text[CHUNK / 3 * 4];
    const uint8_t *bytes = data;
    for (size_t done = 0; done < size; done += CHUNK) {
        const size_t rest = size - done;
        fwrite(text, 1, encode(bytes + done, rest < CHUNK ? rest : CHUNK, text), file);
    }
}
