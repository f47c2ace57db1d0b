/* Which algorithm computes a product: of those that cuBLASLt proposes, the first or the fastest that does so rightly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/matmul_internal.h"

enum { CANDIDATES = 8, CANDIDATES_TO_TUNE = 16, FAULTS_TEXT = CANDIDATES_TO_TUNE * 2 * VAE_CUDA_FAULT_TEXT };

/* As cuBLASLt ranks them. */
typedef struct proposals {
    vae_cuda_algorithm algorithms[CANDIDATES_TO_TUNE + 1];
    int count;
} proposals;

typedef struct search {
    vae_cuda_blas *blas;
    const vae_cuda_key *key;
    const char *name;
    vae_cuda_trial *trial;
    int failed;               /* algorithms */
    char faults[FAULTS_TEXT]; /* what these did */
} search;

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
    cublasLtMatmulHeuristicResult_t results[CANDIDATES_TO_TUNE] = {0};
    int found = 0;
    const cublasStatus_t status = blas->lt.cublasLtMatmulAlgoGetHeuristic(
        blas->handle, description->operation, description->a, description->b, description->d, description->d,
        preference, blas->tune ? CANDIDATES_TO_TUNE : CANDIDATES, results, &found);
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

void vae_cuda_tell(const vae_cuda_blas *blas, const char *text)
{
    if (blas->remarks.tell) blas->remarks.tell(blas->remarks.context, text);
}

static void tell(const search *s, const char *what)
{
    char key[VAE_CUDA_KEY_TEXT], text[VAE_CUDA_KEY_TEXT + 4 * VAE_CUDA_FAULT_TEXT];
    snprintf(text, sizeof text, "%s: %s: %s", s->name, vae_cuda_key_write(s->key, key), what);
    vae_cuda_tell(s->blas, text);
}

static vae_status report_fault(search *s, const vae_cuda_algorithm *algorithm, const char *fault, const char *then)
{
    vae_cuda_choice choice;
    char text[2 * VAE_CUDA_FAULT_TEXT], told[3 * VAE_CUDA_FAULT_TEXT];
    VAE_TRY(vae_cuda_algorithm_read(s->blas, algorithm, &choice));
    snprintf(text, sizeof text, "algorithm %d, split-K %d, %s", (int)choice.algorithm, (int)choice.split_k, fault);
    snprintf(told, sizeof told, "%s; %s", text, then);
    tell(s, told);
    s->failed++;
    const size_t used = strlen(s->faults);
    snprintf(s->faults + used, sizeof s->faults - used, "%s%s", used > 0 ? "; " : "", text);
    return VAE_OK;
}

typedef vae_status run_function(vae_cuda_trial *trial, const vae_cuda_algorithm *algorithm,
                                char fault[VAE_CUDA_FAULT_TEXT]);

/* *found: the first, from `first` on, that `run` finds no fault with, or the number of proposals. */
static vae_status take_next(search *s, const proposals *proposed, run_function *run, int first, int *found)
{
    for (*found = first; *found < proposed->count; ++*found) {
        char fault[VAE_CUDA_FAULT_TEXT];
        const vae_cuda_algorithm *algorithm = &proposed->algorithms[*found];
        VAE_TRY(run(s->trial, algorithm, fault));
        if (!fault[0]) return VAE_OK;
        const bool last = *found + 1 == proposed->count;
        VAE_TRY(report_fault(s, algorithm, fault, last ? "no other is left" : "takes the next"));
    }
    return VAE_OK;
}

/* Without an epilogue, and without sums that are split: what all others are compared with. */
static vae_status find_plain(search *s, vae_cuda_algorithm *plain)
{
    proposals proposed;
    int found;
    VAE_TRY(propose(s->blas, vae_cuda_trial_plain(s->trial), CUBLASLT_REDUCTION_SCHEME_NONE, &proposed));
    VAE_TRY(take_next(s, &proposed, vae_cuda_trial_run_plain, 0, &found));
    if (found < proposed.count) {
        *plain = proposed.algorithms[found];
        return VAE_OK;
    }
    char key[VAE_CUDA_KEY_TEXT];
    return vae_error_set(VAE_ERROR_DEVICE, "%s: %s: cuBLASLt has no algorithm that computes this product: %s", s->name,
                         vae_cuda_key_write(s->key, key), s->faults[0] ? s->faults : "it proposes none");
}

static vae_status propose_all(const search *s, const vae_cuda_algorithm *plain, proposals *proposed)
{
    VAE_TRY(propose(s->blas, vae_cuda_trial_product(s->trial), CUBLASLT_REDUCTION_SCHEME_MASK, proposed));
    if (s->key->epilogue == VAE_EPILOGUE_NONE) proposed->algorithms[proposed->count++] = *plain;
    return VAE_OK;
}

