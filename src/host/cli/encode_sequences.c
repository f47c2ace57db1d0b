/* vae-cuda encode and decode of a model of sequences: items to codes, and codes to items. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/array_writer.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/images.h"
#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"
#include "cli/table.h"

/* ---- encode ---- */

/* What is written; a failure of a writer waits here, as takers of codes give none. */
typedef struct encoding {
    vae_array_writer *means, *log_variances; /* the latter NULL where not asked for */
    vae_status status;
} encoding;

static void take_codes(void *context, int64_t first, int64_t rows, const float *mean, const float *log_variance)
{
    encoding *e = context;
    (void)first;
    if (!e->status) e->status = vae_array_writer_add(e->means, mean, rows);
    if (!e->status && e->log_variances) e->status = vae_array_writer_add(e->log_variances, log_variance, rows);
}

/* Which item each row is of; *tells: what the table says of them. */
static vae_status write_table(const char *path, const vae_dataset *dataset, bool own, const char **tells)
{
    const vae_image_batch all = {
        .count = dataset->count, .labels = dataset->labels, .classes = &dataset->classes, .names = dataset->names};
    vae_cli_table *table;
    VAE_TRY(vae_cli_table_open(path, NULL, own, &table));
    const vae_status status = vae_cli_table_add(table, &all, NULL, NULL);
    *tells = vae_cli_table_tells(table);
    if (!status) return vae_cli_table_finish(table);
    vae_cli_table_abandon(table);
    return status;
}

static vae_status encode_dataset(const vae_cli_options *o, const vae_cli_sequences *s, const vae_dataset *dataset)
{
    const int64_t sizes[] = {dataset->count, s->latent};
    const vae_csv_names names = {.prefix = "log_variance"};
    encoding e = {.status = VAE_OK};
    vae_status status = vae_array_writer_open(o->out, 2, sizes, vae_cli_code_names(), &e.means);
    if (!status && o->log_variance) {
        status = vae_array_writer_open(o->log_variance, 2, sizes, names, &e.log_variances);
    }
    if (!status) status = vae_cli_encode_each(s->model, dataset, take_codes, &e);
    if (!status) status = e.status;
    if (status) {
        vae_array_writer_abandon(e.means);
        vae_array_writer_abandon(e.log_variances);
        return status;
    }
    status = vae_array_writer_finish(e.means);
    if (!e.log_variances) return status;
    if (!status) return vae_array_writer_finish(e.log_variances);
    vae_array_writer_abandon(e.log_variances);
    return status;
}

static vae_status encode(vae_cli_options *o, vae_cli_sequences *s)
{
    vae_sequence_input input;
    const char *tells = NULL;
    VAE_TRY(vae_cli_require_codes(s, "encode"));
    VAE_TRY(vae_sequence_input_open(s, &o->images, &input));
    vae_status status = encode_dataset(o, s, input.dataset);
    if (!status) status = write_table(o->names, input.dataset, !o->images.input, &tells);
    if (!status && !o->quiet) {
        const int64_t count = input.dataset->count;
        printf("%s: %" PRId64 " code%s of %" PRId64 ", %s %s in %s\n", o->out, count, count == 1 ? "" : "s", s->latent,
               vae_kind_items(s->words, count), tells, o->names);
    }
    vae_sequence_input_close(&input);
    return status;
}

vae_status vae_cli_encode_sequences(vae_cli_options *o)
{
    char beside[VAE_PATH_SIZE];
    vae_cli_table_path(o->out, beside);
    if (!o->names) o->names = beside;
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_ARRAY},
                                  {"--log-variance", o->log_variance, VAE_FILE_ARRAY},
                                  {"--names", o->names, VAE_FILE_CSV},
                                  {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_sequences(o, files, 4, encode);
}

/* ---- decode ---- */

static vae_status decode_batches(const vae_cli_options *o, const vae_cli_sequences *s, const vae_decoding *decoding,
                                 const vae_npy_array *codes, vae_sequence_sink *sink)
{
    const int64_t count = codes->sizes[0];
    vae_cli_counter counter = vae_cli_counter_start("decode", count, o->quiet);
    for (int64_t first = 0; first < count; first += VAE_SEQUENCE_ROWS) {
        const int64_t rows = count - first < VAE_SEQUENCE_ROWS ? count - first : VAE_SEQUENCE_ROWS;
        vae_sequence_list made;
        VAE_TRY(vae_sequence_list_create(s->elements, &made));
        vae_status status = vae_cli_decode_list(s, decoding, codes->values + first * s->latent, first, rows, &made);
        if (!status) status = vae_sequence_sink_add_list(sink, &made);
        vae_sequence_list_free(&made);
        if (status) return first ? vae_error_prepend(status, "from row %" PRId64 " on", first) : status;
        VAE_TRY(vae_cli_counter_show(&counter, first + rows));
    }
    return VAE_OK;
}

static vae_status decode_codes(const vae_cli_options *o, const vae_cli_sequences *s, const vae_npy_array *codes)
{
    vae_decoding decoding;
    vae_sequence_sink *sink;
    VAE_TRY(vae_cli_find_decoding(o, s, s->choice->temperature, &decoding));
    const vae_sequence_sink_plan plan = {
        .path = o->out, .columns = o->columns, .count = codes->sizes[0], .max_steps = decoding.max_steps};
    VAE_TRY(vae_sequence_sink_open(s, &plan, &sink));
    const vae_status status = decode_batches(o, s, &decoding, codes, sink);
    if (!status) return vae_sequence_sink_finish(sink, o->quiet);
    vae_sequence_sink_abandon(sink);
    return status;
}

static vae_status decode(vae_cli_options *o, vae_cli_sequences *s)
{
    vae_npy_array codes;
    VAE_TRY(vae_cli_require_codes(s, "decode"));
    VAE_TRY(vae_cli_read_array(o->images.input, &codes));
    const bool fits = codes.rank == 2 && codes.sizes[1] == s->latent && codes.sizes[0] > 0;
    const vae_status status =
        fits ? decode_codes(o, s, &codes)
             : vae_error_set(VAE_ERROR_SHAPE,
                             "%s: %d dimensions and %" PRId64 " numbers, but codes are an array [count, %" PRId64 "]",
                             o->images.input, codes.rank, codes.count, s->latent);
    vae_npy_free(&codes);
    return status;
}

vae_status vae_cli_decode_sequences(vae_cli_options *o)
{
    const vae_sequence_kind *kind = vae_sequence_kind_of(o->kind);
    if (!o->images.input) return vae_error_set(VAE_ERROR_ARGUMENT, "--input FILE is missing");
    if (!o->out && !kind->prints) o->out = "drawings.png";
    const vae_cli_file files[] = {{"--out", o->out, kind->files}, {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_sequences(o, files, 2, decode);
}
