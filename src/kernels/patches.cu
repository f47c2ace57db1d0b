/* Windows on images, laid side by side, so that a convolution is a matrix product. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

/* WIDTH numbers of an image's line from `at` on, zeros outside it. Where pixels are WHOLE multiples of WIDTH, so are
 * `at` and the size. */
template <int WIDTH, bool WHOLE>
__device__ inline void load_line(const float *line, int at, int size, float (&values)[WIDTH])
{
    if constexpr (WHOLE) {
        if (at >= 0 && at < size) load(line + at, values);
    } else {
        for (int k = 0; k < WIDTH; ++k) {
            if (at + k >= 0 && at + k < size) values[k] = line[at + k];
        }
    }
}

/* A row lane of the block takes a patch at a time, its lanes WIDTH numbers each. The lines of a window are contiguous
 * in the image as in the patch. */
template <int WIDTH, bool WHOLE>
__global__ void __launch_bounds__(THREADS) patches_kernel(const __grid_constant__ vae_cuda_patches_call call)
{
    const vae_cuda_windows &w = call.windows;
    const int line_size = w.width * w.channels, per_line = w.kernel * w.channels / WIDTH;
    const int64_t count = w.rows * w.grid_height * w.grid_width;
    for (int64_t patch = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; patch < count;
         patch += (int64_t)gridDim.x * blockDim.y) {
        const int grid_line = (int)patch / w.grid_width, row = grid_line / w.grid_height;
        const int top = (grid_line - row * w.grid_height) * w.stride - w.padding;
        const int left = (((int)patch - grid_line * w.grid_width) * w.stride - w.padding) * w.channels;
        for (int i = threadIdx.x; i < w.kernel * per_line; i += blockDim.x) {
            const int line = i / per_line, y = top + line;
            float values[WIDTH] = {};
            if (y >= 0 && y < w.height) {
                load_line<WIDTH, WHOLE>(call.images + ((int64_t)row * w.height + y) * line_size,
                                        left + (i - line * per_line) * WIDTH, line_size, values);
            }
            const int64_t to = (patch * w.kernel * per_line + i) * WIDTH;
            if (call.patches) store(call.patches + to, values);
            store_shadow(shadow_at(call.shadow, to), values);
        }
    }
}

} // namespace

cudaError_t vae_cuda_patches(const vae_cuda_patches_call *call, cudaStream_t stream)
{
    const vae_cuda_windows *w = &call->windows;
    const bool whole = vae_vector_width(w->channels) == 4, fours = vae_vector_width(w->kernel * w->channels) == 4;
    const unsigned lanes = (unsigned)vae_patch_lanes(w->kernel, w->channels);
    return launch(whole   ? patches_kernel<4, true>
                  : fours ? patches_kernel<4, false>
                          : patches_kernel<1, false>,
                  vae_grid_of_patches(w->rows * w->grid_height * w->grid_width, w->kernel, w->channels),
                  dim3(lanes, THREADS / lanes), stream, *call);
}
