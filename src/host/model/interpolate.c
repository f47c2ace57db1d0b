/* Linear and spherical interpolation; the latter also copes with codes that are zero, parallel or opposite. */
#include "model/interpolate.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Unit vectors closer than this are the same to float32. */
static const double same_direction = 1e-7;

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

/* |a/a_length + b/b_length| */
static double norm_of_sum(const float *a, double a_length, const float *b, double b_length, int64_t latent)
{
    double sum = 0.0;
    for (int64_t j = 0; j < latent; ++j) {
        const double component = (double)a[j] / a_length + (double)b[j] / b_length;
        sum += component * component;
    }
    return sqrt(sum);
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

/* Neither code is zero, and they point neither the same way nor, unless `opposite`, in opposite directions. */
static void follow_arc(const float *from, const float *to, const double length[2], int64_t latent, double t,
                       double angle, bool opposite, float *code)
{
    const double along = (1.0 - t) * length[0] + t * length[1];
    const int64_t axis = smallest_axis(from, latent);
    for (int64_t j = 0; j < latent; ++j) {
        const double a = (double)from[j] / length[0], b = (double)to[j] / length[1];
        if (opposite) {
            code[j] = (float)(along * (cos(t * M_PI) * a + sin(t * M_PI) * perpendicular(from, length[0], axis, j)));
        } else {
            code[j] = (float)(along * (sin((1.0 - t) * angle) * a + sin(t * angle) * b) / sin(angle));
        }
    }
}

void vae_interpolate_spherical(const float *from, const float *to, int64_t latent, double t, float *code)
{
    const double length[2] = {sqrt(dot(from, from, latent)), sqrt(dot(to, to, latent))};
    if (t <= 0.0 || t >= 1.0) {
        memcpy(code, t <= 0.0 ? from : to, (size_t)latent * sizeof *code);
        return;
    }
    if (length[0] == 0.0 || length[1] == 0.0) {
        vae_interpolate_linear(from, to, latent, t, code);
        return;
    }
    /* The angle from both norms: acos of the cosine loses half the digits near 0 and π. */
    const double sum = norm_of_sum(from, length[0], to, length[1], latent);
    const double difference = norm_of_sum(from, length[0], to, -length[1], latent);
    const bool opposite = sum < same_direction;
    if (difference < same_direction || (opposite && latent == 1)) {
        vae_interpolate_linear(from, to, latent, t, code);
        return;
    }
    follow_arc(from, to, length, latent, t, 2.0 * atan2(difference, sum), opposite, code);
}
