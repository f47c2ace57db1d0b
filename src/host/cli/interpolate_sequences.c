/* vae-cuda interpolate of a model of sequences: what lies between two codes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/array_writer.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/images.h"
#include "cli/sequence_input.h"
#include "cli/sequence_sink.h"
#include "core/file.h"
#include "draw/axes.h"
#include "model/interpolate.h"
#include "model/runtime.h"

/* Items that an option names. */
typedef struct end {
    const char *option, *text; /* NULL: draws from the prior */
    bool numbered;             /* by their numbers, or as the kind of item takes them */
    int64_t numbers[VAE_CLI_MAX_PAIRS];
    float *codes; /* [count, latent] */
    int64_t count;
} end;

typedef struct ends {
    end from, to; /* as many of each as there are pairs */
    int64_t pairs;
} ends;

enum { NAME_SIZE = 128 };

/* ---- Ends ---- */

static bool is_list_of_numbers(const char *text)
{
    return text[0] && text[strspn(text, "0123456789,")] == '\0';
}

static vae_status take_end(const vae_cli_options *o, const vae_cli_sequences *s, end *e, vae_sequence_list *list)
{
    int count = 0;
    vae_sequence_input input;
    if (!e->numbered) return s->kind->read(s, e->option, e->text, list);
    VAE_TRY(vae_cli_parse_list(e->option, e->text, e->numbers, VAE_CLI_MAX_PAIRS, &count));
    VAE_TRY(vae_sequence_input_open(s, &o->images, &input));
    const vae_status status = vae_sequence_list_take(input.dataset, e->numbers, count, list);
    vae_sequence_input_close(&input);
    return status;
}

static vae_status encode_end(const vae_cli_options *o, const vae_cli_sequences *s, const char *option, const char *text,
                             end *e)
{
    vae_sequence_list list;
    e->option = option;
    e->text = text;
    e->numbered = is_list_of_numbers(text);
    VAE_TRY(vae_sequence_list_create(s->elements, &list));
    vae_status status = take_end(o, s, e, &list);
    if (!status) status = vae_cli_encode_list(s, &list, &e->codes);
    e->count = list.count;
    vae_sequence_list_free(&list);
    return status;
}

static vae_status encode_ends(const vae_cli_options *o, const vae_cli_sequences *s, ends *e)
{
    VAE_TRY(encode_end(o, s, "--from", o->from, &e->from));
    VAE_TRY(encode_end(o, s, "--to", o->to, &e->to));
    e->pairs = e->from.count;
    if (e->pairs == e->to.count) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--from names %lld %s, but --to %lld", (long long)e->pairs,
                         s->words->items, (long long)e->to.count);
}

/* One draw of both ends, as of images: rows 0 … n-1 and n … 2n-1 of it. */
static vae_status draw_ends(const vae_cli_options *o, const vae_cli_sequences *s, ends *e)
{
    const uint64_t seed = o->seed >= 0 ? (uint64_t)o->seed : 1;
    const size_t numbers = (size_t)(o->pairs * s->latent);
    e->pairs = o->pairs;
    e->from.codes = malloc(numbers * sizeof *e->from.codes);
    e->to.codes = malloc(numbers * sizeof *e->to.codes);
    if (!e->from.codes || !e->to.codes) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    VAE_TRY(vae_model_sample_prior_from(s->model, seed, 1.0, 0, o->pairs, e->from.codes));
    return vae_model_sample_prior_from(s->model, seed, 1.0, o->pairs, o->pairs, e->to.codes);
}

/* ---- Strips ---- */

static void fill_strip(const vae_cli_options *o, const vae_cli_sequences *s, const ends *e, int64_t pair, float *codes)
{
    const float *from = e->from.codes + pair * s->latent, *to = e->to.codes + pair * s->latent;
    for (int64_t i = 0; i < o->steps; ++i) {
        const double t = (double)i / (double)(o->steps - 1);
        if (o->mode == VAE_CLI_MODE_SPHERICAL) {
            vae_interpolate_spherical(from, to, s->latent, t, codes + i * s->latent);
        } else {
            vae_interpolate_linear(from, to, s->latent, t, codes + i * s->latent);
        }
    }
}

/* "drawing 3", or the file that it is of. */
static void name_end(const vae_cli_sequences *s, const end *e, int64_t pair, char *name, size_t size)
{
    int length;
    const char *file = vae_path_name(e->text, &length);
    if (e->numbered) {
        snprintf(name, size, "%s %" PRId64, s->words->item, e->numbers[pair]);
    } else {
        snprintf(name, size, "%.*s", length, file);
    }
}

