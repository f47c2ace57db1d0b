/* config/: what is read, written, overridden and refused, and in what words; core/nearest.c: the nearest name. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_table.h"
#include "config/family_keys.h"
#include "config/key_group.h"
#include "core/nearest.h"
#include "model/family_vae.h"

/* Parsing `text` must fail as a configuration error whose message holds each of the words. */
static void refuses(const char *text, const char *first, const char *second)
{
    vae_config config;
    vae_config_defaults(&config);
    cr_assert_eq(vae_config_parse(&config, text, "a.ini"), VAE_ERROR_CONFIG, "accepted: %s", text);
    cr_assert_not_null(strstr(vae_error_message(), first), "'%s' is not in: %s", first, vae_error_message());
    cr_assert_not_null(strstr(vae_error_message(), second), "'%s' is not in: %s", second, vae_error_message());
}

Test(config, errors_name_line_key_and_what_is_allowed)
{
    refuses("[model]\nlatnet = 3\n", "a.ini:2: [model] latnet", "'latent'");
    refuses("[model]\nlatetn = 3\n", "a.ini:2", "'latent'");
    refuses("\n\n[modle]\nlatent = 3\n", "a.ini:4", "[model]");
    refuses("[zzzzzzzz]\nlatent = 3\n", "unknown section", "model, data, train, run, evaluate");
    refuses("[model]\nzzzzzzzzzz = 3\n", "unknown key", "family, layers");
    refuses("[train]\nlatent = 3\n", "a.ini:2", "[model]");
    refuses("latent = 3\n", "a.ini:1", "before the first [section]");
    refuses("[model]\nlatent = 0\n", "'0'", "an integer from 1 to");
    refuses("[model]\nlatent = 3.5\n", "'3.5'", "an integer");
    refuses("[model]\nlatent =\n", "''", "an integer");
    refuses("[model]\nlatent = 99999999999999999999\n", "a.ini:2", "an integer");
    refuses("[model]\nlatent = 3\nlatent = 4\n", "a.ini:3", "line 2");
    refuses("[model]\nobjective = gan\n", "'gan'", "vae, ae, kl");
    refuses("[model]\nlayers = 400, x\n", "'x'", "a layer (a width such as 512, dense, conv");
    refuses("[model]\nlayers = 0\n", "'0'", "a width");
    refuses("[model]\nlayers = convv 32\n", "'convv'", "did you mean conv");
    refuses("[model]\nlayers = conv, dense 3\n", "'conv'", "needs a number of channels");
    refuses("[model]\nlayers = 30, dense\n", "'dense'", "needs a width");
    refuses("[model]\nlayers = 30, dropout\n", "'dropout'", "needs a rate");
    refuses("[model]\nlayers = conv 32 k3 s2 k3\n", "'k3'", "k twice");
    refuses("[model]\nlayers = conv 32 batch_norm layer_norm\n", "'layer_norm'", "a second norm");
    refuses("[model]\nlayers = upsample 2 batch_norm\n", "'batch_norm'", "without weights");
    refuses("[model]\nlayers = upsample 65\n", "'65'", "a factor from 1 to 64");
    refuses("[model]\nlayers = , 30\n", "a comma has no layer beside it", "layers");
    refuses("[model]\nlayers = 30,, 20\n", "a comma has no layer beside it", "layers");
    refuses("[model]\nlayers = 30, 20,\n", "a comma has no layer beside it", "layers");
    refuses("[model]\nlayers = conv 32 k0\n", "'k0'", "an option of conv");
    refuses("[model]\nlayers = conv 32 k3 o1\n", "'o1'", "an option of conv");
    refuses("[model]\nlayers = dense 32 k3\n", "'k3'", "an option of dense");
    refuses("[model]\nlayers = dense 7x7\n", "'7x7'", "7x7x64");
    refuses("[model]\nlayers = dropout 1\n", "'1'", "a rate from 0");
    refuses("[model]\nlayers = dropout 0.9999999\n", "'0.9999999'", "a rate from 0 to 0.99");
    refuses("[model]\nlayers =\n", "layers", "no layer is named");
    refuses("[model]\nlayers = 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 "
            "1 1 1 "
            "1 1 1\n",
            "more than 48", "layers");
    refuses("[train]\nlearning_rate = nan\n", "'nan'", "a number from 0");
    refuses("[train]\nlearning_rate = inf\n", "'inf'", "a number");
    refuses("[train]\nlearning_rate = 1e-3x\n", "'1e-3x'", "a number");
    refuses("[train]\nlearning_rate = -1\n", "'-1'", "a number");
    refuses("[data]\nskip_damaged = true\n", "'true'", "no, yes");
    refuses("[data]\nstorage = ram\n", "'ram'", "auto, memory, disk");
    const char *const sizes[] = {
        "", "0", "64x", "x64", "64x0", "64x48x3", "64X48", "-64", "64 x48", "4097", "99999999999999999999"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        char text[64];
        snprintf(text, sizeof text, "[data]\nsize = %s\n", sizes[i]);
        refuses(text, sizes[i], "such as 64, or 64x48, height x width");
    }
    refuses("[run]\ndevice = gpu\n", "'gpu'", "auto, cpu, reference, cuda");
    refuses("[model]\nfoo bar\n", "a.ini:2", "neither");
    refuses("[model\nlatent = 3\n", "a.ini:1", "neither");
}

