// A signal handler that leaves a kernel at its bad access and turns that into a device fault.
#include "memory_fault.hpp"

#include "address_sanitizer.hpp"
#include "block.hpp"
#include "memory.hpp"
#include "runtime.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace simt
{
namespace
{
void *bad_address;

// A fault of a kernel is synchronous and holds no lock of the C library, so that leaving the handler by a jump, and
// allocating memory for a message, are safe.
void handle_bad_access(int signal, siginfo_t *info, void *)
{
    Block &block = current_block();
    bad_address = info->si_addr;
    if (block.running != nullptr) siglongjmp(block.running->recovery, 1);
    const std::string device = describe_device_address(info->si_addr);
    if (!device.empty()) report("host code touches device memory: " + device);
    std::signal(signal, SIG_DFL); // the access is made again and ends the process
}

// A thread that overran its stack has none left for the handler.
void give_handler_a_stack()
{
    static thread_local char *stack = nullptr;
    if (stack != nullptr) return;
    constexpr size_t bytes = 64 << 10;
    stack = static_cast<char *>(std::malloc(bytes));
    stack_t alternate{};
    alternate.ss_sp = stack;
    alternate.ss_size = bytes;
    sigaltstack(&alternate, nullptr);
}

std::string describe_bad_address(const Block &block)
{
    char text[64];
    std::snprintf(text, sizeof text, "illegal access to %p: ", bad_address);
    const char *p = static_cast<const char *>(bad_address);
    const char *bottom = static_cast<const char *>(block.running->stack_bottom);
    if (p < bottom && p >= bottom - 4096) return std::string(text) + "stack overflow (see stack_bytes in simt/simt.h)";
    const std::string device = describe_device_address(bad_address);
    return text + (device.empty() ? "not near any device memory" : device);
}
} // namespace

void catch_bad_accesses()
{
    if (address_sanitizer) return; // its own handler tells more, and ends the process
    static bool installed = false;
    give_handler_a_stack();
    if (installed) return;
    installed = true;
    struct sigaction action {
    };
    action.sa_sigaction = handle_bad_access;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

void fault_after_bad_access()
{
    note_fault(cudaErrorIllegalAddress, describe_bad_address(current_block()));
    end_if_faulty();
    __builtin_unreachable();
}
} // namespace simt
