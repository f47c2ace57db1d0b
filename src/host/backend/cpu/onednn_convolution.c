#include <stdlib.h>

#include "backend/cpu/onednn_internal.h"

enum { LARGE, SMALL, WEIGHT, BIAS, OPERAND_COUNT };

struct vae_convolution {
    dnnl_stream_t stream;
    vae_convolution_pass pass;
    dnnl_primitive_t primitive, reorder; /* reorder: NULL where oneDNN takes weights as they lie */
    dnnl_memory_t memory[OPERAND_COUNT];
    dnnl_memory_t plain_weight; /* the weights as they lie, where memory[WEIGHT] is another order */
    dnnl_exec_arg_t arguments[OPERAND_COUNT];
    int argument_count;
};

/* ---- Where the 2.x and the 3.x API differ ---- */

typedef struct geometry {
    dnnl_dims_t strides, padding;
} geometry;

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t borrowed;

static borrowed borrow(const vae_onednn_descriptor *d)
{
    return *d;
}

static vae_status describe_strided(vae_onednn_descriptor *d, int rank, dnnl_dims_t sizes, dnnl_dims_t strides)
{
    DNNL_TRY(dnnl_memory_desc_create_with_strides(d, rank, sizes, dnnl_f32, strides));
    return VAE_OK;
}

static vae_status describe_any(vae_onednn_descriptor *d, int rank, dnnl_dims_t sizes)
{
    DNNL_TRY(dnnl_memory_desc_create_with_tag(d, rank, sizes, dnnl_f32, dnnl_format_tag_any));
    return VAE_OK;
}

static vae_status describe_pass(dnnl_engine_t engine, vae_convolution_pass pass, vae_onednn_descriptor d[], bool bias,
                                const geometry *g, dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t hint,
                                dnnl_primitive_desc_t *description)
{
    switch (pass) {
    case VAE_CONVOLUTION_TO_SMALL:
        DNNL_TRY(dnnl_convolution_forward_primitive_desc_create(
            description, engine, dnnl_forward_training, dnnl_convolution_direct, d[LARGE], d[WEIGHT],
            bias ? d[BIAS] : NULL, d[SMALL], g->strides, NULL, g->padding, g->padding, attributes));
        break;
    case VAE_CONVOLUTION_TO_LARGE:
        DNNL_TRY(dnnl_convolution_backward_data_primitive_desc_create(description, engine, dnnl_convolution_direct,
                                                                      d[LARGE], d[WEIGHT], d[SMALL], g->strides, NULL,
                                                                      g->padding, g->padding, hint, attributes));
        break;
    case VAE_CONVOLUTION_TO_WEIGHTS:
        DNNL_TRY(dnnl_convolution_backward_weights_primitive_desc_create(
            description, engine, dnnl_convolution_direct, d[LARGE], d[WEIGHT], NULL, d[SMALL], g->strides, NULL,
            g->padding, g->padding, hint, attributes));
        break;
    }
    return VAE_OK;
}

#else

typedef const dnnl_memory_desc_t *borrowed;

static borrowed borrow(const vae_onednn_descriptor *d)
{
    return d;
}

static vae_status describe_strided(vae_onednn_descriptor *d, int rank, dnnl_dims_t sizes, dnnl_dims_t strides)
{
    DNNL_TRY(dnnl_memory_desc_init_by_strides(d, rank, sizes, dnnl_f32, strides));
    return VAE_OK;
}

static vae_status describe_any(vae_onednn_descriptor *d, int rank, dnnl_dims_t sizes)
{
    DNNL_TRY(dnnl_memory_desc_init_by_tag(d, rank, sizes, dnnl_f32, dnnl_format_tag_any));
    return VAE_OK;
}

static vae_status describe_pass(dnnl_engine_t engine, vae_convolution_pass pass, vae_onednn_descriptor d[], bool bias,
                                const geometry *g, dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t hint,
                                dnnl_primitive_desc_t *description)
{
    dnnl_convolution_desc_t c;
    switch (pass) {
    case VAE_CONVOLUTION_TO_SMALL:
        DNNL_TRY(dnnl_convolution_forward_desc_init(&c, dnnl_forward_training, dnnl_convolution_direct, &d[LARGE],
                                                    &d[WEIGHT], bias ? &d[BIAS] : NULL, &d[SMALL], g->strides,
                                                    g->padding, g->padding));
        break;
    case VAE_CONVOLUTION_TO_LARGE:
        DNNL_TRY(dnnl_convolution_backward_data_desc_init(&c, dnnl_convolution_direct, &d[LARGE], &d[WEIGHT], &d[SMALL],
                                                          g->strides, g->padding, g->padding));
        break;
    case VAE_CONVOLUTION_TO_WEIGHTS:
        DNNL_TRY(dnnl_convolution_backward_weights_desc_init(&c, dnnl_convolution_direct, &d[LARGE], &d[WEIGHT], NULL,
                                                             &d[SMALL], g->strides, g->padding, g->padding));
        break;
    }
    DNNL_TRY(dnnl_primitive_desc_create(description, &c, attributes, engine, hint));
    return VAE_OK;
}

