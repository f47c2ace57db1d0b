/* Decoders of sequences, put together from recurrent layers. */
#include "model/sequence_decoder.h"

#include <inttypes.h>

#include "model/recurrent_layer.h"

/* ---- Networks ---- */

static bool has_conductor(const vae_sequence_model *model)
{
    return model->conductor_units > 0;
}

static vae_recurrent_layer conductor_layer(const vae_sequence_model *model, const vae_design *design)
{
    const vae_recurrent_keys *keys = vae_recurrent_keys_of(&design->config);
    return (vae_recurrent_layer){
        .name = "conductor",
        .cell = keys->cell,
        .units = model->conductor_units,
        .code = design->traits.latent,
        .forget_bias = keys->forget_bias,
        .dropout = keys->recurrent_dropout,
    };
}

/* Width of what the decoder begins with: of z, or of a segment's code. */
static int64_t code_of(const vae_sequence_model *model, const vae_design *design)
{
    if (has_conductor(model)) return model->conductor_units;
    return model->has_posterior ? design->traits.latent : 0;
}

/* Layer `number`, from 0: the first reads steps and code, each other one what the one below it gives. */
static vae_recurrent_layer decoder_layer(const vae_sequence_model *model, const vae_design *design, int64_t number)
{
    static const char *const names[VAE_MAX_DECODER_DEPTH] = {"decoder", "decoder.2", "decoder.3", "decoder.4"};
    const vae_recurrent_keys *keys = vae_recurrent_keys_of(&design->config);
    return (vae_recurrent_layer){
        .name = names[number],
        .cell = keys->cell,
        .input = number == 0 ? model->steps->width(design) : keys->decoder_units,
        .units = keys->decoder_units,
        .code = number == 0 ? code_of(model, design) : 0,
        .forget_bias = keys->forget_bias,
        .dropout = keys->recurrent_dropout,
    };
}

static int64_t layers_of(const vae_design *design)
{
    return vae_recurrent_keys_of(&design->config)->decoder_depth;
}

/* Columns of the state of all layers, one layer's beside the other's. */
static int64_t state_of(const vae_sequence_model *model, const vae_design *design)
{
    const vae_recurrent_layer layer = decoder_layer(model, design, 0);
    return layers_of(design) * vae_recurrent_layer_state(&layer);
}

static vae_status declare_initial(const char *name, int64_t code, int64_t state, vae_layout *layout)
{
    return vae_layout_add_layer(layout, name, vae_shape_matrix(code, state), state, code);
}

vae_status vae_sequence_decoder_declare(const vae_sequence_model *model, const vae_design *design, vae_layout *layout)
{
    const int64_t code = code_of(model, design), units = vae_recurrent_keys_of(&design->config)->decoder_units;
    const int64_t prediction = model->steps->prediction(design);
    if (model->steps->declare) VAE_TRY(model->steps->declare(design, "decoder", layout));
    if (has_conductor(model)) {
        const vae_recurrent_layer conductor = conductor_layer(model, design);
        VAE_TRY(declare_initial("conductor.initial", conductor.code, vae_recurrent_layer_state(&conductor), layout));
        VAE_TRY(vae_recurrent_layer_declare(&conductor, layout));
    }
    if (code > 0) VAE_TRY(declare_initial("decoder.initial", code, state_of(model, design), layout));
    for (int64_t i = 0; i < layers_of(design); ++i) {
        const vae_recurrent_layer layer = decoder_layer(model, design, i);
        VAE_TRY(vae_recurrent_layer_declare(&layer, layout));
    }
    return vae_layout_add_layer(layout, "output", vae_shape_matrix(units, prediction), prediction, units);
}

/* ---- From a code to predictions ---- */

static vae_status dropout(vae_program *program, const char *name, bool training, double rate, vae_tensor *x)
{
    return training && rate > 0 ? vae_program_dropout(program, name, *x, rate, 0, x) : VAE_OK;
}

