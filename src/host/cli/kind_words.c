/* The words of each kind. */
#include "cli/kind_words.h"

static const vae_kind_words rows[] = {
    [VAE_KIND_IMAGE] = {.kind = "images",
                        .item = "image",
                        .items = "images",
                        .rate = "images/s",
                        .short_rate = "img/s",
                        .collapse = "raising beta slowly (kl_warmup_epochs = 5) or lowering it, a likelihood that pays "
                                    "for detail (gaussian with a smaller variance, gaussian_shared), another "
                                    "learning_rate, or more epochs if the run has only just begun"},
    [VAE_KIND_TEXT] = {.kind = "texts",
                       .item = "sentence",
                       .items = "sentences",
                       .step = "token",
                       .steps = "tokens",
                       .rate = "tokens/s",
                       .short_rate = "tok/s",
                       .collapse = "raising beta slowly from a small value (beta_start, kl_warmup_epochs), updates "
                                   "of the encoder ahead of the decoder (encoder_updates), free bits "
                                   "(free_bits), leaving out words that the decoder reads (word_dropout), or more "
                                   "epochs if the run has only just begun"},
    [VAE_KIND_DRAWING] = {.kind = "drawings",
                          .item = "drawing",
                          .items = "drawings",
                          .step = "stroke",
                          .steps = "strokes",
                          .rate = "strokes/s",
                          .short_rate = "str/s",
                          .collapse = "raising beta slowly from a small value (beta_start, kl_warmup_epochs), updates "
                                      "of the encoder ahead of the decoder (encoder_updates), a KL that "
                                      "costs nothing below a floor (kl_floor), a smaller beta, or more epochs if the "
                                      "run has only just begun"},
    [VAE_KIND_MUSIC] = {.kind = "music",
                        .item = "excerpt",
                        .items = "excerpts",
                        .step = "step",
                        .steps = "steps",
                        .rate = "steps/s",
                        .short_rate = "stp/s",
                        .collapse = "raising beta slowly from a small value (beta_start, kl_warmup_epochs), a smaller "
                                    "beta, a KL that costs nothing below a floor (kl_floor), scheduled sampling "
                                    "(scheduled_sampling), or more epochs if the run has only just begun"},
};

const vae_kind_words *vae_kind_words_of(vae_kind kind)
{
    return &rows[kind];
}

const char *vae_kind_items(const vae_kind_words *words, int64_t count)
{
    return count == 1 ? words->item : words->items;
}

const char *vae_kind_steps(const vae_kind_words *words, int64_t count)
{
    return count == 1 ? words->step : words->steps;
}
