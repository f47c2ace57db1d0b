/* A temporary folder for a test, removed with all that it holds. */
#ifndef VAE_TEST_TEMPORARY_H
#define VAE_TEST_TEMPORARY_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void temporary_make(char path[64])
{
    snprintf(path, 64, "/tmp/vae-test-XXXXXX");
    cr_assert_not_null(mkdtemp(path), "no temporary folder");
}

static inline int temporary_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void temporary_remove(const char *path)
{
    nftw(path, temporary_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
