/* Collects a run from its folder: checkpoint, metrics, machine, classes, and pictures thinned out to a limit. */
#include "report/page_run.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/label_names.h"
#include "train/picture.h"

/* ---- Pictures ---- */

static int by_epoch(const void *a, const void *b)
{
    const vae_page_picture *first = a, *second = b;
    return (first->epoch > second->epoch) - (first->epoch < second->epoch);
}

/* The epoch of "epoch-0003-samples.png", or how names of the model's kind end, or -1 for another file. */
static int64_t parse_name(const char *name, const char *ending, bool *samples)
{
    static const char start[] = "epoch-";
    const size_t length = sizeof start - 1;
    if (strncmp(name, start, length) != 0 || name[length] < '0' || name[length] > '9') return -1;
    char *end;
    const long long epoch = strtoll(name + length, &end, 10);
    const char *dot = strrchr(end, '.');
    if (!dot || strcmp(dot + 1, ending) != 0) return -1;
    *samples = strncmp(end, "-samples.", (size_t)(dot + 1 - end)) == 0;
    return *samples || strncmp(end, "-reconstructions.", (size_t)(dot + 1 - end)) == 0 ? epoch : -1;
}

/* One entry a file, in the order of the folder. */
static vae_status list_files(DIR *folder, vae_page_run *run)
{
    const char *ending = vae_picture_ending(run->checkpoint.design.input.kind);
    int64_t capacity = 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        bool samples;
        const int64_t epoch = parse_name(entry->d_name, ending, &samples);
        if (epoch < 0) continue;
        if (run->picture_count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            vae_page_picture *grown = realloc(run->pictures, (size_t)capacity * sizeof *grown);
            if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", run->folder.pictures);
            run->pictures = grown;
        }
        run->pictures[run->picture_count++] = (vae_page_picture){epoch, samples, !samples};
    }
    return VAE_OK;
}

static void join_epochs(vae_page_run *run)
{
    int64_t count = 0;
    for (int64_t i = 0; i < run->picture_count; ++i) {
        const vae_page_picture *picture = &run->pictures[i];
        if (count == 0 || run->pictures[count - 1].epoch != picture->epoch) {
            run->pictures[count++] = *picture;
            continue;
        }
        run->pictures[count - 1].samples |= picture->samples;
        run->pictures[count - 1].reconstructions |= picture->reconstructions;
    }
    run->picture_count = count;
}

static void thin_out(vae_page_run *run, int64_t most)
{
    const int64_t found = run->picture_count;
    run->pictures_found = found;
    if (found <= most) return;
    for (int64_t i = 0; i < most; ++i)
        run->pictures[i] = run->pictures[most == 1 ? found - 1 : i * (found - 1) / (most - 1)];
    run->picture_count = most;
}

static vae_status find_pictures(vae_page_run *run, int64_t most)
{
    DIR *folder = opendir(run->folder.pictures);
    if (!folder && errno == ENOENT) return VAE_OK;
    if (!folder) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", run->folder.pictures, strerror(errno));
    }
    const vae_status status = list_files(folder, run);
    closedir(folder);
    if (status || run->picture_count == 0) return status;
    qsort(run->pictures, (size_t)run->picture_count, sizeof *run->pictures, by_epoch);
    join_epochs(run);
    thin_out(run, most);
    return VAE_OK;
}

/* ---- The rest ---- */

static vae_status read_machine(vae_page_run *run)
{
    json_error_t error;
    if (!vae_path_exists(run->folder.machine)) return VAE_OK;
    run->machine = json_load_file(run->folder.machine, 0, &error);
    if (json_is_object(run->machine)) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s:%d: is not a JSON object: %s", run->folder.machine, error.line,
                         run->machine ? "another value" : error.text);
}

static vae_status read_checkpoint(vae_page_run *run)
{
    VAE_TRY(vae_checkpoint_read(run->checkpoint_path, &run->checkpoint));
    for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
        if (arena == VAE_ARENA_PARAMETERS) continue;
        free(run->checkpoint.arenas[arena]);
        run->checkpoint.arenas[arena] = NULL;
    }
    return VAE_OK;
}

vae_status vae_page_run_open(vae_page_run *run, const char *folder, const char *checkpoint_path, int64_t max_pictures)
{
    *run = (vae_page_run){0};
    VAE_TRY(vae_run_folder_init(&run->folder, folder));
    VAE_TRY(vae_path_join(run->checkpoint_path, sizeof run->checkpoint_path, "", checkpoint_path));
    VAE_TRY(read_checkpoint(run));
    VAE_TRY(vae_metrics_read(run->folder.metrics, &run->history));
    VAE_TRY(read_machine(run));
    if (vae_path_exists(run->folder.class_names)) {
        VAE_TRY(vae_label_names_read(run->folder.class_names, &run->classes));
    }
    return find_pictures(run, max_pictures);
}

void vae_page_run_close(vae_page_run *run)
{
    vae_checkpoint_free(&run->checkpoint);
    vae_metrics_history_free(&run->history);
    json_decref(run->machine);
    json_decref(run->columns);
    json_decref(run->sketches);
    json_decref(run->music);
    json_decref(run->sentences);
    vae_classes_free(&run->classes);
    free(run->pictures);
    free(run->listing);
    *run = (vae_page_run){0};
}
