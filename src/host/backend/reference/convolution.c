/* Convolutions, transposed or not, as one loop over the pairs of positions that a window joins. */
#include <string.h>

#include "backend/reference/kernels.h"

/* A convolution and a transposed one join the same pairs of positions: one of the side with windows (a convolution's
 * output, a transposed one's input), and one in its window on the other side. */
typedef struct sides {
    const vae_shape *small, *large; /* the side with windows, and the side they lie on */
    vae_window window;
} sides;

/* Position of (window row, window column) of small position (i, j) of a row of images, or -1 outside. */
static int64_t place(const sides *s, int64_t row, int64_t i, int64_t j, int64_t place)
{
    const int64_t y = i * s->window.stride - s->window.padding + place / s->window.kernel;
    const int64_t x = j * s->window.stride - s->window.padding + place % s->window.kernel;
    if (y < 0 || y >= s->large->size[1] || x < 0 || x >= s->large->size[2]) return -1;
    return (row * s->large->size[1] + y) * s->large->size[2] + x;
}

/* What is done with each pair: positions are counted over all rows. */
typedef void (*pair_function)(const void *context, int64_t small, int64_t large, int64_t place);

static void for_each_pair(const sides *s, pair_function function, const void *context)
{
    const int64_t rows = s->small->size[0], height = s->small->size[1], width = s->small->size[2];
    for (int64_t small = 0; small < rows * height * width; ++small) {
        const int64_t row = small / (height * width), i = small / width % height, j = small % width;
        for (int64_t p = 0; p < s->window.kernel * s->window.kernel; ++p) {
            const int64_t large = place(s, row, i, j, p);
            if (large >= 0) function(context, small, large, p);
        }
    }
}

/* y[to] += Σ x[from] · weight, for x on one side and y on the other. The weight's [place, in, out] or, transposed,
 * [in, place, out]: element (place, in, out) lies at place·by_place + in·by_in + out. */
typedef struct operands {
    double *x, *y, *weight;
    int64_t in, out, by_place, by_in;
    bool from_large; /* x is on the large side: a convolution */
} operands;

static void add_forward(const void *context, int64_t small, int64_t large, int64_t place)
{
    const operands *o = context;
    const double *x = o->x + (o->from_large ? large : small) * o->in;
    double *y = o->y + (o->from_large ? small : large) * o->out;
    for (int64_t i = 0; i < o->in; ++i)
        for (int64_t k = 0; k < o->out; ++k)
            y[k] += x[i] * o->weight[place * o->by_place + i * o->by_in + k];
}

static void add_weight_gradient(const void *context, int64_t small, int64_t large, int64_t place)
{
    const operands *o = context;
    const double *x = o->x + (o->from_large ? large : small) * o->in;
    const double *d_y = o->y + (o->from_large ? small : large) * o->out;
    for (int64_t i = 0; i < o->in; ++i)
        for (int64_t k = 0; k < o->out; ++k)
            o->weight[place * o->by_place + i * o->by_in + k] += x[i] * d_y[k];
}

static void add_input_gradient(const void *context, int64_t small, int64_t large, int64_t place)
{
    const operands *o = context;
    double *d_x = o->x + (o->from_large ? large : small) * o->in;
    const double *d_y = o->y + (o->from_large ? small : large) * o->out;
    for (int64_t i = 0; i < o->in; ++i)
        for (int64_t k = 0; k < o->out; ++k)
            d_x[i] += d_y[k] * o->weight[place * o->by_place + i * o->by_in + k];
}

static operands make_operands(const vae_shape *x, const vae_shape *y, bool transposed, int64_t kernel)
{
    operands o = {.in = x->size[3], .out = y->size[3], .from_large = !transposed};
    o.by_place = transposed ? o.out : o.in * o.out;
    o.by_in = transposed ? kernel * kernel * o.out : o.out;
    return o;
}

static vae_status forward(vae_call *call, bool transposed)
{
    const vae_shape *x = vae_call_input_shape(call, 0), *y = vae_call_output_shape(call, 0);
    const sides s = {transposed ? x : y, transposed ? y : x, call->op->attributes.convolution.window};
    operands o = make_operands(x, y, transposed, s.window.kernel);
    const double *bias = call->inputs[2];
    double *values = call->outputs[0], *pre_activation = call->outputs[1];
    const int64_t count = vae_shape_elements(y);
    for (int64_t i = 0; i < count; ++i)
        values[i] = bias[i % o.out];
    o.x = call->inputs[0];
    o.weight = call->inputs[1];
    o.y = values;
    for_each_pair(&s, add_forward, &o);
    if (pre_activation) memcpy(pre_activation, values, (size_t)count * sizeof *values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = vae_reference_activation(call->op->attributes.convolution.activation, values[i]);
    return VAE_OK;
}

static vae_status backward(vae_call *call, bool transposed)
{
    const vae_shape *y = vae_call_input_shape(call, 0), *x = vae_call_input_shape(call, 2);
    const sides s = {transposed ? x : y, transposed ? y : x, call->op->attributes.convolution.window};
    operands o = make_operands(x, y, transposed, s.window.kernel);
    const int64_t count = vae_shape_elements(y);
    vae_reference_layer_backward(call, count, o.out);
    o.x = call->inputs[2];
    o.y = call->inputs[0];
    o.weight = call->outputs[0];
    memset(o.weight, 0, (size_t)vae_shape_elements(vae_call_input_shape(call, 3)) * sizeof(double));
    for_each_pair(&s, add_weight_gradient, &o);
    if (!call->outputs[2]) return VAE_OK;
    o.x = call->outputs[2];
    o.weight = call->inputs[3];
    memset(o.x, 0, (size_t)vae_shape_elements(x) * sizeof(double));
    for_each_pair(&s, add_input_gradient, &o);
    return VAE_OK;
}

vae_status vae_reference_conv2d(vae_call *call)
{
    return forward(call, false);
}

vae_status vae_reference_conv2d_backward(vae_call *call)
{
    return backward(call, false);
}

vae_status vae_reference_conv_transpose2d(vae_call *call)
{
    return forward(call, true);
}

vae_status vae_reference_conv_transpose2d_backward(vae_call *call)
{
    return backward(call, true);
}
