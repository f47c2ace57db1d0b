/* data/text_reader.c, data/text.c and data/sequences.c: lines of words, characters and bytes, and what is wrong with
 * them. */
#define _GNU_SOURCE
#include "data/vocabulary.h"
#include "unit/text_file.h"

TestSuite(text, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

/* Every item as text, one line each, with its begin and its end as they are stored. */
static void expect_items(const vae_dataset *dataset, vae_tokens tokens, const char *expected)
{
    char all[4096] = "";
    const int32_t *ids = (const void *)dataset->values;
    for (int64_t i = 0; i < dataset->count; ++i) {
        const int32_t *item = ids + dataset->offsets[i];
        const int64_t rows = dataset->offsets[i + 1] - dataset->offsets[i];
        char *text;
        cr_assert_geq(rows, 2);
        cr_expect_eq(item[0], VAE_TOKEN_BEGIN);
        cr_expect_eq(item[rows - 1], VAE_TOKEN_END);
        cr_assert_eq(vae_vocabulary_text(&dataset->vocabulary, tokens, item, rows, &text), VAE_OK);
        strcat(strcat(all, text), "\n");
        free(text);
    }
    cr_expect_str_eq(all, expected);
}

static void expect_ids(const vae_dataset *dataset, const int32_t *ids, int64_t count)
{
    cr_assert_eq(dataset->offsets[dataset->count], count);
    cr_expect_arr_eq(dataset->values, ids, (size_t)count * sizeof *ids);
}

#define EXPECT_IDS(dataset, ...)                                                                                       \
    expect_ids(dataset, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static int64_t remarked(const vae_dataset *dataset, vae_remark_kind kind)
{
    return dataset->remarks.of[kind].count;
}

static void expect_failure(const char *path, vae_sequence_options options, vae_status expected, const char *words)
{
    vae_dataset dataset = {.count = 1};
    options.kind = VAE_KIND_TEXT;
    cr_expect_eq(vae_sequences_read(path, &options, &dataset), expected, "%s: %s", words, vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect(dataset.count == 0 && !dataset.values && !dataset.offsets);
}

/* ---- What is read ---- */

Test(text, words_by_frequency_and_first_occurrence)
{
    vae_dataset dataset = read_text(WRITE("a.txt", "b a\na c b a\n"), (vae_sequence_options){0});
    /* a 3, b 2, c 1 */
    cr_expect_eq(dataset.vocabulary.count, 6);
    EXPECT_IDS(&dataset, 0, 4, 3, 1, 0, 3, 5, 4, 3, 1);
    expect_items(&dataset, VAE_TOKENS_WORDS, "b a\na c b a\n");
    vae_dataset_free(&dataset);
    dataset = read_text(WRITE("a.txt", "d c b a\n"), (vae_sequence_options){0});
    EXPECT_IDS(&dataset, 0, 3, 4, 5, 6, 1);
    vae_dataset_free(&dataset);
}

Test(text, gzip_is_read_alike)
{
    vae_dataset plain = read_text(WRITE("a.txt", "b a\na c b a\n"), (vae_sequence_options){0});
    vae_dataset zipped = read_text(WRITE("a.txt.gz", "b a\na c b a\n"), (vae_sequence_options){0});
    cr_expect_eq(zipped.count, 2);
    cr_expect_arr_eq(plain.values, zipped.values, 10 * sizeof(int32_t));
    vae_dataset_free(&plain);
    vae_dataset_free(&zipped);
}

/* As PTB has it: blanks at both ends, and a word that is the special one. */
Test(text, unk_is_the_special_one)
{
    vae_dataset dataset = read_text(WRITE("a.txt", " <unk> b <unk> \n <unk> N \n"), (vae_sequence_options){0});
    cr_expect_eq(dataset.vocabulary.count, 5);
    EXPECT_IDS(&dataset, 0, 2, 3, 2, 1, 0, 2, 4, 1);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_UNKNOWN), 0);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_BLANK_ENDS), 0);
    vae_dataset_free(&dataset);
}

Test(text, marks_are_left_out)
{
    vae_dataset dataset = read_text(WRITE("a.txt", "<bos> a <eos>\n<eos>\nb\n"), (vae_sequence_options){0});
    EXPECT_IDS(&dataset, 0, 3, 1, 0, 1, 0, 4, 1);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_MARKS), 3);
    cr_expect_str_eq(dataset.remarks.of[VAE_REMARK_MARKS].detail, "'<bos>' in line 1");
    vae_dataset_free(&dataset);
}

