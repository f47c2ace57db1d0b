/* The program's face: help, exit codes, messages, info and evaluate, as real processes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <vae/vae.h>

#include "cli/process.h"

#include <math.h>

#include "cli/tiny_data.h"
#include "unit/temporary.h"

static char folder[64];

static void make_folder(void)
{
    temporary_make(folder);
    tiny_write(folder);
}

static void remove_folder(void)
{
    temporary_remove(folder);
}

TestSuite(cli, .init = make_folder, .fini = remove_folder);

/* Runs, expects success and an empty standard error, and gives standard output; the caller frees. */
static char *output_of(const char *const *arguments)
{
    process_result result = process_run(folder, arguments);
    cr_assert_eq(result.code, 0, "%s", result.errors);
    cr_assert_str_empty(result.errors);
    free(result.errors);
    return result.output;
}

#define OUTPUT_OF(...) output_of((const char *const[]){__VA_ARGS__, NULL})

static void expect_words(char *output, const char *const *words)
{
    for (int i = 0; words[i]; ++i)
        cr_expect_not_null(strstr(output, words[i]), "'%s' is not in: %s", words[i], output);
    free(output);
}

#define EXPECT_WORDS(output, ...) expect_words(output, (const char *const[]){__VA_ARGS__, NULL})

Test(cli, help_and_version)
{
    EXPECT_WORDS(OUTPUT_OF("--version"), "vae-cuda " VAE_VERSION);
    EXPECT_WORDS(OUTPUT_OF("--help"), "train", "info", "sample", "reconstruct", "interpolate", "encode", "decode",
                 "latent", "evaluate", "Exit codes");
    EXPECT_WORDS(OUTPUT_OF("--help-config"), "[model]", "learning_rate = 0.001", "one of vae, ae, kl");
    const char *commands[] = {"train", "info",   "sample", "reconstruct", "interpolate", "traverse", "arithmetic",
                              "probe", "encode", "decode", "export",      "latent",      "evaluate", "report"};
    for (int i = 0; i < 14; ++i)
        EXPECT_WORDS(OUTPUT_OF(commands[i], "--help"), "Usage: vae-cuda", commands[i], "--out", "--quiet");
}

/* A command's own words for an option that others have too. */
Test(cli, help_says_what_a_command_means_by_an_option)
{
    EXPECT_WORDS(OUTPUT_OF("decode", "--help"), "--out=FILE", "codes, an array [count, latent]");
    EXPECT_WORDS(OUTPUT_OF("latent", "--help"), "--out=PREFIX", "FILE.png or FILE.svg writes that one");
    EXPECT_WORDS(OUTPUT_OF("train", "--help"), "--out=DIR", "run folder (runs/<name of the config>");
}

Test(cli, wrong_usage_exits_2)
{
    process_expect(2, "unknown command 'trian'; did you mean 'train'?", folder, "trian");
    process_expect(2, "unknown command 'qqqqqq'", folder, "qqqqqq");
    process_expect(2, "unknown option '--confg'; did you mean '--config'?", folder, "--confg", "tiny.ini");
    process_expect(2, "option '--config' needs a value", folder, "train", "--config");
    process_expect(2, "'tiny.ini' is not an option", folder, "train", "tiny.ini");
    process_expect(2, "unknown option '-q'", folder, "train", "-q");
    process_expect(2, "option '--quiet' takes no value", folder, "train", "--quiet=1");
    process_expect(2, "--seed: 'x' is not an integer", folder, "--config", "tiny.ini", "--seed", "x");
    process_expect(2, "--threads: '-1' is not an integer", folder, "--config", "tiny.ini", "--threads", "-1");
    process_expect(2, "--config FILE is missing", folder, "info");
}

Test(cli, values_are_refused_by_their_type)
{
    process_expect(2, "--count: '0' is not an integer from 1 to 1000000000", folder, "sample", "--count", "0");
    process_expect(2, "--temperature: '-1' is not a number from 0 to 1e+06", folder, "sample", "--temperature", "-1");
    process_expect(2, "--prior: 'x' is not one of standard, aggregate", folder, "sample", "--prior", "x");
    process_expect(2, "--prior: 'aggregate' is not an integer", folder, "interpolate", "--prior", "aggregate");
    process_expect(2, "--range: '-3:3' is not a range such as", folder, "traverse", "--range", "-3:3");
    process_expect(2, "--shape: '28' is not a shape such as", folder, "info", "--shape", "28");
    process_expect(2, "--run: given twice", folder, "report", "--run", "a", "--run", "b");
}

Test(cli, wrong_configuration_exits_2)
{
    process_expect(2, "none.ini", folder, "--config", "none.ini");
    process_expect(2, "[train] epoch: unknown key; did you mean 'epochs'?", folder, "--config", "tiny.ini", "--set",
                   "train.epoch=3");
    process_expect(2, "'0' is not an integer from 1", folder, "--config", "tiny.ini", "--set", "model.latent=0");
    process_expect(2, "'9007199254740993' is not an integer", folder, "--config", "tiny.ini", "--set",
                   "train.seed=9007199254740993");
    process_expect(2, "cannot open none.idx", folder, "--config", "tiny.ini", "--set", "data.train_data=none.idx");
    process_expect(2, "[data] validation", folder, "--config", "tiny.ini", "--set", "data.validation=203");
    process_expect(2, "one of auto, cpu, reference, cuda", folder, "--config", "tiny.ini", "--device", "gpu");
    process_expect(2, "is a folder", folder, "--config", ".");
}

