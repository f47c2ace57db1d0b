/* The normal distribution function from erfc, and its inverse by Halley's method. */
#include "core/normal.h"

#include <math.h>

double vae_normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

/* A rough start (Abramowitz & Stegun 26.2.23, error below 4.5e-4) for p = min(u, 1-u), then Halley's method, whose
 * error is cubed at each step. */
double vae_normal_quantile(double u)
{
    if (!(u >= 0.0 && u <= 1.0)) return NAN;
    if (u == 0.0 || u == 1.0) return u == 0.0 ? -INFINITY : INFINITY;
    const double p = u < 0.5 ? u : 1.0 - u;
    const double t = sqrt(-2.0 * log(p));
    double z =
        -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    for (int i = 0; i < 3; ++i) {
        const double error = vae_normal_cdf(z) - p;
        /* In two factors, as 1/φ(z) alone overflows for the smallest p. */
        const double root = exp(0.25 * z * z);
        const double step = error * root * sqrt(2.0 * M_PI) * root;
        z -= step / (1.0 + 0.5 * z * step);
    }
    return u < 0.5 ? z : -z;
}
