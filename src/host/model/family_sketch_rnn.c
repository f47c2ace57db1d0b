/* family = sketch_rnn: drawings, stroke by stroke (Ha & Eck 2017): a recurrent encoder and decoder, and a mixture of
 * bivariate Gaussians with the states of a pen. */
#include "config/family_keys.h"
#include "model/kl_term.h"
#include "model/sequence_model.h"
#include "model/step_choice.h"
#include "program/stroke.h"

/* ---- Keys ---- */

typedef struct sketch_keys {
    int64_t components;
    vae_switch decoder_only, pen_loss_over_padding;
} sketch_keys;

static const char *const switches[] = {"no", "yes", NULL};

#define FIELD(member) offsetof(sketch_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {.section = "model", .name = "components", .type = VAE_KEY_INTEGER, .offset = FIELD(components), .minimum = 1, .maximum = VAE_STROKE_MIXTURES, .initial = "20", .help = "Gaussians in the mixture that a pen's next offset is drawn from"},
    {.section = "model", .name = "decoder_only", .type = VAE_KEY_CHOICE, .offset = FIELD(decoder_only), .choices = switches, .initial = "no", .help = "yes: no encoder and no code; the decoder alone learns to draw"},
    {.section = "model", .name = "pen_loss_over_padding", .type = VAE_KEY_CHOICE, .offset = FIELD(pen_loss_over_padding), .choices = switches, .initial = "no", .help = "yes: in training all drawings are as long as data.max_length, the pen's states count to there, losses are divided by that length, and 1e-6 is added to the density of an offset: the published loss. no: a drawing counts up to its end"},
};
/* clang-format on */

static const sketch_keys *keys_of(const vae_config *config)
{
    return (const sketch_keys *)config->model.own[VAE_FAMILY_SKETCH_RNN];
}

static vae_status check(const vae_config *config)
{
    VAE_TRY(vae_config_check_one_latent(config));
    VAE_TRY(vae_kl_term_check(config, keys_of(config)->decoder_only == VAE_NO, true));
    if (keys_of(config)->decoder_only == VAE_YES && config->train.encoder_updates > 0) {
        return vae_config_refuse(config, "train", "encoder_updates", "the model has no encoder, as it is decoder_only");
    }
    if (keys_of(config)->pen_loss_over_padding == VAE_NO || config->data.max_length > 0) return VAE_OK;
    return vae_config_refuse(config, "model", "pen_loss_over_padding",
                             "needs data.max_length, the length that all drawings are filled up to");
}

const vae_family_keys vae_family_keys_sketch_rnn = {
    .name = "sketch_rnn",
    .summary = "drawings, stroke by stroke: a recurrent encoder and decoder",
    .kind = VAE_KIND_DRAWING,
    .groups = 1 << VAE_KEY_GROUP_RECURRENT,
    .keys = keys,
    .count = sizeof keys / sizeof *keys,
    .size = sizeof(sketch_keys),
    .check = check,
};

/* ---- Steps ---- */

enum { NUMBERS_OF_A_COMPONENT = 6, OFFSETS = 2, PEN_STATES = 3 };

static int64_t width(const vae_design *design)
{
    return design->input.channels;
}

static int64_t prediction(const vae_design *design)
{
    return NUMBERS_OF_A_COMPONENT * keys_of(&design->config)->components + PEN_STATES;
}

/* Offsets count in deviations of the training set's, as in sketch-rnn. */
static vae_status scale(const vae_design *design, vae_program *program, vae_tensor *x)
{
    const vae_weight factor = {255.0 * design->input.scale, VAE_SCALAR_ONE};
    vae_tensor offsets, pen;
    VAE_TRY(vae_program_slice(program, "offsets", *x, design->input.channels, 0, OFFSETS, &offsets));
    VAE_TRY(vae_program_slice(program, "pen", *x, design->input.channels, OFFSETS, PEN_STATES, &pen));
    VAE_TRY(vae_program_apply_constant(program, "offsets", VAE_FUNCTION_MULTIPLY, offsets, factor, &offsets));
    return vae_program_concat(program, "strokes", offsets, OFFSETS, pen, PEN_STATES, x);
}

static vae_status read(const vae_design *design, vae_program *program, const char *side, vae_tensor x, bool training,
                       vae_tensor *y)
{
    (void)design;
    (void)program;
    (void)side;
    (void)training;
    *y = x;
    return VAE_OK;
}

static vae_status log_likelihood(const vae_design *design, vae_program *program, vae_tensor predicted,
                                 vae_tensor targets, vae_tensor lengths, bool training, vae_tensor *ll)
{
    const bool over_padding = training && keys_of(&design->config)->pen_loss_over_padding == VAE_YES;
    return vae_program_stroke_likelihood(program, "ll", predicted, targets, lengths, over_padding, ll);
}

static const vae_sequence_steps steps = {
    .width = width, .prediction = prediction, .scale = scale, .read = read, .log_likelihood = log_likelihood};

/* ---- The model ---- */

static vae_sequence_model model_of(const vae_design *design)
{
    const sketch_keys *own = keys_of(&design->config);
    const bool padded = own->pen_loss_over_padding == VAE_YES;
    const double longest = (double)design->config.data.max_length, latent = (double)design->config.model.latent.size[0];
    /* The published loss is a mean over steps, and over dimensions of z. Begin and end stand beside the steps that
     * max_length counts. */
    return (vae_sequence_model){.steps = &steps,
                                .has_posterior = own->decoder_only == VAE_NO,
                                .fixed = padded ? design->config.data.max_length + 2 : 0,
                                .step_share = padded ? 1.0 / longest : 1.0,
                                .dimension_share = padded ? 1.0 / latent : 1.0};
}

static vae_status resolve(vae_design *design)
{
    const vae_sequence_model model = model_of(design);
    return vae_sequence_model_resolve(&model, design);
}

static vae_status declare(const vae_design *design, vae_layout *layout)
{
    const vae_sequence_model model = model_of(design);
    return vae_sequence_model_declare(&model, design, layout);
}

static vae_status build(const vae_design *design, const vae_build *what, vae_program *program)
{
    const vae_sequence_model model = model_of(design);
    return vae_sequence_model_build(&model, design, what, program);
}

const vae_family vae_family_sketch_rnn = {
    .resolve = resolve, .declare = declare, .build = build, .choice = &vae_step_choice_stroke};
