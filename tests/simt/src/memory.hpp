// Device memory: mappings of their own that the host can touch only while queued work runs.
#pragma once

#include <cstddef>
#include <string>

namespace simt
{
// Device memory is open to this thread's code while an object of this class lives.
class DeviceMemoryAccess
{
  public:
    DeviceMemoryAccess();
    ~DeviceMemoryAccess();
    DeviceMemoryAccess(const DeviceMemoryAccess &) = delete;
    DeviceMemoryAccess &operator=(const DeviceMemoryAccess &) = delete;
};

bool is_device_pointer(const void *pointer);                  // into a live allocation
bool is_device_range(const void *pointer, size_t bytes);      // wholly in one live allocation
std::string describe_device_address(const void *pointer);     // "" if no allocation, live or freed, is near
bool is_pinned_host_range(const void *pointer, size_t bytes); // of cudaMallocHost, cudaHostAlloc, cudaHostRegister
std::string find_overrun();                                   // a changed byte around an allocation, "" if none
void free_all_device_memory();
} // namespace simt
