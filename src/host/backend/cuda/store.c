/* Parameters, gradients and moments in device memory, with the layout of the other backends. */
#include <stdlib.h>

#include "backend/cuda/internal.h"
#include "backend/host/arena.h"

/* ---- Copies ---- */

vae_status vae_cuda_read(vae_cuda_device *device, const char *what, const float *from, vae_dtype dtype, void *values,
                         int64_t elements)
{
    const size_t bytes = (size_t)elements * sizeof *from;
    void *staged = dtype == VAE_FLOAT32 ? values : malloc(bytes);
    if (!staged) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", what);
    cudaError_t error = cudaMemcpyAsync(staged, from, bytes, cudaMemcpyDeviceToHost, device->stream);
    if (!error) error = cudaStreamSynchronize(device->stream);
    vae_status status = error ? vae_cuda_failure(error, "copying to the host", what) : VAE_OK;
    if (!status && staged != values) status = vae_arena_convert(staged, VAE_FLOAT32, values, dtype, elements);
    if (staged != values) free(staged);
    return status;
}

vae_status vae_cuda_write(vae_cuda_device *device, const char *what, float *to, vae_dtype dtype, const void *values,
                          int64_t elements)
{
    const size_t bytes = (size_t)elements * sizeof *to;
    void *staged = malloc(bytes);
    if (!staged) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", what);
    vae_status status = vae_arena_convert(values, dtype, staged, VAE_FLOAT32, elements);
    cudaError_t error = cudaSuccess;
    if (!status) error = cudaMemcpyAsync(to, staged, bytes, cudaMemcpyHostToDevice, device->stream);
    if (!status && !error) error = cudaStreamSynchronize(device->stream);
    if (error) status = vae_cuda_failure(error, "copying to the device", what);
    free(staged);
    return status;
}

/* ---- Stores ---- */

static vae_status allocate_workspace(const char *owner, size_t bytes, void **memory)
{
    *memory = NULL; /* of a program that needs none */
    if (bytes > 0) VAE_CUDA_TRY(owner, cudaMalloc, memory, bytes);
    return VAE_OK;
}

static void release_workspace(void *memory)
{
    if (memory) cudaFree(memory);
}

static vae_status allocate(vae_store *store, bool training)
{
    const size_t bytes = (size_t)store->layout->elements * sizeof(float);
    for (int i = 0; i < (training ? VAE_ARENA_COUNT : 1); ++i) {
        VAE_CUDA_TRY(vae_arena_name((vae_arena)i), cudaMalloc, (void **)&store->arenas[i], bytes);
        VAE_CUDA_TRY(vae_arena_name((vae_arena)i), cudaMemsetAsync, store->arenas[i], 0, bytes, store->device->stream);
    }
    if (store->device->precision != VAE_PRECISION_BF16) return VAE_OK;
    VAE_CUDA_TRY("bf16 parameters", cudaMalloc, (void **)&store->shadow, bytes / 2);
    VAE_CUDA_TRY("bf16 parameters", cudaMemsetAsync, store->shadow, 0, bytes / 2, store->device->stream);
    return VAE_OK;
}

vae_status vae_cuda_store_create(vae_device *device, const vae_layout *layout, bool training, vae_store **store)
{
    vae_store *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "parameters: out of memory");
    made->device = (vae_cuda_device *)device;
    made->layout = layout;
    made->activations = made->shadow_activations = made->scratch = made->masks =
        (vae_workspace){.allocate = allocate_workspace, .release = release_workspace};
    const vae_status status = allocate(made, training);
    if (status) {
        vae_cuda_store_destroy(made);
        return status;
    }
    *store = made;
    return VAE_OK;
}

void vae_cuda_store_destroy(vae_store *store)
{
    if (!store) return;
    for (int i = 0; i < VAE_ARENA_COUNT; ++i) {
        if (store->arenas[i]) cudaFree(store->arenas[i]);
    }
    if (store->shadow) cudaFree(store->shadow);
    vae_workspace_free(&store->activations);
    vae_workspace_free(&store->shadow_activations);
    vae_workspace_free(&store->scratch);
    vae_workspace_free(&store->masks);
    free(store);
}

vae_status vae_cuda_store_activations(vae_store *store, int64_t elements, float **activations, uint16_t **shadow)
{
    void *memory, *copies = NULL;
    VAE_TRY(vae_workspace_take(&store->activations, "activations", (size_t)elements * sizeof(float), &memory));
    if (store->device->precision == VAE_PRECISION_BF16) {
        VAE_TRY(vae_workspace_take(&store->shadow_activations, "bf16 activations", (size_t)elements * sizeof(uint16_t),
                                   &copies));
    }
    *activations = memory;
    *shadow = copies;
    return VAE_OK;
}

vae_status vae_cuda_store_reserve(vae_store *store, int64_t activation_elements)
{
    float *activations;
    uint16_t *shadow;
    return vae_cuda_store_activations(store, activation_elements, &activations, &shadow);
}

vae_status vae_cuda_store_read(vae_store *store, vae_arena arena, vae_dtype dtype, void *values)
{
    VAE_TRY(vae_arena_check(store->arenas[arena], arena));
    return vae_cuda_read(store->device, vae_arena_name(arena), store->arenas[arena], dtype, values,
                         store->layout->elements);
}

vae_status vae_cuda_store_write(vae_store *store, vae_arena arena, vae_dtype dtype, const void *values)
{
    VAE_TRY(vae_arena_check(store->arenas[arena], arena));
    VAE_TRY(vae_cuda_write(store->device, vae_arena_name(arena), store->arenas[arena], dtype, values,
                           store->layout->elements));
    if (arena != VAE_ARENA_PARAMETERS || !store->shadow) return VAE_OK;
    VAE_CUDA_TRY("bf16 parameters", vae_cuda_round_bf16, store->arenas[arena], store->shadow, store->layout->elements,
                 store->device->stream);
    return VAE_OK;
}
