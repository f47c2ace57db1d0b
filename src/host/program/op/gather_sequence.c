/* gather_sequence: a batch of sequences of the data set, time-major. */
#include <inttypes.h>

#include "program/op.h"
#include "program/stroke.h"

static vae_status check(const char *name, int64_t rows, int64_t elements, const vae_gather_sequence *gather)
{
    if (rows < 1 || elements < 1 || gather->steps < 1 || gather->count < 1 || gather->first < 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: a batch of %" PRId64 " sequences of %" PRId64 " steps, from place %" PRId64
                             " on of %" PRId64 ": none of these may be less",
                             name, rows, gather->steps, gather->first, gather->count);
    }
    if (gather->bucket < 0 || gather->bucket > UINT16_MAX) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: bucket %" PRId32 " is not from 0 to %d", name, gather->bucket,
                             UINT16_MAX);
    }
    const bool varied = gather->scale_jitter != 0.0 || gather->point_dropout != 0.0;
    if (varied && elements != VAE_STROKE_NUMBERS) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: drawings have %d numbers a step, not %" PRId64, name,
                             VAE_STROKE_NUMBERS, elements);
    }
    return VAE_OK;
}

vae_status vae_program_gather_sequence(vae_program *program, const char *name, int64_t rows, int64_t elements,
                                       const vae_gather_sequence *gather, vae_tensor *x, vae_tensor *lengths)
{
    VAE_TRY(check(name, rows, elements, gather));
    vae_op op = vae_op_make(VAE_OP_GATHER_SEQUENCE, name);
    char text[VAE_NAME_SIZE];
    vae_format_name(text, "%.52s.lengths", name);
    VAE_TRY(
        vae_program_add_activation(program, name, vae_shape_matrix(gather->steps * rows, elements), &op.outputs[0]));
    VAE_TRY(vae_program_add_activation(program, text, vae_shape_vector(rows), &op.outputs[1]));
    op.attributes.gather_sequence = *gather;
    program->batch_rows = rows;
    *x = op.outputs[0];
    *lengths = op.outputs[1];
    return vae_program_append(program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    vae_cost total = vae_op_traffic(program, op);
    total.bytes_read += 4 * vae_op_elements(program, op->outputs[0]);
    return total;
}

static const vae_field fields[] = {
    VAE_FIELD(FLAG, shuffle, gather_sequence.shuffle),
    VAE_FIELD(INTEGER, steps, gather_sequence.steps),
    VAE_FIELD(INTEGER, first, gather_sequence.first),
    VAE_FIELD(INTEGER, count, gather_sequence.count),
    VAE_FIELD(REAL, scale_jitter, gather_sequence.scale_jitter),
    VAE_FIELD(REAL, point_dropout, gather_sequence.point_dropout),
    {0},
};

/* A block a sequence. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_rows(program, op->outputs[1]);
}

const vae_op_info vae_op_info_gather_sequence = {
    .flags = VAE_OP_READS_STEP | VAE_OP_READS_DATA, .cost = cost, .fields = fields, .grid = grid};
