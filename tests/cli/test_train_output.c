/* What vae-cuda train shows while it runs: nothing when quiet, a bar that fits the terminal, a warning of collapse. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <pty.h>
#include <sys/ioctl.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "unit/temporary.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(train_output, .init = setup, .fini = teardown, .timeout = 120);

#define TRAIN "--config", "tiny.ini", "--out", "run"

Test(train_output, quiet_prints_nothing)
{
    process_result result = process_run_in(folder, TRAIN, "--quiet");
    cr_expect_eq(result.code, 0);
    cr_expect_str_empty(result.output);
    cr_expect_str_empty(result.errors);
    process_result_free(&result);
}

Test(train_output, a_collapsed_code_is_told_once_and_what_helps)
{
    process_result result =
        process_run_in(folder, TRAIN, "--quiet", "--set", "train.epochs=30", "--set", "train.beta=1e4");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    const char *told = strstr(result.errors, "all latent dimensions have collapsed");
    cr_assert_not_null(told, "%s", result.errors);
    cr_expect_null(strstr(told + 1, "all latent dimensions"), "told twice: %s", result.errors);
    cr_expect_not_null(strstr(told, "kl_warmup_epochs"));
    process_result_free(&result);
}

/* Runs the program on a terminal of so many columns; the caller frees what it printed. */
static char *run_on_terminal(unsigned short columns)
{
    char program[PROCESS_PATH];
    process_find(program);
    const struct winsize window = {.ws_row = 24, .ws_col = columns};
    int terminal;
    const pid_t id = forkpty(&terminal, NULL, NULL, &window);
    cr_assert_geq(id, 0);
    if (id == 0) {
        if (chdir(folder)) _exit(126);
        setenv("TERM", "xterm", 1);
        execl(program, program, "--config", "tiny.ini", "--out", "run", NULL);
        _exit(127);
    }
    size_t size = 0, room = 1 << 20;
    char *text = calloc(room, 1);
    for (ssize_t got; size + 1 < room && (got = read(terminal, text + size, room - 1 - size)) > 0;)
        size += (size_t)got;
    int status;
    waitpid(id, &status, 0);
    close(terminal);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", text);
    return text;
}

static void expect_bar(unsigned short columns)
{
    char *text = run_on_terminal(columns);
    int bars = 0;
    for (char *part = strtok(text, "\r\n"); part; part = strtok(NULL, "\r\n")) {
        char *erase = strstr(part, "\033[K");
        if (!erase || erase == part) continue;
        *erase = '\0';
        ++bars;
        cr_expect_lt(strlen(part), (size_t)columns, "'%s' does not fit %u columns", part, columns);
        cr_expect_not_null(strstr(part, "epoch "), "%s", part);
        if (columns >= 60) cr_expect_not_null(strstr(part, "ETA "), "%s", part);
    }
    cr_expect_geq(bars, 4, "each of the four epochs draws the bar at least once");
    free(text);
    char run[80];
    snprintf(run, sizeof run, "%s/run", folder);
    temporary_remove(run);
}

Test(train_output, the_progress_bar_fits_the_terminal)
{
    static const unsigned short columns[] = {20, 45, 60, 80, 200};
    for (int i = 0; i < 5; ++i)
        expect_bar(columns[i]);
}
