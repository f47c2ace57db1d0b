/* The memory this process may use, and what is left of it. */
#include "core/memory.h"

#include <math.h>
#include <unistd.h>

#include "core/control_group.h"

double vae_memory_limit(void)
{
    const double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return fmin(machine, vae_control_group_memory(&vae_control_groups_system));
}

/* Bytes of memory this process holds by itself; 0 where the system does not tell. */
static double held(void)
{
    double pages[3]; /* size, resident, shared */
    if (!vae_read_numbers("/proc/self/statm", 3, pages)) return 0.0;
    return (pages[1] - pages[2]) * (double)sysconf(_SC_PAGESIZE);
}

double vae_memory_left(void)
{
    return fmax(0.0, vae_memory_limit() - held());
}

vae_status vae_memory_check(const char *owner, double bytes)
{
    const double left = vae_memory_left();
    if (bytes <= left) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "%s: cannot allocate %.1f MB: %.1f MB remain of what this process may use",
                         owner, bytes * 1e-6, left * 1e-6);
}
