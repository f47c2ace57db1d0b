/* The layout of a model's parameters, and its programs: train, evaluate, encode, decode and importance. */
#include "model/builder.h"

#include <math.h>

#include "core/random.h"
#include "model/network.h"

static vae_shape image_shape(const vae_input *input, int64_t rows)
{
    return vae_shape_images(rows, input->height, input->width, input->channels);
}

/* ---- Parameters ---- */

/* Numbers the encoder gives per image: mean and log-variance, or the code itself. */
static int64_t posterior_width(const vae_config *config)
{
    return config->model.objective == VAE_OBJECTIVE_AE ? config->model.latent : 2 * config->model.latent;
}

vae_likelihood_options vae_model_likelihood(const vae_config *config, const vae_input *input)
{
    return (vae_likelihood_options){
        .family = config->model.likelihood,
        .channels = input->channels,
        .variance = config->model.variance,
        .scale = input->scale,
        .shift = input->shift,
        .mixtures = config->model.mixtures,
    };
}

double vae_model_bits_per_dimension(const vae_config *config, const vae_input *input, double nats)
{
    const vae_likelihood_options options = vae_model_likelihood(config, input);
    const bool bytes = config->data.binarise == VAE_BINARISE_NONE, bound = config->model.objective != VAE_OBJECTIVE_AE;
    return bytes && bound ? vae_likelihood_bits_per_dimension(&options, nats, vae_input_elements(input)) : NAN;
}

/* What a likelihood learns beside the network: σ² = 1 until the first step. */
static vae_status add_likelihood_statistic(const vae_likelihood_options *options, vae_layout *layout)
{
    if (options->family != VAE_LIKELIHOOD_GAUSSIAN_SHARED) return VAE_OK;
    return vae_layout_add_statistic(layout, "likelihood.log_variance", vae_shape_vector(1), 0);
}

static vae_status resolve_decoder(const vae_config *config, const vae_input *input, vae_network *decoder)
{
    const vae_likelihood_options options = vae_model_likelihood(config, input);
    return vae_network_decoder(config, input, vae_likelihood_width(&options), decoder);
}

static vae_status declare(const vae_config *config, const vae_input *input, vae_layout *layout)
{
    const vae_likelihood_options likelihood = vae_model_likelihood(config, input);
    vae_network encoder, decoder;
    VAE_TRY(vae_likelihood_check(&likelihood));
    VAE_TRY(vae_network_encoder(config, input, posterior_width(config), &encoder));
    VAE_TRY(resolve_decoder(config, input, &decoder));
    VAE_TRY(vae_network_declare(&encoder, layout));
    VAE_TRY(vae_network_declare(&decoder, layout));
    VAE_TRY(vae_network_declare_statistics(&encoder, layout));
    VAE_TRY(vae_network_declare_statistics(&decoder, layout));
    return add_likelihood_statistic(&likelihood, layout);
}

vae_status vae_model_layout(const vae_config *config, const vae_input *input, vae_layout *layout)
{
    *layout = (vae_layout){0};
    const vae_status status = declare(config, input, layout);
    if (status) vae_layout_free(layout);
    return status;
}

void vae_model_initialise(const vae_layout *layout, uint64_t seed, double *values)
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

/* ---- Networks ---- */

static vae_status build_encoder(vae_program *program, const vae_config *config, const vae_input *input, vae_tensor x,
                                bool training, vae_tensor *posterior)
{
    vae_network encoder;
    VAE_TRY(vae_network_encoder(config, input, posterior_width(config), &encoder));
    return vae_network_build(&encoder, program, x, training, posterior);
}

/* Ends before the likelihood's link function: logits, means, … */
static vae_status build_decoder(vae_program *program, const vae_config *config, const vae_input *input, vae_tensor z,
                                bool training, vae_tensor *prediction)
{
    vae_network decoder;
    VAE_TRY(resolve_decoder(config, input, &decoder));
    return vae_network_build(&decoder, program, z, training, prediction);
}

static vae_status build_likelihood(vae_program *program, const vae_config *config, const vae_input *input,
                                   vae_tensor prediction, vae_tensor x, bool training, vae_tensor *ll)
{
    const vae_likelihood_options options = vae_model_likelihood(config, input);
    return vae_program_likelihood(program, "ll", prediction, x, &options, training, ll);
}

/* ---- Programs that see the data set ---- */

typedef struct objective_tensors {
    vae_tensor x, posterior, ll, kl; /* kl is VAE_NO_TENSOR for an autoencoder */
} objective_tensors;

static vae_status build_objective(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch,
                                  bool training, objective_tensors *tensors)
{
    vae_tensor x, z;
    const vae_gather gather = {.shuffle = training,
                               .binarise = config->data.binarise == VAE_BINARISE_DYNAMIC,
                               .flip = training && config->data.flip == VAE_FLIP_HORIZONTAL,
                               .scale = input->scale,
                               .shift = input->shift};
    VAE_TRY(vae_program_gather(program, "x", image_shape(input, batch), &gather, &x));
    vae_tensor posterior;
    VAE_TRY(build_encoder(program, config, input, x, training, &posterior));
    tensors->kl = VAE_NO_TENSOR;
    z = posterior;
    if (config->model.objective != VAE_OBJECTIVE_AE) {
        const vae_posterior_options options = {
            .samples = 1,
            .stream = training ? VAE_STREAM_POSTERIOR : VAE_STREAM_EVALUATE,
            .sampled = true,
            .with_kl = true,
        };
        vae_posterior_outputs outputs;
        VAE_TRY(vae_program_gaussian_sample_kl(program, "gaussian_sample_kl", posterior, options, &outputs));
        z = outputs.z;
        tensors->kl = outputs.kl;
    }
    vae_tensor prediction;
    VAE_TRY(build_decoder(program, config, input, z, training, &prediction));
    VAE_TRY(build_likelihood(program, config, input, prediction, x, training, &tensors->ll));
    tensors->x = x;
    tensors->posterior = posterior;
    VAE_TRY(vae_program_accumulate(program, tensors->ll, VAE_METRIC_RECONSTRUCTION, -1.0, true));
    if (tensors->kl != VAE_NO_TENSOR) {
        VAE_TRY(vae_program_accumulate(program, tensors->kl, VAE_METRIC_KL, 1.0, false));
    }
    return VAE_OK;
}

