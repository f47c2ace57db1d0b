/* What vae-cuda info --measure prints of a GPU: launches, how each product is computed and whether it is right, and how
 * near all of it comes to the roofline. */
#include "cli/info_measure_gpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/cuda/lowering.h"

static double bytes(vae_cost cost)
{
    return cost.bytes_read + cost.bytes_written;
}

static const char *owner(const vae_measured_step *m, const vae_measured_part *part)
{
    return part->op < 0 ? "" : m->program.ops[part->op].name;
}

static bool is_product(const vae_measured_part *part)
{
    return part->product.epilogue != NULL;
}

/* Of a GPU whose data sheet is known. */
static double roofline(const vae_gpu *gpu, const vae_measured_part *part, vae_precision precision)
{
    return vae_gpu_roofline(gpu, part->cost, is_product(part) ? precision : VAE_PRECISION_FP32);
}

static double whole_roofline(const vae_gpu *gpu, const vae_measured_step *m, vae_precision precision)
{
    double seconds = 0.0;
    for (int32_t i = 0; i < m->measurement.count; ++i)
        seconds += roofline(gpu, &m->measurement.parts[i], precision);
    return seconds;
}

static bool is_wrong(const vae_measured_product *product)
{
    return !(product->error <= product->explained);
}

/* cublasLtMatmulTile_t, the first of them; later ones have numbers only. */
static const char *tile_name(int32_t tile, char text[16])
{
    static const char *const names[] = {
        "",       "8x8",    "8x16",    "16x8",    "8x32",    "16x16",   "32x8",    "8x64",   "16x32",
        "32x16",  "64x8",   "32x32",   "32x64",   "64x32",   "32x128",  "64x64",   "128x32", "64x128",
        "128x64", "64x256", "128x128", "256x64",  "64x512",  "128x256", "256x128", "512x64", "64x96",
        "96x64",  "96x128", "128x160", "160x128", "192x128", "128x192", "128x96",
    };
    if (tile >= 0 && tile < (int32_t)(sizeof names / sizeof *names)) return names[tile];
    snprintf(text, 16, "no. %d", (int)tile);
    return text;
}

/* ---- Text, 120 columns wide unless names are long ---- */

/* Of a column that holds what launches are of, all of them or the products alone. */
static int owner_width(const vae_measured_step *m, bool products, int width)
{
    for (int32_t i = 0; i < m->measurement.count; ++i) {
        if (products && !is_product(&m->measurement.parts[i])) continue;
        const int length = (int)strlen(owner(m, &m->measurement.parts[i]));
        width = length > width ? length : width;
    }
    return width;
}

static void print_launch(const vae_measured_step *m, int32_t index, int width, const vae_gpu *gpu,
                         vae_precision precision)
{
    const vae_measured_part *part = &m->measurement.parts[index];
    const double seconds = part->seconds;
    printf("%3d  %-27s %-*s %5d %9.2f %6.1f %9.3f %8.3f %8.1f %8.1f", (int)index, part->kind, width, owner(m, part),
           (int)part->nodes, seconds * 1e6, 100.0 * seconds / m->measurement.replay_seconds, part->cost.flops * 1e-6,
           bytes(part->cost) * 1e-6, part->cost.flops / seconds * 1e-9, bytes(part->cost) / seconds * 1e-9);
    if (gpu) printf(" %6.1f", 100.0 * roofline(gpu, part, precision) / seconds);
    printf("\n");
}

static void print_product(const vae_measured_step *m, int32_t index, int width)
{
    const vae_measured_part *part = &m->measurement.parts[index];
    const vae_measured_product *p = &part->product;
    char shape[64], tile[16];
    snprintf(shape, sizeof shape, "%" PRId64 "x%" PRId64 "x%" PRId64, p->m, p->n, p->k);
    printf("%3d  %-*s %-15s %-28s %-15s %4d %7s %5d %6.0f %4d %5.0e%s\n", (int)index, width, owner(m, part), p->product,
           p->epilogue, shape, (int)p->algorithm, tile_name(p->tile, tile), (int)p->split_k,
           (double)p->workspace_bytes / 1024.0, (int)p->passed_over, p->error, is_wrong(p) ? "!" : "");
    if (strcmp(p->wanted, p->epilogue) != 0)
        printf("     %-*s %-15s without the wanted: %s\n", width, "", "", p->wanted);
}

