/* A program's products on the device: lowered so that cuBLASLt has an algorithm for each, with their operands. */
#include <stdlib.h>

#include "backend/cuda/internal.h"

static void destroy_matmuls(vae_executable *executable)
{
    for (int32_t i = 0; executable->matmuls && i < executable->lowering.count; ++i)
        vae_cuda_matmul_destroy(executable->matmuls[i]);
    free(executable->matmuls);
    executable->matmuls = NULL;
}

static vae_status create_matmul(vae_executable *executable, int32_t index)
{
    const vae_matmul *shape = &executable->lowering.launches[index].as.matmul;
    const bool bf16 = executable->device->precision == VAE_PRECISION_BF16;
    vae_cuda_matmul_operands operands = {
        .left =
            bf16 ? (const void *)vae_cuda_shadow(executable, shape->left) : vae_cuda_tensor(executable, shape->left),
        .right =
            bf16 ? (const void *)vae_cuda_shadow(executable, shape->right) : vae_cuda_tensor(executable, shape->right),
        .target = vae_cuda_tensor(executable, shape->target),
        .bias = vae_cuda_tensor(executable, shape->bias),
    };
    if (shape->mask >= 0) {
        const vae_relu_mask *mask = &executable->lowering.masks[shape->mask];
        operands.mask = executable->masks + mask->offset;
        operands.mask_row_bits = mask->row_bits;
    }
    return vae_cuda_matmul_create(executable->device->blas, shape, &operands, &executable->matmuls[index]);
}

static vae_status allocate_for_products(vae_executable *executable)
{
    const vae_lowering *lowering = &executable->lowering;
    if (lowering->mask_bytes > 0) {
        VAE_CUDA_TRY("relu masks", cudaMalloc, (void **)&executable->masks, (size_t)lowering->mask_bytes);
    }
    if (lowering->scratch_elements > 0) {
        VAE_CUDA_TRY("patches", cudaMalloc, (void **)&executable->patches,
                     (size_t)lowering->scratch_elements * sizeof(float));
    }
    return VAE_OK;
}

static vae_status free_of_products(vae_executable *executable)
{
    if (executable->masks) VAE_CUDA_TRY("relu masks", cudaFree, executable->masks);
    executable->masks = NULL;
    if (executable->patches) VAE_CUDA_TRY("patches", cudaFree, executable->patches);
    executable->patches = NULL;
    return VAE_OK;
}

/* *refused: some product has no algorithm for its epilogue. */
static vae_status create_matmuls(vae_executable *executable, bool *refused)
{
    *refused = false;
    VAE_TRY(allocate_for_products(executable));
    executable->matmuls = calloc((size_t)executable->lowering.count + 1, sizeof(void *));
    if (!executable->matmuls) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    for (int32_t i = 0; i < executable->lowering.count && !*refused; ++i) {
        if (executable->lowering.launches[i].kind != VAE_LAUNCH_MATMUL) continue;
        VAE_TRY(create_matmul(executable, i));
        *refused = !executable->matmuls[i];
    }
    return VAE_OK;
}

/* With epilogues where cuBLASLt has them for these shapes: all, those of the forward pass, or none. Kernels take the
 * place of the others. */
vae_status vae_cuda_products_create(vae_executable *executable)
{
    const vae_program *program = executable->program;
    bool refused = true;
    for (int fused = 2; fused >= 0 && refused; --fused) {
        destroy_matmuls(executable);
        vae_lowering_free(&executable->lowering);
        VAE_TRY(free_of_products(executable));
        const vae_lowering_options options = {.fused_forward = fused > 0,
                                              .fused_backward = fused > 1,
                                              .bf16 = executable->device->precision == VAE_PRECISION_BF16};
        VAE_TRY(vae_lowering_create(program, options, &executable->lowering));
        VAE_TRY(create_matmuls(executable, &refused));
    }
    if (!refused) return VAE_OK;
    return vae_error_set(VAE_ERROR_DEVICE, "%s: cuBLASLt has no algorithm for its products on this GPU", program->name);
}

void vae_cuda_products_destroy(vae_executable *executable)
{
    destroy_matmuls(executable);
    vae_lowering_free(&executable->lowering);
    if (executable->masks) cudaFree(executable->masks);
    if (executable->patches) cudaFree(executable->patches);
}