Test(text, empty_lines_and_the_missing_last_end)
{
    vae_dataset dataset = read_text(WRITE("a.txt", "\n  \na b\n\t\n\nc"), (vae_sequence_options){0});
    expect_items(&dataset, VAE_TOKENS_WORDS, "a b\nc\n");
    cr_expect_eq(remarked(&dataset, VAE_REMARK_EMPTY_LINES), 4);
    vae_dataset_free(&dataset);
    dataset = read_text(WRITE("a.txt", "a\n\n\n"), (vae_sequence_options){0});
    cr_expect_eq(dataset.count, 1);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_EMPTY_LINES), 2);
    vae_dataset_free(&dataset);
}

Test(text, windows_and_a_mark_of_utf8)
{
    vae_dataset dataset = read_text(WRITE("a.txt", "\xEF\xBB\xBF"
                                                   "a b\r\n\r\nb\rc\r\n"),
                                    (vae_sequence_options){0});
    expect_items(&dataset, VAE_TOKENS_WORDS, "a b\nb c\n");
    cr_expect_eq(remarked(&dataset, VAE_REMARK_CARRIAGE_RETURNS), 3);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_EMPTY_LINES), 1);
    vae_dataset_free(&dataset);
}

Test(text, characters_are_code_points)
{
    const vae_sequence_options options = {.tokens = VAE_TOKENS_CHARACTERS};
    vae_dataset dataset = read_text(WRITE("a.txt", "né né\n𝄞é\n"), options);
    /* é 3, n 2, blank 1, 𝄞 1 */
    EXPECT_IDS(&dataset, 0, 4, 3, 5, 4, 3, 1, 0, 6, 3, 1);
    expect_items(&dataset, VAE_TOKENS_CHARACTERS, "né né\n𝄞é\n");
    vae_dataset_free(&dataset);
}

/* Blanks count where they are tokens, but not at the ends of a line. */
Test(text, blanks_of_characters)
{
    const vae_sequence_options options = {.tokens = VAE_TOKENS_CHARACTERS};
    vae_dataset dataset = read_text(WRITE("a.txt", "  a  \tb \t\nc\n d\ne  \n   \n"), options);
    expect_items(&dataset, VAE_TOKENS_CHARACTERS, "a  \tb\nc\nd\ne\n");
    cr_expect_eq(remarked(&dataset, VAE_REMARK_BLANK_ENDS), 3);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_EMPTY_LINES), 1);
    vae_dataset_free(&dataset);
}

Test(text, bytes_take_anything_but_zero)
{
    const vae_sequence_options options = {.tokens = VAE_TOKENS_BYTES};
    vae_dataset dataset = read_text(WRITE("a.txt", "\xE9\xE9\xFF\n\x80\n"), options);
    EXPECT_IDS(&dataset, 0, 3, 3, 4, 1, 0, 5, 1);
    expect_items(&dataset, VAE_TOKENS_BYTES, "\xE9\xE9\xFF\n\x80\n");
    vae_dataset_free(&dataset);
    dataset = read_text(WRITE("a.txt", "é\n"), options);
    EXPECT_IDS(&dataset, 0, 3, 4, 1);
    vae_dataset_free(&dataset);
}

Test(text, limit_and_max_length)
{
    const char *path = WRITE("a.txt", "a b c d\ne\n\nf g h\ni\n");
    vae_dataset dataset = read_text(path, (vae_sequence_options){.limit = 3, .max_length = 2});
    expect_items(&dataset, VAE_TOKENS_WORDS, "a b\ne\nf g\n");
    cr_expect_eq(dataset.truncated, 2);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_CUT_SENTENCES), 2);
    /* What is beyond the limit has no part in the vocabulary. */
    cr_expect_eq(vae_vocabulary_id(&dataset.vocabulary, "i"), VAE_TOKEN_UNKNOWN);
    vae_dataset_free(&dataset);
    dataset = read_text(path, (vae_sequence_options){.max_length = 4});
    cr_expect_eq(dataset.truncated, 0);
    cr_expect_eq(dataset.count, 4);
    vae_dataset_free(&dataset);
}

