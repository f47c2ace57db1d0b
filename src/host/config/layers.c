/* The parser of layers, which goes word by word, and the writer of text that it reads back. */
#include "config/layers.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "core/number.h"

enum { WORD_SIZE = 64, LARGEST = 1 << 20, OPTIONS = 4 };

/* Several times the widest windows in use: anything wider is a slip of the keyboard. */
enum { MAX_WINDOW = 64 };

/* Of dropout: hardly anything is left of a layer beyond it, and what is left grows by 1 / (1 - rate). */
#define MAX_RATE 0.99

static const char *const names[VAE_LAYER_COUNT] = {
#define ROW(NAME, name) #name,
    VAE_LAYER_MAP(ROW)
#undef ROW
};
static const char *const norms[VAE_NORM_COUNT] = {"", "batch_norm", "layer_norm"};

/* The next word of a list; commas and blanks separate words, but only a comma ends a layer. */
typedef struct reader {
    const char *at;
    char word[WORD_SIZE];
    int commas; /* in front of the word; the first word of a list has one, as it were */
} reader;

static bool next_word(reader *r)
{
    r->commas = r->word[0] ? 0 : 1;
    while (*r->at == ',' || isspace((unsigned char)*r->at))
        r->commas += *r->at++ == ',';
    size_t length = 0;
    while (*r->at && *r->at != ',' && !isspace((unsigned char)*r->at)) {
        if (length + 1 < sizeof r->word) r->word[length++] = *r->at;
        ++r->at;
    }
    r->word[length] = '\0';
    return length > 0;
}

/* A whole number in [minimum, LARGEST] at the start of `text`; *end is behind it. */
static bool read_number(const char *text, int64_t minimum, int64_t *value, const char **end)
{
    char *stop;
    errno = 0;
    const long long parsed = strtoll(text, &stop, 10);
    if (!isdigit((unsigned char)*text) || errno || parsed < minimum || parsed > LARGEST) return false;
    *value = parsed;
    *end = stop;
    return true;
}

static vae_status refuse(const char *word, const char *allowed)
{
    return vae_error_set(VAE_ERROR_CONFIG, "'%.60s' is not %s", word, allowed);
}

/* ---- What stands behind a layer's name ---- */

/* "256" or "7x7x64" */
static vae_status read_width(const char *word, vae_layer *layer)
{
    const char *end;
    if (read_number(word, 1, &layer->size, &end) && !*end) return VAE_OK;
    int64_t height, width;
    const bool images = read_number(word, 1, &height, &end) && *end == 'x' && read_number(end + 1, 1, &width, &end) &&
                        *end == 'x' && read_number(end + 1, 1, &layer->size, &end) && !*end;
    if (!images) return refuse(word, "a width from 1 to 1048576, or images such as 7x7x64");
    layer->height = height;
    layer->width = width;
    return VAE_OK;
}

static vae_status read_size(const char *word, int64_t largest, const char *allowed, int64_t *size)
{
    const char *end;
    return read_number(word, 1, size, &end) && !*end && *size <= largest ? VAE_OK : refuse(word, allowed);
}

static vae_status read_rate(const char *word, double *rate)
{
    char *end;
    *rate = strtod(word, &end);
    return end != word && !*end && *rate >= 0.0 && *rate <= MAX_RATE ? VAE_OK : refuse(word, "a rate from 0 to 0.99");
}

static bool has_window(int32_t kind)
{
    return kind == VAE_LAYER_CONV || kind == VAE_LAYER_DECONV || kind == VAE_LAYER_RESIDUAL;
}

static bool has_weights(int32_t kind)
{
    return kind == VAE_LAYER_DENSE || has_window(kind);
}

static bool is_norm(const char *word, int32_t *norm)
{
    *norm = 1;
    while (*norm < VAE_NORM_COUNT && strcmp(word, norms[*norm]) != 0)
        ++*norm;
    return *norm < VAE_NORM_COUNT;
}

static vae_status read_norm(const char *word, int32_t norm, vae_layer *layer)
{
    if (!has_weights(layer->kind)) return refuse(word, "an option of a layer without weights");
    if (layer->norm != VAE_NORM_NONE) return vae_error_set(VAE_ERROR_CONFIG, "'%.60s' is a second norm", word);
    layer->norm = norm;
    return VAE_OK;
}

