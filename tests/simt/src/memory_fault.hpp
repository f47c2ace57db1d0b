// Accesses to memory that is not there: in a kernel a fault of the device, in host code the end of the process.
#pragma once

namespace simt
{
void catch_bad_accesses();                  // on the thread that runs kernels; once is enough, more do no harm
[[noreturn]] void fault_after_bad_access(); // on the fiber of the thread that made it
} // namespace simt
