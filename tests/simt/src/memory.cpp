// The device heap. Each allocation is a mapping of its own between two inaccessible ranges. Under AddressSanitizer
// everything around the allocation is poisoned, so that one element too far is reported at the access; without it, the
// bytes between allocation and guard page hold a pattern that is checked after each kernel. Freed mappings stay
// inaccessible and are not reused for long.
#include "memory.hpp"

#include "address_sanitizer.hpp"
#include "runtime.hpp"
#include "stream.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>

namespace simt
{
namespace
{
constexpr size_t page = 4096, guard = 1 << 20, alignment = 256, quarantine_length = 4096;
constexpr unsigned char fresh_byte = 0xff, slack_byte = 0xa5;

struct Allocation {
    char *mapping;
    size_t mapped;
    char *start;
    size_t bytes;
    int device;
    unsigned number;

    char *body() const // what can be accessible: all but the guards
    {
        return mapping + guard;
    }
    size_t body_bytes() const
    {
        return mapped - 2 * guard;
    }
    char *end() const
    {
        return start + bytes;
    }
};

struct Heap {
    std::map<const char *, Allocation> live; // by start
    std::deque<Allocation> freed;
    unsigned allocations = 0;
    unsigned open = 0;
};

Heap &heap()
{
    static Heap *const instance = new Heap;
    return *instance;
}

size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

void protect(const Allocation &a, int protection)
{
    mprotect(a.body(), a.body_bytes(), protection);
}

const Allocation *find(const void *pointer)
{
    const char *p = static_cast<const char *>(pointer);
    auto above = heap().live.upper_bound(p);
    if (above == heap().live.begin()) return nullptr;
    const Allocation &a = std::prev(above)->second;
    return p < a.end() ? &a : nullptr;
}

bool map_allocation(size_t bytes, Allocation *a)
{
    const size_t room = round_up(bytes, alignment), body = round_up(room, page);
    void *mapping = mmap(nullptr, body + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) return false;
    a->mapping = static_cast<char *>(mapping);
    a->mapped = body + 2 * guard;
    a->start = a->body() + body - room; // its end is at the guard
    a->bytes = bytes;
    // Huge pages: opening and closing the heap goes through the page table of every allocation.
    madvise(a->body(), body, MADV_HUGEPAGE);
    protect(*a, PROT_READ | PROT_WRITE);
    std::memset(a->body(), slack_byte, body);
    std::memset(a->start, fresh_byte, bytes);
    asan_poison(a->body(), static_cast<size_t>(a->start - a->body()));
    asan_poison(a->end(), static_cast<size_t>(a->body() + body - a->end()));
    if (heap().open == 0) protect(*a, PROT_NONE);
    return true;
}

void unmap(const Allocation &a)
{
    asan_unpoison(a.body(), a.body_bytes());
    munmap(a.mapping, a.mapped);
}

void quarantine(const Allocation &a)
{
    protect(a, PROT_NONE);
    madvise(a.body(), a.body_bytes(), MADV_DONTNEED);
    asan_poison(a.body(), a.body_bytes());
    heap().freed.push_back(a);
    if (heap().freed.size() > quarantine_length) {
        unmap(heap().freed.front());
        heap().freed.pop_front();
    }
    runtime().counters.device_bytes_in_use -= a.bytes;
}

size_t bytes_in_use(int device)
{
    size_t sum = 0;
    for (const auto &[start, a] : heap().live)
        sum += a.device == device ? round_up(a.bytes, alignment) : 0;
    return sum;
}

std::string describe(const Allocation &a, const char *p, const char *state)
{
    char text[200];
    const auto size = static_cast<long>(a.bytes), offset = static_cast<long>(p - a.start);
    const char *where = offset < 0 ? "before" : offset < size ? "inside" : "past the end of";
    const long distance = offset < 0 ? -offset : offset < size ? offset : offset - size;
    std::snprintf(text, sizeof text, "%ld bytes %s the %ld bytes of %sdevice allocation %u", distance, where, size,
                  state, a.number);
    return text;
}
const char *find_changed(const char *begin, const char *end)
{
    const char slack = static_cast<char>(slack_byte);
    // Equal to itself one byte on, all of it is as the first byte: the usual case, at the speed of memcmp.
    if (begin == end || (*begin == slack && std::memcmp(begin, begin + 1, static_cast<size_t>(end - begin) - 1) == 0))
        return nullptr;
    return std::find_if(begin, end, [slack](char c) { return c != slack; });
}
} // namespace

DeviceMemoryAccess::DeviceMemoryAccess()
{
    if (heap().open++ == 0)
        for (const auto &[start, a] : heap().live)
            protect(a, PROT_READ | PROT_WRITE);
}

DeviceMemoryAccess::~DeviceMemoryAccess()
{
    if (--heap().open == 0)
        for (const auto &[start, a] : heap().live)
            protect(a, PROT_NONE);
}

bool is_device_pointer(const void *pointer)
{
    return find(pointer) != nullptr;
}

bool is_device_range(const void *pointer, size_t bytes)
{
    const Allocation *a = find(pointer);
    return a != nullptr && bytes <= static_cast<size_t>(a->end() - static_cast<const char *>(pointer));
}

std::string describe_device_address(const void *pointer)
{
    const char *p = static_cast<const char *>(pointer);
    const auto covers = [p](const Allocation &a) { return p >= a.mapping && p < a.mapping + a.mapped; };
    for (const auto &[start, a] : heap().live)
        if (covers(a)) return describe(a, p, "");
    for (const Allocation &a : heap().freed)
        if (covers(a)) return describe(a, p, "freed ");
    return "";
}

std::string find_overrun()
{
    if (address_sanitizer) return ""; // it saw the access
    for (const auto &[start, a] : heap().live) {
        const char *changed = find_changed(a.body(), a.start);
        if (changed == nullptr) changed = find_changed(a.end(), a.body() + a.body_bytes());
        if (changed != nullptr) return describe(a, changed, "");
    }
    return "";
}

void free_all_device_memory()
{
    for (const auto &[start, a] : heap().live)
        quarantine(a);
    heap().live.clear();
}
} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaMalloc(void **pointer, size_t bytes)
{
    return runtime_call("cudaMalloc", [&]() -> cudaError_t {
        Runtime &rt = runtime();
        if (cudaError_t error = refuse_during_capture("cudaMalloc")) return error;
        if (pointer == nullptr) return cudaErrorInvalidValue;
        *pointer = nullptr;
        if (bytes == 0) return cudaSuccess;
        const size_t used = bytes_in_use(rt.current_device);
        Allocation a{};
        if (bytes > rt.options.memory_bytes || round_up(bytes, alignment) > rt.options.memory_bytes - used ||
            !map_allocation(bytes, &a))
            return cudaErrorMemoryAllocation;
        a.device = rt.current_device;
        a.number = ++heap().allocations;
        heap().live.emplace(a.start, a);
        *pointer = a.start;
        ++rt.counters.device_allocations;
        rt.counters.device_bytes_in_use += bytes;
        if (rt.counters.device_bytes_peak < rt.counters.device_bytes_in_use)
            rt.counters.device_bytes_peak = rt.counters.device_bytes_in_use;
        return cudaSuccess;
    });
}

