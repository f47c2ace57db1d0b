/* Numbers the classes that occur, fits a probe of all of them, and prints accuracies: of all images, and by class. */
#include "cli/probe_classes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kind_words.h"
#include "model/class_probe.h"

/* Of more classes than this, top-TOP accuracies are printed, and by class only the worst and best SHOWN. */
enum { FEW_CLASSES = 10, TOP = 5, SHOWN = 5 };

/* One side, and what came of it. */
typedef struct outcome {
    const vae_probe_labels *given;
    int32_t *labels; /* [side->count], as the probe numbers classes: those that training images are of; -1: another */
    int64_t *ranks;  /* [side->count] */
    int64_t *images; /* [classes]: how many there are */
    int64_t *right;  /* [classes]: and how many are told right */
    int64_t unknown, other; /* images whose class is not known, or that of no training image */
} outcome;

typedef struct probing {
    const vae_cli_options *options;
    int64_t classes;
    int64_t *class_of; /* [classes]: number of the probe's class among those of the training images */
    int32_t *probed;   /* [known]: and back; -1: no training image is of it */
    int64_t known;
    outcome train, test; /* test.given NULL: there is none */
} probing;

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "probe: out of memory for labels");
}

/* ---- Classes ---- */

static int64_t images_of(const outcome *o)
{
    return o->given->side->part.dataset->count;
}