#endif

/* ---- Operands ---- */

static vae_status describe_images(vae_onednn_descriptor *d, int64_t rows, int64_t height, int64_t width,
                                  int64_t channels)
{
    dnnl_dims_t sizes = {rows, channels, height, width};
    dnnl_dims_t strides = {height * width * channels, 1, width * channels, channels};
    return describe_strided(d, 4, sizes, strides);
}

static vae_status describe_plain_weight(const vae_convolution_options *o, vae_onednn_descriptor *d)
{
    const int64_t large = o->large.channels, small = o->small.channels, kernel = o->window.kernel;
    dnnl_dims_t sizes = {small, large, kernel, kernel};
    dnnl_dims_t strides = {1, small, kernel * large * small, large * small};
    dnnl_dims_t transposed = {kernel * kernel * large, 1, kernel * large, large};
    return describe_strided(d, 4, sizes, o->weight_transposed ? transposed : strides);
}

/* Weights in whatever order suits oneDNN. */
static vae_status describe_operands(const vae_convolution_options *o, vae_onednn_descriptor d[OPERAND_COUNT])
{
    const int64_t kernel = o->window.kernel;
    dnnl_dims_t weights = {o->small.channels, o->large.channels, kernel, kernel};
    dnnl_dims_t bias = {o->small.channels}, one = {1};
    VAE_TRY(describe_images(&d[LARGE], o->rows, o->large.height, o->large.width, o->large.channels));
    VAE_TRY(describe_images(&d[SMALL], o->rows, o->small.height, o->small.width, o->small.channels));
    VAE_TRY(describe_any(&d[WEIGHT], 4, weights));
    return describe_strided(&d[BIAS], 1, bias, one);
}

/* ---- Primitives ---- */

static vae_status make_attributes(vae_activation activation, dnnl_primitive_attr_t *attributes)
{
    dnnl_post_ops_t ops = NULL;
    DNNL_TRY(dnnl_primitive_attr_create(attributes));
    DNNL_TRY(dnnl_post_ops_create(&ops));
    vae_status status = vae_onednn_append_activation(ops, activation);
    if (!status) {
        status =
            vae_onednn_check(dnnl_primitive_attr_set_post_ops(*attributes, ops), "dnnl_primitive_attr_set_post_ops");
    }
    dnnl_post_ops_destroy(ops);
    return status;
}

static vae_status describe_convolution(vae_onednn *onednn, const vae_convolution_options *o, vae_onednn_descriptor d[],
                                       dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *description)
{
    const geometry g = {.strides = {o->window.stride, o->window.stride},
                        .padding = {o->window.padding, o->window.padding}};
    if (o->pass == VAE_CONVOLUTION_TO_SMALL) {
        return describe_pass(onednn->engine, o->pass, d, o->bias != NULL, &g, attributes, NULL, description);
    }
    /* Backward descriptions ask for the forward one as a hint. */
    dnnl_primitive_desc_t hint = NULL;
    VAE_TRY(describe_pass(onednn->engine, VAE_CONVOLUTION_TO_SMALL, d, false, &g, NULL, NULL, &hint));
    const vae_status status = describe_pass(onednn->engine, o->pass, d, false, &g, NULL, hint, description);
    dnnl_primitive_desc_destroy(hint);
    return status;
}