cudaError_t cudaFree(void *pointer)
{
    return runtime_call("cudaFree", [&]() -> cudaError_t {
        if (cudaError_t error = refuse_during_capture("cudaFree")) return error;
        if (pointer == nullptr) return cudaSuccess;
        if (cudaError_t error = synchronise_device()) return error;
        const auto found = heap().live.find(static_cast<char *>(pointer));
        if (found == heap().live.end())
            return refuse(cudaErrorInvalidValue,
                          "cudaFree: not the start of a device allocation: " + describe_device_address(pointer));
        quarantine(found->second);
        heap().live.erase(found);
        return cudaSuccess;
    });
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    return runtime_call("cudaMemGetInfo", [&]() -> cudaError_t {
        if (free_bytes == nullptr || total_bytes == nullptr) return cudaErrorInvalidValue;
        *total_bytes = runtime().options.memory_bytes;
        *free_bytes = *total_bytes - bytes_in_use(runtime().current_device);
        return cudaSuccess;
    });
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer)
{
    return runtime_call("cudaPointerGetAttributes", [&]() -> cudaError_t {
        if (attributes == nullptr) return cudaErrorInvalidValue;
        void *const p = const_cast<void *>(pointer);
        const Allocation *a = find(pointer);
        if (a != nullptr)
            *attributes = {cudaMemoryTypeDevice, a->device, p, nullptr};
        else if (is_pinned_host_range(pointer, 1))
            *attributes = {cudaMemoryTypeHost, 0, p, p};
        else
            *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, p};
        return cudaSuccess;
    });
}
}
