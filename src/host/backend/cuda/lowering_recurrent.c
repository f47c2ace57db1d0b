/* Recurrent ops: a product and a cell for each step, forward and back, and behind the way back one product for the
 * weight's gradient over all steps. */
#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"

enum { NORMS = VAE_LSTM_GATES + 1 };

/* R sequences of H units, of which all have G gates. */
typedef struct sizes {
    int64_t steps, rows, hidden, gates;
} sizes;

static const vae_op *op_at(const vae_lowering *lowering, int32_t index)
{
    return &lowering->program->ops[index];
}

static sizes sizes_of(const vae_lowering *lowering, const vae_op *op)
{
    const vae_shape *gates = vae_lowering_shape(lowering, op->inputs[VAE_RECURRENT_GATES]);
    const int64_t steps = op->attributes.recurrent.steps;
    return (sizes){
        .steps = steps,
        .rows = gates->size[0] / steps,
        .hidden = vae_lowering_shape(lowering, op->inputs[VAE_RECURRENT_WEIGHT])->size[0],
        .gates = gates->size[1],
    };
}

static bool is_lstm(const vae_op *op)
{
    return op->kind == VAE_OP_LSTM || op->kind == VAE_OP_LSTM_BACKWARD;
}

static bool has_output(const vae_op *op, int position)
{
    return op->outputs[position] != VAE_NO_TENSOR;
}

/* Of the way forward, the `order`th. */
static int64_t time_of(const vae_op *op, int64_t order)
{
    const vae_recurrent *options = &op->attributes.recurrent;
    return options->reverse ? options->steps - 1 - order : order;
}

/* ---- Launches ---- */

static vae_status append_cell(vae_lowering *lowering, vae_launch_kind kind, int32_t index, vae_launch_cell cell)
{
    return vae_lowering_append(lowering, &(vae_launch){.kind = kind, .op = index, .as.cell = cell});
}

static vae_matmul product_of(const sizes *s, vae_product product, vae_tensor left, vae_tensor right, vae_tensor target)
{
    return (vae_matmul){
        .left = left,
        .right = right,
        .target = target,
        .m = s->rows,
        .n = s->gates,
        .k = s->hidden,
        .product = product,
        .epilogue = VAE_EPILOGUE_NONE,
        .bias = VAE_NO_TENSOR,
        .mask = -1,
    };
}

/* ---- Forward: last_h holds the state from step to step ---- */

vae_status vae_lower_recurrent(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    const vae_op *op = op_at(lowering, index);
    const sizes s = sizes_of(lowering, op);
    for (int64_t order = 0; order < s.steps; ++order) {
        const bool is_first = order == 0;
        const vae_tensor state = is_first ? op->inputs[VAE_RECURRENT_INITIAL_H] : op->outputs[VAE_RECURRENT_LAST_H];
        if (state != VAE_NO_TENSOR) {
            const vae_matmul product =
                product_of(&s, VAE_PRODUCT_FORWARD, state, op->inputs[VAE_RECURRENT_WEIGHT], VAE_SCRATCH_TENSOR);
            VAE_TRY(vae_lowering_append_matmul(lowering, index, &product));
        }
        const vae_launch_cell cell = {time_of(op, order), is_first, state != VAE_NO_TENSOR};
        VAE_TRY(append_cell(lowering, VAE_LAUNCH_CELL, index, cell));
    }
    return VAE_OK;
}

/* ---- Backward ---- */

