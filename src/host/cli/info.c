/* vae-cuda info: what a configuration would run, op by op, and what it costs; or what a checkpoint holds. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/info.h"
#include "cli/info_cost.h"
#include "cli/info_measure.h"
#include "cli/info_memory.h"
#include "cli/info_sequences.h"
#include "cli/kind_words.h"
#include "cli/remarks.h"
#include "config/family_keys.h"
#include "core/file.h"
#include "data/dataset.h"
#include "data/label_names.h"
#include "data/place.h"
#include "data/read.h"
#include "data/splits.h"
#include "model/checkpoint.h"
#include "program/op_json.h"
#include "train/run_folder.h"

/* ---- A program ---- */

enum { MOST_CLASSES = 40 };

static vae_status find_input(const vae_cli_options *options, const vae_config *config, vae_input *input)
{
    *input = (vae_input){.scale = 1.0 / 255.0};
    int64_t shape[4] = {0, options->shape[0], options->shape[1], options->shape[2]};
    if (options->shape[0] == 0) {
        const vae_read_options read = vae_read_options_of(config);
        char path[VAE_PATH_SIZE], note[VAE_PLACE_NOTE];
        vae_place_find(config, config->data.train_data, path, note);
        vae_status status = vae_images_read_shape(path, &read, shape);
        if (!status) status = vae_images_read_type(path, &read, &input->dtype);
        if (status) {
            return vae_config_blame(config, vae_error_prepend(status, "[data] train_data (or give --shape HxWxC)"),
                                    "data", "train_data");
        }
    }
    input->height = shape[1];
    input->width = shape[2];
    input->channels = shape[3];
    return VAE_OK;
}

/* "x [128, 784], encoder.0.weight [784, 400] → encoder.0 [128, 400]" */
static void list_tensors(const vae_program *program, const vae_tensor *tensors, int count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < count; ++i) {
        if (tensors[i] == VAE_NO_TENSOR || used >= size) continue;
        char shape[64];
        const vae_tensor_info *info = &program->tensors[tensors[i]];
        used += (size_t)snprintf(text + used, size - used, "%s%s %s", used ? ", " : "", info->name,
                                 vae_shape_format(&info->shape, shape, sizeof shape));
    }
}

static int64_t parameters_of(const vae_program *program, const vae_op *op)
{
    int64_t count = 0;
    /* A backward op reads them again. */
    if (vae_op_gives_gradients(program, op)) return 0;
    for (int i = 0; i < VAE_MAX_INPUTS; ++i) {
        if (op->inputs[i] == VAE_NO_TENSOR) continue;
        const vae_tensor_info *info = &program->tensors[op->inputs[i]];
        if (info->kind == VAE_TENSOR_PARAMETER) count += info->elements;
    }
    return count;
}

typedef struct totals {
    vae_cost cost;
    int64_t parameters;
    double parameter_bytes;       /* one arena */
    double activation_bytes;      /* the planned arena */
    double activation_bytes_flat; /* if nothing were reused */
} totals;

static totals add_up(const vae_program *program)
{
    totals t = {.parameters = vae_layout_parameter_count(program->layout),
                .parameter_bytes = 4.0 * (double)program->layout->elements,
                .activation_bytes = 4.0 * (double)program->activation_elements};
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_cost cost = vae_op_cost(program, &program->ops[i]);
        t.cost.flops += cost.flops;
        t.cost.bytes_read += cost.bytes_read;
        t.cost.bytes_written += cost.bytes_written;
    }
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        const vae_tensor_info *info = &program->tensors[i];
        if (info->kind == VAE_TENSOR_ACTIVATION) t.activation_bytes_flat += 4.0 * (double)info->elements;
    }
    return t;
}

/* Kinds of ops, each once, for which the CPU has the reference's kernel only. */
static void print_borrowed(FILE *out, const vae_program *program)
{
    bool told[VAE_OP_COUNT] = {false};
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op_kind kind = program->ops[i].kind;
        if (told[kind] || vae_backend_cpu.has_kernel(kind)) continue;
        told[kind] = true;
        fprintf(out, "op %s: no kernel of its own on cpu, runs the reference's\n", vae_op_kind_name(kind));
    }
}

vae_build vae_cli_shown_build(const vae_design *design)
{
    const int64_t rows = design->config.train.batch_size, fixed = design->traits.fixed_steps;
    return (vae_build){
        .role = VAE_ROLE_TRAIN, .rows = rows, .steps = fixed > 0 ? fixed : design->input.longest, .count = rows};
}

