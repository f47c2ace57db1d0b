// Prints what a device thread, a barrier and a warp collective cost here.
#include <cuda_runtime.h>

#include <chrono>
#include <cstdio>

namespace
{
__global__ void plain_kernel(float *x, int n)
{
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) x[i] = x[i] * 2.0f + 1.0f;
}

__global__ void barrier_kernel(int times)
{
    for (int i = 0; i < times; ++i)
        __syncthreads();
}

__global__ void shuffle_kernel(int times)
{
    int value = 0;
    for (int i = 0; i < times; ++i)
        value += __shfl_xor_sync(0xffffffffu, value, 1);
}

template <class... P, class... A>
double nanoseconds(int repetitions, unsigned grid, unsigned block, void (*kernel)(P...), A... arguments)
{
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(grid);
    config.blockDim = dim3(block);
    cudaLaunchKernelEx(&config, kernel, arguments...);
    cudaDeviceSynchronize();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repetitions; ++i)
        cudaLaunchKernelEx(&config, kernel, arguments...);
    cudaDeviceSynchronize();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / repetitions;
}
} // namespace

int main()
{
    constexpr int n = 1 << 20;
    float *x = nullptr;
    if (cudaMalloc(&x, n * sizeof(float)) != cudaSuccess) return 1;
    std::printf("thread without barrier  %6.2f ns\n", nanoseconds(20, n / 256, 256, plain_kernel, x, n) / n);
    std::printf("thread at a barrier     %6.2f ns\n", nanoseconds(5, 64, 256, barrier_kernel, 16) / (64 * 256 * 16));
    std::printf("lane at a collective    %6.2f ns\n", nanoseconds(5, 64, 256, shuffle_kernel, 16) / (64 * 256 * 16));
    std::printf("launch of one thread    %6.0f ns\n", nanoseconds(1000, 1, 1, plain_kernel, x, 1));
    return cudaFree(x) == cudaSuccess ? 0 : 1;
}
