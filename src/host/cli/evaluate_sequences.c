/* vae-cuda evaluate of a model of sequences: the negative ELBO and log P(X), of items and of their steps. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/common.h"
#include "cli/counter.h"
#include "cli/evaluate_onsets.h"
#include "cli/evaluation.h"
#include "cli/remarks.h"
#include "cli/sequence_input.h"
#include "cli/sequence_kind.h"
#include "cli/table.h"
#include "core/json.h"
#include "draw/plot_latent.h"
#include "model/runtime.h"
#include "train/metrics.h"

/* Of texts, what a step costs is told as a perplexity. */
static double perplexity(const vae_cli_sequences *s, double nats)
{
    return vae_model_input(s->model)->kind == VAE_KIND_TEXT ? exp(nats) : NAN;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

static void print_json(const vae_cli_sequences *s, const vae_sequence_evaluation_setup *setup,
                       const vae_sequence_evaluation *e, const vae_cli_onsets *onsets, double seconds)
{
    const bool has_posterior = s->latent > 0;
    json_t *root = json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:f}", s->words->items,
        (json_int_t)e->count, "steps", (json_int_t)e->steps, "neg_elbo", vae_json_number(e->neg_elbo), "neg_elbo_error",
        vae_json_number(e->neg_elbo_error), "reconstruction", vae_json_number(e->reconstruction), "kl",
        vae_json_number(e->kl), "neg_elbo_per_step", vae_json_number(e->neg_elbo_per_step), "perplexity",
        vae_json_number(perplexity(s, e->neg_elbo_per_step)), "kl_per_dimension",
        vae_metrics_kl_to_json(setup->latent, has_posterior), "active_units",
        (json_int_t)(has_posterior ? vae_latent_statistics_active(setup->latent) : 0), "samples",
        (json_int_t)setup->samples, "log_likelihood", vae_json_number(e->log_likelihood), "log_likelihood_error",
        vae_json_number(e->log_likelihood_error), "log_likelihood_per_step",
        vae_json_number(e->log_likelihood_per_step), "log_likelihood_perplexity",
        vae_json_number(perplexity(s, -e->log_likelihood_per_step)), "seconds", seconds);
    if (onsets->there > 0) {
        json_object_set_new(root, "onsets", json_integer(onsets->there));
        json_object_set_new(root, "onsets_teacher_forced", vae_json_number(share(onsets->forced, onsets->there)));
        json_object_set_new(root, "onsets_reconstructed", vae_json_number(share(onsets->found, onsets->there)));
        json_object_set_new(root, "onsets_precision", vae_json_number(share(onsets->found, onsets->made)));
    }
    json_dumpf(root, stdout, JSON_REAL_PRECISION(9));
    json_decref(root);
    putchar('\n');
}

static void print_per_step(const vae_cli_sequences *s, const vae_sequence_evaluation *e, double nats, const char *of)
{
    const double words = perplexity(s, nats);
    if (isnan(words)) {
        printf("per step         %.4f nats  (%s; %" PRId64 " %s%s%s%s)\n", nats, of, e->steps, s->words->steps,
               s->choice->is_end ? ", ends of " : "", s->choice->is_end ? s->words->items : "",
               s->choice->is_end ? " counted" : "");
    } else {
        printf("perplexity       %.3f  (%s; %" PRId64 " %s, ends of %s counted)\n", words, of, e->steps,
               s->words->steps, s->words->items);
    }
}

static void print_onsets(const vae_cli_onsets *o)
{
    printf("notes            %.1f %% of %" PRId64
           " are predicted, pitch and place, from the true steps before; %.1f %% are "
           "found from the code alone, and %.1f %% of what is made is right\n",
           100.0 * share(o->forced, o->there), o->there, 100.0 * share(o->found, o->there),
           100.0 * share(o->found, o->made));
}

static vae_status print_text(const vae_cli_sequences *s, const vae_sequence_evaluation_setup *setup,
                             const vae_sequence_evaluation *e, const vae_cli_onsets *onsets, double seconds)
{
    char mean[64];
    vae_cli_format_mean(e->neg_elbo, e->neg_elbo_error, mean, sizeof mean);
    printf("%-16s %" PRId64 "\n", s->words->items, e->count);
    if (s->latent == 0) {
        printf("-log p(X)        %s nats  (a decoder only: this is exact)\n", mean);
        print_per_step(s, e, e->neg_elbo_per_step, "-log p(X)");
        return VAE_OK;
    }
    printf("negative ELBO    %s nats  (reconstruction %.4f, KL %.4f)\n", mean, e->reconstruction, e->kl);
    print_per_step(s, e, e->neg_elbo_per_step, "negative ELBO");
    if (setup->samples > 0) {
        printf("log P(X)        %s nats  (importance sampling from Q, K = %" PRId64 ")\n",
               vae_cli_format_mean(e->log_likelihood, e->log_likelihood_error, mean, sizeof mean), setup->samples);
        print_per_step(s, e, -e->log_likelihood_per_step, "log P(X)");
        printf("time             %.2f s\n", seconds);
    }
    if (onsets->there > 0) print_onsets(onsets);
    return vae_cli_print_latent(vae_model_traits(s->model), setup->latent);
}

