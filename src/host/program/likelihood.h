/* Likelihoods p(x|z): their names, for builders, kernels and the configuration alike, and what the decoder has to give
 * for each.
 *
 * A row of predictions is [pixels, width]: `width` numbers describe one pixel with all its channels. A row of x is
 * [pixels, channels]. */
#ifndef VAE_PROGRAM_LIKELIHOOD_H
#define VAE_PROGRAM_LIKELIHOOD_H

#include <stdbool.h>
#include <stdint.h>

#include <vae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new likelihood is a row of VAE_COMPOSED_MAP below and one file, or, with kernels of its own for speed, a row here,
 * its width and kind in likelihood.c, and a file named after it in each backend. C channels, K components; within a
 * pixel, numbers stand in the order given. ⌊l⌋ is a soft floor, floor + log(1 + e^(l - floor)), so that pixels that
 * never change cannot make a density grow without bound; vae_likelihood_floor(). bernoulli             C logits: x·l -
 * log(1 + e^l), x in [0, 1] gaussian              C means; σ² is fixed gaussian_shared       C means; one σ² for all
 * elements, the σ-VAE's analytic optimum (Rybkin, Daniilidis & Levine 2021, equation 6): in training the batch's mean
 * squared error; its running mean is the statistic "likelihood.log_variance", which serves elsewhere gaussian_pixel C
 * means, C numbers l: log σ² = ⌊l⌋ laplace               C means, C numbers l: log b = ⌊l⌋ in -|x - mean| / b - log 2b
 *   continuous_bernoulli  C logits: x·l - log((e^l - 1) / l), x in [0, 1] (Loaiza-Ganem & Cunningham 2019)
 *   categorical           C times 256 logits, one a level
 *   logistic              C means, C numbers l: log s = ⌊l⌋; the mass that a logistic distribution gives to the bin of
 *                         a level, the outer bins reaching to ±∞ (Salimans et al. 2017, equation 2)
 *   logistic_mixture      K of these. C = 1: K logits, K means, K log-scales. C = 3 (red, green, blue): K logits, C·K
 *                         means (K of red first), C·K log-scales, and K coefficients each of green on red, blue on red
 *                         and blue on green, through tanh: they move the means by multiples of the other channels' x
 *                         (Salimans et al. 2017, equation 3)
 *   mse                   C means: -(x - mean)², no density */
#define VAE_LIKELIHOOD_MAP(X)                                                                                          \
    X(BERNOULLI, bernoulli)                                                                                            \
    X(GAUSSIAN, gaussian)                                                                                              \
    X(MSE, mse)                                                                                                        \
    X(GAUSSIAN_SHARED, gaussian_shared)                                                                                \
    X(GAUSSIAN_PIXEL, gaussian_pixel)                                                                                  \
    X(LAPLACE, laplace)                                                                                                \
    X(CONTINUOUS_BERNOULLI, continuous_bernoulli)                                                                      \
    X(CATEGORICAL, categorical)                                                                                        \
    X(LOGISTIC, logistic)                                                                                              \
    X(LOGISTIC_MIXTURE, logistic_mixture)

/* Those that have no kernels of their own, but are composed of other ops: a new one is a row here and a file,
 * distribution/<name>.c.
 *   student_t             C means, C numbers l: log s = ⌊l⌋ of a Student-t with 5 degrees of freedom, whose heavy tails
 *                         bear outliers (Takahashi et al. 2018) */
#define VAE_COMPOSED_MAP(X) X(STUDENT_T, student_t)

typedef enum vae_likelihood {
#define VAE_LIKELIHOOD_ROW(NAME, name) VAE_LIKELIHOOD_##NAME,
    VAE_LIKELIHOOD_MAP(VAE_LIKELIHOOD_ROW) VAE_LIKELIHOOD_COUNT, /* of those with kernels of their own */
    VAE_LIKELIHOOD_LAST = VAE_LIKELIHOOD_COUNT - 1,
    VAE_COMPOSED_MAP(VAE_LIKELIHOOD_ROW)
#undef VAE_LIKELIHOOD_ROW
        VAE_DISTRIBUTION_COUNT
} vae_likelihood;

enum { VAE_LEVELS = 256, VAE_MAX_CHANNELS = 64, VAE_MAX_MIXTURES = 32 };

/* All that a likelihood's kernels need to know beside the numbers themselves. */
typedef struct vae_likelihood_options {
    vae_likelihood family;
    int64_t channels;
    double variance;     /* gaussian: σ², the same for all elements */
    double scale, shift; /* x = byte × scale + shift: where the 256 levels lie */
    int64_t mixtures;    /* logistic_mixture: K */
} vae_likelihood_options;

const char *vae_likelihood_name(vae_likelihood family);
/* VAE_ERROR_CONFIG where the family cannot do with the other options; the message names the option. */
vae_status vae_likelihood_check(const vae_likelihood_options *options);
/* Numbers that the decoder gives for one pixel. */
int64_t vae_likelihood_width(const vae_likelihood_options *options);
/* A probability of each of the 256 levels, whose sum is one; else a density, or none (mse). */
bool vae_likelihood_is_discrete(vae_likelihood family);
/* What log σ², log b or log s cannot fall below. σ, b and the scales of composed
 * ones: one level. s: e^-7 in units of half the range, as PixelCNN++
 * has it, about a ninth of a level. */
double vae_likelihood_floor(const vae_likelihood_options *options);

/* Bits for one of an image's `elements` numbers, from the nats of the whole image: -log p(x), or a bound on it. Exact
 * for discrete likelihoods; a density is taken as constant over the width of a level, which flatters densities that are
 * narrower. NAN for bernoulli and mse, which say nothing of levels. */
double vae_likelihood_bits_per_dimension(const vae_likelihood_options *options, double nats, int64_t elements);

#ifdef __cplusplus
}
#endif

#endif
