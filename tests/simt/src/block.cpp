// The scheduler. Threads of a block run on fibers; a fiber takes thread after thread, and only when one has to wait is
// another fiber entered. A kernel without barriers is thus a loop on one fiber.
#include "block.hpp"

#include "address_sanitizer.hpp"
#include "memory.hpp"
#include "memory_fault.hpp"
#include "runtime.hpp"
#include "shared_memory.hpp"

#include <cstdio>

// What device code sees as constants; see simt/device_language.h. This file alone must know that they change.
namespace simt
{
namespace builtin
{
extern uint3 thread_index asm("threadIdx");
extern uint3 block_index asm("blockIdx");
extern dim3 block_dim asm("blockDim");
extern dim3 grid_dim asm("gridDim");
uint3 thread_index, block_index;
dim3 block_dim, grid_dim;
} // namespace builtin

namespace
{
void run_threads(Fiber &self);

FiberPool &pool()
{
    static FiberPool *const instance = new FiberPool(run_threads);
    return *instance;
}

void resume(Fiber &fiber)
{
    Block &block = current_block();
    block.running = &fiber;
    builtin::thread_index = block.thread_index[fiber.thread];
}

// Where to go when the running thread cannot: one that is ready, one not started yet, or back to the host.
Fiber &next_fiber()
{
    Block &block = current_block();
    if (!block.ready.empty()) {
        Fiber &fiber = *block.ready.back();
        block.ready.pop_back();
        return fiber;
    }
    return block.started < block.threads ? pool().take() : block.host;
}

void leave(Fiber &self)
{
    Fiber &next = next_fiber();
    if (&next != &self) switch_fiber(self, next);
    resume(self);
}

void start_threads(Fiber &self)
{
    Block &block = current_block();
    const Kernel &kernel = *block.launch->kernel;
    while (block.started < block.threads) {
        self.thread = block.order[block.started++];
        resume(self);
        kernel.run_thread();
        block.ended++;
        block.last_ended = self.thread;
        block.warps[self.thread / 32].ended |= 1u << self.thread % 32;
        check_nobody_waits_for(self.thread);
        end_if_faulty();
    }
}

void run_threads(Fiber &self)
{
    if (sigsetjmp(self.recovery, 1) != 0) fault_after_bad_access(); // the handler of SIGSEGV came here
    for (;;) {
        start_threads(self);
        pool().park(self);
        leave(self);
    }
}

void set_up_threads(Block &block)
{
    const dim3 size = block.launch->block;
    block.threads = size.x * size.y * size.z;
    block.order.resize(block.threads);
    block.thread_index.clear();
    for (unsigned z = 0; z < size.z; ++z)
        for (unsigned y = 0; y < size.y; ++y)
            for (unsigned x = 0; x < size.x; ++x)
                block.thread_index.push_back({x, y, z});
    for (unsigned i = 0; i < block.threads; ++i)
        block.order[i] = static_cast<uint16_t>(i);
    builtin::block_dim = size;
    builtin::grid_dim = block.launch->grid;
}

void set_up_block(Block &block, uint3 index)
{
    block.index = builtin::block_index = index;
    block.started = block.ended = 0;
    block.random.shuffle(block.order.data(), block.threads);
    block.ready.clear();
    block.barrier = Barrier{};
    for (unsigned first = 0; first < block.threads; first += 32) {
        Warp &warp = block.warps[first / 32];
        warp.existing = block.threads - first >= 32 ? ~0u : (1u << (block.threads - first)) - 1;
        warp.ended = warp.waiting = 0;
    }
}

void describe_deadlock(Block &block)
{
    unsigned thread = 0;
    std::string waits = describe_waiting_lane(&thread);
    if (waits.empty()) {
        thread = block.barrier.waiting.front()->thread;
        waits = "__syncthreads at " + to_string(block.barrier.site);
    } else if (!block.barrier.waiting.empty()) {
        waits += ", while " + std::to_string(block.barrier.waiting.size()) +
                 " threads of the block wait in __syncthreads at " + to_string(block.barrier.site);
    }
    block.error = cudaErrorLaunchTimeout;
    block.error_message = "deadlock: " + thread_name(thread) + " waits in " + waits;
}

// False if the block ended in a fault.
bool run_block(Block &block, uint3 index)
{
    set_up_block(block, index);
    poison_shared_memory(*block.launch->info, block.launch->dynamic_shared_bytes);
    switch_fiber(block.host, pool().take());
    block.running = nullptr;
    if (block.error == cudaSuccess && block.ended < block.threads) describe_deadlock(block);
    if (block.error == cudaSuccess) return true;
    pool().reclaim_all();
    return false;
}

// Block i of a random order of all n: multiplication by an odd constant, xor and shift are bijections of [0, 2^bits),
// and what falls outside of [0, n) is walked on from.
uint64_t permuted(uint64_t i, uint64_t n, uint64_t key)
{
    unsigned bits = 1;
    while ((uint64_t{1} << bits) < n)
        ++bits;
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    do {
        i = (i ^ key) & mask;
        i = (i * 0x9e3779b97f4a7c15u) & mask;
        i ^= i >> ((bits + 1) / 2);
        i = (i * (key | 1)) & mask;
    } while (i >= n);
    return i;
}
} // namespace

Block the_block;

std::string to_string(Site site)
{
    return std::string(site.file) + ":" + std::to_string(site.line);
}

std::string thread_name(unsigned thread)
{
    const Block &block = current_block();
    const uint3 t = block.thread_index[thread], b = block.index;
    char text[160];
    std::snprintf(text, sizeof text, "thread (%u,%u,%u) of block (%u,%u,%u) of kernel ", t.x, t.y, t.z, b.x, b.y, b.z);
    return text + block.launch->info->name;
}

void suspend()
{
    leave(*current_block().running);
}

void note_fault(cudaError_t error, const std::string &message)
{
    Block &block = current_block();
    if (block.error != cudaSuccess) return;
    block.error = error;
    block.error_message = thread_name(block.thread()) + ": " + message;
}

void end_if_faulty()
{
    Block &block = current_block();
    if (block.error != cudaSuccess)
        switch_fiber(*block.running, block.host); // and never back: the fiber is given a new start
}

void run_launch(const Launch &launch)
{
    Block &block = current_block();
    block.launch = &launch;
    block.error = cudaSuccess;
    block.random.seed(runtime().random.next());
    set_up_threads(block);
    catch_bad_accesses();
    const uint64_t blocks = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z, key = block.random.next();
    bool good = true;
    for (uint64_t i = 0; good && i < blocks; ++i) {
        const uint64_t b = permuted(i, blocks, key);
        const uint64_t row = b / launch.grid.x;
        good = run_block(block, {static_cast<unsigned>(b % launch.grid.x), static_cast<unsigned>(row % launch.grid.y),
                                 static_cast<unsigned>(row / launch.grid.y)});
    }
    const std::string overrun = good ? find_overrun() : "";
    if (!overrun.empty())
        device_fault(cudaErrorIllegalAddress, "kernel " + launch.info->name + " wrote " + overrun);
    else if (!good)
        device_fault(block.error, block.error_message);
}
} // namespace simt
