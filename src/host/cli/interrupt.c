/* Signals that ask the program to end. */
#include "cli/interrupt.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum { STACK_SIZE = 1 << 16 }; /* of handlers, with room for every vector register */

static volatile sig_atomic_t caught;

/* A write to a pipe without a reader sends SIGPIPE from the process to itself; the write fails as well, which is
 * enough.
 */
static bool own_write(int signal_number, const siginfo_t *information)
{
    return signal_number == SIGPIPE && information->si_pid == getpid();
}

/* The first is the one that ends the program. */
static void handle(int signal_number, siginfo_t *information, void *context)
{
    (void)context;
    if (!caught && !own_write(signal_number, information)) caught = signal_number;
}

static void end_unless_own(int signal_number, siginfo_t *information, void *context)
{
    (void)context;
    if (own_write(signal_number, information)) return;
    signal(signal_number, SIG_DFL);
    raise(signal_number); /* comes when this handler has returned */
}

static void install(int signal_number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* The AVX matrix products of oneDNN 2 run with the stack pointer at the start of a workspace on the heap: a handler on
 * the thread's own stack would overwrite what lies in front of it. Signals sent to the process go to its first thread,
 * as that never blocks them. */
static void give_handlers_a_stack(void)
{
    static char memory[STACK_SIZE];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    sigaltstack(&stack, NULL);
}

void vae_interrupt_spare_writes(void)
{
    give_handlers_a_stack();
    install(SIGPIPE, end_unless_own, SA_RESTART);
    signal(SIGXFSZ, SIG_IGN);
}

volatile sig_atomic_t *vae_interrupt_flag(void)
{
    return &caught;
}

/* Shells start background jobs of scripts with the keyboard's signals ignored; one that is sent all the same is meant.
 */
static bool stays_ignored(int signal_number)
{
    struct sigaction before;
    if (signal_number == SIGINT || signal_number == SIGQUIT) return false;
    return !sigaction(signal_number, NULL, &before) && before.sa_handler == SIG_IGN;
}

static void catch_all(const int *signals, size_t count, int flags)
{
    for (size_t i = 0; i < count; ++i) {
        if (!stays_ignored(signals[i])) install(signals[i], handle, flags);
    }
}

void vae_interrupt_catch(void)
{
    static const int once[] = {SIGINT, SIGTERM, SIGQUIT};
    static const int always[] = {SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM};
    /* SA_RESETHAND: the second meets the default action. */
    catch_all(once, sizeof once / sizeof *once, (int)SA_RESETHAND);
    catch_all(always, sizeof always / sizeof *always, SA_RESTART);
}

int vae_interrupt_signal(void)
{
    return (int)caught;
}