Test(config, a_line_may_be_as_long_as_its_value)
{
    char text[10000] = "[data]\ntrain_data = ";
    char *value = text + strlen(text);
    memset(value, '1', VAE_PATH_SIZE - 1);
    vae_config config;
    vae_config_defaults(&config);
    cr_assert_eq(vae_config_parse(&config, text, "a.ini"), VAE_OK, "%s", vae_error_message());
    cr_assert_str_eq(config.data.train_data, value);
    memset(value, '1', VAE_PATH_SIZE);
    refuses(text, "a.ini:2: [data] train_data: '1111", "has 4096 bytes, but a string may have at most 4095");
    memset(value, 'c', 9000);
    memcpy(value, " ; ", 3);
    vae_config_defaults(&config);
    cr_assert_eq(vae_config_parse(&config, text, "a.ini"), VAE_OK, "%s", vae_error_message());
    cr_assert_str_eq(config.data.train_data, "");
}

Test(config, reads_every_kind_of_value)
{
    vae_config c;
    vae_config_defaults(&c);
    cr_assert_eq(c.model.latent.size[0], 20);
    cr_assert_eq(
        vae_config_parse(&c,
                         "; comment\n[model]\nobjective = ae ; inline\nlayers = 512, 256\ndecoder_layers = none\n"
                         "activation=leaky_relu\n[data]\nbinarise = dynamic\ntrain_data = a b/c.gz\nsize = 64x48\n"
                         "skip_damaged = yes\n"
                         "[train]\nlearning_rate = 3e-4\nbeta = 0.5\r\n[run]\nprecision = bf16\n",
                         "a.ini"),
        VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_vae_keys_of(&c)->objective, VAE_OBJECTIVE_AE);
    cr_assert_eq(c.model.encoder.count, 2);
    cr_assert_eq(c.model.encoder.layer[1].size, 256);
    cr_assert(c.model.decoder.set);
    cr_assert_eq(c.model.decoder.layers.count, 0);
    cr_assert_eq(c.model.activation, VAE_ACTIVATION_LEAKY_RELU);
    cr_assert_eq(c.data.binarise, VAE_BINARISE_DYNAMIC);
    cr_assert_str_eq(c.data.train_data, "a b/c.gz");
    cr_assert_eq(c.train.learning_rate, 3e-4);
    cr_assert(c.data.size.height == 64 && c.data.size.width == 48 && c.data.skip_damaged);
    cr_assert_eq(c.train.beta, 0.5);
    cr_assert_eq(c.run.precision, VAE_PRECISION_BF16);
}

