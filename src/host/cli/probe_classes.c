/* Numbers the classes that occur, fits a probe of all of them, and prints accuracies: of all images, and by class. */
#include "cli/probe_classes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/probe_side.h"
#include "model/class_probe.h"

/* Of more classes than this, top-TOP accuracies are printed, and by class only the worst and best SHOWN. */
enum { FEW_CLASSES = 10, TOP = 5, SHOWN = 5 };

/* One side, and what came of it. */
typedef struct outcome {
    vae_probe_side side;
    int32_t *labels; /* [side.count], as the probe numbers classes: those that training images are of; -1: another */
    int64_t *ranks;  /* [side.count] */
    int64_t *images; /* [classes]: how many there are */
    int64_t *right;  /* [classes]: and how many are told right */
    int64_t unknown; /* images of other classes */
} outcome;

typedef struct probing {
    const vae_cli_options *options;
    int64_t classes;
    int64_t *class_of; /* [classes]: number of the probe's class among those of the training images */
    int32_t *probed;   /* [known]: and back; -1: no training image is of it */
    int64_t known;
    outcome train, test;
} probing;

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "probe: out of memory for labels");
}

/* ---- Classes ---- */

static vae_status find_classes(probing *p, const vae_dataset *train)
{
    if (!train->labels) {
        return vae_error_set(VAE_ERROR_CONFIG, "--classes: the run's [data] has no train_labels");
    }
    for (int64_t i = 0; i < train->count; ++i)
        p->known = train->labels[i] >= p->known ? train->labels[i] + 1 : p->known;
    p->probed = malloc((size_t)p->known * sizeof *p->probed);
    p->class_of = malloc((size_t)p->known * sizeof *p->class_of);
    if (!p->probed || !p->class_of) return no_memory();
    memset(p->probed, -1, (size_t)p->known * sizeof *p->probed);
    for (int64_t i = 0; i < train->count; ++i)
        p->probed[train->labels[i]] = 0;
    for (int64_t k = 0; k < p->known; ++k) {
        if (p->probed[k] < 0) continue;
        p->class_of[p->classes] = k;
        p->probed[k] = (int32_t)p->classes++;
    }
    return VAE_OK;
}

/* The training images' number of a class of `other`; -1: they have none. */
static int64_t find_class(const vae_classes *train, const vae_classes *other, int32_t label)
{
    char digits[16];
    const char *name = vae_classes_name(other, label);
    snprintf(digits, sizeof digits, "%" PRId32, label);
    if (!name) name = digits;
    if (train->count > 0) return vae_classes_find(train, name);
    return vae_classes_is_integer(name) ? strtoll(name, NULL, 10) : -1;
}

/* Labels of images, and of the mirror images that follow them. */
static vae_status number_labels(const probing *p, const vae_dataset *train, outcome *o)
{
    const vae_dataset *dataset = o->side.part.dataset;
    o->labels = malloc((size_t)o->side.count * sizeof *o->labels);
    o->ranks = malloc((size_t)o->side.count * sizeof *o->ranks);
    o->images = calloc((size_t)p->classes, 2 * sizeof *o->images);
    if (!o->labels || !o->ranks || !o->images) return no_memory();
    o->right = o->images + p->classes;
    for (int64_t i = 0; i < o->side.count; ++i) {
        const int64_t class = find_class(&train->classes, &dataset->classes, dataset->labels[i % dataset->count]);
        o->labels[i] = class >= 0 && class < p->known ? p->probed[class] : -1;
    }
    return VAE_OK;
}

/* ---- Output ---- */

static double share(int64_t part, int64_t whole)
{
    return (double)part / (double)whole;
}

static int64_t known_images(const outcome *o)
{
    return o->side.part.dataset->count - o->unknown;
}

/* How many images have the right class among the first `top`. */
static int64_t count_top(const outcome *o, int64_t top)
{
    int64_t count = 0;
    for (int64_t i = 0; i < o->side.part.dataset->count; ++i)
        count += o->ranks[i] >= 0 && o->ranks[i] < top;
    return count;
}

static void print_shares(const char *name, int64_t train, int64_t train_images, int64_t test, int64_t test_images)
{
    printf("%-20s %7.4f", name, share(train, train_images));
    if (test_images > 0) {
        printf(" %7.4f", share(test, test_images));
    } else {
        printf(" %7s", "-");
    }
}

static void print_top(const probing *p, const char *name, int64_t top)
{
    const outcome *train = &p->train, *test = &p->test;
    const bool tested = test->side.codes != NULL;
    print_shares(name, count_top(train, top), known_images(train), tested ? count_top(test, top) : 0,
                 tested ? known_images(test) : 0);
    printf("   %" PRId64 " images", known_images(train));
    if (tested) printf("; test %" PRId64, known_images(test));
    if (test->unknown > 0) printf(", %" PRId64 " of classes that no training image has", test->unknown);
    putchar('\n');
}

