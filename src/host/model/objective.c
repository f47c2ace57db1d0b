/* The table of objectives, and those made of reconstruction and KL alone. */
#include "model/objective.h"

#include "model/kl_term.h"

const vae_objective_info *vae_objective_info_of(vae_objective objective)
{
    static const vae_objective_info *const infos[VAE_OBJECTIVE_COUNT] = {
#define ROW(NAME, name) &vae_objective_info_##name,
        VAE_OBJECTIVE_MAP(ROW)
#undef ROW
    };
    return infos[objective];
}

/* -log p(x|z), the mean over the samples */
static vae_loss_term reconstruction(const vae_objective_inputs *inputs)
{
    return (vae_loss_term){inputs->ll, {-1.0 / (double)(inputs->batch * inputs->samples), VAE_SCALAR_ONE}};
}

/* β·KL. Of a sampled one, -log_ratio. */
static vae_status divergence(vae_program *program, const vae_objective_inputs *inputs, vae_loss_term *term)
{
    const double rows = (double)inputs->batch, samples = (double)inputs->samples;
    const bool exact = inputs->draw.kl != VAE_NO_TENSOR;
    const vae_kl_inputs kl = {.kl = exact ? inputs->draw.kl : inputs->draw.log_ratio,
                              .mean = exact ? 1.0 / rows : -1.0 / (rows * samples),
                              .rows = inputs->batch,
                              .posterior = exact ? inputs->posterior : VAE_NO_TENSOR,
                              .present = VAE_NO_TENSOR};
    return vae_kl_term(inputs->config, program, &kl, term);
}

/* Reconstruction + β·KL (Kingma & Welling 2014, equation 10; β: Higgins et al. 2017). */
static vae_status build_vae(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs)
{
    outputs->terms[0] = reconstruction(inputs);
    outputs->term_count = 2;
    return divergence(program, inputs, &outputs->terms[1]);
}

static vae_status build_ae(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs)
{
    (void)program;
    outputs->terms[0] = reconstruction(inputs);
    outputs->term_count = 1;
    return VAE_OK;
}

static vae_status build_kl(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs)
{
    outputs->term_count = 1;
    return divergence(program, inputs, &outputs->terms[0]);
}

const vae_objective_info vae_objective_info_vae = {.has_posterior = true, .fits_decoder = true, .build = build_vae};
const vae_objective_info vae_objective_info_ae = {
    .fits_decoder = true, .summary = "reconstruction only", .build = build_ae};
const vae_objective_info vae_objective_info_kl = {.has_posterior = true, .summary = "KL only", .build = build_kl};
