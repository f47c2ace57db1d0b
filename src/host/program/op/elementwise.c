/* elementwise: functions of program/function.h, each appended as a list of one instruction. */
#include <inttypes.h>

#include "program/op.h"

/* ---- Building ---- */

enum { OPERAND_A, OPERAND_B, OPERAND_Y, OPERAND_D };

/* A list of one instruction whose operands are still to be set. */
static vae_op make_list(const char *name, vae_function function, vae_function_part part, int64_t rows, int64_t columns)
{
    vae_op op = vae_op_make(VAE_OP_ELEMENTWISE, name);
    vae_elementwise *list = &op.attributes.elementwise;
    list->rows = rows;
    list->columns = columns;
    list->count = 1;
    list->output_count = 1;
    list->slot_count = 1;
    list->gradient_scale = VAE_NO_TENSOR;
    list->instructions[0].function = (uint8_t)function;
    list->instructions[0].part = (uint8_t)part;
    return op;
}

static void set_input(vae_op *op, int operand, vae_tensor tensor)
{
    uint8_t index = 0;
    while (op->inputs[index] != VAE_NO_TENSOR && op->inputs[index] != tensor)
        ++index;
    op->inputs[index] = tensor;
    op->attributes.elementwise.instructions[0].operands[operand] = (vae_list_operand){VAE_OPERAND_INPUT, index};
}

static void set_constant(vae_op *op, int operand, vae_weight constant)
{
    vae_elementwise *list = &op->attributes.elementwise;
    list->instructions[0].operands[operand] = (vae_list_operand){VAE_OPERAND_CONSTANT, list->constant_count};
    list->constants[list->constant_count++] = constant;
}

static void set_output(vae_op *op, vae_tensor tensor)
{
    op->outputs[0] = tensor;
    op->attributes.elementwise.instructions[0].tensor = tensor;
}

/* Appends `op` with a new tensor of `shape` for its output. */
static vae_status append_list(vae_program *program, vae_op *op, vae_shape shape, vae_tensor *y)
{
    VAE_TRY(vae_program_add_activation(program, op->name, shape, y));
    set_output(op, *y);
    return vae_program_append(program, op);
}

static vae_status check_operands(const char *name, vae_function function, int operands)
{
    const vae_function_info *info = vae_function_info_of(function);
    if (info->operands == operands) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' takes %d operand%s, not %d", name, info->name, info->operands,
                         info->operands == 1 ? "" : "s", operands);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

vae_status vae_program_apply(vae_program *program, const char *name, vae_function function, vae_tensor a, vae_tensor b,
                             vae_tensor *y)
{
    VAE_TRY(check_operands(name, function, b == VAE_NO_TENSOR ? 1 : 2));
    const vae_shape first = *vae_tensor_shape(program, a);
    const vae_shape second = b == VAE_NO_TENSOR ? first : *vae_tensor_shape(program, b);
    int64_t rows[2], columns[2];
    vae_shape_as_matrix(&first, &rows[0], &columns[0]);
    vae_shape_as_matrix(&second, &rows[1], &columns[1]);
    vae_op op = make_list(name, function, VAE_PART_VALUE, larger(rows[0], rows[1]), larger(columns[0], columns[1]));
    const vae_elementwise *list = &op.attributes.elementwise;
    if (!vae_elementwise_fits(list, &first) || !vae_elementwise_fits(list, &second)) {
        char left[96], right[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: '%s' of %s and %s: neither can be broadcast to the other", name,
                             vae_function_info_of(function)->name, vae_shape_format(&first, left, sizeof left),
                             vae_shape_format(&second, right, sizeof right));
    }
    set_input(&op, OPERAND_A, a);
    if (b != VAE_NO_TENSOR) set_input(&op, OPERAND_B, b);
    vae_shape shape = vae_shape_matrix(list->rows, list->columns);
    if (vae_elementwise_is_whole(list, &second)) shape = second;
    if (vae_elementwise_is_whole(list, &first) && first.rank >= shape.rank) shape = first;
    if (vae_elementwise_is_whole(list, &first) && !vae_elementwise_is_whole(list, &second)) shape = first;
    return append_list(program, &op, shape, y);
}

