/* The programs of models of sequences. */
#include "model/sequence_model.h"

#include "core/random.h"
#include "model/kl_term.h"
#include "model/parts.h"
#include "model/posterior.h"
#include "model/recurrent_layer.h"
#include "model/sequence_decoder.h"

/* ---- Networks ---- */

static vae_recurrent_layer encoder_layer(const vae_sequence_model *model, const vae_design *design, bool reverse)
{
    const vae_recurrent_keys *keys = vae_recurrent_keys_of(&design->config);
    return (vae_recurrent_layer){
        .name = reverse ? "encoder.backward" : "encoder.forward",
        /* As in sketch-rnn, norms are the decoder's. */
        .cell = keys->cell == VAE_CELL_GRU ? VAE_CELL_GRU : VAE_CELL_LSTM,
        .input = model->steps->width(design),
        .units = keys->encoder_units,
        .reverse = reverse,
        .forget_bias = keys->forget_bias,
        .dropout = keys->recurrent_dropout,
    };
}

static bool is_bidirectional(const vae_design *design)
{
    return vae_recurrent_keys_of(&design->config)->bidirectional == VAE_YES;
}

vae_status vae_sequence_model_resolve(const vae_sequence_model *model, vae_design *design)
{
    const int64_t latent = design->config.model.latent.size[0];
    design->traits = (vae_traits){
        .latent = latent,
        .normals = latent,
        .has_posterior = model->has_posterior,
        .fits_decoder = true,
        .fixed_steps = model->fixed,
        .segment_steps = model->segment_steps,
        .summary = model->has_posterior ? NULL : "decoder only",
    };
    return VAE_OK;
}

static vae_status declare_encoder(const vae_sequence_model *model, const vae_design *design, vae_layout *layout)
{
    const vae_recurrent_layer forward = encoder_layer(model, design, false);
    const vae_recurrent_layer backward = encoder_layer(model, design, true);
    VAE_TRY(vae_recurrent_layer_declare(&forward, layout));
    if (is_bidirectional(design)) VAE_TRY(vae_recurrent_layer_declare(&backward, layout));
    const int64_t units = forward.units * (is_bidirectional(design) ? 2 : 1);
    VAE_TRY(vae_layout_add_layer(layout, "posterior",
                                 vae_shape_matrix(units, vae_posterior_family_gaussian.width(design)),
                                 vae_posterior_family_gaussian.width(design), units));
    if (model->steps->declare) VAE_TRY(model->steps->declare(design, "encoder", layout));
    vae_layout_end_encoder(layout);
    return VAE_OK;
}

vae_status vae_sequence_model_declare(const vae_sequence_model *model, const vae_design *design, vae_layout *layout)
{
    if (model->has_posterior) VAE_TRY(declare_encoder(model, design, layout));
    return vae_sequence_decoder_declare(model, design, layout);
}

/* ---- x ---- */

/* Begin and end of every row of x are where its inputs and targets differ. */
static vae_status cut(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                      const vae_build *what, vae_tensor x, vae_tensor lengths, vae_sequences *s)
{
    const vae_weight one = {1.0, VAE_SCALAR_ONE}, zero = {0.0, VAE_SCALAR_ONE};
    const int64_t count = (what->steps - 1) * what->rows;
    vae_tensor shorter;
    *s = (vae_sequences){.steps = what->steps - 1, .rows = what->rows};
    if (model->steps->scale) VAE_TRY(model->steps->scale(design, program, &x));
    VAE_TRY(vae_program_slice_rows(program, "inputs", x, 0, count, &s->inputs));
    VAE_TRY(vae_program_slice_rows(program, "targets", x, what->rows, count, &s->targets));
    VAE_TRY(vae_program_apply_constant(program, "present", VAE_FUNCTION_MINIMUM, lengths, one, &s->present));
    VAE_TRY(vae_program_apply_constant(program, "shorter", VAE_FUNCTION_SUBTRACT, lengths, one, &shorter));
    return vae_program_apply_constant(program, "target_lengths", VAE_FUNCTION_MAXIMUM, shorter, zero, &s->lengths);
}

