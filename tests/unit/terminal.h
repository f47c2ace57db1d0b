/* What the process writes to the terminal for a while, by itself or by its libraries. Needs _GNU_SOURCE. */
#ifndef VAE_TEST_TERMINAL_H
#define VAE_TEST_TERMINAL_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct terminal {
    int kept[2], output;
} terminal;

/* stdout and stderr go to memory, but under sanitizers, whose own words would be lost there. */
static inline terminal terminal_watch(void)
{
    fflush(NULL);
    const terminal t = {{dup(STDOUT_FILENO), dup(STDERR_FILENO)}, memfd_create("output", MFD_CLOEXEC)};
#ifndef __SANITIZE_ADDRESS__
    dup2(t.output, STDOUT_FILENO);
    dup2(t.output, STDERR_FILENO);
#endif
    return t;
}

/* Back to where they were; fails if anything was written. */
static inline void terminal_expect_silence(const terminal *t)
{
    char words[256] = "";
    fflush(NULL);
    dup2(t->kept[0], STDOUT_FILENO);
    dup2(t->kept[1], STDERR_FILENO);
    cr_expect_leq(pread(t->output, words, sizeof words - 1, 0), 0, "on the terminal: %s", words);
    close(t->kept[0]);
    close(t->kept[1]);
    close(t->output);
}

#endif
