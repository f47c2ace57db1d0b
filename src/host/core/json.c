/* Numbers and text as JSON, whatever they are: jansson itself takes neither NaN nor broken UTF-8. */
#include "core/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
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

vae_status vae_json_write_soon(const char *path, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_INDENT(2)) : NULL;
    const size_t size = text ? strlen(text) : 0;
    char *line = text ? realloc(text, size + 2) : NULL;
    if (!line) {
        free(text);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    }
    line[size] = '\n';
    const vae_status status = vae_file_write_soon(path, line, size + 1);
    free(line);
    return status;
}
