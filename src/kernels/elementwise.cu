/* elementwise: an interpreter of lists of instructions. A thread takes WIDTH numbers of a row at a time through the
 * whole list: the last result stays in registers, those that are read later in shared memory, which, unlike registers,
 * can be indexed.
 *
 * What a number becomes depends on no other number and on no other instruction, as the compiler contracts nothing in
 * this file (cmake/cuda.cmake): lists of one instruction give the bits of those that were joined. Sums have an order
 * that the shape decides. */
#include "functions.cuh"
#include "launch.cuh"
#include "program/op.h"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

/* ---- A list as the kernel sees it ---- */

enum source : uint8_t { FROM_NOWHERE, FROM_INPUT, FROM_LAST, FROM_SLOT, FROM_CONSTANT };

struct operand {
    source from;
    uint8_t index;
};

struct instruction {
    uint8_t operation; /* operation_of() */
    bool kept;         /* in its slot, for a reader that is not the next instruction */
    uint8_t slot;
    uint8_t outputs; /* bits */
    operand operands[VAE_LIST_OPERANDS];
};

struct input {
    const float *values;
    vae_broadcast broadcast;
    bool whole;
};

struct list_call {
    input inputs[VAE_LIST_INPUTS];
    float *outputs[VAE_LIST_OUTPUTS];
    uint16_t *shadows[VAE_LIST_OUTPUTS];
    vae_weight constants[VAE_LIST_CONSTANTS];
    const vae_cuda_step *step;
    int64_t rows, columns;
    int32_t lanes;  /* threads that share a row, where there are sums */
    uint8_t count;  /* of instructions */
    uint8_t summed; /* outputs, as bits */
    instruction instructions[VAE_LIST_INSTRUCTIONS];
};

/* ---- One vector of numbers ---- */

struct place {
    int64_t row, column, index;
};

/* What the block shares: each thread its own place of each slot, and constants. */
template <int WIDTH> struct block_memory {
    float (&slots)[VAE_LIST_SLOTS][THREADS * WIDTH];
    float (&constants)[VAE_LIST_CONSTANTS];
    __device__ float *slot(int index) const
    {
        return slots[index] + threadIdx.x * WIDTH;
    }
};

template <int WIDTH> __device__ inline void fill(float value, float (&values)[WIDTH])
{
    for (int k = 0; k < WIDTH; ++k)
        values[k] = value;
}

template <int WIDTH> __device__ inline void load_input(const input &from, const place &at, float (&values)[WIDTH])
{
    if (from.whole) return load(from.values + at.index, values);
    const float *row = from.values + at.row / from.broadcast.row_divisor * from.broadcast.row_stride;
    if (from.broadcast.column_stride > 0) return load(row + at.column, values);
    fill(*row, values);
}

template <int WIDTH>
__device__ inline void load_operand(const list_call &call, operand of, const place &at,
                                    const block_memory<WIDTH> &memory, const float (&last)[WIDTH],
                                    float (&values)[WIDTH])
{
    switch (of.from) {
    case FROM_INPUT: return load_input(call.inputs[of.index], at, values);
    case FROM_SLOT: return load(memory.slot(of.index), values);
    case FROM_CONSTANT: return fill(memory.constants[of.index], values);
    case FROM_LAST:
    case FROM_NOWHERE: break;
    }
    for (int k = 0; k < WIDTH; ++k)
        values[k] = last[k];
}

/* Sums are taken along with `sums`; without, there are none. */
template <int WIDTH, typename Sums>
__device__ inline void write_outputs(const list_call &call, int outputs, const place &at, const float (&values)[WIDTH],
                                     Sums &sums)
{
#pragma unroll
    for (int i = 0; i < VAE_LIST_OUTPUTS; ++i) {
        if (!(outputs >> i & 1)) continue;
        if (sums.take(call.summed >> i & 1, i, values)) continue;
        store(call.outputs[i] + at.index, values);
        store_shadow(shadow_at(call.shadows[i], at.index), values);
    }
}

template <int WIDTH, typename Sums>
__device__ inline void run_list(const list_call &call, const place &at, const block_memory<WIDTH> &memory, Sums &sums)
{
    float last[WIDTH] = {};
    for (int i = 0; i < call.count; ++i) {
        const instruction &now = call.instructions[i];
        float operands[VAE_LIST_OPERANDS][WIDTH];
#pragma unroll
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k)
            load_operand(call, now.operands[k], at, memory, last, operands[k]);
        apply(now.operation, operands, last);
        if (now.kept) store(memory.slot(now.slot), last);
        if (now.outputs) write_outputs(call, now.outputs, at, last, sums);
    }
}

__device__ inline void load_constants(const list_call &call, float (&constants)[VAE_LIST_CONSTANTS])
{
    if (threadIdx.x < VAE_LIST_CONSTANTS) constants[threadIdx.x] = weight_value(call.constants[threadIdx.x], call.step);
    __syncthreads();
}

/* ---- Lists without sums: a thread a vector ---- */

struct no_sums {
    template <int WIDTH> __device__ bool take(bool, int, const float (&)[WIDTH])
    {
        return false;
    }
};

