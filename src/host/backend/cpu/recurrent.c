/* lstm and gru: the way through the steps is a pass of isa/; the gradient by the weight is one product of oneDNN over
 * all steps, and of gru, whose product for n has gradients of its own, one and another beside it. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/device.h"
#include "backend/host/arena.h"

enum { MAX_PRODUCTS = 3 };

typedef struct recurrent_state {
    vae_recurrent_pass *pass;
    vae_product *products[MAX_PRODUCTS]; /* of d_weight, in their order */
    int product_count;
    float *first; /* vae_recurrent_options, or NULL */
} recurrent_state;

static void release(vae_call *call)
{
    recurrent_state *state = call->state;
    if (!state) return;
    vae_cpu_device_of(call)->isa->recurrent_destroy(state->pass);
    for (int i = 0; i < state->product_count; ++i)
        vae_product_destroy(state->products[i]);
    free(state->first);
    free(state);
}

static int64_t hidden_of(const vae_call *call)
{
    return vae_call_input_shape(call, VAE_RECURRENT_WEIGHT)->size[0];
}

static int64_t rows_of(const vae_call *call)
{
    return vae_call_input_shape(call, 0)->size[0] / call->op->attributes.recurrent.steps;
}

static vae_status create_pass(vae_call *call, recurrent_state *state)
{
    const vae_cpu_device *device = vae_cpu_device_of(call);
    const vae_recurrent_options options = {
        .kind = call->op->kind,
        .attributes = call->op->attributes.recurrent,
        .rows = rows_of(call),
        .hidden = hidden_of(call),
        .samples = vae_recurrent_samples(call->program, rows_of(call)),
        .inputs = (float *const *)call->inputs,
        .outputs = (float *const *)call->outputs,
        .first = state->first,
        .threads = device->host.threads,
    };
    return device->isa->recurrent_create(&options, &state->pass);
}

static vae_status make_state(vae_call *call, recurrent_state **state)
{
    *state = calloc(1, sizeof **state);
    if (!*state) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    call->state = *state;
    return VAE_OK;
}

static vae_status prepare(vae_call *call)
{
    recurrent_state *state;
    VAE_TRY(make_state(call, &state));
    const vae_status status = create_pass(call, state);
    if (status) release(call);
    return status;
}

static vae_status run(vae_call *call)
{
    const recurrent_state *state = call->state;
    vae_cpu_device_of(call)->isa->recurrent_run(state->pass, call->step);
    return VAE_OK;
}

/* ---- The gradient by the weight ---- */

/* d_weight, columns `column` to `column` + n - 1, is statesᵀ [k, H] · d_sums, columns of a matrix with rows of
 * `stride`. */
typedef struct gradient {
    const float *states, *d_sums;
    int64_t k, n, stride, column;
    bool accumulates;
} gradient;

static vae_status add_product(vae_call *call, recurrent_state *state, gradient g)
{
    if (g.k == 0) return VAE_OK;
    const vae_product_options options = {
        .m = hidden_of(call),
        .n = g.n,
        .k = g.k,
        .left = g.states,
        .right = g.d_sums,
        .target = (float *)call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT] + g.column,
        .left_transposed = true,
        .right_stride = g.stride,
        .target_stride = vae_call_input_shape(call, VAE_RECURRENT_BACKWARD_WEIGHT)->size[1],
        .accumulates = g.accumulates,
    };
    VAE_TRY(vae_product_create(vae_cpu_device_of(call)->onednn, &options, &state->products[state->product_count]));
    state->product_count++;
    return VAE_OK;
}

/* Each state stands beside the gradients of the step that was read after it, and 0 where a sequence has ended. An
 * initial state stands beside those of its sequence's first step. */
