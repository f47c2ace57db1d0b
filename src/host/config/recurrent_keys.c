/* The keys of recurrent networks. */
#include "config/recurrent_keys.h"

static const char *const cells[] = {"lstm", "gru", "layer_norm_lstm", NULL};
static const char *const switches[] = {"no", "yes", NULL};

#define FIELD(member) offsetof(vae_recurrent_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {"model", "cell", VAE_KEY_CHOICE, FIELD(cell), 0, 0, cells, "lstm", .help = "lstm; gru; layer_norm_lstm, whose gates and state are normalised"},
    {"model", "encoder_units", VAE_KEY_INTEGER, FIELD(encoder_units), 1, 1 << 16, NULL, "256", .help = "width of the encoder's state, in each direction"},
    {"model", "decoder_units", VAE_KEY_INTEGER, FIELD(decoder_units), 1, 1 << 16, NULL, "256", .help = "width of the decoder's state"},
    {"model", "decoder_depth", VAE_KEY_INTEGER, FIELD(decoder_depth), 1, VAE_MAX_DECODER_DEPTH, NULL, "1", .help = "recurrent layers of the decoder, one over the other, each of decoder_units"},
    {"model", "bidirectional", VAE_KEY_CHOICE, FIELD(bidirectional), 0, 0, switches, "no", .help = "the encoder reads each sequence from its end, too"},
    {"model", "forget_bias", VAE_KEY_REAL, FIELD(forget_bias), -100, 100, NULL, "1", .help = "added to the forget gates of lstm and layer_norm_lstm, so that a new network remembers; a gru has none", .needs = "cell", .values = 1 << VAE_CELL_LSTM | 1 << VAE_CELL_LAYER_NORM_LSTM},
    {"model", "recurrent_dropout", VAE_KEY_REAL, FIELD(recurrent_dropout), 0, 0.99, NULL, "0", .help = "rate at which numbers that a cell would add to its state are dropped, in training only"},
    {"model", "input_dropout", VAE_KEY_REAL, FIELD(input_dropout), 0, 0.99, NULL, "0", .help = "the same of what the networks read"},
    {"model", "output_dropout", VAE_KEY_REAL, FIELD(output_dropout), 0, 0.99, NULL, "0", .help = "the same of what the decoder's cell gives"},
};
/* clang-format on */

_Static_assert(sizeof(vae_recurrent_keys) <= VAE_KEY_GROUP_VALUES,
               "the keys of a group have their place in vae_config");

const vae_key_group vae_key_group_recurrent = {.summary = "recurrent networks",
                                               .keys = keys,
                                               .count = sizeof keys / sizeof *keys,
                                               .size = sizeof(vae_recurrent_keys)};

const vae_recurrent_keys *vae_recurrent_keys_of(const vae_config *config)
{
    return (const void *)config->model.group[VAE_KEY_GROUP_RECURRENT];
}
