// What the tests share: launches without ceremony, and the end of a process that must not survive.
#pragma once

#include <criterion/criterion.h>
#include <cuda_runtime.h>
#include <simt/simt.h>

#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#define CHECK(call)                                                                                                    \
    cr_assert_eq(call, cudaSuccess, #call ": %s (%s)", cudaGetErrorName(cudaPeekAtLastError()), simt_last_message())

template <class... P, class... A>
cudaError_t launch_in(cudaStream_t stream, dim3 grid, dim3 block, size_t shared, void (*kernel)(P...), A... arguments)
{
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared;
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

template <class... P, class... A> cudaError_t launch(dim3 grid, dim3 block, void (*kernel)(P...), A... arguments)
{
    return launch_in(nullptr, grid, block, 0, kernel, arguments...);
}

template <class T> T *device_array(size_t count)
{
    T *pointer = nullptr;
    cr_assert_eq(cudaMalloc(&pointer, count * sizeof(T)), cudaSuccess);
    return pointer;
}

template <class T> T *device_copy(const std::vector<T> &values)
{
    T *pointer = device_array<T>(values.size());
    cr_assert_eq(cudaMemcpy(pointer, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
    return pointer;
}

template <class T> std::vector<T> read_back(const T *pointer, size_t count)
{
    std::vector<T> values(count);
    const cudaError_t error = cudaMemcpy(values.data(), pointer, count * sizeof(T), cudaMemcpyDeviceToHost);
    cr_assert_eq(error, cudaSuccess, "%s: %s", cudaGetErrorName(error), simt_last_message());
    return values;
}

inline bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

// The launch must have failed by now or when it runs, with this error and a message that has this part.
inline void expect_fault(cudaError_t launched, cudaError_t expected, const char *part)
{
    const cudaError_t error = launched != cudaSuccess ? launched : cudaDeviceSynchronize();
    cr_expect_eq(error, expected, "got %s: %s", cudaGetErrorName(error), simt_last_message());
    cr_expect(contains(simt_last_message(), part), "message: %s", simt_last_message());
}

// Runs `body` in a process of its own, which must end by itself, not well, with this part on its standard error.
inline void expect_death(const std::function<void()> &body, const char *part)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        alarm(60); // a hang ends, too
        body();
        _exit(0);
    }
    close(ends[1]);
    std::string output;
    char buffer[4096];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
        output.append(buffer, static_cast<size_t>(got));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    cr_expect(!(WIFEXITED(status) && WEXITSTATUS(status) == 0), "it survived: %s", output.c_str());
    cr_expect(contains(output, part), "expected '%s' in: %s", part, output.c_str());
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool address_sanitizer = true;
#else
constexpr bool address_sanitizer = false;
#endif
