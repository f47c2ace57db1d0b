/* vae-cuda report: a run, or several, as one HTML page. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/info.h"
#include "cli/report_columns.h"
#include "cli/report_sequences.h"
#include "core/file.h"
#include "report/page.h"

enum { MAX_RUNS = 16 };

/* The training program as `info` prints it. */
static vae_status make_listing(vae_page_run *run)
{
    const vae_checkpoint *c = &run->checkpoint;
    vae_program program;
    size_t size;
    VAE_TRY(vae_design_build(&c->design, vae_cli_shown_build(&c->design), &program));
    FILE *text = open_memstream(&run->listing, &size);
    if (text) vae_cli_print_program(text, &c->design.config, &program);
    vae_program_free(&program);
    if (text && !fclose(text)) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", run->folder.path);
}

static vae_status open_run(const vae_cli_options *o, const char *folder, vae_page_run *run)
{
    vae_cli_options of_run = *o;
    char checkpoint[VAE_PATH_SIZE];
    of_run.run = folder;
    VAE_TRY(vae_cli_find_checkpoint(&of_run, checkpoint, sizeof checkpoint));
    VAE_TRY(vae_page_run_open(run, folder, checkpoint, o->pictures));
    VAE_TRY(make_listing(run));
    VAE_TRY(vae_cli_report_sequences(&of_run, run));
    return run->checkpoint.design.input.kind == VAE_KIND_IMAGE ? vae_cli_report_columns(&of_run, run) : VAE_OK;
}

static vae_status write_report(const vae_cli_options *o)
{
    const int count = 1 + o->compare.count;
    vae_page_run *runs = calloc((size_t)count, sizeof *runs);
    if (!runs) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    vae_status status = VAE_OK;
    for (int i = 0; i < count && !status; ++i)
        status = open_run(o, i == 0 ? o->runs.values[0] : o->compare.values[i - 1], &runs[i]);
    if (!status) status = vae_page_write(o->out, runs, count, (vae_page_explorer)o->explorer);
    if (!status && !o->quiet) printf("%s\n", o->out);
    for (int i = 0; i < count; ++i)
        vae_page_run_close(&runs[i]);
    free(runs);
    return status;
}

static vae_status run(vae_cli_options *o)
{
    if (o->runs.count > 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--run: given twice; further runs are given with --compare DIR");
    }
    if (o->compare.count >= MAX_RUNS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--compare: at most %d runs fit a page", MAX_RUNS);
    }
    if (o->runs.count == 0) return vae_error_set(VAE_ERROR_ARGUMENT, "--run DIR is missing");
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_HTML}};
    VAE_TRY(vae_cli_check_outputs(o, files, 1));
    return write_report(o);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_RUNS, .group = 1, .help = "the run folder"},
    {VAE_OPTION_SET, .group = 1, .argument = "data.KEY=VALUE",
     .help = "where data of measured numbers are now: data.train_data=PATH, and so on"},
    {VAE_OPTION_OUT, .group = 1, .initial = "report.html", .help = "what to write (report.html)"},
    {VAE_OPTION_COMPARE, .group = 1},
    {VAE_OPTION_EXPLORER, .group = 2, .initial = "auto"},
    {VAE_OPTION_PICTURES, .group = 2, .initial = "50"},
    {VAE_OPTION_FORCE, .group = 10, .help = "replace an existing file"},
    {VAE_OPTION_QUIET, .group = 10},
    {VAE_OPTION_END},
};

const vae_command vae_command_report = {
    .name = "report",
    .summary = "write a run, or several, as one HTML page",
    .description =
        "Writes one HTML page that needs nothing else: curves, samples and reconstructions by epoch, the KL of "
        "each latent dimension, a live explorer of the latent space, the program, the configuration and the "
        "machine; of a model of measured numbers also how columns of draws are distributed and correlated, beside "
        "those of its data. With --compare, the curves of several runs are overlaid.",
    .picks = picks,
    .run = run,
};