static vae_status evaluate_items(const vae_cli_options *o, const vae_cli_sequences *s, const vae_sequence_input *input,
                                 vae_sequence_evaluation_setup *setup, double *per_item)
{
    vae_sequence_evaluation result;
    const int64_t passes = setup->samples > 0 ? 2 : 1;
    vae_cli_counter counter = vae_cli_counter_start("evaluate", passes * setup->count, o->quiet);
    setup->progress = vae_cli_counter_show;
    setup->progress_context = &counter;
    VAE_TRY(vae_model_evaluate_sequences(s->model, setup, per_item, &result));
    const double seconds = vae_cli_counter_seconds(&counter);
    vae_cli_onsets onsets = {0};
    if (input->dataset->kind == VAE_KIND_MUSIC) VAE_TRY(vae_cli_find_onsets(s, input->dataset, setup->count, &onsets));
    if (o->npy) VAE_TRY(vae_cli_write_evaluation(o, input->dataset, per_item, setup->count, setup->samples > 0));
    if (o->json) {
        print_json(s, setup, &result, &onsets, seconds);
    } else {
        VAE_TRY(print_text(s, setup, &result, &onsets, seconds));
    }
    return o->plot ? vae_plot_latent(o->plot, input->part, vae_model_input(s->model)->kind, setup->latent) : VAE_OK;
}

static vae_status evaluate_input(const vae_cli_options *o, const vae_cli_sequences *s, const vae_sequence_input *input)
{
    const vae_config *config = s->config;
    const int64_t limit = o->limit >= 0 ? o->limit : config->evaluate.limit, there = input->dataset->count;
    vae_latent_statistics latent;
    VAE_TRY(vae_latent_statistics_create(vae_model_traits(s->model)->latent, &latent));
    vae_sequence_evaluation_setup setup = {
        .items = input->dataset,
        .count = limit > 0 && limit < there ? limit : there,
        .batch_size = o->batch_size > 0 ? o->batch_size : config->evaluate.batch_size,
        /* A sample of a sequence takes all its steps, so that thousands of them are only for who asks for them. */
        .samples = o->samples > 0 ? o->samples : 0,
        .seed = (uint64_t)(o->seed >= 0 ? o->seed : config->train.seed),
        .latent = &latent,
    };
    double *per_item = malloc((size_t)setup.count * sizeof *per_item);
    const vae_status status = per_item ? evaluate_items(o, s, input, &setup, per_item)
                                       : vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
    free(per_item);
    vae_latent_statistics_free(&latent);
    return status;
}

/* Of the part that is evaluated. */
static void tell_remarks(const vae_sequence_input *input)
{
    char name[64];
    snprintf(name, sizeof name, "[data] %s_data", input->part);
    vae_cli_tell_remarks_of(name, &input->dataset->remarks);
}

static vae_status evaluate(vae_cli_options *o, vae_cli_sequences *s)
{
    vae_sequence_input input;
    if (o->samples > 0) VAE_TRY(vae_cli_require_codes(s, "--samples"));
    if (o->plot) VAE_TRY(vae_cli_require_codes(s, "--plot"));
    VAE_TRY(vae_sequence_input_open(s, &o->images, &input));
    if (!o->images.input) tell_remarks(&input);
    const vae_status status = evaluate_input(o, s, &input);
    vae_sequence_input_close(&input);
    return status;
}

vae_status vae_cli_evaluate_sequences(vae_cli_options *o)
{
    char beside[VAE_PATH_SIZE];
    if (o->npy && o->out) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--npy and --out both name the file to write; give one");
    }
    if (o->out) o->npy = o->out;
    if (o->npy) {
        vae_cli_table_path(o->npy, beside);
        o->names = beside;
    }
    const vae_cli_file files[] = {{o->out ? "--out" : "--npy", o->npy, VAE_FILE_NPY},
                                  {"--npy", o->names, VAE_FILE_CSV},
                                  {"--input", o->images.input, VAE_FILE_READ},
                                  {"--plot", o->plot, VAE_FILE_FIGURE}};
    return vae_cli_use_sequences(o, files, 4, evaluate);
}
