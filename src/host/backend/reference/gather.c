/* gather: rows of the data set as a batch, shuffled, mirrored and binarised where asked for. */
#include "backend/reference/kernels.h"
#include "core/random.h"

/* u·255 ≤ pixel is decided in float32, as every backend does: the same pixels everywhere. */
static double binarise(const vae_step *step, uint64_t element, double pixel)
{
    const vae_philox random = vae_random_block(step->seed, VAE_STREAM_BINARISE, step->step, element / 4);
    const float u = vae_random_uniform(random.word[element % 4]);
    return u * 255.0f <= (float)pixel ? 255.0 : 0.0;
}

static bool is_flipped(const vae_call *call, int64_t row)
{
    if (!call->op->attributes.gather.flip) return false;
    const vae_step *step = call->step;
    const uint64_t element = vae_call_first_element(call, 1) + (uint64_t)row;
    const vae_philox random = vae_random_block(step->seed, VAE_STREAM_FLIP, step->step, element / 4);
    return vae_random_uniform(random.word[element % 4]) > 0.5f;
}

/* Where column j of an image comes from if it is mirrored; shape [rows, height, width, channels]. */
static int64_t mirrored(const vae_shape *shape, int64_t j)
{
    const int64_t width = shape->size[2], channels = shape->size[3], x = j / channels % width;
    return j + (width - 1 - 2 * x) * channels;
}

/* Value `at` of the data set, in its own numbers. */
static double stored(const vae_column *column, int64_t at)
{
    const uint8_t *bytes = column->values;
    const float *floats = column->values;
    return column->dtype == VAE_FLOAT32 ? (double)floats[at] : (double)bytes[at];
}

vae_status vae_reference_gather(vae_call *call)
{
    const vae_gather *gather = &call->op->attributes.gather;
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t rows = shape->size[0], elements = vae_shape_columns(shape);
    double *x = call->outputs[0];
    for (int64_t r = 0; r < rows; ++r) {
        uint64_t position = (uint64_t)(call->step->first + r);
        if (gather->shuffle) position = vae_permutation_apply(call->permutation, position);
        const bool flipped = is_flipped(call, r);
        for (int64_t j = 0; j < elements; ++j) {
            const int64_t at = (int64_t)position * elements + (flipped ? mirrored(shape, j) : j);
            const double number = stored(&call->data->column, at);
            const uint64_t element = vae_call_first_element(call, elements) + (uint64_t)(r * elements + j);
            const double value = gather->binarise ? binarise(call->step, element, number) : number;
            x[r * elements + j] = value * gather->scale + gather->shift;
        }
    }
    return VAE_OK;
}
