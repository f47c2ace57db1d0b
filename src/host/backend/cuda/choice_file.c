/* Choices of algorithms as JSON: of a run, so that it goes on with the same bits, and of what was measured before. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/lowering.h"
#include "backend/cuda/matmul.h"
#include "backend/cuda/matmul_internal.h"
#include "core/file.h"
#include "core/json.h"

enum { MOST_BYTES = 64 << 20, HEX_DIGITS = 2 * sizeof(cublasLtMatmulAlgo_t), WHOSE_TEXT = 384 };

/* The device, the library and the precision that choices hold for, as they are here. */
typedef struct whose {
    const char *gpu, *precision;
    char cublaslt[32];
} whose;

static whose here(const vae_cuda_blas *blas)
{
    whose w = {.gpu = blas->gpu, .precision = vae_cuda_precision_name(blas->precision)};
    vae_cuda_blas_version(blas, w.cublaslt, sizeof w.cublaslt);
    return w;
}

/* ---- Algorithms are 64 bytes that cuBLASLt alone understands ---- */

static void write_hex(const cublasLtMatmulAlgo_t *algorithm, char text[HEX_DIGITS + 1])
{
    unsigned char bytes[sizeof *algorithm];
    memcpy(bytes, algorithm, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; ++i)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static bool read_hex(const char *text, cublasLtMatmulAlgo_t *algorithm)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[sizeof *algorithm];
    if (strlen(text) != HEX_DIGITS || strspn(text, digits) != HEX_DIGITS) return false;
    for (size_t i = 0; i < sizeof bytes; ++i) {
        const long high = strchr(digits, text[2 * i]) - digits, low = strchr(digits, text[2 * i + 1]) - digits;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    memcpy(algorithm, bytes, sizeof bytes);
    return true;
}

/* ---- Writing ---- */

static json_t *write_shape(const vae_cuda_chosen *chosen)
{
    const vae_cuda_key *key = &chosen->key;
    return json_pack("{s:s, s:I, s:I, s:I, s:b, s:b, s:I, s:b, s:b}", "epilogue", vae_epilogue_name(key->epilogue), "m",
                     (json_int_t)key->m, "n", (json_int_t)key->n, "k", (json_int_t)key->k, "left_transposed",
                     key->left_transposed, "right_transposed", key->right_transposed, "mask_row_bits",
                     (json_int_t)key->mask_row_bits, "used", chosen->used, "refused", chosen->refused);
}

static vae_status write_chosen(const vae_cuda_blas *blas, const vae_cuda_chosen *chosen, json_t *list)
{
    json_t *item = write_shape(chosen);
    json_array_append_new(list, item);
    if (chosen->measured) {
        json_object_set_new(item, "microseconds", json_real(chosen->times.product));
        json_object_set_new(item, "fused_microseconds", json_real(chosen->times.fused));
        json_object_set_new(item, "unfused_microseconds", json_real(chosen->times.unfused));
    }
    if (chosen->refused) return VAE_OK;
    vae_cuda_choice readable;
    char hex[HEX_DIGITS + 1];
    VAE_TRY(vae_cuda_algorithm_read(blas, &chosen->algorithm, &readable));
    write_hex(&chosen->algorithm.lt, hex);
    json_object_set_new(item, "algorithm", json_string(hex));
    json_object_set_new(item, "id", json_integer(readable.algorithm));
    json_object_set_new(item, "tile", json_integer(readable.tile));
    json_object_set_new(item, "stages", json_integer(readable.stages));
    json_object_set_new(item, "split_k", json_integer(readable.split_k));
    json_object_set_new(item, "reduction", json_integer(readable.reduction));
    json_object_set_new(item, "workspace_bytes", json_integer((json_int_t)readable.workspace_bytes));
    json_object_set_new(item, "passed_over", json_integer(chosen->passed_over));
    return VAE_OK;
}

static vae_status write_root(const char *path, json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(1));
    if (!text) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const void *const parts[] = {text, "\n"};
    const size_t sizes[] = {strlen(text), 1};
    const vae_status status = vae_file_write_atomic(path, parts, sizes, 2);
    free(text);
    return status;
}

vae_status vae_cuda_choices_write(const vae_cuda_blas *blas, const char *path, vae_cuda_choices *choices)
{
    const whose w = here(blas);
    json_t *list = json_array();
    vae_status status = VAE_OK;
    for (int32_t i = 0; i < choices->count && !status; ++i)
        status = write_chosen(blas, &choices->list[i], list);
    json_t *root = json_pack("{s:o, s:s, s:s, s:o}", "gpu", vae_json_text(w.gpu), "cublaslt", w.cublaslt, "precision",
                             w.precision, "products", list);
    if (!status) status = write_root(path, root);
    json_decref(root);
    if (!status) choices->changed = false;
    return status;
}

/* ---- Reading ---- */

static bool find_epilogue(const char *name, vae_epilogue *epilogue)
{
    for (int i = 0; i < VAE_EPILOGUE_COUNT; ++i) {
        if (strcmp(name, vae_epilogue_name((vae_epilogue)i)) != 0) continue;
        *epilogue = (vae_epilogue)i;
        return true;
    }
    return false;
}

