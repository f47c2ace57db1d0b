/* The layout of a model's parameters, and its programs: train, evaluate, encode, decode and importance. */
#include "model/builder.h"

#include <math.h>

#include "core/random.h"
#include "distribution/distribution.h"
#include "model/network.h"
#include "model/objective.h"
#include "model/posterior.h"

static vae_shape image_shape(const vae_input *input, int64_t rows)
{
    return vae_shape_images(rows, input->height, input->width, input->channels);
}

/* ---- Parameters ---- */

int64_t vae_model_posterior_width(const vae_config *config)
{
    return vae_posterior_family_of(config)->width(config);
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
    const bool bytes = config->data.binarise == VAE_BINARISE_NONE;
    return bytes && vae_objective_info_of(config->model.objective)->has_posterior
               ? vae_likelihood_bits_per_dimension(&options, nats, vae_input_elements(input))
               : NAN;
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
    return vae_network_decoder(config, input, vae_distribution_width(&options), decoder);
}

static vae_status declare(const vae_config *config, const vae_input *input, vae_layout *layout)
{
    const vae_likelihood_options likelihood = vae_model_likelihood(config, input);
    vae_network encoder, decoder;
    VAE_TRY(vae_likelihood_check(&likelihood));
    VAE_TRY(vae_network_encoder(config, input, vae_model_posterior_width(config), &encoder));
    VAE_TRY(resolve_decoder(config, input, &decoder));
    VAE_TRY(vae_network_declare(&encoder, layout));
    VAE_TRY(vae_network_declare(&decoder, layout));
    const vae_posterior_family *family = vae_posterior_family_of(config);
    if (family->declare) VAE_TRY(family->declare(config, layout));
    VAE_TRY(vae_network_declare_statistics(&encoder, layout));
    VAE_TRY(vae_network_declare_statistics(&decoder, layout));
    if (family->declare_statistics) VAE_TRY(family->declare_statistics(config, layout));
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
    VAE_TRY(vae_network_encoder(config, input, vae_model_posterior_width(config), &encoder));
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
    return vae_distribution_likelihood(program, "ll", prediction, x, &options, training, ll);
}

/* ---- Programs that see the data set ---- */

typedef struct objective_tensors {
    vae_tensor x, posterior, code;
    vae_objective_inputs inputs;
    vae_objective_outputs outputs;
} objective_tensors;

static vae_status build_gather(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch,
                               bool training, vae_tensor *x)
{
    const vae_gather gather = {.shuffle = training,
                               .binarise = config->data.binarise == VAE_BINARISE_DYNAMIC,
                               .flip = training && config->data.flip == VAE_FLIP_HORIZONTAL,
                               .scale = input->scale,
                               .shift = input->shift};
    return vae_program_gather(program, "x", image_shape(input, batch), &gather, x);
}

static vae_status build_draw(vae_program *program, const vae_config *config, bool training, objective_tensors *tensors)
{
    const vae_objective_info *objective = vae_objective_info_of(config->model.objective);
    const vae_draw_options options = {
        .samples = tensors->inputs.samples,
        .stream = training ? VAE_STREAM_POSTERIOR : VAE_STREAM_EVALUATE,
        .training = training,
        .exact_kl = config->model.kl == VAE_KL_EXACT && !(training && objective->needs_ratio),
        .log_ratio = objective->needs_ratio,
        .path = training && objective->path,
    };
    return vae_posterior_family_of(config)->draw(config, program, tensors->posterior, &options, &tensors->inputs.draw);
}