static vae_status begin_strip(const vae_cli_sequences *s, const ends *e, int64_t pair, vae_sequence_sink *sink)
{
    char from[NAME_SIZE], to[NAME_SIZE], name[2 * NAME_SIZE + 8];
    if (!e->from.text) {
        snprintf(name, sizeof name, "pair %" PRId64, pair);
        return vae_sequence_sink_strip(sink, name);
    }
    name_end(s, &e->from, pair, from, sizeof from);
    name_end(s, &e->to, pair, to, sizeof to);
    snprintf(name, sizeof name, "%s\nto %s", from, to);
    return vae_sequence_sink_strip(sink, name);
}

/* Each with its share of the way. */
static vae_status add_items(const vae_sequence_list *made, vae_sequence_sink *sink)
{
    for (int64_t i = 0; i < made->count; ++i) {
        char label[16];
        vae_sequence_shown one = {.label = label};
        vae_plot_number((double)i / (double)(made->count - 1), 2, label, sizeof label);
        one.rows = vae_sequence_list_item(made, i, &one.count);
        VAE_TRY(vae_sequence_sink_add(sink, &one));
    }
    return VAE_OK;
}

static vae_status add_strip(const vae_cli_options *o, const vae_cli_sequences *s, const vae_decoding *decoding,
                            const ends *e, const float *codes, int64_t pair, vae_sequence_sink *sink)
{
    vae_sequence_list made;
    VAE_TRY(vae_sequence_list_create(s->elements, &made));
    vae_status status = vae_cli_decode_list(s, decoding, codes, pair * o->steps, o->steps, &made);
    if (!status) status = begin_strip(s, e, pair, sink);
    if (!status) status = add_items(&made, sink);
    vae_sequence_list_free(&made);
    return status;
}

static vae_status show_strips(const vae_cli_options *o, const vae_cli_sequences *s, const ends *e, float *codes)
{
    vae_decoding decoding;
    vae_sequence_sink *sink;
    VAE_TRY(vae_cli_find_decoding(o, s, s->choice->temperature, &decoding));
    const vae_sequence_sink_plan plan = {
        .path = o->out, .columns = o->steps, .count = e->pairs * o->steps, .max_steps = decoding.max_steps};
    vae_cli_counter counter = vae_cli_counter_start("interpolate", e->pairs, o->quiet);
    VAE_TRY(vae_sequence_sink_open(s, &plan, &sink));
    vae_status status = VAE_OK;
    for (int64_t pair = 0; !status && pair < e->pairs; ++pair) {
        float *strip = codes + pair * o->steps * s->latent;
        fill_strip(o, s, e, pair, strip);
        status = add_strip(o, s, &decoding, e, strip, pair, sink);
        if (!status) status = vae_cli_counter_show(&counter, pair + 1);
    }
    if (!status && o->codes) status = vae_cli_write_codes(o->codes, codes, e->pairs * o->steps, s->latent);
    if (!status) return vae_sequence_sink_finish(sink, o->quiet);
    vae_sequence_sink_abandon(sink);
    return status;
}

static vae_status interpolate(vae_cli_options *o, vae_cli_sequences *s)
{
    ends e = {.pairs = 0};
    VAE_TRY(vae_cli_require_codes(s, "interpolate"));
    vae_status status = o->pairs > 0 ? draw_ends(o, s, &e) : encode_ends(o, s, &e);
    if (!status) {
        float *codes = malloc((size_t)(e.pairs * o->steps * s->latent) * sizeof *codes);
        status = codes ? show_strips(o, s, &e, codes) : vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
        free(codes);
    }
    free(e.from.codes);
    free(e.to.codes);
    return status;
}

static vae_status check_options(const vae_cli_options *o)
{
    if (o->pairs > 0 && (o->from || o->to || o->images.input || o->images.split)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--prior needs no data: --from, --to, --input and --split cannot be "
                                                 "given with it");
    }
    if ((o->from && o->to) || o->pairs > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--from and --to, or --prior, are missing");
}

vae_status vae_cli_interpolate_sequences(vae_cli_options *o)
{
    const vae_sequence_kind *kind = vae_sequence_kind_of(o->kind);
    VAE_TRY(check_options(o));
    if (!o->out && !kind->prints) o->out = "interpolation.png";
    const vae_cli_file files[] = {{"--out", o->out, kind->files},
                                  {"--codes", o->codes, VAE_FILE_ARRAY},
                                  {"--input", o->images.input, VAE_FILE_READ}};
    return vae_cli_use_sequences(o, files, 3, interpolate);
}
