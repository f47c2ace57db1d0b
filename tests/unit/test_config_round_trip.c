/* Random valid configurations, made from the key table itself, are written and read back to the same bytes: as INI
 * text, and in a checkpoint's metadata. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_table.h"
#include "core/file.h"
#include "fuzz/mutate.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { CONFIGS = 10000, CHECKPOINTS = 100 };

/* ---- Random values ---- */

static int64_t between(uint64_t *state, int64_t low, int64_t high)
{
    switch (below(state, 4)) {
    case 0: return low;
    case 1: return high;
    case 2: return low + (int64_t)(next_number(state) % 16) % (high - low + 1);
    default: return low + (int64_t)(next_number(state) % (uint64_t)(high - low + 1));
    }
}

/* Also of an extreme exponent, where the range has them. */
static double random_real(uint64_t *state, double low, double high)
{
    if (below(state, 8) == 0) return below(state, 2) ? low : high;
    for (int i = 0; i < 1000; ++i) {
        double value;
        const uint64_t bits = next_number(state);
        memcpy(&value, &bits, sizeof value);
        if (below(state, 2)) value = (double)(bits >> 11) * exp2(-(double)below(state, 64));
        if (isfinite(value) && value >= low && value <= high) return value;
    }
    return low;
}

/* Of any length up to the limit, mostly short; bytes of any value, or what is special to INI, JSON or UTF-8. */
static void random_text(uint64_t *state, char *text, size_t size)
{
    static const char *const pieces[] = {" ",   "\t",           ";",   " ;", "#", " #", "=", ":", "\"", "\\", "\\x41",
                                         "\\n", "\n",           "[",   "]",  "'", "/",  "a", "é", "日", "…",  "\xE9",
                                         "\r",  "\xEF\xBB\xBF", "\x7F"};
    const size_t limit = below(state, 16) == 0 ? size : below(state, 2) ? 12 : 80;
    const size_t length = below(state, limit < size ? limit : size);
    memset(text, 0, size);
    for (size_t used = 0; used < length;) {
        if (below(state, 3) == 0) {
            text[used++] = (char)(1 + below(state, 255));
            continue;
        }
        const char *piece = pieces[below(state, sizeof pieces / sizeof *pieces)];
        const size_t bytes = strlen(piece);
        if (used + bytes < size) memcpy(text + used, piece, bytes);
        used += bytes;
    }
    text[size - 1] = '\0';
}

static vae_layer random_layer(uint64_t *state)
{
    vae_layer layer = {.kind = (int32_t)below(state, VAE_LAYER_COUNT), .padding = -1, .output_padding = {-1, -1}};
    const bool window = layer.kind == VAE_LAYER_CONV || layer.kind == VAE_LAYER_DECONV;
    if (layer.kind != VAE_LAYER_RESIDUAL && layer.kind != VAE_LAYER_DROPOUT) {
        layer.size = between(state, 1, layer.kind == VAE_LAYER_UPSAMPLE ? 64 : 1 << 20);
    }
    if (layer.kind == VAE_LAYER_DENSE && below(state, 2)) {
        layer.height = between(state, 1, 1 << 20);
        layer.width = between(state, 1, 1 << 20);
    }
    if (window || layer.kind == VAE_LAYER_RESIDUAL) {
        layer.kernel = between(state, 1, 64);
        layer.stride = window ? between(state, 1, 64) : 1;
    }
    if (window) layer.padding = between(state, -1, 64);
    if (layer.kind == VAE_LAYER_DECONV && below(state, 2)) {
        layer.output_padding[0] = between(state, 0, 64);
        layer.output_padding[1] = between(state, 0, 64);
    }
    if (layer.kind == VAE_LAYER_DROPOUT) layer.rate = random_real(state, 0.0, 0.99);
    if (window || layer.kind == VAE_LAYER_DENSE || layer.kind == VAE_LAYER_RESIDUAL) {
        layer.norm = (int32_t)below(state, VAE_NORM_COUNT);
    }
    return layer;
}

static void random_layers(uint64_t *state, vae_layer_list *list)
{
    memset(list, 0, sizeof *list);
    list->count = (int32_t)between(state, 0, VAE_MAX_LAYERS);
    for (int32_t i = 0; i < list->count; ++i)
        list->layer[i] = random_layer(state);
}

static int random_choice(uint64_t *state, const vae_key *key)
{
    size_t count = 0;
    while (key->choices[count])
        ++count;
    return (int)below(state, count);
}

