// What the symbol table of the program tells about a kernel: its name and its static shared variables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace simt
{
struct SharedVariable {
    char *address;
    size_t bytes;
};

struct KernelInfo {
    std::string name;
    size_t static_shared_bytes;      // of its own; those of functions that it calls are not known
    std::vector<SharedVariable> own; // its own shared variables
    size_t module;                   // where it is from
    size_t max_dynamic_shared_bytes; // 48 KiB, or what cudaFuncSetAttribute allowed
};

KernelInfo &kernel_info(const void *function);

// What may be used by a kernel of this module besides its own: variables of functions that are not known to be kernels.
const std::vector<SharedVariable> &shared_variables_of_functions(size_t module);
} // namespace simt
