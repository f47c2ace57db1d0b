/* The parameters of recurrent layers, and their ops: one product for the inputs of all steps, then the cells. */
#include "model/recurrent_layer.h"

#include <stdio.h>

#include "core/random.h"

enum { LSTM_GATES = 4, GRU_GATES = 3, NORMED = 5 };

static int64_t gates_of(const vae_recurrent_layer *layer)
{
    return (layer->cell == VAE_CELL_GRU ? GRU_GATES : LSTM_GATES) * layer->units;
}

int64_t vae_recurrent_layer_state(const vae_recurrent_layer *layer)
{
    return (layer->cell == VAE_CELL_GRU ? 1 : 2) * layer->units;
}

/* "<layer>.<what>" */
static const char *name_of(const vae_recurrent_layer *layer, const char *what, char name[VAE_NAME_SIZE])
{
    snprintf(name, VAE_NAME_SIZE, "%s.%s", layer->name, what);
    return name;
}

/* ---- Parameters ---- */

static vae_status declare_matrix(const vae_recurrent_layer *layer, const char *what, int64_t rows, vae_layout *layout)
{
    char name[VAE_NAME_SIZE];
    const vae_shape shape = vae_shape_matrix(rows, gates_of(layer));
    return vae_layout_add(layout, name_of(layer, what, name), shape, layer->units, NULL);
}

static vae_status declare_vector(const vae_recurrent_layer *layer, const char *what, int64_t size, vae_layout *layout)
{
    char name[VAE_NAME_SIZE];
    return vae_layout_add(layout, name_of(layer, what, name), vae_shape_vector(size), layer->units, NULL);
}

static vae_status declare_norm(const vae_recurrent_layer *layer, const char *what, double initial, vae_layout *layout)
{
    char name[VAE_NAME_SIZE];
    return vae_layout_add_filled(layout, name_of(layer, what, name), vae_shape_matrix(NORMED, layer->units), initial);
}

vae_status vae_recurrent_layer_declare(const vae_recurrent_layer *layer, vae_layout *layout)
{
    if (layer->input > 0) {
        VAE_TRY(declare_matrix(layer, "input.weight", layer->input, layout));
        VAE_TRY(declare_vector(layer, "input.bias", gates_of(layer), layout));
    } else {
        VAE_TRY(declare_matrix(layer, "input.bias", 1, layout));
    }
    VAE_TRY(declare_matrix(layer, "recurrent", layer->units, layout));
    if (layer->code > 0) VAE_TRY(declare_matrix(layer, "code", layer->code, layout));
    if (layer->cell == VAE_CELL_GRU) VAE_TRY(declare_vector(layer, "hidden_bias", layer->units, layout));
    if (layer->cell != VAE_CELL_LAYER_NORM_LSTM) return VAE_OK;
    VAE_TRY(declare_norm(layer, "norm.scale", 1.0, layout));
    return declare_norm(layer, "norm.shift", 0.0, layout);
}

/* ---- Ops ---- */

static vae_status find(const vae_recurrent_layer *layer, vae_program *program, const char *what, vae_tensor *tensor)
{
    char name[VAE_NAME_SIZE];
    return vae_program_parameter(program, name_of(layer, what, name), tensor);
}

/* Without an input every step has the same, beside the code. */
static vae_status project_nothing(const vae_recurrent_layer *layer, vae_program *program,
                                  const vae_recurrent_layer_inputs *inputs, vae_tensor *gates)
{
    const int64_t rows = program->tensors[inputs->code].shape.size[0];
    char name[VAE_NAME_SIZE];
    vae_tensor bias;
    VAE_TRY(find(layer, program, "input.bias", &bias));
    return vae_program_broadcast(program, name_of(layer, "input", name), bias,
                                 vae_shape_matrix(inputs->steps * rows, gates_of(layer)), gates);
}