static vae_status lower_steps_backward(vae_lowering *lowering, int32_t index, const sizes *s)
{
    const vae_op *op = op_at(lowering, index);
    const bool goes_on = has_output(op, VAE_RECURRENT_BACKWARD_D_INITIAL_H);
    vae_matmul product = product_of(s, VAE_PRODUCT_INPUT_GRADIENT, VAE_SCRATCH_GRADIENT,
                                    op->inputs[VAE_RECURRENT_BACKWARD_WEIGHT], VAE_SCRATCH_TENSOR);
    product.n = s->hidden;
    product.k = s->gates;
    product.right_transposed = true;
    vae_lowering_reserve(lowering, VAE_SCRATCH_GRADIENT, s->rows * s->gates);
    vae_lowering_reserve(lowering, VAE_SCRATCH_CARRY, s->rows * s->hidden);
    for (int64_t order = s->steps - 1; order >= 0; --order) {
        const bool is_first = order == s->steps - 1;
        VAE_TRY(append_cell(lowering, VAE_LAUNCH_CELL_BACKWARD, index,
                            (vae_launch_cell){time_of(op, order), is_first, !is_first}));
        if (order > 0 || goes_on) VAE_TRY(vae_lowering_append_matmul(lowering, index, &product));
    }
    if (!goes_on && !(is_lstm(op) && has_output(op, VAE_LSTM_BACKWARD_D_INITIAL_C))) return VAE_OK;
    return append_cell(lowering, VAE_LAUNCH_CELL_INITIAL, index, (vae_launch_cell){time_of(op, 0), false, goes_on});
}

static vae_status lower_weight_gradient(vae_lowering *lowering, int32_t index, const sizes *s)
{
    const vae_op *op = op_at(lowering, index);
    const vae_tensor gates = is_lstm(op) ? op->outputs[VAE_RECURRENT_BACKWARD_D_GATES] : VAE_SCRATCH_GRADIENTS;
    vae_matmul product = product_of(s, VAE_PRODUCT_WEIGHT_GRADIENT, VAE_SCRATCH_STATES, gates,
                                    op->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT]);
    product.m = s->hidden;
    product.k = s->steps * s->rows;
    product.left_transposed = true;
    return vae_lowering_append_matmul(lowering, index, &product);
}

/* A sequence's sum over all steps: a matrix with a row for each step has it in its columns. */
static vae_status lower_per_sequence(vae_lowering *lowering, int32_t index, const sizes *s)
{
    const vae_op *op = op_at(lowering, index);
    const vae_launch_activation sums = {
        .activation = VAE_ACTIVATION_IDENTITY,
        .x = op->outputs[VAE_RECURRENT_BACKWARD_D_GATES],
        .y = VAE_NO_TENSOR,
        .bias = VAE_NO_TENSOR,
        .d_bias = op->outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE],
        .from = VAE_NO_TENSOR,
        .columns = s->rows * s->gates,
    };
    return vae_lowering_append(lowering,
                               &(vae_launch){.kind = VAE_LAUNCH_COLUMN_SUMS, .op = index, .as.activation = sums});
}

/* Numbers that each sequence leaves for cell_sums. */
static int64_t share_count(const vae_op *op, int64_t hidden)
{
    if (op->kind == VAE_OP_GRU_BACKWARD) return has_output(op, VAE_GRU_BACKWARD_D_HIDDEN_BIAS) ? hidden : 0;
    if (op->kind != VAE_OP_LSTM_BACKWARD) return 0;
    const bool wanted =
        has_output(op, VAE_LSTM_BACKWARD_D_NORM_SCALE) || has_output(op, VAE_LSTM_BACKWARD_D_NORM_SHIFT);
    return wanted ? 2 * NORMS * hidden : 0;
}

vae_status vae_lower_recurrent_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    const vae_op *op = op_at(lowering, index);
    const sizes s = sizes_of(lowering, op);
    VAE_TRY(lower_steps_backward(lowering, index, &s));
    /* The next sums lie where these do. */
    if (share_count(op, s.hidden) > 0) {
        VAE_TRY(append_cell(lowering, VAE_LAUNCH_CELL_SUMS, index, (vae_launch_cell){0, false, false}));
    }
    if (has_output(op, VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE)) VAE_TRY(lower_per_sequence(lowering, index, &s));
    return has_output(op, VAE_RECURRENT_BACKWARD_D_WEIGHT) ? lower_weight_gradient(lowering, index, &s) : VAE_OK;
}

/* ---- Grids and costs ---- */

