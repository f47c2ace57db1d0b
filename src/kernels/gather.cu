/* A batch from the resident data set: keyed shuffle, bytes or floats to floats, dynamic binarisation. */
#include "launch.cuh"
#include "noise.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

struct gather_call {
    const void *values; /* [count, elements], bytes or floats */
    float *x;           /* [rows, elements] */
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t rows, elements;
    int64_t width, channels; /* of images that may be flipped; width 0: none are */
    bool shuffle, binarise;
    float scale, shift;
};

/* BYTES pixels, from one access. */
template <int BYTES> __device__ inline void load(const uint8_t *from, uint8_t (&pixels)[BYTES])
{
    if constexpr (BYTES == 16) {
        const uint4 four = *reinterpret_cast<const uint4 *>(from);
        const uint32_t words[4] = {four.x, four.y, four.z, four.w};
        for (int i = 0; i < BYTES; ++i)
            pixels[i] = (uint8_t)(words[i / 4] >> i % 4 * 8);
    } else if constexpr (BYTES == 4) {
        const uchar4 four = *reinterpret_cast<const uchar4 *>(from);
        pixels[0] = four.x;
        pixels[1] = four.y;
        pixels[2] = four.z;
        pixels[3] = four.w;
    } else {
        pixels[0] = *from;
    }
}

/* TAKEN values from an element on, WIDTH of them a store. */
template <int TAKEN, int WIDTH, typename Value>
__device__ inline void convert(const gather_call &call, const Value (&stored)[TAKEN], int64_t element)
{
    const int64_t first = call.binarise ? first_element(call.step, call.elements) : 0;
    for (int i = 0; i < TAKEN; i += WIDTH) {
        float values[WIDTH], uniform[WIDTH];
        if (call.binarise) uniforms(call.step, VAE_STREAM_BINARISE, first + element + i, uniform);
        for (int k = 0; k < WIDTH; ++k) {
            const float number = (float)stored[i + k];
            const float value = !call.binarise ? number : uniform[k] * 255.0f <= number ? 255.0f : 0.0f;
            values[k] = value * call.scale + call.shift;
        }
        store(call.x + element + i, values);
        store_shadow(shadow_at(call.shadow, element + i), values);
    }
}

/* Where a column comes from: its mirror image where the row's coin says so. */
__device__ inline int64_t flipped_column(const gather_call &call, int64_t row, int64_t column)
{
    float coin[1];
    uniforms(call.step, VAE_STREAM_FLIP, call.step->first_row + row, coin);
    const int64_t x = column / call.channels % call.width;
    return coin[0] > 0.5f ? column + (call.width - 1 - 2 * x) * call.channels : column;
}

template <typename Value, int TAKEN>
__global__ void __launch_bounds__(THREADS) gather_kernel(const __grid_constant__ gather_call call)
{
    const Value *values = static_cast<const Value *>(call.values);
    const int64_t per_row = call.elements / TAKEN;
    for (int64_t i = thread_index(); i < call.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, column = i % per_row * TAKEN;
        uint64_t position = (uint64_t)(call.step->first + row);
        if (call.shuffle) position = vae_permutation_apply(&call.step->permutation, position);
        Value stored[TAKEN];
        const int64_t from = TAKEN == 1 && call.width ? flipped_column(call, row, column) : column;
        load(values + (int64_t)position * call.elements + from, stored);
        convert<TAKEN, TAKEN == 1 ? 1 : 4>(call, stored, row * call.elements + column);
    }
}

gather_call call_of(const vae_cuda_call *call)
{
    const vae_gather *gather = &call->op->attributes.gather;
    const vae_shape *shape = vae_cuda_output_shape(call, 0);
    gather_call own = {};
    own.values = call->data;
    own.x = call->outputs[0];
    own.shadow = call->shadows[0];
    own.step = call->step;
    own.rows = shape->size[0];
    own.elements = vae_shape_columns(shape);
    own.width = gather->flip ? shape->size[2] : 0;
    own.channels = gather->flip ? shape->size[3] : 0;
    own.shuffle = gather->shuffle && !call->staged;
    own.binarise = gather->binarise;
    own.scale = (float)gather->scale;
    own.shift = (float)gather->shift;
    return own;
}

} // namespace

cudaError_t vae_cuda_gather(const vae_cuda_call *call, cudaStream_t stream)
{
    const gather_call own = call_of(call);
    const bool floats = call->op->attributes.gather.floats;
    const int64_t taken = vae_gather_width(own.elements, own.width > 0, floats);
    return launch(floats        ? taken == 4 ? gather_kernel<float, 4> : gather_kernel<float, 1>
                         : taken == 16 ? gather_kernel<uint8_t, 16>
                  : taken == 4  ? gather_kernel<uint8_t, 4>
                                : gather_kernel<uint8_t, 1>,
                  call->grid, dim3(THREADS), stream, own);
}
