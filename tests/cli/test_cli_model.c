/* sample, reconstruct, encode and decode as a user meets them: real processes on a small checkpoint, whose results are
 * compared with the library's and with the network written out. */
#define _GNU_SOURCE
#include <vae/vae.h>

#include "cli/tiny_run.h"

TestSuite(model_commands, .init = tiny_run_setup, .fini = tiny_run_teardown, .timeout = 120);

#define BEST "run/checkpoints/best.safetensors"

/* test.idx in [0, 1], by its own bytes. */
static float *read_test_images(void)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(in_folder("test.idx"), 1 << 20, &data, &size), VAE_OK);
    cr_assert_eq(size, 16 + TINY_TEST * ELEMENTS);
    float *images = calloc(TINY_TEST * ELEMENTS, sizeof *images);
    cr_assert_not_null(images);
    for (int i = 0; i < TINY_TEST * ELEMENTS; ++i)
        images[i] = (float)((const uint8_t *)data)[16 + i] / 255.0f;
    free(data);
    return images;
}

/* Image `index` of test.idx → its posterior mean and the image that this decodes to, by the network written out. */
static void reconstruct_by_hand(const vae_checkpoint *checkpoint, const float *image, float *again)
{
    double posterior[2 * LATENT], decoded[ELEMENTS];
    float code[LATENT];
    tiny_model_encode(checkpoint, image, posterior);
    for (int j = 0; j < LATENT; ++j)
        code[j] = (float)posterior[j];
    tiny_model_decode(checkpoint, code, decoded);
    for (int i = 0; i < ELEMENTS; ++i)
        again[i] = (float)decoded[i];
}

/* ---- sample ---- */

Test(model_commands, sample_draws_a_grid)
{
    process_expect(0, NULL, folder, "sample", RUN, "--count", "10", "--columns", "4", "--out", "s.png", "--npy",
                   "s.npy", "--codes", "c.npy");
    vae_npy_array images = read_npy("s.npy"), codes = read_npy("c.npy");
    expect_sizes(&images, 3, 10, TINY_SIDE, TINY_SIDE);
    expect_sizes(&codes, 2, 10, LATENT, 0);
    picture p = read_picture("s.png", 4, 3);
    vae_checkpoint checkpoint = make_checkpoint();
    for (int i = 0; i < 10; ++i) {
        double expected[ELEMENTS];
        tiny_model_decode(&checkpoint, codes.values + i * LATENT, expected);
        for (int j = 0; j < ELEMENTS; ++j)
            cr_assert_float_eq((double)images.values[i * ELEMENTS + j], expected[j], 1e-5);
        expect_tile(&p, i % 4, i / 4, images.values + i * ELEMENTS);
    }
    vae_checkpoint_free(&checkpoint);
    free(p.pixels);
    vae_npy_free(&images);
    vae_npy_free(&codes);
}

Test(model_commands, sample_is_a_function_of_its_seed)
{
    process_expect(0, NULL, folder, "sample", RUN, "--seed", "3", "--out", "a.png");
    process_expect(0, NULL, folder, "sample", RUN, "--seed", "3", "--out", "b.png");
    process_expect(0, NULL, folder, "sample", RUN, "--seed", "4", "--out", "c.png");
    expect_same_file("a.png", "b.png", true);
    expect_same_file("a.png", "c.png", false);
}

Test(model_commands, temperature_scales_the_codes)
{
    process_expect(0, NULL, folder, "sample", RUN, "--count", "5", "--codes", "warm.npy", "--out", "a.png");
    process_expect(0, NULL, folder, "sample", RUN, "--count", "5", "--codes", "cold.npy", "--out", "b.png",
                   "--temperature", "0.5");
    vae_npy_array warm = read_npy("warm.npy"), cold = read_npy("cold.npy");
    for (int i = 0; i < 5 * LATENT; ++i)
        cr_expect_float_eq((double)cold.values[i], 0.5 * (double)warm.values[i], 1e-6);
    vae_npy_free(&warm);
    vae_npy_free(&cold);
}