static void random_value(uint64_t *state, const vae_key *key, void *field)
{
    switch (key->type) {
    case VAE_KEY_INTEGER: *(int64_t *)field = between(state, (int64_t)key->minimum, (int64_t)key->maximum); return;
    case VAE_KEY_REAL: *(double *)field = random_real(state, key->minimum, key->maximum); return;
    case VAE_KEY_CHOICE: *(int *)field = random_choice(state, key); return;
    case VAE_KEY_TEXT:
        random_text(state, field, (size_t)key->maximum);
        if (!key->choices) return;
        memset(field, 0, (size_t)key->maximum);
        strcpy(field, key->choices[random_choice(state, key)]);
        return;
    case VAE_KEY_LAYERS: random_layers(state, field); return;
    case VAE_KEY_DECODER: {
        vae_decoder_layers *decoder = field;
        memset(decoder, 0, sizeof *decoder);
        decoder->set = below(state, 3) > 0;
        if (decoder->set) random_layers(state, &decoder->layers);
        return;
    }
    case VAE_KEY_SIZE:
        memset(field, 0, sizeof(vae_image_size));
        if (below(state, 3) == 0) return;
        *(vae_image_size *)field = (vae_image_size){between(state, 1, 4096), between(state, 1, 4096)};
        return;
    case VAE_KEY_LATENT: {
        vae_latent_sizes *latent = field;
        *latent = (vae_latent_sizes){.count = (int32_t)between(state, 1, VAE_MAX_LATENTS)};
        for (int32_t i = 0; i < latent->count; ++i)
            latent->size[i] = between(state, 1, (int64_t)key->maximum);
        return;
    }
    }
    cr_assert_fail("[%s] %s: of a type that this test does not know", key->section, key->name);
}

/* ---- Round trips ---- */

/* Where two configurations differ; NULL if they are the same. */
static const char *difference(const vae_config *a, const vae_config *b)
{
    static char place[128];
    if (memcmp(a, b, offsetof(vae_config, source)) == 0) return NULL;
    size_t at = 0;
    while (((const char *)a)[at] == ((const char *)b)[at])
        ++at;
    int found = 0;
    size_t start = 0;
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const size_t field = (size_t)((const char *)vae_config_value(a, i) - (const char *)a);
        if (field > at || field < start) continue;
        found = i;
        start = field;
    }
    snprintf(place, sizeof place, "[%s] %s, byte %zu", vae_config_key(found)->section, vae_config_key(found)->name,
             at - start);
    return place;
}

Test(config_round_trip, random_configurations_as_text, .timeout = 120)
{
    vae_config *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    uint64_t state = 14;
    size_t longest = 0;
    for (int i = 0; i < CONFIGS; ++i) {
        char *text;
        vae_config_defaults(before);
        for (int k = 0; k < vae_config_key_count(); ++k) {
            if (vae_config_has_key(before, k)) random_value(&state, vae_config_key(k), vae_config_field(before, k));
        }
        cr_assert_eq(vae_config_format(before, &text), VAE_OK, "%s", vae_error_message());
        vae_config_defaults(after);
        cr_assert_eq(vae_config_parse(after, text, "text"), VAE_OK, "configuration %d: %s in\n%s", i,
                     vae_error_message(), text);
        const char *differs = difference(before, after);
        cr_assert_null(differs, "configuration %d differs in %s:\n%s", i, differs, text);
        json_t *json = json_string(text); /* NULL unless it is UTF-8 */
        cr_assert_not_null(json, "configuration %d is not UTF-8", i);
        json_decref(json);
        longest = strlen(text) > longest ? strlen(text) : longest;
        free(text);
    }
    cr_expect_gt(longest, 4 * VAE_PATH_SIZE, "texts of %zu bytes at most", longest);
    free(before);
    free(after);
}

Test(config_round_trip, random_texts_through_checkpoints, .timeout = 120)
{
    char folder[64], path[128];
    temporary_make(folder);
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "x.safetensors"), VAE_OK);
    uint64_t state = 15;
    for (int i = 0; i < CHECKPOINTS; ++i) {
        vae_config config = tiny_model_config();
        cr_assert_eq(vae_layers_parse("9, dropout 0.5, 3", &config.model.encoder), VAE_OK);
        for (int k = 0; k < vae_config_key_count(); ++k) {
            const vae_key *key = vae_config_key(k);
            if (key->type != VAE_KEY_TEXT || !vae_config_has_key(&config, k)) continue;
            random_value(&state, key, vae_config_field(&config, k));
        }
        if (!config.data.train_data[0] || !config.data.test_data[0]) continue;
        vae_checkpoint written = tiny_model_make(
                           &config,
                           (vae_input){
                               .height = 3, .width = 2, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8},
                           1.0),
                       read;
        cr_assert_eq(vae_checkpoint_write(&written, path), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_checkpoint_read(path, &read), VAE_OK, "%s", vae_error_message());
        memset(config.run.out, 0, sizeof config.run.out); /* a run may be moved */
        const char *differs = difference(&config, &read.design.config);
        cr_assert_null(differs, "checkpoint %d differs in %s", i, differs);
        vae_checkpoint_free(&written);
        vae_checkpoint_free(&read);
    }
    temporary_remove(folder);
}
