/* The programs of models of sequences. */
#include "model/sequence_model.h"

#include "core/random.h"
#include "model/kl_term.h"
#include "model/parts.h"
#include "model/posterior.h"
#include "model/recurrent_layer.h"

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

static vae_recurrent_layer decoder_layer(const vae_sequence_model *model, const vae_design *design)
{
    const vae_recurrent_keys *keys = vae_recurrent_keys_of(&design->config);
    return (vae_recurrent_layer){
        .name = "decoder",
        .cell = keys->cell,
        .input = model->steps->width(design),
        .units = keys->decoder_units,
        .code = model->has_posterior ? design->traits.latent : 0,
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
    const vae_recurrent_layer decoder = decoder_layer(model, design);
    if (model->has_posterior) VAE_TRY(declare_encoder(model, design, layout));
    if (model->steps->declare) VAE_TRY(model->steps->declare(design, "decoder", layout));
    if (model->has_posterior) {
        VAE_TRY(vae_layout_add_layer(layout, "decoder.initial",
                                     vae_shape_matrix(decoder.code, vae_recurrent_layer_state(&decoder)),
                                     vae_recurrent_layer_state(&decoder), decoder.code));
    }
    VAE_TRY(vae_recurrent_layer_declare(&decoder, layout));
    return vae_layout_add_layer(layout, "output", vae_shape_matrix(decoder.units, model->steps->prediction(design)),
                                model->steps->prediction(design), decoder.units);
}

/* ---- x ---- */

typedef struct sequences {
    int64_t steps, rows; /* of the decoder: one step less than x has */
    vae_tensor inputs;   /* [steps·rows, elements]: what the decoder reads */
    vae_tensor targets;  /* [steps·rows, elements]: what follows each */
    vae_tensor lengths;  /* [rows]: of the targets */
    vae_tensor present;  /* [rows]: 1, and 0 where a short batch was filled up */
} sequences;

/* Begin and end of every row of x are where its inputs and targets differ. */
static vae_status cut(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                      const vae_build *what, vae_tensor x, vae_tensor lengths, sequences *s)
{
    const vae_weight one = {1.0, VAE_SCALAR_ONE}, zero = {0.0, VAE_SCALAR_ONE};
    const int64_t count = (what->steps - 1) * what->rows;
    vae_tensor shorter;
    *s = (sequences){.steps = what->steps - 1, .rows = what->rows};
    if (model->steps->scale) VAE_TRY(model->steps->scale(design, program, &x));
    VAE_TRY(vae_program_slice_rows(program, "inputs", x, 0, count, &s->inputs));
    VAE_TRY(vae_program_slice_rows(program, "targets", x, what->rows, count, &s->targets));
    VAE_TRY(vae_program_apply_constant(program, "present", VAE_FUNCTION_MINIMUM, lengths, one, &s->present));
    VAE_TRY(vae_program_apply_constant(program, "shorter", VAE_FUNCTION_SUBTRACT, lengths, one, &shorter));
    return vae_program_apply_constant(program, "target_lengths", VAE_FUNCTION_MAXIMUM, shorter, zero, &s->lengths);
}

static vae_status gather(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                         const vae_build *what, bool training, sequences *s)
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
                       const vae_build *what, sequences *s)
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
                               const sequences *s, vae_tensor x, bool training, bool reverse, vae_tensor *last)
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
                         const sequences *s, bool training, vae_tensor *posterior)
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

/* ---- From z to log p(x|z) ---- */

static vae_status dropout(vae_program *program, const char *name, bool training, double rate, vae_tensor *x)
{
    return training && rate > 0 ? vae_program_dropout(program, name, *x, rate, 0, x) : VAE_OK;
}

