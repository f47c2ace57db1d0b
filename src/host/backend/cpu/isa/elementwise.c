/* elementwise: lists of instructions, run tile by tile. All results but those that are outputs stay in the thread's own
 * tiles, which L1 holds, and each instruction is one loop over a tile. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/isa/list_loops.h"
#include "backend/cpu/isa/row_sum.h"
#include "program/op.h"

/* A tile is whole rows, as many as fit, or part of one. How rows are cut depends on the domain alone, and with it the
 * order of sums; where a list needs no tiles of its own, they are longer. Below so many results, a parallel region
 * costs more than it saves. */
enum { TILE = 1024, PLAIN_TILE = 8192, FILL = 16, TILE_SPACE = TILE + FILL, PIECE_GRAIN = 16, PARALLEL_RESULTS = 8192 };

/* Where operands are found: a pointer each for inputs, constants and results. */
enum {
    PLACE_CONSTANT = VAE_LIST_INPUTS,
    PLACE_RESULT = PLACE_CONSTANT + VAE_LIST_CONSTANTS,
    PLACE_COUNT = PLACE_RESULT + VAE_LIST_INSTRUCTIONS,
};

typedef enum input_way {
    INPUT_WHOLE,    /* read where it lies, at the tile's own elements */
    INPUT_ROW,      /* read where it lies: tiles are parts of a row */
    INPUT_EXPANDED, /* broadcast to a tile, for each tile */
    INPUT_REPEATED, /* broadcast to a tile once, as it is the same for all */
} input_way;

typedef struct list_input {
    input_way way;
    float *values; /* only read */
    vae_broadcast at;
} list_input;

typedef struct list_plan {
    int64_t rows, columns; /* the domain, as one row where all its elements are alike */
    int64_t tile_rows, tile_columns;
    int64_t pieces, tiles; /* tiles of a row; of the domain */
    bool has_sums;
    int input_count;
    list_input inputs[VAE_LIST_INPUTS];
    vae_list_loop loops[VAE_LIST_INSTRUCTIONS];
    uint8_t operands[VAE_LIST_INSTRUCTIONS][VAE_LIST_OPERANDS]; /* places */
    float *outputs[VAE_LIST_INSTRUCTIONS];                      /* memory of results that are outputs, else NULL */
    int tile_of[PLACE_COUNT];                                   /* of places that are a thread's tiles, else -1 */
    int tile_count;
    float *memory; /* [threads, tile_count, TILE_SPACE] */
} list_plan;

/* What a thread works with. */
typedef struct list_team_member {
    const list_plan *plan;
    const vae_elementwise *list;
    float *const *sums;                 /* the op's outputs, [rows] where summed */
    float *places[PLACE_COUNT];         /* inputs are only read */
    double totals[VAE_LIST_OUTPUTS];    /* of the row so far */
    int64_t row, rows, column, columns; /* the tile at hand */
} list_team_member;

/* ---- Plan ---- */

static bool is_flat(const vae_call *call)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    for (int k = 0; k < list->output_count; ++k)
        if (list->outputs[k].summed) return false;
    for (int i = 0; i < VAE_LIST_INPUTS && call->op->inputs[i] != VAE_NO_TENSOR; ++i) {
        const vae_shape *shape = vae_call_input_shape(call, i);
        if (!vae_elementwise_is_whole(list, shape) && vae_shape_elements(shape) > 1) return false;
    }
    return true;
}

/* One instruction whose operands and result are read and written where they lie. */
static bool is_plain(const vae_call *call)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    for (int i = 0; i < VAE_LIST_INPUTS && call->op->inputs[i] != VAE_NO_TENSOR; ++i)
        if (!vae_elementwise_is_whole(list, vae_call_input_shape(call, i))) return false;
    return list->count == 1 && list->constant_count == 0 && !list->outputs[0].summed;
}

static void cut_domain(const vae_call *call, list_plan *plan)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    const bool flat = is_flat(call);
    plan->rows = flat ? 1 : list->rows;
    plan->columns = flat ? list->rows * list->columns : list->columns;
    const int64_t room = is_plain(call) ? PLAIN_TILE : TILE, wanted = (plan->columns + room - 1) / room;
    const int64_t size = (plan->columns + wanted - 1) / wanted;
    plan->tile_columns = wanted == 1 ? plan->columns : (size + PIECE_GRAIN - 1) / PIECE_GRAIN * PIECE_GRAIN;
    plan->pieces = (plan->columns + plan->tile_columns - 1) / plan->tile_columns;
    plan->tile_rows = plan->pieces > 1 ? 1 : room / plan->columns;
    if (plan->tile_rows > plan->rows) plan->tile_rows = plan->rows;
    plan->tiles = (plan->rows + plan->tile_rows - 1) / plan->tile_rows * plan->pieces;
}

