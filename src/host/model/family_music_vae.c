/* family = music_vae: MusicVAE (Roberts et al. 2018), melodies and drums step by step; flat, or with a conductor that
 * makes a code for each segment. */
#include "config/family_keys.h"
#include "model/kl_term.h"
#include "model/sequence_model.h"
#include "model/step_choice.h"
#include "model/token_steps.h"

/* ---- Keys ---- */

typedef struct music_keys {
    int64_t conductor_units, segment_steps;
} music_keys;

#define FIELD(member) offsetof(music_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {.section = "model", .name = "conductor_units", .type = VAE_KEY_INTEGER, .offset = FIELD(conductor_units), .minimum = 0, .maximum = 1 << 16, .initial = "0", .help = "width of the conductor's state: it makes of z a code for each segment, from which the decoder begins anew; 0: no conductor, the decoder has z"},
    {.section = "model", .name = "segment_steps", .type = VAE_KEY_INTEGER, .offset = FIELD(segment_steps), .minimum = 1, .maximum = 1 << 16, .initial = "16", .help = "steps of a segment, of which an item must have a whole number; 16 are a bar of 4/4 in sixteenths", .needs = "conductor_units"},
};
/* clang-format on */

static vae_status check(const vae_config *config)
{
    VAE_TRY(vae_config_check_one_latent(config));
    return vae_kl_term_check(config, true, true);
}

const vae_family_keys vae_family_keys_music_vae = {
    .name = "music_vae",
    .summary = "MusicVAE: melodies or drums of a few bars, from MIDI files",
    .kind = VAE_KIND_MUSIC,
    .groups = 1 << VAE_KEY_GROUP_RECURRENT | 1 << VAE_KEY_GROUP_TOKEN,
    .keys = keys,
    .count = sizeof keys / sizeof *keys,
    .size = sizeof(music_keys),
    .check = check,
};

/* ---- The model ---- */

static const vae_sequence_steps steps = {
    .width = vae_token_steps_width,
    .prediction = vae_token_steps_prediction,
    .declare = vae_token_steps_declare,
    .read = vae_token_steps_read,
    .sample = vae_token_steps_sample,
    .log_likelihood = vae_token_steps_log_likelihood,
};

static vae_sequence_model model_of(const vae_design *design)
{
    const music_keys *own = (const music_keys *)design->config.model.own[VAE_FAMILY_MUSIC_VAE];
    return (vae_sequence_model){.steps = &steps,
                                .has_posterior = true,
                                .step_share = 1.0,
                                .dimension_share = 1.0,
                                .conductor_units = own->conductor_units,
                                .segment_steps = own->conductor_units > 0 ? own->segment_steps : 0};
}

static vae_status resolve(vae_design *design)
{
    const vae_sequence_model model = model_of(design);
    VAE_TRY(vae_sequence_model_resolve(&model, design));
    vae_token_steps_resolve(design);
    return VAE_OK;
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

const vae_family vae_family_music_vae = {
    .resolve = resolve, .declare = declare, .build = build, .choice = &vae_step_choice_note};
