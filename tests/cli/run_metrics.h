/* A run's metrics.jsonl as JSON, checked line by line, and its lines by split. */
#ifndef VAE_TEST_RUN_METRICS_H
#define VAE_TEST_RUN_METRICS_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* All lines as one array; each must be an object with exactly these keys, in this order; the last two are those of
 * evaluations. */
static inline json_t *read_metrics(const char *path)
{
    static const char *const keys[] = {"epoch",
                                       "step",
                                       "split",
                                       "neg_elbo",
                                       "reconstruction",
                                       "kl",
                                       "bits_per_dimension",
                                       "beta",
                                       "learning_rate",
                                       "grad_norm",
                                       "images_per_second",
                                       "active_units",
                                       "mutual_information",
                                       "kl_per_dimension"};
    json_t *lines = json_array();
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    char text[1024];
    while (fgets(text, sizeof text, file)) {
        json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(line), "%s", text);
        const char *key;
        json_t *value;
        size_t count = 0;
        const bool autoencoder = json_is_null(json_object_get(line, "kl"));
        json_object_foreach(line, key, value)
        {
            cr_assert_lt(count, sizeof keys / sizeof *keys, "%s", text);
            /* An autoencoder's code has no posterior to tell it from. */
            if (autoencoder && strcmp(keys[count], "mutual_information") == 0) ++count;
            cr_expect_str_eq(key, keys[count++]);
        }
        const bool training = strstr(text, "\"split\": \"train") != NULL;
        cr_expect_eq(count, sizeof keys / sizeof *keys - (training ? 3 : 0), "%s", text);
        json_array_append_new(lines, line);
    }
    fclose(file);
    return lines;
}

/* NAN where it is null. */
static inline double number(json_t *line, const char *key)
{
    json_t *value = json_object_get(line, key);
    return json_is_null(value) ? NAN : json_number_value(value);
}

static inline bool is_split(json_t *line, const char *split)
{
    return strcmp(json_string_value(json_object_get(line, "split")), split) == 0;
}

/* The n-th line (from 0; -1: the last) of a split, and how many there are. */
static inline json_t *find_line(json_t *lines, const char *split, int which, int *count)
{
    json_t *line, *found = NULL;
    size_t i;
    int seen = 0;
    json_array_foreach(lines, i, line)
    {
        if (!is_split(line, split)) continue;
        if (seen == which || which < 0) found = line;
        ++seen;
    }
    if (count) *count = seen;
    cr_assert_not_null(found, "no line of %s", split);
    return found;
}

#endif
