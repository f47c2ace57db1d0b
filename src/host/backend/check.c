/* Checks a program against the data set and store it is to run with, and a step's rows against the data set. */
#include "backend/check.h"
#include "program/op.h"

static vae_status check_op(const vae_program *program, const vae_op *op, const vae_column *column, bool training_store)
{
    const int flags = vae_op_info_of(op->kind)->flags;
    if (flags & VAE_OP_READS_DATA) {
        const int64_t elements = vae_shape_columns(&program->tensors[op->outputs[0]].shape);
        const bool floats = op->kind == VAE_OP_GATHER && op->attributes.gather.floats;
        if (!column) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' reads a data set, but none was given", program->name,
                                 op->name);
        }
        if (column->elements != elements) {
            return vae_error_set(VAE_ERROR_SHAPE, "%s: '%s' needs rows of %lld elements, but the data set's have %lld",
                                 program->name, op->name, (long long)elements, (long long)column->elements);
        }
        if ((column->dtype == VAE_FLOAT32) != floats) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' reads %s, but the data set holds %s", program->name,
                                 op->name, floats ? "float32" : "bytes", floats ? "bytes" : "float32");
        }
    }
    const bool trains = (flags & VAE_OP_TRAINS) || vae_op_gives_gradients(program, op);
    if (trains && !training_store) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' needs a store made for training", program->name, op->name);
    }
    return VAE_OK;
}

vae_status vae_check_program(const vae_program *program, const vae_column *column, bool training_store)
{
    if (!program->planned) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "program '%s' has no memory plan", program->name);
    }
    for (int32_t i = 0; i < program->op_count; ++i)
        VAE_TRY(check_op(program, &program->ops[i], column, training_store));
    return VAE_OK;
}

vae_status vae_check_rows(const vae_program *program, const vae_column *column, const vae_step *step)
{
    if (!column) return VAE_OK;
    for (int32_t i = 0; i < program->op_count; ++i) {
        if (!(vae_op_info_of(program->ops[i].kind)->flags & VAE_OP_READS_DATA)) continue;
        const int64_t rows = program->tensors[program->ops[i].outputs[0]].shape.size[0];
        if (step->first >= 0 && step->first + rows <= column->count) continue;
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: rows %lld to %lld were requested of a data set of %lld",
                             program->name, (long long)step->first, (long long)(step->first + rows - 1),
                             (long long)column->count);
    }
    return VAE_OK;
}

vae_status vae_check_index(double index, int64_t position, int64_t rows)
{
    if (index >= 0 && index < (double)rows && index == (double)(int64_t)index) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "entry %lld of the index is %g, but must be a whole number from 0 to %lld",
                         (long long)position, index, (long long)rows - 1);
}
