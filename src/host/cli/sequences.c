/* Opens models of sequences for commands, and goes from sequences to codes and back. */
#include "cli/sequences.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/common.h"
#include "model/runtime.h"

/* ---- Opening ---- */

vae_status vae_cli_sequences_open(const vae_cli_options *options, vae_cli_sequences *s)
{
    *s = (vae_cli_sequences){.kind = vae_sequence_kind_of(options->kind), .words = vae_kind_words_of(options->kind)};
    VAE_TRY(vae_cli_open_model(options, &s->model));
    s->choice = vae_model_checkpoint(s->model)->design.family->choice;
    s->config = vae_model_config(s->model);
    s->elements = vae_model_input(s->model)->channels;
    s->latent = vae_model_traits(s->model)->has_posterior ? vae_model_traits(s->model)->latent : 0;
    const vae_status status = vae_model_vocabulary(s->model, &s->vocabulary);
    if (status) vae_cli_sequences_close(s);
    return status;
}

void vae_cli_sequences_close(vae_cli_sequences *s)
{
    vae_classes_free(&s->vocabulary);
    vae_model_free(s->model);
}

vae_status vae_cli_use_sequences(vae_cli_options *options, const vae_cli_file *files, int count,
                                 vae_cli_use_sequences_as *use)
{
    vae_cli_sequences s;
    VAE_TRY(vae_cli_check_outputs(options, files, count));
    VAE_TRY(vae_cli_sequences_open(options, &s));
    const vae_status status = use(options, &s);
    vae_cli_sequences_close(&s);
    return status;
}

vae_status vae_cli_require_codes(const vae_cli_sequences *s, const char *command)
{
    return vae_cli_check_codes(s->model, command);
}

vae_status vae_cli_check_codes(const vae_model *model, const char *command)
{
    if (vae_model_traits(model)->has_posterior || vae_model_input(model)->kind == VAE_KIND_IMAGE) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "%s: this model is a decoder only and has no codes; sample and complete are for it", command);
}

/* ---- How steps are chosen ---- */

static vae_status contradict(const char *one, const char *other)
{
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s and %s cannot both be given", one, other);
}

static vae_status check_decoding(const vae_cli_options *o)
{
    static const struct {
        vae_cli_option option;
        const char *name;
    } draws[] = {
        {VAE_OPTION_TEMPERATURE, "--temperature"}, {VAE_OPTION_TOP_K, "--top-k"}, {VAE_OPTION_TOP_P, "--top-p"}};
    if (o->greedy && o->given[VAE_OPTION_BEAM]) return contradict("--greedy", "--beam");
    for (size_t i = 0; i < sizeof draws / sizeof *draws; ++i) {
        if (!o->given[draws[i].option]) continue;
        if (o->greedy) return contradict("--greedy, which draws nothing,", draws[i].name);
        if (o->given[VAE_OPTION_BEAM]) return contradict("--beam, which draws nothing,", draws[i].name);
    }
    return VAE_OK;
}

vae_status vae_cli_find_decoding(const vae_cli_options *o, const vae_cli_sequences *s, double temperature,
                                 vae_decoding *decoding)
{
    VAE_TRY(check_decoding(o));
    const bool draws = o->given[VAE_OPTION_TOP_K] || o->given[VAE_OPTION_TOP_P];
    if (draws && temperature == 0.0) temperature = 1.0;
    if (o->given[VAE_OPTION_TEMPERATURE]) temperature = o->temperature;
    *decoding = (vae_decoding){
        /* A beam of one is the likeliest token each time. */
        .temperature = o->greedy || o->given[VAE_OPTION_BEAM] ? 0.0 : temperature,
        .top_k = o->top_k > 0 ? o->top_k : 0,
        .top_p = o->given[VAE_OPTION_TOP_P] ? o->top_p : 1.0,
        .beams = o->beams > 0 ? o->beams : 1,
        /* As long as the longest item that the model was made for, of whose rows begin and end are no steps. */
        .max_steps = o->max_length > 0 ? o->max_length : vae_input_most_steps(vae_model_input(s->model)),
        .seed = o->seed >= 0 ? (uint64_t)o->seed : 1,
    };
    return VAE_OK;
}

/* ---- Codes ---- */

vae_status vae_cli_encode_list(const vae_cli_sequences *s, const vae_sequence_list *list, float **codes)
{
    const vae_column items = vae_sequence_list_column(list);
    float *made = malloc((size_t)(list->count * s->latent + 1) * sizeof *made);
    *codes = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    const vae_status status = vae_model_encode_sequences(s->model, &items, made, NULL);
    if (status) {
        free(made);
        return status;
    }
    *codes = made;
    return VAE_OK;
}

vae_status vae_cli_decode_list(const vae_cli_sequences *s, const vae_decoding *decoding, const float *codes,
                               int64_t first, int64_t count, vae_sequence_list *made)
{
    const vae_generation what = {.count = count, .codes = codes, .first_row = first, .decoding = *decoding};
    return vae_model_generate(s->model, &what, made);
}
