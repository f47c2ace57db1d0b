/* Where CUDA's libraries are looked for: made-up toolkits and Python packages that hold a library under cuBLASLt's
 * name. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vae/status.h>

#include "backend/cuda/library_search.h"

static const char name[] = "libvae-test.so.13";
static const char *const names[] = {"libvae-test.so.14", name, NULL};
static char folder[] = "/tmp/test_library_search.XXXXXX";

static void forget(void)
{
    static const char *const variables[] = {"CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX", "VIRTUAL_ENV", "LD_LIBRARY_PATH"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; ++i)
        unsetenv(variables[i]);
    setenv("PATH", "/nonexistent", 1);
    setenv("HOME", "/nonexistent", 1);
}

static void set_up(void)
{
    cr_assert(mkdtemp(folder));
    forget();
}

static void tear_down(void)
{
    char command[PATH_MAX];
    snprintf(command, sizeof command, "PATH=/bin:/usr/bin rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(library_search, .init = set_up, .fini = tear_down);

/* Puts a link to zlib, which any machine that runs this has, into a new folder below the test's. */
static void make_library(const char *below)
{
    Dl_info zlib;
    char command[3 * PATH_MAX];
    void *function = dlsym(RTLD_DEFAULT, "zlibVersion");
    cr_assert(function && dladdr(function, &zlib));
    snprintf(command, sizeof command, "PATH=/bin:/usr/bin; mkdir -p '%s/%s' && cp '%s' '%s/%s/%s'", folder, below,
             zlib.dli_fname, folder, below, name);
    cr_assert_eq(system(command), 0);
}

static void set(const char *variable, const char *below)
{
    char value[PATH_MAX];
    snprintf(value, sizeof value, "%s/%s", folder, below);
    setenv(variable, value, 1);
}

static void expect_found(const char *build_folder, const char *what)
{
    void *library = NULL;
    cr_assert_eq(vae_cuda_library_open(names, build_folder, &library), VAE_OK, "%s: %s", what, vae_error_message());
    cr_assert(dlsym(library, "zlibVersion"), "%s: another library was opened", what);
    dlclose(library);
    forget();
}

Test(library_search, says_where_it_looked)
{
    void *library = NULL;
    set("CUDA_HOME", "toolkit");
    set("CONDA_PREFIX", "conda");
    cr_assert_eq(vae_cuda_library_open(names, "/opt/build-folder", &library), VAE_ERROR_DEVICE);
    static const char *const places[] = {"LD_LIBRARY_PATH", "toolkit/lib64", "conda/lib/python3*/", "/opt/build-folder",
                                         "/usr/local/cuda*/lib64"};
    for (size_t i = 0; i < sizeof places / sizeof *places; ++i)
        cr_assert(strstr(vae_error_message(), places[i]), "no '%s' in: %s", places[i], vae_error_message());
}

Test(library_search, toolkits)
{
    make_library("a/lib64");
    make_library("b/targets/x86_64-linux/lib");
    make_library("c");
    set("CUDA_HOME", "a");
    expect_found("", "CUDA_HOME's lib64");
    set("CUDA_HOME", "b");
    expect_found("", "CUDA_HOME's targets");
    set("CUDA_PATH", "a");
    expect_found("", "CUDA_PATH");
    char build[PATH_MAX];
    snprintf(build, sizeof build, "%s/c", folder);
    expect_found(build, "the build's folder");
}

Test(library_search, python_packages)
{
    make_library("twelve/lib/python3.11/site-packages/nvidia/cublas/lib");
    make_library("thirteen/lib/python3.13/site-packages/nvidia/cu13/lib");
    make_library("home/.local/lib/python3.12/site-packages/nvidia/cu13/lib");
    make_library("conda/lib");
    set("VIRTUAL_ENV", "twelve");
    expect_found("", "CUDA 12's wheel in VIRTUAL_ENV");
    set("VIRTUAL_ENV", "thirteen");
    expect_found("", "CUDA 13's wheel in VIRTUAL_ENV");
    set("CONDA_PREFIX", "twelve");
    expect_found("", "a wheel in CONDA_PREFIX");
    set("CONDA_PREFIX", "conda");
    expect_found("", "Conda's own library");
    set("HOME", "home");
    expect_found("", "a wheel in ~/.local");
}

Test(library_search, python_of_the_path)
{
    make_library("real/lib/python3.11/dist-packages/nvidia/cublas/lib");
    char command[PATH_MAX];
    snprintf(command, sizeof command,
             "PATH=/bin:/usr/bin; cd %s && mkdir real/bin venv venv/bin && cp /bin/true real/bin/python3.11 && "
             "ln -s python3.11 real/bin/python3 && ln -s ../../real/bin/python3 venv/bin/python3",
             folder);
    cr_assert_eq(system(command), 0);
    set("PATH", "real/bin");
    expect_found("", "a wheel of the python3 in PATH");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/nonexistent:%s/venv/bin", folder);
    setenv("PATH", path, 1);
    expect_found("", "a wheel of the python3 that an environment links to");
}

Test(library_search, a_file_that_is_not_a_library_says_so)
{
    make_library("broken/lib64");
    char command[PATH_MAX];
    snprintf(command, sizeof command, "PATH=/bin:/usr/bin; echo text >'%s/broken/lib64/libvae-test.so.13'", folder);
    cr_assert_eq(system(command), 0);
    set("CUDA_HOME", "broken");
    void *library = NULL;
    cr_assert_eq(vae_cuda_library_open(names, "", &library), VAE_ERROR_DEVICE);
    cr_assert(strstr(vae_error_message(), "broken/lib64"), "%s", vae_error_message());
    cr_assert(strstr(vae_error_message(), "file too short"), "%s", vae_error_message());
}
