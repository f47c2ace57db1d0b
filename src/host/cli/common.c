/* The configuration, checkpoint or model that options lead to. */
#include "cli/common.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/remarks.h"
#include "core/file.h"
#include "data/place.h"
#include "data/record.h"
#include "model/runtime.h"

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* runs/mnist from configs/mnist.ini; none from what a shell makes of <(…) or from standard input, which have no name of
 * their own. */
static vae_status default_out(const char *config_path, char out[VAE_PATH_SIZE])
{
    if (begins_with(config_path, "/dev/") || begins_with(config_path, "/proc/")) return VAE_OK;
    const char *slash = strrchr(config_path, '/');
    const char *name = slash ? slash + 1 : config_path;
    const char *dot = strrchr(name, '.');
    const size_t length = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    if (length + sizeof "runs/" > VAE_PATH_SIZE) {
        return vae_error_set(VAE_ERROR_CONFIG, "%s: the name is too long for a run folder", config_path);
    }
    snprintf(out, VAE_PATH_SIZE, "runs/%.*s", (int)length, name);
    return VAE_OK;
}

static vae_status set_run_key(const char *option, const char *key, const char *value, vae_config *config)
{
    const vae_status status = value ? vae_config_assign(config, "run", key, value) : VAE_OK;
    return status ? vae_error_prepend(status, "%s", option) : VAE_OK;
}

vae_status vae_cli_override_config(const vae_cli_options *options, vae_config *config)
{
    for (int i = 0; i < options->sets.count; ++i)
        VAE_TRY(vae_config_set(config, options->sets.values[i]));
    VAE_TRY(set_run_key("--device", "device", options->device, config));
    VAE_TRY(set_run_key("--out", "out", options->out, config));
    if (options->seed >= 0) config->train.seed = options->seed;
    if (options->threads >= 0) config->run.threads = options->threads;
    return VAE_OK;
}

vae_status vae_cli_complete_config(const vae_cli_options *options, const char *path, vae_config *config)
{
    vae_place_add_beside(config, path);
    VAE_TRY(vae_cli_override_config(options, config));
    if (!config->run.out[0]) VAE_TRY(default_out(path, config->run.out));
    return vae_config_check(config);
}

vae_status vae_cli_load_config(const vae_cli_options *options, vae_config *config)
{
    if (!options->config) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--config FILE is missing; configs/ holds some to start from");
    }
    vae_config_defaults(config);
    VAE_TRY(vae_config_load(config, options->config));
    return vae_cli_complete_config(options, options->config, config);
}

vae_status vae_cli_find_checkpoint(const vae_cli_options *options, char *path, size_t size)
{
    if (options->checkpoint && options->run) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--run and --checkpoint cannot both be given");
    }
    if (options->checkpoint) {
        if (vae_path_exists(options->checkpoint)) return vae_path_join(path, size, "", options->checkpoint);
        return vae_error_set(VAE_ERROR_CONFIG, "%s: no such file", options->checkpoint);
    }
    if (!options->run) return vae_error_set(VAE_ERROR_ARGUMENT, "--run DIR or --checkpoint FILE is missing");
    VAE_TRY(vae_path_join(path, size, options->run, "checkpoints/best.safetensors"));
    if (vae_path_exists(path)) return VAE_OK;
    VAE_TRY(vae_path_join(path, size, options->run, "checkpoints/last.safetensors"));
    if (vae_path_exists(path)) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG,
                         "%s: is not a run folder: it has no checkpoints/best.safetensors or last.safetensors",
                         options->run);
}

static vae_status set_data(const char *set, bool other_data, vae_config *config)
{
    static const char section[] = "data.";
    const char *key = set + (sizeof section - 1);
    const bool data = strncmp(set, section, sizeof section - 1) == 0;
    const bool place = data && vae_place_is_key(key, strcspn(key, "="));
    if (!data && other_data) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--set '%s': only [data] keys of a trained model can be overridden",
                             set);
    }
    if (!place && !other_data) {
        return vae_error_set(
            VAE_ERROR_ARGUMENT,
            "--set '%s': for a trained model, only the location of its data can be changed: "
            "data.train_data, data.validation_data, data.test_data, _labels, _attributes, data.storage and "
            "data.cache",
            set);
    }
    if (!place) config->places.check = VAE_RECORD_IGNORE; /* as another limit or size gives other images */
    return vae_config_set(config, set);
}

