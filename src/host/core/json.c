#include "core/json.h"

#include <math.h>

json_t *vae_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