Test(model_commands, sample_draws_from_the_aggregate_posterior)
{
    process_expect(0, NULL, folder, "encode", RUN, "--split", "train", "--out", "train.npy");
    process_expect(0, NULL, folder, "sample", RUN, "--prior", "aggregate", "--components", "3", "--count", "2000",
                   "--columns", "200", "--out", "a.png", "--codes", "a.npy");
    vae_npy_array train = read_npy("train.npy"), drawn = read_npy("a.npy");
    /* The mixture has the mean of the codes that it was fitted to. */
    for (int j = 0; j < LATENT; ++j) {
        double mean = 0.0, square = 0.0, found = 0.0;
        for (int i = 0; i < TINY_TRAIN; ++i) {
            mean += (double)train.values[i * LATENT + j] / TINY_TRAIN;
            square += pow((double)train.values[i * LATENT + j], 2) / TINY_TRAIN;
        }
        for (int i = 0; i < 2000; ++i)
            found += (double)drawn.values[i * LATENT + j] / 2000;
        cr_expect_float_eq(found, mean, 5.0 * sqrt((square - mean * mean) / 2000), "dimension %d", j);
    }
    vae_npy_free(&train);
    vae_npy_free(&drawn);
    process_expect(2, "204 components cannot be fitted to 203 codes", folder, "sample", RUN, "--prior", "aggregate",
                   "--components", "204", "--out", "b.png");
    process_expect(2, "--prior aggregate", folder, "sample", RUN, "--components", "3", "--out", "b.png");
    process_expect(2, "standard, aggregate", folder, "sample", RUN, "--prior", "normal", "--out", "b.png");
}

/* ---- encode and decode ---- */

Test(model_commands, encode_writes_the_posterior_of_the_test_images)
{
    process_expect(0, NULL, folder, "encode", RUN, "--out", "m.npy", "--log-variance", "v.npy");
    vae_npy_array means = read_npy("m.npy"), variances = read_npy("v.npy");
    expect_sizes(&means, 2, TINY_TEST, LATENT, 0);
    expect_sizes(&variances, 2, TINY_TEST, LATENT, 0);
    vae_checkpoint checkpoint = make_checkpoint();
    float *images = read_test_images();
    for (int r = 0; r < TINY_TEST; ++r) {
        double posterior[2 * LATENT];
        tiny_model_encode(&checkpoint, images + r * ELEMENTS, posterior);
        for (int j = 0; j < LATENT; ++j) {
            cr_assert_float_eq((double)means.values[r * LATENT + j], posterior[j], 1e-4);
            cr_assert_float_eq((double)variances.values[r * LATENT + j], posterior[LATENT + j], 1e-4);
        }
    }
    free(images);
    vae_checkpoint_free(&checkpoint);
    vae_npy_free(&means);
    vae_npy_free(&variances);
}

Test(model_commands, encode_takes_any_split)
{
    process_expect(0, NULL, folder, "encode", RUN, "--split", "train", "--out", "train.npy");
    vae_npy_array codes = read_npy("train.npy");
    expect_sizes(&codes, 2, TINY_TRAIN, LATENT, 0);
    vae_npy_free(&codes);
    process_expect(2, "no validation images", folder, "encode", RUN, "--split", "validation", "--out", "v.npy");
    process_expect(2, "test, validation, train", folder, "encode", RUN, "--split", "tset", "--out", "v.npy");
}

Test(model_commands, decode_undoes_encode_as_reconstruct_does)
{
    process_expect(0, NULL, folder, "encode", RUN, "--out", "codes.npy");
    process_expect(0, NULL, folder, "decode", RUN, "--input", "codes.npy", "--out", "decoded.npy", "--png", "d.png",
                   "--columns", "7");
    process_expect(0, NULL, folder, "reconstruct", RUN, "--count", "1000", "--out", "r.png", "--npy", "r.npy");
    expect_same_file("decoded.npy", "r.npy", true);
    vae_npy_array images = read_npy("decoded.npy");
    expect_sizes(&images, 3, TINY_TEST, TINY_SIDE, TINY_SIDE);
    picture p = read_picture("d.png", 7, (TINY_TEST + 6) / 7);
    expect_tile(&p, 5, 2, images.values + 19 * ELEMENTS);
    free(p.pixels);
    vae_npy_free(&images);
}

