/* Encoder, decoder and likelihood of a design, and what stands around them in its programs. */
#include "model/parts.h"

#include "distribution/distribution.h"

static vae_shape image_shape(const vae_design *design, int64_t rows)
{
    const vae_input *input = &design->input;
    return vae_shape_images(rows, input->height, input->width, input->channels);
}

/* ---- Networks and their parameters ---- */

vae_status vae_parts_resolve(vae_design *design, int64_t width)
{
    const vae_likelihood_options options = vae_design_likelihood(design);
    VAE_TRY(vae_network_encoder(&design->config, &design->input, width, &design->encoder));
    return vae_network_decoder(&design->config, &design->input, vae_distribution_width(&options), &design->decoder);
}

vae_status vae_parts_declare(const vae_design *design, vae_layout *layout)
{
    VAE_TRY(vae_network_declare(&design->encoder, layout));
    return vae_network_declare(&design->decoder, layout);
}

vae_status vae_parts_declare_statistics(const vae_design *design, vae_layout *layout)
{
    VAE_TRY(vae_network_declare_statistics(&design->encoder, layout));
    return vae_network_declare_statistics(&design->decoder, layout);
}

vae_status vae_parts_declare_likelihood(const vae_design *design, vae_layout *layout)
{
    if (design->config.model.likelihood != VAE_LIKELIHOOD_GAUSSIAN_SHARED) return VAE_OK;
    return vae_layout_add_statistic(layout, "likelihood.log_variance", vae_shape_vector(1), 0);
}

/* ---- x ---- */

/* From values as the data have them to x, or from E[x|z] back to such values. */
static vae_status standardise(const vae_design *design, vae_program *program, bool back, vae_tensor *x)
{
    vae_tensor mean, deviation;
    if (!vae_design_is_standardised(design)) return VAE_OK;
    VAE_TRY(vae_program_parameter(program, "data.mean", &mean));
    VAE_TRY(vae_program_parameter(program, "data.deviation", &deviation));
    if (back) {
        VAE_TRY(vae_program_apply(program, "unstandardise", VAE_FUNCTION_MULTIPLY, *x, deviation, x));
        return vae_program_apply(program, "unstandardise", VAE_FUNCTION_ADD, *x, mean, x);
    }
    VAE_TRY(vae_program_apply(program, "standardise", VAE_FUNCTION_SUBTRACT, *x, mean, x));
    return vae_program_apply(program, "standardise", VAE_FUNCTION_DIVIDE, *x, deviation, x);
}

vae_status vae_parts_gather(const vae_design *design, vae_program *program, int64_t rows, bool training, vae_tensor *x)
{
    const bool floats = design->input.dtype == VAE_FLOAT32;
    const vae_gather gather = {.shuffle = training,
                               .floats = floats,
                               .binarise = design->config.data.binarise == VAE_BINARISE_DYNAMIC,
                               .flip = training && design->config.data.flip == VAE_FLIP_HORIZONTAL,
                               .scale = floats ? 255.0 * design->input.scale : design->input.scale,
                               .shift = design->input.shift};
    VAE_TRY(vae_program_gather(program, "x", image_shape(design, rows), &gather, x));
    if (!training) VAE_TRY(vae_program_set_port(program, "x", *x));
    return standardise(design, program, false, x);
}

vae_status vae_parts_input(const vae_design *design, vae_program *program, int64_t rows, vae_tensor *x)
{
    VAE_TRY(vae_program_input(program, "x", image_shape(design, rows), x));
    VAE_TRY(vae_program_set_port(program, "x", *x));
    return standardise(design, program, false, x);
}

/* ---- From x to log p(x|z) ---- */

vae_status vae_parts_encode(const vae_design *design, vae_program *program, vae_tensor x, bool training,
                            vae_tensor *posterior)
{
    return vae_network_build(&design->encoder, program, x, training, posterior);
}

vae_status vae_parts_log_likelihood(const vae_design *design, vae_program *program, vae_tensor z, vae_tensor x,
                                    bool training, vae_tensor *ll)
{
    const vae_likelihood_options options = vae_design_likelihood(design);
    vae_tensor prediction; /* before the likelihood's link function: logits, means, … */
    VAE_TRY(vae_network_build(&design->decoder, program, z, training, &prediction));
    return vae_distribution_likelihood(program, "ll", prediction, x, &options, training, ll);
}

static vae_status find_part(const vae_layout *layout, vae_part part, int64_t *first, int64_t *count)
{
    const int64_t encoder = layout->encoder_elements, trained = layout->trained_elements;
    *first = part == VAE_PART_DECODER ? encoder : 0;
    *count = part == VAE_PART_ENCODER ? encoder : trained - *first;
    if (part == VAE_PART_ALL || (encoder > 0 && encoder < trained)) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "encoder and decoder of this model cannot be trained apart");
}

vae_status vae_parts_train(const vae_design *design, vae_part part, vae_program *program, const vae_loss_term *terms,
                           int32_t count)
{
    const vae_config *config = &design->config;
    int64_t first, elements;
    VAE_TRY(find_part(&design->layout, part, &first, &elements));
    VAE_TRY(vae_program_differentiate_part(program, terms, count, first, elements));
    const vae_adam_options options = {
        .first = first,
        .count = part == VAE_PART_ALL ? 0 : elements,
        .beta1 = config->train.adam_beta1,
        .beta2 = config->train.adam_beta2,
        .epsilon = config->train.adam_epsilon,
        .weight_decay = config->train.weight_decay,
        .clip_value = config->train.clip_value,
        .clip_norm = config->train.clip_norm,
    };
    return vae_program_adam(program, options);
}

/* ---- Ports ---- */

vae_status vae_parts_row_mean(vae_program *program, const char *port, vae_tensor rows, int64_t samples, double sign)
{
    const vae_weight share = {sign / (double)samples, VAE_SCALAR_ONE};
    if (samples > 1) VAE_TRY(vae_program_sum_rows(program, port, rows, samples, &rows));
    if (samples > 1 || sign < 0) {
        VAE_TRY(vae_program_apply_constant(program, port, VAE_FUNCTION_MULTIPLY, rows, share, &rows));
    }
    return vae_program_set_port(program, port, rows);
}

/* The port "z", and what the decoder makes of it. */
static vae_status predict(const vae_design *design, vae_program *program, int64_t rows, vae_tensor *prediction)
{
    vae_tensor z;
    VAE_TRY(vae_program_input(program, "z", vae_shape_matrix(rows, design->traits.latent), &z));
    VAE_TRY(vae_program_set_port(program, "z", z));
    return vae_network_build(&design->decoder, program, z, false, prediction);
}

vae_status vae_parts_build_decode(const vae_design *design, vae_program *program, int64_t rows)
{
    const vae_likelihood_options options = vae_design_likelihood(design);
    vae_tensor prediction, mean;
    VAE_TRY(predict(design, program, rows, &prediction));
    VAE_TRY(vae_distribution_mean(program, "mean", prediction, &options, &mean));
    VAE_TRY(standardise(design, program, true, &mean));
    return vae_program_set_port(program, "mean", mean);
}

vae_status vae_parts_build_draw(const vae_design *design, vae_program *program, int64_t rows)
{
    const vae_likelihood_options options = vae_design_likelihood(design);
    vae_tensor prediction, x;
    VAE_TRY(predict(design, program, rows, &prediction));
    VAE_TRY(vae_distribution_draw(program, "x", prediction, VAE_STREAM_OBSERVE, &options, &x));
    VAE_TRY(standardise(design, program, true, &x));
    return vae_program_set_port(program, "x", x);
}
