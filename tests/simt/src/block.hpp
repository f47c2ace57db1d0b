// One block being run: its threads, its barrier and its warps.
#pragma once

#include "../include/simt/device_warp.h"
#include "../include/simt/launch.h"
#include "fiber.hpp"
#include "kernel_info.hpp"
#include "random.hpp"

#include <string>

namespace simt
{
struct Launch {
    std::shared_ptr<const Kernel> kernel;
    const KernelInfo *info;
    dim3 grid;
    dim3 block;
    size_t dynamic_shared_bytes;
};

struct Site {
    const char *file = nullptr;
    int line = 0;
};
std::string to_string(Site site);

struct Lane {
    Fiber *fiber; // that waits, null: none
    CollectiveKind kind;
    unsigned mask;
    unsigned source;
    uint64_t value;
    uint64_t result;
    Site site;
};

struct Warp {
    unsigned existing, ended, waiting; // masks of lanes
    bool uniform;                      // all that wait gave the mask and kind of the first, here below
    unsigned mask;
    CollectiveKind kind;
    Lane lanes[32];
};

struct Barrier {
    std::vector<Fiber *> waiting;
    Site site;
    unsigned true_predicates = 0;
    unsigned last_count = 0; // of true predicates at the barrier that was passed last
};

struct Block {
    const Launch *launch = nullptr;
    uint3 index{};
    unsigned threads = 0;
    unsigned started = 0, ended = 0;
    unsigned last_ended = 0;
    std::vector<uint16_t> order;
    std::vector<Fiber *> ready; // have what they waited for
    Barrier barrier;
    Warp warps[32];
    std::vector<uint3> thread_index; // of each linear thread
    Fiber host;                      // the caller of run_block
    Fiber *running = nullptr;        // null outside of device threads
    cudaError_t error = cudaSuccess;
    std::string error_message;
    Random random;

    unsigned thread() const
    {
        return running->thread;
    }
};

extern Block the_block;
inline Block &current_block()
{
    return the_block;
}
std::string thread_name(unsigned thread); // "thread (1,0,0) of block (0,0,0) of kernel k(float *)"

// The running thread waits; returns when another put its fiber among those ready.
void suspend();

// Notes a fault of the running thread; the first of a block counts. The thread goes on until end_if_faulty(), as what
// its frames hold by then, such as this message, is never destroyed.
void note_fault(cudaError_t error, const std::string &message);

// Ends the block, and with it the running thread, if it is faulty.
void end_if_faulty();

// Called when a thread has ended: it is a fault if others wait for it, in vain.
void check_nobody_waits_for(unsigned thread);
std::string describe_waiting_lane(unsigned *thread);

// Runs all blocks of a launch; a fault is reported by device_fault().
void run_launch(const Launch &launch);
} // namespace simt
