/* data/vocabulary.c: lists of words that are read, and sentences on the way to ids and back. */
#define _GNU_SOURCE
#include "data/vocabulary.h"
#include "unit/idx_file.h"

TestSuite(vocabulary, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

static const char *write_list(const char *text, size_t size)
{
    idx_write_raw(idx_path("words.txt"), text, size);
    return idx_path("words.txt");
}

#define LIST(text) write_list(text, sizeof(text) - 1)

static vae_classes read_list(const char *path, vae_tokens tokens, int64_t size)
{
    vae_classes vocabulary;
    cr_assert_eq(vae_vocabulary_read(path, tokens, size, &vocabulary), VAE_OK, "%s", vae_error_message());
    for (int i = 0; i < VAE_TOKEN_SPECIALS; ++i)
        cr_expect_str_eq(vae_classes_name(&vocabulary, i), vae_token_special(i));
    return vocabulary;
}

static void expect_names(const vae_classes *vocabulary, const char *names, int64_t count)
{
    cr_assert_eq(vocabulary->count, VAE_TOKEN_SPECIALS + count);
    for (int64_t i = 0; i < count; ++i, names += strlen(names) + 1)
        cr_expect_str_eq(vae_classes_name(vocabulary, VAE_TOKEN_SPECIALS + i), names);
}

static void expect_refused(const char *path, vae_tokens tokens, const char *words)
{
    vae_classes vocabulary;
    cr_expect_eq(vae_vocabulary_read(path, tokens, 0, &vocabulary), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_eq(vocabulary.count, 0);
}

Test(vocabulary, lists)
{
    vae_classes vocabulary = read_list(LIST("the\r\n<unk>\na \n<eos>\né"), VAE_TOKENS_WORDS, 0);
    expect_names(&vocabulary, "the\0a\0é", 3);
    vae_classes_free(&vocabulary);
    vocabulary = read_list(LIST("x\ny\nx\n"), VAE_TOKENS_WORDS, 2);
    expect_names(&vocabulary, "x\0y", 2);
    vae_classes_free(&vocabulary);
    vocabulary = read_list(LIST("é\n \n<unk>\n"), VAE_TOKENS_CHARACTERS, 0);
    expect_names(&vocabulary, "é\0 ", 2);
    vae_classes_free(&vocabulary);
    vocabulary = read_list(LIST("\xE9\na\n"), VAE_TOKENS_BYTES, 0);
    expect_names(&vocabulary, "\xE9\0a", 2);
    vae_classes_free(&vocabulary);
}

Test(vocabulary, what_is_refused)
{
    vae_classes vocabulary;
    expect_refused(LIST("a\nb\na\n"), VAE_TOKENS_WORDS, "words.txt: line 3: 'a' is there already");
    expect_refused(LIST("a\n\nb\n"), VAE_TOKENS_WORDS, "line 2: is empty");
    expect_refused(LIST("a b\n"), VAE_TOKENS_WORDS, "line 1: holds a blank");
    expect_refused(LIST("a\n\xFF\n"), VAE_TOKENS_WORDS, "line 2: is not UTF-8");
    expect_refused(LIST("a\0b\n"), VAE_TOKENS_WORDS, "line 1: holds a zero byte");
    expect_refused(LIST("éa\n"), VAE_TOKENS_CHARACTERS, "line 1: holds more than one character");
    expect_refused(LIST("é\n"), VAE_TOKENS_BYTES, "line 1: holds more than one byte");
    expect_refused(LIST("<unk>\n"), VAE_TOKENS_WORDS, "holds no words");
    expect_refused(LIST(""), VAE_TOKENS_WORDS, "holds no words");
    cr_expect_eq(vae_vocabulary_read(idx_path("none"), VAE_TOKENS_WORDS, 0, &vocabulary), VAE_ERROR_CONFIG, "%s",
                 vae_error_message());
}

static void expect_sentence(const vae_classes *vocabulary, vae_tokens tokens, const char *text, const int32_t *ids,
                            int64_t count, int64_t unknown)
{
    vae_sentence sentence;
    cr_assert_eq(vae_vocabulary_encode(vocabulary, tokens, "--input", text, &sentence), VAE_OK, "%s",
                 vae_error_message());
    cr_assert_eq(sentence.count, count, "'%s'", text);
    cr_expect_arr_eq(sentence.ids, ids, (size_t)count * sizeof *ids);
    cr_expect_eq(sentence.unknown, unknown);
    vae_sentence_free(&sentence);
}

#define EXPECT_SENTENCE(vocabulary, tokens, text, unknown, ...)                                                        \
    expect_sentence(vocabulary, tokens, text, (const int32_t[]){__VA_ARGS__},                                          \
                    sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t), unknown)

Test(vocabulary, sentences_to_ids)
{
    vae_classes words = read_list(LIST("the\ncat\n"), VAE_TOKENS_WORDS, 0);
    EXPECT_SENTENCE(&words, VAE_TOKENS_WORDS, " the  <unk> cat\tsleeps \n", 1, 0, 3, 2, 4, 2, 1);
    EXPECT_SENTENCE(&words, VAE_TOKENS_WORDS, "", 0, 0, 1);
    EXPECT_SENTENCE(&words, VAE_TOKENS_WORDS, "<bos> the <eos>", 0, 0, 3, 1);
    vae_classes characters = read_list(LIST("é\n \n"), VAE_TOKENS_CHARACTERS, 0);
    EXPECT_SENTENCE(&characters, VAE_TOKENS_CHARACTERS, "é éx", 1, 0, 3, 4, 3, 2, 1);
    /* Blanks at the ends are tokens, too. */
    EXPECT_SENTENCE(&characters, VAE_TOKENS_CHARACTERS, " é  ", 0, 0, 4, 3, 4, 4, 1);
    EXPECT_SENTENCE(&characters, VAE_TOKENS_CHARACTERS, " ", 0, 0, 4, 1);
    vae_sentence sentence;
    cr_expect_eq(vae_vocabulary_encode(&words, VAE_TOKENS_WORDS, "--input", "the\ncat", &sentence), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "--input: holds more than one line");
    cr_expect_null(sentence.ids);
    cr_expect_eq(vae_vocabulary_encode(&words, VAE_TOKENS_WORDS, "--input", "a\xC3", &sentence), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "--input: line 1, byte 2: is not UTF-8"));
    vae_classes_free(&words);
    vae_classes_free(&characters);
}

