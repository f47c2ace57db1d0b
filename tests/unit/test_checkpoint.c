/* model/checkpoint.h: what is saved comes back bit for bit; damage of every kind is one clear error. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "core/file.h"
#include "model/checkpoint.h"
#include "model/safetensors.h"
#include "unit/temporary.h"

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "x.safetensors"), VAE_OK);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(checkpoint, .init = setup, .fini = teardown);

static double value_of(int arena, int64_t element)
{
    return sin((double)(element * 7 + arena)) / 3.0;
}

/* A small model with every number of its own. Padding stays zero, as in a store. */
static vae_checkpoint make_checkpoint(vae_dtype dtype)
{
    vae_checkpoint checkpoint = {.dtype = dtype, .design.input = {3, 2, 1, 1.0 / 255.0, -0.1}};
    vae_config_defaults(&checkpoint.design.config);
    strcpy(checkpoint.design.config.data.train_data, "somewhere/images");
    checkpoint.design.config.model.latent.size[0] = 2;
    cr_assert_eq(vae_layers_parse("5, 4", &checkpoint.design.config.model.encoder), VAE_OK);
    checkpoint.design.config.train.learning_rate = 0.1 + 0.2;
    checkpoint.design.config.train.seed = 9007199254740991;
    checkpoint.progress = (vae_progress){.epoch = 3,
                                         .step = 12345678901234,
                                         .best_loss = 1.0 / 3.0,
                                         .epochs_since_best = 2,
                                         .schedule_waits = 1,
                                         .schedule_drops = 4,
                                         .epoch_sums = {0.1, 1e300, 5e-324, -0.0, 7},
                                         .interval_sums = {1.5, 2.5, 3.5, 4.5, 1.0 / 7.0},
                                         .metric_lines = 42,
                                         .train_images = 60000};
    cr_assert_eq(vae_design_resolve(&checkpoint.design), VAE_OK);
    for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
        if (arena == VAE_ARENA_GRADIENTS) continue;
        checkpoint.arenas[arena] = calloc((size_t)checkpoint.design.layout.elements, vae_dtype_size(dtype));
        for (int32_t p = 0; p < checkpoint.design.layout.count; ++p) {
            const vae_parameter *parameter = &checkpoint.design.layout.parameters[p];
            for (int64_t i = 0; i < vae_shape_elements(&parameter->shape); ++i) {
                const int64_t element = parameter->offset + i;
                if (dtype == VAE_FLOAT64) ((double *)checkpoint.arenas[arena])[element] = value_of(arena, element);
                if (dtype == VAE_FLOAT32)
                    ((float *)checkpoint.arenas[arena])[element] = (float)value_of(arena, element);
            }
        }
    }
    return checkpoint;
}

static bool same(const vae_checkpoint *a, const vae_checkpoint *b)
{
    bool equal = memcmp(&a->design.config, &b->design.config, offsetof(vae_config, source)) == 0 &&
                 memcmp(&a->design.input, &b->design.input, sizeof a->design.input) == 0 &&
                 memcmp(&a->progress, &b->progress, sizeof a->progress) == 0 && a->dtype == b->dtype &&
                 a->design.layout.elements == b->design.layout.elements;
    for (int arena = 0; equal && arena < VAE_ARENA_COUNT; ++arena) {
        equal = !a->arenas[arena] == !b->arenas[arena];
        if (!equal || !a->arenas[arena]) continue;
        equal = memcmp(a->arenas[arena], b->arenas[arena],
                       (size_t)a->design.layout.elements * vae_dtype_size(a->dtype)) == 0;
    }
    return equal;
}

static void expect_round_trip(vae_checkpoint *checkpoint)
{
    vae_checkpoint back;
    cr_assert_eq(vae_checkpoint_write(checkpoint, path), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_checkpoint_read(path, &back), VAE_OK, "%s", vae_error_message());
    cr_expect(same(checkpoint, &back));
    vae_checkpoint_free(&back);
    vae_checkpoint_free(checkpoint);
}

Test(checkpoint, all_comes_back_in_single_precision)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32);
    expect_round_trip(&checkpoint);
}

