/* vae-cuda info --measure: how long each op of a training step takes on this machine, and how long the step. */
#include "cli/info_measure.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/lowering.h"
#include "cli/info_measure_gpu.h"
#include "cli/kind_words.h"
#include "cli/measure_data.h"
#include "cli/remarks.h"
#include "config/family_keys.h"
#include "core/file.h"
#include "data/place.h"
#include "train/measure.h"

/* ---- What is measured ---- */

/* A run's configuration with --set and its kin over it, and the shape of its images. */
static vae_status load_run(const vae_cli_options *options, vae_config *config, vae_input *input)
{
    char path[VAE_PATH_SIZE];
    vae_checkpoint checkpoint;
    vae_cli_options unchanged = *options;
    unchanged.sets.count = 0;
    if (options->config) return vae_error_set(VAE_ERROR_ARGUMENT, "--config and a run cannot both be given");
    VAE_TRY(vae_cli_find_checkpoint(options, path, sizeof path));
    VAE_TRY(vae_checkpoint_read(path, &checkpoint));
    vae_status status = vae_cli_place_data(&unchanged, false, path, &checkpoint);
    *config = checkpoint.design.config;
    *input = checkpoint.design.input;
    vae_checkpoint_free(&checkpoint);
    if (!status) status = vae_cli_override_config(options, config);
    return status ? status : vae_config_check(config);
}

static vae_status open_data(const vae_cli_options *options, const vae_config *config, const vae_input *of_run,
                            vae_measure_data *data)
{
    const vae_kind kind = vae_family_keys_of(config->model.family)->kind;
    if (options->shape[0] > 0 && kind != VAE_KIND_IMAGE) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--shape is for models of images, but this one is of %s",
                             vae_kind_words_of(kind)->kind);
    }
    if (options->shape[0] > 0) {
        const vae_input input = {.height = options->shape[0],
                                 .width = options->shape[1],
                                 .channels = options->shape[2],
                                 .scale = 1.0 / 255.0};
        return vae_measure_data_make_up(config, &input, data);
    }
    const vae_status missing = vae_place_check_all(config);
    if (missing && !of_run) return vae_error_set(missing, "%s (or give --shape HxWxC)", vae_error_message());
    if (missing && of_run->kind != VAE_KIND_IMAGE) return missing;
    if (missing) {
        vae_cli_warn("%s; takes made-up images instead", vae_error_message());
        return vae_measure_data_make_up(config, of_run, data);
    }
    VAE_TRY(vae_measure_data_open(config, data));
    vae_cli_tell_remarks(&data->splits);
    return VAE_OK;
}

/* ---- Sums ---- */

/* What parts of one kind, or all, take of a step. */
typedef struct line {
    const char *kind;
    double seconds;
    vae_cost cost;
    int32_t count; /* of parts */
} line;

static bool is_gpu(const vae_measured_step *m)
{
    return m->measurement.hardware[0] != '\0';
}

static const char *name_of(const vae_measured_step *m, const vae_measured_part *part)
{
    return part->op < 0 ? "" : m->program.ops[part->op].name;
}

static line line_of(const vae_measured_part *part)
{
    return (line){part->kind, part->seconds, part->cost, 1};
}

static void add(line *sum, line more)
{
    sum->seconds += more.seconds;
    sum->cost.flops += more.cost.flops;
    sum->cost.bytes_read += more.cost.bytes_read;
    sum->cost.bytes_written += more.cost.bytes_written;
    sum->count += more.count;
}

static line sum_all(const vae_measured_step *m)
{
    line all = {0};
    for (int32_t i = 0; i < m->measurement.count; ++i)
        add(&all, line_of(&m->measurement.parts[i]));
    return all;
}

/* Of ops and launches, and what surrounds the ops. */
enum { MOST_KINDS = 64 };

typedef struct kinds {
    line lines[MOST_KINDS];
    int count;
} kinds;