static bool has_norms(const vae_op *op)
{
    const bool backward = op->kind == VAE_OP_LSTM_BACKWARD;
    return is_lstm(op) && op->inputs[backward ? VAE_LSTM_BACKWARD_NORM_SCALE : VAE_LSTM_NORM_SCALE] != VAE_NO_TENSOR;
}

vae_grid vae_cell_grid(const vae_lowering *lowering, const vae_launch *launch)
{
    const vae_op *op = op_at(lowering, launch->op);
    const sizes s = sizes_of(lowering, op);
    const int64_t shares = share_count(op, s.hidden);
    if (launch->kind == VAE_LAUNCH_CELL_SUMS) return (vae_grid){shares, VAE_WARP_THREADS, s.rows * shares, 0};
    vae_grid grid = vae_grid_of_vectors(s.rows * s.hidden, s.hidden, VAE_SMALL_BLOCK_THREADS);
    if (has_norms(op) && launch->kind != VAE_LAUNCH_CELL_INITIAL) grid = vae_grid_of_blocks(s.rows);
    grid.partials = s.rows * shares;
    return grid;
}

/* Numbers that a launch reads and writes of each unit of each sequence. */
typedef struct traffic {
    double read, written;
} traffic;

/* Gates of the input, of the state and of the sequence, and the state itself; activated gates, and the state twice. */
static traffic forward_traffic(const vae_op *op, const vae_launch *launch, double gates)
{
    const double states = is_lstm(op) ? 2 : 1;
    const bool per_sequence = op->inputs[VAE_RECURRENT_PER_SEQUENCE] != VAE_NO_TENSOR;
    const bool keeps = op->outputs[VAE_LSTM_NORMALISED] != VAE_NO_TENSOR;
    const bool keeps_product = !is_lstm(op) && has_output(op, VAE_GRU_PRODUCT);
    return (traffic){gates * (1 + launch->as.cell.has_product + per_sequence) + 1,
                     gates * (1 + keeps) + 2 * states + keeps_product};
}

static double present(const vae_op *op, int first, int last)
{
    double count = 0;
    for (int i = first; i <= last; ++i)
        count += op->inputs[i] != VAE_NO_TENSOR;
    return count;
}

/* Activated gates, the states and their gradients, what was normalised, and what is carried; gradients of the gates,
 * once more for products, and the state that these read. */
static traffic backward_traffic(const vae_op *op, const vae_launch *launch, double gates, double operand)
{
    const bool weight = has_output(op, VAE_RECURRENT_BACKWARD_D_WEIGHT);
    const double shares = (double)share_count(op, 1) * 2; /* doubles */
    const double copies = is_lstm(op) || !weight ? 1 : 2;
    return (traffic){gates * (1 + has_norms(op)) + 2 * present(op, VAE_RECURRENT_BACKWARD_H, VAE_LSTM_BACKWARD_C) +
                         present(op, VAE_RECURRENT_BACKWARD_D_H, VAE_RECURRENT_BACKWARD_D_H) +
                         launch->as.cell.has_product + !launch->as.cell.is_first * (1 + shares),
                     gates * (1 + operand * copies) + operand * weight + 1 + shares};
}

vae_cost vae_cell_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    enum { FLOPS = 6 };
    const vae_op *op = op_at(lowering, launch->op);
    const sizes s = sizes_of(lowering, op);
    const int64_t parts = s.gates / s.hidden; /* 4 of lstm, 3 of gru */
    const double gates = (double)parts, units = (double)(s.rows * s.hidden);
    traffic t = {2, 2}; /* cell_initial */
    if (launch->kind == VAE_LAUNCH_CELL) t = forward_traffic(op, launch, gates);
    if (launch->kind == VAE_LAUNCH_CELL_BACKWARD) t = backward_traffic(op, launch, gates, lowering->bf16 ? 0.5 : 1.0);
    if (launch->kind == VAE_LAUNCH_CELL_SUMS) t = (traffic){(double)share_count(op, 1) * 2, 0};
    return (vae_cost){
        .flops = units * FLOPS * gates, .bytes_read = 4 * units * t.read, .bytes_written = 4 * units * t.written};
}