static vae_status gather(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                         const vae_build *what, bool training, vae_sequences *s)
{
    const vae_gather_sequence options = {
        .shuffle = training,
        .steps = what->steps,
        .bucket = what->bucket,
        .first = what->first,
        .count = what->count,
        .scale_jitter = training ? design->config.data.scale_jitter : 0.0,
        .point_dropout = training ? design->config.data.point_dropout : 0.0,
    };
    vae_tensor x, lengths;
    VAE_TRY(vae_program_gather_sequence(program, "x", what->rows, design->input.channels, &options, &x, &lengths));
    return cut(model, design, program, what, x, lengths, s);
}

/* The same from the host. */
static vae_status take(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                       const vae_build *what, vae_sequences *s)
{
    vae_tensor x, lengths;
    const vae_shape shape = vae_shape_matrix(what->steps * what->rows, design->input.channels);
    VAE_TRY(vae_program_input(program, "x", shape, &x));
    VAE_TRY(vae_program_set_port(program, "x", x));
    VAE_TRY(vae_program_input(program, "lengths", vae_shape_vector(what->rows), &lengths));
    VAE_TRY(vae_program_set_port(program, "lengths", lengths));
    program->batch_rows = what->rows;
    return cut(model, design, program, what, x, lengths, s);
}

/* ---- From x to z ---- */

static vae_status read_encoder(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                               const vae_sequences *s, vae_tensor x, bool training, bool reverse, vae_tensor *last)
{
    const vae_recurrent_layer layer = encoder_layer(model, design, reverse);
    const vae_recurrent_layer_inputs inputs = {.steps = s->steps,
                                               .samples = 1,
                                               .x = x,
                                               .code = VAE_NO_TENSOR,
                                               .initial = VAE_NO_TENSOR,
                                               .lengths = s->lengths};
    vae_recurrent_layer_outputs outputs;
    VAE_TRY(vae_recurrent_layer_build(&layer, program, &inputs, training, false, &outputs));
    *last = outputs.last_h;
    return VAE_OK;
}

static vae_status encode(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                         const vae_sequences *s, bool training, vae_tensor *posterior)
{
    const int64_t units = vae_recurrent_keys_of(&design->config)->encoder_units;
    vae_tensor x, last, back;
    VAE_TRY(model->steps->read(design, program, "encoder", s->targets, training, &x));
    VAE_TRY(read_encoder(model, design, program, s, x, training, false, &last));
    if (is_bidirectional(design)) {
        VAE_TRY(read_encoder(model, design, program, s, x, training, true, &back));
        VAE_TRY(vae_program_concat(program, "encoder.last", last, units, back, units, &last));
    }
    return vae_program_dense(program, "posterior", last, VAE_ACTIVATION_IDENTITY, training, posterior);
}

/* ---- Programs that see the data set ---- */

typedef struct pass {
    vae_sequences x;
    vae_tensor posterior, ll, kl; /* of rows that are not there ll and kl are 0 */
} pass;

static vae_status draw(const vae_sequence_model *model, const vae_design *design, vae_program *program, bool training,
                       pass *p, vae_tensor *z)
{
    const vae_draw_options options = {.samples = 1,
                                      .stream = training ? VAE_STREAM_POSTERIOR : VAE_STREAM_EVALUATE,
                                      .training = training,
                                      .exact_kl = true};
    vae_draw drawn;
    *z = p->kl = p->posterior = VAE_NO_TENSOR;
    if (!model->has_posterior) return VAE_OK;
    VAE_TRY(encode(model, design, program, &p->x, training, &p->posterior));
    VAE_TRY(vae_posterior_family_gaussian.draw(design, program, p->posterior, &options, &drawn));
    *z = drawn.z;
    return vae_program_apply(program, "kl", VAE_FUNCTION_MULTIPLY, drawn.kl, p->x.present, &p->kl);
}

static vae_status build_metrics(vae_program *program, const pass *p)
{
    VAE_TRY(vae_program_accumulate(program, p->ll, VAE_METRIC_RECONSTRUCTION, -1.0, 0));
    if (p->kl != VAE_NO_TENSOR) VAE_TRY(vae_program_accumulate(program, p->kl, VAE_METRIC_KL, 1.0, 0));
    VAE_TRY(vae_program_accumulate(program, p->x.present, VAE_METRIC_ROWS, 1.0, 0));
    return vae_program_accumulate(program, p->x.lengths, VAE_METRIC_SEQUENCE_STEPS, 1.0, 0);
}

