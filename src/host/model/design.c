/* Resolves designs, and frames the programs that families append. */
#include "model/design.h"

#include <math.h>

#include "core/random.h"

static const vae_family *family_of(const vae_config *config)
{
    static const vae_family *const families[VAE_FAMILY_COUNT] = {
#define ROW(NAME, name) &vae_family_##name,
        VAE_FAMILY_MAP(ROW)
#undef ROW
    };
    return families[config->model.family];
}

/* What standardises columns of float32; after all else. */
static vae_status declare_columns(vae_design *design)
{
    const vae_shape row = vae_shape_matrix(1, vae_input_elements(&design->input));
    if (!vae_design_is_standardised(design)) return VAE_OK;
    VAE_TRY(vae_layout_add_statistic(&design->layout, "data.mean", row, 0.0));
    return vae_layout_add_statistic(&design->layout, "data.deviation", row, 1.0);
}

static vae_status resolve(vae_design *design)
{
    const vae_likelihood_options likelihood = vae_design_likelihood(design);
    VAE_TRY(vae_likelihood_check(&likelihood));
    VAE_TRY(design->family->resolve(design));
    VAE_TRY(design->family->declare(design, &design->layout));
    return declare_columns(design);
}

vae_status vae_design_resolve(vae_design *design)
{
    design->family = family_of(&design->config);
    const vae_status status = resolve(design);
    if (status) vae_design_free(design);
    return status;
}

vae_status vae_design_create(const vae_config *config, const vae_input *input, vae_design *design)
{
    *design = (vae_design){.config = *config, .input = *input};
    return vae_design_resolve(design);
}

void vae_design_free(vae_design *design)
{
    vae_layout_free(&design->layout);
}

const char *vae_role_name(vae_role role)
{
    static const char *const names[] = {
        [VAE_ROLE_TRAIN] = "train",   [VAE_ROLE_EVALUATE] = "evaluate", [VAE_ROLE_BOUND] = "bound",
        [VAE_ROLE_ENCODE] = "encode", [VAE_ROLE_DECODE] = "decode",     [VAE_ROLE_DRAW] = "draw",
        [VAE_ROLE_PRIOR] = "prior",   [VAE_ROLE_NEXT] = "next",
    };
    return names[role];
}

/* Joins what can be joined, and gives every tensor its place. */
static vae_status close_program(const vae_design *design, vae_program *program)
{
    if (design->config.run.fuse == VAE_YES) VAE_TRY(vae_program_fuse(program));
    return vae_program_plan(program);
}

vae_status vae_design_build(const vae_design *design, vae_build what, vae_program *program)
{
    vae_program_init(program, vae_role_name(what.role), &design->layout);
    vae_status status = design->family->build(design, &what, program);
    if (!status) status = close_program(design, program);
    if (status) vae_program_free(program);
    return status;
}

void vae_layout_initialise(const vae_layout *layout, uint64_t seed, double *values)
{
    for (int64_t i = 0; i < layout->elements; ++i)
        values[i] = 0.0;
    for (int32_t p = 0; p < layout->count; ++p) {
        const vae_parameter *parameter = &layout->parameters[p];
        const double bound = parameter->fan_in > 0 ? 1.0 / sqrt((double)parameter->fan_in) : 0.0;
        const int64_t count = vae_shape_elements(&parameter->shape);
        for (int64_t i = 0; i < count; ++i) {
            const vae_philox random = vae_random_block(seed, VAE_STREAM_INITIALISE, (uint64_t)p, (uint64_t)i / 4);
            const double uniform = (double)random.word[i % 4] * 0x1p-32 + 0x1p-33;
            values[parameter->offset + i] = parameter->initial + bound * (2.0 * uniform - 1.0);
        }
    }
}

bool vae_design_is_standardised(const vae_design *design)
{
    return design->input.dtype == VAE_FLOAT32 && design->config.data.normalise == VAE_NORMALISE_STANDARD;
}

vae_likelihood_options vae_design_likelihood(const vae_design *design)
{
    return (vae_likelihood_options){
        .family = design->config.model.likelihood,
        .channels = design->input.channels,
        .variance = design->config.model.variance,
        .scale = design->input.scale,
        .shift = design->input.shift,
        .mixtures = design->config.model.mixtures,
    };
}

double vae_design_bits_per_dimension(const vae_design *design, double nats)
{
    const vae_likelihood_options options = vae_design_likelihood(design);
    const bool levels = design->input.dtype == VAE_UINT8 && design->config.data.binarise == VAE_BINARISE_NONE;
    if (!levels || !design->traits.has_posterior) return NAN;
    return vae_likelihood_bits_per_dimension(&options, nats, vae_input_elements(&design->input));
}