static void expect_text(const vae_classes *vocabulary, vae_tokens tokens, const int32_t *ids, int64_t count,
                        const char *expected)
{
    char *text;
    cr_assert_eq(vae_vocabulary_text(vocabulary, tokens, ids, count, &text), VAE_OK);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(vocabulary, ids_to_text)
{
    vae_classes words = read_list(LIST("the\ncat\n"), VAE_TOKENS_WORDS, 0);
    const int32_t ids[] = {0, 3, 2, 4, 1, 3, 9};
    expect_text(&words, VAE_TOKENS_WORDS, ids, 6, "the <unk> cat");
    expect_text(&words, VAE_TOKENS_WORDS, ids + 1, 2, "the <unk>");
    expect_text(&words, VAE_TOKENS_WORDS, ids, 1, "");
    expect_text(&words, VAE_TOKENS_WORDS, ids, 0, "");
    expect_text(&words, VAE_TOKENS_CHARACTERS, ids, 6,
                "the\xEF\xBF\xBD"
                "cat");
    char *text;
    cr_expect_eq(vae_vocabulary_text(&words, VAE_TOKENS_WORDS, ids + 5, 2, &text), VAE_ERROR_ARGUMENT);
    cr_expect_null(text);
    vae_classes_free(&words);
}

Test(vocabulary, from_a_checkpoint)
{
    static const char good[] = "<bos>\0<eos>\0<unk>\0the\0cat";
    static const char *const bad[] = {"<bos>\0<eos>\0the\0<unk>\0cat", "<bos>\0<eos>\0<unk>\0cat\0cat"};
    vae_classes vocabulary;
    cr_assert_eq(vae_vocabulary_take("x", good, sizeof good, &vocabulary), VAE_OK);
    expect_names(&vocabulary, "the\0cat", 2);
    vae_classes_free(&vocabulary);
    cr_expect_eq(vae_vocabulary_take("x", good, sizeof good - 1, &vocabulary), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "x: is cut short");
    cr_expect_eq(vae_vocabulary_take("x", good, 18, &vocabulary), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "x: holds no words");
    cr_expect_eq(vae_vocabulary_take("x", bad[0], 26, &vocabulary), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "x: 'the' cannot be token 2");
    cr_expect_eq(vae_vocabulary_take("x", bad[1], 26, &vocabulary), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "x: 'cat' cannot be token 4");
    cr_expect_eq(vocabulary.count, 0);
}

Test(vocabulary, many_words_are_counted)
{
    enum { WORDS = 20000 };
    vae_token_counts counts = {.room = 0};
    for (int i = 0; i < WORDS; ++i) {
        char word[16];
        snprintf(word, sizeof word, "w%d", i);
        for (int time = 0; time <= (i == WORDS - 1); ++time)
            cr_assert_eq(vae_token_counts_add(&counts, word), VAE_OK);
    }
    vae_classes vocabulary;
    cr_assert_eq(vae_vocabulary_choose(&counts, 3, 0, &vocabulary), VAE_OK);
    expect_names(&vocabulary, "w19999\0w0\0w1", 3);
    vae_classes_free(&vocabulary);
    vae_token_counts_free(&counts);
}
