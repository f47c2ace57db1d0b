/* Which algorithm computes a product: of those that cuBLASLt proposes, the first that does so rightly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/matmul_internal.h"

enum { CANDIDATES = 8, FAULTS_TEXT = CANDIDATES * 2 * VAE_CUDA_FAULT_TEXT };

/* As cuBLASLt ranks them. */
typedef struct proposals {
    vae_cuda_algorithm algorithms[CANDIDATES + 1];
    int count;
} proposals;

typedef struct search {
    vae_cuda_blas *blas;
    const vae_cuda_key *key;
    const char *name;
    vae_cuda_trial *trial;
    char faults[FAULTS_TEXT]; /* what the algorithms did that failed */
} search;

/* ---- Algorithms chosen before ---- */

static bool same_key(const vae_cuda_key *a, const vae_cuda_key *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->mask_row_bits == b->mask_row_bits &&
           a->left_transposed == b->left_transposed && a->right_transposed == b->right_transposed &&
           a->epilogue == b->epilogue;
}

static const vae_cuda_chosen *find_chosen(const vae_cuda_blas *blas, const vae_cuda_key *key)
{
    for (int32_t i = 0; i < blas->chosen_count; ++i) {
        if (same_key(&blas->chosen[i].key, key)) return &blas->chosen[i];
    }
    return NULL;
}

static vae_status keep_chosen(vae_cuda_blas *blas, const vae_cuda_chosen *chosen)
{
    vae_cuda_chosen *grown = realloc(blas->chosen, (size_t)(blas->chosen_count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "cuda: out of memory");
    blas->chosen = grown;
    grown[blas->chosen_count++] = *chosen;
    return VAE_OK;
}

/* ---- What cuBLASLt proposes ---- */

/* Tensors lie 64 elements apart: 256 bytes of float32, which is what cuBLASLt expects unless told, but 128 of bf16. */
static vae_status set_preference(const vae_cuda_blas *blas, uint32_t reductions, cublasLtMatmulPreference_t preference)
{
    const uint32_t alignment = VAE_ALIGNMENT_ELEMENTS * (blas->precision == VAE_PRECISION_BF16 ? 2 : 4);
    VAE_BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                 &blas->workspace_bytes, sizeof blas->workspace_bytes);
    VAE_BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                 &reductions, sizeof reductions);
    VAE_BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                 &alignment, sizeof alignment);
    VAE_BLAS_TRY(blas, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                 &alignment, sizeof alignment);
    return VAE_OK;
}

static bool is_refusal(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH ||
           status == CUBLAS_STATUS_INVALID_VALUE;
}

static vae_status ask_heuristic(const vae_cuda_blas *blas, const vae_cuda_description *description,
                                cublasLtMatmulPreference_t preference, proposals *proposed)
{
    cublasLtMatmulHeuristicResult_t results[CANDIDATES] = {0};
    int found = 0;
    const cublasStatus_t status = blas->lt.cublasLtMatmulAlgoGetHeuristic(
        blas->handle, description->operation, description->a, description->b, description->d, description->d,
        preference, CANDIDATES, results, &found);
    if (status && !is_refusal(status)) return vae_cuda_blas_failure(blas, status, "cublasLtMatmulAlgoGetHeuristic");
    for (int i = 0; !status && i < found; ++i) {
        if (results[i].state) continue;
        proposed->algorithms[proposed->count++] =
            (vae_cuda_algorithm){.lt = results[i].algo, .workspace_bytes = results[i].workspaceSize};
    }
    return VAE_OK;
}

/* reductions: the cublasLtReductionScheme_t that may add up the parts of sums that are split. */
static vae_status propose(const vae_cuda_blas *blas, const vae_cuda_description *description, uint32_t reductions,
                          proposals *proposed)
{
    *proposed = (proposals){0};
    cublasLtMatmulPreference_t preference;
    VAE_BLAS_TRY(blas, cublasLtMatmulPreferenceCreate, &preference);
    vae_status status = set_preference(blas, reductions, preference);
    if (!status) status = ask_heuristic(blas, description, preference, proposed);
    blas->lt.cublasLtMatmulPreferenceDestroy(preference);
    return status;
}

/* ---- Trying them ---- */

