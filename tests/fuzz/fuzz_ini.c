/* Fuzzing of core/ini.c and what config.c makes of it. test_fuzz_ini.c includes this file and feeds it mutations of its
 * own in every test run; for a longer search, with libFuzzer:
 *
 *   clang -g -O1 -no-pie -fsanitize=fuzzer,address,undefined -Iinclude -Isrc/host tests/fuzz/fuzz_ini.c \
 *       $(ls src/host/core/[a-z]*.c src/host/config/[a-z]*.c src/host/model/[a-z]*.c src/host/program/[a-z]*.c) \
 *       -Wl,--unresolved-symbols=ignore-all -ljansson -lm -o build/fuzz-ini
 *   build/fuzz-ini -max_len=4096
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

/* Texts that were read, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* What is read must be written so that it reads back to the same bytes. */
static const char *fuzz_written(const vae_config *config, vae_config *again)
{
    char *text;
    if (vae_config_format(config, &text)) return "it cannot be written";
    vae_config_defaults(again);
    const vae_status status = vae_config_parse(again, text, "written");
    free(text);
    if (status) return "what was written cannot be read";
    fuzz_successes++;
    return memcmp(config, again, offsetof(vae_config, source)) ? "it reads back to something else" : NULL;
}

/* NULL, or what the reader should not have done. */
static const char *fuzz_ini(const uint8_t *data, size_t size)
{
    static const char source[] = "fuzz.ini:";
    char *text = calloc(1, size + 1);
    vae_config *config = malloc(2 * sizeof *config);
    const char *violated = "no memory";
    if (text && config) {
        memcpy(text, data, size);
        vae_config_defaults(config);
        const vae_status status = vae_config_parse(config, text, "fuzz.ini");
        if (!status) {
            violated = fuzz_written(config, config + 1);
        } else if (status != VAE_ERROR_CONFIG) {
            violated = "a status other than VAE_ERROR_CONFIG";
        } else {
            const bool named = strncmp(vae_error_message(), source, strlen(source)) == 0;
            violated = named ? NULL : "a message that does not begin with file and line";
        }
    }
    free(text);
    free(config);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *violated = fuzz_ini(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