/* "1", or "1x0": of height and width. */
static bool read_output_padding(const char *text, int64_t padding[2])
{
    const char *end;
    if (!read_number(text, 0, &padding[0], &end)) return false;
    padding[1] = padding[0];
    if (*end == 'x' && !read_number(end + 1, 0, &padding[1], &end)) return false;
    return !*end && padding[0] <= MAX_WINDOW && padding[1] <= MAX_WINDOW;
}

/* "k4", "s2", "p1", "o0": an option whose letter the layer may have `seen` already. */
static vae_status read_number_option(const char *word, const char *seen, vae_layer *layer)
{
    if (strchr(seen, word[0])) return vae_error_set(VAE_ERROR_CONFIG, "'%.60s' gives %c twice", word, word[0]);
    int64_t *field = word[0] == 'k' ? &layer->kernel : NULL;
    if (layer->kind == VAE_LAYER_CONV || layer->kind == VAE_LAYER_DECONV) {
        if (word[0] == 's') field = &layer->stride;
        if (word[0] == 'p') field = &layer->padding;
    }
    if (word[0] == 'o' && layer->kind == VAE_LAYER_DECONV && read_output_padding(word + 1, layer->output_padding)) {
        return VAE_OK;
    }
    const char *end;
    const bool counts = word[0] == 'k' || word[0] == 's';
    if (field && has_window(layer->kind) && read_number(word + 1, counts, field, &end) && !*end &&
        *field <= MAX_WINDOW) {
        return VAE_OK;
    }
    char allowed[96];
    snprintf(allowed, sizeof allowed, "an option of %s: k and s from 1, p and o from 0, to %d%s", names[layer->kind],
             MAX_WINDOW, layer->kind == VAE_LAYER_DECONV ? "; o1x0 for height x width" : "");
    return refuse(word, allowed);
}

/* What may follow a layer's argument; *taken is false for a word that is not an option, and so begins the next layer.
 * `seen` collects the letters of options. */
static vae_status read_option(const char *word, char seen[OPTIONS + 1], vae_layer *layer, bool *taken)
{
    int32_t norm;
    *taken = true;
    if (is_norm(word, &norm)) return read_norm(word, norm, layer);
    *taken = isdigit((unsigned char)word[1]) != 0 && strchr("kspo", word[0]);
    if (!*taken) return VAE_OK;
    VAE_TRY(read_number_option(word, seen, layer));
    const size_t count = strlen(seen);
    seen[count] = word[0];
    seen[count + 1] = '\0';
    return VAE_OK;
}

/* ---- Layers ---- */

static vae_layer make_layer(int32_t kind)
{
    const bool deconv = kind == VAE_LAYER_DECONV;
    vae_layer layer = {.kind = kind, .padding = -1, .output_padding = {-1, -1}};
    if (has_window(kind)) {
        layer.kernel = deconv ? 4 : 3;
        layer.stride = deconv ? 2 : 1;
    }
    return layer;
}

static vae_status unknown_layer(const char *word)
{
    const int nearest = vae_nearest(word, names, VAE_LAYER_COUNT);
    char allowed[256];
    snprintf(allowed, sizeof allowed,
             "a layer (a width such as 512, dense, conv, deconv, upsample, residual or dropout) or an option (such as "
             "k4, s2, p1, batch_norm or layer_norm)%s%s",
             nearest >= 0 ? "; did you mean " : "", nearest >= 0 ? names[nearest] : "");
    return refuse(word, allowed);
}

static const char *argument_of(int32_t kind)
{
    switch (kind) {
    case VAE_LAYER_DENSE: return "a width behind it, such as dense 256";
    case VAE_LAYER_DROPOUT: return "a rate behind it, such as dropout 0.1";
    case VAE_LAYER_UPSAMPLE: return "a factor behind it, such as upsample 2";
    case VAE_LAYER_DECONV: return "a number of channels behind it, such as deconv 32";
    default: return "a number of channels behind it, such as conv 32";
    }
}

