/* A program's products on the device: lowered so that cuBLASLt has an algorithm for each, and given their operands. */
#include <stdlib.h>

#include "backend/cuda/internal.h"

/* ---- The lowering ---- */

typedef struct refusals {
    vae_refusal *list;
    int32_t count;
} refusals;

static int64_t mask_row_bits(const vae_executable *executable, const vae_matmul *shape)
{
    return shape->mask < 0 ? 0 : executable->lowering.masks[shape->mask].row_bits;
}

static const char *name_of(const vae_executable *executable, int32_t launch)
{
    return executable->program->ops[executable->lowering.launches[launch].op].name;
}

static vae_status add_refusal(refusals *refused, const vae_launch *launch)
{
    vae_refusal *grown = realloc(refused->list, (size_t)(refused->count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    refused->list = grown;
    grown[refused->count++] = (vae_refusal){launch->op, launch->as.matmul.product, launch->as.matmul.epilogue};
    return VAE_OK;
}

/* `saved` [masks] receives the microseconds that each relu mask saves: the product that writes it and the one that
 * reads it are carried out together or not at all. */
static vae_status judge_products(const vae_executable *executable, refusals *refused, double *saved)
{
    for (int32_t i = 0; i < executable->lowering.count; ++i) {
        const vae_launch *launch = &executable->lowering.launches[i];
        if (launch->kind != VAE_LAUNCH_MATMUL) continue;
        const vae_matmul *shape = &launch->as.matmul;
        vae_cuda_verdict verdict;
        VAE_TRY(vae_cuda_matmul_choose(executable->device->blas, shape, mask_row_bits(executable, shape),
                                       name_of(executable, i), &verdict));
        if (shape->mask >= 0) saved[shape->mask] += verdict.saved;
        if (verdict.refused || (shape->mask < 0 && verdict.saved < 0.0)) VAE_TRY(add_refusal(refused, launch));
    }
    return VAE_OK;
}

static vae_status judge_masks(const vae_executable *executable, refusals *refused, const double *saved)
{
    for (int32_t i = 0; i < executable->lowering.count; ++i) {
        const vae_launch *launch = &executable->lowering.launches[i];
        if (launch->kind != VAE_LAUNCH_MATMUL || launch->as.matmul.mask < 0) continue;
        if (saved[launch->as.matmul.mask] < 0.0) VAE_TRY(add_refusal(refused, launch));
    }
    return VAE_OK;
}

static vae_status choose_algorithms(const vae_executable *executable, refusals *refused)
{
    double *saved = calloc((size_t)executable->lowering.mask_count + 1, sizeof *saved);
    if (!saved) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    vae_status status = judge_products(executable, refused, saved);
    if (!status) status = judge_masks(executable, refused, saved);
    free(saved);
    return status;
}

/* Each time without the epilogues that were refused or are slower than kernels, until none is: what a product does
 * without also changes what those of the layers above and below carry. */
static vae_status lower(vae_executable *executable, refusals *refused)
{
    int32_t before;
    do {
        before = refused->count;
        const vae_lowering_options options = {.bf16 = executable->device->precision == VAE_PRECISION_BF16,
                                              .refusals = refused->list,
                                              .refusal_count = refused->count};
        vae_lowering_free(&executable->lowering);
        VAE_TRY(vae_lowering_create(executable->program, options, &executable->lowering));
        VAE_TRY(choose_algorithms(executable, refused));
    } while (refused->count > before);
    return VAE_OK;
}

vae_status vae_cuda_products_lower(vae_executable *executable)
{
    refusals refused = {0};
    const vae_status status = lower(executable, &refused);
    free(refused.list);
    return status;
}

/* ---- Products ---- */

static const void *operand(const vae_executable *executable, vae_tensor tensor)
{
    if (executable->device->precision == VAE_PRECISION_BF16) return vae_cuda_shadow(executable, tensor);
    return vae_cuda_tensor(executable, tensor);
}

static vae_status create_matmul(vae_executable *executable, int32_t index)
{
    const vae_matmul *shape = &executable->lowering.launches[index].as.matmul;
    const vae_cuda_matmul_operands operands = {
        .left = operand(executable, shape->left),
        .right = operand(executable, shape->right),
        .target = vae_cuda_tensor(executable, shape->target),
        .bias = vae_cuda_tensor(executable, shape->bias),
        .mask = shape->mask < 0 ? NULL : executable->masks + executable->lowering.masks[shape->mask].offset,
    };
    return vae_cuda_matmul_create(executable->device->blas, shape, mask_row_bits(executable, shape),
                                  name_of(executable, index), &operands, &executable->matmuls[index]);
}

static vae_status allocate(vae_executable *executable)
{
    const vae_lowering *lowering = &executable->lowering;
    vae_store *store = executable->store;
    void *masks, *scratch;
    VAE_TRY(vae_workspace_take(&store->masks, "relu masks", (size_t)lowering->mask_bytes, &masks));
    VAE_TRY(
        vae_workspace_take(&store->scratch, "scratch", (size_t)vae_scratch_total(lowering) * sizeof(float), &scratch));
    executable->masks = masks;
    executable->op_scratch = scratch;
    executable->matmuls = calloc((size_t)lowering->count + 1, sizeof(void *));
    return executable->matmuls ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
}

vae_status vae_cuda_products_create(vae_executable *executable)
{
    VAE_TRY(allocate(executable));
    for (int32_t i = 0; i < executable->lowering.count; ++i) {
        if (executable->lowering.launches[i].kind == VAE_LAUNCH_MATMUL) VAE_TRY(create_matmul(executable, i));
    }
    return vae_cuda_blas_save(executable->device->blas);
}

void vae_cuda_products_destroy(vae_executable *executable)
{
    for (int32_t i = 0; executable->matmuls && i < executable->lowering.count; ++i)
        vae_cuda_matmul_destroy(executable->matmuls[i]);
    free(executable->matmuls);
    vae_lowering_free(&executable->lowering);
}
