/* Runs the real program, as a user would, and keeps what it prints. The program is $VAE_PROGRAM, or vae-cuda beside the
 * test or one folder above it. */
#ifndef VAE_TEST_PROCESS_H
#define VAE_TEST_PROCESS_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first include"
#endif

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESS_MAX_ARGUMENTS = 64, PROCESS_PATH = 1024 };

typedef struct process {
    pid_t id;
    int output, errors; /* files that the process writes to */
} process;

typedef struct process_result {
    int code;   /* exit code, or -1 if a signal ended it */
    int signal; /* that signal, else 0 */
    char *output, *errors;
} process_result;

static inline void process_find(char path[PROCESS_PATH])
{
    const char *given = getenv("VAE_PROGRAM");
    if (given) {
        /* Tests change folders. */
        cr_assert_not_null(realpath(given, path), "VAE_PROGRAM=%s is not there", given);
        return;
    }
    char self[PROCESS_PATH - 16];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    cr_assert_gt(length, 0);
    self[length] = '\0';
    for (int up = 0; up < 2; ++up) {
        *strrchr(self, '/') = '\0';
        snprintf(path, PROCESS_PATH, "%s/vae-cuda", self);
        if (access(path, X_OK) == 0) return;
    }
    cr_assert_fail("vae-cuda is neither beside this test nor above it; set VAE_PROGRAM");
}

static inline int process_file(void)
{
    char name[] = "/tmp/vae-test-output-XXXXXX";
    const int file = mkostemp(name, O_CLOEXEC);
    cr_assert_geq(file, 0);
    unlink(name);
    return file;
}

/* Starts it in `folder` with the arguments after its name, NULL-terminated. */
static inline process process_start(const char *folder, const char *const *arguments)
{
    char path[PROCESS_PATH];
    char *all[PROCESS_MAX_ARGUMENTS] = {path};
    process_find(path);
    for (int i = 0; arguments[i]; ++i) {
        cr_assert_lt(i + 2, PROCESS_MAX_ARGUMENTS);
        all[i + 1] = (char *)arguments[i];
    }
    process started = {.output = process_file(), .errors = process_file()};
    started.id = fork();
    cr_assert_geq(started.id, 0);
    if (started.id == 0) {
        const int null = open("/dev/null", O_RDONLY);
        if (chdir(folder) || dup2(null, 0) < 0 || dup2(started.output, 1) < 0 || dup2(started.errors, 2) < 0)
            _exit(126);
        execv(path, all);
        _exit(127);
    }
    return started;
}

static inline char *process_read(int file)
{
    const off_t size = lseek(file, 0, SEEK_END);
    cr_assert_geq(size, 0);
    char *text = calloc((size_t)size + 1, 1);
    cr_assert_not_null(text);
    cr_assert_eq(pread(file, text, (size_t)size, 0), size);
    close(file);
    return text;
}

static inline process_result process_wait(process started)
{
    int status;
    cr_assert_eq(waitpid(started.id, &status, 0), started.id);
    return (process_result){.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                            .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                            .output = process_read(started.output),
                            .errors = process_read(started.errors)};
}

static inline process_result process_run(const char *folder, const char *const *arguments)
{
    return process_wait(process_start(folder, arguments));
}

/* process_run_in(folder, "--config", "x.ini") */
#define process_run_in(folder, ...) process_run(folder, (const char *const[]){__VA_ARGS__, NULL})
#define process_start_in(folder, ...) process_start(folder, (const char *const[]){__VA_ARGS__, NULL})

static inline void process_result_free(process_result *result)
{
    free(result->output);
    free(result->errors);
}

/* Runs, checks the exit code, and that standard error holds `words` (NULL: that it is empty). */
#define process_expect(expected_code, words, folder, ...)                                                              \
    do {                                                                                                               \
        process_result result_ = process_run_in(folder, __VA_ARGS__);                                                  \
        cr_expect_eq(result_.code, expected_code, "exit code %d, signal %d: %s", result_.code, result_.signal,         \
                     result_.errors);                                                                                  \
        const char *words_ = words;                                                                                    \
        if (words_) {                                                                                                  \
            cr_expect_not_null(strstr(result_.errors, words_), "'%s' lacks '%s'", result_.errors, words_);             \
        } else {                                                                                                       \
            cr_expect_str_empty(result_.errors);                                                                       \
        }                                                                                                              \
        process_result_free(&result_);                                                                                 \
    } while (0)

/* The most memory that a process took so far, in KiB. AddressSanitizer keeps what they freed, but not from now on. */
static inline long process_peak_memory(void)
{
    struct rusage usage;
    setenv("ASAN_OPTIONS", "quarantine_size_mb=0:thread_local_quarantine_size_kb=0", 1);
    getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss;
}

#endif