/* What the inputs give the gates, once for all steps; of K sequences that read the same, once for all. */
static vae_status project(const vae_recurrent_layer *layer, vae_program *program,
                          const vae_recurrent_layer_inputs *inputs, bool training, vae_tensor *gates)
{
    char name[VAE_NAME_SIZE];
    if (layer->input == 0) return project_nothing(layer, program, inputs, gates);
    VAE_TRY(
        vae_program_dense(program, name_of(layer, "input", name), inputs->x, VAE_ACTIVATION_IDENTITY, training, gates));
    if (inputs->samples <= 1) return VAE_OK;
    const int64_t rows = program->tensors[*gates].shape.size[0] * inputs->samples;
    return vae_program_broadcast(program, name_of(layer, "repeated", name), *gates,
                                 vae_shape_matrix(rows, gates_of(layer)), gates);
}

static vae_status split_initial(const vae_recurrent_layer *layer, vae_program *program, vae_tensor initial,
                                vae_recurrent_inputs *in)
{
    const int64_t units = layer->units, state = vae_recurrent_layer_state(layer);
    char name[VAE_NAME_SIZE];
    if (initial == VAE_NO_TENSOR) return VAE_OK;
    in->initial_h = initial;
    if (state == units) return VAE_OK;
    VAE_TRY(vae_program_slice(program, name_of(layer, "initial_h", name), initial, state, 0, units, &in->initial_h));
    return vae_program_slice(program, name_of(layer, "initial_c", name), initial, state, units, units, &in->initial_c);
}

static vae_status find_operands(const vae_recurrent_layer *layer, vae_program *program,
                                const vae_recurrent_layer_inputs *inputs, bool training, vae_recurrent_inputs *in)
{
    vae_tensor gates, weight, code;
    char name[VAE_NAME_SIZE];
    VAE_TRY(project(layer, program, inputs, training, &gates));
    VAE_TRY(find(layer, program, "recurrent", &weight));
    *in = vae_recurrent_inputs_of(gates, weight);
    in->lengths = inputs->lengths;
    if (layer->code > 0) {
        VAE_TRY(find(layer, program, "code", &code));
        VAE_TRY(vae_program_matmul(program, name_of(layer, "code", name), inputs->code, false, code, false,
                                   &in->per_sequence));
    }
    if (layer->cell == VAE_CELL_GRU) VAE_TRY(find(layer, program, "hidden_bias", &in->hidden_bias));
    if (layer->cell == VAE_CELL_LAYER_NORM_LSTM) {
        VAE_TRY(find(layer, program, "norm.scale", &in->norm_scale));
        VAE_TRY(find(layer, program, "norm.shift", &in->norm_shift));
    }
    return split_initial(layer, program, inputs->initial, in);
}

vae_status vae_recurrent_layer_build(const vae_recurrent_layer *layer, vae_program *program,
                                     const vae_recurrent_layer_inputs *inputs, bool training, bool with_state,
                                     vae_recurrent_layer_outputs *outputs)
{
    const vae_recurrent options = {
        .steps = inputs->steps,
        .reverse = layer->reverse,
        .training = training,
        .forget_bias = layer->cell == VAE_CELL_GRU ? 0.0 : layer->forget_bias,
        .dropout = training && layer->cell != VAE_CELL_GRU ? layer->dropout : 0.0,
        .stream = VAE_STREAM_DROPOUT,
    };
    vae_recurrent_inputs in;
    vae_recurrent_outputs out;
    char name[VAE_NAME_SIZE];
    VAE_TRY(find_operands(layer, program, inputs, training, &in));
    if (layer->cell == VAE_CELL_GRU) {
        VAE_TRY(vae_program_gru(program, layer->name, &in, options, &out));
    } else {
        VAE_TRY(vae_program_lstm(program, layer->name, &in, options, &out));
    }
    *outputs = (vae_recurrent_layer_outputs){out.h, out.last_h, out.last_h};
    if (!with_state || layer->cell == VAE_CELL_GRU) return VAE_OK;
    return vae_program_concat(program, name_of(layer, "state", name), out.last_h, layer->units, out.last_c,
                              layer->units, &outputs->state);
}
