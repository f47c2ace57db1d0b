/* vae-cuda probe: what a plane through the latent space tells of an image. */
#include "model/probe.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/input.h"
#include "cli/kind_words.h"
#include "cli/probe_classes.h"
#include "cli/probe_column.h"
#include "cli/probe_side.h"
#include "cli/sequences.h"
#include "model/runtime.h"

/* Images and which of them have what is probed. */
typedef struct side {
    vae_probe_side images;
    int8_t *has;   /* [images.count] */
    int64_t label; /* what --label names among these images; -1: none */
    vae_cli_trait trait;
} side;

static vae_status open_side(const vae_cli_options *o, vae_model *model, const vae_dataset *dataset, const char *name,
                            side *s)
{
    VAE_TRY(vae_probe_side_open(o, model, dataset, name, &s->images));
    s->has = calloc((size_t)s->images.count, sizeof *s->has);
    return s->has ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
}

static vae_status find_members(side *s)
{
    const int64_t images = s->images.part.dataset->count;
    VAE_TRY(vae_cli_part_membership(&s->images.part, &s->trait, s->has));
    if (s->images.count > images) memcpy(s->has + images, s->has, (size_t)images * sizeof *s->has);
    return VAE_OK;
}

static void close_side(side *s)
{
    vae_probe_side_close(&s->images);
    free(s->has);
}

static int64_t count_members(const side *s, int8_t wanted)
{
    int64_t count = 0;
    for (int64_t i = 0; i < s->images.part.dataset->count; ++i)
        count += s->has[i] == wanted;
    return count;
}

static double accuracy(const vae_probe *probe, const side *s)
{
    return vae_probe_balanced_accuracy(probe, s->images.codes, s->has, s->images.count);
}

static void print_unknown(const side *s)
{
    const int64_t unknown = count_members(s, -1);
    if (unknown > 0) printf(", %" PRId64 " not known", unknown);
}

static void print_line(const char *name, const vae_probe *probe, const side *train, const side *test)
{
    printf("%-20s %7.4f", name, accuracy(probe, train));
    /* Balanced over two classes: there is none where only one is there. */
    if (test->images.codes && count_members(test, 0) > 0 && count_members(test, 1) > 0) {
        printf(" %7.4f", accuracy(probe, test));
    } else {
        printf(" %7s", "-");
    }
    printf("   %" PRId64 " with, %" PRId64 " without", count_members(train, 1), count_members(train, 0));
    print_unknown(train);
    if (test->images.codes) {
        printf("; test %" PRId64 ", %" PRId64, count_members(test, 1), count_members(test, 0));
        print_unknown(test);
    }
    putchar('\n');
}

/* The probe of what the training images' trait says, which is called `name` in the test images' table too. */
static vae_status probe_trait(const vae_cli_options *o, const char *name, side *train, side *test)
{
    VAE_TRY(find_members(train));
    if (test->images.codes) {
        test->trait.label = test->label;
        if (!o->label) VAE_TRY(vae_cli_part_find(&test->images.part, name, &test->trait));
        VAE_TRY(find_members(test));
    }
    vae_probe probe;
    const vae_status status =
        vae_probe_fit(train->images.codes, train->has, train->images.count, train->images.latent, o->l2, &probe);
    if (status) return vae_cli_probe_fail(o, name, status);
    print_line(name, &probe, train, test);
    vae_probe_free(&probe);
    return VAE_OK;
}

static vae_status probe_column(const vae_cli_options *o, side *train, side *test, int64_t column)
{
    const vae_attribute *attribute = &train->images.part.table.columns[column];
    train->trait = (vae_cli_trait){-1, column, -1};
    if (attribute->kind == VAE_ATTRIBUTE_BINARY) return probe_trait(o, attribute->name, train, test);
    return vae_cli_probe_column(o, &train->images, test->images.codes ? &test->images : NULL, column);
}

/* The label, the attribute, or all of them. */
static vae_status probe_all(const vae_cli_options *o, side *train, side *test)
{
    char label[VAE_CLI_LABEL_SIZE];
    const vae_attribute_table *table = &train->images.part.table;
    train->trait = (vae_cli_trait){train->label, -1, -1};
    if (o->attribute) VAE_TRY(vae_cli_part_find(&train->images.part, o->attribute, &train->trait));
    if (!o->quiet)
        printf("%-20s %7s %7s   balanced accuracy of a linear probe on posterior means\n", "", "train", "test");
    if (o->label) {
        vae_cli_name_label(train->images.part.dataset, train->label, label);
        return probe_trait(o, label, train, test);
    }
    if (train->trait.class >= 0) return probe_trait(o, o->attribute, train, test);
    if (o->attribute) return probe_column(o, train, test, train->trait.column);
    for (int64_t column = 0; column < table->count; ++column)
        VAE_TRY(probe_column(o, train, test, column));
    return VAE_OK;
}

/* Test images are looked at where there are some and what is asked of them is known. */
static bool has_test(const vae_cli_options *o, const vae_model *model, const vae_dataset *test)
{
    if (o->images.input) return true;
    if (test->count == 0) return false;
    if (o->label) return test->labels != NULL;
    return o->test_attributes || vae_model_config(model)->data.test_attributes[0];
}

/* The class of the training images among those of --input: by its name, which is its number where it has
 * no other. */
static vae_status find_class(const vae_cli_options *o, const vae_dataset *train, const vae_dataset *given,
                             int64_t of_train, int64_t *label)
{
    char number[24];
    const char *name = vae_classes_name(&train->classes, of_train);
    *label = of_train;
    if (!o->images.input || !o->label || given->classes.count == 0) return VAE_OK;
    snprintf(number, sizeof number, "%" PRId64, of_train);
    if (!name) name = number; /* subfolders 0 to 9, say */
    *label = vae_classes_find(&given->classes, name);
    if (*label >= 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG,
                         "--input: %s: has no class '%s'; its subfolders are named as the classes are", o->images.input,
                         name);
}

