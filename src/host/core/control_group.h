/* Limits that control groups (version 1 or 2) set to a process: containers and batch systems use them. */
#ifndef VAE_CORE_CONTROL_GROUP_H
#define VAE_CORE_CONTROL_GROUP_H

#include <stdbool.h>

/* Where the system tells. `membership` is the file that lists the process's groups, /proc/self/cgroup; `root` the
 * folder where groups are mounted, /sys/fs/cgroup. */
typedef struct vae_control_groups {
    const char *membership, *root;
} vae_control_groups;

extern const vae_control_groups vae_control_groups_system;

/* The lowest limit of memory in bytes, and of processors as their number (1.5: three halves of a second's time each
 * second), of the group that the process is in and of those above it; INFINITY if there is none. */
double vae_control_group_memory(const vae_control_groups *groups);
double vae_control_group_processors(const vae_control_groups *groups);

/* The first `count` numbers of a file of one line; false where there are fewer, as in "max". */
bool vae_read_numbers(const char *path, int count, double *numbers);

#endif