static int compare_lines(const void *a, const void *b)
{
    const double x = ((const line *)a)->seconds, y = ((const line *)b)->seconds;
    return (x < y) - (x > y);
}

/* The longest first. */
static kinds sum_kinds(const vae_measured_step *m)
{
    kinds k = {.count = 0};
    for (int32_t i = 0; i < m->measurement.count; ++i) {
        const line more = line_of(&m->measurement.parts[i]);
        int at = 0;
        while (at < k.count && strcmp(k.lines[at].kind, more.kind) != 0)
            ++at;
        if (at == MOST_KINDS) continue;
        if (at == k.count) k.lines[k.count++].kind = more.kind;
        add(&k.lines[at], more);
    }
    qsort(k.lines, (size_t)k.count, sizeof *k.lines, compare_lines);
    return k;
}

static double bytes(const line *l)
{
    return l->cost.bytes_read + l->cost.bytes_written;
}

/* ---- Text, 120 columns wide ---- */

static void print_head(const char *number, const char *first, const char *second)
{
    printf("\n%3s  %-28s %-28s %11s %6s %10s %9s %8s %7s\n", number, first, second, "us", "%", "MFLOP", "MB", "GFLOP/s",
           "GB/s");
}

static void print_line(const line *l, const char *number, const char *first, const char *second, double step)
{
    printf("%3s  %-28s %-28s %11.1f %6.1f", number, first, second, l->seconds * 1e6, 100.0 * l->seconds / step);
    if (bytes(l) > 0.0) {
        printf(" %10.3f %9.3f %8.1f %7.1f", l->cost.flops * 1e-6, bytes(l) * 1e-6, l->cost.flops / l->seconds * 1e-9,
               bytes(l) / l->seconds * 1e-9);
    }
    printf("\n");
}

static void print_ops(const vae_measured_step *m)
{
    print_head("#", "operation", "name");
    for (int32_t i = 0; i < m->measurement.count; ++i) {
        const vae_measured_part *part = &m->measurement.parts[i];
        const line l = line_of(part);
        char number[16] = "";
        if (part->op >= 0) snprintf(number, sizeof number, "%d", (int)part->op);
        print_line(&l, number, part->kind, name_of(m, part), m->measurement.step_seconds);
    }
}

static void print_kinds(const vae_measured_step *m)
{
    const kinds k = sum_kinds(m);
    print_head("", "kind", "how many");
    for (int i = 0; i < k.count; ++i) {
        char count[16];
        snprintf(count, sizeof count, "%d", (int)k.lines[i].count);
        print_line(&k.lines[i], "", k.lines[i].kind, count, m->measurement.step_seconds);
    }
    printf("\n");
}

static void print_text(const vae_measured_step *m, const vae_measure_data *data, vae_precision precision)
{
    const double step = m->measurement.step_seconds;
    char items_per_second[32];
    const line all = sum_all(m), whole = {.seconds = step, .cost = all.cost};
    printf("%s step on %s: %s\n", m->program.name, m->device->backend->name,
           m->device->backend->device_describe(m->device));
    const vae_kind_words *words = vae_kind_words_of(data->input.kind);
    printf("%" PRId64 " of %" PRId64 " %s", m->batch, m->items, vae_kind_items(words, m->items));
    if (m->steps > 0) printf(" of up to %" PRId64 " %s", m->steps - 2, vae_kind_steps(words, m->steps - 2));
    printf(", %s; %" PRId64 " steps timed %s, in turn with whole ones\n", data->source, m->measurement.repeats,
           is_gpu(m) ? "launch by launch" : "op by op");
    if (is_gpu(m)) {
        vae_cli_print_launches(m, precision);
    } else {
        print_ops(m);
    }
    print_kinds(m);
    print_line(&all, "", "sum of these", "", step);
    snprintf(items_per_second, sizeof items_per_second, "%s/s", words->items);
    print_line(&whole, "", "a step as the trainer runs it", "", step);
    printf("     %-57s %11.0f\n", items_per_second, (double)m->batch / step);
    if (is_gpu(m)) vae_cli_print_replay(m, precision);
}