/* memory[WEIGHT] is the caller's where the orders agree, else a copy that a reorder fills, or empties. */
static vae_status make_weight(vae_onednn *onednn, const vae_convolution_options *o, const vae_onednn_descriptor *plain,
                              dnnl_primitive_desc_t description, vae_convolution *made)
{
    const bool gradient = o->pass == VAE_CONVOLUTION_TO_WEIGHTS;
    const borrowed wanted =
        dnnl_primitive_desc_query_md(description, gradient ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    if (dnnl_memory_desc_equal(wanted, borrow(plain))) {
        DNNL_TRY(dnnl_memory_create(&made->memory[WEIGHT], wanted, onednn->engine, o->weight));
        return VAE_OK;
    }
    DNNL_TRY(dnnl_memory_create(&made->memory[WEIGHT], wanted, onednn->engine, DNNL_MEMORY_ALLOCATE));
    DNNL_TRY(dnnl_memory_create(&made->plain_weight, borrow(plain), onednn->engine, o->weight));
    dnnl_primitive_desc_t reorder = NULL;
    DNNL_TRY(dnnl_reorder_primitive_desc_create(&reorder, gradient ? wanted : borrow(plain), onednn->engine,
                                                gradient ? borrow(plain) : wanted, onednn->engine, NULL));
    const vae_status status = vae_onednn_check(dnnl_primitive_create(&made->reorder, reorder), "dnnl_primitive_create");
    dnnl_primitive_desc_destroy(reorder);
    return status;
}

static vae_status make_memory(vae_onednn *onednn, const vae_convolution_options *o, const vae_onednn_descriptor d[],
                              vae_convolution *made)
{
    static const int names[][OPERAND_COUNT] = {
        [VAE_CONVOLUTION_TO_SMALL] = {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS},
        [VAE_CONVOLUTION_TO_LARGE] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, 0},
        [VAE_CONVOLUTION_TO_WEIGHTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, 0},
    };
    DNNL_TRY(dnnl_memory_create(&made->memory[LARGE], borrow(&d[LARGE]), onednn->engine, o->large.values));
    DNNL_TRY(dnnl_memory_create(&made->memory[SMALL], borrow(&d[SMALL]), onednn->engine, o->small.values));
    if (o->bias) {
        /* oneDNN's handles are not const, but a bias is only read. */
        DNNL_TRY(dnnl_memory_create(&made->memory[BIAS], borrow(&d[BIAS]), onednn->engine, (void *)o->bias));
    }
    made->argument_count = o->bias ? OPERAND_COUNT : OPERAND_COUNT - 1;
    for (int i = 0; i < made->argument_count; ++i)
        made->arguments[i] = (dnnl_exec_arg_t){names[o->pass][i], made->memory[i]};
    return VAE_OK;
}

static vae_status make_convolution(vae_onednn *onednn, const vae_convolution_options *o, vae_convolution *made)
{
    vae_onednn_descriptor d[OPERAND_COUNT] = {0}, plain = {0};
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    vae_status status;
    VAE_TRY_GOTO(status, cleanup, describe_operands(o, d));
    VAE_TRY_GOTO(status, cleanup, describe_plain_weight(o, &plain));
    VAE_TRY_GOTO(status, cleanup, make_attributes(o->activation, &attributes));
    VAE_TRY_GOTO(status, cleanup, describe_convolution(onednn, o, d, attributes, &description));
    VAE_TRY_GOTO(status, cleanup,
                 vae_onednn_check(dnnl_primitive_create(&made->primitive, description), "dnnl_primitive_create"));
    VAE_TRY_GOTO(status, cleanup, make_weight(onednn, o, &plain, description, made));
    VAE_TRY_GOTO(status, cleanup, make_memory(onednn, o, d, made));
cleanup:
    if (description) dnnl_primitive_desc_destroy(description);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    for (int i = 0; i < OPERAND_COUNT; ++i)
        vae_onednn_forget(&d[i]);
    vae_onednn_forget(&plain);
    return status;
}

vae_status vae_convolution_create(vae_onednn *onednn, const vae_convolution_options *options,
                                  vae_convolution **convolution)
{
    vae_convolution *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "oneDNN: out of memory");
    made->stream = onednn->stream;
    made->pass = options->pass;
    const vae_status status = make_convolution(onednn, options, made);
    if (status) {
        vae_convolution_destroy(made);
        return status;
    }
    *convolution = made;
    return VAE_OK;
}

static vae_status run_reorder(const vae_convolution *c, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    DNNL_TRY(dnnl_primitive_execute(c->reorder, c->stream, 2, arguments));
    return VAE_OK;
}

vae_status vae_convolution_run(vae_convolution *convolution)
{
    const bool gradient = convolution->pass == VAE_CONVOLUTION_TO_WEIGHTS;
    if (convolution->reorder && !gradient) {
        VAE_TRY(run_reorder(convolution, convolution->plain_weight, convolution->memory[WEIGHT]));
    }
    DNNL_TRY(dnnl_primitive_execute(convolution->primitive, convolution->stream, convolution->argument_count,
                                    convolution->arguments));
    if (!convolution->reorder || !gradient) return VAE_OK;
    return run_reorder(convolution, convolution->memory[WEIGHT], convolution->plain_weight);
}

void vae_convolution_destroy(vae_convolution *convolution)
{
    if (!convolution) return;
    for (int i = 0; i < OPERAND_COUNT; ++i) {
        if (convolution->memory[i]) dnnl_memory_destroy(convolution->memory[i]);
    }
    if (convolution->plain_weight) dnnl_memory_destroy(convolution->plain_weight);
    if (convolution->reorder) dnnl_primitive_destroy(convolution->reorder);
    if (convolution->primitive) dnnl_primitive_destroy(convolution->primitive);
    free(convolution);
}