/* The layers one over the other; state [rows·samples, state] of all. */
static vae_status run_layers(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                             const vae_recurrent_layer_inputs *inputs, bool training, vae_recurrent_layer_outputs *made)
{
    const int64_t layers = layers_of(design), all = state_of(model, design), own = all / layers;
    vae_recurrent_layer_inputs in = *inputs;
    vae_tensor state = VAE_NO_TENSOR;
    *made = (vae_recurrent_layer_outputs){VAE_NO_TENSOR, VAE_NO_TENSOR, VAE_NO_TENSOR};
    for (int64_t i = 0; i < layers; ++i) {
        const vae_recurrent_layer layer = decoder_layer(model, design, i);
        if (layers > 1 && inputs->initial != VAE_NO_TENSOR) {
            VAE_TRY(vae_program_slice(program, "layer_initial", inputs->initial, all, i * own, own, &in.initial));
        }
        VAE_TRY(vae_recurrent_layer_build(&layer, program, &in, training, !training, made));
        if (i > 0 && !training) {
            VAE_TRY(vae_program_concat(program, "state", state, i * own, made->state, own, &made->state));
        }
        state = made->state;
        in.x = made->h;
        in.samples = 1;
        in.code = VAE_NO_TENSOR;
    }
    return VAE_OK;
}

/* What the decoder predicts at every step, from inputs [steps·rows, elements] for `samples` codes of each row. */
static vae_status predict(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                          vae_recurrent_layer_inputs *inputs, bool training, vae_recurrent_layer_outputs *outputs,
                          vae_tensor *prediction)
{
    const vae_recurrent_keys *keys = vae_recurrent_keys_of(&design->config);
    VAE_TRY(model->steps->read(design, program, "decoder", inputs->x, training, &inputs->x));
    VAE_TRY(dropout(program, "decoder.input_dropout", training, keys->input_dropout, &inputs->x));
    VAE_TRY(run_layers(model, design, program, inputs, training, outputs));
    vae_tensor h = outputs->h;
    VAE_TRY(dropout(program, "decoder.output_dropout", training, keys->output_dropout, &h));
    return vae_program_dense(program, "output", h, VAE_ACTIVATION_IDENTITY, training, prediction);
}

/* The state that a code begins a sequence with: z, or that of a segment. */
static vae_status begin(const char *name, vae_program *program, vae_tensor code, bool training, vae_tensor *state)
{
    *state = VAE_NO_TENSOR;
    if (code == VAE_NO_TENSOR) return VAE_OK;
    return vae_program_dense(program, name, code, VAE_ACTIVATION_TANH, training, state);
}

/* Scheduled sampling (Bengio et al. 2015) by two teacher-forced passes (Mihaylova & Martins 2019; Duckworth et al. 2019
 * call it parallel): of what the decoder reads, some is drawn from what a pass over the true steps predicts. That pass
 * predicts as in generation, so nothing is dropped out, and no gradient enters it, as none passes a draw. The first
 * step of a segment, which has no prediction before it in its own, is always the true one. */
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

/* ---- Segments ---- */

/* z [rows, latent] → codes [rows·segments, conductor_units], those of a row together. */
static vae_status conduct(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                          int64_t segments, vae_tensor z, bool training, vae_tensor *codes)
{
    const vae_recurrent_layer layer = conductor_layer(model, design);
    vae_recurrent_layer_inputs inputs = {
        .steps = segments, .samples = 1, .x = VAE_NO_TENSOR, .code = z, .lengths = VAE_NO_TENSOR};
    vae_recurrent_layer_outputs outputs;
    VAE_TRY(begin("conductor.initial", program, z, training, &inputs.initial));
    VAE_TRY(vae_recurrent_layer_build(&layer, program, &inputs, training, false, &outputs));
    return vae_program_transpose_rows(program, "segment_codes", outputs.h, program->tensors[z].shape.size[0], codes);
}

/* Rows s·steps + t of a sequence become step t of its segment s. */
static vae_status split_steps(vae_program *program, int64_t segments, int64_t samples, vae_tensor *x)
{
    VAE_TRY(repeat(program, samples, x));
    return vae_program_transpose_rows(program, "segments", *x, program->tensors[*x].shape.size[0] / segments, x);
}