Test(checkpoint, all_comes_back_in_double_precision)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT64);
    checkpoint.progress.best_loss = INFINITY;
    checkpoint.progress.encoder_updates = 1234567890123;
    checkpoint.progress.encoder_caught_up = 7;
    checkpoint.progress.mutual_information = 0.1;
    expect_round_trip(&checkpoint);
}

Test(checkpoint, moments_may_be_absent)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32);
    for (int arena = VAE_ARENA_FIRST_MOMENT; arena < VAE_ARENA_COUNT; ++arena) {
        free(checkpoint.arenas[arena]);
        checkpoint.arenas[arena] = NULL;
    }
    expect_round_trip(&checkpoint);
}

Test(checkpoint, the_run_folder_is_not_in_it)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32), back;
    strcpy(checkpoint.design.config.run.out, "runs/here");
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK);
    cr_assert_eq(vae_checkpoint_read(path, &back), VAE_OK);
    cr_expect_str_empty(back.design.config.run.out);
    vae_checkpoint_free(&back);
    vae_checkpoint_free(&checkpoint);
}

Test(checkpoint, other_programs_can_tell_what_it_holds)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32);
    vae_safetensors_file *file;
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK);
    cr_assert_eq(vae_safetensors_read(path, &file), VAE_OK);
    cr_expect_str_eq(vae_safetensors_metadata(file, "format_version"), "2");
    cr_expect_str_eq(vae_safetensors_metadata(file, "input.type"), "uint8");
    cr_expect_str_eq(vae_safetensors_metadata(file, "epoch_sums.kl"), "0x1.7e43c8800759cp+996");
    cr_expect_str_eq(vae_safetensors_metadata(file, "weight_layout"), "in,out");
    cr_expect_str_eq(vae_safetensors_metadata(file, "step"), "12345678901234");
    cr_expect_str_eq(vae_safetensors_metadata(file, "best_loss"), "0x1.5555555555555p-2");
    cr_expect_not_null(strstr(vae_safetensors_metadata(file, "config"), "latent = 2"));
    const vae_safetensor *weight = vae_safetensors_find(file, "encoder.0.weight");
    cr_assert_not_null(weight);
    cr_expect_eq(weight->shape.size[0], 6);
    cr_expect_eq(weight->shape.size[1], 5);
    cr_expect_not_null(vae_safetensors_find(file, "adam.first_moment.output.bias"));
    cr_expect_not_null(vae_safetensors_find(file, "adam.second_moment.output.bias"));
    vae_safetensors_free(file);
    vae_checkpoint_free(&checkpoint);
}

Test(checkpoint, numbers_that_are_not_finite_are_not_written)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32), back;
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK);
    ((float *)checkpoint.arenas[VAE_ARENA_SECOND_MOMENT])[checkpoint.design.layout.parameters[1].offset + 3] = NAN;
    cr_expect_eq(vae_checkpoint_write(&checkpoint, path), VAE_ERROR_NUMERIC);
    cr_expect_not_null(strstr(vae_error_message(), "adam.second_moment.encoder.0.bias"), "%s", vae_error_message());
    cr_expect_eq(vae_checkpoint_read(path, &back), VAE_OK, "the old file must still be there");
    vae_checkpoint_free(&back);
    vae_checkpoint_free(&checkpoint);
}

/* ---- What goes along ---- */

