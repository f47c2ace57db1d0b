/* elementwise: lists of instructions, one element at a time. */
#include <math.h>

#include "backend/reference/kernels.h"
#include "program/op.h"

/* ---- The functions, expanded in double ---- */

#define REAL(x) (x)
#define EXP(x) exp(x)
#define LOG(x) log(x)
#define SQRT(x) sqrt(x)
#define ABS(x) fabs(x)
#define TANH(x) tanh(x)
#define SIGMOID(x) ((x) >= 0 ? 1 / (1 + exp(-(x))) : exp(x) / (1 + exp(x)))
#define SOFTPLUS(x) (fmax(x, 0) + log1p(exp(-fabs(x))))
#define EXPM1_NEGATIVE(x) expm1(x)
#define NORMAL_CDF(x) (0.5 * erfc(-(x)*M_SQRT1_2))

double vae_reference_function(vae_function function, vae_function_part part, const double operands[VAE_LIST_OPERANDS])
{
    const double a = operands[0], b = operands[1], y = operands[2], d = operands[3];
    switch (function) {
#define ROW(NAME, name, count, value, by_a, by_b, onnx)                                                                \
    case VAE_FUNCTION_##NAME: {                                                                                        \
        const double parts[] = {(value), (by_a), (by_b)}; /* by vae_function_part */                                   \
        return parts[part];                                                                                            \
    }
        VAE_FUNCTION_MAP(ROW)
#undef ROW
    case VAE_FUNCTION_COUNT: break;
    }
    (void)b, (void)y, (void)d;
    return a;
}

/* ---- Lists ---- */

/* Element (row, column) of an operand that is broadcast. */
static double element(const vae_call *call, int input, int64_t row, int64_t column)
{
    const vae_broadcast at =
        vae_elementwise_broadcast(&call->op->attributes.elementwise, vae_call_input_shape(call, input));
    return ((const double *)call->inputs[input])[row / at.row_divisor * at.row_stride + column * at.column_stride];
}

static double operand(const vae_call *call, vae_list_operand operand, const double *results, int64_t row,
                      int64_t column)
{
    switch (operand.source) {
    case VAE_OPERAND_INPUT: return element(call, operand.index, row, column);
    case VAE_OPERAND_RESULT: return results[operand.index];
    case VAE_OPERAND_CONSTANT:
        return vae_weight_value(call->op->attributes.elementwise.constants[operand.index], call->step);
    default: return 0;
    }
}

static void run_list(const vae_call *call, int64_t row, int64_t column, double results[VAE_LIST_INSTRUCTIONS])
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    for (int i = 0; i < list->count; ++i) {
        const vae_instruction *instruction = &list->instructions[i];
        double operands[VAE_LIST_OPERANDS];
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k)
            operands[k] = operand(call, instruction->operands[k], results, row, column);
        results[i] =
            vae_reference_function((vae_function)instruction->function, (vae_function_part)instruction->part, operands);
    }
}

vae_status vae_reference_elementwise(vae_call *call)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    double results[VAE_LIST_INSTRUCTIONS], sums[VAE_LIST_OUTPUTS];
    for (int64_t row = 0; row < list->rows; ++row) {
        for (int k = 0; k < list->output_count; ++k)
            sums[k] = 0;
        for (int64_t column = 0; column < list->columns; ++column) {
            run_list(call, row, column, results);
            for (int k = 0; k < list->output_count; ++k) {
                const double value = results[list->outputs[k].instruction];
                sums[k] += value;
                if (!list->outputs[k].summed) ((double *)call->outputs[k])[row * list->columns + column] = value;
            }
        }
        for (int k = 0; k < list->output_count; ++k)
            if (list->outputs[k].summed) ((double *)call->outputs[k])[row] = sums[k];
    }
    return VAE_OK;
}
