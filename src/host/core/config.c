#include "core/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_table.h"
#include "core/file.h"
#include "core/nearest.h"

enum { MAX_FILE = 1 << 20 };

void vae_config_defaults(vae_config *config)
{
    memset(config, 0, sizeof *config);
    for (int i = 0; i < vae_config_key_count; ++i) {
        vae_key_parse(&vae_config_keys[i], config, vae_config_keys[i].initial);
    }
}

/* ---- Finding keys ---- */

static int find_key(const char *section, const char *name)
{
    for (int i = 0; i < vae_config_key_count; ++i) {
        if (strcmp(vae_config_keys[i].section, section) == 0 && strcmp(vae_config_keys[i].name, name) == 0) return i;
    }
    return -1;
}

/* Sections without repetition, in the table's order. */
static int list_sections(const char *sections[VAE_MAX_KEYS])
{
    int count = 0;
    for (int i = 0; i < vae_config_key_count; ++i) {
        if (count == 0 || strcmp(sections[count - 1], vae_config_keys[i].section) != 0) {
            sections[count++] = vae_config_keys[i].section;
        }
    }
    return count;
}

static int list_names(const char *section, const char *names[VAE_MAX_KEYS])
{
    int count = 0;
    for (int i = 0; i < vae_config_key_count; ++i) {
        if (!section || strcmp(vae_config_keys[i].section, section) == 0) names[count++] = vae_config_keys[i].name;
    }
    return count;
}

static void join(const char *const *names, int count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < count && used < size; ++i) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
    }
}

static vae_status unknown_section(const char *section)
{
    const char *sections[VAE_MAX_KEYS] = {NULL};
    char all[256];
    const int count = list_sections(sections);
    const int nearest = vae_nearest(section, sections, count);
    join(sections, count, all, sizeof all);
    if (nearest >= 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "unknown section [%s]; did you mean [%s]?", section, sections[nearest]);
    }
    return vae_error_set(VAE_ERROR_CONFIG, "unknown section [%s]; sections are %s", section, all);
}

static vae_status unknown_key(const char *section, const char *name)
{
    const char *names[VAE_MAX_KEYS];
    char all[512];
    const int count = list_names(section, names);
    if (count == 0) return unknown_section(section);
    const int nearest = vae_nearest(name, names, count);
    if (nearest >= 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: unknown key; did you mean '%s'?", section, name,
                             names[nearest]);
    }
    /* The key may stand in the wrong section. */
    for (int i = 0; i < vae_config_key_count; ++i) {
        if (strcmp(vae_config_keys[i].name, name) != 0) continue;
        return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: unknown key here; it belongs to [%s]", section, name,
                             vae_config_keys[i].section);
    }
    join(names, count, all, sizeof all);
    return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: unknown key; keys of [%s] are %s", section, name, section, all);
}

static vae_status assign(vae_config *config, const char *section, const char *name, const char *value, int *index)
{
    *index = find_key(section, name);
    if (*index < 0) return unknown_key(section, name);
    const vae_status status = vae_key_parse(&vae_config_keys[*index], config, value);
    return status ? vae_error_prepend(status, "[%s] %s", section, name) : VAE_OK;
}

/* ---- Reading INI text ---- */

/* inih reads lines through read_line, which counts them: its handler is not told where a key stands. */
typedef struct ini_text {
    const char *at;
    const char *source;
    vae_config *config;
    int line;
    int given_at[VAE_MAX_KEYS]; /* the line at which each key was given, 0: not yet */
    vae_status status;
} ini_text;

__attribute__((format(printf, 2, 3))) static void fail(ini_text *text, const char *format, ...)
{
    if (text->status) return;
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    text->status = vae_error_set(VAE_ERROR_CONFIG, "%s:%d: %s", text->source, text->line, message);
}

static char *read_line(char *line, int size, void *stream)
{
    ini_text *text = stream;
    if (!*text->at || text->status) return NULL;
    const size_t length = strcspn(text->at, "\n");
    text->line++;
    if (length + 2 > (size_t)size) {
        fail(text, "the line has %zu bytes, but may have at most %d", length, size - 2);
        return NULL;
    }
    memcpy(line, text->at, length);
    line[length] = '\n';
    line[length + 1] = '\0';
    text->at += length + (text->at[length] == '\n');
    return line;
}

static int handle(void *user, const char *section, const char *name, const char *value)
{
    ini_text *text = user;
    if (text->status) return 0;
    if (!section[0]) {
        fail(text, "'%s' stands before the first [section]", name);
        return 0;
    }
    int index;
    const vae_status status = assign(text->config, section, name, value, &index);
    if (status) {
        text->status = vae_error_prepend(status, "%s:%d", text->source, text->line);
        return 0;
    }
    if (text->given_at[index]) {
        fail(text, "[%s] %s: given already in line %d", section, name, text->given_at[index]);
        return 0;
    }
    text->given_at[index] = text->line;
    text->config->source.line[index] = text->line;
    return 1;
}

