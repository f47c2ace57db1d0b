/* family = vae: the variational autoencoder and what its keys make of it: an autoencoder, the KL alone,
 * importance-weighted bounds, flows, several stochastic layers. */
#include "model/family_vae.h"

#include "config/family_keys.h"
#include "model/kl_term.h"
#include "model/latent_model.h"

/* ---- Keys ---- */

static const char *const objectives[] = {
#define ROW(NAME, name) #name,
    VAE_OBJECTIVE_MAP(ROW)
#undef ROW
        NULL};
static const char *const posteriors[] = {
#define ROW(NAME, name) #name,
    VAE_POSTERIOR_MAP(ROW)
#undef ROW
        NULL};
static const char *const kl_estimates[] = {"exact", "sampled", NULL};

#define FIELD(member) offsetof(vae_vae_keys, member)
/* clang-format off */
static const vae_key keys[] = {
    {"model", "objective", VAE_KEY_CHOICE, FIELD(objective), 0, 0, objectives, "vae", .help = "vae: reconstruction + beta x KL; ae: reconstruction only, no sampling; kl: KL only; iwae: the importance-weighted bound of train.samples; dreg: the same with doubly reparameterised gradients for the encoder"},
    {"model", "latent_layers", VAE_KEY_LAYERS, FIELD(latent_layers), 0, 0, NULL, "100, 100", .help = "hidden layers of the networks between two stochastic layers, which only latent = 100, 50 and the like have"},
    {"model", "posterior", VAE_KEY_CHOICE, FIELD(posterior), 0, 0, posteriors, "gaussian", .help = "q(z|x): a diagonal gaussian, or one that goes through a planar flow, whose parameters the encoder gives"},
    {"model", "flow_length", VAE_KEY_INTEGER, FIELD(flow_length), 1, 256, NULL, "8", .help = "planar: layers of the flow"},
    {"model", "kl", VAE_KEY_CHOICE, FIELD(kl), 0, 0, kl_estimates, "exact", .help = "exact: in closed form where there is one; sampled: log q(z|x) - log p(z) of the sample"},
};
/* clang-format on */

/* What draws z must be there, and be one thing. */
static vae_status check(const vae_config *config)
{
    const vae_vae_keys *own = vae_vae_keys_of(config);
    const bool layers = config->model.latent.count > 1, planar = own->posterior != VAE_POSTERIOR_GAUSSIAN;
    const vae_objective_info *objective = vae_objective_info_of(own->objective);
    VAE_TRY(vae_latent_model_check(config, objective));
    VAE_TRY(vae_kl_term_check(config, objective->has_posterior && !objective->is_weighted,
                              !layers && !planar && own->kl == VAE_KL_EXACT));
    if (layers && planar) {
        return vae_config_refuse(config, "model", "posterior",
                                 "several stochastic layers (latent = %lld, %lld) take "
                                 "posterior = gaussian only",
                                 (long long)config->model.latent.size[0], (long long)config->model.latent.size[1]);
    }
    if (objective->has_posterior) return VAE_OK;
    const char *section = layers || planar ? "model" : "train";
    const char *key = layers ? "latent" : planar ? "posterior" : "samples";
    if (!layers && !planar && config->train.samples == 1) return VAE_OK;
    return vae_config_refuse(config, section, key,
                             "objective = ae has no posterior, so it takes one latent size, no flow and one sample");
}

_Static_assert(sizeof(vae_vae_keys) <= VAE_FAMILY_VALUES, "the keys of a family have their place in vae_config");

const vae_family_keys vae_family_keys_vae = {
    .name = "vae",
    .summary = "a variational autoencoder with a Gaussian prior",
    .keys = keys,
    .count = sizeof keys / sizeof *keys,
    .size = sizeof(vae_vae_keys),
    .check = check,
};

/* ---- The model ---- */

const vae_posterior_family *vae_posterior_family_of(const vae_config *config)
{
    static const vae_posterior_family *const families[VAE_POSTERIOR_COUNT] = {
#define ROW(NAME, name) &vae_posterior_family_##name,
        VAE_POSTERIOR_MAP(ROW)
#undef ROW
    };
    const vae_vae_keys *own = vae_vae_keys_of(config);
    if (!vae_objective_info_of(own->objective)->has_posterior) return &vae_posterior_family_none;
    if (config->model.latent.count > 1) return &vae_posterior_family_layers;
    return families[own->posterior];
}

static vae_latent_model model_of(const vae_design *design)
{
    const vae_vae_keys *own = vae_vae_keys_of(&design->config);
    return (vae_latent_model){
        .posterior = vae_posterior_family_of(&design->config),
        .objective = vae_objective_info_of(own->objective),
        .exact_kl = own->kl == VAE_KL_EXACT,
    };
}

static vae_status resolve(vae_design *design)
{
    const vae_latent_model model = model_of(design);
    return vae_latent_model_resolve(&model, design);
}

static vae_status declare(const vae_design *design, vae_layout *layout)
{
    const vae_latent_model model = model_of(design);
    return vae_latent_model_declare(&model, design, layout);
}

static vae_status build(const vae_design *design, const vae_build *what, vae_program *program)
{
    const vae_latent_model model = model_of(design);
    return vae_latent_model_build(&model, design, what, program);
}

const vae_family vae_family_vae = {.resolve = resolve, .declare = declare, .build = build};