/* The folder above checkpoints/, or the one that the file is in. */
static vae_status run_folder_of(const char *checkpoint, char folder[VAE_PATH_SIZE])
{
    const char *slash = strrchr(checkpoint, '/');
    snprintf(folder, VAE_PATH_SIZE, "%.*s", slash ? (int)(slash - checkpoint) + 1 : 1, slash ? checkpoint : ".");
    char *whole = realpath(folder, NULL);
    if (!whole) return vae_error_set(VAE_ERROR_IO, "%s: %s", folder, strerror(errno));
    char *name = strrchr(whole, '/');
    if (strcmp(name, "/checkpoints") == 0) name[name == whole] = '\0';
    const vae_status status = vae_path_join(folder, VAE_PATH_SIZE, "", whole);
    free(whole);
    return status;
}

vae_status vae_cli_place_data(const vae_cli_options *options, bool other_data, const char *path,
                              vae_checkpoint *checkpoint)
{
    char folder[VAE_PATH_SIZE], record[VAE_PATH_SIZE];
    vae_config *config = &checkpoint->design.config;
    VAE_TRY(run_folder_of(path, folder));
    VAE_TRY(vae_path_join(record, sizeof record, folder, "data.json"));
    config->places.check = options->sets.count > 0 && !other_data ? VAE_RECORD_FAIL : VAE_RECORD_TELL;
    for (int i = 0; i < options->sets.count; ++i)
        VAE_TRY(set_data(options->sets.values[i], other_data, config));
    config->places.train_images = checkpoint->progress.train_images;
    config->places.store = vae_input_store(&checkpoint->design.input);
    vae_record_use(record, folder, config);
    return vae_config_check(config);
}

vae_status vae_cli_open_model(const vae_cli_options *options, vae_model **model)
{
    char path[VAE_PATH_SIZE];
    VAE_TRY(vae_cli_find_checkpoint(options, path, sizeof path));
    const vae_model_options model_options = {
        .device = options->device,
        .threads = options->threads < 0 ? 0 : (int)options->threads,
    };
    VAE_TRY(vae_model_open_told(path, &model_options, vae_cli_device_remarks(), model));
    vae_status status = vae_cli_place_data(options, false, path, vae_model_checkpoint(*model));
    if (!status) status = vae_cli_check_data_kept(options->files, options->file_count, vae_model_config(*model));
    if (!status) return VAE_OK;
    vae_model_free(*model);
    *model = NULL;
    return status;
}

vae_status vae_cli_check_outputs(vae_cli_options *options, const vae_cli_file *files, int count)
{
    options->files = files;
    options->file_count = count;
    return vae_cli_check_files(files, count, options->force);
}

void vae_cli_default_picture(vae_cli_options *options, const char *name)
{
    if (!options->out) options->out = options->default_picture = name;
}

/* Of data that are no images. */
static vae_status leave_out_pictures(vae_cli_options *options)
{
    bool others = false;
    for (int i = 0; i < options->file_count; ++i) {
        const vae_cli_file *file = &options->files[i];
        others = others || (file->path && file->path != options->default_picture && file->kinds != VAE_FILE_READ);
    }
    const char *left_out = others ? options->default_picture : NULL;
    if (left_out) options->out = NULL;
    return vae_cli_check_no_pictures(options->files, options->file_count, left_out);
}

vae_status vae_cli_use_model(vae_cli_options *options, const vae_cli_file *files, int count, vae_cli_use *use)
{
    vae_model *model;
    VAE_TRY(vae_cli_check_outputs(options, files, count));
    VAE_TRY(vae_cli_open_model(options, &model));
    vae_status status = VAE_OK;
    if (vae_model_input(model)->dtype == VAE_FLOAT32) status = leave_out_pictures(options);
    if (!status) status = use(options, model);
    vae_model_free(model);
    return status;
}