Test(config, writes_what_reads_back_the_same)
{
    vae_config a, b;
    char *text, *again;
    vae_config_defaults(&a);
    cr_assert_eq(vae_config_set(&a, "train.learning_rate=0.1234567890123456789"), VAE_OK);
    cr_assert_eq(vae_config_set(&a, "model.layers=conv 32 k4 s2 batch_norm, residual k5, dropout 0.25, 3 4"), VAE_OK);
    cr_assert_eq(vae_config_set(&a, "model.decoder_layers=dense 7x5x64 layer_norm, upsample 2, deconv 8 k3 s2 p1 o1x0"),
                 VAE_OK);
    cr_assert_eq(vae_config_set(&a, "data.train_data=x/y.gz"), VAE_OK);
    cr_assert_eq(vae_config_set(&a, "data.size=7"), VAE_OK);
    cr_assert_eq(vae_config_set(&a, "data.skip_damaged=yes"), VAE_OK);
    cr_assert_eq(vae_config_format(&a, &text), VAE_OK);
    vae_config_defaults(&b);
    cr_assert_eq(vae_config_parse(&b, text, "again"), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_config_format(&b, &again), VAE_OK);
    cr_assert_str_eq(text, again);
    cr_assert_eq(memcmp(&a, &b, offsetof(vae_config, source)), 0);
    free(text);
    free(again);
}

/* An older name of a key is read as the key, and only the key is written. */
Test(config, older_names_are_read_for_ever)
{
    vae_config c;
    char *text;
    vae_config_defaults(&c);
    cr_assert_eq(vae_config_parse(&c, "[data]\ntrain_images = a\ntest_images = b\n", "a.ini"), VAE_OK, "%s",
                 vae_error_message());
    cr_expect_str_eq(c.data.train_data, "a");
    cr_expect_str_eq(c.data.test_data, "b");
    cr_assert_eq(vae_config_set(&c, "data.test_images=c"), VAE_OK);
    cr_expect_str_eq(c.data.test_data, "c");
    cr_assert_eq(vae_config_format(&c, &text), VAE_OK);
    cr_expect_not_null(strstr(text, "\ntrain_data = a\n"));
    cr_expect_null(strstr(text, "images ="));
    free(text);
    refuses("[data]\ntrain_images = a\n\ntrain_data = a\n", "a.ini:4: [data] train_data, also train_images", "line 2");
    refuses("[data]\ntrain_data = a\ntrain_images = a\n", "a.ini:3: [data] train_data, also train_images", "line 2");
    refuses("[data]\ntrain_image = a\n", "a.ini:2: [data] train_image", "'train_images'");
    cr_assert_eq(vae_config_help(&text), VAE_OK);
    cr_expect_not_null(strstr(text, "; also train_images)"));
    free(text);
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (key->alias) cr_expect_eq(vae_config_key_find(key->section, key->alias), i, "%s", key->alias);
    }
}

