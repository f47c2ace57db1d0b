/* The standard normal distribution. */
#ifndef VAE_CORE_NORMAL_H
#define VAE_CORE_NORMAL_H

/* Φ(z) */
double vae_normal_cdf(double z);

/* Φ⁻¹(u) for u in (0, 1), to about 1e-14 (0.02 for the subnormal u); -INFINITY at 0, INFINITY at 1, NaN outside. */
double vae_normal_quantile(double u);

#endif
