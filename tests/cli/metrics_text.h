/* The text of metrics.jsonl, to be compared with that of another run. */
#ifndef VAE_TEST_METRICS_TEXT_H
#define VAE_TEST_METRICS_TEXT_H

#include <stddef.h>
#include <string.h>

/* The time that training took is the one thing that may differ: it is the last key of a line. Returns the new length.
 */
static inline size_t metrics_cut_rates(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        if (strncmp(from, ", \"images_per_second\"", 21) == 0) from = strchr(from, '}');
        *to++ = *from++;
    }
    *to = '\0';
    return (size_t)(to - text);
}

#endif