/* x, z, log p(x|z) and the objective. */
static vae_status build_objective(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch,
                                  bool training, objective_tensors *tensors)
{
    vae_objective_inputs *inputs = &tensors->inputs;
    vae_tensor prediction;
    *tensors = (objective_tensors){.outputs.bound = VAE_NO_TENSOR};
    inputs->batch = batch;
    inputs->samples = vae_objective_info_of(config->model.objective)->has_posterior ? config->train.samples : 1;
    VAE_TRY(build_gather(program, config, input, batch, training, &tensors->x));
    VAE_TRY(build_encoder(program, config, input, tensors->x, training, &tensors->posterior));
    VAE_TRY(build_draw(program, config, training, tensors));
    VAE_TRY(build_decoder(program, config, input, inputs->draw.z, training, &prediction));
    VAE_TRY(build_likelihood(program, config, input, prediction, tensors->x, training, &inputs->ll));
    return vae_objective_info_of(config->model.objective)->build(program, inputs, &tensors->outputs);
}

/* Sums over the batch; of several samples a row, their means. */
static vae_status build_metrics(vae_program *program, const objective_tensors *tensors)
{
    const vae_objective_inputs *inputs = &tensors->inputs;
    const double share = 1.0 / (double)inputs->samples;
    const vae_tensor bound = tensors->outputs.bound;
    VAE_TRY(vae_program_accumulate(program, inputs->ll, VAE_METRIC_RECONSTRUCTION, -share, inputs->batch));
    if (inputs->draw.kl != VAE_NO_TENSOR) {
        VAE_TRY(vae_program_accumulate(program, inputs->draw.kl, VAE_METRIC_KL, 1.0, 0));
    } else if (inputs->draw.log_ratio != VAE_NO_TENSOR) {
        VAE_TRY(vae_program_accumulate(program, inputs->draw.log_ratio, VAE_METRIC_KL, -share, 0));
    }
    return bound == VAE_NO_TENSOR ? VAE_OK : vae_program_accumulate(program, bound, VAE_METRIC_BOUND, -1.0, 0);
}

/* Joins what can be joined, and gives every tensor its place. */
static vae_status close_program(vae_program *program, const vae_config *config)
{
    if (config->run.fuse == VAE_YES) VAE_TRY(vae_program_fuse(program));
    return vae_program_plan(program);
}

