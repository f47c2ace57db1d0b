/* What no single key can see: keys that the family has not, or that have no effect, and values that go together with no
 * others; errors name the key and where it was given. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "config/config.h"
#include "config/config_table.h"
#include "config/family_keys.h"

/* ---- Where a key was given ---- */

vae_status vae_config_blame(const vae_config *config, vae_status status, const char *section, const char *name)
{
    const int index = vae_config_key_find(section, name);
    const int line = index < 0 ? 0 : config->source.line[index];
    if (line > 0) return vae_error_prepend(status, "%s:%d", config->source.file, line);
    if (line == VAE_GIVEN_BY_SET) return vae_error_prepend(status, "--set");
    if (line == 0 && config->places.of_run) return vae_error_prepend(status, "the run's configuration");
    return status;
}

void vae_config_fault(const vae_config *config, const char *section, const char *name, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    vae_error_format("[%s] %s: %s", section, name, text);
    const int index = vae_config_key_find(section, name);
    /* A default is at fault beside another key of the file. */
    if (config->source.line[index] == 0 && config->source.file[0]) {
        vae_error_add_context("%s", config->source.file);
    } else {
        vae_config_blame(config, VAE_ERROR_CONFIG, section, name);
    }
}

/* ---- Keys ---- */

/* A key that the family has not, or data of its kind. */
static vae_status refuse_foreign(const vae_config *config, int index)
{
    const vae_key *key = vae_config_key(index);
    const vae_family_keys *family = vae_family_keys_of(config->model.family);
    char whose[256];
    if (vae_config_key_is_owned(index)) {
        vae_config_key_families(index, whose, sizeof whose);
        return vae_config_refuse(config, key->section, key->name, "is a key of family = %s, but family = %s", whose,
                                 family->name);
    }
    vae_key_kinds(key, whose, sizeof whose);
    return vae_config_refuse(config, key->section, key->name, "is a key of %s, but family = %s is of %s", whose,
                             family->name, vae_kind_name(family->kind));
}

/* "step or plateau" */
static void join_choices(const vae_key *key, uint64_t values, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; key->choices[i] && used < size; ++i) {
        if (!(values >> i & 1)) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " or " : "", key->choices[i]);
    }
}

static vae_status refuse_idle(const vae_config *config, int index)
{
    const vae_key *key = vae_config_key(index);
    const int needed = vae_config_key_find(key->section, key->needs);
    const vae_key *other = vae_config_key(needed);
    char values[128];
    if (other->type != VAE_KEY_CHOICE) {
        return vae_config_refuse(config, key->section, key->name, "belongs to %s, which is %s", other->name,
                                 other->initial);
    }
    join_choices(other, key->values, values, sizeof values);
    return vae_config_refuse(config, key->section, key->name, "belongs to %s = %s, but %s = %s", other->name, values,
                             other->name, other->choices[*(const int *)vae_config_value(config, needed)]);
}

/* What has no effect is not meant; but a file that lists defaults does no harm. */
static vae_status check_keys(const vae_config *config)
{
    for (int i = 0; i < vae_config_key_count(); ++i) {
        if (config->source.line[i] == 0) continue;
        if (!vae_config_has_key(config, i)) return refuse_foreign(config, i);
        if (!vae_config_key_is_idle(config, i)) continue;
        if (!vae_key_is_initial(vae_config_key(i), vae_config_value(config, i))) return refuse_idle(config, i);
    }
    return VAE_OK;
}

/* ---- Values ---- */

static vae_status check_likelihood(const vae_config *config)
{
    const vae_likelihood likelihood = config->model.likelihood;
    const char *name = vae_likelihood_name(likelihood);
    const bool unit = likelihood == VAE_LIKELIHOOD_BERNOULLI || likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI;
    if (unit && config->data.normalise != VAE_NORMALISE_UNIT) {
        return vae_config_refuse(config, "data", "normalise",
                                 "likelihood = %s needs pixels in [0, 1], so normalise = unit", name);
    }
    if (vae_likelihood_is_discrete(likelihood) && config->data.binarise != VAE_BINARISE_NONE) {
        return vae_config_refuse(config, "data", "binarise",
                                 "likelihood = %s gives probabilities of 256 levels, so binarise = none", name);
    }
    return VAE_OK;
}

/* Only levels of an image can be changed as pictures are. */
static vae_status check_store(const vae_config *config)
{
    if (config->data.store != VAE_STORE_FLOAT32) return VAE_OK;
    const char *key = config->data.binarise != VAE_BINARISE_NONE   ? "binarise"
                      : config->data.crop                          ? "crop"
                      : config->data.size.height                   ? "size"
                      : config->data.channels != VAE_CHANNELS_AUTO ? "channels"
                                                                   : NULL;
    if (!key) return VAE_OK;
    return vae_config_refuse(config, "data", key, "needs the levels of images, so store = bytes, not float32");
}

static vae_status check_beta_start(const vae_config *config)
{
    const bool linear = config->train.kl_schedule == VAE_KL_LINEAR;
    if (!linear || !(config->train.beta_start > 0) || config->train.kl_warmup_epochs > 0) return VAE_OK;
    return vae_config_refuse(config, "train", "beta_start",
                             "beta goes from it over kl_warmup_epochs, which are 0; set these, or kl_schedule = "
                             "exponential or cyclical");
}

vae_status vae_config_check_one_latent(const vae_config *config)
{
    const vae_latent_sizes *latent = &config->model.latent;
    if (latent->count == 1) return VAE_OK;
    return vae_config_refuse(config, "model", "latent",
                             "family = %s has one stochastic layer, so it takes one size, not %" PRId64 ", %" PRId64,
                             vae_family_keys_of(config->model.family)->name, latent->size[0], latent->size[1]);
}

static vae_status check_validation(const vae_config *config)
{
    const bool held_out = config->data.validation > 0, own = config->data.validation_data[0] != '\0';
    if (held_out && own) {
        return vae_config_refuse(config, "data", "validation",
                                 "holds %" PRId64 " of the training data out for validation, but validation_data "
                                 "names others: give one of the two",
                                 config->data.validation);
    }
    if (held_out || own) return VAE_OK;
    if (config->train.patience > 0) {
        return vae_config_refuse(config, "train", "patience",
                                 "needs validation data to stop by: set [data] validation or validation_data");
    }
    if (config->train.schedule == VAE_SCHEDULE_PLATEAU) {
        return vae_config_refuse(config, "train", "schedule",
                                 "plateau needs validation data to judge by: set [data] validation or validation_data");
    }
    return VAE_OK;
}

vae_status vae_config_check(const vae_config *config)
{
    const vae_family_keys *family = vae_family_keys_of(config->model.family);
    if (!config->data.train_data[0]) {
        return vae_config_refuse(config, "data", "train_data", "must name the training data");
    }
    VAE_TRY(check_keys(config));
    VAE_TRY(check_likelihood(config));
    VAE_TRY(check_store(config));
    if (family->check) VAE_TRY(family->check(config));
    VAE_TRY(check_beta_start(config));
    if (config->data.test_labels[0] && !config->data.test_data[0]) {
        return vae_config_refuse(config, "data", "test_labels", "given without test_data");
    }
    return check_validation(config);
}