Test(config, set_names_its_assignment)
{
    vae_config c;
    vae_config_defaults(&c);
    const char *bad[] = {"epochs=3", "train.epochs", "train.epoch=3", "=", "train.=3", "train.epochs=x", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        cr_assert_eq(vae_config_set(&c, bad[i]), VAE_ERROR_CONFIG, "accepted: %s", bad[i]);
        cr_assert_not_null(strstr(vae_error_message(), "--set"), "%s", vae_error_message());
    }
    cr_assert_eq(vae_config_set(&c, "train.epochs = 3"), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(c.train.epochs, 3);
}

static void check_refuses(const char *first, const char *second, const char *key)
{
    vae_config c;
    vae_config_defaults(&c);
    cr_assert_eq(vae_config_set(&c, "data.train_data=x"), VAE_OK);
    cr_assert_eq(vae_config_check(&c), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_config_set(&c, first), VAE_OK, "%s", vae_error_message());
    if (second) cr_assert_eq(vae_config_set(&c, second), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_config_check(&c), VAE_ERROR_CONFIG, "accepted: %s %s", first, second ? second : "");
    cr_assert_not_null(strstr(vae_error_message(), key), "%s", vae_error_message());
}

Test(config, check_sees_what_single_keys_cannot)
{
    check_refuses("data.train_data=", NULL, "[data] train_data");
    check_refuses("data.normalise=standard", NULL, "normalise");
    check_refuses("model.likelihood=mse", NULL, "likelihood");
    check_refuses("model.likelihood=continuous_bernoulli", "data.normalise=symmetric", "normalise");
    check_refuses("model.likelihood=categorical", "data.binarise=static", "binarise");
    check_refuses("model.likelihood=logistic", "data.binarise=dynamic", "binarise");
    check_refuses("model.likelihood=logistic_mixture", "data.binarise=static", "binarise");
    check_refuses("data.store=float32", "data.binarise=static", "[data] binarise: needs the levels of images");
    check_refuses("data.store=float32", "data.crop=8", "[data] crop: needs the levels");
    check_refuses("data.store=float32", "data.size=8", "[data] size: needs the levels");
    check_refuses("data.store=float32", "data.channels=grey", "[data] channels: needs the levels");
    check_refuses("data.test_labels=y", NULL, "test_labels");
    check_refuses("train.patience=3", NULL, "patience");
    check_refuses("train.schedule=plateau", NULL, "[train] schedule: plateau needs validation data");
    check_refuses("train.beta_start=0.1", NULL, "[train] beta_start: ");
    check_refuses("train.kl_warmup_epochs=2", "train.kl_schedule=cyclical",
                  "--set: [train] kl_warmup_epochs: belongs to kl_schedule = linear, but kl_schedule = cyclical");
    check_refuses("train.kl_rise=0.25", NULL, "[train] kl_rise: belongs to kl_schedule = cyclical");
    check_refuses("train.kl_cycles=3", "train.kl_schedule=exponential", "[train] kl_cycles: belongs to kl_schedule");
    check_refuses("train.kl_rate=0.9", "train.kl_schedule=cyclical", "[train] kl_rate: belongs to kl_schedule");
    check_refuses("train.schedule_epochs=3", NULL, "[train] schedule_epochs: belongs to schedule = step");
    check_refuses("train.schedule_factor=0.1", "train.schedule=cosine",
                  "[train] schedule_factor: belongs to schedule = step or plateau, but schedule = cosine");
    check_refuses("train.schedule_floor=0.1", "train.schedule=step", "[train] schedule_floor: belongs to schedule");
    check_refuses("train.schedule_patience=3", NULL, "[train] schedule_patience: belongs to schedule = plateau");
    check_refuses("train.schedule_drops=3", NULL, "[train] schedule_drops: belongs to schedule = plateau");
    check_refuses("train.schedule_rate=0.9", NULL, "[train] schedule_rate: belongs to schedule = exponential");
    check_refuses("train.schedule_minimum=0.9", NULL, "[train] schedule_minimum: belongs to schedule = exponential");
    check_refuses("model.family=student_prior", "model.latent=3, 2", "[model] latent: family = student_prior has one");
    check_refuses("model.family=text_vae", "model.latent=3, 2", "--set: [model] latent: family = text_vae has one");
    check_refuses("model.family=sketch_rnn", "model.latent=3, 2", "--set: [model] latent: family = sketch_rnn has one");
    check_refuses("data.validation_data=y", "data.validation=3", "[data] validation: holds 3 of the training data out");
}

static void expect_check(const char *file, const char *setting, const char *error)
{
    vae_config c;
    vae_config_defaults(&c);
    cr_assert_eq(vae_config_parse(&c, file, "a.ini"), VAE_OK, "%s", vae_error_message());
    if (setting) cr_assert_eq(vae_config_set(&c, setting), VAE_OK, "%s", vae_error_message());
    const vae_status status = vae_config_check(&c);
    cr_expect_eq(status, error ? VAE_ERROR_CONFIG : VAE_OK, "%s", file);
    if (error && status) cr_expect_str_eq(vae_error_message(), error);
}

/* Once: the line, or --set, or the file alone where a default does not go with what is given. */
Test(config, checks_name_the_place)
{
    expect_check("[train]\nepochs = 1\n", NULL, "a.ini: [data] train_data: must name the training data");
    expect_check("[data]\ntrain_data = x\n[train]\npatience = 2\n", NULL,
                 "a.ini:4: [train] patience: needs validation data to stop by: set [data] validation or "
                 "validation_data");
    expect_check("[data]\ntrain_data = x\nsize = 28\n[model]\nfamily = text_vae\n", NULL,
                 "a.ini:3: [data] size: is a key of images, but family = text_vae is of texts");
    expect_check("[data]\ntrain_data = x\n[model]\nfamily = text_vae\n", "data.size=28",
                 "--set: [data] size: is a key of images, but family = text_vae is of texts");
    expect_check("[data]\ntrain_data = x\n[model]\nembedding = 3\n", NULL,
                 "a.ini:4: [model] embedding: is a key of family = text_vae, music_vae, but family = vae");
}

/* Keys of recurrent networks and of texts that need another; a file may list defaults. */
Test(config, keys_without_effect_are_refused_unless_they_are_defaults)
{
    const char *gru = "[data]\ntrain_data = x\n[model]\nfamily = text_vae\ncell = gru\nforget_bias = 1\n";
    expect_check(gru, NULL, NULL);
    expect_check(gru, "model.forget_bias=0.5",
                 "--set: [model] forget_bias: belongs to cell = lstm or layer_norm_lstm, but cell = gru");
    expect_check(gru, "model.scheduled_sampling_epochs=2",
                 "--set: [model] scheduled_sampling_epochs: belongs to scheduled_sampling, which is 0");
    expect_check("[data]\ntrain_data = x\n[train]\nkl_rise = 0.5\n", NULL, NULL);
    expect_check("[data]\ntrain_data = x\n[train]\nkl_rise = 0.5\nkl_rate = 0.5\n", NULL,
                 "a.ini:5: [train] kl_rate: belongs to kl_schedule = exponential, but kl_schedule = linear");
    expect_check("[data]\ntrain_data = x\n[train]\nkl_schedule = exponential\nkl_rate = 0.5\n", NULL, NULL);
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (!key->needs) continue;
        const int needed = vae_config_key_find(key->section, key->needs);
        cr_assert_geq(needed, 0, "%s", key->name);
        cr_expect_leq(key->type, VAE_KEY_CHOICE, "%s", key->name);
        cr_expect_leq(vae_config_key(needed)->type, VAE_KEY_CHOICE, "%s", key->name);
        cr_expect_eq(key->values != 0, vae_config_key(needed)->type == VAE_KEY_CHOICE, "%s", key->name);
    }
}

