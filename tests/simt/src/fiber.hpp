// Stacks for device threads and the switch between them.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <memory>
#include <vector>

namespace simt
{
struct Fiber {
    void *context = nullptr; // of Boost.Context; where to go on
    const void *stack_bottom = nullptr;
    size_t stack_bytes = 0;
    void *fake_stack = nullptr; // AddressSanitizer's
    unsigned thread = 0;        // of the block, that runs here
    bool parked = false;        // without a thread, in the pool
    sigjmp_buf recovery;        // where the handler of a memory fault goes on
};

// The code of every fiber: runs threads, and parks when none is left; never returns.
using FiberMain = void (*)(Fiber &self);

class FiberPool
{
  public:
    explicit FiberPool(FiberMain main) : main_(main)
    {
    }
    Fiber &take();
    void park(Fiber &fiber);
    void reclaim_all(); // also fibers that stand in the middle of a thread, which never goes on

  private:
    FiberMain main_;
    std::vector<std::unique_ptr<Fiber>> all_;
    std::vector<Fiber *> parked_;

    void prepare(Fiber &fiber);
    Fiber &create();
};

// Leaves `from`, which a later switch can resume, and goes on in `to`.
void switch_fiber(Fiber &from, Fiber &to);
} // namespace simt
