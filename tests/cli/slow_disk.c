/* A library for LD_PRELOAD that makes disks slow, stuck or broken for the program that loads it: fsync() and
 * fdatasync().
 *
 *   SLOW_DISK_MS=200     each takes so many milliseconds longer
 *   SLOW_DISK_WAIT=FILE  those of checkpoints/ and what is in it return when FILE is there, and not before
 *   SLOW_DISK_FAIL=TEXT  those of files whose path holds TEXT fail with EIO */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(long milliseconds)
{
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) && errno == EINTR)
        continue;
}

/* Whether the open file's path holds the text. */
static int is_file(int file, const char *text)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    return strstr(path, text) != NULL;
}

static int slow(int file, const char *name)
{
    const char *delay = getenv("SLOW_DISK_MS"), *wait = getenv("SLOW_DISK_WAIT"), *fail = getenv("SLOW_DISK_FAIL");
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (delay) sleep_ms(atol(delay));
    while (wait && is_file(file, "/checkpoints") && access(wait, F_OK))
        sleep_ms(1);
    if (fail && is_file(file, fail)) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fsync(int file)
{
    return slow(file, "fsync");
}

int fdatasync(int file)
{
    return slow(file, "fdatasync");
}