Test(checkpoint, bytes_that_go_along_come_back_and_are_covered_by_the_checksum)
{
    static const char names[] = "seven\0a cat\0\303\251t\303\251";
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32), back;
    cr_assert_eq(vae_checkpoint_attach(&checkpoint, "data.vocabulary", "x", 1), VAE_OK);
    cr_assert_eq(vae_checkpoint_attach(&checkpoint, VAE_ATTACHMENT_CLASS_NAMES, names, sizeof names), VAE_OK);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_checkpoint_read(path, &back), VAE_OK, "%s", vae_error_message());
    cr_expect(same(&checkpoint, &back));
    const vae_attachment *found = vae_checkpoint_attached(&back, VAE_ATTACHMENT_CLASS_NAMES);
    cr_assert_not_null(found);
    cr_assert_eq(found->size, (int64_t)sizeof names);
    cr_expect_arr_eq(found->data, names, sizeof names);
    cr_expect_null(vae_checkpoint_attached(&back, "data.column_names"));
    vae_checkpoint_free(&back);
    vae_checkpoint_free(&checkpoint);
    size_t size;
    void *content;
    cr_assert_eq(vae_file_read(path, 1 << 20, &content, &size), VAE_OK);
    char *seven = memmem(content, size, "seven", 5);
    cr_assert_not_null(seven);
    seven[0] = 'S';
    FILE *file = fopen(path, "wb");
    cr_assert_eq(fwrite(content, 1, size, file), size);
    fclose(file);
    free(content);
    cr_expect_eq(vae_checkpoint_read(path, &back), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "is damaged"), "%s", vae_error_message());
}

/* ---- Files that are not right ---- */

enum { TEXTS = 64 };

static void *read_bytes(size_t *size)
{
    void *bytes;
    cr_assert_eq(vae_file_read(path, 1 << 20, &bytes, size), VAE_OK);
    return bytes;
}

static void write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void expect_refused(vae_status expected, const char *words)
{
    vae_checkpoint back;
    const vae_status status = vae_checkpoint_read(path, &back);
    cr_expect_eq(status, expected, "%s: %s", vae_status_name(status), vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_not_null(strstr(vae_error_message(), path), "'%s' lacks the path", vae_error_message());
}

/* All metadata but the checksum, with one text changed (NULL: left out), in the opposite order. */
static int32_t change_metadata(const vae_safetensors_file *file, const char *key, const char *text,
                               vae_safetensors_text texts[TEXTS])
{
    int32_t count = 0;
    for (int32_t i = vae_safetensors_metadata_count(file) - 1; i >= 0; --i) {
        vae_safetensors_text entry = vae_safetensors_metadata_get(file, i);
        if (strcmp(entry.key, "crc32") == 0) continue;
        if (strcmp(entry.key, key) == 0) entry.text = text;
        if (entry.text) texts[count++] = entry;
    }
    return count;
}

/* Writes a checkpoint anew as a tool would. */
static void rewrite(const char *key, const char *text)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK);
    vae_checkpoint_free(&checkpoint);
    vae_safetensors_file *file;
    vae_safetensors_text texts[TEXTS];
    cr_assert_eq(vae_safetensors_read(path, &file), VAE_OK);
    const int32_t count = change_metadata(file, key, text, texts);
    cr_assert_eq(vae_safetensors_write(path, texts, count, vae_safetensors_get(file, 0), vae_safetensors_count(file)),
                 VAE_OK);
    vae_safetensors_free(file);
}

Test(checkpoint, a_tool_may_rewrite_it_without_the_checksum)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32), back;
    rewrite("", NULL);
    cr_assert_eq(vae_checkpoint_read(path, &back), VAE_OK, "%s", vae_error_message());
    cr_expect(same(&checkpoint, &back));
    vae_checkpoint_free(&back);
    vae_checkpoint_free(&checkpoint);
}

Test(checkpoint, the_type_of_the_data_comes_back)
{
    for (int floats = 0; floats < 2; ++floats) {
        vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32), back;
        vae_safetensors_file *file;
        checkpoint.design.input.dtype = floats ? VAE_FLOAT32 : VAE_UINT8;
        cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_checkpoint_read(path, &back), VAE_OK, "%s", vae_error_message());
        cr_expect(same(&checkpoint, &back));
        cr_assert_eq(vae_safetensors_read(path, &file), VAE_OK);
        const char *type = vae_safetensors_metadata(file, "input.type");
        cr_expect_str_eq(type, floats ? "float32" : "uint8");
        vae_safetensors_free(file);
        vae_checkpoint_free(&back);
        vae_checkpoint_free(&checkpoint);
    }
}