static vae_status create_products(vae_call *call, recurrent_state *state)
{
    const int64_t hidden = hidden_of(call), rows = rows_of(call), columns = vae_call_input_shape(call, 0)->size[1];
    const vae_recurrent *a = &call->op->attributes.recurrent;
    const bool gru = call->op->kind == VAE_OP_GRU_BACKWARD;
    const int64_t later = a->reverse ? 0 : rows, earlier = a->reverse ? rows : 0, count = (a->steps - 1) * rows;
    const float *h = (float *)call->inputs[VAE_RECURRENT_BACKWARD_H] + earlier * hidden;
    const float *d_gates = call->outputs[VAE_RECURRENT_BACKWARD_D_GATES];
    VAE_TRY(add_product(call, state,
                        (gradient){.states = h,
                                   .d_sums = d_gates + later * columns,
                                   .k = count,
                                   .n = gru ? 2 * hidden : columns,
                                   .stride = columns}));
    if (gru) {
        const float *d_product = (float *)call->inputs[VAE_GRU_BACKWARD_PRODUCT] + later * hidden;
        VAE_TRY(add_product(
            call, state,
            (gradient){
                .states = h, .d_sums = d_product, .k = count, .n = hidden, .stride = hidden, .column = 2 * hidden}));
    }
    if (!call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H]) return VAE_OK;
    return add_product(call, state,
                       (gradient){.states = call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H],
                                  .d_sums = state->first ? state->first : d_gates,
                                  .k = rows,
                                  .n = columns,
                                  .stride = columns,
                                  .accumulates = a->steps > 1});
}

/* Where all sequences begin at step 0, its gates are already what an initial state needs. */
static vae_status make_first(vae_call *call, recurrent_state *state)
{
    const bool apart = call->op->attributes.recurrent.reverse || call->op->kind == VAE_OP_GRU_BACKWARD;
    if (!call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT] || !call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H] || !apart)
        return VAE_OK;
    return vae_arena_create("first steps", rows_of(call) * vae_call_input_shape(call, 0)->size[1], sizeof(float),
                            (void **)&state->first);
}

static vae_status create_backward(vae_call *call, recurrent_state *state)
{
    VAE_TRY(make_first(call, state));
    VAE_TRY(create_pass(call, state));
    return call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT] ? create_products(call, state) : VAE_OK;
}

static vae_status prepare_backward(vae_call *call)
{
    recurrent_state *state;
    VAE_TRY(make_state(call, &state));
    const vae_status status = create_backward(call, state);
    if (status) release(call);
    return status;
}

static vae_status run_backward(vae_call *call)
{
    const recurrent_state *state = call->state;
    float *d_weight = call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT];
    VAE_TRY(run(call));
    for (int i = 0; i < state->product_count; ++i)
        VAE_TRY(vae_product_run(state->products[i]));
    if (d_weight && state->product_count == 0) { /* a single step from a state of zeros */
        memset(d_weight, 0,
               (size_t)vae_shape_elements(vae_call_input_shape(call, VAE_RECURRENT_BACKWARD_WEIGHT)) *
                   sizeof *d_weight);
    }
    return VAE_OK;
}

static vae_status run_gru_backward(vae_call *call)
{
    VAE_TRY(run_backward(call));
    if (!call->outputs[VAE_GRU_BACKWARD_D_HIDDEN_BIAS]) return VAE_OK;
    const vae_cpu_device *device = vae_cpu_device_of(call);
    const vae_shape *product = vae_call_input_shape(call, VAE_GRU_BACKWARD_PRODUCT);
    const vae_cpu_activation_backward sums = {
        .activation = VAE_ACTIVATION_IDENTITY,
        .rows = product->size[0],
        .columns = product->size[1],
        .d_y = call->inputs[VAE_GRU_BACKWARD_PRODUCT],
        .d_bias = call->outputs[VAE_GRU_BACKWARD_D_HIDDEN_BIAS],
        .threads = device->host.threads,
    };
    device->isa->activation_backward(&sums);
    return VAE_OK;
}

const vae_kernel vae_cpu_lstm = {prepare, run, release};
const vae_kernel vae_cpu_lstm_backward = {prepare_backward, run_backward, release};
const vae_kernel vae_cpu_gru = {prepare, run, release};
const vae_kernel vae_cpu_gru_backward = {prepare_backward, run_gru_backward, release};
