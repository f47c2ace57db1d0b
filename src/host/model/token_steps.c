/* Steps that are tokens. */
#include "model/token_steps.h"

#include "data/vocabulary.h"

/* Embeddings begin uniform in ±1/√100, as is usual for language models of this size. */
enum { EMBEDDING_FAN_IN = 100 };

int64_t vae_token_steps_width(const vae_design *design)
{
    return vae_token_keys_of(&design->config)->embedding;
}

int64_t vae_token_steps_prediction(const vae_design *design)
{
    return design->input.vocabulary;
}

static const char *embedding_of(const char *side)
{
    return side[0] == 'd' ? "decoder.embedding" : "encoder.embedding";
}

vae_status vae_token_steps_declare(const vae_design *design, const char *side, vae_layout *layout)
{
    const vae_shape table = vae_shape_matrix(design->input.vocabulary, vae_token_steps_width(design));
    return vae_layout_add(layout, embedding_of(side), table, EMBEDDING_FAN_IN, NULL);
}

vae_status vae_token_steps_read(const vae_design *design, vae_program *program, const char *side, vae_tensor x,
                                bool training, vae_tensor *y)
{
    (void)design;
    (void)training;
    vae_tensor table;
    VAE_TRY(vae_program_parameter(program, embedding_of(side), &table));
    return vae_program_gather_rows(program, side[0] == 'd' ? "decoder.embedded" : "encoder.embedded", table, x, y);
}

/* A begin never follows: generation draws none either. */
vae_status vae_token_steps_sample(const vae_design *design, vae_program *program, vae_tensor logits, vae_tensor ids,
                                  vae_tensor lengths, vae_tensor *y)
{
    (void)design;
    return vae_program_sample_tokens(program, "scheduled_sampling", logits, ids, lengths, VAE_TOKEN_BEGIN, y);
}

vae_status vae_token_steps_log_likelihood(const vae_design *design, vae_program *program, vae_tensor logits,
                                          vae_tensor targets, vae_tensor lengths, bool training, vae_tensor *ll)
{
    (void)design;
    (void)training;
    return vae_program_token_likelihood(program, "ll", logits, targets, lengths, ll);
}

void vae_token_steps_resolve(vae_design *design)
{
    const vae_token_keys *keys = vae_token_keys_of(&design->config);
    design->traits.sampling = keys->scheduled_sampling;
    design->traits.sampling_epochs = keys->scheduled_sampling_epochs;
}
