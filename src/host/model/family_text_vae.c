/* family = text_vae: sentences, token by token (Bowman et al. 2016), a VAE whose encoder and decoder are recurrent. */
#include "config/family_keys.h"
#include "data/vocabulary.h"
#include "model/kl_term.h"
#include "model/sequence_model.h"
#include "model/step_choice.h"
#include "model/token_steps.h"

/* ---- Keys ---- */

typedef struct text_keys {
    double word_dropout;
} text_keys;

#define FIELD(member) offsetof(text_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {.section = "model", .name = "word_dropout", .type = VAE_KEY_REAL, .offset = FIELD(word_dropout), .minimum = 0, .maximum = 1, .initial = "0", .help = "share of the tokens that the decoder reads as <unk> in training (Bowman et al. 2016)"},
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
    .groups = 1 << VAE_KEY_GROUP_RECURRENT | 1 << VAE_KEY_GROUP_TOKEN,
    .keys = keys,
    .count = sizeof keys / sizeof *keys,
    .size = sizeof(text_keys),
    .check = check,
};

/* ---- Steps ---- */

static vae_status read(const vae_design *design, vae_program *program, const char *side, vae_tensor x, bool training,
                       vae_tensor *y)
{
    const text_keys *own = (const text_keys *)design->config.model.own[VAE_FAMILY_TEXT_VAE];
    if (training && side[0] == 'd' && own->word_dropout > 0) {
        VAE_TRY(vae_program_replace_tokens(program, "word_dropout", x, program->batch_rows, own->word_dropout,
                                           VAE_TOKEN_UNKNOWN, &x));
    }
    return vae_token_steps_read(design, program, side, x, training, y);
}

static const vae_sequence_steps steps = {
    .width = vae_token_steps_width,
    .prediction = vae_token_steps_prediction,
    .declare = vae_token_steps_declare,
    .read = read,
    .sample = vae_token_steps_sample,
    .log_likelihood = vae_token_steps_log_likelihood,
};

/* ---- The model ---- */

static const vae_sequence_model model = {
    .steps = &steps, .has_posterior = true, .step_share = 1.0, .dimension_share = 1.0};

static vae_status resolve(vae_design *design)
{
    VAE_TRY(vae_sequence_model_resolve(&model, design));
    vae_token_steps_resolve(design);
    return VAE_OK;
}

static vae_status declare(const vae_design *design, vae_layout *layout)
{
    return vae_sequence_model_declare(&model, design, layout);
}

static vae_status build(const vae_design *design, const vae_build *what, vae_program *program)
{
    return vae_sequence_model_build(&model, design, what, program);
}

const vae_family vae_family_text_vae = {
    .resolve = resolve, .declare = declare, .build = build, .choice = &vae_step_choice_token};
