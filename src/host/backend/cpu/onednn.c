/* oneDNN through its C API, versions 2 and 3: an engine with one stream, and matrix products as primitives. */
#include "backend/cpu/onednn.h"

#include <stdio.h>
#include <stdlib.h>

#include <oneapi/dnnl/dnnl.h>

struct vae_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

/* An object in 2.x, a handle in 3.x. */
typedef dnnl_memory_desc_t descriptor;

enum { LEFT, RIGHT, TARGET, BIAS, OPERAND_COUNT };

struct vae_product {
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[OPERAND_COUNT];
    dnnl_exec_arg_t arguments[OPERAND_COUNT];
    int argument_count;
};

/* A message that names the call and its status. */
static vae_status check(dnnl_status_t status, const char *call)
{
    if (status == dnnl_success) return VAE_OK;
    const vae_status code = status == dnnl_out_of_memory ? VAE_ERROR_MEMORY : VAE_ERROR_DEVICE;
    return vae_error_set(code, "oneDNN: %s failed with status %d", call, (int)status);
}
#define DNNL_TRY(call) VAE_TRY(check((call), #call))

vae_status vae_onednn_open(vae_onednn **onednn)
{
    vae_onednn *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "oneDNN: out of memory");
    vae_status status = check(dnnl_engine_create(&made->engine, dnnl_cpu, 0), "dnnl_engine_create");
    if (!status) {
        status =
            check(dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags), "dnnl_stream_create");
    }
    if (status) {
        vae_onednn_close(made);
        return status;
    }
    *onednn = made;
    return VAE_OK;
}

void vae_onednn_close(vae_onednn *onednn)
{
    if (!onednn) return;
    if (onednn->stream) dnnl_stream_destroy(onednn->stream);
    if (onednn->engine) dnnl_engine_destroy(onednn->engine);
    free(onednn);
}

void vae_onednn_version(char *text, size_t size)
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, size, "%d.%d.%d", version->major, version->minor, version->patch);
}

bool vae_onednn_has_bf16(void)
{
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    const unsigned wanted = (unsigned)dnnl_cpu_isa_avx512_core_bf16;
    return (isa & wanted) == wanted;
}

/* ---- Where the 2.x and the 3.x API differ ---- */

typedef struct operand {
    dnnl_dims_t dims;
    int rank;
    dnnl_data_type_t type;
    dnnl_dims_t strides;
} operand;

#if DNNL_VERSION_MAJOR >= 3

static vae_status describe(const operand *o, descriptor *d)
{
    DNNL_TRY(dnnl_memory_desc_create_with_strides(d, o->rank, o->dims, o->type, o->strides));
    return VAE_OK;
}

static void forget(descriptor *d)
{
    if (*d) dnnl_memory_desc_destroy(*d);
}

static vae_status append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha)
{
    DNNL_TRY(dnnl_post_ops_append_eltwise(ops, kind, alpha, 0.0f));
    return VAE_OK;
}

static vae_status append_sum(dnnl_post_ops_t ops)
{
    DNNL_TRY(dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef));
    return VAE_OK;
}

static vae_status describe_product(dnnl_engine_t engine, descriptor d[], bool bias, dnnl_primitive_attr_t attributes,
                                   dnnl_primitive_desc_t *product)
{
    DNNL_TRY(dnnl_matmul_primitive_desc_create(product, engine, d[LEFT], d[RIGHT], bias ? d[BIAS] : NULL, d[TARGET],
                                               attributes));
    return VAE_OK;
}

static vae_status make_memory(dnnl_memory_t *memory, descriptor *d, dnnl_engine_t engine, void *handle)
{
    DNNL_TRY(dnnl_memory_create(memory, *d, engine, handle));
    return VAE_OK;
}

#else

static vae_status describe(const operand *o, descriptor *d)
{
    DNNL_TRY(dnnl_memory_desc_init_by_strides(d, o->rank, o->dims, o->type, o->strides));
    return VAE_OK;
}

static void forget(descriptor *d)
{
    (void)d;
}

static vae_status append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha)
{
    DNNL_TRY(dnnl_post_ops_append_eltwise(ops, 1.0f, kind, alpha, 0.0f));
    return VAE_OK;
}

static vae_status append_sum(dnnl_post_ops_t ops)
{
    DNNL_TRY(dnnl_post_ops_append_sum(ops, 1.0f));
    return VAE_OK;
}

static vae_status describe_product(dnnl_engine_t engine, descriptor d[], bool bias, dnnl_primitive_attr_t attributes,
                                   dnnl_primitive_desc_t *product)
{
    dnnl_matmul_desc_t description;
    DNNL_TRY(dnnl_matmul_desc_init(&description, &d[LEFT], &d[RIGHT], bias ? &d[BIAS] : NULL, &d[TARGET]));
    DNNL_TRY(dnnl_primitive_desc_create(product, &description, attributes, engine, NULL));
    return VAE_OK;
}

static vae_status make_memory(dnnl_memory_t *memory, descriptor *d, dnnl_engine_t engine, void *handle)
{
    DNNL_TRY(dnnl_memory_create(memory, d, engine, handle));
    return VAE_OK;
}

#endif

/* ---- Products ---- */

