/* What the passes of lstm and gru share: how sequences are shared among threads, and products with the weight.
 *
 * A thread owns some of the batch's rows and takes them through all steps by itself, so threads meet at the end of an
 * op and not of each step. A step's products are register tiles over the rows whose sequences are running, with the
 * weight in panels that are packed once a run: what has ended costs nothing. Of one row, sums are the same whichever
 * rows share its tile, so results do not depend on the number of threads. */
#ifndef VAE_BACKEND_CPU_ISA_RECURRENT_H
#define VAE_BACKEND_CPU_ISA_RECURRENT_H

#include "backend/cpu/isa/tile.h"
#include "backend/cpu/recurrent_pass.h"

/* ROWS: whose products are made before the cell takes them, still in the cache. PIECE: rows that share a sum over rows
 * and steps, which a thread takes whole. STEPS: whose gradients are added up as floats before their sum becomes part of
 * a double. */
enum { VAE_RECURRENT_ROWS = 32, VAE_RECURRENT_PIECE = 2, VAE_RECURRENT_SUMMED_STEPS = 4 };

/* Layer norms of an lstm: i, f, g, o and c. */
enum { VAE_LSTM_NORMS = 5 };

/* A thread at work on its rows. */
typedef struct vae_recurrent_share {
    const vae_recurrent_pass *pass;
    const vae_step *step;
    int64_t begin, end;        /* its rows */
    int64_t at;                /* the step of the sequences at hand */
    int32_t *active, *offsets; /* [end - begin]: rows whose sequences run at that step; where a product finds them */
    int64_t count;             /* of these */
    float *sums;               /* [VAE_RECURRENT_ROWS, 2·PANEL]: products */
    float *masks;              /* [end - begin, mask_stride]: dropout of active rows, where there is any */
    float *row;                /* [3, H]: for one row */
    float *d_sums;             /* gru_backward: [end - begin, columns], gradients by a step's products */
} vae_recurrent_share;

/* What differs from cell to cell. `begin` readies the states of a share's rows, `step` takes its active rows through a
 * step, with `first` where none has been taken yet, and `end`, or NULL, writes what is left after the last one. */
typedef struct vae_recurrent_cell {
    bool backward;
    int gates;
    void (*begin)(const vae_recurrent_share *share);
    void (*step)(vae_recurrent_share *share, bool first);
    void (*end)(const vae_recurrent_share *share);
} vae_recurrent_cell;

struct vae_recurrent_pass {
    vae_recurrent_options options;
    const vae_recurrent_cell *cell;
    int64_t columns;     /* of the weight */
    int64_t mask_stride; /* H in whole blocks of four */
    int64_t pieces;      /* of the rows */
    int32_t *lengths;    /* [rows], of this run */
    float *packed;       /* the weight in panels */
    float *zeros, *ones; /* [columns], what absent operands are read as */
    float *d_h, *d_c;    /* backward, [rows, H]: gradients by the state on its way back */
    double *row_sums;    /* backward, [rows, columns]: d_per_sequence; NULL where that is not wanted */
    double *norm_sums;   /* backward, [pieces, 2, VAE_LSTM_NORMS·H]: d_norm_scale and d_norm_shift; or NULL */
    float *scratch;      /* [threads, scratch_size] */
    int32_t *row_lists;  /* [threads, 2, rows] */
    int64_t scratch_size;
};

extern const vae_recurrent_cell VAE_ISA_NAME(vae_cpu_lstm_cell), VAE_ISA_NAME(vae_cpu_lstm_backward_cell),
    VAE_ISA_NAME(vae_cpu_gru_cell), VAE_ISA_NAME(vae_cpu_gru_backward_cell);

/* Row `row` of a matrix of `columns` columns, or of `absent`, which all rows share, where there is no matrix. */
static inline float *vae_recurrent_row(float *values, int64_t row, int64_t columns, float *absent)
{
    return values ? values + row * columns : absent;
}
/* That of what sequence `row` has at the share's step. */
static inline int64_t vae_recurrent_place(const vae_recurrent_share *share, int64_t row)
{
    return share->at * share->pass->options.rows + row;
}
/* The step of a sequence that was read before the share's step, or -1. */
int64_t VAE_ISA_NAME(vae_cpu_recurrent_previous)(const vae_recurrent_share *share, int64_t row);

/* Copies rows [begin, end) of a share, or sets them to zero where source is NULL; nothing where target is. */
void VAE_ISA_NAME(vae_cpu_recurrent_copy)(const vae_recurrent_share *share, const float *source, float *target,
                                          int64_t columns);
/* Zeros in every row of a step that is not active. */
void VAE_ISA_NAME(vae_cpu_recurrent_clear)(const vae_recurrent_share *share, float *values, int64_t columns);
/* Dropout of the active rows at the step. */
void VAE_ISA_NAME(vae_cpu_recurrent_draw)(const vae_recurrent_share *share);

/* Forward: last_h of the active rows becomes this step's h. */
void VAE_ISA_NAME(vae_cpu_recurrent_take_state)(const vae_recurrent_share *share);
/* Backward: keeps the gradients by the sums of a row's first step, where that is the share's step. */
void VAE_ISA_NAME(vae_cpu_recurrent_keep_first)(const vae_recurrent_share *share, int64_t row, const float *d_sums);

/* ---- Products (isa/recurrent_product.c) ---- */

/* Packs the weight's panels that are the thread's: `part` of the pass's threads. */
void VAE_ISA_NAME(vae_cpu_recurrent_pack)(const vae_recurrent_pass *pass, int part);
/* Forward: calls `cell` with each block of up to LANES units, from `unit` on, of `count` active rows from `first` on.
 * Row j of the share's sums, [gates, LANES], is last_h · weight there, of the j-th of these rows, or 0 where `is_zero`.
 * What the cell leaves in the sums is its own affair. */
typedef void (*vae_recurrent_block)(const vae_recurrent_share *share, int64_t first, int64_t count, int64_t unit);
void VAE_ISA_NAME(vae_cpu_recurrent_blocks)(const vae_recurrent_share *share, bool is_zero, vae_recurrent_block cell);
/* Backward: d_h of the active rows is d_sums · weightᵀ, added to what is there where `adds`. Row j of d_sums,
 * [., columns], is of active row j where `compact`, else of row j of the batch. Nothing is done where nobody needs it:
 * at the last step on the way back, where the initial state's gradient is not wanted. */
void VAE_ISA_NAME(vae_cpu_recurrent_product_back)(const vae_recurrent_share *share, const float *d_sums, bool compact,
                                                  bool adds);
#endif
