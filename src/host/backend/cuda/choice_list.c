/* Choices of algorithms by the shape of their product, in the order in which they were made. */
#include <stdlib.h>

#include "backend/cuda/matmul_internal.h"

static bool same_key(const vae_cuda_key *a, const vae_cuda_key *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->mask_row_bits == b->mask_row_bits &&
           a->left_transposed == b->left_transposed && a->right_transposed == b->right_transposed &&
           a->epilogue == b->epilogue;
}

vae_cuda_chosen *vae_cuda_choices_find(const vae_cuda_choices *choices, const vae_cuda_key *key)
{
    for (int32_t i = 0; i < choices->count; ++i) {
        if (same_key(&choices->list[i].key, key)) return &choices->list[i];
    }
    return NULL;
}

vae_status vae_cuda_choices_put(vae_cuda_choices *choices, const vae_cuda_chosen *chosen)
{
    vae_cuda_chosen *place = vae_cuda_choices_find(choices, &chosen->key);
    if (!place) {
        vae_cuda_chosen *grown = realloc(choices->list, (size_t)(choices->count + 1) * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
        choices->list = grown;
        place = &grown[choices->count++];
    }
    *place = *chosen;
    choices->changed = true;
    return VAE_OK;
}

void vae_cuda_choices_free(vae_cuda_choices *choices)
{
    free(choices->list);
    *choices = (vae_cuda_choices){0};
}