/* As oneDNN's own functions, where it has them; leaky_relu's slope is that of its row. */
static const struct {
    bool known;
    dnnl_alg_kind_t kind;
    float alpha;
} fused_activations[VAE_ACTIVATION_COUNT] = {
    [VAE_ACTIVATION_RELU] = {true, dnnl_eltwise_relu, 0.0f},
    [VAE_ACTIVATION_LEAKY_RELU] = {true, dnnl_eltwise_relu, 0.01f},
    [VAE_ACTIVATION_TANH] = {true, dnnl_eltwise_tanh, 0.0f},
    [VAE_ACTIVATION_SIGMOID] = {true, dnnl_eltwise_logistic, 0.0f},
    [VAE_ACTIVATION_ELU] = {true, dnnl_eltwise_elu, 1.0f},
    [VAE_ACTIVATION_GELU] = {true, dnnl_eltwise_gelu_erf, 0.0f},
    [VAE_ACTIVATION_SOFTPLUS] = {true, dnnl_eltwise_soft_relu, 1.0f},
    [VAE_ACTIVATION_SILU] = {true, dnnl_eltwise_swish, 1.0f},
};

bool vae_onednn_fuses(vae_activation activation)
{
    return activation == VAE_ACTIVATION_IDENTITY || fused_activations[activation].known;
}

static vae_status append_activation(dnnl_post_ops_t ops, vae_activation activation)
{
    if (activation == VAE_ACTIVATION_IDENTITY) return VAE_OK;
    return append_eltwise(ops, fused_activations[activation].kind, fused_activations[activation].alpha);
}

/* A matrix whose rows, or columns where it lies transposed, are `stride` numbers apart; 0: side by side. */
static operand matrix(int64_t rows, int64_t columns, bool transposed, int64_t stride, dnnl_data_type_t type)
{
    operand o = {{rows, columns}, 2, type, {1, 1}};
    o.strides[transposed] = stride > 0 ? stride : transposed ? rows : columns;
    return o;
}

static void list_operands(const vae_product_options *o, operand operands[OPERAND_COUNT])
{
    const dnnl_data_type_t type = o->bf16 ? dnnl_bf16 : dnnl_f32;
    operands[LEFT] = matrix(o->m, o->k, o->left_transposed, 0, type);
    operands[RIGHT] = matrix(o->k, o->n, o->right_transposed, o->right_stride, type);
    operands[TARGET] = matrix(o->m, o->n, false, o->target_stride, dnnl_f32);
    operands[BIAS] = matrix(1, o->n, false, 0, dnnl_f32);
}

static vae_status make_primitive(vae_onednn *onednn, const vae_product_options *options, descriptor d[],
                                 vae_product *product)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_primitive_desc_t description = NULL;
    vae_status status;
    VAE_TRY_GOTO(status, cleanup, check(dnnl_primitive_attr_create(&attributes), "dnnl_primitive_attr_create"));
    VAE_TRY_GOTO(status, cleanup, check(dnnl_post_ops_create(&ops), "dnnl_post_ops_create"));
    if (options->accumulates) VAE_TRY_GOTO(status, cleanup, append_sum(ops));
    VAE_TRY_GOTO(status, cleanup, append_activation(ops, options->activation));
    VAE_TRY_GOTO(status, cleanup,
                 check(dnnl_primitive_attr_set_post_ops(attributes, ops), "dnnl_primitive_attr_set_post_ops"));
    VAE_TRY_GOTO(status, cleanup, describe_product(onednn->engine, d, options->bias != NULL, attributes, &description));
    VAE_TRY_GOTO(status, cleanup,
                 check(dnnl_primitive_create(&product->primitive, description), "dnnl_primitive_create"));
cleanup:
    if (description) dnnl_primitive_desc_destroy(description);
    if (ops) dnnl_post_ops_destroy(ops);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

static vae_status make_product(vae_onednn *onednn, const vae_product_options *options, vae_product *product)
{
    static const int names[OPERAND_COUNT] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS};
    /* oneDNN's handles are not const, but it writes to the target only. */
    void *const handles[OPERAND_COUNT] = {(void *)options->left, (void *)options->right, options->target,
                                          (void *)options->bias};
    const int count = options->bias ? OPERAND_COUNT : OPERAND_COUNT - 1;
    operand operands[OPERAND_COUNT];
    descriptor descriptors[OPERAND_COUNT] = {0};
    list_operands(options, operands);
    vae_status status = VAE_OK;
    for (int i = 0; i < count && !status; ++i)
        status = describe(&operands[i], &descriptors[i]);
    if (!status) status = make_primitive(onednn, options, descriptors, product);
    for (int i = 0; i < count && !status; ++i) {
        status = make_memory(&product->memory[i], &descriptors[i], onednn->engine, handles[i]);
        product->arguments[i] = (dnnl_exec_arg_t){names[i], product->memory[i]};
    }
    for (int i = 0; i < count; ++i)
        forget(&descriptors[i]);
    product->argument_count = count;
    return status;
}

vae_status vae_product_create(vae_onednn *onednn, const vae_product_options *options, vae_product **product)
{
    vae_product *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "oneDNN: out of memory");
    made->stream = onednn->stream;
    const vae_status status = make_product(onednn, options, made);
    if (status) {
        vae_product_destroy(made);
        return status;
    }
    *product = made;
    return VAE_OK;
}

vae_status vae_product_run(vae_product *product)
{
    DNNL_TRY(dnnl_primitive_execute(product->primitive, product->stream, product->argument_count, product->arguments));
    return VAE_OK;
}

void vae_product_destroy(vae_product *product)
{
    if (!product) return;
    for (int i = 0; i < OPERAND_COUNT; ++i) {
        if (product->memory[i]) dnnl_memory_destroy(product->memory[i]);
    }
    if (product->primitive) dnnl_primitive_destroy(product->primitive);
    free(product);
}
