/* Numbers and text as JSON, whatever they are: jansson itself takes neither NaN nor broken UTF-8. */
#include "core/json.h"

#include <math.h>
#include <stdlib.h>

#include "core/utf8.h"

json_t *vae_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *vae_json_text(const char *text)
{
    char *shown = vae_utf8_shown(text);
    json_t *string = shown ? json_string(shown) : NULL;
    free(shown);
    return string;
}
