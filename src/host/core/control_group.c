/* Finds the limits of control groups: which groups, where their files are, and what stands in them. */
#include "core/control_group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

enum { LINE_SIZE = VAE_FILE_PATH_BYTES };

const vae_control_groups vae_control_groups_system = {"/proc/self/cgroup", "/sys/fs/cgroup"};

bool vae_read_numbers(const char *path, int count, double *numbers)
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

/* Reads one kind of limit from the folder of one group; INFINITY where it has none. */
typedef double read_limit(const char *folder);

static bool read_file(const char *folder, const char *file, int count, double *numbers)
{
    char path[LINE_SIZE];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, file);
    return length < (int)sizeof path && vae_read_numbers(path, count, numbers);
}

/* The lowest limit of the group and all those above it, up to the mount: a container often sees its own group as the
 * root, though membership names the path outside. */
static double lowest_limit(const char *root, const char *controller, char *group, read_limit *read)
{
    double lowest = INFINITY;
    for (;;) {
        char folder[LINE_SIZE];
        const int length = snprintf(folder, sizeof folder, "%s%s%s", root, controller, group);
        if (length < (int)sizeof folder) lowest = fmin(lowest, read(folder));
        char *slash = strrchr(group, '/');
        if (!slash) return lowest;
        *slash = '\0';
    }
}

/* Whether the controllers of a line, separated by commas, include this one. */
static bool has_controller(const char *controllers, const char *wanted)
{
    const size_t length = strlen(wanted);
    for (const char *name = controllers; name; name = strchr(name, ',')) {
        name += *name == ',';
        if (strcspn(name, ",") == length && strncmp(name, wanted, length) == 0) return true;
    }
    return false;
}

/* Each line of the membership is "number:controllers:group"; version 2 has number 0 and no controllers. Version 1 has a
 * mount for each controller, "/memory". */
static double find_limit(const vae_control_groups *groups, const char *controller, read_limit *version_2,
                         read_limit *version_1)
{
    FILE *file = fopen(groups->membership, "re");
    if (!file) return INFINITY;
    char line[LINE_SIZE];
    double lowest = INFINITY;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        ++controllers;
        if (controllers[0] == '\0') lowest = fmin(lowest, lowest_limit(groups->root, "", group, version_2));
        if (has_controller(controllers, controller + 1)) {
            lowest = fmin(lowest, lowest_limit(groups->root, controller, group, version_1));
        }
    }
    fclose(file);
    return lowest;
}

/* ---- Memory ---- */

static double memory_max(const char *folder)
{
    double bytes;
    return read_file(folder, "memory.max", 1, &bytes) ? bytes : INFINITY;
}

static double memory_limit_in_bytes(const char *folder)
{
    double bytes;
    return read_file(folder, "memory.limit_in_bytes", 1, &bytes) ? bytes : INFINITY;
}

double vae_control_group_memory(const vae_control_groups *groups)
{
    return find_limit(groups, "/memory", memory_max, memory_limit_in_bytes);
}

/* ---- Processors: microseconds of processor time in each period ---- */

static double quota_of(double quota, double period)
{
    return quota > 0.0 && period > 0.0 ? quota / period : INFINITY;
}

/* "150000 100000", or "max 100000". */
static double cpu_max(const char *folder)
{
    double numbers[2];
    return read_file(folder, "cpu.max", 2, numbers) ? quota_of(numbers[0], numbers[1]) : INFINITY;
}

/* A quota of -1 is none. */
static double cpu_cfs_quota(const char *folder)
{
    double quota, period;
    if (!read_file(folder, "cpu.cfs_quota_us", 1, &quota) || !read_file(folder, "cpu.cfs_period_us", 1, &period)) {
        return INFINITY;
    }
    return quota_of(quota, period);
}

double vae_control_group_processors(const vae_control_groups *groups)
{
    return find_limit(groups, "/cpu", cpu_max, cpu_cfs_quota);
}
