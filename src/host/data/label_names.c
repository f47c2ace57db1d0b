/* Brings names and numbers of classes together, by name wherever there is one. */
#include "data/label_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/csv.h"

static void renumber(vae_dataset *dataset, const uint8_t *number)
{
    for (int64_t i = 0; i < dataset->count; ++i)
        dataset->labels[i] = number[dataset->labels[i]];
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

/* Classes that have names: the list's order, or other names. */
static vae_status apply_to_names(const name_list *list, const vae_dataset *dataset, vae_classes *names,
                                 uint8_t number[VAE_MAX_CLASSES])
{
    for (int64_t i = 0; i < dataset->classes.count; ++i) {
        const char *class = vae_classes_name(&dataset->classes, i);
        const int64_t line = vae_classes_find(list->keys.count ? &list->keys : &list->names, class);
        if (line < 0) return not_named(list, class);
        if (list->keys.count) VAE_TRY(vae_classes_add(names, vae_classes_name(&list->names, line)));
        if (!list->keys.count && line >= VAE_MAX_CLASSES) return not_named(list, class);
        number[i] = (uint8_t)(list->keys.count ? i : line);
    }
    return list->keys.count ? VAE_OK : vae_classes_copy(&list->names, names);
}

/* Labels that are numbers. */
static vae_status apply_to_numbers(const name_list *list, const vae_dataset *dataset, vae_classes *names)
{
    uint8_t largest = 0;
    for (int64_t i = 0; i < dataset->count; ++i)
        largest = dataset->labels[i] > largest ? dataset->labels[i] : largest;
    for (int label = 0; label <= largest || (!list->keys.count && label < list->names.count); ++label) {
        char key[16];
        snprintf(key, sizeof key, "%d", label);
        const int64_t line = list->keys.count ? vae_classes_find(&list->keys, key) : label;
        const char *name = vae_classes_name(&list->names, line);
        const bool used = memchr(dataset->labels, label, (size_t)dataset->count) != NULL;
        if (!name && used) return not_named(list, key);
        VAE_TRY(vae_classes_add(names, name ? name : key));
    }
    return VAE_OK;
}

static vae_status apply(const name_list *list, vae_dataset *dataset)
{
    uint8_t number[VAE_MAX_CLASSES];
    vae_classes names = {0};
    for (int i = 0; i < VAE_MAX_CLASSES; ++i)
        number[i] = (uint8_t)i;
    const vae_status status = dataset->classes.count > 0 ? apply_to_names(list, dataset, &names, number)
                                                         : apply_to_numbers(list, dataset, &names);
    if (status) {
        vae_classes_free(&names);
        return status;
    }
    renumber(dataset, number);
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
static vae_status merge(vae_classes *all, const vae_classes *more, uint8_t number[VAE_MAX_CLASSES])
{
    for (int64_t i = 0; i < more->count; ++i) {
        const char *name = vae_classes_name(more, i);
        int64_t found = vae_classes_find(all, name);
        if (found < 0) {
            found = all->count;
            VAE_TRY(vae_classes_add(all, name));
        }
        if (found >= VAE_MAX_CLASSES) {
            return vae_error_set(VAE_ERROR_CONFIG, "training and test images have more than %d classes together",
                                 VAE_MAX_CLASSES);
        }
        number[i] = (uint8_t)found;
    }
    return VAE_OK;
}

static vae_status join_names(vae_dataset *train, vae_dataset *test)
{
    uint8_t number[VAE_MAX_CLASSES];
    vae_classes copy;
    VAE_TRY(merge(&train->classes, &test->classes, number));
    VAE_TRY(vae_classes_copy(&train->classes, &copy));
    renumber(test, number);
    vae_classes_free(&test->classes);
    test->classes = copy;
    return VAE_OK;
}

/* The numbers that names may be, as those of folders 0 to 9. */
static bool are_numbers(const vae_classes *classes, uint8_t number[VAE_MAX_CLASSES])
{
    for (int64_t i = 0; i < classes->count; ++i) {
        const char *name = vae_classes_name(classes, i);
        char *end;
        const long long value = strtoll(name, &end, 10);
        if (!isdigit((unsigned char)name[0]) || *end || value >= VAE_MAX_CLASSES) return false;
        number[i] = (uint8_t)value;
    }
    return true;
}

vae_status vae_label_names_join(vae_dataset *train, vae_dataset *test)
{
    uint8_t number[VAE_MAX_CLASSES];
    if (!train->labels || !test->labels) return VAE_OK;
    if (train->classes.count > 0 && test->classes.count > 0) return join_names(train, test);
    if (train->classes.count == 0 && test->classes.count == 0) return VAE_OK;
    vae_dataset *named = train->classes.count > 0 ? train : test;
    if (are_numbers(&named->classes, number)) {
        renumber(named, number);
        vae_classes_free(&named->classes);
        return VAE_OK;
    }
    return vae_error_set(
        VAE_ERROR_CONFIG,
        "labels of the %s images are names, such as '%s', and those of the %s images are numbers; [data] "
        "class_names can tell which is which",
        named == train ? "training" : "test", named->classes.names, named == train ? "test" : "training");
}