void vae_cli_print_launches(const vae_measured_step *m, vae_precision precision)
{
    const vae_gpu *gpu = vae_gpu_find(m->measurement.hardware);
    const int launch_width = owner_width(m, false, 20), product_width = owner_width(m, true, 16);
    int wrong = 0;
    printf("\n%3s  %-27s %-*s %5s %9s %6s %9s %8s %8s %8s%s\n", "#", "launch", launch_width, "of", "nodes", "us", "%",
           "MFLOP", "MB", "GFLOP/s", "GB/s", gpu ? "  roof%" : "");
    for (int32_t i = 0; i < m->measurement.count; ++i)
        print_launch(m, i, launch_width, gpu, precision);
    printf("\n%3s  %-*s %-15s %-28s %-15s %4s %7s %5s %6s %4s %5s\n", "#", product_width, "of", "product", "carries",
           "m x n x k", "algo", "tile", "split", "KiB", "over", "error");
    for (int32_t i = 0; i < m->measurement.count; ++i) {
        const vae_measured_part *part = &m->measurement.parts[i];
        if (!is_product(part)) continue;
        print_product(m, i, product_width);
        wrong += is_wrong(&part->product);
    }
    printf("     split: of k; KiB: workspace; over: algorithms passed over; error: against sums in double, relative "
           "to their terms\n");
    if (wrong > 0) printf("     !: %d with a larger error than the precision's roundings explain\n", wrong);
}

void vae_cli_print_replay(const vae_measured_step *m, vae_precision precision)
{
    const vae_measurement *measurement = &m->measurement;
    const vae_gpu *gpu = vae_gpu_find(measurement->hardware);
    printf("     %-57s %11.1f us\n", "a replay of the step's graph", measurement->replay_seconds * 1e6);
    printf("     %-57s %11.1f us\n", "two events with nothing between them, part of each launch's time",
           measurement->event_seconds * 1e6);
    if (!gpu) {
        printf("     no share of the roofline: there is no data sheet for '%s'\n", measurement->hardware);
        return;
    }
    const double limit = whole_roofline(gpu, m, precision);
    printf("     %-57s %11.1f us, %.1f %% of a replay\n", "all launches at the roofline of its data sheet", limit * 1e6,
           100.0 * limit / measurement->replay_seconds);
}

/* ---- JSON ---- */

static json_t *product_to_json(const vae_measured_product *p)
{
    char tile[16];
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:s, s:i, s:i, s:I, s:i, s:f, s:f, s:b}", "product",
                     p->product, "epilogue", p->epilogue, "wanted_epilogue", p->wanted, "m", (json_int_t)p->m, "n",
                     (json_int_t)p->n, "k", (json_int_t)p->k, "algorithm", (int)p->algorithm, "tile", (int)p->tile,
                     "tile_name", tile_name(p->tile, tile), "stages", (int)p->stages, "split_k", (int)p->split_k,
                     "workspace_bytes", (json_int_t)p->workspace_bytes, "passed_over", (int)p->passed_over, "error",
                     p->error, "explained_error", p->explained, "right", !is_wrong(p));
}

void vae_cli_add_launch(json_t *object, const vae_measured_step *m, const vae_measured_part *part,
                        vae_precision precision)
{
    const vae_gpu *gpu = vae_gpu_find(m->measurement.hardware);
    json_object_set_new(object, "graph_nodes", json_integer(part->nodes));
    json_object_set_new(object, "roofline_share",
                        gpu ? json_real(roofline(gpu, part, precision) / part->seconds) : json_null());
    if (is_product(part)) json_object_set_new(object, "product", product_to_json(&part->product));
}

void vae_cli_add_replay(json_t *object, const vae_measured_step *m, vae_precision precision)
{
    const vae_measurement *measurement = &m->measurement;
    const vae_gpu *gpu = vae_gpu_find(measurement->hardware);
    json_object_set_new(object, "gpu", json_string(measurement->hardware));
    json_object_set_new(object, "precision", json_string(vae_cuda_precision_name(precision)));
    json_object_set_new(object, "replay_seconds", json_real(measurement->replay_seconds));
    json_object_set_new(object, "event_seconds", json_real(measurement->event_seconds));
    json_object_set_new(object, "roofline_seconds", gpu ? json_real(whole_roofline(gpu, m, precision)) : json_null());
}
