#include "model/interpolate.h"

#include <math.h>
#include <stdbool.h>

void vae_interpolate_linear(const float *from, const float *to, int64_t latent, double t, float *code)
{
    for (int64_t j = 0; j < latent; ++j)
        code[j] = (float)((1.0 - t) * (double)from[j] + t * (double)to[j]);
}

static double dot(const float *a, const float *b, int64_t latent)
{
    double sum = 0.0;
    for (int64_t j = 0; j < latent; ++j)
        sum += (double)a[j] * (double)b[j];
    return sum;
}

/* Component j of a unit vector at right angles to `from`: the axis along which `from` is smallest, made orthogonal. */
static double perpendicular(const float *from, double length, int64_t axis, int64_t j)
{
    const double along = (double)from[axis] / length;
    const double norm = sqrt(1.0 - along * along);
    return ((j == axis ? 1.0 : 0.0) - along * (double)from[j] / length) / norm;
}

static int64_t smallest_axis(const float *from, int64_t latent)
{
    int64_t axis = 0;
    for (int64_t j = 1; j < latent; ++j) {
        if (fabsf(from[j]) < fabsf(from[axis])) axis = j;
    }
    return axis;
}

void vae_interpolate_spherical(const float *from, const float *to, int64_t latent, double t, float *code)
{
    const double from_length = sqrt(dot(from, from, latent)), to_length = sqrt(dot(to, to, latent));
    const double scale = from_length * to_length;
    const double cosine = scale > 0.0 ? fmax(-1.0, fmin(1.0, dot(from, to, latent) / scale)) : 1.0;
    const double angle = acos(cosine);
    const double length = (1.0 - t) * from_length + t * to_length;
    const bool opposite = cosine < -1.0 + 1e-9;
    if (angle < 1e-6 || (opposite && latent == 1)) {
        vae_interpolate_linear(from, to, latent, t, code);
        return;
    }
    const int64_t axis = smallest_axis(from, latent);
    for (int64_t j = 0; j < latent; ++j) {
        const double a = (double)from[j] / from_length;
        if (opposite) {
            code[j] = (float)(length * (cos(t * M_PI) * a + sin(t * M_PI) * perpendicular(from, from_length, axis, j)));
        } else {
            const double b = (double)to[j] / to_length;
            code[j] = (float)(length * (sin((1.0 - t) * angle) * a + sin(t * angle) * b) / sin(angle));
        }
    }
}
