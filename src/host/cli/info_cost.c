/* vae-cuda info --cost: what a GPU would do in a training step, counted from the list of launches that the CUDA backend
 * runs. */
#include "cli/info_cost.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "backend/cuda/lowering.h"
#include "cli/kind_words.h"
#include "config/family_keys.h"

static const char *name_of(const vae_lowering *lowering, const vae_launch *launch)
{
    return launch->op < 0 ? "" : lowering->program->ops[launch->op].name;
}

static const char *epilogue_of(const vae_launch *launch)
{
    return launch->kind == VAE_LAUNCH_MATMUL ? vae_epilogue_name(launch->as.matmul.epilogue) : "";
}

static double bytes(vae_cost cost)
{
    return cost.bytes_read + cost.bytes_written;
}

/* Nothing for a product. */
static const char *blocks_of(const vae_lowering *lowering, const vae_launch *launch, char *text, size_t size)
{
    const int64_t blocks = vae_launch_blocks(lowering, launch);
    snprintf(text, size, "%" PRId64, blocks);
    return blocks > 0 ? text : "";
}

static void print_launch(const vae_lowering *lowering, int32_t i)
{
    const vae_launch *launch = &lowering->launches[i];
    const vae_cost cost = vae_launch_cost(lowering, launch);
    char blocks[24];
    printf("%3d  %-27s %-20s %-28s %6s %9.3f %8.3f %10.3f\n", (int)i, vae_launch_name(lowering, launch),
           name_of(lowering, launch), epilogue_of(launch), blocks_of(lowering, launch, blocks, sizeof blocks),
           cost.flops * 1e-6, cost.bytes_read * 1e-6, cost.bytes_written * 1e-6);
}

static bool is_alike(const vae_lowering *lowering, int32_t i, int32_t k)
{
    const vae_launch *a = &lowering->launches[i], *b = &lowering->launches[k];
    const vae_cost first = vae_launch_cost(lowering, a), second = vae_launch_cost(lowering, b);
    return a->op == b->op && a->kind == b->kind && first.flops == second.flops && bytes(first) == bytes(second);
}

/* How often the `period` launches of one op from `first` on are launched, one time after the other. */
static int32_t count_times(const vae_lowering *lowering, int32_t first, int32_t period)
{
    int32_t end = first + period;
    if (end > lowering->count || lowering->launches[end - 1].op != lowering->launches[first].op) return 1;
    while (end < lowering->count && is_alike(lowering, end, end - period))
        ++end;
    return (end - first) / period;
}

/* Steps of a recurrent op are alike but for the first, so that they are told once. */
static void print_launches(const vae_lowering *lowering)
{
    enum { LONGEST = 3 };
    printf("%3s  %-27s %-20s %-28s %6s %9s %8s %10s\n", "#", "launch", "of", "epilogue", "blocks", "MFLOP", "MB read",
           "MB written");
    for (int32_t i = 0, period; i < lowering->count; i += period) {
        int32_t times = 1;
        for (period = 1; period < LONGEST && times == 1; ++period)
            times = count_times(lowering, i, period);
        period = times > 1 ? period - 1 : 1;
        for (int32_t k = 0; k < period; ++k)
            print_launch(lowering, i + k);
        if (times == 1) continue;
        printf("     %s %d times\n", period == 1 ? "that" : "those", (int)times);
        period *= times;
    }
}

/* "multiply, exp" of a list of instructions, "" of any other launch. Returns text. */
static const char *functions_of(const vae_lowering *lowering, const vae_launch *launch, char *text, size_t size)
{
    const vae_op *op = launch->op < 0 ? NULL : &lowering->program->ops[launch->op];
    text[0] = '\0';
    if (op && launch->kind == VAE_LAUNCH_OP && op->kind == VAE_OP_ELEMENTWISE) vae_op_format_attributes(op, text, size);
    return text;
}

static void print_lists(const vae_lowering *lowering, const vae_step_cost *cost)
{
    char text[256];
    for (int32_t i = 0; i < lowering->count; ++i) {
        if (functions_of(lowering, &lowering->launches[i], text, sizeof text)[0]) printf("%3d  %s\n", (int)i, text);
    }
    if (cost->saved_launches == 0) return;
    printf("fusion        saves %d launches, %.3f MB read and %.3f MB written\n", (int)cost->saved_launches,
           cost->saved.bytes_read * 1e-6, cost->saved.bytes_written * 1e-6);
}