static void tell(const search *s, const char *what)
{
    const vae_device_remarks *remarks = &s->blas->remarks;
    if (!remarks->tell) return;
    char key[VAE_CUDA_KEY_TEXT], text[VAE_CUDA_KEY_TEXT + 4 * VAE_CUDA_FAULT_TEXT];
    snprintf(text, sizeof text, "%s: %s: %s", s->name, vae_cuda_key_write(s->key, key), what);
    remarks->tell(remarks->context, text);
}

static vae_status report_fault(search *s, const vae_cuda_algorithm *algorithm, const char *fault, bool last)
{
    vae_cuda_choice choice;
    char text[2 * VAE_CUDA_FAULT_TEXT], told[3 * VAE_CUDA_FAULT_TEXT];
    VAE_TRY(vae_cuda_algorithm_read(s->blas, algorithm, &choice));
    snprintf(text, sizeof text, "algorithm %d, split-K %d, %s", (int)choice.algorithm, (int)choice.split_k, fault);
    snprintf(told, sizeof told, "%s; %s", text, last ? "no other is left" : "takes the next");
    tell(s, told);
    const size_t used = strlen(s->faults);
    snprintf(s->faults + used, sizeof s->faults - used, "%s%s", used > 0 ? "; " : "", text);
    return VAE_OK;
}

typedef vae_status run_function(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                                char fault[VAE_CUDA_FAULT_TEXT]);

/* *found: the first that `run` finds no fault with, or the number of proposals. */
static vae_status take_first(search *s, const proposals *proposed, run_function *run, int *found)
{
    for (*found = 0; *found < proposed->count; ++*found) {
        char fault[VAE_CUDA_FAULT_TEXT];
        const vae_cuda_algorithm *algorithm = &proposed->algorithms[*found];
        VAE_TRY(run(s->trial, algorithm, fault));
        if (!fault[0]) return VAE_OK;
        VAE_TRY(report_fault(s, algorithm, fault, *found + 1 == proposed->count));
    }
    return VAE_OK;
}

/* Without an epilogue, and without sums that are split: what all others are compared with. */
static vae_status find_plain(search *s, vae_cuda_algorithm *plain)
{
    proposals proposed;
    int found;
    VAE_TRY(propose(s->blas, vae_cuda_trial_plain(s->trial), CUBLASLT_REDUCTION_SCHEME_NONE, &proposed));
    VAE_TRY(take_first(s, &proposed, vae_cuda_trial_run_plain, &found));
    if (found < proposed.count) {
        *plain = proposed.algorithms[found];
        return VAE_OK;
    }
    char key[VAE_CUDA_KEY_TEXT];
    return vae_error_set(VAE_ERROR_DEVICE, "%s: %s: cuBLASLt has no algorithm that computes this product: %s", s->name,
                         vae_cuda_key_write(s->key, key), s->faults[0] ? s->faults : "it proposes none");
}

static vae_status find_algorithm(search *s, vae_cuda_chosen *chosen)
{
    vae_cuda_algorithm plain;
    proposals proposed;
    int found;
    VAE_TRY(find_plain(s, &plain));
    VAE_TRY(propose(s->blas, vae_cuda_trial_product(s->trial), CUBLASLT_REDUCTION_SCHEME_MASK, &proposed));
    if (s->key->epilogue == VAE_EPILOGUE_NONE) proposed.algorithms[proposed.count++] = plain;
    VAE_TRY(take_first(s, &proposed, vae_cuda_trial_run, &found));
    chosen->refused = found == proposed.count;
    chosen->passed_over = found;
    if (!chosen->refused) {
        chosen->algorithm = proposed.algorithms[found];
        return VAE_OK;
    }
    if (s->key->epilogue == VAE_EPILOGUE_NONE) {
        return vae_error_set(VAE_ERROR_DEVICE, "%s: %s", s->name, s->faults);
    }
    tell(s, proposed.count == 0 ? "cuBLASLt has no algorithm for it; kernels take the epilogue's place"
                                : "kernels take the epilogue's place");
    return VAE_OK;
}

vae_status vae_cuda_choose(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_chosen *chosen)
{
    const vae_cuda_chosen *known = find_chosen(blas, key);
    if (known) {
        *chosen = *known;
        return VAE_OK;
    }
    *chosen = (vae_cuda_chosen){.key = *key};
    search s = {.blas = blas, .key = key, .name = name};
    vae_status status = vae_cuda_trial_open(blas, key, &s.trial);
    if (!status) status = find_algorithm(&s, chosen);
    vae_cuda_trial_close(s.trial);
    return status ? status : keep_chosen(blas, chosen);
}
