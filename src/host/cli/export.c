/* vae-cuda export: encoder and decoder as ONNX models. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/remarks.h"
#include "core/file.h"
#include "export/onnx.h"

enum { PARTS = 2 };

/* Where a part goes; "": it is not asked for. */
typedef char part_path[VAE_PATH_SIZE];

/* Where each part goes: the folder is made, the files are not. */
static vae_status choose_paths(const vae_cli_options *o, int part, part_path paths[PARTS])
{
    static const char *const names[PARTS] = {"encoder.onnx", "decoder.onnx"};
    const char *out = o->out;
    const bool is_file = vae_cli_file_kind(out, VAE_FILE_ONNX) != 0;
    if (is_file && part == VAE_CLI_PART_BOTH) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "--out: %s is one file, but encoder and decoder are two; name a folder, or one --part",
                             out);
    }
    if (!is_file && (vae_cli_is_file_name(out) || strcmp(out, "-") == 0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "--out: %s: the output can be a folder or, with one --part, a model (.onnx)", out);
    }
    for (int i = 0; i < PARTS; ++i) {
        paths[i][0] = '\0';
        if (part != i && part != VAE_CLI_PART_BOTH) continue;
        VAE_TRY(vae_path_join(paths[i], VAE_PATH_SIZE, is_file ? "" : out, is_file ? out : names[i]));
    }
    if (!is_file) VAE_TRY(vae_folder_make(out));
    vae_cli_file files[PARTS];
    for (int i = 0; i < PARTS; ++i)
        files[i] = (vae_cli_file){"--out", paths[i][0] ? paths[i] : NULL, VAE_FILE_ONNX};
    return vae_cli_check_files(files, PARTS, o->force);
}

static vae_status write_parts(const vae_cli_options *o, part_path paths[PARTS], const vae_checkpoint *checkpoint)
{
    int length;
    char name[VAE_PATH_SIZE];
    const char *last = vae_path_name(o->run ? o->run : o->checkpoint, &length);
    snprintf(name, sizeof name, "%.*s", length, last);
    for (int i = 0; i < PARTS; ++i) {
        if (!paths[i][0]) continue;
        VAE_TRY(vae_onnx_write(checkpoint, (vae_onnx_part)i, name, paths[i]));
        if (!o->quiet) printf("%s\n", paths[i]);
    }
    return VAE_OK;
}

/* Which parts are written. Of models that have no decoder to export both are the encoder, with a warning. */
static vae_status choose_part(const vae_cli_options *o, const vae_checkpoint *checkpoint, int *part)
{
    *part = o->part;
    if (o->part != (int)VAE_ONNX_DECODER) VAE_TRY(vae_onnx_check(checkpoint, VAE_ONNX_ENCODER));
    if (o->part == (int)VAE_ONNX_ENCODER) return VAE_OK;
    const vae_status status = vae_onnx_check(checkpoint, VAE_ONNX_DECODER);
    if (!status || o->part == (int)VAE_ONNX_DECODER) return status;
    vae_cli_warn("%s; this is all that is written", vae_error_message());
    *part = (int)VAE_ONNX_ENCODER;
    return VAE_OK;
}

static vae_status export(const vae_cli_options *o, const vae_checkpoint *checkpoint)
{
    part_path paths[PARTS];
    int part;
    VAE_TRY(choose_part(o, checkpoint, &part));
    VAE_TRY(choose_paths(o, part, paths));
    return write_parts(o, paths, checkpoint);
}

static vae_status run(vae_cli_options *o)
{
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_cli_find_checkpoint(o, path, sizeof path));
    vae_checkpoint checkpoint;
    VAE_TRY(vae_checkpoint_read(path, &checkpoint));
    const vae_status status = export(o, &checkpoint);
    vae_checkpoint_free(&checkpoint);
    return status;
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_RUN, .group = 1},
    {VAE_OPTION_CHECKPOINT, .group = 1},
    {VAE_OPTION_OUT, .group = 1, .initial = ".", .argument = "DIR",
     .help = "folder for encoder.onnx and decoder.onnx (the current one); with one --part also FILE.onnx"},
    {VAE_OPTION_PART, .group = 2, .initial = "both"},
    {VAE_OPTION_FORCE, .group = 10},
    {VAE_OPTION_QUIET, .group = 10},
    {VAE_OPTION_END},
};

const vae_command vae_command_export = {
    .name = "export",
    .summary = "write encoder and decoder as ONNX models",
    .description =
        "Writes ONNX models for other runtimes: encoder.onnx, from x [batch, height, width, channels] in [0, 1] "
        "to mean and log_variance [batch, latent] (an autoencoder's: to code), and decoder.onnx, from z to image. Of "
        "models of sentences and drawings the encoder alone, as their decoders choose each step by the one before: "
        "from x [batch, steps] or [batch, "
        "steps, 5], begin and end included and padded, and lengths [batch].",
    .picks = picks,
    .run = run,
    .run_sequences = run,
};
