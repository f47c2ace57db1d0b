/* Thousands of damaged configurations, the same ones each time: no crash, one clear error, and what is read can be
 * written and read again. */
#include <criterion/criterion.h>

#include "fuzz/mutate.h"
#include "fuzz_ini.c"

enum { MUTATIONS = 20000, ROOM = 2048 };

static const char base[] = "\xEF\xBB\xBF; a comment\n[model]\r\nlayers = conv 8 k3 batch_norm, 16 ; hidden\n"
                           "  latent = 2\n[data]  # where\ntrain_data = \" a ; \\\"b\\\" \\xE9\\n\" ; quoted\n"
                           "train_labels: \"\"\nsize = 8x9\n\n[train]\nlearning_rate=1e-3\n[run]\nout = \"\\\\ \\t\"\n";

static void mutate(char *text, size_t *size, uint64_t *state)
{
    static const char *const pieces[] = {"\"", "\\", "\\x", ";", " ;", "#", "=", "\n", "[", "]", "\r", " ", "x41"};
    const size_t place = below(state, *size);
    if (below(state, 4) == 0) {
        text[place] = (char)next_number(state);
    } else if (below(state, 3) == 0) {
        const size_t rest = *size - place, left = 1 + below(state, rest < 8 ? rest : 8);
        if (left == *size) return;
        memmove(text + place, text + place + left, rest - left);
        *size -= left;
    } else {
        const char *piece = pieces[below(state, sizeof pieces / sizeof *pieces)];
        const size_t more = strlen(piece);
        if (*size + more > ROOM) return;
        memmove(text + place + more, text + place, *size - place);
        memcpy(text + place, piece, more);
        *size += more;
    }
}

Test(fuzz_ini, mutations, .timeout = 120)
{
    cr_assert_null(fuzz_ini((const uint8_t *)base, strlen(base)), "%s", vae_error_message());
    cr_assert_eq(fuzz_successes, 1, "the unchanged input is not read: %s", vae_error_message());
    fuzz_successes = 0;
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = (uint64_t)i;
        char text[ROOM];
        size_t size = strlen(base);
        memcpy(text, base, size);
        for (size_t changes = 1 + below(&state, 3); changes > 0; --changes)
            mutate(text, &size, &state);
        const char *violated = fuzz_ini((const uint8_t *)text, size);
        cr_assert_null(violated, "input %d: %s (%s)\n%.*s", i, violated, vae_error_message(), (int)size, text);
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 20, "%d were read", fuzz_successes);
    cr_expect_lt(fuzz_successes, MUTATIONS * 9 / 10, "%d were read", fuzz_successes);
}
