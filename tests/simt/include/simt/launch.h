/* Kernel launches and the other calls that need C++: the typed templates of CUDA's runtime. */
#ifndef SIMT_LAUNCH_H
#define SIMT_LAUNCH_H

#include "../cuda_runtime_api.h"
#include "device_language.h"

namespace simt
{
/* A kernel with its arguments, which are copied when it is launched. */
class Kernel
{
  public:
    virtual ~Kernel() = default;
    virtual void run_thread() const = 0;
};

template <class... P> class BoundKernel final : public Kernel
{
  public:
    template <class... A>
    explicit BoundKernel(void (*kernel)(P...), A &&...arguments)
        : kernel_(kernel), arguments_(static_cast<P>(std::forward<A>(arguments))...)
    {
    }
    void run_thread() const override
    {
        std::apply(kernel_, arguments_);
    }

  private:
    void (*kernel_)(P...);
    std::tuple<std::decay_t<P>...> arguments_;
};

cudaError_t launch(const cudaLaunchConfig_t *config, const void *function, std::unique_ptr<const Kernel> kernel);
cudaError_t copy_to_symbol(void *symbol, size_t symbol_bytes, const void *source, size_t bytes, size_t offset);

template <class F> const void *address_of(F *function)
{
    return reinterpret_cast<const void *>(function);
}
} // namespace simt

template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...), A &&...arguments)
{
    static_assert(sizeof...(P) == sizeof...(A), "a kernel takes as many arguments as it has parameters");
    return simt::launch(config, simt::address_of(kernel),
                        std::make_unique<simt::BoundKernel<P...>>(kernel, std::forward<A>(arguments)...));
}

template <class... P> cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, void (*kernel)(P...))
{
    return cudaFuncGetAttributes(attributes, simt::address_of(kernel));
}

template <class... P> cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value)
{
    return cudaFuncSetAttribute(simt::address_of(kernel), attribute, value);
}

template <class... P>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void (*kernel)(P...), int block_size,
                                                          size_t dynamic_shared_bytes)
{
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, simt::address_of(kernel), block_size,
                                                         dynamic_shared_bytes);
}

/* The simulated device has no register pressure: the largest allowed block always fills a multiprocessor best. */
template <class... P>
cudaError_t cudaOccupancyMaxPotentialBlockSize(int *min_grid_size, int *block_size, void (*kernel)(P...),
                                               size_t dynamic_shared_bytes = 0, int block_size_limit = 0)
{
    const int size = block_size_limit > 0 && block_size_limit < 1024 ? block_size_limit : 1024;
    int blocks = 0, multiprocessors = 0, device = 0;
    cudaError_t error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, size, dynamic_shared_bytes);
    if (error == cudaSuccess) error = cudaGetDevice(&device);
    if (error == cudaSuccess) error = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    if (error != cudaSuccess) return error;
    *block_size = size;
    *min_grid_size = blocks * multiprocessors;
    return cudaSuccess;
}

template <class T>
cudaError_t cudaMemcpyToSymbol(T &symbol, const void *source, size_t bytes, size_t offset = 0,
                               cudaMemcpyKind = cudaMemcpyHostToDevice)
{
    using Plain = std::remove_const_t<std::remove_all_extents_t<T>>;
    return simt::copy_to_symbol(const_cast<Plain *>(reinterpret_cast<const Plain *>(&symbol)), sizeof symbol, source,
                                bytes, offset);
}

template <class T> cudaError_t cudaMalloc(T **pointer, size_t bytes)
{
    return ::cudaMalloc(reinterpret_cast<void **>(pointer), bytes);
}

template <class T> cudaError_t cudaMallocHost(T **pointer, size_t bytes)
{
    return ::cudaMallocHost(reinterpret_cast<void **>(pointer), bytes);
}

template <class T> cudaError_t cudaHostAlloc(T **pointer, size_t bytes, unsigned flags)
{
    return ::cudaHostAlloc(reinterpret_cast<void **>(pointer), bytes, flags);
}

#endif