/* What a sequence run writes reads back, each key under its own section; images have the keys as before. */
Test(config, families_of_sequences_write_no_keys_of_images)
{
    static const char *const sequences[] = {"text_vae", "sketch_rnn", "music_vae"};
    static const char *const of_images[] = {
        "\nlayers = ",   "\ndecoder_layers = ", "\nactivation = ", "\nlikelihood = ",
        "\nvariance = ", "\nmixtures = ",       "\nsamples = "};
    vae_config c, again;
    char *text;
    for (size_t f = 0; f < sizeof sequences / sizeof *sequences; ++f) {
        vae_config_defaults(&c);
        cr_assert_eq(vae_config_assign(&c, "model", "family", sequences[f]), VAE_OK);
        cr_assert_eq(vae_config_assign(&c, "data", "train_data", "x"), VAE_OK);
        cr_assert_eq(vae_config_assign(&c, "evaluate", "limit", "7"), VAE_OK);
        cr_assert_eq(vae_config_format(&c, &text), VAE_OK);
        for (size_t i = 0; i < sizeof of_images / sizeof *of_images; ++i)
            cr_expect_null(strstr(text, of_images[i]), "%s: %s", sequences[f], of_images[i]);
        vae_config_defaults(&again);
        cr_assert_eq(vae_config_parse(&again, text, "again"), VAE_OK, "%s", vae_error_message());
        cr_expect_eq(vae_config_check(&again), VAE_OK, "%s", vae_error_message());
        cr_expect_eq(memcmp(&c, &again, offsetof(vae_config, places)), 0);
        free(text);
    }
    vae_config_defaults(&c);
    cr_assert_eq(vae_config_format(&c, &text), VAE_OK);
    for (size_t i = 0; i < sizeof of_images / sizeof *of_images; ++i)
        cr_expect_not_null(strstr(text, of_images[i]), "%s", of_images[i]);
    free(text);
}

