/* A pretended system with control groups, in a temporary folder. */
#ifndef VAE_TEST_CONTROL_GROUP_FILES_H
#define VAE_TEST_CONTROL_GROUP_FILES_H

#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>

#include "core/control_group.h"
#include "core/file.h"
#include "unit/temporary.h"

typedef struct group_files {
    char membership[128], root[128];
    vae_control_groups groups;
} group_files;

/* Membership is folder/cgroup, and groups are mounted in folder/sys. */
static inline const vae_control_groups *group_files_of(group_files *files, const char *folder)
{
    snprintf(files->membership, sizeof files->membership, "%s/cgroup", folder);
    snprintf(files->root, sizeof files->root, "%s/sys", folder);
    files->groups = (vae_control_groups){files->membership, files->root};
    return &files->groups;
}

/* Writes a file of the pretended system, with the folders above it. */
static inline void group_file_put(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *strrchr(path, '/') = '\0';
    cr_assert_eq(vae_folder_make(path), VAE_OK, "%s", vae_error_message());
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const void *const parts[] = {text};
    const size_t sizes[] = {strlen(text)};
    cr_assert_eq(vae_file_write_atomic(path, parts, sizes, 1), VAE_OK, "%s", vae_error_message());
}

#endif
