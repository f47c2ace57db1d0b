/* What commands look at before they compute: which images stand in where there are no test images, and whether what
 * they are to write can be written. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <sys/stat.h>

#include "cli/process.h"
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

TestSuite(outputs, .init = setup, .fini = teardown, .timeout = 120);

#define TRAIN "--config", "tiny.ini", "--out", "run", "--quiet", "--set", "train.epochs=1"

/* Every command that takes --split does its work. */
static void expect_all_run(const char *words)
{
    process_expect(0, words, folder, "evaluate", "--run", "run", "--samples", "2");
    process_expect(0, words, folder, "encode", "--run", "run", "--out", "codes.npy", "--force");
    process_expect(0, words, folder, "reconstruct", "--run", "run", "--out", "x.png", "--force");
    process_expect(0, words, folder, "interpolate", "--run", "run", "--from", "0", "--to", "1", "--out", "x.png",
                   "--force");
    process_expect(0, words, folder, "traverse", "--run", "run", "--out", "x.png", "--force");
}

Test(outputs, without_test_images_training_images_stand_in_and_are_told)
{
    process_expect(0, NULL, folder, TRAIN, "--set", "data.test_data=");
    expect_all_run("no test images; these are its training images");
    process_expect(2, "--split: the run has no test images", folder, "encode", "--run", "run", "--split", "test",
                   "--out", "other.npy");
    process_expect(2, "--split: the run has no validation images", folder, "evaluate", "--run", "run", "--split",
                   "validation");
}

Test(outputs, validation_images_come_before_training_images)
{
    process_expect(0, NULL, folder, TRAIN, "--set", "data.test_data=", "--set", "data.validation=20");
    expect_all_run("no test images; these are its validation images");
    process_expect(0, NULL, folder, "encode", "--run", "run", "--split", "train", "--out", "codes.npy", "--force");
}

Test(outputs, what_cannot_be_written_is_told_before_the_work)
{
    process_expect(0, NULL, folder, TRAIN);
    process_expect(2, "folder nowhere: No such file", folder, "encode", "--run", "run", "--out", "nowhere/codes.npy");
    process_expect(2, "folder nowhere: No such file", folder, "sample", "--run", "run", "--codes", "nowhere/codes.npy");
    process_expect(2, "folder nowhere: No such file", folder, "report", "--run", "run", "--out", "nowhere/report.html");
    process_expect(2, "run: is a folder", folder, "encode", "--run", "run", "--out", "run", "--force");
    process_expect(2, "is a folder", folder, "encode", "--run", "run", "--out", "codes/");
    process_expect(2, "may have 32768 a side", folder, "sample", "--run", "run", "--count", "100000", "--columns", "1");
    char path[128];
    snprintf(path, sizeof path, "%s/samples.png", folder);
    cr_expect_not(vae_path_exists(path));
}

/* ---- Endings ---- */

Test(outputs, are_written_as_their_endings_ask_or_refused)
{
    static const struct {
        const char *words, *command, *option, *value;
    } cases[] = {
        {"--out: x.jpg: the name ends in .jpg, but the output can be a picture (.png)", "sample", "--out", "x.jpg"},
        {"--npy: x.png: the name ends in .png, but the output can be an array (.npy)", "sample", "--npy", "x.png"},
        {"--codes: x.txt: the name ends in .txt", "sample", "--codes", "x.txt"},
        {"--out: x: the name has no ending", "sample", "--out", "x"},
        {"--out: .png: the name has no ending", "sample", "--out", ".png"},
        {"--out: a.png.tmp: the name ends in .tmp", "sample", "--out", "a.png.tmp"},
        {"--out -: nothing is written to standard output", "sample", "--out", "-"},
        {"--out: /dev/stdout: the name has no ending", "sample", "--out", "/dev/stdout"},
        {"--npy: /dev/null: the name has no ending", "sample", "--npy", "/dev/null"},
        {"--out: x.gif", "reconstruct", "--out", "x.gif"},
        {"--npy: x.npz", "reconstruct", "--npy", "x.npz"},
        {"--out: x.svg", "traverse", "--out", "x.svg"},
        {"--out: x.npy", "arithmetic", "--out", "x.npy"},
        {"--save-vector: x.png", "arithmetic", "--save-vector", "x.png"},
        {"--out: x.png: the name ends in .png, but the output can be an array (.npy), or a table (.csv)", "encode",
         "--out", "x.png"},
        {"--log-variance: x.txt", "encode", "--log-variance", "x.txt"},
        {"--out: x.jpeg", "decode", "--out", "x.jpeg"},
        {"--png: x.npy", "decode", "--png", "x.npy"},
        {"--out: x.pdf: the name ends in .pdf, but the output can be a figure (.png or .svg", "latent", "--out",
         "x.pdf"},
        {"--plot: x.jpg", "evaluate", "--plot", "x.jpg"},
        {"--out: x.csv", "evaluate", "--out", "x.csv"},
        {"--out: x.pdf: the name ends in .pdf, but the output can be a page (.html)", "report", "--out", "x.pdf"},
        {"--out: model.pb: the output can be a folder", "export", "--out", "model.pb"},
    };
    process_expect(0, NULL, folder, TRAIN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const char *arguments[] = {
            cases[i].command, "--run", "run", cases[i].option, cases[i].value, "--force", NULL, "0", NULL};
        if (strcmp(cases[i].command, "arithmetic") == 0) arguments[6] = "--label";
        if (strcmp(cases[i].command, "decode") == 0) arguments[6] = "--input";
        process_result result = process_run(folder, arguments);
        cr_expect_eq(result.code, 2, "%s %s %s gives %d", cases[i].command, cases[i].option, cases[i].value,
                     result.code);
        cr_expect_not_null(strstr(result.errors, cases[i].words), "'%s' lacks '%s'", result.errors, cases[i].words);
        process_result_free(&result);
    }
    process_expect(2, "--animate: x.gif: the name ends in .gif, but the output can be an animation, APNG", folder,
                   "interpolate", "--run", "run", "--prior", "1", "--animate", "x.gif");
    process_expect(2, "--out: x.apng", folder, "interpolate", "--run", "run", "--prior", "1", "--out", "x.apng");
}