static list_input plan_input(const vae_call *call, const list_plan *plan, int index)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    const vae_shape *shape = vae_call_input_shape(call, index);
    list_input input = {INPUT_EXPANDED, call->inputs[index], vae_elementwise_broadcast(list, shape)};
    const bool has_one_row = input.at.row_divisor == list->rows;
    if (vae_elementwise_is_whole(list, shape)) {
        input.way = INPUT_WHOLE;
    } else if (input.at.column_stride == 1 && plan->tile_rows == 1) {
        input.way = INPUT_ROW;
    } else if (has_one_row) {
        input.way = INPUT_REPEATED;
    }
    return input;
}

static uint8_t place_of(vae_list_operand operand, int instruction)
{
    switch (operand.source) {
    case VAE_OPERAND_INPUT: return operand.index;
    case VAE_OPERAND_CONSTANT: return (uint8_t)(PLACE_CONSTANT + operand.index);
    case VAE_OPERAND_RESULT: return (uint8_t)(PLACE_RESULT + operand.index);
    default: return (uint8_t)(PLACE_RESULT + instruction); /* not read */
    }
}

static void plan_instructions(const vae_call *call, list_plan *plan)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    for (int i = 0; i < list->count; ++i) {
        const vae_instruction *instruction = &list->instructions[i];
        plan->loops[i] = VAE_ISA_NAME(vae_cpu_list_loop)(instruction);
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k)
            plan->operands[i][k] = place_of(instruction->operands[k], i);
    }
    for (int k = 0; k < list->output_count; ++k) {
        plan->has_sums = plan->has_sums || list->outputs[k].summed;
        if (!list->outputs[k].summed) plan->outputs[list->outputs[k].instruction] = call->outputs[k];
    }
}

/* Slots come first, then what is broadcast, then constants. */
static void assign_tiles(const vae_elementwise *list, list_plan *plan)
{
    for (int i = 0; i < PLACE_COUNT; ++i)
        plan->tile_of[i] = -1;
    for (int i = 0; i < list->count; ++i)
        if (!plan->outputs[i]) plan->tile_of[PLACE_RESULT + i] = list->instructions[i].slot;
    plan->tile_count = list->slot_count;
    for (int i = 0; i < plan->input_count; ++i) {
        const input_way way = plan->inputs[i].way;
        if (way == INPUT_EXPANDED || way == INPUT_REPEATED) plan->tile_of[i] = plan->tile_count++;
    }
    for (int i = 0; i < list->constant_count; ++i)
        plan->tile_of[PLACE_CONSTANT + i] = plan->tile_count++;
}

static void release(vae_call *call)
{
    list_plan *plan = call->state;
    if (plan) free(plan->memory);
    free(plan);
}

