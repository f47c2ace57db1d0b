/* vae-cuda encode: images to codes. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/array_writer.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/images.h"
#include "cli/input.h"
#include "cli/sequences.h"
#include "cli/table.h"

/* What is written, and room for a batch of it. */
typedef struct encoding {
    vae_array_writer *means, *log_variances; /* the latter NULL where not asked for */
    vae_cli_table *table;
    float *mean, *log_variance; /* [VAE_CLI_BATCH, latent] */
} encoding;

static vae_status encode_batch(vae_model *model, const encoding *e, const vae_image_batch *batch)
{
    VAE_TRY(vae_model_encode(model, batch->pixels, batch->count, e->mean, e->log_variance));
    VAE_TRY(vae_array_writer_add(e->means, e->mean, batch->count));
    if (e->log_variances) VAE_TRY(vae_array_writer_add(e->log_variances, e->log_variance, batch->count));
    return vae_cli_table_add(e->table, batch, NULL, NULL);
}

static vae_status open_encoding(const vae_cli_options *o, int64_t count, int64_t latent, encoding *e)
{
    const int64_t sizes[] = {count, latent};
    e->mean = calloc((size_t)(2 * VAE_CLI_BATCH * latent), sizeof *e->mean);
    if (!e->mean) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    e->log_variance = e->mean + VAE_CLI_BATCH * latent;
    VAE_TRY(vae_array_writer_open(o->out, 2, sizes, vae_cli_code_names(), &e->means));
    if (o->log_variance) {
        const vae_csv_names names = {.prefix = "log_variance"};
        VAE_TRY(vae_array_writer_open(o->log_variance, 2, sizes, names, &e->log_variances));
    }
    return vae_cli_table_open(o->names, NULL, !o->images.input, &e->table);
}

static vae_status encode_all(const vae_cli_options *o, vae_model *model, vae_cli_input *input, encoding *e,
                             int64_t *done)
{
    const int64_t count = vae_cli_input_count(input);
    vae_cli_counter counter = vae_cli_counter_start("encode", count, o->quiet);
    VAE_TRY(open_encoding(o, count, vae_model_get_shape(model).latent, e));
    vae_image_batch batch = {.count = 1};
    while (batch.count > 0) {
        VAE_TRY(vae_cli_input_next(input, VAE_CLI_BATCH, &batch));
        if (batch.count > 0) VAE_TRY(encode_batch(model, e, &batch));
        *done += batch.count;
        VAE_TRY(vae_cli_counter_show(&counter, *done));
    }
    return VAE_OK;
}

/* Each is given away, whatever comes of it. */
static vae_status finish_encoding(encoding *e)
{
    encoding given = *e;
    e->means = e->log_variances = NULL;
    e->table = NULL;
    vae_status status = vae_array_writer_finish(given.means);
    if (!status && given.log_variances) {
        status = vae_array_writer_finish(given.log_variances);
        given.log_variances = NULL;
    }
    if (!status) return vae_cli_table_finish(given.table);
    vae_array_writer_abandon(given.log_variances);
    vae_cli_table_abandon(given.table);
    return status;
}

static vae_status encode(vae_cli_options *o, vae_model *model)
{
    vae_cli_input *input;
    encoding e = {.table = NULL};
    int64_t done = 0;
    VAE_TRY(vae_cli_input_open(model, &o->images, &input));
    vae_status status = encode_all(o, model, input, &e, &done);
    const char *tells = status ? NULL : vae_cli_table_tells(e.table);
    if (!status) status = finish_encoding(&e);
    vae_cli_input_close(input);
    vae_array_writer_abandon(e.means);
    vae_array_writer_abandon(e.log_variances);
    vae_cli_table_abandon(e.table);
    free(e.mean);
    if (!status && !o->quiet) {
        printf("%s: %" PRId64 " code%s of %" PRId64 ", %s %s in %s\n", o->out, done, done == 1 ? "" : "s",
               vae_model_get_shape(model).latent, done == 1 ? "image" : "images", tells, o->names);
    }
    return status;
}

static vae_status run(vae_cli_options *o)
{
    char beside[VAE_PATH_SIZE];
    vae_cli_table_path(o->out, beside);
    if (!o->names) o->names = beside;
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_ARRAY},
                                  {"--log-variance", o->log_variance, VAE_FILE_ARRAY},
                                  {"--names", o->names, VAE_FILE_CSV},
                                  {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_model(o, files, 4, encode);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_LOG_VARIANCE, .group = 3},
    {VAE_OPTION_NAMES, .group = 3},
    {VAE_OPTION_OUT, .group = 1, .initial = "codes.npy"},
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_SPLIT, .group = 2},
    VAE_CLI_INPUT_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_encode = {
    .name = "encode",
    .summary = "turn images into codes (.npy, .csv)",
    .description =
        "Writes the posterior means of images as a float32 array [images, latent], codes.npy unless --out names "
        "another file, or as a table (.csv), and beside it a table that names the images row by row. Memory does not "
        "grow with their "
        "number."
        "\vWith posterior = planar a code is where the flow takes the mean of its Gaussian, and log σ² is that of "
        "this Gaussian. With several stochastic layers codes are of the first, which the decoder reads; an "
        "autoencoder's are what its encoder gives, and their log σ² is -inf.",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_encode_sequences,
};
