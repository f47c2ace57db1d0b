/* Brings names and numbers of classes together, by name wherever there is one. */
#include "data/label_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/csv.h"
#include "data/label_values.h"

static void renumber(vae_dataset *dataset, const int32_t *number)
{
    for (int64_t i = 0; i < dataset->count; ++i)
        dataset->labels[i] = number[dataset->labels[i]];
}

/* One number a class, for the caller to free. */
static vae_status make_numbers(const vae_classes *classes, int32_t **number)
{
    *number = malloc((size_t)(classes->count + 1) * sizeof **number);
    return *number ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "names of classes: out of memory");
}

/* How many classes, from the first on, are called by whole numbers from 0 to `end` - 1, which `number` receives: all
 * of folders 0 to 9, say. */
static int64_t count_numbers(const vae_classes *classes, int64_t end, int32_t *number)
{
    for (int64_t i = 0; i < classes->count; ++i) {
        const char *name = vae_classes_name(classes, i);
        char *after;
        const long long value = strtoll(name, &after, 10);
        if (!isdigit((unsigned char)name[0]) || *after || value >= end) return i;
        number[i] = (int32_t)value;
    }
    return classes->count;
}

/* ---- From a file ---- */

/* The lines of a file: names, and keys where there are two fields a line. */
typedef struct name_list {
    const char *path;
    vae_classes keys, names;
} name_list;

static vae_status read_line(vae_csv *csv, name_list *list)
{
    const vae_csv here = *csv;
    vae_csv_field first, second;
    VAE_TRY(vae_csv_read(csv, &first));
    const bool keyed = !first.last;
    if (list->names.count > 0 && keyed != (list->keys.count > 0)) {
        return vae_csv_fail(&here, 1, "has one field where other lines have two");
    }
    if (!keyed) {
        /* An empty line would give all that follow the number of another class. */
        if (here.line != list->names.count + 1) {
            return vae_csv_fail(&here, 1, "follows an empty line; each line must name a class, from class 0 on");
        }
        if (vae_classes_find(&list->names, first.text) >= 0) {
            return vae_csv_fail(&here, 1, "gives a second class the same name");
        }
        return vae_classes_add(&list->names, first.text);
    }
    VAE_TRY(vae_csv_read(csv, &second));
    if (!second.last) {
        return vae_csv_fail(&here, second.column, "there are more than two fields; the second names the class");
    }
    if (vae_classes_find(&list->keys, first.text) >= 0) return vae_csv_fail(&here, 1, "names this class again");
    if (vae_classes_find(&list->names, second.text) >= 0) {
        return vae_csv_fail(&here, second.column, "gives a second class the same name");
    }
    VAE_TRY(vae_classes_add(&list->keys, first.text));
    return vae_classes_add(&list->names, second.text);
}

static vae_status read_list(const char *path, name_list *list)
{
    vae_csv csv;
    list->path = path;
    VAE_TRY(vae_csv_open(path, &csv));
    vae_status status = *csv.at ? VAE_OK : vae_csv_fail(&csv, 1, "holds no names");
    while (!status && *csv.at)
        status = read_line(&csv, list);
    vae_csv_close(&csv);
    return status;
}

static vae_status not_named(const name_list *list, const char *class)
{
    const char *nearest = vae_classes_nearest(list->keys.count ? &list->keys : &list->names, class);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: does not name the class '%s'%s%s%s", list->path, class,
                         nearest ? "; the nearest is '" : "", nearest ? nearest : "", nearest ? "'" : "");
}

/* Classes that have names: other names for them, in their order. */
static vae_status apply_keys(const name_list *list, const vae_dataset *dataset, vae_classes *names)
{
    for (int64_t i = 0; i < dataset->classes.count; ++i) {
        const char *class = vae_classes_name(&dataset->classes, i);
        const int64_t line = vae_classes_find(&list->keys, class);
        if (line < 0) return not_named(list, class);
        VAE_TRY(vae_classes_add(names, vae_classes_name(&list->names, line)));
    }
    return VAE_OK;
}

/* Classes that have names: the list's order. Numbers of which the list has none count its lines. */
static vae_status apply_order(const name_list *list, const vae_dataset *dataset, vae_classes *names, int32_t *number)
{
    const vae_classes *classes = &dataset->classes;
    int64_t missing = -1, found = 0;
    for (int64_t i = classes->count - 1; i >= 0; --i) {
        number[i] = (int32_t)vae_classes_find(&list->names, vae_classes_name(classes, i));
        if (number[i] < 0) missing = i;
        found += number[i] >= 0;
    }
    if (found == 0) missing = count_numbers(classes, list->names.count, number);
    if (missing >= 0 && missing < classes->count) return not_named(list, vae_classes_name(classes, missing));
    return vae_classes_copy(&list->names, names);
}

static vae_status apply_to_names(const name_list *list, vae_dataset *dataset, vae_classes *names)
{
    int32_t *number;
    if (list->keys.count) return apply_keys(list, dataset, names);
    VAE_TRY(make_numbers(&dataset->classes, &number));
    const vae_status status = apply_order(list, dataset, names, number);
    if (!status) renumber(dataset, number);
    free(number);
    return status;
}