/* Of all that are right the fastest. */
static vae_status take_fastest(search *s, const proposals *proposed, int *fastest, double *microseconds)
{
    *fastest = proposed->count;
    for (int i = 0; i < proposed->count; ++i) {
        double time;
        VAE_TRY(take_next(s, proposed, vae_cuda_trial_run, i, &i));
        if (i == proposed->count) break;
        VAE_TRY(vae_cuda_trial_time(s->trial, &proposed->algorithms[i], &time));
        if (*fastest < proposed->count && time >= *microseconds) continue;
        *fastest = i;
        *microseconds = time;
    }
    return VAE_OK;
}

static vae_status find_algorithm(search *s, const vae_cuda_algorithm *plain, vae_cuda_chosen *chosen)
{
    proposals proposed;
    int found;
    s->failed = 0;
    VAE_TRY(propose_all(s, plain, &proposed));
    chosen->measured = s->blas->tune;
    VAE_TRY(s->blas->tune ? take_fastest(s, &proposed, &found, &chosen->times.product)
                          : take_next(s, &proposed, vae_cuda_trial_run, 0, &found));
    chosen->refused = found == proposed.count;
    chosen->passed_over = s->failed;
    if (!chosen->refused) {
        chosen->algorithm = proposed.algorithms[found];
        return VAE_OK;
    }
    chosen->measured = false;
    if (s->key->epilogue == VAE_EPILOGUE_NONE) return vae_error_set(VAE_ERROR_DEVICE, "%s: %s", s->name, s->faults);
    tell(s, proposed.count == 0 ? "cuBLASLt has no algorithm for it; kernels take the epilogue's place"
                                : "kernels take the epilogue's place");
    return VAE_OK;
}

/* ---- Choices out of files ---- */

/* Whether the choice still computes the product rightly. That there is none is taken as it stands. */
static vae_status check_restored(search *s, vae_cuda_chosen *restored, bool *good)
{
    char fault[VAE_CUDA_FAULT_TEXT];
    *good = restored->refused;
    if (restored->refused) return VAE_OK;
    VAE_TRY(vae_cuda_trial_accepts(s->trial, &restored->algorithm, good));
    if (!*good) {
        tell(s, "cuBLASLt rejects the algorithm that was chosen before; another is chosen");
        return VAE_OK;
    }
    VAE_TRY(vae_cuda_trial_run(s->trial, &restored->algorithm, fault));
    *good = !fault[0];
    return *good ? VAE_OK : report_fault(s, &restored->algorithm, fault, "it was chosen before; another is");
}

/* Takes the choice that `choices` have, if any and if it is good. */
static vae_status take_restored(search *s, const vae_cuda_choices *choices, vae_cuda_chosen *chosen, bool *taken)
{
    const vae_cuda_chosen *known = vae_cuda_choices_find(choices, s->key);
    *taken = false;
    if (!known) return VAE_OK;
    vae_cuda_chosen restored = *known;
    VAE_TRY(check_restored(s, &restored, taken));
    if (*taken) *chosen = restored;
    return VAE_OK;
}

/* ---- All of it ---- */

static vae_status search_algorithm(search *s, vae_cuda_chosen *chosen, bool *anew)
{
    vae_cuda_algorithm plain;
    bool taken;
    VAE_TRY(find_plain(s, &plain));
    VAE_TRY(take_restored(s, &s->blas->chosen, chosen, &taken));
    *anew = false;
    if (taken) return VAE_OK;
    VAE_TRY(take_restored(s, &s->blas->cached, chosen, &taken));
    chosen->used = false;
    if (taken) return VAE_OK;
    *anew = true;
    return find_algorithm(s, &plain, chosen);
}

static vae_status choose(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_chosen *chosen)
{
    search s = {.blas = blas, .key = key, .name = name};
    bool anew = false;
    vae_status status = vae_cuda_trial_open(blas, key, &s.trial);
    if (!status) status = search_algorithm(&s, chosen, &anew);
    vae_cuda_trial_close(s.trial);
    VAE_TRY(status);
    if (!anew || !blas->tune) return VAE_OK;
    if (chosen->measured) VAE_TRY(vae_cuda_compare_ways(blas, key, name, &chosen->times));
    return vae_cuda_choices_put(&blas->cached, chosen);
}

vae_status vae_cuda_choose(vae_cuda_blas *blas, const vae_cuda_key *key, const char *name, vae_cuda_chosen *chosen)
{
    const vae_cuda_chosen *known = vae_cuda_choices_find(&blas->chosen, key);
    if (known && known->checked) {
        *chosen = *known;
        return VAE_OK;
    }
    *chosen = (vae_cuda_chosen){.key = *key};
    VAE_TRY(choose(blas, key, name, chosen));
    chosen->checked = true;
    return vae_cuda_choices_put(&blas->chosen, chosen);
}