/* The argument behind a layer's name. */
static vae_status read_argument(reader *r, vae_layer *layer)
{
    if (layer->kind == VAE_LAYER_RESIDUAL) return VAE_OK;
    if (!next_word(r) || r->commas) {
        return vae_error_set(VAE_ERROR_CONFIG, "'%s' needs %s", names[layer->kind], argument_of(layer->kind));
    }
    switch (layer->kind) {
    case VAE_LAYER_DENSE: return read_width(r->word, layer);
    case VAE_LAYER_DROPOUT: return read_rate(r->word, &layer->rate);
    case VAE_LAYER_UPSAMPLE: return read_size(r->word, MAX_WINDOW, "a factor from 1 to 64", &layer->size);
    default: return read_size(r->word, LARGEST, "a number of channels from 1 to 1048576", &layer->size);
    }
}

/* Begins with the current word; leaves the next layer's first word there, or sets *more to false. */
static vae_status read_layer(reader *r, vae_layer *layer, bool *more)
{
    int32_t kind = VAE_LAYER_DENSE;
    const bool bare = isdigit((unsigned char)r->word[0]) != 0;
    while (!bare && kind < VAE_LAYER_COUNT && strcmp(r->word, names[kind]) != 0)
        ++kind;
    if (kind == VAE_LAYER_COUNT) return unknown_layer(r->word);
    *layer = make_layer(kind);
    VAE_TRY(bare ? read_width(r->word, layer) : read_argument(r, layer));
    char seen[OPTIONS + 1] = "";
    while ((*more = next_word(r)) && !r->commas) {
        bool taken;
        VAE_TRY(read_option(r->word, seen, layer, &taken));
        if (!taken) break;
    }
    return VAE_OK;
}

static vae_status empty_entry(void)
{
    return vae_error_set(VAE_ERROR_CONFIG, "a comma has no layer beside it; layers are separated by single commas");
}

vae_status vae_layers_parse(const char *text, vae_layer_list *list)
{
    *list = (vae_layer_list){0};
    if (strcmp(text, "none") == 0) return VAE_OK;
    reader r = {.at = text};
    bool more = next_word(&r);
    if (!more) {
        return vae_error_set(VAE_ERROR_CONFIG, "no layer is named; write none for a network without hidden layers");
    }
    while (more) {
        if (r.commas > 1) return empty_entry();
        if (list->count == VAE_MAX_LAYERS) {
            return vae_error_set(VAE_ERROR_CONFIG, "there are more than %d layers", VAE_MAX_LAYERS);
        }
        VAE_TRY(read_layer(&r, &list->layer[list->count], &more));
        list->count++;
    }
    return r.commas ? empty_entry() : VAE_OK;
}

/* ---- Writing ---- */

static void write_layer(FILE *stream, const vae_layer *layer)
{
    fprintf(stream, "%s", names[layer->kind]);
    char rate[32];
    vae_number_format(layer->rate, rate, sizeof rate);
    if (layer->kind == VAE_LAYER_DROPOUT) fprintf(stream, " %s", rate);
    if (layer->height > 0)
        fprintf(stream, " %" PRId64 "x%" PRId64 "x%" PRId64, layer->height, layer->width, layer->size);
    if (layer->height == 0 && layer->size > 0) fprintf(stream, " %" PRId64, layer->size);
    if (has_window(layer->kind)) fprintf(stream, " k%" PRId64, layer->kernel);
    if (has_window(layer->kind) && layer->kind != VAE_LAYER_RESIDUAL) fprintf(stream, " s%" PRId64, layer->stride);
    if (has_window(layer->kind) && layer->padding >= 0) fprintf(stream, " p%" PRId64, layer->padding);
    if (layer->kind == VAE_LAYER_DECONV && layer->output_padding[0] >= 0) {
        fprintf(stream, " o%" PRId64, layer->output_padding[0]);
        if (layer->output_padding[1] != layer->output_padding[0])
            fprintf(stream, "x%" PRId64, layer->output_padding[1]);
    }
    if (layer->norm != VAE_NORM_NONE) fprintf(stream, " %s", norms[layer->norm]);
}

void vae_layers_write(const vae_layer_list *list, FILE *stream)
{
    if (list->count == 0) fprintf(stream, "none");
    for (int32_t i = 0; i < list->count; ++i) {
        if (i) fprintf(stream, ", ");
        write_layer(stream, &list->layer[i]);
    }
}