/* Labels that are numbers. */
static vae_status apply_to_numbers(const name_list *list, const vae_dataset *dataset, vae_classes *names)
{
    bool used[VAE_PLAIN_LABELS] = {false};
    int32_t largest = 0;
    for (int64_t i = 0; i < dataset->count; ++i) {
        used[dataset->labels[i]] = true;
        largest = dataset->labels[i] > largest ? dataset->labels[i] : largest;
    }
    for (int label = 0; label <= largest || (!list->keys.count && label < list->names.count); ++label) {
        char key[16];
        snprintf(key, sizeof key, "%d", label);
        const int64_t line = list->keys.count ? vae_classes_find(&list->keys, key) : label;
        const char *name = vae_classes_name(&list->names, line);
        if (!name && label <= largest && used[label]) return not_named(list, key);
        VAE_TRY(vae_classes_add(names, name ? name : key));
    }
    return VAE_OK;
}

static vae_status apply(const name_list *list, vae_dataset *dataset)
{
    vae_classes names = {0};
    const vae_status status =
        dataset->classes.count > 0 ? apply_to_names(list, dataset, &names) : apply_to_numbers(list, dataset, &names);
    if (status) {
        vae_classes_free(&names);
        return status;
    }
    vae_classes_free(&dataset->classes);
    dataset->classes = names;
    return VAE_OK;
}

vae_status vae_label_names_apply(const char *path, vae_dataset *dataset)
{
    name_list list = {.path = path};
    vae_status status = read_list(path, &list);
    if (!status && dataset->labels) status = apply(&list, dataset);
    vae_classes_free(&list.keys);
    vae_classes_free(&list.names);
    return status;
}

vae_status vae_label_names_read(const char *path, vae_classes *classes)
{
    name_list list = {.path = path};
    const vae_status status = read_list(path, &list);
    vae_classes_free(&list.keys);
    if (status) vae_classes_free(&list.names);
    *classes = list.names;
    return status;
}

/* ---- To a file ---- */

/* In quotes, which a field needs that has commas, quotes, or blanks at an end. */
static void write_name(const char *name, FILE *stream)
{
    fputc('"', stream);
    for (; *name; ++name) {
        if (*name == '"') fputc('"', stream);
        fputc(*name == '\n' || *name == '\r' ? ' ' : *name, stream);
    }
    fputs("\"\n", stream);
}

vae_status vae_label_names_write(const char *path, const vae_classes *classes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const char *name = classes->names;
    for (int64_t i = 0; i < classes->count; ++i, name += strlen(name) + 1)
        write_name(name, stream);
    const bool failed = ferror(stream) != 0;
    vae_status status =
        fclose(stream) != 0 || failed ? vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path) : VAE_OK;
    if (!status) status = vae_file_write_soon(path, text, size);
    free(text);
    return status;
}

/* ---- Of both parts ---- */

/* Each class of the second list by the first, which receives what it has not. */
static vae_status merge(vae_classes *all, const vae_classes *more, int32_t *number)
{
    for (int64_t i = 0; i < more->count; ++i) {
        const char *name = vae_classes_name(more, i);
        number[i] = (int32_t)vae_classes_find(all, name);
        if (number[i] >= 0) continue;
        number[i] = (int32_t)all->count;
        VAE_TRY(vae_classes_add(all, name));
    }
    return VAE_OK;
}

static vae_status join_names(vae_dataset *train, vae_dataset *test, int32_t *number)
{
    vae_classes copy;
    VAE_TRY(merge(&train->classes, &test->classes, number));
    VAE_TRY(vae_classes_copy(&train->classes, &copy));
    renumber(test, number);
    vae_classes_free(&test->classes);
    test->classes = copy;
    return VAE_OK;
}

static bool are_integers(const vae_classes *classes)
{
    int64_t i = 0;
    while (i < classes->count && vae_classes_is_integer(vae_classes_name(classes, i)))
        ++i;
    return i == classes->count;
}

/* One part's labels are names, the other's numbers: these numbers may be what the names are. */
static vae_status bring_together(vae_dataset *named, vae_dataset *other, int32_t *number, bool named_is_train)
{
    if (count_numbers(&named->classes, VAE_PLAIN_LABELS, number) == named->classes.count) {
        renumber(named, number);
        vae_classes_free(&named->classes);
        return VAE_OK;
    }
    if (are_integers(&named->classes)) {
        return vae_label_values_name("labels", other->count, other->labels, &other->classes);
    }
    return vae_error_set(
        VAE_ERROR_CONFIG,
        "labels of the %s images are names, such as '%s', and those of the %s images are numbers; [data] "
        "class_names can tell which is which",
        named_is_train ? "training" : "test", named->classes.names, named_is_train ? "test" : "training");
}

static vae_status join(vae_dataset *train, vae_dataset *test)
{
    vae_dataset *named = train->classes.count > 0 ? train : test;
    int32_t *number;
    vae_status status = VAE_OK;
    if (train->classes.count == 0 || test->classes.count == 0) {
        VAE_TRY(make_numbers(&named->classes, &number));
        status = bring_together(named, named == train ? test : train, number, named == train);
        free(number);
    }
    if (status || train->classes.count == 0 || test->classes.count == 0) return status;
    VAE_TRY(make_numbers(&test->classes, &number));
    status = join_names(train, test, number);
    free(number);
    return status;
}

vae_status vae_label_names_join(vae_dataset *train, vae_dataset *test)
{
    if (!train->labels || !test->labels) return VAE_OK;
    if (train->classes.count == 0 && test->classes.count == 0) return VAE_OK;
    return join(train, test);
}
