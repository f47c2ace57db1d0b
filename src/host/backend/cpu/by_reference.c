/* An op that has no kernel of its own here runs the reference's, on copies of its operands in double. */
#include <stdlib.h>

#include "backend/cpu/device.h"
#include "backend/host/arena.h"
#include "backend/reference/kernels.h"

enum { OPERANDS = VAE_MAX_INPUTS + VAE_MAX_OUTPUTS };

/* An operand that has memory of its own: one that is changed in place is one, as the reference's kernel sees it too. */
typedef struct operand {
    float *values;
    double *copy;
    uint16_t *shadow; /* to be written along, or NULL */
    int64_t elements;
} operand;

typedef struct borrowed {
    vae_call call; /* the reference's: operands are the copies */
    operand operands[OPERANDS];
    int count;
} borrowed;

/* The copy of an operand, made where it is the first of its memory. */
static vae_status add_operand(const vae_call *call, borrowed *b, vae_tensor tensor, void *values, uint16_t *shadow,
                              void **copy)
{
    *copy = NULL;
    if (!values) return VAE_OK;
    int at = 0;
    while (at < b->count && b->operands[at].values != values)
        ++at;
    operand *o = &b->operands[at];
    if (at == b->count) {
        const vae_tensor_info *info = &call->program->tensors[tensor];
        *o = (operand){.values = values, .elements = info->elements};
        VAE_TRY(vae_arena_create(info->name, info->elements, sizeof(double), (void **)&o->copy));
        b->count++;
    }
    if (shadow) o->shadow = shadow;
    *copy = o->copy;
    return VAE_OK;
}

static vae_status add_operands(const vae_call *call, borrowed *b)
{
    for (int i = 0; i < VAE_MAX_INPUTS; ++i)
        VAE_TRY(add_operand(call, b, call->op->inputs[i], call->inputs[i], NULL, &b->call.inputs[i]));
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        VAE_TRY(
            add_operand(call, b, call->op->outputs[i], call->outputs[i], call->output_shadows[i], &b->call.outputs[i]));
    }
    return VAE_OK;
}

static void release(vae_call *call)
{
    borrowed *b = call->state;
    for (int i = 0; i < b->count; ++i)
        free(b->operands[i].copy);
    free(b);
}

static vae_status prepare(vae_call *call)
{
    borrowed *b = calloc(1, sizeof *b);
    if (!b) return vae_error_set(VAE_ERROR_MEMORY, "operands in double: out of memory");
    b->call = *call;
    call->state = b;
    const vae_status status = add_operands(call, b);
    if (status) release(call);
    return status;
}

/* Back to float32 only what has changed: subnormals, which are read as zeros here, stay as they are. */
static void store_changes(const operand *o)
{
    for (int64_t i = 0; i < o->elements; ++i) {
        if ((double)o->values[i] != o->copy[i]) o->values[i] = (float)o->copy[i];
    }
    if (o->shadow) vae_arena_round_bf16(o->values, o->shadow, o->elements);
}

static vae_status run(vae_call *call)
{
    borrowed *b = call->state;
    for (int i = 0; i < b->count; ++i) {
        const operand *o = &b->operands[i];
        VAE_TRY(vae_arena_convert(o->values, VAE_FLOAT32, o->copy, VAE_FLOAT64, o->elements));
    }
    VAE_TRY(vae_reference_kernels[call->op->kind]->run(&b->call));
    for (int i = 0; i < b->count; ++i)
        store_changes(&b->operands[i]);
    return VAE_OK;
}

const vae_kernel vae_cpu_by_reference = {prepare, run, release};