/* ---- JSON ---- */

static json_t *line_to_json(const line *l, double step)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "seconds", l->seconds, "share", l->seconds / step, "flops",
                     l->cost.flops, "bytes_read", l->cost.bytes_read, "bytes_written", l->cost.bytes_written,
                     "flops_per_second", l->cost.flops / l->seconds, "bytes_per_second", bytes(l) / l->seconds);
}

static json_t *parts_to_json(const vae_measured_step *m, vae_precision precision)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < m->measurement.count; ++i) {
        const vae_measured_part *part = &m->measurement.parts[i];
        const line l = line_of(part);
        json_t *item = line_to_json(&l, m->measurement.step_seconds);
        json_object_set_new(item, "kind", json_string(part->kind));
        json_object_set_new(item, "name", json_string(name_of(m, part)));
        json_object_set_new(item, "median_seconds", json_real(part->median_seconds));
        if (is_gpu(m)) vae_cli_add_launch(item, m, part, precision);
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *kinds_to_json(const vae_measured_step *m)
{
    const kinds k = sum_kinds(m);
    json_t *object = json_object();
    for (int i = 0; i < k.count; ++i) {
        json_t *item = line_to_json(&k.lines[i], m->measurement.step_seconds);
        json_object_set_new(item, "count", json_integer(k.lines[i].count));
        json_object_set_new(object, k.lines[i].kind, item);
    }
    return object;
}

static vae_status print_json(const vae_measured_step *m, const vae_measure_data *data, vae_precision precision)
{
    const double step = m->measurement.step_seconds;
    const line all = sum_all(m);
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:o, s:o}", "program", m->program.name, "device",
        m->device->backend->name, "description", m->device->backend->device_describe(m->device), "data", data->source,
        "images", (json_int_t)m->items, "batch", (json_int_t)m->batch, "repeats", (json_int_t)m->measurement.repeats,
        "step_seconds", step, "step_median_seconds", m->measurement.step_median_seconds, "images_per_second",
        (double)m->batch / step, "sum", line_to_json(&all, step), "kinds", kinds_to_json(m));
    if (root && is_gpu(m)) vae_cli_add_replay(root, m, precision);
    if (root) json_object_set_new(root, is_gpu(m) ? "launches" : "ops", parts_to_json(m, precision));
    const int failed = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
    json_decref(root);
    putchar('\n');
    return failed ? vae_error_set(VAE_ERROR_IO, "standard output cannot be written") : VAE_OK;
}

/* ---- The command ---- */

vae_status vae_cli_measure(const vae_cli_options *options)
{
    const bool of_run = options->run || options->checkpoint;
    vae_config config;
    vae_input input;
    vae_measure_data data;
    /* The algorithms that the run trained by. */
    char products[VAE_PATH_SIZE] = "";
    if (options->run) {
        VAE_TRY(vae_path_join(products, sizeof products, options->run, "products.json"));
    }
    VAE_TRY(of_run ? load_run(options, &config, &input) : vae_cli_load_config(options, &config));
    VAE_TRY(open_data(options, &config, of_run ? &input : NULL, &data));
    const vae_measure_options measure = {.config = &config,
                                         .input = data.input,
                                         .images = data.images,
                                         .splits = data.made_up ? NULL : &data.splits,
                                         .repeats = options->repeats > 0 ? options->repeats : 0,
                                         .remarks = vae_cli_device_remarks(),
                                         .choices = {.tune = config.run.tune, .file = products[0] ? products : NULL}};
    const vae_precision precision = vae_cuda_precision(config.run.precision);
    vae_measured_step measured;
    vae_status status = vae_measure_step(&measure, &measured);
    if (!status) {
        if (options->json) {
            status = print_json(&measured, &data, precision);
        } else {
            print_text(&measured, &data, precision);
        }
        vae_measured_step_free(&measured);
    }
    vae_measure_data_free(&data);
    return status;
}
