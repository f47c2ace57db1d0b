/* vae-cuda report: a run, or several, as one HTML page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/info.h"
#include "core/file.h"
#include "report/page.h"

enum option_key { RUN = 1, OUT, COMPARE, EXPLORER, PICTURES, FORCE, QUIET };
enum { MAX_RUNS = 16 };

typedef struct report_options {
    vae_cli_options shared;
    const char *runs[MAX_RUNS];
    int run_count;
    vae_page_explorer explorer;
    int64_t pictures;
} report_options;

static const struct argp_option options_table[] = {
    {"run", RUN, "DIR", 0, "the run folder", 1},
    {"out", OUT, "FILE", 0, "what to write (report.html)", 1},
    {"compare", COMPARE, "DIR", 0, "another run for the same page; may be given several times", 1},
    {"explorer", EXPLORER, "WHEN", 0, "embed the decoder: auto (up to 16 MiB of weights), always or never", 2},
    {"pictures", PICTURES, "N", 0, "at most N epochs of pictures, evenly spaced (50)", 2},
    {"force", FORCE, 0, 0, "replace an existing file", 10},
    {"quiet", QUIET, 0, 0, "print errors only", 10},
    {0},
};

static error_t set_run(report_options *o, const char *run)
{
    if (!o->runs[0]) {
        o->runs[0] = run;
        return 0;
    }
    vae_error_set(VAE_ERROR_ARGUMENT, "--run: given twice; further runs are given with --compare DIR");
    return EINVAL;
}

/* Place 0 is that of --run, which may come later. */
static error_t add_run(report_options *o, const char *run)
{
    if (o->run_count < MAX_RUNS) {
        o->runs[o->run_count++] = run;
        return 0;
    }
    vae_error_set(VAE_ERROR_ARGUMENT, "--compare: at most %d runs fit a page", MAX_RUNS);
    return EINVAL;
}

static error_t set_explorer(report_options *o, const char *text)
{
    static const char *const names[] = {"auto", "always", "never"};
    for (int i = 0; i < 3; ++i) {
        if (strcmp(text, names[i]) != 0) continue;
        o->explorer = (vae_page_explorer)i;
        return 0;
    }
    vae_error_set(VAE_ERROR_ARGUMENT, "--explorer: '%s' is not one of auto, always, never", text);
    return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    report_options *o = state->input;
    switch (key) {
    case RUN: return set_run(o, argument);
    case OUT: o->shared.out = argument; return 0;
    case COMPARE: return add_run(o, argument);
    case EXPLORER: return set_explorer(o, argument);
    case PICTURES: return vae_cli_parse_integer("--pictures", argument, 1, 1000000, &o->pictures) ? EINVAL : 0;
    case FORCE: o->shared.force = true; return 0;
    case QUIET: o->shared.quiet = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The training program as `info` prints it. */
static vae_status make_listing(vae_page_run *run)
{
    const vae_checkpoint *c = &run->checkpoint;
    vae_program program;
    size_t size;
    VAE_TRY(vae_model_build_train(&c->config, &c->input, &c->layout, c->config.train.batch_size, &program));
    FILE *text = open_memstream(&run->listing, &size);
    if (text) vae_cli_print_program(text, &c->config, &program);
    vae_program_free(&program);
    if (text && !fclose(text)) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", run->folder.path);
}

static vae_status open_run(const report_options *o, const char *folder, vae_page_run *run)
{
    vae_cli_options shared = o->shared;
    char checkpoint[VAE_PATH_SIZE];
    shared.run = folder;
    VAE_TRY(vae_cli_find_checkpoint(&shared, checkpoint, sizeof checkpoint));
    VAE_TRY(vae_page_run_open(run, folder, checkpoint, o->pictures));
    return make_listing(run);
}

static vae_status write_report(const report_options *o)
{
    vae_page_run *runs = calloc(MAX_RUNS, sizeof *runs);
    if (!runs) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    vae_status status = VAE_OK;
    for (int i = 0; i < o->run_count && !status; ++i)
        status = open_run(o, o->runs[i], &runs[i]);
    if (!status) status = vae_page_write(o->shared.out, runs, o->run_count, o->explorer);
    if (!status && !o->shared.quiet) printf("%s\n", o->shared.out);
    for (int i = 0; i < o->run_count; ++i)
        vae_page_run_close(&runs[i]);
    free(runs);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Writes one HTML page that needs nothing else: curves, samples and reconstructions by epoch, the KL of "
               "each latent dimension, a live explorer of the latent space, the program, the configuration and the "
               "machine. With --compare, the curves of several runs are overlaid.",
    };
    report_options o = {.shared = vae_cli_options_none(), .run_count = 1, .pictures = 50};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.runs[0]) return vae_error_set(VAE_ERROR_ARGUMENT, "--run DIR is missing");
    if (!o.shared.out) o.shared.out = "report.html";
    const vae_cli_file files[] = {{"--out", o.shared.out, VAE_FILE_HTML}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 1));
    return write_report(&o);
}

const vae_command vae_command_report = {"report", "write a run, or several, as one HTML page", run};
