/* One key's value by its type: read within its range, written back, and described for errors and help. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/key.h"
#include "core/ini.h"
#include "core/number.h"

bool vae_key_is_called(const vae_key *key, const char *name)
{
    return strcmp(key->name, name) == 0 || (key->alias && strcmp(key->alias, name) == 0);
}

static const char *const kinds[] = {[VAE_KIND_IMAGE] = "images",
                                    [VAE_KIND_TEXT] = "texts",
                                    [VAE_KIND_DRAWING] = "drawings",
                                    [VAE_KIND_MUSIC] = "music"};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *vae_kind_name(vae_kind kind)
{
    return kinds[kind];
}

bool vae_key_is_of(const vae_key *key, vae_kind kind)
{
    return key->kinds == 0 || (key->kinds >> kind & 1) != 0;
}

void vae_key_kinds(const vae_key *key, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int kind = 0; kind < KINDS && used < size; ++kind) {
        if (!vae_key_is_of(key, (vae_kind)kind)) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", kinds[kind]);
    }
}

void vae_key_allowed(const vae_key *key, char *text, size_t size)
{
    switch (key->type) {
    case VAE_KEY_INTEGER: snprintf(text, size, "an integer from %.0f to %.0f", key->minimum, key->maximum); return;
    case VAE_KEY_REAL: snprintf(text, size, "a number from %g to %g", key->minimum, key->maximum); return;
    case VAE_KEY_LAYERS:
    case VAE_KEY_DECODER:
        snprintf(text, size, "up to %d layers, such as conv 32 k4 s2, dense 256, or 512, 256, or none", VAE_MAX_LAYERS);
        return;
    case VAE_KEY_SIZE:
        snprintf(text, size, "original, or a size up to %.0f such as 64, or 64x48, height x width", key->maximum);
        return;
    case VAE_KEY_LATENT:
        snprintf(text, size, "an integer from %.0f to %.0f, or up to %d of them, such as 100, 50", key->minimum,
                 key->maximum, VAE_MAX_LATENTS);
        return;
    case VAE_KEY_TEXT:
        if (!key->choices) {
            snprintf(text, size, "a string of at most %.0f bytes", key->maximum - 1);
            return;
        }
        break;
    case VAE_KEY_CHOICE: break;
    }
    size_t used = (size_t)snprintf(text, size, "one of");
    for (int i = 0; key->choices[i] && used < size; ++i) {
        used += (size_t)snprintf(text + used, size - used, "%s %s", i ? "," : "", key->choices[i]);
    }
}

void vae_key_describe(const vae_key *key, char *text, size_t size)
{
    vae_key_allowed(key, text, size);
    char of[64];
    size_t used = strlen(text);
    vae_key_kinds(key, of, sizeof of);
    if (key->kinds) used += (size_t)snprintf(text + used, size - used, "; of %s only", of);
    if (key->alias && used < size) snprintf(text + used, size - used, "; also %s", key->alias);
}

static vae_status refuse(const vae_key *key, const char *text)
{
    char allowed[256];
    vae_key_allowed(key, allowed, sizeof allowed);
    return vae_error_set(VAE_ERROR_CONFIG, "'%.100s' is not %s", text, allowed);
}

static vae_status parse_integer(const vae_key *key, const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    const long long parsed = strtoll(text, &end, 10);
    /* Compared as integers: 2^53 + 1 is 2^53 as a double. */
    if (end == text || *end || errno || parsed < (long long)key->minimum || parsed > (long long)key->maximum) {
        return refuse(key, text);
    }
    *value = parsed;
    return VAE_OK;
}

static vae_status parse_real(const vae_key *key, const char *text, double *value)
{
    char *end;
    errno = 0;
    const double parsed = strtod(text, &end);
    const bool in_range = isfinite(parsed) && parsed >= key->minimum && parsed <= key->maximum;
    if (end == text || *end || !in_range) return refuse(key, text);
    *value = parsed;
    return VAE_OK;
}

static int find_choice(const vae_key *key, const char *text)
{
    for (int i = 0; key->choices[i]; ++i) {
        if (strcmp(key->choices[i], text) == 0) return i;
    }
    return -1;
}

/* "64", "64x48" or "original". */
static vae_status parse_size(const vae_key *key, const char *text, vae_image_size *size)
{
    *size = (vae_image_size){0};
    if (strcmp(text, "original") == 0) return VAE_OK;
    char *end;
    const long height = strtol(text, &end, 10);
    const char *second = *end == 'x' ? end + 1 : text;
    const long width = strtol(second, &end, 10);
    const bool digits = isdigit((unsigned char)text[0]) && isdigit((unsigned char)second[0]);
    const bool in_range = height >= 1 && width >= 1 && (double)height <= key->maximum && (double)width <= key->maximum;
    if (!digits || *end || !in_range) return refuse(key, text);
    *size = (vae_image_size){height, width};
    return VAE_OK;
}