static vae_status build_pass(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                             const vae_build *what, bool training, pass *p)
{
    vae_tensor z;
    VAE_TRY(gather(model, design, program, what, training, &p->x));
    VAE_TRY(draw(model, design, program, training, p, &z));
    VAE_TRY(vae_sequence_decoder_log_likelihood(model, design, program, &p->x, z, 1, training, &p->ll));
    return build_metrics(program, p);
}

/* Means over the rows that are there. */
static vae_status build_train(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                              const vae_build *what)
{
    const double row = 1.0 / (double)what->rows;
    const double step = row * model->step_share, dimension = row * model->dimension_share;
    pass p;
    VAE_TRY(build_pass(model, design, program, what, true, &p));
    vae_loss_term terms[] = {{p.ll, {-step, VAE_SCALAR_SHARE}}, {VAE_NO_TENSOR, {0, VAE_SCALAR_ONE}}};
    const vae_kl_inputs kl = {
        .kl = p.kl, .mean = dimension, .rows = what->rows, .posterior = p.posterior, .present = p.x.present};
    if (model->has_posterior) VAE_TRY(vae_kl_term(&design->config, program, &kl, &terms[1]));
    return vae_parts_train(design, what->part, program, terms, model->has_posterior ? 2 : 1);
}

static vae_status build_evaluate(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                                 const vae_build *what)
{
    pass p;
    VAE_TRY(build_pass(model, design, program, what, false, &p));
    VAE_TRY(vae_program_set_port(program, "ll", p.ll));
    VAE_TRY(vae_program_set_port(program, "steps", p.x.lengths));
    VAE_TRY(vae_program_set_port(program, "kl", p.kl));
    return vae_program_set_port(program, "code", p.posterior);
}

/* ---- Programs that the host feeds ---- */

static vae_status require_posterior(const vae_sequence_model *model)
{
    if (model->has_posterior) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "this model is a decoder only: it has no code");
}

static vae_status build_encode(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                               const vae_build *what)
{
    vae_sequences s;
    vae_tensor posterior;
    VAE_TRY(require_posterior(model));
    VAE_TRY(take(model, design, program, what, &s));
    VAE_TRY(encode(model, design, program, &s, false, &posterior));
    return vae_program_set_port(program, "code", posterior);
}

static vae_status build_bound(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                              const vae_build *what)
{
    const vae_draw_options options = {.samples = what->samples, .stream = VAE_STREAM_IMPORTANCE, .log_ratio = true};
    vae_sequences s;
    vae_tensor posterior, ll, log_weight;
    vae_draw drawn;
    VAE_TRY(require_posterior(model));
    VAE_TRY(take(model, design, program, what, &s));
    VAE_TRY(encode(model, design, program, &s, false, &posterior));
    VAE_TRY(vae_posterior_family_gaussian.draw(design, program, posterior, &options, &drawn));
    VAE_TRY(vae_sequence_decoder_log_likelihood(model, design, program, &s, drawn.z, what->samples, false, &ll));
    VAE_TRY(vae_program_apply(program, "log_weight", VAE_FUNCTION_ADD, ll, drawn.log_ratio, &log_weight));
    return vae_program_set_port(program, "log_weight", log_weight);
}

vae_status vae_sequence_model_build(const vae_sequence_model *model, const vae_design *design, const vae_build *what,
                                    vae_program *program)
{
    switch (what->role) {
    case VAE_ROLE_TRAIN: return build_train(model, design, program, what);
    case VAE_ROLE_EVALUATE: return build_evaluate(model, design, program, what);
    case VAE_ROLE_BOUND: return build_bound(model, design, program, what);
    case VAE_ROLE_ENCODE: return build_encode(model, design, program, what);
    case VAE_ROLE_NEXT: return vae_sequence_decoder_next(model, design, program, what->rows);
    case VAE_ROLE_DECODE:
    case VAE_ROLE_DRAW: return vae_error_set(VAE_ERROR_ARGUMENT, "a sequence is decoded step by step");
    case VAE_ROLE_PRIOR:
        return vae_error_set(VAE_ERROR_ARGUMENT, "the prior is the standard normal, which takes no program");
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "no such role");
}