static vae_status build_train(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch)
{
    objective_tensors tensors;
    VAE_TRY(build_objective(program, config, input, batch, true, &tensors));
    VAE_TRY(build_metrics(program, &tensors));
    VAE_TRY(vae_program_differentiate(program, tensors.outputs.terms, tensors.outputs.term_count));
    const vae_adam_options options = {
        .beta1 = config->train.adam_beta1,
        .beta2 = config->train.adam_beta2,
        .epsilon = config->train.adam_epsilon,
        .weight_decay = config->train.weight_decay,
        .clip_norm = config->train.clip_norm,
    };
    VAE_TRY(vae_program_adam(program, options));
    return close_program(program, config);
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

/* A port of the mean over a row's samples, times `sign`. */
static vae_status build_row_mean(vae_program *program, const char *port, vae_tensor rows, int64_t samples, double sign)
{
    const vae_weight share = {sign / (double)samples, VAE_SCALAR_ONE};
    if (samples > 1) VAE_TRY(vae_program_sum_rows(program, port, rows, samples, &rows));
    if (samples > 1 || sign < 0) {
        VAE_TRY(vae_program_apply_constant(program, port, VAE_FUNCTION_MULTIPLY, rows, share, &rows));
    }
    return vae_program_set_port(program, port, rows);
}

/* What the host reads of each row. */
static vae_status build_rows(vae_program *program, const objective_tensors *tensors)
{
    const vae_objective_inputs *inputs = &tensors->inputs;
    VAE_TRY(build_row_mean(program, "ll", inputs->ll, inputs->samples, 1.0));
    if (inputs->draw.kl != VAE_NO_TENSOR) return vae_program_set_port(program, "kl", inputs->draw.kl);
    if (inputs->draw.log_ratio == VAE_NO_TENSOR) return VAE_OK;
    return build_row_mean(program, "kl", inputs->draw.log_ratio, inputs->samples, -1.0);
}

static vae_status build_code(vae_program *program, const vae_config *config, vae_tensor posterior)
{
    const vae_posterior_family *family = vae_posterior_family_of(config);
    vae_tensor code = posterior;
    if (family->code) VAE_TRY(family->code(config, program, posterior, &code));
    return vae_program_set_port(program, "code", code);
}

static vae_status build_evaluate(vae_program *program, const vae_config *config, const vae_input *input, int64_t batch)
{
    objective_tensors tensors;
    VAE_TRY(build_objective(program, config, input, batch, false, &tensors));
    VAE_TRY(build_metrics(program, &tensors));
    VAE_TRY(build_rows(program, &tensors));
    VAE_TRY(build_code(program, config, tensors.posterior));
    VAE_TRY(vae_program_set_port(program, "x", tensors.x));
    VAE_TRY(vae_program_set_port(program, "posterior", tensors.posterior));
    return close_program(program, config);
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
    VAE_TRY(vae_program_set_port(program, "x", x));
    VAE_TRY(build_encoder(program, config, input, x, false, &posterior));
    VAE_TRY(build_code(program, config, posterior));
    return close_program(program, config);
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
    VAE_TRY(vae_program_input(program, "z", vae_shape_matrix(batch, config->model.latent.size[0]), &z));
    VAE_TRY(vae_program_set_port(program, "z", z));
    VAE_TRY(build_decoder(program, config, input, z, false, &prediction));
    const vae_likelihood_options options = vae_model_likelihood(config, input);
    VAE_TRY(vae_distribution_mean(program, "mean", prediction, &options, &mean));
    VAE_TRY(vae_program_set_port(program, "mean", mean));
    return close_program(program, config);
}

vae_status vae_model_build_decode(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                  int64_t batch, vae_program *program)
{
    vae_program_init(program, "decode", layout);
    return finish(program, build_decode(program, config, input, batch));
}

static vae_status build_prior(vae_program *program, const vae_config *config, int64_t batch)
{
    vae_tensor normals, z;
    VAE_TRY(
        vae_program_input(program, "normals", vae_shape_matrix(batch, vae_posterior_prior_width(config)), &normals));
    VAE_TRY(vae_program_set_port(program, "normals", normals));
    VAE_TRY(vae_posterior_family_of(config)->prior(config, program, normals, &z));
    VAE_TRY(vae_program_set_port(program, "z", z));
    return close_program(program, config);
}

vae_status vae_model_build_prior(const vae_config *config, const vae_layout *layout, int64_t batch,
                                 vae_program *program)
{
    vae_program_init(program, "prior", layout);
    return finish(program, build_prior(program, config, batch));
}

static vae_status build_importance(vae_program *program, const vae_config *config, const vae_input *input, int64_t rows,
                                   int64_t samples)
{
    if (!vae_objective_info_of(config->model.objective)->has_posterior) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "log P(X) is not defined for objective = ae: it has no posterior");
    }
    vae_tensor x, posterior, prediction, ll;
    VAE_TRY(vae_program_input(program, "x", image_shape(input, rows), &x));
    VAE_TRY(
        vae_program_input(program, "posterior", vae_shape_matrix(rows, vae_model_posterior_width(config)), &posterior));
    const vae_draw_options options = {.samples = samples, .stream = VAE_STREAM_IMPORTANCE, .log_ratio = true};
    vae_draw draw;
    VAE_TRY(vae_posterior_family_of(config)->draw(config, program, posterior, &options, &draw));
    VAE_TRY(build_decoder(program, config, input, draw.z, false, &prediction));
    VAE_TRY(build_likelihood(program, config, input, prediction, x, false, &ll));
    VAE_TRY(vae_program_set_port(program, "x", x));
    VAE_TRY(vae_program_set_port(program, "posterior", posterior));
    VAE_TRY(vae_program_set_port(program, "log_ratio", draw.log_ratio));
    VAE_TRY(vae_program_set_port(program, "ll", ll));
    return close_program(program, config);
}

vae_status vae_model_build_importance(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                      int64_t rows, int64_t samples, vae_program *program)
{
    vae_program_init(program, "importance", layout);
    return finish(program, build_importance(program, config, input, rows, samples));
}
