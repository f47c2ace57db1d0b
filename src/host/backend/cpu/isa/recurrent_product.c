/* Products of states, or of gradients, with the weight of a recurrent op, and the panels that the weight is packed
 * into.
 */
#include <string.h>

#include "backend/cpu/isa/recurrent.h"

enum { LINE = 16 /* numbers in a cache line */ };

/* ---- Forward products: panels of two gates of the same LANES units, and of one where gates are odd ---- */

/* `gates` (1 or 2) parts of a row of the weight, side by side, missing units as zeros. */
static void pack_gates(const vae_recurrent_pass *pass, const float *weight, int64_t unit, int gates, float *packed)
{
    const int64_t hidden = pass->options.hidden, count = hidden - unit < LANES ? hidden - unit : LANES;
    for (int64_t k = 0; k < hidden; ++k) {
        const float *row = weight + k * pass->columns + unit;
        for (int g = 0; g < gates; ++g, row += hidden, packed += LANES) {
            if (count == LANES) {
                memcpy(packed, row, LANES * sizeof *packed); /* a vector */
                continue;
            }
            for (int64_t j = 0; j < LANES; ++j)
                packed[j] = j < count ? row[j] : 0.0f;
        }
    }
}

static void pack_forward(const vae_recurrent_pass *pass, int part)
{
    const vae_recurrent_options *o = &pass->options;
    const float *weight = o->inputs[VAE_RECURRENT_WEIGHT];
    const int gates = pass->cell->gates;
    int64_t begin, end;
    vae_cpu_share((o->hidden + LANES - 1) / LANES, 1, part, o->threads, &begin, &end);
    for (int64_t b = begin; b < end; ++b) {
        float *packed = pass->packed + b * gates * LANES * o->hidden;
        for (int g = 0; g < gates; g += 2, packed += PANEL * o->hidden)
            pack_gates(pass, weight + g * o->hidden, b * LANES, gates - g > 1 ? 2 : 1, packed);
    }
}

/* Sums of active rows first … first + count - 1. */
static void multiply(const vae_recurrent_share *share, int64_t unit, int64_t first, int64_t count)
{
    const vae_recurrent_pass *pass = share->pass;
    const int64_t hidden = pass->options.hidden, width = pass->cell->gates * LANES;
    const float *packed = pass->packed + unit / LANES * width * hidden;
    for (int64_t j = 0; j < count; ++j)
        share->offsets[j] = share->active[first + j] * (int32_t)hidden;
    const vae_segmented rows = {pass->options.outputs[VAE_RECURRENT_LAST_H], share->offsets, 1, hidden, 0};
    for (int64_t done = 0; done < width; done += PANEL, packed += PANEL * hidden) {
        const int64_t panel = vae_panel_width(width - done);
        VAE_ISA_NAME(vae_cpu_tile_product)(&rows, count, packed, panel, share->sums + done, width, panel);
    }
}

/* Of some rows one block after the other, so that a block's panels stay in the cache for all of them. */
void VAE_ISA_NAME(vae_cpu_recurrent_blocks)(const vae_recurrent_share *share, bool is_zero, vae_recurrent_block cell)
{
    for (int64_t unit = 0; unit < share->pass->options.hidden; unit += LANES) {
        for (int64_t first = 0; first < share->count; first += VAE_RECURRENT_ROWS) {
            const int64_t rest = share->count - first, count = rest < VAE_RECURRENT_ROWS ? rest : VAE_RECURRENT_ROWS;
            if (is_zero) {
                memset(share->sums, 0, VAE_RECURRENT_ROWS * 2 * PANEL * sizeof *share->sums);
            } else {
                multiply(share, unit, first, count);
            }
            cell(share, first, count, unit);
        }
    }
}

/* ---- Backward products: panels of the transposed weight ---- */

/* Panel [columns, width] of the units from `unit` on. A block of columns at a time, so that what is written next to
 * one another is still in the cache. */
static void pack_transposed(const vae_recurrent_pass *pass, const float *weight, int64_t unit, float *packed)
{
    const int64_t hidden = pass->options.hidden, columns = pass->columns;
    const int64_t width = vae_panel_width(hidden - unit), count = hidden - unit < width ? hidden - unit : width;
    for (int64_t first = 0; first < columns; first += LINE) {
        const int64_t last = first + LINE < columns ? first + LINE : columns;
        for (int64_t j = 0; j < width; ++j) {
            const float *row = weight + (unit + (j < count ? j : 0)) * columns;
            for (int64_t k = first; k < last; ++k)
                packed[k * width + j] = j < count ? row[k] : 0.0f;
        }
    }
}

static void pack_backward(const vae_recurrent_pass *pass, int part)
{
    const vae_recurrent_options *o = &pass->options;
    int64_t begin, end;
    vae_cpu_share((o->hidden + PANEL - 1) / PANEL, 1, part, o->threads, &begin, &end);
    for (int64_t b = begin; b < end; ++b) {
        pack_transposed(pass, o->inputs[VAE_RECURRENT_BACKWARD_WEIGHT], b * PANEL,
                        pass->packed + b * PANEL * pass->columns);
    }
}

/* A panel of d_h of active rows first … first + rows - 1. */
static void take_sums(const vae_recurrent_share *share, int64_t first, int64_t rows, int64_t unit, int64_t width,
                      bool adds)
{
    const int64_t hidden = share->pass->options.hidden, count = hidden - unit < width ? hidden - unit : width;
    for (int64_t j = 0; j < rows; ++j) {
        const float *sums = share->sums + j * width;
        float *d_h = share->pass->d_h + share->active[first + j] * hidden + unit;
#pragma omp simd
        for (int64_t k = 0; k < count; ++k)
            d_h[k] = adds ? d_h[k] + sums[k] : sums[k];
    }
}

void VAE_ISA_NAME(vae_cpu_recurrent_product_back)(const vae_recurrent_share *share, const float *d_sums, bool compact,
                                                  bool adds)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, columns = pass->columns;
    const bool is_last = share->at == (o->attributes.reverse ? o->attributes.steps - 1 : 0);
    if (is_last && !o->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H]) return;
    for (int64_t unit = 0; unit < hidden; unit += PANEL) {
        const int64_t width = vae_panel_width(hidden - unit);
        for (int64_t first = 0; first < share->count; first += VAE_RECURRENT_ROWS) {
            const int64_t rest = share->count - first, rows = rest < VAE_RECURRENT_ROWS ? rest : VAE_RECURRENT_ROWS;
            for (int64_t j = 0; j < rows; ++j)
                share->offsets[j] = (int32_t)((compact ? first + j : share->active[first + j]) * columns);
            const vae_segmented left = {d_sums, share->offsets, 1, columns, 0};
            VAE_ISA_NAME(vae_cpu_tile_product)
            (&left, rows, pass->packed + unit * columns, width, share->sums, width, width);
            take_sums(share, first, rows, unit, width, adds);
        }
    }
}

void VAE_ISA_NAME(vae_cpu_recurrent_pack)(const vae_recurrent_pass *pass, int part)
{
    (pass->cell->backward ? pack_backward : pack_forward)(pass, part);
}
