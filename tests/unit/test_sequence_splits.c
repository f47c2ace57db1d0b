/* data/sequence_splits.c: the parts of a run's data where they are texts, and its record of them. */
#define _GNU_SOURCE
#include "data/record.h"
#include "data/splits.h"
#include "data/vocabulary.h"
#include "unit/text_file.h"

static vae_config config;

static void set(const char *name, const char *value)
{
    cr_assert_eq(vae_config_assign(&config, "data", name, value), VAE_OK, "%s", vae_error_message());
}

static void setup(void)
{
    idx_setup();
    vae_config_defaults(&config);
    cr_assert_eq(vae_config_assign(&config, "model", "family", "text_vae"), VAE_OK);
    set("train_data", WRITE("train.txt", "a b\na a c\nb\nd a\n"));
    set("test_data", WRITE("test.txt", "a x\nb\n"));
}

TestSuite(sequence_splits, .init = setup, .fini = idx_teardown, .timeout = 60);

static vae_splits open_all(void)
{
    vae_splits splits;
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    return splits;
}

static void expect_failure(const char *words)
{
    vae_splits splits;
    cr_expect_eq(vae_splits_open(&config, &splits), VAE_ERROR_CONFIG, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect(splits.train.count == 0 && splits.test.count == 0);
}

/* Item `index` as text. */
static void expect_item(const vae_dataset *part, int64_t index, const char *expected)
{
    const int32_t *ids = (const int32_t *)(const void *)part->values + part->offsets[index];
    char *text;
    cr_assert_lt(index, part->count);
    cr_assert_eq(vae_vocabulary_text(&part->vocabulary, VAE_TOKENS_WORDS, ids,
                                     part->offsets[index + 1] - part->offsets[index], &text),
                 VAE_OK);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(sequence_splits, parts_share_the_vocabulary)
{
    set("validation", "1");
    vae_splits splits = open_all();
    cr_expect(splits.train.count == 3 && splits.validation.count == 1 && splits.test.count == 2);
    cr_expect_eq(splits.train.vocabulary.count, VAE_TOKEN_SPECIALS + 4);
    expect_item(&splits.train, 2, "b");
    expect_item(&splits.validation, 0, "d a");
    expect_item(&splits.test, 0, "a <unk>");
    cr_expect_eq(splits.test.remarks.of[VAE_REMARK_UNKNOWN].count, 1);
    cr_expect_eq(splits.validation.first, 3);
    cr_expect_eq(splits.train_print.images, 4);
    vae_splits_free(&splits);
}

Test(sequence_splits, validation_of_its_own_and_limits)
{
    set("validation_data", WRITE("valid.txt", "d x\n"));
    set("limit", "2");
    set("test_limit", "1");
    set("max_length", "2");
    vae_splits splits = open_all();
    cr_expect(splits.train.count == 2 && splits.validation.count == 1 && splits.test.count == 1);
    expect_item(&splits.train, 1, "a a");
    cr_expect_eq(splits.train.truncated, 1);
    expect_item(&splits.validation, 0, "<unk> <unk>"); /* d is beyond the limit */
    vae_splits_free(&splits);
}

Test(sequence_splits, vocabulary_that_is_given)
{
    set("vocabulary", WRITE("words", "c\nb\na\n"));
    set("vocabulary_size", "2");
    vae_splits splits = open_all();
    expect_item(&splits.train, 1, "<unk> <unk> c");
    cr_expect_eq(vae_vocabulary_id(&splits.test.vocabulary, "b"), 4);
    vae_splits_free(&splits);
    set("vocabulary", idx_path("none"));
    expect_failure("[data] vocabulary: cannot open");
}

Test(sequence_splits, labels)
{
    set("train_labels", WRITE("labels.csv", "0\n1\n1\n0\n"));
    set("validation", "1");
    vae_splits splits = open_all();
    IDX_EXPECT_LABELS(splits.train.labels, 0, 1, 1);
    IDX_EXPECT_LABELS(splits.validation.labels, 0);
    vae_splits_free(&splits);
    set("train_labels", WRITE("labels.csv", "0\n1\n1\n"));
    vae_splits failed;
    cr_expect_neq(vae_splits_open(&config, &failed), VAE_OK);
    cr_expect_not_null(strstr(vae_error_message(), "[data] train_labels"), "%s", vae_error_message());
}

Test(sequence_splits, what_cannot_be)
{
    set("validation", "4");
    expect_failure("[data] validation: 4 texts are to be held out, but there are only 4 in total");
    set("validation", "0");
    set("train_data", idx_path("none"));
    expect_failure("[data] train_data");
    set("train_data", WRITE("train.txt", "a b\n"));
    set("min_count", "2");
    expect_failure("no word occurs 2 times");
}

/* Keys of images are refused for texts, and those of texts for images. */
Test(sequence_splits, keys_of_other_data)
{
    set("crop", "3");
    cr_expect_eq(vae_config_check(&config), VAE_ERROR_CONFIG);
    cr_expect_not_null(
        strstr(vae_error_message(), "[data] crop: is a key of images, but family = text_vae is of texts"), "%s",
        vae_error_message());
    vae_config_defaults(&config);
    set("train_data", "x");
    set("tokens", "bytes");
    cr_expect_eq(vae_config_check(&config), VAE_ERROR_CONFIG);
    cr_expect_not_null(strstr(vae_error_message(), "[data] tokens: is a key of texts, but family = vae is of images"),
                       "%s", vae_error_message());
}

/* ---- The record ---- */

static void use_record(void)
{
    const char *path = idx_path("data.json");
    vae_splits splits = open_all();
    cr_assert_eq(vae_record_write(path, idx_folder, &config, &splits), VAE_OK, "%s", vae_error_message());
    vae_splits_free(&splits);
    vae_record_use(path, idx_folder, &config);
    config.places.check = VAE_RECORD_FAIL;
    splits = open_all();
    cr_expect_str_eq(splits.note, "");
    vae_splits_free(&splits);
}

Test(sequence_splits, other_texts_are_noticed)
{
    use_record();
    WRITE("train.txt", "a b\na a c\nb\nd b\n");
    expect_failure("[data] train_data: holds other texts than the run was trained with");
    WRITE("train.txt", "a b\na a c\nb\n");
    expect_failure("[data] train_data: holds another number of texts than");
    WRITE("train.txt", "a b\na a c\nb\nd a\n");
    WRITE("test.txt", "a b x\nb\n");
    expect_failure("[data] test_data: holds other texts than");
}

/* The same length and the same ids, but one longer and one shorter. */
Test(sequence_splits, ends_of_items_are_noticed)
{
    use_record();
    WRITE("train.txt", "a b a\na c\nb\nd a\n");
    expect_failure("[data] train_data: holds other texts than");
}

Test(sequence_splits, from_disk)
{
    char cache[256];
    snprintf(cache, sizeof cache, "%s/cache", idx_folder);
    set("validation", "1");
    vae_splits memory = open_all();
    set("storage", "disk");
    set("cache", cache);
    vae_splits disk = open_all();
    cr_expect_not_null(disk.train.mapping.start);
    cr_expect_str_eq(disk.train_print.sample, memory.train_print.sample);
    expect_item(&disk.validation, 0, "d a");
    expect_item(&disk.test, 1, "b");
    vae_splits_free(&memory);
    vae_splits_free(&disk);
}