void vae_cli_print_program(FILE *out, const vae_config *config, const vae_program *program)
{
    const totals t = add_up(program);
    fprintf(out, "%s step: %d operations, batch %" PRId64 ", float32\n\n", program->name, (int)program->op_count,
            config->train.batch_size);
    fprintf(out, "%3s  %-28s %-30s %10s %9s %9s %9s\n", "#", "operation", "name", "parameters", "MFLOP", "MB read",
            "MB written");
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        const vae_cost cost = vae_op_cost(program, op);
        const int64_t parameters = parameters_of(program, op);
        char attributes[256], inputs[512], outputs[512], count[24] = "";
        if (parameters > 0) snprintf(count, sizeof count, "%" PRId64, parameters);
        list_tensors(program, op->inputs, VAE_MAX_INPUTS, inputs, sizeof inputs);
        list_tensors(program, op->outputs, VAE_MAX_OUTPUTS, outputs, sizeof outputs);
        fprintf(out, "%3d  %-28s %-30s %10s %9.3f %9.3f %9.3f\n", (int)i, vae_op_kind_name(op->kind), op->name, count,
                cost.flops * 1e-6, cost.bytes_read * 1e-6, cost.bytes_written * 1e-6);
        vae_op_format_attributes(op, attributes, sizeof attributes);
        if (attributes[0]) fprintf(out, "          %s\n", attributes);
        if (inputs[0]) fprintf(out, "     in   %s\n", inputs);
        if (outputs[0]) fprintf(out, "     out  %s\n", outputs);
    }
    fprintf(out, "\nparameters    %12" PRId64 "  in %d tensors\n", t.parameters, (int)program->layout->count);
    const vae_kind kind = vae_family_keys_of(config->model.family)->kind;
    fprintf(out, "FLOPs         %12.3f M a step, %.3f M a%s %s\n", t.cost.flops * 1e-6,
            t.cost.flops * 1e-6 / (double)config->train.batch_size, kind == VAE_KIND_IMAGE ? "n" : "",
            vae_kind_words_of(kind)->item);
    fprintf(out, "traffic       %12.3f MB read, %.3f MB written a step, each operand once\n", t.cost.bytes_read * 1e-6,
            t.cost.bytes_written * 1e-6);
    fprintf(out, "arenas        %12.3f MB each: parameters, gradients, first and second moment\n",
            t.parameter_bytes * 1e-6);
    fprintf(out, "activations   %12.3f MB; %.3f MB if no memory were reused\n", t.activation_bytes * 1e-6,
            t.activation_bytes_flat * 1e-6);
    fprintf(out, "total memory  %12.3f MB, the data set apart\n", (4 * t.parameter_bytes + t.activation_bytes) * 1e-6);
    print_borrowed(out, program);
}

static json_t *tensors_to_json(const vae_program *program, const vae_tensor *tensors, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; ++i) {
        if (tensors[i] == VAE_NO_TENSOR) continue;
        const vae_tensor_info *info = &program->tensors[tensors[i]];
        json_t *shape = json_array();
        for (int32_t k = 0; k < info->shape.rank; ++k)
            json_array_append_new(shape, json_integer(info->shape.size[k]));
        json_array_append_new(list, json_pack("{s:s, s:o}", "name", info->name, "shape", shape));
    }
    return list;
}

static vae_status print_json(const vae_design *design, const vae_splits *splits, const vae_program *program)
{
    vae_run_memory memory = {.arena = 4.0 * (double)program->activation_elements};
    if (!splits) VAE_TRY(vae_run_memory_find(design, &memory));
    const totals t = add_up(program);
    json_t *ops = json_array();
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        const vae_cost cost = vae_op_cost(program, op);
        json_array_append_new(ops, json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:f, s:f, s:f}", "kind",
                                             vae_op_kind_name(op->kind), "name", op->name, "attributes",
                                             vae_op_attributes_to_json(op), "inputs",
                                             tensors_to_json(program, op->inputs, VAE_MAX_INPUTS), "outputs",
                                             tensors_to_json(program, op->outputs, VAE_MAX_OUTPUTS), "parameters",
                                             (json_int_t)parameters_of(program, op), "flops", cost.flops, "bytes_read",
                                             cost.bytes_read, "bytes_written", cost.bytes_written));
    }
    json_t *root =
        json_pack("{s:s, s:o, s:I, s:f, s:f, s:f, s:f, s:f, s:o, s:f}", "program", program->name, "ops", ops,
                  "parameters", (json_int_t)t.parameters, "flops", t.cost.flops, "bytes_read", t.cost.bytes_read,
                  "bytes_written", t.cost.bytes_written, "activation_bytes", t.activation_bytes, "memory_bytes",
                  4 * t.parameter_bytes + t.activation_bytes, "run_activation_bytes", vae_run_memory_to_json(&memory),
                  "shared_arena_bytes", memory.arena);
    const int failed = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
    json_decref(root);
    putchar('\n');
    return failed ? vae_error_set(VAE_ERROR_IO, "standard output cannot be written") : VAE_OK;
}