/* What the decoder predicts at every step, from inputs [steps·rows, elements] for `samples` codes of each row. */
static vae_status predict(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                          vae_recurrent_layer_inputs *inputs, bool training, vae_recurrent_layer_outputs *outputs,
                          vae_tensor *prediction)
{
    const vae_recurrent_layer layer = decoder_layer(model, design);
    const vae_recurrent_keys *keys = vae_recurrent_keys_of(&design->config);
    VAE_TRY(model->steps->read(design, program, "decoder", inputs->x, training, &inputs->x));
    VAE_TRY(dropout(program, "decoder.input_dropout", training, keys->input_dropout, &inputs->x));
    VAE_TRY(vae_recurrent_layer_build(&layer, program, inputs, training, !training, outputs));
    vae_tensor h = outputs->h;
    VAE_TRY(dropout(program, "decoder.output_dropout", training, keys->output_dropout, &h));
    return vae_program_dense(program, "output", h, VAE_ACTIVATION_IDENTITY, training, prediction);
}

/* The state that z begins a sequence with. */
static vae_status begin(const vae_sequence_model *model, vae_program *program, vae_tensor z, bool training,
                        vae_tensor *state)
{
    *state = VAE_NO_TENSOR;
    if (!model->has_posterior) return VAE_OK;
    return vae_program_dense(program, "decoder.initial", z, VAE_ACTIVATION_TANH, training, state);
}

/* Scheduled sampling (Bengio et al. 2015) by two teacher-forced passes (Mihaylova & Martins 2019; Duckworth et al. 2019
 * call it parallel): of what the decoder reads, some is drawn from what a pass over the true steps predicts. That pass
 * predicts as in generation, so nothing is dropped out, and no gradient enters it, as none passes a draw. */
static vae_status sample(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                         const vae_recurrent_layer_inputs *inputs, vae_tensor *x)
{
    vae_recurrent_layer_inputs first = *inputs;
    vae_recurrent_layer_outputs outputs;
    vae_tensor prediction;
    VAE_TRY(predict(model, design, program, &first, false, &outputs, &prediction));
    return model->steps->sample(design, program, prediction, inputs->x, inputs->lengths, x);
}

/* One of [rows, columns] for each sample of a row. */
static vae_status repeat(vae_program *program, int64_t samples, vae_tensor *x)
{
    const vae_shape *shape = &program->tensors[*x].shape;
    if (samples == 1) return VAE_OK;
    const vae_shape wanted = shape->rank == 1 ? vae_shape_vector(shape->size[0] * samples)
                                              : vae_shape_matrix(shape->size[0] * samples, shape->size[1]);
    return vae_program_broadcast(program, "repeated", *x, wanted, x);
}

static vae_status log_likelihood(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                                 const sequences *s, vae_tensor z, int64_t samples, bool training, vae_tensor *ll)
{
    vae_recurrent_layer_inputs inputs = {
        .steps = s->steps, .samples = samples, .x = s->inputs, .code = z, .lengths = s->lengths};
    vae_recurrent_layer_outputs outputs;
    vae_tensor prediction, targets = s->targets;
    VAE_TRY(begin(model, program, z, training, &inputs.initial));
    VAE_TRY(repeat(program, samples, &inputs.lengths));
    VAE_TRY(repeat(program, samples, &targets));
    if (training && design->traits.sampling > 0) VAE_TRY(sample(model, design, program, &inputs, &inputs.x));
    VAE_TRY(predict(model, design, program, &inputs, training, &outputs, &prediction));
    return model->steps->log_likelihood(design, program, prediction, targets, inputs.lengths, training, ll);
}

/* ---- Programs that see the data set ---- */

typedef struct pass {
    sequences x;
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
    VAE_TRY(log_likelihood(model, design, program, &p->x, z, 1, training, &p->ll));
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
    sequences s;
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
    sequences s;
    vae_tensor posterior, ll, log_weight;
    vae_draw drawn;
    VAE_TRY(require_posterior(model));
    VAE_TRY(take(model, design, program, what, &s));
    VAE_TRY(encode(model, design, program, &s, false, &posterior));
    VAE_TRY(vae_posterior_family_gaussian.draw(design, program, posterior, &options, &drawn));
    VAE_TRY(log_likelihood(model, design, program, &s, drawn.z, what->samples, false, &ll));
    VAE_TRY(vae_program_apply(program, "log_weight", VAE_FUNCTION_ADD, ll, drawn.log_ratio, &log_weight));
    return vae_program_set_port(program, "log_weight", log_weight);
}

