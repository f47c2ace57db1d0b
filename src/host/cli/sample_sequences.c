/* vae-cuda sample of a model of sequences: sentences or drawings from the prior, from a mixture fitted to the training
 * codes, or from a decoder alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/aggregate.h"
#include "cli/array_writer.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/images.h"
#include "cli/sequence_sink.h"
#include "model/runtime.h"

typedef struct sampling {
    const vae_cli_options *o;
    const vae_cli_sequences *s;
    vae_decoding decoding;
    vae_mixture mixture;      /* of --prior aggregate */
    float *codes;             /* [VAE_SEQUENCE_ROWS, latent] */
    vae_sequence_sink *sink;  /* NULL: nothing is decoded, as only codes are asked for */
    vae_array_writer *writer; /* of codes; NULL: not asked for */
} sampling;

static vae_status draw_codes(const sampling *d, int64_t first, int64_t rows)
{
    if (d->s->latent == 0) return VAE_OK;
    VAE_TRY(d->o->prior == VAE_CLI_PRIOR_AGGREGATE
                ? vae_mixture_sample(&d->mixture, d->decoding.seed, 1.0, first, rows, d->codes)
                : vae_model_sample_prior_from(d->s->model, d->decoding.seed, 1.0, first, rows, d->codes));
    return d->writer ? vae_array_writer_add(d->writer, d->codes, rows) : VAE_OK;
}

static vae_status draw_batch(const sampling *d, int64_t first, int64_t rows)
{
    vae_sequence_list made;
    VAE_TRY(draw_codes(d, first, rows));
    if (!d->sink) return VAE_OK;
    VAE_TRY(vae_sequence_list_create(d->s->elements, &made));
    vae_status status = vae_cli_decode_list(d->s, &d->decoding, d->s->latent > 0 ? d->codes : NULL, first, rows, &made);
    if (!status) status = vae_sequence_sink_add_list(d->sink, &made);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status open_sampling(sampling *d)
{
    const vae_cli_options *o = d->o;
    const int64_t sizes[] = {o->count, d->s->latent};
    VAE_TRY(vae_cli_find_decoding(o, d->s, o->temperature, &d->decoding));
    const vae_sequence_sink_plan plan = {
        .path = o->out, .columns = o->columns, .count = o->count, .max_steps = d->decoding.max_steps};
    if (o->codes) VAE_TRY(vae_cli_require_codes(d->s, "--codes"));
    if (o->prior == VAE_CLI_PRIOR_AGGREGATE) VAE_TRY(vae_cli_require_codes(d->s, "--prior aggregate"));
    d->codes = calloc((size_t)(VAE_SEQUENCE_ROWS * d->s->latent + 1), sizeof *d->codes);
    if (!d->codes) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    if (o->prior == VAE_CLI_PRIOR_AGGREGATE) {
        const bool printed = d->s->kind->prints && !o->out && !o->codes;
        VAE_TRY(vae_cli_fit_aggregate(o, d->s->model, d->decoding.seed, o->quiet || printed, &d->mixture));
    }
    if (o->codes) VAE_TRY(vae_array_writer_open(o->codes, 2, sizes, vae_cli_code_names(), &d->writer));
    return o->out || !o->codes ? vae_sequence_sink_open(d->s, &plan, &d->sink) : VAE_OK;
}

static vae_status draw_all(sampling *d)
{
    const int64_t count = d->o->count;
    vae_cli_counter counter = vae_cli_counter_start("sample", count, d->o->quiet);
    for (int64_t first = 0; first < count; first += VAE_SEQUENCE_ROWS) {
        const int64_t rows = count - first < VAE_SEQUENCE_ROWS ? count - first : VAE_SEQUENCE_ROWS;
        VAE_TRY(draw_batch(d, first, rows));
        VAE_TRY(vae_cli_counter_show(&counter, first + rows));
    }
    return VAE_OK;
}

/* Both are given away. */
static vae_status finish_sampling(sampling *d)
{
    vae_sequence_sink *sink = d->sink;
    vae_array_writer *writer = d->writer;
    d->sink = NULL;
    d->writer = NULL;
    const vae_status status = sink ? vae_sequence_sink_finish(sink, d->o->quiet) : VAE_OK;
    if (status) {
        vae_array_writer_abandon(writer);
        return status;
    }
    if (writer) VAE_TRY(vae_array_writer_finish(writer));
    if (writer && !d->o->quiet)
        printf("%s: %" PRId64 " code%s\n", d->o->codes, d->o->count, d->o->count == 1 ? "" : "s");
    return VAE_OK;
}

static vae_status sample(vae_cli_options *o, vae_cli_sequences *s)
{
    sampling d = {.o = o, .s = s};
    vae_status status = open_sampling(&d);
    if (!status) status = draw_all(&d);
    if (!status) status = finish_sampling(&d);
    vae_sequence_sink_abandon(d.sink);
    vae_array_writer_abandon(d.writer);
    vae_mixture_free(&d.mixture);
    free(d.codes);
    return status;
}

vae_status vae_cli_sample_sequences(vae_cli_options *o)
{
    const vae_sequence_kind *kind = vae_sequence_kind_of(o->kind);
    if (o->components > 0 && o->prior != VAE_CLI_PRIOR_AGGREGATE) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--components needs --prior aggregate");
    }
    if (!o->out && !o->codes && !kind->prints) o->out = kind->sample_file;
    const vae_cli_file files[] = {{"--out", o->out, kind->files}, {"--codes", o->codes, VAE_FILE_ARRAY}};
    return vae_cli_use_sequences(o, files, 2, sample);
}