/* Mutations of a good file: any outcome but a crash, and a message for every failure. */
Test(config, survives_mutation)
{
    vae_config c;
    char *good;
    vae_config_defaults(&c);
    cr_assert_eq(vae_config_format(&c, &good), VAE_OK);
    const size_t length = strlen(good);
    char *text = malloc(length + 1);
    unsigned random = 1;
    int refused = 0;
    for (int round = 0; round < 3000; ++round) {
        memcpy(text, good, length + 1);
        for (int edit = 0; edit < 1 + round % 5; ++edit) {
            random = random * 1664525u + 1013904223u;
            text[(random >> 8) % length] = (char)(1 + (random >> 24) % 255);
        }
        vae_config_defaults(&c);
        if (vae_config_parse(&c, text, "mutant") == VAE_OK) continue;
        cr_assert_gt(strlen(vae_error_message()), 10);
        ++refused;
    }
    cr_assert_gt(refused, 500);
    free(text);
    free(good);
}

Test(nearest, counts_edits_and_swaps)
{
    cr_assert_eq(vae_edit_distance("latent", "latent"), 0);
    cr_assert_eq(vae_edit_distance("latnet", "latent"), 1);
    cr_assert_eq(vae_edit_distance("latet", "latent"), 1);
    cr_assert_eq(vae_edit_distance("", "abc"), 3);
    const char *names[] = {"epochs", "seed", "beta"};
    cr_assert_eq(vae_nearest("epoch", names, 3), 0);
    cr_assert_eq(vae_nearest("betta", names, 3), 2);
    cr_assert_eq(vae_nearest("qqqqqqq", names, 3), -1);
}

Test(config, a_name_belongs_to_one_family_and_its_values_have_room)
{
    for (int i = 0; i < vae_config_key_count(); ++i) {
        for (int k = 0; k < i; ++k) {
            const vae_key *a = vae_config_key(i), *b = vae_config_key(k);
            cr_expect(strcmp(a->section, b->section) != 0 || strcmp(a->name, b->name) != 0, "[%s] %s stands twice",
                      a->section, a->name);
        }
    }
    for (int family = 0; family < VAE_FAMILY_COUNT; ++family) {
        const vae_family_keys *keys = vae_family_keys_of(family);
        cr_expect_leq(keys->size, VAE_FAMILY_VALUES, "family = %s", keys->name);
        for (int32_t k = 0; k < keys->count; ++k)
            cr_expect_str_eq(keys->keys[k].section, "model", "%s", keys->keys[k].name);
    }
    for (int group = 0; group < VAE_KEY_GROUP_COUNT; ++group) {
        const vae_key_group *keys = vae_key_group_of(group);
        cr_expect_leq(keys->size, VAE_KEY_GROUP_VALUES, "%s", keys->summary);
        for (int32_t k = 0; k < keys->count; ++k)
            cr_expect_str_eq(keys->keys[k].section, "model", "%s", keys->keys[k].name);
    }
}