/* Turns sequences into their segments, row r·segments + s for segment s of row r. All that there are have all segments,
 * so each has its share of the length. */
static vae_status split(const vae_sequence_model *model, const vae_design *design, vae_program *program, bool training,
                        vae_recurrent_layer_inputs *inputs, vae_tensor *targets)
{
    const int64_t segments = inputs->steps / model->segment_steps, samples = inputs->samples;
    const vae_weight count = {(double)segments, VAE_SCALAR_ONE};
    if (segments * model->segment_steps != inputs->steps) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "[model] segment_steps: items of %" PRId64 " steps are not whole segments of %" PRId64,
                             inputs->steps, model->segment_steps);
    }
    VAE_TRY(conduct(model, design, program, segments, inputs->code, training, &inputs->code));
    VAE_TRY(split_steps(program, segments, samples, &inputs->x));
    VAE_TRY(split_steps(program, segments, samples, targets));
    VAE_TRY(repeat(program, samples * segments, &inputs->lengths));
    VAE_TRY(vae_program_apply_constant(program, "segment_lengths", VAE_FUNCTION_DIVIDE, inputs->lengths, count,
                                       &inputs->lengths));
    inputs->steps = model->segment_steps;
    inputs->samples = 1;
    return VAE_OK;
}

vae_status vae_sequence_decoder_log_likelihood(const vae_sequence_model *model, const vae_design *design,
                                               vae_program *program, const vae_sequences *s, vae_tensor z,
                                               int64_t samples, bool training, vae_tensor *ll)
{
    vae_recurrent_layer_inputs inputs = {
        .steps = s->steps, .samples = samples, .x = s->inputs, .code = z, .lengths = s->lengths};
    vae_recurrent_layer_outputs outputs;
    vae_tensor prediction, targets = s->targets;
    if (has_conductor(model)) {
        VAE_TRY(split(model, design, program, training, &inputs, &targets));
        VAE_TRY(begin("decoder.initial", program, inputs.code, training, &inputs.initial));
    } else {
        VAE_TRY(begin("decoder.initial", program, z, training, &inputs.initial));
        VAE_TRY(repeat(program, samples, &inputs.lengths));
        VAE_TRY(repeat(program, samples, &targets));
    }
    if (training && design->traits.sampling > 0) VAE_TRY(sample(model, design, program, &inputs, &inputs.x));
    VAE_TRY(predict(model, design, program, &inputs, training, &outputs, &prediction));
    VAE_TRY(model->steps->log_likelihood(design, program, prediction, targets, inputs.lengths, training, ll));
    if (!has_conductor(model)) return VAE_OK;
    return vae_program_sum_rows(program, "ll_of_segments", *ll, s->steps / model->segment_steps, ll);
}

/* ---- One step of generation ---- */

static vae_status input_port(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor)
{
    VAE_TRY(vae_program_input(program, name, shape, tensor));
    return vae_program_set_port(program, name, *tensor);
}

/* y = `fresh` where `when` [rows] is 1, else `old`. VAE_NO_TENSOR is 0. */
static vae_status choose(vae_program *program, vae_tensor when, vae_tensor fresh, vae_tensor old, vae_tensor *y)
{
    const vae_weight one = {1.0, VAE_SCALAR_ONE};
    vae_tensor going_on;
    VAE_TRY(vae_program_apply_to_constant(program, "goes_on", VAE_FUNCTION_SUBTRACT, one, when, &going_on));
    VAE_TRY(vae_program_apply(program, "goes_on", VAE_FUNCTION_MULTIPLY, old, going_on, y));
    if (fresh == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_program_apply(program, "begins", VAE_FUNCTION_MULTIPLY, fresh, when, &fresh));
    return vae_program_apply(program, "state", VAE_FUNCTION_ADD, *y, fresh, y);
}

/* What a row goes on from, and where it begins anew. */
typedef struct going_on {
    int64_t rows;
    vae_tensor old;     /* [rows, state]: of row `parent` */
    vae_tensor begins;  /* [rows] */
    vae_tensor z;       /* [rows, latent], or VAE_NO_TENSOR */
    vae_tensor initial; /* [rows, decoder's state] */
    vae_tensor code;    /* [rows, …]: what every step of the decoder has */
    vae_tensor kept;    /* [rows, conductor's state], with a conductor */
} going_on;