Test(text, vocabulary_is_cut)
{
    const char *path = WRITE("a.txt", "a b b c c c d\n");
    vae_dataset dataset = read_text(path, (vae_sequence_options){.vocabulary_size = 2});
    EXPECT_IDS(&dataset, 0, 2, 4, 4, 3, 3, 3, 2, 1);
    cr_expect_eq(remarked(&dataset, VAE_REMARK_UNKNOWN), 2);
    cr_expect_str_eq(dataset.remarks.of[VAE_REMARK_UNKNOWN].detail, "the first is 'a' in line 1");
    vae_dataset_free(&dataset);
    dataset = read_text(path, (vae_sequence_options){.min_count = 2});
    cr_expect_eq(dataset.vocabulary.count, 5);
    vae_dataset_free(&dataset);
    expect_failure(path, (vae_sequence_options){.min_count = 4}, VAE_ERROR_CONFIG, "no word occurs 4 times");
}

Test(text, vocabulary_of_the_training_part)
{
    vae_dataset train = read_text(WRITE("a.txt", "a b\n"), (vae_sequence_options){0});
    vae_dataset test = read_text(WRITE("b.txt", "b x a\n"), (vae_sequence_options){.known = &train.vocabulary});
    EXPECT_IDS(&test, 0, 4, 2, 3, 1);
    cr_expect_eq(remarked(&test, VAE_REMARK_UNKNOWN), 1);
    vae_dataset_free(&train);
    cr_expect_str_eq(vae_classes_name(&test.vocabulary, 3), "a");
    vae_dataset_free(&test);
}

/* Characters that lie across the ends of the reader's buffer, at every place. */
Test(text, across_the_buffer)
{
    static char text[200000];
    const vae_sequence_options options = {.tokens = VAE_TOKENS_CHARACTERS};
    for (size_t shift = 0; shift < 4; ++shift) {
        size_t size = shift;
        memset(text, 'x', shift);
        for (int i = 0; size + 6 < sizeof text; ++i) {
            memcpy(text + size, i % 100 == 99 ? "\r\n" : "𝄞", i % 100 == 99 ? 2 : 4);
            size += i % 100 == 99 ? 2 : 4;
        }
        idx_write_raw(idx_path("a.txt"), text, size);
        vae_dataset dataset = read_text(idx_path("a.txt"), options);
        cr_expect_eq(dataset.vocabulary.count, VAE_TOKEN_SPECIALS + 1 + (shift > 0));
        for (int64_t i = 1; i + 1 < dataset.count; ++i)
            cr_assert_eq(dataset.offsets[i + 1] - dataset.offsets[i], 99 + 2, "item %d", (int)i);
        cr_expect_eq(remarked(&dataset, VAE_REMARK_CARRIAGE_RETURNS), dataset.count - (text[size - 1] != '\n'));
        vae_dataset_free(&dataset);
    }
}

/* ---- What is refused ---- */

