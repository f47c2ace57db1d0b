// Fibers by Boost.Context, each on a mapped stack with a guard page, and parked to be used again.
#include "fiber.hpp"

#include "address_sanitizer.hpp"
#include "runtime.hpp"

#include <boost/context/detail/fcontext.hpp>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace simt
{
namespace
{
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

constexpr size_t guard_bytes = 4096;

FiberMain fiber_main;
Fiber *entered; // the fiber that a switch goes to

// First thing after a switch: notes where the fiber that was left is to go on.
void arrive(transfer_t transfer, Fiber &self)
{
    Fiber &previous = *static_cast<Fiber *>(transfer.data);
    previous.context = transfer.fctx;
    asan_enter_stack(self.fake_stack, &previous.stack_bottom, &previous.stack_bytes);
}

void enter_fiber(transfer_t transfer)
{
    Fiber &self = *entered;
    arrive(transfer, self);
    fiber_main(self);
    std::abort();
}
} // namespace

void switch_fiber(Fiber &from, Fiber &to)
{
    asan_leave_stack(&from.fake_stack, to.stack_bottom, to.stack_bytes);
    entered = &to;
    arrive(jump_fcontext(to.context, &from), from);
}

void FiberPool::prepare(Fiber &fiber)
{
    asan_unpoison(fiber.stack_bottom, fiber.stack_bytes);
    // Tops of stacks that are all aligned alike would share few cache sets.
    const size_t shift = (reinterpret_cast<uintptr_t>(fiber.stack_bottom) / fiber.stack_bytes % 16) * 192;
    char *const top = const_cast<char *>(static_cast<const char *>(fiber.stack_bottom)) + fiber.stack_bytes - shift;
    fiber.context = make_fcontext(top, fiber.stack_bytes - shift, enter_fiber);
    fiber.fake_stack = nullptr;
}

Fiber &FiberPool::create()
{
    auto fiber = std::make_unique<Fiber>();
    const size_t bytes = (runtime().options.stack_bytes + guard_bytes - 1) / guard_bytes * guard_bytes;
    void *mapping = mmap(nullptr, bytes + guard_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        std::fprintf(stderr, "simt: no memory for the stack of a device thread\n");
        std::abort();
    }
    mprotect(mapping, guard_bytes, PROT_NONE);
    fiber->stack_bottom = static_cast<char *>(mapping) + guard_bytes;
    fiber->stack_bytes = bytes;
    prepare(*fiber);
    all_.push_back(std::move(fiber));
    return *all_.back();
}

Fiber &FiberPool::take()
{
    fiber_main = main_;
    if (parked_.empty()) return create();
    Fiber &fiber = *parked_.back();
    parked_.pop_back();
    fiber.parked = false;
    return fiber;
}

void FiberPool::park(Fiber &fiber)
{
    fiber.parked = true;
    fiber.thread = 0; // valid in any block that it may wake up in
    parked_.push_back(&fiber);
}

void FiberPool::reclaim_all()
{
    for (const auto &fiber : all_)
        if (!fiber->parked) {
            prepare(*fiber);
            park(*fiber);
        }
}
} // namespace simt
