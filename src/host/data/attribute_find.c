/* Finds an attribute, or one of its classes, by name. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/attributes.h"

enum { MAX_LISTED = 10, NAME_ROOM = 256 };

void vae_attribute_key(const char *name, char *key, size_t size)
{
    size_t i = 0;
    for (; name[i] && i + 1 < size; ++i)
        key[i] = (char)tolower((unsigned char)name[i]);
    key[i] = '\0';
}

/* The first names, separated by commas. */
static void list_names(const vae_attribute_table *table, char *text, size_t size)
{
    size_t used = 0;
    for (int64_t i = 0; i < table->count && i < MAX_LISTED; ++i)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", table->columns[i].name);
    if (table->count > MAX_LISTED) snprintf(text + used, size - used, ", ...");
}

static vae_status not_found(const vae_attribute_table *table, const char *name, const char *key)
{
    const char *nearest = vae_classes_nearest(&table->keys, key);
    if (nearest) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "there is no attribute '%s' among %" PRId64 "; did you mean '%s'?",
                             name, table->count, table->columns[vae_classes_find(&table->keys, nearest)].name);
    }
    char listed[MAX_LISTED * (NAME_ROOM + 1) + 8];
    list_names(table, listed, sizeof listed);
    return vae_error_set(VAE_ERROR_ARGUMENT, "there is no attribute '%s' among %" PRId64 ": %s", name, table->count,
                         listed);
}

static vae_status find_class(const vae_attribute *attribute, const char *name, int64_t *class)
{
    if (attribute->kind != VAE_ATTRIBUTE_CLASS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "the attribute '%s' has no classes, such as '%s'", attribute->name,
                             name);
    }
    *class = vae_classes_find(&attribute->classes, name);
    if (*class >= 0) return VAE_OK;
    const char *nearest = vae_classes_nearest(&attribute->classes, name);
    return vae_error_set(VAE_ERROR_ARGUMENT, "the attribute '%s' has no class '%s'%s%s%s", attribute->name, name,
                         nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

vae_status vae_attribute_table_find(const vae_attribute_table *table, const char *name, int64_t *index, int64_t *class)
{
    char key[NAME_ROOM];
    *class = -1;
    vae_attribute_key(name, key, sizeof key);
    *index = vae_classes_find(&table->keys, key);
    if (*index >= 0) return VAE_OK;
    char *equals = strchr(key, '=');
    if (equals) {
        *equals = '\0';
        *index = vae_classes_find(&table->keys, key);
        if (*index >= 0) return find_class(&table->columns[*index], strchr(name, '=') + 1, class);
    }
    return not_found(table, name, key);
}