static bool read_times(json_t *item, vae_cuda_chosen *chosen)
{
    vae_cuda_times *times = &chosen->times;
    chosen->measured = json_object_get(item, "microseconds") != NULL;
    if (!chosen->measured) return true;
    return !json_unpack(item, "{s:F, s:F, s:F}", "microseconds", &times->product, "fused_microseconds", &times->fused,
                        "unfused_microseconds", &times->unfused);
}

static bool read_chosen(json_t *item, vae_cuda_chosen *chosen)
{
    vae_cuda_key *key = &chosen->key;
    const char *epilogue, *hex;
    json_int_t m, n, k, bits, workspace;
    int left, right, used, refused, passed_over;
    if (json_unpack(item, "{s:s, s:I, s:I, s:I, s:b, s:b, s:I, s:b, s:b}", "epilogue", &epilogue, "m", &m, "n", &n, "k",
                    &k, "left_transposed", &left, "right_transposed", &right, "mask_row_bits", &bits, "used", &used,
                    "refused", &refused)) {
        return false;
    }
    *key = (vae_cuda_key){
        .m = m, .n = n, .k = k, .mask_row_bits = bits, .left_transposed = left != 0, .right_transposed = right != 0};
    chosen->used = used != 0;
    chosen->refused = refused != 0;
    if (!find_epilogue(epilogue, &key->epilogue) || !read_times(item, chosen)) return false;
    if (chosen->refused) return true;
    if (json_unpack(item, "{s:s, s:I, s:i}", "algorithm", &hex, "workspace_bytes", &workspace, "passed_over",
                    &passed_over)) {
        return false;
    }
    chosen->algorithm.workspace_bytes = (size_t)workspace;
    chosen->passed_over = passed_over;
    return read_hex(hex, &chosen->algorithm.lt);
}

/* An algorithm that cuBLASLt cannot read would also keep the list from being written again. */
static bool is_readable(const vae_cuda_blas *blas, const vae_cuda_chosen *chosen)
{
    vae_cuda_choice readable;
    if (chosen->refused || !vae_cuda_algorithm_read(blas, &chosen->algorithm, &readable)) return true;
    char key[VAE_CUDA_KEY_TEXT], told[VAE_CUDA_KEY_TEXT + 128];
    snprintf(told, sizeof told, "%s: cuBLASLt rejects the algorithm that was chosen before; another is chosen",
             vae_cuda_key_write(&chosen->key, key));
    vae_cuda_tell(blas, told);
    return false;
}

static bool read_list(const vae_cuda_blas *blas, json_t *list, vae_cuda_choices *choices)
{
    size_t i;
    json_t *item;
    bool dropped = false;
    json_array_foreach(list, i, item)
    {
        vae_cuda_chosen chosen = {0};
        if (!read_chosen(item, &chosen)) return false;
        if (!is_readable(blas, &chosen)) {
            dropped = true;
        } else if (vae_cuda_choices_put(choices, &chosen)) {
            return false;
        }
    }
    choices->changed = dropped;
    return json_is_array(list);
}

/* Whether the choices hold here; `why` not. */
static bool read_root(const vae_cuda_blas *blas, json_t *root, vae_cuda_choices *choices, char why[WHOSE_TEXT])
{
    const whose w = here(blas);
    const char *gpu, *cublaslt, *precision;
    json_t *list;
    snprintf(why, WHOSE_TEXT, "is damaged");
    if (json_unpack(root, "{s:s, s:s, s:s, s:o}", "gpu", &gpu, "cublaslt", &cublaslt, "precision", &precision,
                    "products", &list)) {
        return false;
    }
    if (strcmp(gpu, w.gpu) != 0 || strcmp(cublaslt, w.cublaslt) != 0 || strcmp(precision, w.precision) != 0) {
        snprintf(why, WHOSE_TEXT, "is of %.80s, cuBLASLt %.20s, %.20s products, and this is %.80s, cuBLASLt %s, %s",
                 gpu, cublaslt, precision, w.gpu, w.cublaslt, w.precision);
        return false;
    }
    return read_list(blas, list, choices);
}

vae_status vae_cuda_choices_read(const vae_cuda_blas *blas, const char *path, vae_cuda_choices *choices)
{
    if (!vae_path_exists(path)) return VAE_OK;
    void *text = NULL;
    size_t size;
    json_t *root = NULL;
    char why[WHOSE_TEXT];
    if (!vae_file_read(path, MOST_BYTES, &text, &size)) root = json_loadb(text, size, 0, NULL);
    free(text);
    const bool hold = read_root(blas, root, choices, why);
    json_decref(root);
    if (hold) return VAE_OK;
    vae_cuda_choices_free(choices);
    choices->changed = true;
    char told[VAE_FILE_PATH_BYTES + WHOSE_TEXT + 128];
    snprintf(told, sizeof told, "%s %s: algorithms of products are chosen afresh", path, why);
    vae_cuda_tell(blas, told);
    return VAE_OK;
}