static void print_class(const probing *p, int64_t k)
{
    char name[VAE_CLI_LABEL_SIZE];
    const bool tested = p->test.side.codes != NULL;
    vae_cli_name_label(p->train.side.part.dataset, p->class_of[k], name);
    print_shares(name, p->train.right[k], p->train.images[k], tested ? p->test.right[k] : 0,
                 tested ? p->test.images[k] : 0);
    printf("   %" PRId64, p->train.images[k]);
    if (tested) printf("; test %" PRId64, p->test.images[k]);
    putchar('\n');
}

/* A class and the share of its images that are told right. */
typedef struct standing {
    double share;
    int64_t class;
} standing;

static int by_share(const void *a, const void *b)
{
    const standing *first = a, *second = b;
    if (first->share != second->share) return first->share < second->share ? -1 : 1;
    return (first->class > second->class) - (first->class < second->class);
}

/* Where there are many, the worst and the best, by test images where there are some. */
static vae_status print_extremes(const probing *p)
{
    const outcome *o = p->test.side.codes ? &p->test : &p->train;
    standing *standings = malloc((size_t)p->classes * sizeof *standings);
    int64_t count = 0;
    if (!standings) return no_memory();
    for (int64_t k = 0; k < p->classes; ++k) {
        if (o->images[k] > 0) standings[count++] = (standing){share(o->right[k], o->images[k]), k};
    }
    qsort(standings, (size_t)count, sizeof *standings, by_share);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t left = count - i;
        if (i == 0) printf("the worst\n");
        if (i >= SHOWN && left > SHOWN) continue;
        if (left == SHOWN && i >= SHOWN) printf("the best\n");
        print_class(p, standings[i].class);
    }
    free(standings);
    return VAE_OK;
}

static vae_status print_all(const probing *p)
{
    if (!p->options->quiet) {
        printf("%-20s %7s %7s   accuracy of a linear probe of %" PRId64 " classes on posterior means\n", "", "train",
               "test", p->classes);
    }
    print_top(p, "accuracy", 1);
    if (p->classes > FEW_CLASSES) {
        print_top(p, "top 5", TOP);
        return print_extremes(p);
    }
    for (int64_t k = 0; k < p->classes; ++k)
        print_class(p, k);
    return VAE_OK;
}

/* ---- Both sides ---- */

static vae_labelled_codes codes_of(const probing *p, const outcome *o)
{
    return (vae_labelled_codes){o->side.codes, o->labels, o->side.count, o->side.latent, p->classes};
}

/* Images count once, their mirror images not. */
static vae_status count_right(const probing *p, const vae_class_probe *probe, outcome *o)
{
    const vae_labelled_codes codes = codes_of(p, o);
    VAE_TRY(vae_class_probe_rank(probe, &codes, (int)p->options->threads, o->ranks));
    for (int64_t i = 0; i < o->side.part.dataset->count; ++i) {
        if (o->labels[i] < 0) {
            o->unknown++;
            continue;
        }
        o->images[o->labels[i]]++;
        o->right[o->labels[i]] += o->ranks[i] == 0;
    }
    return VAE_OK;
}

static vae_status open_outcome(const probing *p, vae_model *model, const vae_dataset *train, const vae_dataset *dataset,
                               const char *name, outcome *o)
{
    VAE_TRY(vae_probe_side_open(p->options, model, dataset, name, &o->side));
    return number_labels(p, train, o);
}

static vae_status fit_and_print(probing *p)
{
    vae_class_probe probe;
    const vae_labelled_codes codes = codes_of(p, &p->train);
    VAE_TRY(vae_class_probe_fit(&codes, p->options->l2, (int)p->options->threads, &probe));
    vae_status status = count_right(p, &probe, &p->train);
    if (!status && p->test.side.codes) status = count_right(p, &probe, &p->test);
    vae_class_probe_free(&probe);
    return status ? status : print_all(p);
}

static void close_outcome(outcome *o)
{
    vae_probe_side_close(&o->side);
    free(o->labels);
    free(o->ranks);
    free(o->images);
}

vae_status vae_cli_probe_classes(const vae_cli_options *o, vae_model *model, const vae_dataset *train,
                                 const vae_dataset *test)
{
    probing p = {.options = o};
    vae_status status = find_classes(&p, train);
    if (!status) status = open_outcome(&p, model, train, train, "train", &p.train);
    if (!status && test && test->labels) status = open_outcome(&p, model, train, test, "test", &p.test);
    if (!status) status = fit_and_print(&p);
    close_outcome(&p.train);
    close_outcome(&p.test);
    free(p.probed);
    free(p.class_of);
    return status;
}
