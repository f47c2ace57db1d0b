/* family = text_vae: sentences, token by token (Bowman et al. 2016), a VAE whose encoder and decoder are recurrent. */
#include "config/family_keys.h"
#include "data/vocabulary.h"
#include "model/kl_term.h"
#include "model/sequence_model.h"
#include "model/step_choice.h"

/* ---- Keys ---- */

typedef struct text_keys {
    int64_t embedding;
    double word_dropout;
    double scheduled_sampling, scheduled_sampling_epochs;
} text_keys;

#define FIELD(member) offsetof(text_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {.section = "model", .name = "embedding", .type = VAE_KEY_INTEGER, .offset = FIELD(embedding), .minimum = 1, .maximum = 1 << 16, .initial = "256", .help = "numbers that stand for a token; encoder and decoder have a table each"},
    {.section = "model", .name = "word_dropout", .type = VAE_KEY_REAL, .offset = FIELD(word_dropout), .minimum = 0, .maximum = 1, .initial = "0", .help = "share of the tokens that the decoder reads as <unk> in training (Bowman et al. 2016)"},
    {.section = "model", .name = "scheduled_sampling", .type = VAE_KEY_REAL, .offset = FIELD(scheduled_sampling), .minimum = 0, .maximum = 1, .initial = "0", .help = "share of the tokens that the decoder reads from its own predictions in training, in place of the true ones (Bengio et al. 2015); drawn from a first, teacher-forced pass (Mihaylova & Martins 2019)"},
    {.section = "model", .name = "scheduled_sampling_epochs", .type = VAE_KEY_REAL, .offset = FIELD(scheduled_sampling_epochs), .minimum = 0, .maximum = 1e9, .initial = "0", .help = "epochs over which that share rises from 0", .needs = "scheduled_sampling"},
};
/* clang-format on */

static vae_status check(const vae_config *config)
{
    VAE_TRY(vae_config_check_one_latent(config));
    return vae_kl_term_check(config, true, true);
}

const vae_family_keys vae_family_keys_text_vae = {
    .name = "text_vae",
    .summary = "sentences, by words, characters or bytes: a recurrent encoder and decoder",
    .kind = VAE_KIND_TEXT,
    .groups = 1 << VAE_KEY_GROUP_RECURRENT,
    .keys = keys,
    .count = sizeof keys / sizeof *keys,
    .size = sizeof(text_keys),
    .check = check,
};

static const text_keys *keys_of(const vae_design *design)
{
    return (const text_keys *)design->config.model.own[VAE_FAMILY_TEXT_VAE];
}

/* ---- Steps ---- */

/* Embeddings begin uniform in ±1/√100, as is usual for language models of this size. */
enum { EMBEDDING_FAN_IN = 100 };

static int64_t width(const vae_design *design)
{
    return keys_of(design)->embedding;
}

static int64_t prediction(const vae_design *design)
{
    return design->input.vocabulary;
}

static const char *embedding_of(const char *side)
{
    return side[0] == 'd' ? "decoder.embedding" : "encoder.embedding";
}

static vae_status declare(const vae_design *design, const char *side, vae_layout *layout)
{
    const vae_shape table = vae_shape_matrix(design->input.vocabulary, keys_of(design)->embedding);
    return vae_layout_add(layout, embedding_of(side), table, EMBEDDING_FAN_IN, NULL);
}

static vae_status read(const vae_design *design, vae_program *program, const char *side, vae_tensor x, bool training,
                       vae_tensor *y)
{
    const bool decoder = side[0] == 'd';
    const double rate = training && decoder ? keys_of(design)->word_dropout : 0.0;
    vae_tensor table;
    if (rate > 0) {
        VAE_TRY(
            vae_program_replace_tokens(program, "word_dropout", x, program->batch_rows, rate, VAE_TOKEN_UNKNOWN, &x));
    }
    VAE_TRY(vae_program_parameter(program, embedding_of(side), &table));
    return vae_program_gather_rows(program, decoder ? "decoder.embedded" : "encoder.embedded", table, x, y);
}

/* A begin never follows: generation draws none either. */
static vae_status sample(const vae_design *design, vae_program *program, vae_tensor logits, vae_tensor ids,
                         vae_tensor lengths, vae_tensor *y)
{
    (void)design;
    return vae_program_sample_tokens(program, "scheduled_sampling", logits, ids, lengths, VAE_TOKEN_BEGIN, y);
}

static vae_status log_likelihood(const vae_design *design, vae_program *program, vae_tensor logits, vae_tensor targets,
                                 vae_tensor lengths, bool training, vae_tensor *ll)
{
    (void)design;
    (void)training;
    return vae_program_token_likelihood(program, "ll", logits, targets, lengths, ll);
}

static const vae_sequence_steps steps = {
    .width = width,
    .prediction = prediction,
    .declare = declare,
    .read = read,
    .sample = sample,
    .log_likelihood = log_likelihood,
};

/* ---- The model ---- */

static const vae_sequence_model model = {
    .steps = &steps, .has_posterior = true, .step_share = 1.0, .dimension_share = 1.0};

static vae_status resolve(vae_design *design)
{
    VAE_TRY(vae_sequence_model_resolve(&model, design));
    design->traits.sampling = keys_of(design)->scheduled_sampling;
    design->traits.sampling_epochs = keys_of(design)->scheduled_sampling_epochs;
    return VAE_OK;
}

static vae_status declare_all(const vae_design *design, vae_layout *layout)
{
    return vae_sequence_model_declare(&model, design, layout);
}

static vae_status build(const vae_design *design, const vae_build *what, vae_program *program)
{
    return vae_sequence_model_build(&model, design, what, program);
}

const vae_family vae_family_text_vae = {
    .resolve = resolve, .declare = declare_all, .build = build, .choice = &vae_step_choice_token};