Test(model_commands, images_come_from_npy_files_too)
{
    float *images = read_test_images();
    const int64_t sizes[] = {TINY_TEST, TINY_SIDE, TINY_SIDE}, flat[] = {TINY_TEST, ELEMENTS};
    cr_assert_eq(vae_npy_write_float32(in_folder("x.npy"), images, 3, sizes), VAE_OK);
    cr_assert_eq(vae_npy_write_float32(in_folder("flat.npy"), images, 2, flat), VAE_OK);
    free(images);
    process_expect(0, NULL, folder, "encode", RUN, "--out", "a.npy");
    process_expect(0, NULL, folder, "encode", RUN, "--input", "x.npy", "--out", "b.npy");
    process_expect(0, NULL, folder, "encode", RUN, "--input", "flat.npy", "--out", "c.npy");
    expect_same_file("a.npy", "b.npy", true);
    expect_same_file("a.npy", "c.npy", true);
    process_expect(2, "cannot both be given", folder, "encode", RUN, "--input", "x.npy", "--split", "test");
}

/* ---- reconstruct ---- */

Test(model_commands, reconstruct_puts_each_row_over_its_reconstructions)
{
    static const int indices[] = {3, 7, 40, 0, 12};
    process_expect(0, NULL, folder, "reconstruct", RUN, "--index", "3,7,40,0,12", "--columns", "3", "--out", "r.png",
                   "--npy", "r.npy");
    vae_npy_array reconstructions = read_npy("r.npy");
    expect_sizes(&reconstructions, 3, 5, TINY_SIDE, TINY_SIDE);
    vae_checkpoint checkpoint = make_checkpoint();
    float *images = read_test_images(), again[ELEMENTS];
    picture p = read_picture("r.png", 3, 4);
    for (int i = 0; i < 5; ++i) {
        const float *image = images + indices[i] * ELEMENTS;
        reconstruct_by_hand(&checkpoint, image, again);
        expect_close(reconstructions.values + i * ELEMENTS, again, ELEMENTS, "reconstruction");
        expect_tile(&p, i % 3, i / 3 * 2, image);
        expect_tile(&p, i % 3, i / 3 * 2 + 1, again);
    }
    free(p.pixels);
    free(images);
    vae_checkpoint_free(&checkpoint);
    vae_npy_free(&reconstructions);
}

Test(model_commands, reconstruct_takes_the_first_images_unless_told_others)
{
    process_expect(0, NULL, folder, "reconstruct", RUN, "--count", "4", "--out", "a.png");
    process_expect(0, NULL, folder, "reconstruct", RUN, "--index", "0,1,2,3", "--out", "b.png");
    expect_same_file("a.png", "b.png", true);
    process_expect(2, "index 41 is past the last image, 40", folder, "reconstruct", RUN, "--index", "2,41", "--out",
                   "c.png");
    process_expect(2, "'2,,3' is not a list", folder, "reconstruct", RUN, "--index", "2,,3", "--out", "c.png");
    process_expect(2, "'-1' is not a list", folder, "reconstruct", RUN, "--index=-1", "--out", "c.png");
    cr_expect_not(vae_path_exists(in_folder("c.png")));
}

/* ---- What they share ---- */

