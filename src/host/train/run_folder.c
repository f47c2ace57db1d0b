/* Names the files of a run, makes and locks its folder, and finds what a resumed run may not change. */
#include "train/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"
#include "data/place.h"

vae_status vae_run_folder_init(vae_run_folder *folder, const char *path)
{
    *folder = (vae_run_folder){.lock = -1};
    VAE_TRY(vae_path_join(folder->path, sizeof folder->path, "", path));
    VAE_TRY(vae_path_join(folder->config, sizeof folder->config, path, "config.ini"));
    VAE_TRY(vae_path_join(folder->metrics, sizeof folder->metrics, path, "metrics.jsonl"));
    VAE_TRY(vae_path_join(folder->data, sizeof folder->data, path, "data.json"));
    VAE_TRY(vae_path_join(folder->machine, sizeof folder->machine, path, "machine.json"));
    VAE_TRY(vae_path_join(folder->products, sizeof folder->products, path, "products.json"));
    VAE_TRY(vae_path_join(folder->class_names, sizeof folder->class_names, path, "class_names.txt"));
    VAE_TRY(vae_path_join(folder->checkpoints, sizeof folder->checkpoints, path, "checkpoints"));
    VAE_TRY(vae_path_join(folder->best, sizeof folder->best, folder->checkpoints, "best.safetensors"));
    VAE_TRY(vae_path_join(folder->last, sizeof folder->last, folder->checkpoints, "last.safetensors"));
    VAE_TRY(vae_path_join(folder->pictures, sizeof folder->pictures, path, "pictures"));
    return vae_path_join(folder->tensorboard, sizeof folder->tensorboard, path, "tensorboard");
}

vae_status vae_run_folder_check_new(const vae_run_folder *folder)
{
    const char *const own[] = {folder->config,   folder->metrics,     folder->data,     folder->machine,
                               folder->products, folder->checkpoints, folder->pictures, folder->tensorboard};
    for (size_t i = 0; i < sizeof own / sizeof *own; ++i) {
        if (!vae_path_exists(own[i])) continue;
        return vae_error_set(VAE_ERROR_CONFIG,
                             "%s: already holds a run (%s); continue it with --resume, or choose another folder "
                             "with --out",
                             folder->path, own[i]);
    }
    return VAE_OK;
}

/* The lock goes with the process, however that ends. */
static vae_status take_lock(vae_run_folder *folder)
{
    folder->lock = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->lock < 0) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", folder->path, strerror(errno));
    }
    if (!flock(folder->lock, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) return VAE_OK;
    vae_run_folder_close(folder);
    return vae_error_set(VAE_ERROR_IO, "%s: another process is training in this folder", folder->path);
}

vae_status vae_run_folder_make(vae_run_folder *folder)
{
    VAE_TRY(vae_folder_make(folder->path));
    VAE_TRY(take_lock(folder));
    return vae_run_folder_check_new(folder);
}

vae_status vae_run_folder_lock(vae_run_folder *folder)
{
    const bool there =
        vae_path_exists(folder->last) || vae_path_exists(folder->best) || vae_path_exists(folder->config);
    if (there) return take_lock(folder);
    return vae_error_set(VAE_ERROR_CONFIG, "%s: there is no run to resume: neither %s nor %s is there", folder->path,
                         folder->last, folder->config);
}

/* Whether config.ini, perhaps with comments of the user's, gives these values. */
static bool says_the_same(const char *path, const char *text)
{
    vae_config before;
    char *old_text = NULL;
    vae_config_defaults(&before);
    const bool same = vae_path_exists(path) && !vae_config_load(&before, path) &&
                      !vae_config_format(&before, &old_text) && strcmp(old_text, text) == 0;
    free(old_text);
    return same;
}

vae_status vae_run_folder_open(vae_run_folder *folder, const vae_config *config)
{
    char *text;
    VAE_TRY(vae_config_format(config, &text));
    const vae_status status =
        says_the_same(folder->config, text) ? VAE_OK : vae_file_write_soon(folder->config, text, strlen(text));
    free(text);
    VAE_TRY(status);
    /* After config.ini: a folder that has it can be resumed, whenever the run was ended. */
    VAE_TRY(vae_folder_make(folder->checkpoints));
    VAE_TRY(vae_folder_make(folder->pictures));
    VAE_TRY(vae_folder_check(folder->checkpoints));
    return vae_folder_check(folder->pictures);
}

void vae_run_folder_close(vae_run_folder *folder)
{
    if (folder->lock >= 0) close(folder->lock);
    folder->lock = -1;
}

/* ---- What may not change between a run and its continuation ---- */

static bool is_one_of(const char *line, const char *const *keys)
{
    const size_t length = strcspn(line, " =");
    for (; *keys; ++keys) {
        if (strlen(*keys) == length && strncmp(line, *keys, length) == 0) return true;
    }
    return false;
}

static bool must_stay(const char *section, const char *line)
{
    static const char *const training[] = {"seed", "batch_size", NULL};
    if (strcmp(section, "model") == 0) return true;
    if (strcmp(section, "data") == 0) return !vae_place_is_key(line, strcspn(line, " ="));
    return strcmp(section, "train") == 0 && is_one_of(line, training);
}

/* Cuts the next line off *text; NULL at its end. */
static char *next_line(char **text)
{
    return strsep(text, "\n");
}

/* Both texts come from vae_config_format(), so they list the same keys in the same order. */
static vae_status compare_texts(char *before, char *now)
{
    char section[32] = "";
    for (char *old = next_line(&before), *new = next_line(&now); old &&new;
         old = next_line(&before), new = next_line(&now)) {
        sscanf(new, "[%31[^]]", section);
        if (strcmp(old, new) == 0 || !must_stay(section, new)) continue;
        const int key = (int)strcspn(new, " =");
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[%s] %.*s: cannot change in a resumed run: it was started with '%s', now it is '%s'",
                             section, key, new, old, new);
    }
    return VAE_OK;
}

vae_status vae_run_folder_compare(const vae_config *before, const vae_config *now)
{
    char *old_text = NULL, *new_text = NULL;
    vae_status status = vae_config_format(before, &old_text);
    if (!status) status = vae_config_format(now, &new_text);
    if (!status) status = compare_texts(old_text, new_text);
    free(old_text);
    free(new_text);
    return status;
}
