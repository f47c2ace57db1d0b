/* A batch from the resident data set: keyed shuffle, bytes to floats, dynamic binarisation. */
#include "launch.cuh"
#include "noise.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

/* BYTES pixels, from one access. */
template <int BYTES> __device__ inline void load_pixels(const uint8_t *from, uint8_t (&pixels)[BYTES])
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

/* BYTES numbers from column on, WIDTH of them a store. */
template <int BYTES, int WIDTH>
__device__ inline void convert(const vae_cuda_gather_call &call, const uint8_t (&pixels)[BYTES], int64_t element)
{
    const int64_t first = call.binarise ? first_element(call.step, call.elements) : 0;
    for (int i = 0; i < BYTES; i += WIDTH) {
        float values[WIDTH], uniform[WIDTH];
        if (call.binarise) uniforms(call.step, VAE_STREAM_BINARISE, first + element + i, uniform);
        for (int k = 0; k < WIDTH; ++k) {
            const float pixel = (float)pixels[i + k];
            const float value = !call.binarise ? pixel : uniform[k] * 255.0f <= pixel ? 255.0f : 0.0f;
            values[k] = value * call.scale + call.shift;
        }
        store(call.x + element + i, values);
        store_shadow(shadow_at(call.shadow, element + i), values);
    }
}

/* Where a column comes from: its mirror image where the row's coin says so. */
__device__ inline int64_t flipped_column(const vae_cuda_gather_call &call, int64_t row, int64_t column)
{
    float coin[1];
    uniforms(call.step, VAE_STREAM_FLIP, call.step->first_row + row, coin);
    const int64_t x = column / call.channels % call.width;
    return coin[0] > 0.5f ? column + (call.width - 1 - 2 * x) * call.channels : column;
}

template <int BYTES>
__global__ void __launch_bounds__(THREADS) gather_kernel(const __grid_constant__ vae_cuda_gather_call call)
{
    const int64_t per_row = call.elements / BYTES;
    for (int64_t i = thread_index(); i < call.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, column = i % per_row * BYTES;
        uint64_t position = (uint64_t)(call.step->first + row);
        if (call.shuffle) position = vae_permutation_apply(&call.step->permutation, position);
        uint8_t pixels[BYTES];
        const int64_t from = BYTES == 1 && call.width ? flipped_column(call, row, column) : column;
        load_pixels(call.pixels + (int64_t)position * call.elements + from, pixels);
        convert<BYTES, BYTES == 1 ? 1 : 4>(call, pixels, row * call.elements + column);
    }
}

} // namespace

cudaError_t vae_cuda_gather(const vae_cuda_gather_call *call, cudaStream_t stream)
{
    const bool mirrored = call->width > 0;
    const int64_t width = vae_gather_width(call->elements, mirrored);
    return launch(width == 16  ? gather_kernel<16>
                  : width == 4 ? gather_kernel<4>
                               : gather_kernel<1>,
                  vae_grid_of_gather(call->rows, call->elements, mirrored), dim3(THREADS), stream, *call);
}
