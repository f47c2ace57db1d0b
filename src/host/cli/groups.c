/* Reads a part's attribute table from where it is now, and marks the images that have an attribute or a label. */
#include "cli/groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/utf8.h"
#include "data/place.h"
#include "model/runtime.h"

static vae_status read_table(const vae_config *config, const char *given, vae_cli_part *part)
{
    const bool train = strcmp(part->name, "train") == 0;
    const char *key = train ? "train_attributes" : "test_attributes";
    const char *path = given ? given : (train ? config->data.train_attributes : config->data.test_attributes);
    char note[VAE_PLACE_NOTE];
    if (!path[0]) {
        return vae_error_set(VAE_ERROR_CONFIG, "the run's [data] has no %s; name a file with --%s", key,
                             train ? "attributes" : "test-attributes");
    }
    if (given) {
        VAE_TRY(vae_path_join(part->table_path, sizeof part->table_path, "", given));
    } else {
        vae_place_find(config, path, part->table_path, note);
    }
    vae_status status = vae_attribute_table_read(part->table_path, part->dataset->names != NULL, &part->table);
    /* Held-out validation images are the last ones of the same file. */
    if (!status) {
        status = vae_attribute_table_match(&part->table, part->table_path, part->dataset,
                                           part->dataset->count + (train ? config->data.validation : 0));
    }
    if (!status || given) return status;
    status = vae_place_explain(config, status, key, path);
    return vae_config_blame(config, vae_error_prepend(status, "[data] %s", key), "data", key);
}

vae_status vae_cli_part_read(const vae_model *model, const char *given, vae_cli_part *part)
{
    return read_table(vae_model_config(model), given, part);
}

void vae_cli_part_free(vae_cli_part *part)
{
    vae_attribute_table_free(&part->table);
}

vae_status vae_cli_part_find(const vae_cli_part *part, const char *name, vae_cli_trait *trait)
{
    const vae_status status = vae_attribute_table_find(&part->table, name, &trait->column, &trait->class);
    return status ? vae_error_prepend(status, "%s", part->table_path) : VAE_OK;
}

static void compare(const int32_t *labels, int64_t count, int64_t label, int8_t *has)
{
    for (int64_t i = 0; i < count; ++i)
        has[i] = labels[i] < 0 ? -1 : labels[i] == label;
}

static vae_status has_attribute(const vae_cli_part *part, const vae_cli_trait *trait, int8_t *has)
{
    const vae_attribute *column = &part->table.columns[trait->column];
    const int64_t count = part->dataset->count;
    if (column->kind == VAE_ATTRIBUTE_NUMBER) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %s is a number, not something that an image has or lacks",
                             part->table_path, column->name);
    }
    if (column->kind == VAE_ATTRIBUTE_CLASS && trait->class < 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %s has classes; name one, as in %s=%s", part->table_path,
                             column->name, column->name, column->classes.names);
    }
    if (column->kind == VAE_ATTRIBUTE_CLASS) {
        compare(column->labels, count, trait->class, has);
    } else {
        memcpy(has, column->has, (size_t)count * sizeof *has);
    }
    return VAE_OK;
}

vae_status vae_cli_part_membership(const vae_cli_part *part, const vae_cli_trait *trait, int8_t *has)
{
    if (trait->label < 0) return has_attribute(part, trait, has);
    if (!part->dataset->labels) {
        return vae_error_set(VAE_ERROR_CONFIG, "--label: the run's [data] has no %s_labels", part->name);
    }
    compare(part->dataset->labels, part->dataset->count, trait->label, has);
    return VAE_OK;
}

void vae_cli_name_label(const vae_dataset *dataset, int64_t label, char name[VAE_CLI_LABEL_SIZE])
{
    const char *class = vae_classes_name(&dataset->classes, label);
    char shown[VAE_CLI_LABEL_SIZE - 8];
    if (class) {
        vae_utf8_show(class, shown, sizeof shown);
        snprintf(name, VAE_CLI_LABEL_SIZE, "label %s", shown);
    } else {
        snprintf(name, VAE_CLI_LABEL_SIZE, "label %" PRId64, label);
    }
}