Test(checkpoint, metadata_that_is_foreign_or_wrong)
{
    static const struct {
        const char *key, *text, *words;
        vae_status status;
    } cases[] = {
        {"format", NULL, "not a checkpoint of vae-cuda", VAE_ERROR_FORMAT},
        {"format", "pt", "not a checkpoint of vae-cuda", VAE_ERROR_FORMAT},
        {"format_version", "3", "version 3", VAE_ERROR_FORMAT},
        {"format_version", "one", "format_version", VAE_ERROR_FORMAT},
        {"weight_layout", "out,in", "out,in", VAE_ERROR_FORMAT},
        {"config", NULL, "'config' is missing", VAE_ERROR_FORMAT},
        {"config", "[model]\nlatnet = 3\n", "latnet", VAE_ERROR_FORMAT},
        {"config", "", "train_data", VAE_ERROR_FORMAT},
        {"config", "[model]\nlatent = 3\nlayers = 5 4\n[data]\ntrain_data = x\n", "posterior.weight", VAE_ERROR_SHAPE},
        {"config", "[model]\nlatent = 2\nlayers = 5\n[data]\ntrain_data = x\n", "posterior.weight", VAE_ERROR_SHAPE},
        {"config", "[model]\nlatent = 2\nlayers = 5 4 3\n[data]\ntrain_data = x\n", "encoder.2.weight",
         VAE_ERROR_SHAPE},
        {"config", "[model]\nlatent = 2\nlayers = 1048576 1048576\n[data]\ntrain_data = x\n", "encoder.1.weight",
         VAE_ERROR_CONFIG},
        {"input.height", "4", "encoder.0.weight", VAE_ERROR_SHAPE},
        {"input.height", "0", "input.height", VAE_ERROR_FORMAT},
        {"input.width", "99999999999999999999", "input.width", VAE_ERROR_FORMAT},
        {"input.channels", "1.5", "input.channels", VAE_ERROR_FORMAT},
        {"input.scale", "nan", "input.scale", VAE_ERROR_FORMAT},
        {"input.scale", "0", "input.scale", VAE_ERROR_FORMAT},
        {"input.shift", "0x1p+0 1", "input.shift", VAE_ERROR_FORMAT},
        {"input.type", "int16", "'input.type' is 'int16', expected uint8, float32 or int32", VAE_ERROR_FORMAT},
        {"step", "-1", "'step'", VAE_ERROR_FORMAT},
        {"step", NULL, "'step' is missing", VAE_ERROR_FORMAT},
        {"best_loss", "low", "best_loss", VAE_ERROR_FORMAT},
        {"epoch_sums.kl", "0x0p+0 0x0p+0", "epoch_sums.kl", VAE_ERROR_FORMAT},
        {"metric_lines", "", "metric_lines", VAE_ERROR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rewrite(cases[i].key, cases[i].text);
        expect_refused(cases[i].status, cases[i].words);
    }
}

/* Earlier versions wrote more keys; and where what is given since then is at fault, no line of the metadata is named.
 */
Test(checkpoint, keys_without_effect_are_no_fault_of_it)
{
    vae_checkpoint back;
    rewrite("config",
            "[model]\nlatent = 2\nlayers = 5, 4\ncell = gru\n[data]\ntrain_data = x\n[train]\nkl_rise = 0.3\n");
    cr_assert_eq(vae_checkpoint_read(path, &back), VAE_OK, "%s", vae_error_message());
    vae_config *config = &back.design.config;
    cr_assert_eq(vae_error_set(VAE_ERROR_IO, "lost"), VAE_ERROR_IO);
    cr_expect_eq(vae_config_blame(config, VAE_ERROR_IO, "data", "train_data"), VAE_ERROR_IO);
    cr_expect_str_eq(vae_error_message(), "lost");
    config->places.of_run = true;
    vae_config_blame(config, VAE_ERROR_IO, "data", "train_data");
    cr_expect_str_eq(vae_error_message(), "the run's configuration: lost");
    cr_assert_eq(vae_config_set(config, "train.kl_rise=0.4"), VAE_OK);
    cr_expect_eq(vae_config_check(config), VAE_ERROR_CONFIG);
    vae_checkpoint_free(&back);
}

static void expect_tensors_refused(const vae_safetensor *tensors, int32_t count, vae_status status, const char *words)
{
    vae_safetensors_file *file;
    vae_safetensors_text texts[TEXTS];
    rewrite("", NULL);
    cr_assert_eq(vae_safetensors_read(path, &file), VAE_OK);
    const int32_t texts_count = change_metadata(file, "", NULL, texts);
    cr_assert_eq(vae_safetensors_write(path, texts, texts_count, tensors, count), VAE_OK);
    vae_safetensors_free(file);
    expect_refused(status, words);
}

Test(checkpoint, tensors_that_are_missing_too_many_or_of_another_kind)
{
    static const double zeros[64];
    static float bad[64] = {0, 0, 0, INFINITY};
    vae_safetensor tensors[64];
    rewrite("", NULL);
    vae_safetensors_file *file;
    cr_assert_eq(vae_safetensors_read(path, &file), VAE_OK);
    const int32_t count = vae_safetensors_count(file);
    cr_assert_leq(count, 60);
    memcpy(tensors, vae_safetensors_get(file, 0), (size_t)count * sizeof *tensors);
    expect_tensors_refused(tensors, 0, VAE_ERROR_SHAPE, "encoder.0.weight");
    expect_tensors_refused(tensors, count - 1, VAE_ERROR_SHAPE, "adam.second_moment.output.bias");
    tensors[count] = (vae_safetensor){"stranger", VAE_FLOAT32, vae_shape_vector(2), zeros, 0};
    expect_tensors_refused(tensors, count + 1, VAE_ERROR_SHAPE, "tensors");
    const vae_safetensor bias = tensors[1];
    tensors[1].dtype = VAE_FLOAT64;
    tensors[1].data = zeros;
    expect_tensors_refused(tensors, count, VAE_ERROR_FORMAT, "encoder.0.bias");
    tensors[1] = bias;
    tensors[1].data = bad;
    expect_tensors_refused(tensors, count, VAE_ERROR_FORMAT, "encoder.0.bias");
    vae_safetensors_free(file);
}

Test(checkpoint, files_that_are_none)
{
    vae_checkpoint back;
    cr_expect_eq(vae_checkpoint_read(path, &back), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), path));
    write_bytes("", 0);
    expect_refused(VAE_ERROR_FORMAT, "safetensors");
    char png[5000] = "\x89PNG\r\n\x1a\n";
    write_bytes(png, sizeof png);
    expect_refused(VAE_ERROR_FORMAT, "safetensors");
    write_bytes("\x02\0\0\0\0\0\0\0{}", 10);
    expect_refused(VAE_ERROR_FORMAT, "not a checkpoint of vae-cuda");
}