static vae_status apply_with_constant(vae_program *program, const char *name, vae_function function, vae_tensor tensor,
                                      int operand, vae_weight constant, vae_tensor *y)
{
    VAE_TRY(check_operands(name, function, 2));
    const vae_shape shape = *vae_tensor_shape(program, tensor);
    int64_t rows, columns;
    vae_shape_as_matrix(&shape, &rows, &columns);
    vae_op op = make_list(name, function, VAE_PART_VALUE, rows, columns);
    set_input(&op, operand, tensor);
    set_constant(&op, operand == OPERAND_A ? OPERAND_B : OPERAND_A, constant);
    return append_list(program, &op, shape, y);
}

vae_status vae_program_apply_constant(vae_program *program, const char *name, vae_function function, vae_tensor a,
                                      vae_weight constant, vae_tensor *y)
{
    return apply_with_constant(program, name, function, a, OPERAND_A, constant, y);
}

vae_status vae_program_apply_to_constant(vae_program *program, const char *name, vae_function function,
                                         vae_weight constant, vae_tensor a, vae_tensor *y)
{
    return apply_with_constant(program, name, function, a, OPERAND_B, constant, y);
}

vae_status vae_program_fill(vae_program *program, const char *name, vae_shape shape, vae_weight constant, vae_tensor *y)
{
    int64_t rows, columns;
    vae_shape_as_matrix(&shape, &rows, &columns);
    vae_op op = make_list(name, VAE_FUNCTION_IDENTITY, VAE_PART_VALUE, rows, columns);
    set_constant(&op, OPERAND_A, constant);
    return append_list(program, &op, shape, y);
}

vae_status vae_program_append_fill(vae_program *program, vae_weight constant, vae_tensor y)
{
    int64_t rows, columns;
    vae_shape_as_matrix(vae_tensor_shape(program, y), &rows, &columns);
    vae_op op = make_list(program->tensors[y].name, VAE_FUNCTION_IDENTITY, VAE_PART_VALUE, rows, columns);
    set_constant(&op, OPERAND_A, constant);
    set_output(&op, y);
    return vae_program_append(program, &op);
}

vae_status vae_program_append_scaled_rows(vae_program *program, vae_tensor x, vae_tensor weights)
{
    int64_t rows, columns;
    vae_shape_as_matrix(vae_tensor_shape(program, x), &rows, &columns);
    vae_op op = make_list(program->tensors[x].name, VAE_FUNCTION_MULTIPLY, VAE_PART_VALUE, rows, columns);
    set_input(&op, OPERAND_A, x);
    set_input(&op, OPERAND_B, weights);
    set_output(&op, x);
    return vae_program_append(program, &op);
}

/* A copy of `a` over the domain of `shape`. */
static vae_status make_copy(const vae_program *program, const char *name, vae_tensor a, const vae_shape *shape,
                            vae_op *op)
{
    int64_t rows, columns;
    vae_shape_as_matrix(shape, &rows, &columns);
    *op = make_list(name, VAE_FUNCTION_IDENTITY, VAE_PART_VALUE, rows, columns);
    const vae_shape *source = vae_tensor_shape(program, a);
    if (!vae_elementwise_fits(&op->attributes.elementwise, source)) {
        char from[96], to[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: %s cannot be broadcast to %s", name,
                             vae_shape_format(source, from, sizeof from), vae_shape_format(shape, to, sizeof to));
    }
    set_input(op, OPERAND_A, a);
    return VAE_OK;
}

vae_status vae_program_append_copy(vae_program *program, vae_tensor x, vae_tensor y)
{
    vae_op op;
    VAE_TRY(make_copy(program, program->tensors[y].name, x, vae_tensor_shape(program, y), &op));
    set_output(&op, y);
    return vae_program_append(program, &op);
}

vae_status vae_program_store(vae_program *program, vae_tensor x, vae_tensor input)
{
    const vae_tensor_info *to = &program->tensors[input];
    if (!to->external || !vae_shape_equal(&program->tensors[x].shape, &to->shape)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' cannot keep '%s'", program->name, to->name,
                             program->tensors[x].name);
    }
    return vae_program_append_copy(program, x, input);
}

vae_status vae_program_broadcast(vae_program *program, const char *name, vae_tensor a, vae_shape shape, vae_tensor *y)
{
    vae_op op;
    VAE_TRY(make_copy(program, name, a, &shape, &op));
    return append_list(program, &op, shape, y);
}