static vae_status check_input(const vae_cli_options *o)
{
    if (!o->images.input || o->label || o->classes || o->test_attributes) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--input: name its attributes with --test-attributes FILE, or a class of "
                                             "its subfolders with --label, or all with --classes");
}

static vae_status probe_parts(const vae_cli_options *o, vae_model *model, const vae_dataset *train_images,
                              const vae_dataset *test_images, int64_t label)
{
    side train = {.label = label}, test = {.label = -1};
    vae_status status = find_class(o, train_images, test_images, label, &test.label);
    if (!status) status = open_side(o, model, train_images, "train", &train);
    if (!status && has_test(o, model, test_images)) status = open_side(o, model, test_images, "test", &test);
    if (!status) status = probe_all(o, &train, &test);
    close_side(&train);
    close_side(&test);
    return status;
}

static vae_status read_given(const vae_cli_options *o, const vae_model *model, vae_dataset *given)
{
    const vae_model_shape s = vae_model_get_shape(model);
    const int64_t shape[] = {s.height, s.width, s.channels};
    if (!o->images.input) return VAE_OK;
    VAE_TRY(vae_cli_read_input(vae_model_config(model), vae_model_attached(model, VAE_ATTACHMENT_COLUMN_NAMES), shape,
                               &o->images, false, given));
    if (given->labels || !(o->label || o->classes)) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG, "--input: %s: has no classes; %s needs a folder with subfolders",
                         o->images.input, o->label ? "--label" : "--classes");
}

/* Those of --input, the test images, or, as labels come along with them, the validation images of a run that has no
 * others. */
static vae_status choose_test(const vae_cli_options *o, const vae_splits *splits, const vae_dataset *given,
                              const vae_dataset **test)
{
    *test = o->images.input ? given : &splits->test;
    if ((*test)->count > 0 || splits->validation.count == 0 || !(o->label || o->classes)) return VAE_OK;
    return vae_cli_find_split(splits, NULL, test, NULL);
}

static vae_status probe(vae_cli_options *o, vae_model *model)
{
    vae_splits splits;
    vae_dataset given = {.count = 0};
    int64_t label = -1;
    VAE_TRY(vae_cli_check_codes(model, "probe"));
    VAE_TRY(vae_cli_splits_open(model, &splits));
    vae_status status = o->label ? vae_dataset_find_label(&splits.train, "--label", o->label, &label) : VAE_OK;
    if (!status) status = read_given(o, model, &given);
    const vae_dataset *test = NULL;
    if (!status) status = choose_test(o, &splits, &given, &test);
    if (!status && o->classes) status = vae_cli_probe_classes(o, model, &splits.train, test);
    if (!status && !o->classes) status = probe_parts(o, model, &splits.train, test, label);
    vae_dataset_free(&given);
    vae_splits_free(&splits);
    return status;
}

static vae_status run(vae_cli_options *o)
{
    if (o->kind != VAE_KIND_IMAGE && o->images.input) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "--input is for models of images here, but this one is of %s: labels "
                             "of sequences come with the run's data",
                             vae_kind_words_of(o->kind)->kind);
    }
    if ((o->label || o->classes) && (o->attribute || o->attributes || o->test_attributes)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s and attributes cannot both be given",
                             o->label ? "--label" : "--classes");
    }
    if (o->label && o->classes) return vae_error_set(VAE_ERROR_ARGUMENT, "--label and --classes cannot both be given");
    VAE_TRY(vae_cli_input_check(&o->images));
    VAE_TRY(check_input(o));
    if (o->out) return vae_error_set(VAE_ERROR_ARGUMENT, "--out: probe prints its results and writes no file");
    return vae_cli_use_model(o, NULL, 0, probe);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_ATTRIBUTE, .group = 2, .help = "this attribute only, instead of all"},
    {VAE_OPTION_LABEL, .group = 2,
     .help = "images of that class, a name or a number, against the rest, instead of attributes"},
    {VAE_OPTION_CLASSES, .group = 2},
    {VAE_OPTION_ATTRIBUTES, .group = 2,
     .help =
         "attributes of the training images, CSV or CelebA's list, instead of the run's: a header of names, then one "
         "line per image, starting with its file name if it has one; 1: has the attribute, 0 or -1: lacks it; or "
         "numbers, or names. An empty field means not known, and so does -1 in a column that has 0 as well; such "
         "images are left out and counted"},
    {VAE_OPTION_TEST_ATTRIBUTES, .group = 2},
    {VAE_OPTION_L2, .group = 2, .initial = "0.001"},
    {VAE_OPTION_OUT, .group = 1},
    VAE_CLI_MODEL_PICKS,
    VAE_CLI_INPUT_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_probe = {
    .name = "probe",
    .summary = "measure what a linear probe can tell from codes",
    .description =
        "Fits a logistic regression to the codes of the training images for each attribute, both classes weighing "
        "the same, and prints its balanced accuracy on training and test images, or on those of --input, whose "
        "subfolders are the classes of --label or whose attributes --test-attributes names: how well a plane "
        "through the latent space separates images with the attribute from those without. Where the run mirrored "
        "its training images (flip = horizontal), the probe learns from their mirror images too. With --classes it "
        "is a multinomial logistic regression of all classes, each image weighing the same, and what is printed is "
        "the share of images that it gives their own class; for attributes that are numbers, an age say, it is R², "
        "what a line explains of them.",
    .picks = picks,
    .run = run,
};