static vae_status print_design(const vae_cli_options *options, const vae_design *design, const vae_splits *splits)
{
    vae_program program;
    VAE_TRY(vae_design_build(design, vae_cli_shown_build(design), &program));
    vae_status status = VAE_OK;
    if (options->cost) {
        status = vae_cli_print_cost(&program, &design->config, options->json);
    } else if (options->json) {
        status = print_json(design, splits, &program);
    } else {
        if (splits) status = vae_cli_print_sequences(design, splits);
        if (!status) vae_cli_print_program(stdout, &design->config, &program);
        if (!status) status = splits ? vae_cli_print_sequences_memory(design, splits) : vae_run_memory_print(design);
    }
    vae_program_free(&program);
    return status;
}

/* Programs of sequences depend on the lengths that the data have. */
static vae_status describe_sequences(const vae_cli_options *options, const vae_config *config)
{
    vae_splits splits;
    vae_design design = {0};
    if (options->shape[0] > 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--shape is for models of images, but this one is of %s",
                             vae_kind_words_of(vae_family_keys_of(config->model.family)->kind)->kind);
    }
    VAE_TRY(vae_splits_open(config, &splits));
    vae_cli_tell_remarks(&splits);
    const vae_input input = vae_input_of_data(&splits);
    vae_status status = vae_design_create(config, &input, &design);
    if (!status) status = print_design(options, &design, &splits);
    vae_design_free(&design);
    vae_splits_free(&splits);
    return status;
}

static vae_status describe_config(const vae_cli_options *options)
{
    vae_config config;
    vae_input input;
    vae_design design;
    VAE_TRY(vae_cli_load_config(options, &config));
    if (vae_family_keys_of(config.model.family)->kind != VAE_KIND_IMAGE) return describe_sequences(options, &config);
    VAE_TRY(find_input(options, &config, &input));
    VAE_TRY(vae_design_create(&config, &input, &design));
    const vae_status status = print_design(options, &design, NULL);
    vae_design_free(&design);
    return status;
}

/* ---- A checkpoint ---- */

/* What labels are called, where the checkpoint or, of version 1, the run's folder tells. */
static vae_status read_classes(const vae_checkpoint *checkpoint, const char *run, vae_classes *classes)
{
    const vae_attachment *names = vae_checkpoint_attached(checkpoint, VAE_ATTACHMENT_CLASS_NAMES);
    vae_run_folder folder;
    *classes = (vae_classes){0};
    if (names) {
        int64_t count = 0;
        for (int64_t i = 0; i < names->size; ++i)
            count += names->data[i] == '\0';
        return vae_classes_add_all(classes, names->data, count);
    }
    if (!run) return VAE_OK;
    VAE_TRY(vae_run_folder_init(&folder, run));
    return vae_path_exists(folder.class_names) ? vae_label_names_read(folder.class_names, classes) : VAE_OK;
}

/* Of many the first. */
static void print_classes(const vae_classes *classes)
{
    const int64_t shown = classes->count > MOST_CLASSES ? MOST_CLASSES - 1 : classes->count;
    if (classes->count == 0) return;
    printf("classes     %" PRId64 ": ", classes->count);
    for (int64_t i = 0; i < shown; ++i)
        printf("%s%s", i ? ", " : "", vae_classes_name(classes, i));
    if (shown < classes->count) printf(", … and %" PRId64 " more", classes->count - shown);
    putchar('\n');
}