/* Values of families and groups lie beside one another, not over one another. */
Test(config, every_key_has_a_place_of_its_own)
{
    static vae_config a, b;
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (key->type != VAE_KEY_INTEGER) continue;
        vae_config_defaults(&a);
        vae_config_defaults(&b);
        *(int64_t *)vae_config_field(&a, i) += 1;
        cr_assert_neq(memcmp(&a, &b, sizeof a), 0, "%s", key->name);
        for (int k = 0; k < vae_config_key_count(); ++k) {
            const size_t size = vae_config_key(k)->type == VAE_KEY_CHOICE ? sizeof(int) : sizeof(int64_t);
            if (k == i) continue;
            cr_expect_eq(memcmp(vae_config_value(&a, k), vae_config_value(&b, k), size), 0, "%s changes %s", key->name,
                         vae_config_key(k)->name);
        }
    }
}

/* Each key, given to each family: refused with its line exactly where the family, or its kind of data, has no such key.
 */
Test(config, a_key_given_to_a_family_without_it_is_refused_with_its_line)
{
    static vae_config c;
    int refused = 0, groups = 0;
    for (int family = 0; family < VAE_FAMILY_COUNT; ++family) {
        for (int i = 0; i < vae_config_key_count(); ++i) {
            const vae_key *key = vae_config_key(i);
            char text[512], place[128];
            vae_config_defaults(&c);
            if (strcmp(key->name, "family") == 0 || strcmp(key->name, "train_data") == 0) continue;
            snprintf(text, sizeof text, "[model]\nfamily = %s\n[data]\ntrain_data = x\n[%s]\n%s = %s\n",
                     vae_family_keys_of(family)->name, key->section, key->name, key->initial);
            snprintf(place, sizeof place, "a.ini:6: [%s] %s: is a key of ", key->section, key->name);
            cr_assert_eq(vae_config_parse(&c, text, "a.ini"), VAE_OK, "%s", vae_error_message());
            const vae_status status = vae_config_check(&c);
            if (vae_config_has_key(&c, i)) {
                cr_expect(!status || !strstr(vae_error_message(), "is a key of"), "%s", vae_error_message());
                continue;
            }
            cr_expect_eq(status, VAE_ERROR_CONFIG, "family %d takes %s", family, key->name);
            cr_expect_eq(strncmp(vae_error_message(), place, strlen(place)), 0, "%s", vae_error_message());
            ++refused;
            groups += strcmp(key->name, "cell") == 0;
        }
    }
    cr_expect_gt(refused, 10);
    cr_expect_gt(groups, 0); /* families of images have no recurrent networks */
}

/* Which kinds of data have a key: those of its mask, or all. */
Test(config, keys_of_data_are_of_kinds)
{
    char text[64];
    const vae_key all = {.name = "a"}, some = {.kinds = 1 << VAE_KIND_TEXT | 1 << VAE_KIND_DRAWING};
    cr_expect(vae_key_is_of(&all, VAE_KIND_IMAGE) && vae_key_is_of(&all, VAE_KIND_DRAWING));
    cr_expect(!vae_key_is_of(&some, VAE_KIND_IMAGE) && vae_key_is_of(&some, VAE_KIND_TEXT));
    vae_key_kinds(&some, text, sizeof text);
    cr_expect_str_eq(text, "texts, drawings");
    const vae_key *crop = vae_config_key(vae_config_key_find("data", "crop"));
    cr_expect(vae_key_is_of(crop, VAE_KIND_IMAGE) && !vae_key_is_of(crop, VAE_KIND_TEXT));
}