template <int WIDTH> __global__ void __launch_bounds__(THREADS) map_kernel(const __grid_constant__ list_call call)
{
    alignas(16) __shared__ float slots[VAE_LIST_SLOTS][THREADS * WIDTH];
    __shared__ float constants[VAE_LIST_CONSTANTS];
    load_constants(call, constants);
    const int64_t vectors = call.columns / WIDTH;
    no_sums sums;
    for (int64_t i = thread_index(); i < call.rows * vectors; i += thread_count()) {
        const int64_t row = call.rows > 1 ? i / vectors : 0;
        run_list(call, {row, (i - row * vectors) * WIDTH, i * WIDTH}, block_memory<WIDTH>{slots, constants}, sums);
    }
}

/* ---- Lists with sums: a few threads a row, or a block ---- */

struct row_sums {
    long_sums<VAE_LIST_OUTPUTS, 1> sums;
    template <int WIDTH> __device__ bool take(bool summed, int output, const float (&values)[WIDTH])
    {
        for (int k = 0; summed && k < WIDTH; ++k)
            sums.few[output][0] += values[k];
        return summed;
    }
};

/* Blocks for a multiprocessor. Left to itself, nvcc keeps to 64 registers and spills one of them on sm_100. */
enum { BLOCKS = 5 };

template <int WIDTH>
__global__ void __launch_bounds__(THREADS, BLOCKS) sums_kernel(const __grid_constant__ list_call call)
{
    alignas(16) __shared__ float slots[VAE_LIST_SLOTS][THREADS * WIDTH];
    __shared__ float constants[VAE_LIST_CONSTANTS];
    __shared__ double shared[MAX_WARPS];
    load_constants(call, constants);
    const int lane = (int)threadIdx.x % call.lanes;
    for (int64_t first = first_row(call.lanes); first < call.rows; first += row_stride(call.lanes)) {
        const int64_t row = first + (int)threadIdx.x / call.lanes;
        row_sums taken;
        for (int64_t j = (int64_t)lane * WIDTH; row < call.rows && j < call.columns; j += (int64_t)call.lanes * WIDTH) {
            run_list(call, {row, j, row * call.columns + j}, block_memory<WIDTH>{slots, constants}, taken);
            taken.sums.counted(WIDTH);
        }
        taken.sums.close();
#pragma unroll
        for (int i = 0; i < VAE_LIST_OUTPUTS; ++i) {
            if (!(call.summed >> i & 1)) continue;
            const float sum[1] = {(float)lanes_sum(taken.sums.total[i][0], call.lanes, shared)};
            if (lane > 0 || row >= call.rows) continue;
            store(call.outputs[i] + row, sum);
            store_shadow(shadow_at(call.shadows[i], row), sum);
        }
    }
}

/* ---- Translation ---- */

operand translate(const vae_elementwise *list, int reader, vae_list_operand of)
{
    switch (of.source) {
    case VAE_OPERAND_INPUT: return {FROM_INPUT, of.index};
    case VAE_OPERAND_CONSTANT: return {FROM_CONSTANT, of.index};
    case VAE_OPERAND_RESULT:
        if (of.index == reader - 1) return {FROM_LAST, 0};
        return {FROM_SLOT, list->instructions[of.index].slot};
    default: return {FROM_NOWHERE, 0};
    }
}

void translate(const vae_elementwise *list, list_call *own)
{
    for (int i = 0; i < list->count; ++i) {
        const vae_instruction *from = &list->instructions[i];
        instruction *to = &own->instructions[i];
        to->operation = (uint8_t)operation_of(from->function, from->part);
        to->slot = from->slot;
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k) {
            const vae_list_operand of = from->operands[k];
            to->operands[k] = translate(list, i, of);
            if (to->operands[k].from == FROM_SLOT) own->instructions[of.index].kept = true;
        }
    }
    for (int i = 0; i < list->output_count; ++i) {
        const uint8_t bit = (uint8_t)(1 << i);
        own->instructions[list->outputs[i].instruction].outputs |= bit;
        if (list->outputs[i].summed) own->summed |= bit;
    }
}

list_call call_of(const vae_cuda_call *call)
{
    const vae_elementwise *list = &call->op->attributes.elementwise;
    const bool flat = vae_elementwise_is_flat(call->program, call->op);
    list_call own = {};
    own.step = call->step;
    own.rows = flat ? 1 : list->rows;
    own.columns = flat ? list->rows * list->columns : list->columns;
    own.lanes = vae_row_lanes(list->columns);
    own.count = list->count;
    translate(list, &own);
    for (int i = 0; i < VAE_LIST_INPUTS && call->inputs[i]; ++i) {
        const vae_shape *shape = vae_cuda_input_shape(call, i);
        own.inputs[i] = {call->inputs[i], vae_elementwise_broadcast(list, shape),
                         vae_elementwise_is_whole(list, shape)};
    }
    for (int i = 0; i < VAE_LIST_OUTPUTS; ++i) {
        own.outputs[i] = call->outputs[i];
        own.shadows[i] = call->shadows[i];
    }
    for (int i = 0; i < VAE_LIST_CONSTANTS; ++i)
        own.constants[i] = list->constants[i];
    return own;
}

} // namespace

cudaError_t vae_cuda_elementwise(const vae_cuda_call *call, cudaStream_t stream)
{
    const list_call own = call_of(call);
    const bool in_fours = vae_vector_width(own.columns) == 4;
    const auto kernel =
        own.summed ? (in_fours ? sums_kernel<4> : sums_kernel<1>) : (in_fours ? map_kernel<4> : map_kernel<1>);
    return launch(kernel, call->grid, dim3(THREADS), stream, own);
}
