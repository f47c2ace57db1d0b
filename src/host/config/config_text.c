/* The configuration as text: INI files, overrides, and the help; errors name line and key. */
#include "config/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_table.h"
#include "core/file.h"
#include "core/ini.h"
#include "core/nearest.h"

enum { MAX_FILE = 1 << 20, NAME_SIZE = 64 };

void vae_config_defaults(vae_config *config)
{
    memset(config, 0, sizeof *config);
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        vae_key_parse(key, vae_config_field(config, i), key->initial);
    }
}

/* ---- Finding keys ---- */

/* Sections without repetition, in the table's order. */
static int list_sections(const char *sections[VAE_MAX_KEYS])
{
    int count = 0;
    for (int i = 0; i < vae_config_key_count(); ++i) {
        if (vae_config_key_begins_section(i)) sections[count++] = vae_config_key(i)->section;
    }
    return count;
}

/* Aliases too, as a slip may be in one of these. */
static int list_names(const char *section, const char *names[VAE_MAX_KEYS])
{
    int count = 0;
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (strcmp(key->section, section) != 0) continue;
        names[count++] = key->name;
        if (key->alias) names[count++] = key->alias;
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
    char all[1024];
    const int count = list_names(section, names);
    if (count == 0) return unknown_section(section);
    const int nearest = vae_nearest(name, names, count);
    if (nearest >= 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: unknown key; did you mean '%s'?", section, name,
                             names[nearest]);
    }
    /* The key may stand in the wrong section. */
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (strcmp(key->name, name) != 0) continue;
        return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: unknown key here; it belongs to [%s]", section, name,
                             key->section);
    }
    join(names, count, all, sizeof all);
    return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s: unknown key; keys of [%s] are %s", section, name, section, all);
}

static vae_status assign(vae_config *config, const char *section, const char *name, const char *value, int *index)
{
    *index = vae_config_key_find(section, name);
    if (*index < 0) return unknown_key(section, name);
    const vae_status status = vae_key_parse(vae_config_key(*index), vae_config_field(config, *index), value);
    return status ? vae_error_prepend(status, "[%s] %s", section, name) : VAE_OK;
}

/* ---- Reading INI text ---- */

static vae_status take_entry(vae_config *config, const vae_ini *ini)
{
    if (!ini->section[0]) {
        return vae_error_set(VAE_ERROR_CONFIG, "'%s' comes before the first [section]", ini->key);
    }
    int index;
    VAE_TRY(assign(config, ini->section, ini->key, ini->value, &index));
    int32_t *line = &config->source.line[index];
    if (*line > 0) {
        const vae_key *key = vae_config_key(index);
        return vae_error_set(VAE_ERROR_CONFIG, "[%s] %s%s%s: already given in line %d", ini->section, key->name,
                             key->alias ? ", also " : "", key->alias ? key->alias : "", (int)*line);
    }
    *line = ini->line;
    return VAE_OK;
}

/* Cuts `text` up. */
static vae_status parse_text(vae_config *config, char *text, const char *source)
{
    snprintf(config->source.file, sizeof config->source.file, "%s", source);
    memset(config->source.line, 0, sizeof config->source.line);
    vae_ini ini = vae_ini_open(text);
    for (bool found = true; found;) {
        vae_status status = vae_ini_next(&ini, &found);
        if (!status && found) status = take_entry(config, &ini);
        if (status) return vae_error_prepend(status, "%s:%d", source, ini.line);
    }
    return VAE_OK;
}

vae_status vae_config_parse(vae_config *config, const char *text, const char *source)
{
    char *copy = strdup(text);
    if (!copy) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source);
    const vae_status status = parse_text(config, copy, source);
    free(copy);
    return status;
}