Test(cli, other_failures_exit_1)
{
    /* No GPU is to be seen, whatever the machine and the build have. */
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    process_expect(1, "device cuda: ", folder, "--config", "tiny.ini", "--device", "cuda");
    process_expect(1, "tf32 is for device cuda", folder, "--config", "tiny.ini", "--device", "cpu", "--set",
                   "run.precision=tf32");
    process_expect(1, "double only", folder, "--config", "tiny.ini", "--device", "reference", "--set",
                   "run.precision=bf16");
    /* The configuration is not a data set. */
    process_expect(1, "tiny.ini:2:1: column '[model]' of row 1 is 'layers', but must be a finite number", folder,
                   "--config", "tiny.ini", "--set", "data.train_data=tiny.ini");
    process_expect(1, "/proc", folder, "--config", "tiny.ini", "--out", "/proc/nowhere/run");
}

Test(cli, info_prints_the_program)
{
    EXPECT_WORDS(OUTPUT_OF("info", "--config", "tiny.ini"), "gather", "encoder.0.weight [64, 24]", "gaussian_sample_kl",
                 "likelihood", "dense_backward", "adam", "FLOPs", "activations", "total memory");
    /* 64·24 + 24 + 24·6 + 6 + 3·24 + 24 + 24·64 + 64 */
    EXPECT_WORDS(OUTPUT_OF("info", "--config", "tiny.ini", "--json"), "\"parameters\": 3406", "\"kind\": \"adam\"");
    EXPECT_WORDS(OUTPUT_OF("info", "--config", "tiny.ini", "--set", "data.train_data=none", "--shape", "5x6x3"),
                 "x [16, 5, 6, 3]");
    process_expect(2, "give --shape HxWxC", folder, "info", "--config", "tiny.ini", "--set", "data.train_data=none");
    process_expect(2, "'5by6' is not a shape", folder, "info", "--config", "tiny.ini", "--shape", "5by6");
}

static double number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    cr_assert_not_null(at, "'%s' is not in: %s", key, text);
    return strtod(at + strlen(key), NULL);
}

Test(cli, evaluate_agrees_with_itself)
{
    free(OUTPUT_OF("--config", "tiny.ini", "--out", "run", "--quiet"));
    EXPECT_WORDS(OUTPUT_OF("info", "--run", "run"), "encoder.0.weight", "epoch 4", "objective = vae");
    process_expect(2, "--config, --cost and --json cannot be given", folder, "info", "--run", "run", "--json");
    char *cpu = OUTPUT_OF("evaluate", "--run", "run", "--samples", "300", "--json", "--npy", "each.npy");
    char *reference = OUTPUT_OF("evaluate", "--run", "run", "--samples", "300", "--json", "--device", "reference",
                                "--batch-size", "7");
    const char *keys[] = {"\"neg_elbo\": ", "\"kl\": ", "\"log_likelihood\": "};
    for (int i = 0; i < 3; ++i) {
        const double a = number_after(cpu, keys[i]), b = number_after(reference, keys[i]);
        /* Another batch size draws other noise for the ELBO, not for log P(X). */
        cr_expect_leq(fabs(a - b), (i == 0 ? 0.05 : 1e-4) * fabs(b), "%s%g and %g", keys[i], a, b);
    }
    cr_expect_gt(number_after(cpu, "\"log_likelihood\": "), -number_after(cpu, "\"neg_elbo\": "));
    cr_expect_eq(number_after(cpu, "\"images\": "), TINY_TEST);
    free(cpu);
    free(reference);
    process_expect(2, "each.npy: already exists", folder, "evaluate", "--run", "run", "--npy", "each.npy");
    process_expect(2, "not one of test, validation, train", folder, "evaluate", "--run", "run", "--split", "tset");
    process_expect(2, "no validation images", folder, "evaluate", "--run", "run", "--split", "validation");
    EXPECT_WORDS(OUTPUT_OF("evaluate", "--run", "run", "--samples", "0"), "negative ELBO");
    EXPECT_WORDS(OUTPUT_OF("evaluate", "--run", "run", "--split", "train", "--limit", "9", "--samples", "5"),
                 "images           9", "log P(X)");
}

Test(cli, evaluate_knows_what_an_autoencoder_lacks)
{
    free(OUTPUT_OF("--config", "tiny.ini", "--out", "run", "--quiet", "--set", "model.objective=ae", "--set",
                   "train.epochs=1"));
    EXPECT_WORDS(OUTPUT_OF("evaluate", "--run", "run"), "reconstruction", "not defined");
    process_expect(2, "not defined for an autoencoder", folder, "evaluate", "--run", "run", "--samples", "5");
}

Test(cli, a_closed_pipe_is_a_failure_not_a_crash)
{
    char command[PROCESS_PATH + 64], path[PROCESS_PATH];
    process_find(path);
    snprintf(command, sizeof command, "'%s' --help-config > /dev/full 2>/dev/null", path);
    const int status = system(command);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %d", status);
}