vae_status vae_program_sum_columns(vae_program *program, const char *name, vae_tensor x, vae_tensor *y)
{
    VAE_TRY(vae_program_require_matrix(program, name, "x", x));
    const vae_shape shape = *vae_tensor_shape(program, x);
    vae_op op;
    VAE_TRY(make_copy(program, name, x, &shape, &op));
    op.attributes.elementwise.outputs[0].summed = true;
    return append_list(program, &op, vae_shape_vector(shape.size[0]), y);
}

static vae_status append_rule(vae_program *program, const char *name, vae_tensor x, vae_gradient_rule rule,
                              vae_tensor *y)
{
    const vae_shape shape = *vae_tensor_shape(program, x);
    vae_op op;
    VAE_TRY(make_copy(program, name, x, &shape, &op));
    op.attributes.elementwise.rule = (uint8_t)rule;
    return append_list(program, &op, shape, y);
}

vae_status vae_program_stop_gradient(vae_program *program, const char *name, vae_tensor x, vae_tensor *y)
{
    return append_rule(program, name, x, VAE_GRADIENT_STOPS, y);
}

vae_status vae_program_scale_gradient(vae_program *program, const char *name, vae_tensor x, vae_tensor *y)
{
    return append_rule(program, name, x, VAE_GRADIENT_SCALED, y);
}

vae_status vae_program_bind_gradient_scale(vae_program *program, vae_tensor y, vae_tensor weights)
{
    for (int32_t i = 0; i < program->op_count; ++i) {
        vae_op *op = &program->ops[i];
        if (op->kind != VAE_OP_ELEMENTWISE || op->outputs[0] != y) continue;
        if (op->attributes.elementwise.rule != VAE_GRADIENT_SCALED) break;
        const vae_shape *shape = vae_tensor_shape(program, weights);
        if (vae_shape_columns(shape) != 1 && shape->rank > 1) break;
        if (!vae_elementwise_fits(&op->attributes.elementwise, shape)) break;
        op->attributes.elementwise.gradient_scale = weights;
        return VAE_OK;
    }
    char text[96];
    return vae_error_set(VAE_ERROR_ARGUMENT, "'%s': its gradient cannot be scaled by '%s', %s, a weight for each row",
                         program->tensors[y].name, program->tensors[weights].name,
                         vae_shape_format(vae_tensor_shape(program, weights), text, sizeof text));
}

/* ---- Backward ---- */

/* Appends `op`, which gives the gradient of an operand at each place that it was broadcast to, and adds these up. */
static vae_status append_gradient(vae_backward_pass *pass, vae_op *op, vae_tensor operand)
{
    vae_program *program = pass->program;
    vae_elementwise *list = &op->attributes.elementwise;
    const vae_shape shape = *vae_tensor_shape(program, operand);
    int64_t rows, columns;
    vae_tensor gradient;
    vae_shape_as_matrix(&shape, &rows, &columns);
    list->outputs[0].summed = columns < list->columns;
    if (rows == list->rows) {
        VAE_TRY(vae_backward_new_gradient(pass, operand, &gradient));
        set_output(op, gradient);
        return vae_program_append(program, op);
    }
    vae_tensor wide;
    const int64_t count = list->rows / rows;
    VAE_TRY(append_list(program, op,
                        columns == 1 ? vae_shape_vector(list->rows) : vae_shape_matrix(list->rows, columns), &wide));
    VAE_TRY(vae_backward_new_gradient(pass, operand, &gradient));
    return vae_program_append_sum_rows(program, op->name, wide, count, gradient);
}

static void gradient_name(const vae_op *forward, char name[VAE_NAME_SIZE])
{
    vae_format_name(name, "d_%.60s", forward->name);
}

/* d, or d times the weights, over the domain. */
static vae_status hand_on(vae_backward_pass *pass, const vae_op *forward, vae_tensor d_y, vae_tensor operand)
{
    const vae_elementwise *list = &forward->attributes.elementwise;
    char name[VAE_NAME_SIZE];
    gradient_name(forward, name);
    const bool scaled = list->rule == VAE_GRADIENT_SCALED;
    vae_op op = make_list(name, scaled ? VAE_FUNCTION_MULTIPLY : VAE_FUNCTION_IDENTITY, VAE_PART_VALUE, list->rows,
                          list->columns);
    set_input(&op, OPERAND_A, d_y);
    if (scaled && list->gradient_scale == VAE_NO_TENSOR) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: the weights that scale its gradient were not bound",
                             forward->name);
    }
    if (scaled) set_input(&op, OPERAND_B, list->gradient_scale);
    return append_gradient(pass, &op, operand);
}

