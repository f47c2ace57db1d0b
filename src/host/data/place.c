/* Where the paths of [data] are found. */
#include "data/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config_table.h"
#include "core/file.h"
#include "data/format.h"

void vae_place_add(vae_config *config, const char *folder)
{
    const size_t length = strlen(folder);
    if (length == 0 || length >= VAE_PATH_SIZE || config->places.count == VAE_MAX_PLACES) return;
    for (int i = 0; i < config->places.count; ++i) {
        if (strcmp(config->places.folder[i], folder) == 0) return;
    }
    memcpy(config->places.folder[config->places.count++], folder, length + 1);
}

void vae_place_add_beside(vae_config *config, const char *file)
{
    char folder[VAE_PATH_SIZE];
    const char *slash = strrchr(file, '/');
    if (!slash) return;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - file) + (slash == file), file);
    vae_place_add(config, folder);
}

/* The file of "file.npz:key" counts, too. */
static bool is_there(const char *path, struct stat *information)
{
    char file[VAE_PATH_SIZE];
    if (stat(path, information) == 0) return true;
    const char *colon = strrchr(path, ':');
    const size_t length = colon ? (size_t)(colon - path) : 0;
    if (length == 0 || length >= sizeof file) return false;
    memcpy(file, path, length);
    file[length] = '\0';
    return stat(file, information) == 0;
}

void vae_place_find(const vae_config *config, const char *path, char *found, char *note)
{
    struct stat first, other;
    bool any = is_there(path, &first);
    snprintf(found, VAE_PATH_SIZE, "%s", path);
    note[0] = '\0';
    for (int i = 0; path[0] && path[0] != '/' && i < config->places.count; ++i) {
        char joined[VAE_PATH_SIZE];
        if (vae_path_join(joined, sizeof joined, config->places.folder[i], path) || !is_there(joined, &other)) continue;
        if (!any) {
            any = true;
            first = other;
            snprintf(found, VAE_PATH_SIZE, "%s", joined);
        } else if (first.st_dev != other.st_dev || first.st_ino != other.st_ino) {
            snprintf(note, VAE_PLACE_NOTE, "%s is taken, not %s", found, joined);
            return;
        }
    }
}

vae_status vae_place_explain(const vae_config *config, vae_status status, const char *key, const char *path)
{
    struct stat information;
    char found[VAE_PATH_SIZE], note[VAE_PLACE_NOTE], looked[1024] = "";
    size_t used = 0;
    vae_place_find(config, path, found, note);
    if (is_there(found, &information)) return status;
    for (int i = 0; path[0] != '/' && i < config->places.count && used < sizeof looked; ++i) {
        used += (size_t)snprintf(looked + used, sizeof looked - used, "%s%s",
                                 i ? ", " : "; it was looked for in the working directory, ", config->places.folder[i]);
    }
    if (!config->places.of_run) return vae_error_set(status, "%s%s", vae_error_message(), looked);
    return vae_error_set(status, "%s%s; if the data moved, give their new location: --set data.%s=PATH",
                         vae_error_message(), looked, key);
}

/* Keys of [data] that name something to be read. */
static const char *const named[] = {"train_data",      "train_labels", "train_attributes",
                                    "validation_data", "test_data",    "test_labels",
                                    "test_attributes", "class_names",  "vocabulary"};
enum { NAMED = sizeof named / sizeof *named };

int vae_place_paths(const vae_config *config, const char *paths[VAE_PLACE_PATHS])
{
    _Static_assert((int)NAMED <= VAE_PLACE_PATHS, "all fit");
    int count = 0;
    for (int i = 0; i < NAMED; ++i) {
        const char *path = vae_config_value(config, vae_config_key_find("data", named[i]));
        if (path[0]) paths[count++] = path;
    }
    return count;
}

vae_status vae_place_check_all(const vae_config *config)
{
    for (int i = 0; i < NAMED; ++i) {
        struct stat information;
        char found[VAE_PATH_SIZE], note[VAE_PLACE_NOTE];
        const char *path = vae_config_value(config, vae_config_key_find("data", named[i]));
        if (!path[0]) continue;
        vae_place_find(config, path, found, note);
        if (is_there(found, &information)) continue;
        vae_status status = vae_source_cannot_open(path, ENOENT);
        status = vae_place_explain(config, status, named[i], path);
        return vae_config_blame(config, vae_error_prepend(status, "[data] %s", named[i]), "data", named[i]);
    }
    return VAE_OK;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

bool vae_place_is_key(const char *name, size_t length)
{
    static const char *const how[] = {"storage", "cache"};
    char called[64];
    if (length >= sizeof called) return false;
    snprintf(called, sizeof called, "%.*s", (int)length, name);
    const int index = vae_config_key_find("data", called);
    return index >= 0 && (is_one_of(vae_config_key(index)->name, named, NAMED) ||
                          is_one_of(vae_config_key(index)->name, how, sizeof how / sizeof *how));
}

/* Both begin with "/": what they share ends with a whole name. */
static size_t shared_length(const char *a, const char *b)
{
    size_t end = 0, at = 0;
    while (a[at] && a[at] == b[at]) {
        ++at;
        if ((!a[at] || a[at] == '/') && (!b[at] || b[at] == '/')) end = at;
    }
    return end;
}

bool vae_place_way(const char *from, const char *to, char way[VAE_PATH_SIZE])
{
    const size_t shared = shared_length(from, to);
    size_t used = 0;
    way[0] = '\0';
    for (const char *up = from + shared; *up; ++up) {
        if (up[0] != '/' || !up[1]) continue;
        if (used + 4 >= VAE_PATH_SIZE) return false;
        used += (size_t)snprintf(way + used, VAE_PATH_SIZE - used, "%s..", used ? "/" : "");
    }
    const char *rest = to + shared;
    while (*rest == '/')
        ++rest;
    if (!*rest && used == 0) rest = ".";
    const char *separator = used > 0 && *rest ? "/" : "";
    return used + strlen(separator) + strlen(rest) < VAE_PATH_SIZE &&
           snprintf(way + used, VAE_PATH_SIZE - used, "%s%s", separator, rest) >= 0;
}