/* One bit changed at a time (every seventh in the header, every 37th in the tensors), and many lengths: each is an
 * error, or it changed nothing that counts. */
Test(checkpoint, no_damage_goes_unseen, .timeout = 120)
{
    vae_checkpoint checkpoint = make_checkpoint(VAE_FLOAT32), back;
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK);
    size_t size;
    char *bytes = read_bytes(&size);
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    int unseen = 0;
    const size_t header_bits = 8 * (8 + (size_t)header);
    for (size_t bit = 0; bit < size * 8; bit += bit < 64 ? 1 : bit < header_bits ? 7 : 37) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        write_bytes(bytes, size);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        if (vae_checkpoint_read(path, &back)) {
            cr_assert_not_null(strstr(vae_error_message(), path), "'%s' lacks the path", vae_error_message());
            continue;
        }
        ++unseen;
        cr_assert(same(&checkpoint, &back), "bit %zu of byte %zu changes what is read", bit % 8, bit / 8);
        vae_checkpoint_free(&back);
    }
    /* The name of the checksum, spaces at the header's end, metadata that is not read. */
    cr_expect_lt(unseen, 150, "%d changes were not seen", unseen);
    for (size_t length = 0; length < size; length += length < 64 ? 1 : 37) {
        write_bytes(bytes, length);
        cr_assert_eq(vae_checkpoint_read(path, &back), VAE_ERROR_FORMAT, "cut to %zu bytes", length);
    }
    free(bytes);
    vae_checkpoint_free(&checkpoint);
}