vae_status vae_config_load(vae_config *config, const char *path)
{
    void *data;
    size_t size;
    const vae_status status = vae_file_read_stream(path, MAX_FILE, &data, &size);
    /* A config that cannot be read is a usage error, unlike other files. */
    if (status) return status == VAE_ERROR_MEMORY ? status : vae_failure(VAE_ERROR_CONFIG);
    vae_status parsed = VAE_OK;
    if (strlen(data) == size) {
        parsed = parse_text(config, data, path);
    } else {
        parsed = vae_error_set(VAE_ERROR_CONFIG, "%s: is not a text file: it holds a zero byte", path);
    }
    free(data);
    return parsed;
}

/* Defaults stand there too, and so may what an earlier version let stand. */
vae_status vae_config_load_saved(vae_config *config, const char *path)
{
    VAE_TRY(vae_config_load(config, path));
    for (int i = 0; i < vae_config_key_count(); ++i) {
        if (!vae_config_has_key(config, i) || vae_config_key_is_idle(config, i)) config->source.line[i] = 0;
    }
    return VAE_OK;
}

vae_status vae_config_assign(vae_config *config, const char *section, const char *name, const char *value)
{
    int index;
    VAE_TRY(assign(config, section, name, value, &index));
    config->source.line[index] = VAE_GIVEN_OTHERWISE;
    return VAE_OK;
}

/* The text from `from` to `to` without the blanks at its ends; false if it has none, or has more than a name may. */
static bool copy_name(const char *from, const char *to, char name[NAME_SIZE])
{
    from += strspn(from, " ");
    while (to > from && to[-1] == ' ')
        --to;
    if (to <= from || to - from >= NAME_SIZE) return false;
    memcpy(name, from, (size_t)(to - from));
    name[to - from] = '\0';
    return true;
}

vae_status vae_config_set(vae_config *config, const char *assignment)
{
    char section[NAME_SIZE], name[NAME_SIZE];
    const char *equals = strchr(assignment, '='), *dot = strchr(assignment, '.');
    if (!equals || !dot || dot > equals || !copy_name(assignment, dot, section) || !copy_name(dot + 1, equals, name)) {
        return vae_error_set(VAE_ERROR_CONFIG, "--set '%s': must be section.key=value, such as train.epochs=5",
                             assignment);
    }
    const char *value = equals + 1;
    if (equals[-1] == ' ') value += strspn(value, " ");
    int index;
    const vae_status status = assign(config, section, name, value, &index);
    if (status) return vae_error_prepend(status, "--set '%s'", assignment);
    config->source.line[index] = VAE_GIVEN_BY_SET;
    return VAE_OK;
}

/* ---- Writing ---- */

vae_status vae_config_format(const vae_config *config, char **text)
{
    size_t size;
    FILE *stream = open_memstream(text, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    const char *section = ""; /* whose first keys may be none of the family's */
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (!vae_config_has_key(config, i)) continue;
        if (strcmp(section, key->section) != 0) fprintf(stream, "%s[%s]\n", *section ? "\n" : "", key->section);
        section = key->section;
        fprintf(stream, "%s = ", key->name);
        vae_key_write(key, vae_config_value(config, i), stream);
        fputc('\n', stream);
    }
    if (fclose(stream) != 0) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    return VAE_OK;
}

vae_status vae_config_help(char **text)
{
    size_t size;
    FILE *stream = open_memstream(text, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        char allowed[256], families[256];
        vae_key_describe(key, allowed, sizeof allowed);
        if (vae_config_key_begins_section(i)) fprintf(stream, "%s[%s]\n", i > 0 ? "\n" : "", key->section);
        const char *owner = vae_config_key_begins_owner(i);
        vae_config_key_families(i, families, sizeof families);
        if (owner) fprintf(stream, "  Only of family = %s, %s:\n", families, owner);
        fprintf(stream, "  %s = %s\n      %s\n      (%s)\n", key->name, key->initial, key->help, allowed);
    }
    if (fclose(stream) != 0) return vae_error_set(VAE_ERROR_MEMORY, "configuration: out of memory");
    return VAE_OK;
}