static vae_status parse_text(ini_text *text)
{
    /* inih gives the first line that it or the handler refused, and reads on; reading stops at the handler's. */
    const int result = ini_parse_stream(read_line, text, handle, text);
    if (text->status && (result <= 0 || result >= text->line)) return text->status;
    if (result > 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "%s:%d: this line is neither [section], key = value nor a comment",
                             text->source, result);
    }
    if (result < 0) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", text->source);
    return VAE_OK;
}

vae_status vae_config_parse(vae_config *config, const char *text, const char *source)
{
    ini_text ini = {.at = text, .source = source, .config = config};
    snprintf(config->source.file, sizeof config->source.file, "%s", source);
    return parse_text(&ini);
}

vae_status vae_config_load(vae_config *config, const char *path)
{
    void *data;
    size_t size;
    const vae_status status = vae_file_read(path, MAX_FILE, &data, &size);
    /* A config that is not there is a usage error, unlike other failures of the file system. */
    if (status) return vae_error_set(status == VAE_ERROR_IO ? VAE_ERROR_CONFIG : status, "%s", vae_error_message());
    vae_status parsed = VAE_OK;
    if (strlen(data) == size) {
        parsed = vae_config_parse(config, data, path);
    } else {
        parsed = vae_error_set(VAE_ERROR_CONFIG, "%s: is not a text file", path);
    }
    free(data);
    return parsed;
}

vae_status vae_config_set(vae_config *config, const char *assignment)
{
    char section[64], name[64];
    int consumed = 0;
    if (sscanf(assignment, " %63[^.= ] . %63[^= ] = %n", section, name, &consumed) != 2 || consumed == 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "--set '%s': must be section.key=value, such as train.epochs=5",
                             assignment);
    }
    int index;
    const vae_status status = assign(config, section, name, assignment + consumed, &index);
    if (status) return vae_error_prepend(status, "--set '%s'", assignment);
    config->source.line[index] = -1;
    return VAE_OK;
}

vae_status vae_config_blame(const vae_config *config, vae_status status, const char *section, const char *name)
{
    const int index = find_key(section, name);
    if (index < 0 || config->source.line[index] <= 0) return status;
    return vae_error_prepend(status, "%s:%d", config->source.file, config->source.line[index]);
}

/* ---- Checks across keys ---- */

static vae_status check_likelihood(const vae_config *config)
{
    const vae_likelihood likelihood = config->model.likelihood;
    const char *name = vae_likelihood_name(likelihood);
    const bool unit = likelihood == VAE_LIKELIHOOD_BERNOULLI || likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI;
    if (unit && config->data.normalise != VAE_NORMALISE_UNIT) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] normalise: likelihood = %s needs pixels in [0, 1], so normalise = unit", name);
    }
    if (vae_likelihood_is_discrete(likelihood) && config->data.binarise != VAE_BINARISE_NONE) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] binarise: likelihood = %s gives probabilities of 256 levels, so binarise = none",
                             name);
    }
    if (config->model.objective == VAE_OBJECTIVE_VAE && likelihood == VAE_LIKELIHOOD_MSE) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[model] likelihood: mse is no density, so objective = vae cannot use it; use gaussian "
                             "with variance = 0.5, whose exponent is the squared error");
    }
    return VAE_OK;
}

vae_status vae_config_check(const vae_config *config)
{
    if (!config->data.train_images[0]) {
        return vae_error_set(VAE_ERROR_CONFIG, "[data] train_images: must name the training images");
    }
    VAE_TRY(check_likelihood(config));
    if (config->data.test_labels[0] && !config->data.test_images[0]) {
        return vae_error_set(VAE_ERROR_CONFIG, "[data] test_labels: given without test_images");
    }
    if (config->train.patience > 0 && config->data.validation == 0 && !config->data.test_images[0]) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[train] patience: early stopping needs [data] validation or test_images");
    }
    return VAE_OK;
}

/* ---- Writing ---- */

vae_status vae_config_format(const vae_config *config, char **text)
{
    size_t size;
    FILE *stream = open_memstream(text, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    const char *section = "";
    for (int i = 0; i < vae_config_key_count; ++i) {
        const vae_key *key = &vae_config_keys[i];
        char value[VAE_PATH_SIZE];
        vae_key_format(key, config, value, sizeof value);
        if (strcmp(section, key->section) != 0) fprintf(stream, "%s[%s]\n", *section ? "\n" : "", key->section);
        section = key->section;
        fprintf(stream, "%s = %s\n", key->name, value);
    }
    if (fclose(stream) != 0) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    return VAE_OK;
}

vae_status vae_config_help(char **text)
{
    size_t size;
    FILE *stream = open_memstream(text, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    const char *section = "";
    for (int i = 0; i < vae_config_key_count; ++i) {
        const vae_key *key = &vae_config_keys[i];
        char allowed[256];
        vae_key_allowed(key, allowed, sizeof allowed);
        if (strcmp(section, key->section) != 0) fprintf(stream, "%s[%s]\n", *section ? "\n" : "", key->section);
        section = key->section;
        fprintf(stream, "  %s = %s\n      %s\n      (%s)\n", key->name, key->initial, key->help, allowed);
    }
    if (fclose(stream) != 0) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    return VAE_OK;
}