static vae_status prepare(vae_call *call)
{
    list_plan *plan = calloc(1, sizeof *plan);
    call->state = plan;
    if (!plan) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    cut_domain(call, plan);
    while (plan->input_count < VAE_LIST_INPUTS && call->op->inputs[plan->input_count] != VAE_NO_TENSOR) {
        plan->inputs[plan->input_count] = plan_input(call, plan, plan->input_count);
        ++plan->input_count;
    }
    plan_instructions(call, plan);
    assign_tiles(&call->op->attributes.elementwise, plan);
    const size_t tiles = (size_t)vae_call_threads(call) * (size_t)plan->tile_count;
    plan->memory = aligned_alloc(64, tiles * TILE_SPACE * sizeof(float));
    if (plan->memory) return VAE_OK;
    release(call);
    call->state = NULL;
    return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

/* ---- Broadcasting ---- */

/* Whole vectors, up to FILL - 1 numbers more than `count`. */
static void fill(float *tile, float value, int64_t count)
{
    for (int64_t i = 0; i < count; i += FILL) {
#pragma omp simd
        for (int k = 0; k < FILL; ++k)
            tile[i + k] = value;
    }
}

/* The input at the tile at hand; rows of one group follow one another. */
static void expand(const list_team_member *member, const list_input *input, float *tile)
{
    const int64_t end = member->row + member->rows, columns = member->columns;
    for (int64_t row = member->row; row < end;) {
        const int64_t group = row / input->at.row_divisor, next = (group + 1) * input->at.row_divisor;
        const int64_t run = (next < end ? next : end) - row;
        const float *values = input->values + group * input->at.row_stride + member->column * input->at.column_stride;
        if (input->at.column_stride == 0) fill(tile, *values, run * columns);
        for (int64_t r = 0; r < run && input->at.column_stride == 1; ++r)
            memcpy(tile + r * columns, values, (size_t)columns * sizeof *tile);
        tile += run * columns;
        row += run;
    }
}

/* ---- Running ---- */

static void begin(list_team_member *member, const vae_call *call, int part)
{
    const list_plan *plan = member->plan;
    float *tiles = plan->memory + (int64_t)part * plan->tile_count * TILE_SPACE;
    for (int i = 0; i < PLACE_COUNT; ++i)
        if (plan->tile_of[i] >= 0) member->places[i] = tiles + (int64_t)plan->tile_of[i] * TILE_SPACE;
    for (int i = 0; i < member->list->constant_count; ++i)
        fill(member->places[PLACE_CONSTANT + i], (float)vae_weight_value(member->list->constants[i], call->step), TILE);
    member->rows = plan->tile_rows;
    member->columns = plan->tile_columns;
    for (int i = 0; i < plan->input_count; ++i)
        if (plan->inputs[i].way == INPUT_REPEATED) expand(member, &plan->inputs[i], member->places[i]);
}

static void take_tile(list_team_member *member, int64_t tile)
{
    const list_plan *plan = member->plan;
    member->row = tile / plan->pieces * plan->tile_rows;
    member->column = tile % plan->pieces * plan->tile_columns;
    const int64_t rows = plan->rows - member->row, columns = plan->columns - member->column;
    member->rows = rows < plan->tile_rows ? rows : plan->tile_rows;
    member->columns = columns < plan->tile_columns ? columns : plan->tile_columns;
    const int64_t first = member->row * plan->columns + member->column;
    for (int i = 0; i < plan->input_count; ++i) {
        const list_input *input = &plan->inputs[i];
        if (input->way == INPUT_WHOLE) member->places[i] = input->values + first;
        if (input->way == INPUT_ROW) {
            const int64_t row = member->row / input->at.row_divisor * input->at.row_stride;
            member->places[i] = input->values + row + member->column;
        }
        if (input->way == INPUT_EXPANDED) expand(member, input, member->places[i]);
    }
    for (int i = 0; i < member->list->count; ++i)
        if (plan->outputs[i]) member->places[PLACE_RESULT + i] = plan->outputs[i] + first;
}

/* Adds up the rows of a tile, or the part of a row that it is. */
static void add_rows(list_team_member *member, int output, const float *values)
{
    double *total = &member->totals[output];
    for (int64_t r = 0; r < member->rows; ++r) {
        if (member->column == 0) *total = 0.0;
        *total += vae_cpu_row_sum(values + r * member->columns, member->columns);
        if (member->column + member->columns == member->plan->columns)
            member->sums[output][member->row + r] = (float)*total;
    }
}

static void run_tile(list_team_member *member)
{
    const vae_elementwise *list = member->list;
    float *const *places = member->places;
    const int64_t count = member->rows * member->columns;
    for (int i = 0; i < list->count; ++i) {
        const uint8_t *from = member->plan->operands[i];
        float *result = places[PLACE_RESULT + i];
        member->plan->loops[i](places[from[0]], places[from[1]], places[from[2]], places[from[3]], result, count);
        for (int k = 0; k < list->output_count && member->plan->has_sums; ++k)
            if (list->outputs[k].summed && list->outputs[k].instruction == i) add_rows(member, k, result);
    }
}

static vae_status run(vae_call *call)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    const list_plan *plan = call->state;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static)                                                                              \
    num_threads(threads) if (list->rows * list->columns * list->count >= PARALLEL_RESULTS)
    for (int part = 0; part < threads; ++part) {
        list_team_member member = {.plan = plan, .list = list, .sums = (float *const *)call->outputs};
        int64_t first, end;
        vae_cpu_share(plan->tiles, plan->has_sums ? plan->pieces : 1, part, threads, &first, &end);
        if (first < end) begin(&member, call, part);
        for (int64_t tile = first; tile < end; ++tile) {
            take_tile(&member, tile);
            run_tile(&member);
        }
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_elementwise) = {prepare, run, release};