static vae_status input_port(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor)
{
    VAE_TRY(vae_program_input(program, name, shape, tensor));
    return vae_program_set_port(program, name, *tensor);
}

/* The state that a step goes on from: of row `parent`, or, where `begin` is 1, what z begins with. */
static vae_status next_state(const vae_sequence_model *model, vae_program *program, vae_tensor z, int64_t rows,
                             vae_tensor kept, vae_tensor *state)
{
    const vae_weight one = {1.0, VAE_SCALAR_ONE};
    vae_tensor parent, fresh, first, going_on, old;
    VAE_TRY(input_port(program, "parent", vae_shape_vector(rows), &parent));
    VAE_TRY(input_port(program, "begin", vae_shape_vector(rows), &fresh));
    VAE_TRY(vae_program_gather_rows(program, "kept", kept, parent, &old));
    VAE_TRY(vae_program_apply_to_constant(program, "goes_on", VAE_FUNCTION_SUBTRACT, one, fresh, &going_on));
    VAE_TRY(vae_program_apply(program, "goes_on", VAE_FUNCTION_MULTIPLY, old, going_on, state));
    VAE_TRY(begin(model, program, z, false, &first));
    if (first == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_program_apply(program, "begins", VAE_FUNCTION_MULTIPLY, first, fresh, &first));
    return vae_program_apply(program, "state", VAE_FUNCTION_ADD, *state, first, state);
}

static vae_status build_next(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                             int64_t rows)
{
    const vae_recurrent_layer layer = decoder_layer(model, design);
    vae_recurrent_layer_inputs inputs = {.steps = 1, .samples = 1, .code = VAE_NO_TENSOR, .lengths = VAE_NO_TENSOR};
    vae_recurrent_layer_outputs outputs;
    vae_tensor kept, prediction;
    program->batch_rows = rows;
    VAE_TRY(input_port(program, "state", vae_shape_matrix(rows, vae_recurrent_layer_state(&layer)), &kept));
    VAE_TRY(input_port(program, "input", vae_shape_matrix(rows, design->input.channels), &inputs.x));
    if (model->steps->scale) VAE_TRY(model->steps->scale(design, program, &inputs.x));
    if (model->has_posterior) {
        VAE_TRY(input_port(program, "z", vae_shape_matrix(rows, design->traits.latent), &inputs.code));
    }
    VAE_TRY(next_state(model, program, inputs.code, rows, kept, &inputs.initial));
    VAE_TRY(predict(model, design, program, &inputs, false, &outputs, &prediction));
    VAE_TRY(vae_program_store(program, outputs.state, kept));
    return vae_program_set_port(program, "prediction", prediction);
}

vae_status vae_sequence_model_build(const vae_sequence_model *model, const vae_design *design, const vae_build *what,
                                    vae_program *program)
{
    switch (what->role) {
    case VAE_ROLE_TRAIN: return build_train(model, design, program, what);
    case VAE_ROLE_EVALUATE: return build_evaluate(model, design, program, what);
    case VAE_ROLE_BOUND: return build_bound(model, design, program, what);
    case VAE_ROLE_ENCODE: return build_encode(model, design, program, what);
    case VAE_ROLE_NEXT: return build_next(model, design, program, what->rows);
    case VAE_ROLE_DECODE:
    case VAE_ROLE_DRAW: return vae_error_set(VAE_ERROR_ARGUMENT, "a sequence is decoded step by step");
    case VAE_ROLE_PRIOR:
        return vae_error_set(VAE_ERROR_ARGUMENT, "the prior is the standard normal, which takes no program");
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "no such role");
}
