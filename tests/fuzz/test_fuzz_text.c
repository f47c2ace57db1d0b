/* Thousands of damaged texts, the same ones each time: no crash, one clear error, and sentences that are what their
 * text says. */
#define _GNU_SOURCE
#include "fuzz_text.c"

#include "fuzz/mutate.h"
#include "unit/idx_file.h"

enum { MUTATIONS = 10000, ROOM = 1 << 12 };

typedef struct text {
    uint8_t byte[ROOM];
    size_t count;
} text;

/* Pieces that readers take special care of. */
static const char *const pieces[] = {
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "  ",
    "\n\n",
    "<unk>",
    "<bos>",
    "<eos>",
    "é",
    "𝄞",
    "\xC3",
    "\xF0\x9D",
    "\xED\xA0\x80",
    "\xC0\xAF",
    "\xF4\x90\x80\x80",
    "\xFF",
    "\x80",
    "\xEF\xBB\xBF",
    "word",
    "\xC2\xA0",
    "\xE2\x80\xA8",
    "\x1F\x8B",
};

static void insert(text *input, size_t at, const char *piece)
{
    const size_t length = strlen(piece);
    if (input->count + length > ROOM) return;
    memmove(input->byte + at + length, input->byte + at, input->count - at);
    memcpy(input->byte + at, piece, length);
    input->count += length;
}

static void mutate(text *input, uint64_t *state)
{
    const size_t at = below(state, input->count);
    switch (below(state, 7)) {
    case 0: input->byte[at] ^= (uint8_t)(1u << below(state, 8)); break;
    case 1: input->byte[at] = (uint8_t)next_number(state); break;
    case 2: input->count = 1 + at; break;
    case 3:
        memmove(input->byte + at, input->byte + at + 1, input->count - at - 1);
        if (input->count > 1) input->count--;
        break;
    default: insert(input, at, pieces[below(state, sizeof pieces / sizeof *pieces)]); break;
    }
}

/* Of two calls for each input, some succeed and many fail. */
static void fuzz(const char *content, uint64_t seed)
{
    text input = {.count = strlen(content)};
    memcpy(input.byte, content, input.count);
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = seed * 1000003 + (uint64_t)i;
        text mutated = input;
        for (size_t changes = 1 + below(&state, 6); changes > 0; --changes)
            mutate(&mutated, &state);
        uint8_t bytes[ROOM + 1] = {(uint8_t)next_number(&state)};
        memcpy(bytes + 1, mutated.byte, mutated.count);
        const char *violated = fuzz_text(bytes, mutated.count + 1);
        cr_assert_null(violated, "input %d of seed %d: %s (%s)", i, (int)seed, violated, vae_error_message());
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 10);
    cr_expect_lt(fuzz_successes, MUTATIONS * 3 / 2);
}

/* An allocation by what a text seems to hold then fails with a status that fuzz_text.c does not expect. */
TestSuite(fuzz_text, .init = idx_limit_memory);

Test(fuzz_text, sentences)
{
    fuzz(" the cat <unk> sat on the mat \n it rained \n\n and the mat 𝄞 was wet été\r\n", 1);
}

Test(fuzz_text, lists_of_words)
{
    fuzz("the\ncat\n<unk>\nsat\nété\n𝄞\nmat\nwet\nrained\n", 2);
}

Test(fuzz_text, lists_of_characters)
{
    fuzz("a\nb\n \né\n𝄞\nc\n", 3);
}