static void write_size(const vae_image_size *size, FILE *stream)
{
    if (size->height == 0) {
        fputs("original", stream);
    } else {
        fprintf(stream, "%" PRId64 "x%" PRId64, size->height, size->width);
    }
}

/* "20", or "100, 50". */
static vae_status parse_latent(const vae_key *key, const char *text, vae_latent_sizes *latent)
{
    *latent = (vae_latent_sizes){0};
    for (const char *at = text;;) {
        char *end;
        errno = 0;
        const long long size = strtoll(at, &end, 10);
        const bool in_range = size >= (long long)key->minimum && size <= (long long)key->maximum;
        if (end == at || errno || !in_range || latent->count == VAE_MAX_LATENTS) return refuse(key, text);
        latent->size[latent->count++] = size;
        end += strspn(end, " \t");
        if (*end == '\0') return VAE_OK;
        if (*end != ',') return refuse(key, text);
        at = end + 1;
    }
}

static void write_latent(const vae_latent_sizes *latent, FILE *stream)
{
    for (int32_t i = 0; i < latent->count; ++i)
        fprintf(stream, "%s%" PRId64, i > 0 ? ", " : "", latent->size[i]);
}

static vae_status parse_decoder(const char *text, vae_decoder_layers *decoder)
{
    *decoder = (vae_decoder_layers){.set = strcmp(text, "mirrored") != 0};
    return decoder->set ? vae_layers_parse(text, &decoder->layers) : VAE_OK;
}

static void write_decoder(const vae_decoder_layers *decoder, FILE *stream)
{
    if (decoder->set) {
        vae_layers_write(&decoder->layers, stream);
    } else {
        fputs("mirrored", stream);
    }
}

vae_status vae_key_parse(const vae_key *key, void *field, const char *text)
{
    switch (key->type) {
    case VAE_KEY_INTEGER: return parse_integer(key, text, field);
    case VAE_KEY_REAL: return parse_real(key, text, field);
    case VAE_KEY_CHOICE: {
        const int choice = find_choice(key, text);
        if (choice < 0) return refuse(key, text);
        *(int *)field = choice;
        return VAE_OK;
    }
    case VAE_KEY_TEXT:
        if (strlen(text) >= (size_t)key->maximum && !key->choices) {
            return vae_error_set(VAE_ERROR_CONFIG, "'%.100s…' has %zu bytes, but a string may have at most %.0f", text,
                                 strlen(text), key->maximum - 1);
        }
        if (strlen(text) >= (size_t)key->maximum || (key->choices && find_choice(key, text) < 0)) {
            return refuse(key, text);
        }
        memset(field, 0, (size_t)key->maximum);
        memcpy(field, text, strlen(text));
        return VAE_OK;
    case VAE_KEY_LAYERS: return vae_layers_parse(text, field);
    case VAE_KEY_DECODER: return parse_decoder(text, field);
    case VAE_KEY_SIZE: return parse_size(key, text, field);
    case VAE_KEY_LATENT: return parse_latent(key, text, field);
    }
    return refuse(key, text);
}

bool vae_key_is_initial(const vae_key *key, const void *field)
{
    union {
        int64_t integer;
        double real;
        int choice;
    } initial = {0};
    if (vae_key_parse(key, &initial, key->initial)) return false;
    switch (key->type) {
    case VAE_KEY_INTEGER: return initial.integer == *(const int64_t *)field;
    case VAE_KEY_REAL: return initial.real == *(const double *)field;
    default: return initial.choice == *(const int *)field;
    }
}

void vae_key_write(const vae_key *key, const void *field, FILE *stream)
{
    char number[32];
    switch (key->type) {
    case VAE_KEY_INTEGER: fprintf(stream, "%" PRId64, *(const int64_t *)field); return;
    case VAE_KEY_REAL:
        vae_number_format(*(const double *)field, number, sizeof number);
        fputs(number, stream);
        return;
    case VAE_KEY_CHOICE: fputs(key->choices[*(const int *)field], stream); return;
    case VAE_KEY_TEXT: vae_ini_write_value(stream, field); return;
    case VAE_KEY_LAYERS: vae_layers_write(field, stream); return;
    case VAE_KEY_DECODER: write_decoder(field, stream); return;
    case VAE_KEY_SIZE: write_size(field, stream); return;
    case VAE_KEY_LATENT: write_latent(field, stream); return;
    }
}
