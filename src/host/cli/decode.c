/* vae-cuda decode: codes to images. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/image_sink.h"
#include "cli/images.h"
#include "cli/sequences.h"
#include "model/runtime.h"

static vae_status decode_batches(const vae_cli_options *o, vae_model *model, const vae_npy_array *codes, float *images,
                                 vae_image_sink *sink)
{
    const int64_t count = codes->sizes[0], latent = codes->sizes[1];
    vae_cli_counter counter = vae_cli_counter_start("decode", count, o->quiet);
    for (int64_t first = 0; first < count; first += VAE_CLI_BATCH) {
        const int64_t rows = count - first < VAE_CLI_BATCH ? count - first : VAE_CLI_BATCH;
        const vae_status status = vae_model_decode(model, codes->values + first * latent, rows, images);
        if (status) return first ? vae_error_prepend(status, "from row %" PRId64 " on", first) : status;
        VAE_TRY(vae_image_sink_add(sink, NULL, images, rows));
        VAE_TRY(vae_cli_counter_show(&counter, first + rows));
    }
    return VAE_OK;
}

static vae_status decode_codes(const vae_cli_options *o, vae_model *model, const vae_npy_array *codes)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_sink_plan plan = {.paths = {o->out, o->png},
                                .shape = shape,
                                .layout = vae_model_config(model)->data.layout,
                                .names = vae_cli_data_names(model),
                                .numbers = vae_model_input(model)->dtype == VAE_FLOAT32,
                                .count = codes->sizes[0],
                                .columns = o->columns};
    vae_image_sink *sink;
    float *images = calloc((size_t)(VAE_CLI_BATCH * shape.elements), sizeof *images);
    if (!images) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    vae_status status = vae_image_sink_open(&plan, &sink);
    if (!status) status = decode_batches(o, model, codes, images, sink);
    free(images);
    if (!status) return vae_image_sink_finish(sink, o->quiet);
    vae_image_sink_abandon(sink);
    return status;
}

static vae_status decode(vae_cli_options *o, vae_model *model)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    vae_npy_array codes;
    VAE_TRY(vae_cli_read_array(o->images.input, &codes));
    const bool fits = codes.rank == 2 && codes.sizes[1] == latent && codes.sizes[0] > 0;
    const vae_status status =
        fits ? decode_codes(o, model, &codes)
             : vae_error_set(VAE_ERROR_SHAPE,
                             "%s: %d dimensions and %" PRId64 " numbers, but codes are an array [count, %" PRId64 "]",
                             o->images.input, codes.rank, codes.count, latent);
    vae_npy_free(&codes);
    return status;
}

static vae_status run(vae_cli_options *o)
{
    if (!o->images.input) return vae_error_set(VAE_ERROR_ARGUMENT, "--input FILE is missing");
    if (!o->out) o->out = "images.npy";
    const vae_cli_file files[] = {{"--out", o->out, VAE_SINK_KINDS},
                                  {"--png", o->png, VAE_FILE_PNG},
                                  {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_model(o, files, 3, decode);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_INPUT, .group = 2, .argument = "FILE", .help = "codes, an array [count, latent], .npy or .csv"},
    {VAE_OPTION_PNG, .group = 2, .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_COLUMNS, .group = 2, .initial = "8", .kinds = VAE_CLI_IMAGES | VAE_CLI_DRAWINGS | VAE_CLI_MUSIC},
    {VAE_OPTION_OUT, .group = 1},
    {VAE_OPTION_TEMPERATURE, .group = 4, .help = VAE_CLI_CODE_TEMPERATURE, .kinds = VAE_CLI_SEQUENCES},
    VAE_CLI_DECODING_PICKS,
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_decode = {
    .name = "decode",
    .summary = "turn codes into images (.npy, .csv, PNG)",
    .description =
        "Decodes codes and writes the images, in [0, 1], as a float32 array, images.npy unless --out names "
        "another file; or as a table (.csv), a grid (.png), or, with --out FOLDER/, as one numbered PNG each."
        " Sentences are printed instead, or written to --out FILE.txt; drawings can also become an SVG; music is "
        "written "
        "as MIDI (.mid), or drawn as piano rolls (.png, .svg).",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_decode_sequences,
};
