/* The line "sample  512/100000 images  3 s left" on a terminal. */
#include "cli/counter.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "core/clock.h"

vae_cli_counter vae_cli_counter_start(const char *what, int64_t count, bool quiet)
{
    const double time = vae_clock_seconds();
    vae_interrupt_catch();
    return (vae_cli_counter){.what = what,
                             .count = count,
                             .started = time,
                             .shown = time,
                             .visible = !quiet && isatty(STDERR_FILENO),
                             .stop = vae_interrupt_flag()};
}

static void clear(vae_cli_counter *c)
{
    if (c->drawn) fprintf(stderr, "\r\033[K");
    c->drawn = false;
}

vae_status vae_cli_counter_show(void *counter, int64_t done)
{
    vae_cli_counter *c = counter;
    if (*c->stop && done < c->count) {
        clear(c);
        return vae_error_set(VAE_ERROR_INTERRUPTED, "%s interrupted after %" PRId64 " of %" PRId64 " images", c->what,
                             done, c->count);
    }
    const double time = vae_clock_seconds();
    if (done >= c->count) clear(c);
    if (!c->visible || done <= 0 || done >= c->count || time - c->shown < 0.1) return VAE_OK;
    c->shown = time;
    c->drawn = true;
    fprintf(stderr, "\r%s  %" PRId64 "/%" PRId64 " images  %.0f s left \033[K", c->what, done, c->count,
            (time - c->started) / (double)done * (double)(c->count - done));
    return VAE_OK;
}

double vae_cli_counter_seconds(const vae_cli_counter *counter)
{
    return vae_clock_seconds() - counter->started;
}