Test(model_commands, outputs_have_names_and_are_told)
{
    static const struct {
        const char *command, *option, *value, *output;
    } cases[] = {
        {"sample", "--count", "4", "samples.png"},
        {"reconstruct", "--count", "4", "reconstructions.png"},
        {"interpolate", "--prior", "1", "interpolation.png"},
        {"encode", "--split", "test", "codes.npy"},
        {"decode", "--input", "codes.npy", "images.npy"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        process_result result =
            process_run_in(folder, cases[i].command, "--run", "run", cases[i].option, cases[i].value);
        cr_expect_eq(result.code, 0, "%s: %s", cases[i].command, result.errors);
        cr_expect_str_empty(result.errors);
        cr_expect_eq(strncmp(result.output, cases[i].output, strlen(cases[i].output)), 0, "'%s' does not name '%s'",
                     result.output, cases[i].output);
        cr_expect(vae_path_exists(in_folder(cases[i].output)), "no %s", cases[i].output);
        process_result_free(&result);
        result = process_run_in(folder, cases[i].command, "--help");
        cr_expect_eq(result.code, 0);
        /* argp breaks lines between words. */
        cr_expect_not_null(strstr(result.output, cases[i].output), "--help does not name %s", cases[i].output);
        cr_expect_not_null(strstr(result.output, cases[i].option), "--help lacks %s", cases[i].option);
        process_result_free(&result);
    }
}

Test(model_commands, quiet_prints_nothing)
{
    process_result result = process_run_in(folder, "sample", RUN);
    cr_expect_eq(result.code, 0);
    cr_expect_str_empty(result.output);
    cr_expect_str_empty(result.errors);
    process_result_free(&result);
}

Test(model_commands, files_are_replaced_by_force_only)
{
    FILE *file = fopen(in_folder("mine.npy"), "w");
    cr_assert_not_null(file);
    fputs("my own work", file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(link(in_folder("mine.npy"), in_folder("kept.npy")), 0);
    cr_assert_eq(link(in_folder("mine.npy"), in_folder("mine.png")), 0);
#define REFUSED "mine.npy: already exists; --force replaces it"
#define REFUSED_PICTURE "mine.png: already exists; --force replaces it"
    process_expect(2, REFUSED_PICTURE, folder, "sample", RUN, "--out", "mine.png");
    process_expect(2, REFUSED, folder, "sample", RUN, "--npy", "mine.npy");
    process_expect(2, REFUSED, folder, "sample", RUN, "--codes", "mine.npy");
    process_expect(2, REFUSED_PICTURE, folder, "reconstruct", RUN, "--out", "mine.png");
    process_expect(2, REFUSED, folder, "reconstruct", RUN, "--npy", "mine.npy");
    process_expect(2, REFUSED_PICTURE, folder, "interpolate", RUN, "--prior", "1", "--out", "mine.png");
    process_expect(2, REFUSED, folder, "interpolate", RUN, "--prior", "1", "--npy", "mine.npy");
    process_expect(2, REFUSED, folder, "interpolate", RUN, "--prior", "1", "--codes", "mine.npy");
    process_expect(2, REFUSED, folder, "encode", RUN, "--out", "mine.npy");
    process_expect(2, REFUSED, folder, "encode", RUN, "--log-variance", "mine.npy");
    process_expect(2, REFUSED, folder, "decode", RUN, "--input", "c.npy", "--out", "mine.npy");
    process_expect(2, REFUSED_PICTURE, folder, "decode", RUN, "--input", "c.npy", "--png", "mine.png");
    expect_same_file("mine.npy", "kept.npy", true);
    cr_expect_not(vae_path_exists(in_folder("samples.png")));
    process_expect(0, NULL, folder, "encode", RUN, "--out", "mine.npy", "--force");
    vae_npy_array codes = read_npy("mine.npy");
    expect_sizes(&codes, 2, TINY_TEST, LATENT, 0);
    vae_npy_free(&codes);
    process_expect(2, "x.npy: is named as the output of two options", folder, "sample", RUN, "--npy", "x.npy",
                   "--codes", "x.npy", "--force");
}

Test(model_commands, a_checkpoint_file_or_a_run_folder_is_needed)
{
    static const char *const commands[] = {"sample", "reconstruct", "encode"};
    for (int i = 0; i < 3; ++i) {
        process_expect(2, "--run DIR or --checkpoint FILE is missing", folder, commands[i]);
        process_expect(2, "cannot both be given", folder, commands[i], "--run", "run", "--checkpoint", BEST);
        process_expect(2, "nowhere: is not a run folder", folder, commands[i], "--run", "nowhere");
        process_expect(2, "no.safetensors: no such file", folder, commands[i], "--checkpoint", "no.safetensors");
        process_expect(1, "test.idx", folder, commands[i], "--checkpoint", "test.idx");
        process_expect(1, "run/checkpoints", folder, commands[i], "--checkpoint", "run/checkpoints");
    }
    process_expect(2, "--input FILE is missing", folder, "decode", RUN);
    process_expect(0, NULL, folder, "sample", "--checkpoint", BEST, "--out", "a.png", "--quiet");
    process_expect(0, NULL, folder, "sample", RUN, "--out", "b.png");
    expect_same_file("a.png", "b.png", true);
}

Test(model_commands, devices_agree)
{
    process_expect(0, NULL, folder, "encode", RUN, "--device", "cpu", "--out", "cpu.npy");
    process_expect(0, NULL, folder, "encode", RUN, "--device", "reference", "--out", "reference.npy");
    vae_npy_array cpu = read_npy("cpu.npy"), reference = read_npy("reference.npy");
    expect_close(cpu.values, reference.values, TINY_TEST * LATENT, "cpu and reference");
    vae_npy_free(&cpu);
    vae_npy_free(&reference);
    process_expect(2, "'abacus'", folder, "encode", RUN, "--device", "abacus", "--out", "x.npy");
}

Test(model_commands, inputs_that_do_not_fit_are_refused)
{
    enum { COUNT = 2 };
    float values[COUNT * ELEMENTS] = {0};
    const int64_t narrow[] = {COUNT, LATENT - 1}, images[] = {COUNT, ELEMENTS}, other[] = {COUNT, 7, 7};
    cr_assert_eq(vae_npy_write_float32(in_folder("narrow.npy"), values, 2, narrow), VAE_OK);
    cr_assert_eq(vae_npy_write_float32(in_folder("other.npy"), values, 3, other), VAE_OK);
    values[ELEMENTS + 3] = 200.0f;
    cr_assert_eq(vae_npy_write_float32(in_folder("bytes.npy"), values, 2, images), VAE_OK);
    values[ELEMENTS + 3] = NAN;
    cr_assert_eq(vae_npy_write_float32(in_folder("nan.npy"), values, 2, images), VAE_OK);
    values[LATENT] = NAN;
    const int64_t codes[] = {COUNT, LATENT};
    cr_assert_eq(vae_npy_write_float32(in_folder("nancodes.npy"), values, 2, codes), VAE_OK);

    FILE *text = fopen(in_folder("train.idx.txt"), "w");
    cr_assert_not_null(text);
    fputs("no images here", text);
    cr_assert_eq(fclose(text), 0);
    process_expect(1, "narrow.npy: 2 dimensions and 4 numbers", folder, "decode", RUN, "--input", "narrow.npy");
    process_expect(1, "row 1 of the input", folder, "decode", RUN, "--input", "nancodes.npy");
    process_expect(2, "gone.npy: no such file", folder, "decode", RUN, "--input", "gone.npy");
    process_expect(1, "test.idx", folder, "decode", RUN, "--input", "test.idx");
    process_expect(
        1,
        "other.npy: images are 7x7x1, but the model takes 8x8x1 (height x width x channels); what makes them "
        "fit: --size 8x8",
        folder, "encode", RUN, "--input", "other.npy");
    process_expect(1, "bytes.npy: number 68 is 200", folder, "encode", RUN, "--input", "bytes.npy");
    process_expect(1, "nan.npy: number 68 is nan", folder, "reconstruct", RUN, "--input", "nan.npy");
    process_expect(2, "cannot open gone.npy", folder, "reconstruct", RUN, "--input", "gone.npy");
    process_expect(1, "train.idx.txt: ", folder, "encode", RUN, "--input", "train.idx.txt");
    cr_expect_not(vae_path_exists(in_folder("images.npy")));
    cr_expect_not(vae_path_exists(in_folder("codes.npy")));
}

Test(model_commands, missing_data_exits_2_and_odd_data_is_named)
{
    cr_assert_eq(remove(in_folder("test.idx")), 0);
    process_expect(2, "test.idx", folder, "encode", RUN);
    process_expect(2, "test.idx", folder, "reconstruct", RUN);
    process_expect(0, NULL, folder, "sample", RUN);
}

Test(model_commands, options_are_checked)
{
    process_expect(2, "--count: '0' is not an integer", folder, "sample", RUN, "--count", "0");
    process_expect(2, "--temperature: '-1' is not a number", folder, "sample", RUN, "--temperature=-1");
    process_expect(2, "--temperature: 'nan' is not a number", folder, "sample", RUN, "--temperature", "nan");
    process_expect(2, "did you mean '--columns'?", folder, "sample", RUN, "--colums", "3");
    process_expect(2, "option '--npy' needs a value", folder, "sample", RUN, "--npy");
    process_expect(2, "no-such-folder", folder, "sample", RUN, "--out", "no-such-folder/x.png");
}
