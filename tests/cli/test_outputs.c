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
    process_expect(0, NULL, folder, TRAIN, "--set", "data.test_images=");
    expect_all_run("no test images; these are of its training images");
    process_expect(2, "--split: the run has no test images", folder, "encode", "--run", "run", "--split", "test",
                   "--out", "other.npy");
    process_expect(2, "--split: the run has no validation images", folder, "evaluate", "--run", "run", "--split",
                   "validation");
}

Test(outputs, validation_images_come_before_training_images)
{
    process_expect(0, NULL, folder, TRAIN, "--set", "data.test_images=", "--set", "data.validation=20");
    expect_all_run("no test images; these are of its validation images");
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
