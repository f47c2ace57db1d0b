/* vae-cuda export: encoder and decoder as ONNX models. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "core/file.h"
#include "export/onnx.h"

enum option_key { RUN = 1, CHECKPOINT, OUT, PART, FORCE, QUIET };
enum { PARTS = 2 };

typedef struct export_options {
    vae_cli_options shared;
    bool parts[PARTS];                /* by vae_onnx_part */
    char paths[PARTS][VAE_PATH_SIZE]; /* "" for a part that is not asked for */
} export_options;

static const struct argp_option options_table[] = {
    {"run", RUN, "DIR", 0, "a run folder: its best checkpoint, else its last", 1},
    {"checkpoint", CHECKPOINT, "FILE", 0, "a checkpoint file", 1},
    {"out", OUT, "DIR", 0, "folder for encoder.onnx and decoder.onnx (the current one); with one --part also FILE.onnx",
     1},
    {"part", PART, "NAME", 0, "encoder, decoder or both (default)", 2},
    {"force", FORCE, 0, 0, "replace existing files", 10},
    {"quiet", QUIET, 0, 0, "print errors only", 10},
    {0},
};

static error_t parse_part(const char *text, export_options *o)
{
    const bool both = strcmp(text, "both") == 0;
    o->parts[VAE_ONNX_ENCODER] = both || strcmp(text, "encoder") == 0;
    o->parts[VAE_ONNX_DECODER] = both || strcmp(text, "decoder") == 0;
    if (o->parts[VAE_ONNX_ENCODER] || o->parts[VAE_ONNX_DECODER]) return 0;
    vae_error_set(VAE_ERROR_ARGUMENT, "--part: '%s' is not encoder, decoder or both", text);
    return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    export_options *o = state->input;
    switch (key) {
    case RUN: o->shared.run = argument; return 0;
    case CHECKPOINT: o->shared.checkpoint = argument; return 0;
    case OUT: o->shared.out = argument; return 0;
    case PART: return parse_part(argument, o);
    case FORCE: o->shared.force = true; return 0;
    case QUIET: o->shared.quiet = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Where each part goes: the folder is made, the files are not. */
static vae_status choose_paths(export_options *o)
{
    static const char *const names[PARTS] = {"encoder.onnx", "decoder.onnx"};
    const char *out = o->shared.out;
    const bool is_file = vae_cli_file_kind(out, VAE_FILE_ONNX) != 0;
    if (is_file && o->parts[0] && o->parts[1]) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "--out: %s is one file, but encoder and decoder are two; name a folder, or one --part",
                             out);
    }
    if (!is_file && (vae_cli_is_file_name(out) || strcmp(out, "-") == 0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "--out: %s: the output can be a folder or, with one --part, a model (.onnx)", out);
    }
    for (int i = 0; i < PARTS; ++i) {
        if (!o->parts[i]) continue;
        VAE_TRY(vae_path_join(o->paths[i], VAE_PATH_SIZE, is_file ? "" : out, is_file ? out : names[i]));
    }
    if (!is_file) VAE_TRY(vae_folder_make(out));
    vae_cli_file files[PARTS];
    for (int i = 0; i < PARTS; ++i)
        files[i] = (vae_cli_file){"--out", o->parts[i] ? o->paths[i] : NULL, VAE_FILE_ONNX};
    return vae_cli_check_files(files, PARTS, o->shared.force);
}

static vae_status write_parts(const export_options *o, const vae_checkpoint *checkpoint)
{
    int length;
    char name[VAE_PATH_SIZE];
    const char *last = vae_path_name(o->shared.run ? o->shared.run : o->shared.checkpoint, &length);
    snprintf(name, sizeof name, "%.*s", length, last);
    for (int i = 0; i < PARTS; ++i) {
        if (!o->parts[i]) continue;
        VAE_TRY(vae_onnx_write(checkpoint, (vae_onnx_part)i, name, o->paths[i]));
        if (!o->shared.quiet) printf("%s\n", o->paths[i]);
    }
    return VAE_OK;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc =
            "Writes ONNX models for other runtimes: encoder.onnx, from x [batch, height, width, channels] in [0, 1] "
            "to mean and log_variance [batch, latent] (an autoencoder's: to code), and decoder.onnx, from z to image.",
    };
    export_options o = {.shared = vae_cli_options_none(), .parts = {true, true}};
    bool done;
    o.shared.out = ".";
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_cli_find_checkpoint(&o.shared, path, sizeof path));
    VAE_TRY(choose_paths(&o));
    vae_checkpoint checkpoint;
    VAE_TRY(vae_checkpoint_read(path, &checkpoint));
    const vae_status status = write_parts(&o, &checkpoint);
    vae_checkpoint_free(&checkpoint);
    return status;
}

const vae_command vae_command_export = {"export", "write encoder and decoder as ONNX models", run};
