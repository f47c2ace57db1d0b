#include "core/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

enum { LINE_SIZE = VAE_FILE_PATH_BYTES };

/* The first `count` numbers of a file of one line; false where there are none, as in "max". */
static bool read_numbers(const char *path, int count, double *numbers)
{
    FILE *file = fopen(path, "re");
    if (!file) return false;
    char line[LINE_SIZE];
    const char *next = fgets(line, sizeof line, file);
    fclose(file);
    for (int i = 0; i < count && next; ++i) {
        char *end;
        numbers[i] = strtod(next, &end);
        next = end == next ? NULL : end;
    }
    return next != NULL;
}

/* ---- Control groups ---- */

static double read_limit(const char *path)
{
    double limit;
    return read_numbers(path, 1, &limit) ? limit : INFINITY;
}

/* The lowest limit of the group and all those above it, up to the mount: a container often sees its own group as the
 * root, though membership names the path outside. */
static double lowest_limit(const char *root, const char *controller, char *group, const char *file)
{
    double lowest = INFINITY;
    for (;;) {
        char path[LINE_SIZE];
        const int length = snprintf(path, sizeof path, "%s%s%s/%s", root, controller, group, file);
        if (length < (int)sizeof path) lowest = fmin(lowest, read_limit(path));
        char *slash = strrchr(group, '/');
        if (!slash) return lowest;
        *slash = '\0';
    }
}

/* Whether the controllers of a line, separated by commas, include memory. */
static bool has_memory(const char *controllers)
{
    for (const char *name = controllers; name; name = strchr(name, ',')) {
        name += *name == ',';
        if (strcspn(name, ",") == 6 && strncmp(name, "memory", 6) == 0) return true;
    }
    return false;
}

double vae_memory_group_limit(const char *membership, const char *root)
{
    FILE *file = fopen(membership, "re");
    if (!file) return INFINITY;
    char line[LINE_SIZE];
    double lowest = INFINITY;
    /* Each line is "number:controllers:group"; version 2 has number 0 and no controllers. */
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        ++controllers;
        if (controllers[0] == '\0') lowest = fmin(lowest, lowest_limit(root, "", group, "memory.max"));
        if (has_memory(controllers)) {
            lowest = fmin(lowest, lowest_limit(root, "/memory", group, "memory.limit_in_bytes"));
        }
    }
    fclose(file);
    return lowest;
}

/* ---- The machine ---- */

double vae_memory_limit(void)
{
    const double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return fmin(machine, vae_memory_group_limit("/proc/self/cgroup", "/sys/fs/cgroup"));
}

/* Bytes of memory this process holds by itself; 0 where the system does not tell. */
static double held(void)
{
    double pages[3]; /* size, resident, shared */
    if (!read_numbers("/proc/self/statm", 3, pages)) return 0.0;
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
    return vae_error_set(VAE_ERROR_MEMORY,
                         "%s: %.1f MB of memory could not be had: %.1f MB are left of what this process may use", owner,
                         bytes * 1e-6, left * 1e-6);
}
