/* vae-cuda latent as a user meets it: figures of trained models, one or several, and what it refuses. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "unit/png_file.h"
#include "unit/temporary.h"

static char folder[64];

static void train(const char *objective, const char *out)
{
    char setting[64];
    snprintf(setting, sizeof setting, "model.objective=%s", objective);
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--out", out, "--set", setting, "--set", "model.latent=2",
                   "--set", "train.epochs=1", "--quiet");
}

/* Labels 0, 1, 2, 0, 1, 2, … */
static void write_labels(const char *name, int count)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    const uint8_t header[8] = {0, 0, 8, 1, 0, 0, 0, (uint8_t)count};
    fwrite(header, 1, sizeof header, file);
    for (int i = 0; i < count; ++i)
        fputc(i % 3, file);
    cr_assert_eq(fclose(file), 0);
}

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
    write_labels("labels.idx", TINY_TEST);
    train("vae", "vae");
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(latent, .init = setup, .fini = teardown, .timeout = 120);

static bool exists(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return vae_path_exists(path);
}

static int64_t picture_width(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    png_file file = png_file_read(path);
    free(file.pixels);
    return file.width;
}

/* Glyphs: the characters that an SVG shows. */
static int count_glyphs(const char *name)
{
    char path[128];
    void *data;
    size_t size;
    int count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(vae_file_read(path, 1 << 26, &data, &size), VAE_OK, "%s", vae_error_message());
    cr_assert_not_null(strstr(data, "</svg>"));
    for (const char *at = data; (at = strstr(at, "<use ")); ++at)
        ++count;
    free(data);
    return count;
}

Test(latent, one_run)
{
    process_result result = process_run_in(folder, "latent", "--run", "vae", "--out", "figure", "--grid", "5");
    cr_expect_eq(result.code, 0, "%s", result.errors);
    cr_expect_str_eq(result.output, "figure.png\nfigure.svg\n");
    cr_expect_str_empty(result.errors);
    process_result_free(&result);
    cr_expect_gt(picture_width("figure.png"), 0);
    cr_expect_gt(count_glyphs("figure.svg"), 50);
}

Test(latent, labels_bring_a_legend)
{
    process_expect(0, NULL, folder, "latent", "--run", "vae", "--out", "plain", "--quiet");
    process_expect(0, NULL, folder, "latent", "--run", "vae", "--out", "labelled", "--labels", "labels.idx", "--quiet");
    cr_expect_gt(picture_width("labelled.png"), picture_width("plain.png"));
    cr_expect_eq(count_glyphs("labelled.svg") - count_glyphs("plain.svg"), (int)strlen("label012"));
    /* Labels of the first images only are enough where only those are drawn. */
    process_expect(0, NULL, folder, "latent", "--run", "vae", "--out", "one", "--labels", "labels.idx", "--limit", "1",
                   "--quiet");
    cr_expect_gt(picture_width("one.png"), picture_width("plain.png"));
}

Test(latent, three_objectives_side_by_side)
{
    train("ae", "ae");
    train("kl", "kl");
    process_expect(0, NULL, folder, "latent", "--run", "vae", "--out", "one", "--quiet");
    process_expect(0, NULL, folder, "latent", "--run", "ae", "--run", "kl", "--run", "vae", "--out", "three",
                   "--quiet");
    /* Two panels a row for one run, three for three. */
    cr_expect_gt(picture_width("three.png"), picture_width("one.png") * 5 / 4);
    cr_expect(exists("three.svg"));
}

Test(latent, other_latent_sizes_are_refused)
{
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--out", "deep", "--set", "train.epochs=1", "--quiet");
    process_expect(1, "deep: has 3 latent dimensions", folder, "latent", "--run", "deep", "--out", "figure");
    process_expect(1, "3 latent dimensions", folder, "latent", "--run", "vae", "--run", "deep", "--out", "figure");
    cr_expect_not(exists("figure.png"));
    cr_expect_not(exists("figure.svg"));
}

Test(latent, files_are_never_replaced_unasked)
{
    process_expect(0, NULL, folder, "latent", "--run", "vae", "--quiet");
    process_expect(2, "--force", folder, "latent", "--run", "vae", "--quiet");
    process_expect(0, NULL, folder, "latent", "--run", "vae", "--quiet", "--force");
    cr_expect(exists("latent.png"));
    cr_expect(exists("latent.svg"));
}

Test(latent, mistakes)
{
#define MANY "--run", "vae", "--run", "vae", "--run", "vae"
    process_expect(2, "--run", folder, "latent");
    process_expect(2, "none", folder, "latent", "--run", "none");
    process_expect(2, "--grid", folder, "latent", "--run", "vae", "--grid", "1");
    process_expect(2, "--grid", folder, "latent", "--run", "vae", "--grid", "many");
    process_expect(2, "--limit", folder, "latent", "--run", "vae", "--limit", "0");
    process_expect(2, "at most 8", folder, "latent", MANY, MANY, MANY);
    process_expect(2, "tset", folder, "latent", "--run", "vae", "--split", "tset");
    process_expect(2, "validation", folder, "latent", "--run", "vae", "--split", "validation");
    process_expect(2, "--labels", folder, "latent", "--run", "vae", "--lables", "labels.idx");
    process_expect(2, "none.idx", folder, "latent", "--run", "vae", "--labels", "none.idx");
    write_labels("short.idx", 5);
    process_expect(1, "short.idx", folder, "latent", "--run", "vae", "--labels", "short.idx");
    process_expect(1, "test.idx", folder, "latent", "--run", "vae", "--labels", "test.idx");
    cr_expect_not(exists("latent.png"));
    cr_expect_not(exists("latent.svg"));
}

Test(latent, a_folder_that_is_not_there)
{
    process_expect(2, "none/figure.png", folder, "latent", "--run", "vae", "--out", "none/figure");
}