static void expect_there(const char *name, bool there)
{
    char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_expect_eq(vae_path_exists(path), there, "%s", name);
}

Test(outputs, endings_may_be_capitals_and_figures_may_be_one_file)
{
    process_expect(0, NULL, folder, TRAIN, "--set", "model.latent=2");
    process_expect(0, NULL, folder, "sample", "--run", "run", "--out", "A.PNG", "--npy", "A.NPY", "--quiet");
    expect_there("A.PNG", true);
    expect_there("A.NPY", true);
    process_expect(0, NULL, folder, "latent", "--run", "run", "--out", "one.SVG", "--quiet");
    process_expect(0, NULL, folder, "latent", "--run", "run", "--out", "one.png", "--quiet");
    process_expect(0, NULL, folder, "latent", "--run", "run", "--out", "both.v2", "--quiet");
    process_expect(0, NULL, folder, "evaluate", "--run", "run", "--plot", "kl.png", "--samples", "0");
    static const char *const there[] = {"one.SVG", "one.png", "both.v2.png", "both.v2.svg", "kl.png"};
    for (size_t i = 0; i < sizeof there / sizeof *there; ++i)
        expect_there(there[i], true);
    expect_there("one.svg", false);
    expect_there("kl.svg", false);
}

/* ---- The same file twice ---- */

Test(outputs, neither_replace_each_other_nor_what_is_read)
{
    process_expect(0, NULL, folder, TRAIN, "--set", "model.latent=2");
    process_expect(0, NULL, folder, "encode", "--run", "run", "--out", "codes.npy", "--quiet");
    char path[128], other[128];
    snprintf(path, sizeof path, "%s/link", folder);
    cr_assert_eq(symlink(".", path), 0);
    snprintf(path, sizeof path, "%s/codes.npy", folder);
    snprintf(other, sizeof other, "%s/hard.npy", folder);
    cr_assert_eq(link(path, other), 0);
#define TWICE "is named as the output of two options"
#define READ "would replace codes.npy, which is read"
    process_expect(2, TWICE, folder, "sample", "--run", "run", "--npy", "x.npy", "--codes", "./x.npy");
    process_expect(2, TWICE, folder, "sample", "--run", "run", "--npy", "x.npy", "--codes", "link/x.npy");
    process_expect(2, TWICE, folder, "sample", "--run", "run", "--npy", "codes.npy", "--codes", "hard.npy", "--force");
    process_expect(2, READ, folder, "decode", "--run", "run", "--input", "codes.npy", "--out", "link/codes.npy",
                   "--force");
    process_expect(2, READ, folder, "decode", "--run", "run", "--input", "codes.npy", "--out", "hard.npy", "--force");
    process_expect(2, "would replace", folder, "interpolate", "--run", "run", "--from", "a.png,link/codes.npy", "--to",
                   "c.png,d.png", "--npy", "codes.npy", "--force");
}

Test(outputs, do_not_replace_what_the_run_was_trained_on)
{
    process_expect(0, NULL, folder, TRAIN);
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "8", "--npy", "own.npy", "--quiet", "--out",
                   "s.png");
    process_expect(0, "were rounded", folder, TRAIN, "--set", "data.train_data=own.npy", "--set",
                   "data.test_data=", "--set", "train.batch_size=4", "--out", "again");
    process_expect(2, "own.npy: would replace own.npy, which is read (the run's data)", folder, "sample", "--run",
                   "again", "--npy", "own.npy", "--out", "t.png", "--force");
}