static void print_input(const vae_design *design)
{
    const vae_input *input = &design->input;
    const vae_kind_words *words = vae_kind_words_of(input->kind);
    if (words->steps) {
        printf("%-11s of up to %" PRId64 " %s", words->items, vae_input_most_steps(input),
               vae_kind_steps(words, vae_input_most_steps(input)));
        if (input->vocabulary > 0) printf(", with a vocabulary of %" PRId64, input->vocabulary);
        printf("%s\n", design->traits.has_posterior ? "" : "; a decoder only");
        return;
    }
    printf("%s      %" PRId64 " x %" PRId64 " x %" PRId64 "%s%s\n", input->dtype == VAE_UINT8 ? "images" : "arrays",
           input->height, input->width, input->channels, input->dtype == VAE_UINT8 ? "" : " of float32",
           vae_design_is_standardised(design) ? ", standardised column by column" : "");
}

static vae_status describe_checkpoint(const vae_cli_options *options)
{
    char path[VAE_PATH_SIZE], *config;
    vae_checkpoint checkpoint;
    if (options->cost || options->json || options->config) {
        return vae_error_set(
            VAE_ERROR_ARGUMENT,
            "without --measure, --run and --checkpoint describe a checkpoint as text: --config, --cost "
            "and --json cannot be given");
    }
    VAE_TRY(vae_cli_find_checkpoint(options, path, sizeof path));
    VAE_TRY(vae_checkpoint_read(path, &checkpoint));
    vae_classes classes;
    vae_status status = read_classes(&checkpoint, options->run, &classes);
    if (!status) status = vae_config_format(&checkpoint.design.config, &config);
    if (!status) {
        printf("%s\n\n", path);
        print_input(&checkpoint.design);
        printf("parameters  %" PRId64 " as %s, %s optimiser state\n",
               vae_layout_parameter_count(&checkpoint.design.layout),
               checkpoint.dtype == VAE_FLOAT64 ? "float64" : "float32",
               checkpoint.arenas[VAE_ARENA_FIRST_MOMENT] ? "with" : "without");
        printf("progress    epoch %" PRId64 ", step %" PRId64 "\n", checkpoint.progress.epoch,
               checkpoint.progress.step);
        print_classes(&classes);
        printf("\n");
        for (int32_t i = 0; i < checkpoint.design.layout.count; ++i) {
            char shape[64];
            const vae_parameter *parameter = &checkpoint.design.layout.parameters[i];
            printf("  %-24s %s\n", parameter->name, vae_shape_format(&parameter->shape, shape, sizeof shape));
        }
        printf("\n%s", config);
        free(config);
    }
    vae_classes_free(&classes);
    vae_checkpoint_free(&checkpoint);
    return status;
}

static vae_status run(vae_cli_options *options)
{
    if (options->repeats > 0 && !options->measure) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--repeats says how often --measure runs a step; give both");
    }
    if (options->measure && options->cost) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--cost and --measure cannot both be given");
    }
    if (options->measure) return vae_cli_measure(options);
    if (options->run || options->checkpoint) return describe_checkpoint(options);
    return describe_config(options);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_RUN, .group = 2, .help = "describe the checkpoint of a run folder instead"},
    {VAE_OPTION_CHECKPOINT, .group = 2, .help = "describe a checkpoint instead"},
    {VAE_OPTION_SHAPE, .group = 2},
    {VAE_OPTION_COST, .group = 2},
    {VAE_OPTION_MEASURE, .group = 2},
    {VAE_OPTION_REPEATS, .group = 2},
    {VAE_OPTION_JSON, .group = 2, .help = "print JSON, of a configuration"},
    VAE_CLI_CONFIG_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_info = {
    .name = "info",
    .summary = "show what a configuration runs and costs, or what a checkpoint holds",
    .description = "Prints the training program of a configuration: every operation with its shapes, parameters, "
                   "floating-point operations and bytes, and the total memory. With --run or --checkpoint, what a "
                   "checkpoint holds."
                   "\v--measure trains newly initialised parameters for a few seconds, as a configuration or that of a "
                   "run says, and writes nothing. It takes the configured training images, read as for training; with "
                   "--shape, or where those of a run are gone, made-up ones. Steps are timed alternately op by op "
                   "and as the trainer runs them. Times are means over the middle half of the steps of either kind, so "
                   "that what other programs disturbed is left out, and the times of the ops add up.\n\n"
                   "On a GPU the parts are launches, timed by events in a graph of the step, each step with a "
                   "different batch, so that caches hold what earlier launches left there. Each product is compared "
                   "with sums of its own operands in double precision. VAE_CUDA_SYNC=1 in the environment makes "
                   "training run its launches one at a time and name the one that fails.",
    .picks = picks,
    .run = run,
};