/* The conductor moves to its next state where a segment begins; its h is the segment's code. */
static vae_status conduct_step(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                               going_on *g)
{
    const vae_recurrent_layer layer = conductor_layer(model, design);
    const int64_t own = vae_recurrent_layer_state(&layer), decoder = state_of(model, design), all = own + decoder;
    vae_recurrent_layer_inputs inputs = {
        .steps = 1, .samples = 1, .x = VAE_NO_TENSOR, .code = g->z, .lengths = VAE_NO_TENSOR};
    vae_recurrent_layer_outputs outputs;
    vae_tensor advances, old, first, decoder_old, decoder_first;
    VAE_TRY(input_port(program, "advance", vae_shape_vector(g->rows), &advances));
    VAE_TRY(vae_program_slice(program, "conductor_old", g->old, all, 0, own, &old));
    VAE_TRY(vae_program_slice(program, "decoder_old", g->old, all, own, decoder, &decoder_old));
    VAE_TRY(begin("conductor.initial", program, g->z, false, &first));
    VAE_TRY(choose(program, g->begins, first, old, &inputs.initial));
    VAE_TRY(vae_recurrent_layer_build(&layer, program, &inputs, false, true, &outputs));
    VAE_TRY(choose(program, advances, outputs.state, old, &g->kept));
    VAE_TRY(vae_program_slice(program, "segment_code", g->kept, own, 0, layer.units, &g->code));
    VAE_TRY(begin("decoder.initial", program, g->code, false, &decoder_first));
    return choose(program, advances, decoder_first, decoder_old, &g->initial);
}

static vae_status go_on(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                        vae_tensor state, going_on *g)
{
    vae_tensor parent, first;
    VAE_TRY(input_port(program, "parent", vae_shape_vector(g->rows), &parent));
    VAE_TRY(input_port(program, "begin", vae_shape_vector(g->rows), &g->begins));
    VAE_TRY(vae_program_gather_rows(program, "kept", state, parent, &g->old));
    if (has_conductor(model)) return conduct_step(model, design, program, g);
    g->code = g->z;
    VAE_TRY(begin("decoder.initial", program, g->z, false, &first));
    return choose(program, g->begins, first, g->old, &g->initial);
}

vae_status vae_sequence_decoder_next(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                                     int64_t rows)
{
    const vae_recurrent_layer conductor = conductor_layer(model, design);
    const int64_t of_conductor = has_conductor(model) ? vae_recurrent_layer_state(&conductor) : 0;
    const int64_t of_decoder = state_of(model, design);
    going_on g = {.rows = rows, .z = VAE_NO_TENSOR};
    vae_recurrent_layer_inputs inputs = {.steps = 1, .samples = 1, .lengths = VAE_NO_TENSOR};
    vae_recurrent_layer_outputs outputs;
    vae_tensor state, prediction;
    program->batch_rows = rows;
    VAE_TRY(input_port(program, "state", vae_shape_matrix(rows, of_conductor + of_decoder), &state));
    VAE_TRY(input_port(program, "input", vae_shape_matrix(rows, design->input.channels), &inputs.x));
    if (model->steps->scale) VAE_TRY(model->steps->scale(design, program, &inputs.x));
    if (model->has_posterior) {
        VAE_TRY(input_port(program, "z", vae_shape_matrix(rows, design->traits.latent), &g.z));
    }
    VAE_TRY(go_on(model, design, program, state, &g));
    inputs.code = g.code;
    inputs.initial = g.initial;
    VAE_TRY(predict(model, design, program, &inputs, false, &outputs, &prediction));
    if (has_conductor(model)) {
        VAE_TRY(vae_program_concat(program, "state", g.kept, of_conductor, outputs.state, of_decoder, &outputs.state));
    }
    VAE_TRY(vae_program_store(program, outputs.state, state));
    return vae_program_set_port(program, "prediction", prediction);
}