Test(text, what_is_not_utf8)
{
    static const struct {
        const char *bytes, *fault;
    } cases[] = {
        {"\x80", "byte 3: is not UTF-8: 0x80 continues a character that has not begun"},
        {"\xFF", "byte 3: is not UTF-8: 0xFF is not a byte of UTF-8"},
        {"\xF8\x88\x80\x80\x80", "0xF8 is not a byte of UTF-8"},
        {"\xC0\xAF", "0xC0 begins a character in more bytes than it needs"},
        {"\xE0\x80\xAF", "0xE0 begins a character in more bytes than it needs"},
        {"\xF0\x80\x80\xAF", "0xF0 begins a character in more bytes than it needs"},
        {"\xED\xA0\x80", "0xED begins a surrogate"},
        {"\xF4\x90\x80\x80", "0xF4 begins a character beyond the last"},
        {"\xE2\x82\n", "0xE2 begins a character that is cut short"},
        {"\xE2\x82", "0xE2 begins a character that is cut short"},
        {"\xC3", "0xC3 begins a character that is cut short"},
        {"\xC3(", "0xC3 begins a character that is cut short"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char text[64], place[300];
        snprintf(text, sizeof text, "good\na %s", cases[i].bytes);
        const char *path = write_bytes("a.txt", text, strlen(text));
        snprintf(place, sizeof place, "%s: line 2, byte 3: ", path);
        for (vae_tokens tokens = VAE_TOKENS_WORDS; tokens <= VAE_TOKENS_CHARACTERS; ++tokens) {
            expect_failure(path, (vae_sequence_options){.tokens = tokens}, VAE_ERROR_FORMAT, cases[i].fault);
            cr_expect_eq(strncmp(vae_error_message(), place, strlen(place)), 0, "%s", vae_error_message());
        }
        vae_dataset dataset = read_text(path, (vae_sequence_options){.tokens = VAE_TOKENS_BYTES});
        vae_dataset_free(&dataset);
    }
}

Test(text, zero_bytes)
{
    for (vae_tokens tokens = VAE_TOKENS_WORDS; tokens <= VAE_TOKENS_BYTES; ++tokens)
        expect_failure(WRITE("a.txt", "ab\nc\0d\n"), (vae_sequence_options){.tokens = tokens}, VAE_ERROR_FORMAT,
                       "line 2, byte 2: a zero byte");
}

Test(text, what_is_too_long)
{
    static char text[400000];
    memset(text, 'x', VAE_SEQUENCE_STEPS + 1);
    idx_write_raw(idx_path("a.txt"), text, VAE_SEQUENCE_STEPS + 1);
    expect_failure(idx_path("a.txt"), (vae_sequence_options){0}, VAE_ERROR_FORMAT, "a word of more than 4096 bytes");
    const vae_sequence_options characters = {.tokens = VAE_TOKENS_CHARACTERS};
    expect_failure(idx_path("a.txt"), characters, VAE_ERROR_FORMAT, "more than 65536 tokens in a line");
    vae_dataset dataset =
        read_text(idx_path("a.txt"), (vae_sequence_options){.tokens = VAE_TOKENS_CHARACTERS, .max_length = 7});
    expect_items(&dataset, VAE_TOKENS_CHARACTERS, "xxxxxxx\n");
    cr_expect_eq(dataset.truncated, 1);
    vae_dataset_free(&dataset);
    memset(text + 1, ' ', 5000);
    idx_write_raw(idx_path("a.txt"), text, 6000);
    expect_failure(idx_path("a.txt"), characters, VAE_ERROR_FORMAT, "a run of more than 4096 blanks");
}

Test(text, files_that_are_no_text)
{
    const idx_bytes picture = {.byte = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", .count = 16};
    expect_failure(idx_path("none.txt"), (vae_sequence_options){0}, VAE_ERROR_CONFIG, "none.txt");
    expect_failure(idx_write("a.png", &picture), (vae_sequence_options){0}, VAE_ERROR_FORMAT, "is a PNG picture");
    expect_failure(idx_folder, (vae_sequence_options){0}, VAE_ERROR_FORMAT, "is a folder, expected a file");
    expect_failure(WRITE("a.txt", ""), (vae_sequence_options){0}, VAE_ERROR_FORMAT,
                   "is empty; sentences are read from");
    expect_failure(WRITE("a.txt", "\n \n"), (vae_sequence_options){0}, VAE_ERROR_FORMAT, "holds no text");
    WRITE("a.txt", "a\n");
    expect_failure(idx_path("a.txt:words"), (vae_sequence_options){0}, VAE_ERROR_FORMAT, "has no part 'words'");
    /* With a vocabulary that is known, a text without lines is found empty only when it is read. */
    vae_classes known = {0};
    expect_failure(WRITE("a.txt", "\n"), (vae_sequence_options){.known = &known}, VAE_ERROR_FORMAT,
                   "holds no sentences: 1 empty line was left out");
    vae_dataset dataset = read_text(WRITE("a.txt", "BMW makes cars\n"), (vae_sequence_options){0});
    vae_dataset_free(&dataset);
}

Test(text, damaged_gzip)
{
    uint8_t zipped[4096];
    static const char text[] = "a few words, and then some more words, and so on\n";
    const size_t size = idx_compress(text, sizeof text - 1, zipped, sizeof zipped);
    idx_write_raw(idx_path("a.gz"), zipped, size - 9);
    expect_failure(idx_path("a.gz"), (vae_sequence_options){0}, VAE_ERROR_FORMAT, "cut short");
}