static vae_status find_classes(probing *p)
{
    const int32_t *labels = p->train.given->labels;
    const int64_t count = images_of(&p->train);
    for (int64_t i = 0; i < count; ++i)
        p->known = labels[i] >= p->known ? labels[i] + 1 : p->known;
    p->probed = malloc((size_t)(p->known + 1) * sizeof *p->probed);
    p->class_of = malloc((size_t)(p->known + 1) * sizeof *p->class_of);
    if (!p->probed || !p->class_of) return no_memory();
    memset(p->probed, -1, (size_t)p->known * sizeof *p->probed);
    for (int64_t i = 0; i < count; ++i) {
        if (labels[i] >= 0) p->probed[labels[i]] = 0;
    }
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
static vae_status number_labels(const probing *p, outcome *o)
{
    const vae_classes *classes = p->train.given->classes;
    const int64_t count = o->given->side->count, images = images_of(o);
    o->labels = malloc((size_t)count * sizeof *o->labels);
    o->ranks = malloc((size_t)count * sizeof *o->ranks);
    o->images = calloc((size_t)p->classes + 1, 2 * sizeof *o->images);
    if (!o->labels || !o->ranks || !o->images) return no_memory();
    o->right = o->images + p->classes;
    for (int64_t i = 0; i < count; ++i) {
        const int32_t label = o->given->labels ? o->given->labels[i % images] : -1;
        const int64_t class = label < 0 ? -1 : find_class(classes, o->given->classes, label);
        o->labels[i] = class >= 0 && class < p->known ? p->probed[class] : -1;
        if (i < images) o->unknown += label < 0;
        if (i < images) o->other += label >= 0 && o->labels[i] < 0;
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
    return images_of(o) - o->unknown - o->other;
}

/* How many images have the right class among the first `top`. */
static int64_t count_top(const outcome *o, int64_t top)
{
    int64_t count = 0;
    for (int64_t i = 0; i < images_of(o); ++i)
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

static void print_left_out(const outcome *o, const vae_kind_words *words)
{
    if (o->unknown > 0) printf(", %" PRId64 " not known", o->unknown);
    if (o->other > 0) printf(", %" PRId64 " of classes that no training %s has", o->other, words->item);
}

static void print_top(const probing *p, const char *name, int64_t top)
{
    const outcome *train = &p->train, *test = &p->test;
    const vae_kind_words *words = vae_kind_words_of(p->options->kind);
    print_shares(name, count_top(train, top), known_images(train), test->given ? count_top(test, top) : 0,
                 test->given ? known_images(test) : 0);
    printf("   %" PRId64 " %s", known_images(train), vae_kind_items(words, known_images(train)));
    print_left_out(train, words);
    if (test->given) printf("; test %" PRId64, known_images(test));
    print_left_out(test, words);
}

static void print_class(const probing *p, int64_t k)
{
    char name[VAE_CLI_LABEL_SIZE];
    const bool tested = p->test.given != NULL;
    vae_cli_name_label(p->train.given->side->part.dataset, p->class_of[k], name);
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
    const outcome *o = p->test.given ? &p->test : &p->train;
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

/* Of the images' own labels. */
static vae_status print_all(const probing *p)
{
    if (!p->options->quiet) {
        printf("%-20s %7s %7s   accuracy of a linear probe of %" PRId64 " classes on posterior means\n", "", "train",
               "test", p->classes);
    }
    print_top(p, "accuracy", 1);
    putchar('\n');
    if (p->classes > FEW_CLASSES) {
        print_top(p, "top 5", TOP);
        putchar('\n');
        return print_extremes(p);
    }
    for (int64_t k = 0; k < p->classes; ++k)
        print_class(p, k);
    return VAE_OK;
}

/* ---- Both sides ---- */

static vae_labelled_codes codes_of(const probing *p, const outcome *o)
{
    const vae_probe_side *side = o->given->side;
    return (vae_labelled_codes){side->codes, o->labels, side->count, side->latent, p->classes};
}

/* Images count once, their mirror images not. */
static vae_status count_right(const probing *p, const vae_class_probe *probe, outcome *o)
{
    const vae_labelled_codes codes = codes_of(p, o);
    VAE_TRY(vae_class_probe_rank(probe, &codes, (int)p->options->threads, o->ranks));
    for (int64_t i = 0; i < images_of(o); ++i) {
        if (o->labels[i] < 0) continue;
        o->images[o->labels[i]]++;
        o->right[o->labels[i]] += o->ranks[i] == 0;
    }
    return VAE_OK;
}

static vae_status fit(probing *p)
{
    vae_class_probe probe;
    VAE_TRY(find_classes(p));
    VAE_TRY(number_labels(p, &p->train));
    if (p->test.given) VAE_TRY(number_labels(p, &p->test));
    const vae_labelled_codes codes = codes_of(p, &p->train);
    VAE_TRY(vae_class_probe_fit(&codes, p->options->l2, (int)p->options->threads, &probe));
    vae_status status = count_right(p, &probe, &p->train);
    if (!status && p->test.given) status = count_right(p, &probe, &p->test);
    vae_class_probe_free(&probe);
    return status;
}

static void free_probing(probing *p)
{
    outcome *const both[] = {&p->train, &p->test};
    for (int i = 0; i < 2; ++i) {
        free(both[i]->labels);
        free(both[i]->ranks);
        free(both[i]->images);
    }
    free(p->probed);
    free(p->class_of);
}

vae_status vae_cli_probe_labels(const vae_cli_options *o, const char *name, const vae_probe_labels *train,
                                const vae_probe_labels *test)
{
    probing p = {.options = o, .train = {.given = train}, .test = {.given = test}};
    vae_status status = fit(&p);
    if (status) {
        status = vae_cli_probe_fail(o, name, status);
    } else {
        print_top(&p, name, 1);
        printf("; %" PRId64 " classes\n", p.classes);
    }
    free_probing(&p);
    return status;
}

static vae_status probe_sides(const vae_cli_options *o, const vae_probe_side *train, const vae_probe_side *test)
{
    const vae_dataset *images = train->part.dataset, *others = test->part.dataset;
    const vae_probe_labels labels = {train, images->labels, &images->classes};
    const vae_probe_labels test_labels = {test, others ? others->labels : NULL, others ? &others->classes : NULL};
    probing p = {.options = o, .train = {.given = &labels}, .test = {.given = others ? &test_labels : NULL}};
    vae_status status = fit(&p);
    if (!status) status = print_all(&p);
    free_probing(&p);
    return status;
}

vae_status vae_cli_probe_classes(const vae_cli_options *o, vae_model *model, const vae_dataset *train,
                                 const vae_dataset *test)
{
    vae_probe_side sides[2] = {0};
    if (!train->labels) return vae_error_set(VAE_ERROR_CONFIG, "--classes: the run's [data] has no train_labels");
    vae_status status = vae_probe_side_open(o, model, train, "train", &sides[0]);
    if (!status && test && test->labels) status = vae_probe_side_open(o, model, test, "test", &sides[1]);
    if (!status) status = probe_sides(o, &sides[0], &sides[1]);
    vae_probe_side_close(&sides[0]);
    vae_probe_side_close(&sides[1]);
    return status;
}
