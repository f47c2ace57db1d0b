/* [data] storage: a run from disk is the run from memory, bit for bit. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include "cli/process.h"
#include "cli/text_data.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "unit/temporary.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(storage, .init = setup, .fini = teardown, .timeout = 120);

static char *read_file(const char *run, const char *name, size_t *size)
{
    char path[256];
    void *data;
    snprintf(path, sizeof path, "%s/%s/%s", folder, run, name);
    cr_assert_eq(vae_file_read(path, 1 << 26, &data, size), VAE_OK, "%s", vae_error_message());
    return data;
}

/* Everything but the time that it took. */
static void expect_same_metrics(const char *run, const char *other)
{
    size_t size;
    char *text = read_file(run, "metrics.jsonl", &size), *other_text = read_file(other, "metrics.jsonl", &size);
    char *line, *other_line, *rest = text, *other_rest = other_text;
    int lines = 0;
    while ((line = strsep(&rest, "\n")) != NULL && (other_line = strsep(&other_rest, "\n")) != NULL) {
        const char *end = strstr(line, "\"images_per_second\"");
        if (!end) break;
        cr_expect_arr_eq(line, other_line, (size_t)(end - line), "%s\n%s", line, other_line);
        lines++;
    }
    cr_expect_gt(lines, 10);
    free(text);
    free(other_text);
}

/* Parameters and moments; the header before them holds the configuration, which differs. */
static void expect_same_tensors(const char *run, const char *other)
{
    size_t size, other_size;
    char *data = read_file(run, "checkpoints/last.safetensors", &size);
    char *other_data = read_file(other, "checkpoints/last.safetensors", &other_size);
    uint64_t header, other_header;
    memcpy(&header, data, sizeof header);
    memcpy(&other_header, other_data, sizeof other_header);
    cr_assert_eq(size - header, other_size - other_header);
    cr_expect_eq(memcmp(data + 8 + header, other_data + 8 + other_header, size - 8 - header), 0);
    free(data);
    free(other_data);
}

#define TRAIN(storage, out, setting)                                                                                   \
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--set", "data.storage=" storage, "--set",                 \
                   "data.cache=cache", "--set", setting, "--set", "data.validation=30", "--out", out, "--quiet")

static void expect_same_runs(void)
{
    expect_same_metrics("memory", "disk");
    expect_same_tensors("memory", "disk");
}

Test(storage, a_file_that_is_mapped_itself)
{
    char path[128];
    TRAIN("memory", "memory", "train.seed=3");
    TRAIN("disk", "disk", "train.seed=3");
    expect_same_runs();
    snprintf(path, sizeof path, "%s/cache", folder);
    cr_expect_not(vae_path_exists(path));
}

Test(storage, through_the_cache)
{
    char path[128];
    TRAIN("memory", "memory", "data.size=6x7");
    TRAIN("disk", "disk", "data.size=6x7");
    expect_same_runs();
    snprintf(path, sizeof path, "%s/cache", folder);
    cr_expect(vae_path_exists(path));
}

/* Static binarisation changes the pixels, those of a file of ours too. */
Test(storage, static_binarisation)
{
    size_t size, size_after;
    char *before = read_file(".", "train.idx", &size);
    TRAIN("memory", "memory", "data.binarise=static");
    TRAIN("disk", "disk", "data.binarise=static");
    expect_same_runs();
    char *after = read_file(".", "train.idx", &size_after);
    cr_assert_eq(size, size_after);
    cr_expect_arr_eq(before, after, size);
    free(before);
    free(after);
}

Test(storage, may_change_when_a_run_is_resumed)
{
    TRAIN("memory", "memory", "train.epochs=5");
    TRAIN("disk", "disk", "train.epochs=3");
    process_expect(0, NULL, folder, "--config", "disk/config.ini", "--set", "train.epochs=5", "--set",
                   "data.storage=memory", "--out", "disk", "--resume", "--quiet");
    expect_same_tensors("memory", "disk");
}

/* ---- Texts ---- */

#define TRAIN_TEXT(storage, out)                                                                                       \
    process_expect(0, NULL, folder, "--config", "text.ini", "--set", "data.storage=" storage, "--set",                 \
                   "data.cache=cache", "--out", out, "--quiet")

Test(storage, texts_through_the_cache)
{
    char path[128];
    text_data_make(folder);
    TRAIN_TEXT("memory", "memory");
    TRAIN_TEXT("disk", "disk");
    expect_same_runs();
    snprintf(path, sizeof path, "%s/cache", folder);
    cr_expect(vae_path_exists(path));
}