/* The loss: (reconstruction + β·KL) / batch, or one of the two alone. */
static int32_t loss_terms(const vae_config *config, const objective_tensors *tensors, int64_t batch,
                          vae_loss_term terms[2])
{
    const double share = 1.0 / (double)batch;
    int32_t count = 0;
    if (config->model.objective != VAE_OBJECTIVE_KL) {
        terms[count++] = (vae_loss_term){tensors->ll, {-share, VAE_SCALAR_ONE}};
    }
    if (config->model.objective != VAE_OBJECTIVE_AE) {
        terms[count++] = (vae_loss_term){tensors->kl, {share, VAE_SCALAR_BETA}};
    }
    return count;
}

static vae_status build_train(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch)
{
    objective_tensors tensors;
    VAE_TRY(build_objective(program, config, input, batch, true, &tensors));
    vae_loss_term terms[2];
    const int32_t count = loss_terms(config, &tensors, batch, terms);
    VAE_TRY(vae_program_differentiate(program, terms, count));
    const vae_adam_options options = {
        .beta1 = config->train.adam_beta1,
        .beta2 = config->train.adam_beta2,
        .epsilon = config->train.adam_epsilon,
        .weight_decay = config->train.weight_decay,
        .clip_norm = config->train.clip_norm,
    };
    VAE_TRY(vae_program_adam(program, options));
    return vae_program_plan(program);
}

/* Frees what a failed build left behind. */
static vae_status finish(vae_program *program, vae_status status)
{
    if (status) vae_program_free(program);
    return status;
}

vae_status vae_model_build_train(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                 int64_t batch, vae_program *program)
{
    vae_program_init(program, "train", layout);
    return finish(program, build_train(program, config, input, batch));
}

static vae_status build_evaluate(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch)
{
    objective_tensors tensors;
    VAE_TRY(build_objective(program, config, input, batch, false, &tensors));
    vae_program_mark_external(program, tensors.x);
    vae_program_mark_external(program, tensors.posterior);
    vae_program_mark_external(program, tensors.ll);
    if (tensors.kl != VAE_NO_TENSOR) vae_program_mark_external(program, tensors.kl);
    return vae_program_plan(program);
}

vae_status vae_model_build_evaluate(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                    int64_t batch, vae_program *program)
{
    vae_program_init(program, "evaluate", layout);
    return finish(program, build_evaluate(program, config, input, batch));
}

/* ---- Programs that the host feeds ---- */

static vae_status build_encode(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch)
{
    vae_tensor x, posterior;
    VAE_TRY(vae_program_input(program, "x", image_shape(input, batch), &x));
    VAE_TRY(build_encoder(program, config, input, x, false, &posterior));
    vae_program_mark_external(program, posterior);
    return vae_program_plan(program);
}

vae_status vae_model_build_encode(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                  int64_t batch, vae_program *program)
{
    vae_program_init(program, "encode", layout);
    return finish(program, build_encode(program, config, input, batch));
}

static vae_status build_decode(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch)
{
    vae_tensor z, prediction, mean;
    VAE_TRY(vae_program_input(program, "z", vae_shape_matrix(batch, config->model.latent), &z));
    VAE_TRY(build_decoder(program, config, input, z, false, &prediction));
    const vae_likelihood_options options = vae_model_likelihood(config, input);
    VAE_TRY(vae_program_likelihood_mean(program, "mean", prediction, &options, &mean));
    vae_program_mark_external(program, mean);
    return vae_program_plan(program);
}

vae_status vae_model_build_decode(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                  int64_t batch, vae_program *program)
{
    vae_program_init(program, "decode", layout);
    return finish(program, build_decode(program, config, input, batch));
}

static vae_status build_importance(vae_program *program, const vae_config *config, const vae_input *input, int64_t rows,
                                   int64_t samples)
{
    if (config->model.objective == VAE_OBJECTIVE_AE) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "log P(X) is not defined for objective = ae: it has no posterior");
    }
    vae_tensor x, posterior, prediction, ll;
    VAE_TRY(vae_program_input(program, "x", image_shape(input, rows), &x));
    VAE_TRY(vae_program_input(program, "posterior", vae_shape_matrix(rows, posterior_width(config)), &posterior));
    const vae_posterior_options options = {
        .samples = samples, .stream = VAE_STREAM_IMPORTANCE, .sampled = true, .with_log_ratio = true};
    vae_posterior_outputs outputs;
    VAE_TRY(vae_program_gaussian_sample_kl(program, "gaussian_sample_kl", posterior, options, &outputs));
    VAE_TRY(build_decoder(program, config, input, outputs.z, false, &prediction));
    VAE_TRY(build_likelihood(program, config, input, prediction, x, false, &ll));
    vae_program_mark_external(program, outputs.log_ratio);
    vae_program_mark_external(program, ll);
    return vae_program_plan(program);
}

vae_status vae_model_build_importance(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                      int64_t rows, int64_t samples, vae_program *program)
{
    vae_program_init(program, "importance", layout);
    return finish(program, build_importance(program, config, input, rows, samples));
}
