/* The keys of models whose steps are tokens. */
#include "config/token_keys.h"

#define FIELD(member) offsetof(vae_token_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {.section = "model", .name = "embedding", .type = VAE_KEY_INTEGER, .offset = FIELD(embedding), .minimum = 1, .maximum = 1 << 16, .initial = "256", .help = "numbers that stand for a token; encoder and decoder have a table each"},
    {.section = "model", .name = "scheduled_sampling", .type = VAE_KEY_REAL, .offset = FIELD(scheduled_sampling), .minimum = 0, .maximum = 1, .initial = "0", .help = "share of the tokens that the decoder reads from its own predictions in training, in place of the true ones (Bengio et al. 2015); drawn from a first, teacher-forced pass (Mihaylova & Martins 2019)"},
    {.section = "model", .name = "scheduled_sampling_epochs", .type = VAE_KEY_REAL, .offset = FIELD(scheduled_sampling_epochs), .minimum = 0, .maximum = 1e9, .initial = "0", .help = "epochs over which that share rises from 0", .needs = "scheduled_sampling"},
};
/* clang-format on */

_Static_assert(sizeof(vae_token_keys) <= VAE_KEY_GROUP_VALUES, "the keys of a group have their place in vae_config");

const vae_key_group vae_key_group_token = {
    .summary = "tokens", .keys = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(vae_token_keys)};

const vae_token_keys *vae_token_keys_of(const vae_config *config)
{
    return (const void *)config->model.group[VAE_KEY_GROUP_TOKEN];
}
