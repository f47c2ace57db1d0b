/* Checks a program against the data set and store it is to run with, and a step's rows against the data set. */
#include "backend/check.h"
#include "program/op.h"

static const char *type_name(vae_dtype dtype)
{
    return dtype == VAE_UINT8 ? "bytes" : dtype == VAE_INT32 ? "int32" : "float32";
}

/* Images are bytes or floats, as the op says; sequences are ids, or floats. */
static bool reads_type(const vae_op *op, vae_dtype dtype)
{
    if (op->kind == VAE_OP_GATHER_SEQUENCE) return dtype == VAE_INT32 || dtype == VAE_FLOAT32;
    return dtype == (op->attributes.gather.floats ? VAE_FLOAT32 : VAE_UINT8);
}

static vae_status check_sequences(const vae_program *program, const vae_op *op, const vae_column *column)
{
    const vae_gather_sequence *gather = &op->attributes.gather_sequence;
    if (!column->offsets) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' reads sequences, but the data set's items are rows",
                             program->name, op->name);
    }
    const bool varied = gather->scale_jitter != 0.0 || gather->point_dropout != 0.0;
    if (varied && column->dtype != VAE_FLOAT32) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' varies drawings, but the data set holds %s", program->name,
                             op->name, type_name(column->dtype));
    }
    if (gather->first + gather->count <= column->count) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' reads places %lld to %lld of a data set of %lld", program->name,
                         op->name, (long long)gather->first, (long long)(gather->first + gather->count - 1),
                         (long long)column->count);
}

static vae_status check_reader(const vae_program *program, const vae_op *op, const vae_column *column)
{
    const int64_t elements = vae_shape_columns(&program->tensors[op->outputs[0]].shape);
    if (!column) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' reads a data set, but none was given", program->name,
                             op->name);
    }
    if (column->elements != elements) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: '%s' needs rows of %lld elements, but the data set's have %lld",
                             program->name, op->name, (long long)elements, (long long)column->elements);
    }
    if (!reads_type(op, column->dtype)) {
        const bool floats = op->kind == VAE_OP_GATHER && op->attributes.gather.floats;
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' reads %s, but the data set holds %s", program->name,
                             op->name,
                             op->kind == VAE_OP_GATHER_SEQUENCE ? "int32 or float32"
                             : floats                           ? "float32"
                                                                : "bytes",
                             type_name(column->dtype));
    }
    return op->kind == VAE_OP_GATHER_SEQUENCE ? check_sequences(program, op, column) : VAE_OK;
}

static vae_status check_op(const vae_program *program, const vae_op *op, const vae_column *column, bool training_store)
{
    const int flags = vae_op_info_of(op->kind)->flags;
    if (flags & VAE_OP_READS_DATA) VAE_TRY(check_reader(program, op, column));
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

vae_data_places vae_data_places_of(const vae_program *program, const vae_column *column)
{
    vae_data_places places = {.rows = program->batch_rows, .count = column ? column->count : 0};
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        if (op->kind != VAE_OP_GATHER_SEQUENCE) continue;
        places.count = op->attributes.gather_sequence.count;
        places.bucket = (uint64_t)op->attributes.gather_sequence.bucket;
        places.rows_may_lack = true;
    }
    return places;
}

vae_permutation vae_data_permutation(const vae_program *program, const vae_column *column, const vae_step *step)
{
    const vae_data_places places = vae_data_places_of(program, column);
    return vae_permutation_of_bucket(step->seed, step->epoch, places.bucket, (uint64_t)places.count);
}

vae_status vae_check_rows(const vae_program *program, const vae_column *column, const vae_step *step)
{
    const vae_data_places places = vae_data_places_of(program, column);
    if (!column || places.rows == 0) return VAE_OK;
    const int64_t rows = places.rows_may_lack && step->rows > 0 ? step->rows : places.rows;
    if (rows > places.rows) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: a step of %lld rows was requested of a program of %lld",
                             program->name, (long long)rows, (long long)places.rows);
    }
    if (step->first >= 0 && step->first + rows <= places.count) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: rows %lld to %lld were requested of a data set of %lld",
                         program->name, (long long)step->first, (long long)(step->first + rows - 1),
                         (long long)places.count);
}

vae_status vae_check_index(double index, int64_t position, int64_t rows)
{
    if (index >= 0 && index < (double)rows && index == (double)(int64_t)index) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "entry %lld of the index is %g, but must be a whole number from 0 to %lld",
                         (long long)position, index, (long long)rows - 1);
}

vae_status vae_check_token(double id, int64_t step, int64_t row, int64_t vocabulary)
{
    if (id >= 0 && id < (double)vocabulary && id == (double)(int64_t)id) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "the target of step %lld of row %lld is %g, but must be a whole number from 0 to %lld",
                         (long long)step, (long long)row, id, (long long)vocabulary - 1);
}

vae_status vae_check_pen(double down, double up, double end, int64_t step, int64_t row)
{
    const bool are_states = (down == 0 || down == 1) && (up == 0 || up == 1) && (end == 0 || end == 1);
    if (are_states && down + up + end == 1) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "the pen of step %lld of row %lld is (%g, %g, %g), but one of down, up and end must be 1, the "
                         "others 0",
                         (long long)step, (long long)row, down, up, end);
}
