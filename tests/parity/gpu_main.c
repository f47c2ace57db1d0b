/* main() of the tests that need a GPU: absent, they are skipped (exit code 77) and say why; VAE_REQUIRE_GPU=1 makes
 * that a failure. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/backend.h"

static bool required(void)
{
    const char *value = getenv("VAE_REQUIRE_GPU");
    return value && value[0] == '1';
}

/* In a process of its own: Criterion forks, and a CUDA context does not survive that. 0: there is one. */
static int look_for_gpu(void)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        vae_device *device;
        const vae_device_options options = {0};
        if (vae_device_open("cuda", &options, &device)) {
            printf("%s: %s\n", required() ? "failed, as a GPU is required" : "skipped", vae_error_message());
            exit(required() ? EXIT_FAILURE : 77);
        }
        printf("on %s\n", device->backend->device_describe(device));
        device->backend->device_close(device);
        exit(EXIT_SUCCESS);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return EXIT_FAILURE;
    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    const int missing = look_for_gpu();
    if (missing) return missing;
    struct criterion_test_set *tests = criterion_initialize();
    const int passed = criterion_handle_args(argc, argv, true) ? criterion_run_all_tests(tests) : 1;
    criterion_finalize(tests);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