static void print_text(const vae_lowering *lowering, const vae_config *config, vae_precision precision)
{
    const vae_step_cost cost = vae_lowering_cost(lowering);
    printf("%s step on a GPU: one CUDA graph, batch %" PRId64 ", %s products\n\n", lowering->program->name,
           config->train.batch_size, vae_cuda_precision_name(precision));
    print_launches(lowering);
    print_lists(lowering, &cost);
    printf("\nlaunches      %d a step: %d kernels and %d cuBLASLt products, each a graph node, or more where cuBLASLt "
           "splits it\n",
           (int)lowering->count, (int)(lowering->count - cost.product_count), (int)cost.product_count);
    printf("blocks        what a kernel asks for; a GPU with room for fewer loops. Those of a product are up to "
           "cuBLASLt\n");
    printf("per step      0 device allocations, 0 copies, 0 host synchronisations; metrics are read every %" PRId64
           " steps\n",
           config->train.log_interval);
    printf("elementwise   %.3f MB read, %.3f MB written; %.2f x the minimum of %.3f MB\n",
           cost.elementwise.bytes_read * 1e-6, cost.elementwise.bytes_written * 1e-6,
           bytes(cost.elementwise) / bytes(cost.minimum), bytes(cost.minimum) * 1e-6);
    printf("products      %.3f MB read, %.3f MB written, each operand once\n", cost.products.bytes_read * 1e-6,
           cost.products.bytes_written * 1e-6);
    printf("FLOPs         %.3f M a step, %.1f %% of them in products\n",
           (cost.products.flops + cost.elementwise.flops) * 1e-6,
           100.0 * cost.products.flops / (cost.products.flops + cost.elementwise.flops));
    printf("\nroofline, by data sheets: each launch at the limit of memory or arithmetic, without launch overhead\n");
    const char *items = vae_kind_words_of(vae_family_keys_of(config->model.family)->kind)->items;
    for (int i = 0; i < vae_gpu_count; ++i) {
        const double seconds = vae_lowering_roofline(lowering, &vae_gpus[i], precision);
        printf("  %-17s %9.1f us a step, %10.0f %s/s\n", vae_gpus[i].name, seconds * 1e6,
               (double)config->train.batch_size / seconds, items);
    }
}

static json_t *cost_to_json(vae_cost cost)
{
    return json_pack("{s:f, s:f, s:f}", "flops", cost.flops, "bytes_read", cost.bytes_read, "bytes_written",
                     cost.bytes_written);
}

static json_t *launches_to_json(const vae_lowering *lowering)
{
    char text[256];
    json_t *list = json_array();
    for (int32_t i = 0; i < lowering->count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        json_t *item = cost_to_json(vae_launch_cost(lowering, launch));
        json_object_set_new(item, "launch", json_string(vae_launch_name(lowering, launch)));
        json_object_set_new(item, "of", json_string(name_of(lowering, launch)));
        json_object_set_new(item, "epilogue", json_string(epilogue_of(launch)));
        json_object_set_new(item, "attributes", json_string(functions_of(lowering, launch, text, sizeof text)));
        const int64_t blocks = vae_launch_blocks(lowering, launch);
        json_object_set_new(item, "blocks", blocks > 0 ? json_integer(blocks) : json_null());
        json_array_append_new(list, item);
    }
    return list;
}

static vae_status print_json(const vae_lowering *lowering, vae_precision precision)
{
    const vae_step_cost cost = vae_lowering_cost(lowering);
    json_t *roofline = json_object();
    for (int i = 0; i < vae_gpu_count; ++i) {
        json_object_set_new(roofline, vae_gpus[i].name,
                            json_real(vae_lowering_roofline(lowering, &vae_gpus[i], precision)));
    }
    json_t *root = json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:f, s:o, s:i, s:o, s:o}", "program",
                             lowering->program->name, "precision", vae_cuda_precision_name(precision), "launches",
                             (int)lowering->count, "graph_nodes", (int)lowering->count, "device_allocations", 0,
                             "host_synchronisations", 0, "copies", 0, "products", cost_to_json(cost.products),
                             "elementwise", cost_to_json(cost.elementwise), "minimum", cost_to_json(cost.minimum),
                             "elementwise_over_minimum", bytes(cost.elementwise) / bytes(cost.minimum),
                             "roofline_seconds", roofline, "launches_saved_by_fusion", (int)cost.saved_launches,
                             "saved_by_fusion", cost_to_json(cost.saved), "list", launches_to_json(lowering));
    const int failed = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
    json_decref(root);
    putchar('\n');
    return failed ? vae_error_set(VAE_ERROR_IO, "standard output cannot be written") : VAE_OK;
}

vae_status vae_cli_print_cost(const vae_program *program, const vae_config *config, bool json)
{
    const vae_precision precision = vae_cuda_precision(config->run.precision);
    const vae_lowering_options options = {.bf16 = precision == VAE_PRECISION_BF16};
    vae_lowering lowering;
    vae_status status = vae_lowering_create(program, options, &lowering);
    if (status) return status;
    if (json) {
        status = print_json(&lowering, precision);
    } else {
        print_text(&lowering, config, precision);
    }
    vae_lowering_free(&lowering);
    return status;
}
