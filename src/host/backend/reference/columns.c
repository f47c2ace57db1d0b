/* slice, pad and concat: runs of columns copied. Rows follow one another, so the runs of all rows are one list. */
#include "backend/reference/kernels.h"

/* Element `column` of run `run` of x, or 0 where that lies outside [0, width). */
static double element(const double *x, int64_t run, int64_t width, int64_t column)
{
    return column >= 0 && column < width ? x[run * width + column] : 0;
}

/* y, of runs of `width` columns, is x of runs of `x_width`, moved by `offset`. */
static void move_columns(const double *x, int64_t x_width, int64_t offset, double *y, int64_t width, int64_t elements)
{
    for (int64_t i = 0; i < elements; ++i)
        y[i] = element(x, i / width, x_width, i % width - offset);
}

vae_status vae_reference_slice(vae_call *call)
{
    const int64_t width = call->op->attributes.slice.width, count = call->op->attributes.slice.count;
    move_columns(call->inputs[0], width, -call->op->attributes.slice.begin, call->outputs[0], count,
                 vae_shape_elements(vae_call_output_shape(call, 0)));
    return VAE_OK;
}

vae_status vae_reference_pad(vae_call *call)
{
    const int64_t width = call->op->attributes.slice.width, count = call->op->attributes.slice.count;
    move_columns(call->inputs[0], count, call->op->attributes.slice.begin, call->outputs[0], width,
                 vae_shape_elements(vae_call_output_shape(call, 0)));
    return VAE_OK;
}

vae_status vae_reference_concat(vae_call *call)
{
    const int64_t a_width = call->op->attributes.concat.a_width, b_width = call->op->attributes.concat.b_width;
    const int64_t width = a_width + b_width, elements = vae_shape_elements(vae_call_output_shape(call, 0));
    double *y = call->outputs[0];
    for (int64_t i = 0; i < elements; ++i) {
        const int64_t run = i / width, column = i % width;
        y[i] = column < a_width ? element(call->inputs[0], run, a_width, column)
                                : element(call->inputs[1], run, b_width, column - a_width);
    }
    return VAE_OK;
}
