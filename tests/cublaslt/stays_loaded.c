/* cuBLASLt is loaded once, however often a GPU is opened. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/cuda/cublaslt.h"

static int lines_of(const char *path)
{
    FILE *file = fopen(path, "r");
    cr_assert(file);
    int lines = 0;
    for (int c; (c = getc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static int mapped_pieces(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    char line[4096];
    int count = 0;
    cr_assert(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, "libcublasLt") != NULL;
    fclose(file);
    return count;
}

Test(cublaslt, is_loaded_once)
{
    char path[] = "/tmp/test_cublaslt.XXXXXX";
    const int file = mkstemp(path);
    cr_assert_geq(file, 0);
    setenv("VAE_STAND_IN_LOADS", path, 1);
    int pieces = 0;
    void *first = NULL;
    for (int i = 0; i < 200; ++i) {
        vae_cublaslt lt;
        cr_assert_eq(vae_cublaslt_open(&lt), VAE_OK, "%s", vae_error_message());
        if (i == 0) {
            first = lt.library;
            pieces = mapped_pieces();
        }
        cr_assert_eq(lt.library, first);
        vae_cublaslt_close(&lt);
    }
    const int loads = lines_of(path);
    close(file);
    unlink(path);
    cr_assert_gt(pieces, 0);
    cr_assert_eq(mapped_pieces(), pieces);
    cr_assert_eq(loads, 1, "the stand-in was loaded %d times; ctest sets the LD_LIBRARY_PATH that finds it", loads);
}