/* What the gradient reads of the forward op's operands, and d. */
static vae_status differentiate(vae_backward_pass *pass, const vae_op *forward, vae_tensor d_y, int operand)
{
    const vae_elementwise *list = &forward->attributes.elementwise;
    const vae_instruction *instruction = &list->instructions[0];
    const vae_function function = (vae_function)instruction->function;
    const int reads = vae_function_gradient_reads(function, operand);
    char name[VAE_NAME_SIZE];
    gradient_name(forward, name);
    vae_op op =
        make_list(name, function, operand == 0 ? VAE_PART_GRADIENT_A : VAE_PART_GRADIENT_B, list->rows, list->columns);
    for (int k = OPERAND_A; k <= OPERAND_B; ++k) {
        if (!(reads & (k == OPERAND_A ? VAE_READS_A : VAE_READS_B))) continue;
        const vae_list_operand source = instruction->operands[k];
        if (source.source == VAE_OPERAND_INPUT) set_input(&op, k, forward->inputs[source.index]);
        if (source.source == VAE_OPERAND_CONSTANT) set_constant(&op, k, list->constants[source.index]);
    }
    if (reads & VAE_READS_Y) set_input(&op, OPERAND_Y, forward->outputs[0]);
    set_input(&op, OPERAND_D, d_y);
    return append_gradient(pass, &op, forward->inputs[instruction->operands[operand].index]);
}

/* d itself can be handed on where the operand is not broadcast, to one of them. */
static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_elementwise *list = &forward.attributes.elementwise;
    const vae_instruction *instruction = &list->instructions[0];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    vae_tensor handed = VAE_NO_TENSOR;
    for (int k = 1; k >= 0; --k) {
        if (instruction->operands[k].source != VAE_OPERAND_INPUT) continue;
        const vae_tensor operand = forward.inputs[instruction->operands[k].index];
        if (!pass->needed[operand]) continue;
        const bool hands_on = vae_function_hands_on((vae_function)instruction->function, k);
        const bool same_shape = vae_shape_equal(vae_tensor_shape(pass->program, operand),
                                                vae_tensor_shape(pass->program, forward.outputs[0]));
        const bool is_activation = pass->program->tensors[operand].kind == VAE_TENSOR_ACTIVATION;
        if (!hands_on) {
            VAE_TRY(differentiate(pass, &forward, d_y, k));
        } else if (!same_shape || !is_activation || list->rule == VAE_GRADIENT_SCALED || handed != VAE_NO_TENSOR) {
            VAE_TRY(hand_on(pass, &forward, d_y, operand));
        } else {
            handed = operand;
        }
    }
    /* Last, as whoever takes it may change it in place. */
    if (handed != VAE_NO_TENSOR) vae_backward_give_share(pass, handed, d_y);
    return VAE_OK;
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    const vae_elementwise *list = &op->attributes.elementwise;
    vae_cost total = vae_op_traffic(program, op);
    total.flops = (double)list->count * (double)list->rows * (double)list->columns;
    return total;
}

static const vae_field fields[] = {VAE_FIELD(FUNCTIONS, functions, elementwise), {0}};

static bool has_sums(const vae_elementwise *list)
{
    bool found = false;
    for (int i = 0; i < list->output_count; ++i)
        found = found || list->outputs[i].summed;
    return found;
}

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const vae_elementwise *list = &op->attributes.elementwise;
    const int64_t elements = list->rows * list->columns;
    if (has_sums(list)) return vae_grid_of_row_sums(list->rows, list->columns);
    const bool flat = vae_elementwise_is_flat(program, op);
    return vae_grid_of_vectors(elements, flat ? elements : list->columns, VAE_SMALL_BLOCK_THREADS);
}

const vae_op_info vae_op_info_elementwise = {.flags = VAE_OP_READS_STEP,
                                             .shadowed = (1 << VAE_LIST_OUTPUTS) - 1,
                                             .backward = backward,
                                             .cost = cost,
                                             .fields = fields,
                                             .grid = grid};
