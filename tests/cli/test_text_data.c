/* Texts as data of the program: keys, what is wrong with a text, and runs whose texts have changed. */
#define _GNU_SOURCE
#include "cli/process.h"
#include "cli/text_data.h"
#include "core/file.h"
#include "unit/temporary.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
    text_data_make(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(text_data, .init = setup, .fini = teardown, .timeout = 120);

#define RUN(code, errors, ...) process_expect(code, errors, folder, __VA_ARGS__)

static void write_text(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

/* What the program prints of a run of it. */
static char *output_of(const char *command, const char *run, const char *option, const char *value)
{
    process_result result = process_run_in(folder, command, "--run", run, option, value);
    cr_assert_eq(result.code, 0, "%s", result.errors);
    free(result.errors);
    return result.output;
}

Test(text_data, places_of_faults_are_told)
{
    write_text("bad.txt", "good\nb\xFF"
                          "d\n");
    RUN(1, "[data] train_data: bad.txt: line 2, byte 2: is not UTF-8: 0xFF", "--config", "text.ini", "--set",
        "data.train_data=bad.txt", "--out", "run");
    RUN(2, "[data] validation: 200 texts are to be held out, but there are only 200 in total", "--config", "text.ini",
        "--set", "data.test_limit=3", "--set", "data.validation=200", "--out", "run");
    RUN(2, "[data] vocabulary: cannot open words", "--config", "text.ini", "--set", "data.vocabulary=words", "--out",
        "run");
    write_text("words", "w1\nw2\nw1\n");
    RUN(1, "[data] vocabulary: words: line 3: 'w1' is there already", "--config", "text.ini", "--set",
        "data.vocabulary=words", "--out", "run");
}

Test(text_data, keys_are_of_one_kind_of_data)
{
    write_text("images.ini", "[data]\ntrain_data = x\ntokens = bytes\n");
    RUN(2, "images.ini:3: [data] tokens: is a key of texts, but family = vae is of images", "--config", "images.ini");
    RUN(2, "error: images.ini:3: [data] tokens", "--config", "images.ini");
    RUN(2, "error: --set: [data] crop: is a key of images, but family = text_vae is of texts", "--config", "text.ini",
        "--set", "data.crop=3");
    write_text("layers.ini", "[model]\nfamily = text_vae\nlayers = 3\n[data]\ntrain_data = train.txt\n");
    RUN(2, "error: layers.ini:3: [model] layers: is a key of images", "--config", "layers.ini");
    RUN(2, "error: --set: [train] samples: is a key of images", "--config", "text.ini", "--set", "train.samples=2");
    RUN(2, "[model] latent: family = text_vae has one stochastic layer", "--config", "text.ini", "--set",
        "model.latent=1, 2");
}

/* Earlier versions wrote keys of images too, and values of schedules that were not chosen. */
Test(text_data, a_run_of_an_earlier_version_goes_on)
{
    RUN(0, NULL, "--config", "text.ini", "--out", "run", "--quiet");
    char path[256];
    snprintf(path, sizeof path, "%s/run/config.ini", folder);
    void *text;
    size_t size;
    cr_assert_eq(vae_file_read_stream(path, 1 << 20, &text, &size), VAE_OK, "%s", vae_error_message());
    char *at = strstr(text, "kl_rise = 0.5\n");
    cr_assert_not_null(at);
    at[strlen("kl_rise = 0.")] = '4';
    FILE *file = fopen(path, "w");
    fprintf(file, "[model]\nlayers = 400\nlikelihood = mse\n%s", (char *)text);
    cr_assert_eq(fclose(file), 0);
    RUN(0, NULL, "--resume", "--out", "run", "--set", "train.epochs=4", "--quiet");
    RUN(2, "error: --set: [train] kl_rise: belongs to kl_schedule", "--resume", "--out", "run", "--set",
        "train.kl_rise=0.3");
    free(text);
}

/* No line of the checkpoint's metadata is told. */
Test(text_data, a_moved_file_of_a_run_is_told_as_the_runs)
{
    RUN(0, NULL, "--config", "text.ini", "--out", "run", "--quiet");
    char from[256], to[256];
    snprintf(from, sizeof from, "%s/train.txt", folder);
    snprintf(to, sizeof to, "%s/moved.txt", folder);
    cr_assert_eq(rename(from, to), 0);
    RUN(2, "error: the run's configuration: [data] train_data: cannot open", "info", "--run", "run", "--measure");
    RUN(2, "if the data moved, give their new location: --set data.train_data=PATH", "info", "--run", "run",
        "--measure");
    RUN(2, "error: run/config.ini:", "--resume", "--out", "run", "--set", "train.epochs=5");
}

Test(text_data, a_run_does_not_go_on_with_another_text)
{
    RUN(0, NULL, "--config", "text.ini", "--out", "run", "--quiet");
    RUN(0, NULL, "--resume", "--out", "run", "--set", "train.epochs=4", "--quiet");
    text_data_write(folder, "train.txt", 1, 200);
    RUN(2, "[data] train_data: holds other texts than the run was trained with", "--resume", "--out", "run", "--set",
        "train.epochs=5", "--quiet");
    text_data_write(folder, "train.txt", 0, 201);
    RUN(2, "[data] train_data: holds another number of texts than", "--resume", "--out", "run", "--set",
        "train.epochs=5", "--quiet");
}

/* The checkpoint's vocabulary is the model's, whatever a text of today would make of it. */
Test(text_data, a_trained_model_keeps_its_vocabulary)
{
    RUN(0, NULL, "--config", "text.ini", "--out", "run", "--quiet");
    char *before = output_of("evaluate", "run", "--samples", "0");
    text_data_write(folder, "train.txt", 300, 200); /* other counts */
    char *after = output_of("evaluate", "run", "--samples", "0");
    cr_expect_str_eq(before, after);
    free(before);
    free(after);
}
