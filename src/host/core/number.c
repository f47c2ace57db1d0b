/* Writes a number with as few digits as read back exactly, from six on. */
#include "core/number.h"

#include <stdio.h>
#include <stdlib.h>

void vae_number_format(double value, char *text, size_t size)
{
    for (int digits = 6; digits <= 17; ++digits) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

void vae_number_format_float(float value, char *text, size_t size)
{
    for (int digits = 6; digits <= 9; ++digits) {
        snprintf(text, size, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) return;
    }
}
