/* One table of cases for every op, and what runs them on a backend. It serves gradient checks (reference against
 * central differences) and parity (cpu and cuda against reference) alike. */
#ifndef VAE_TESTS_OPS_H
#define VAE_TESTS_OPS_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "core/random.h"
#include "program/program.h"

/* The backend that is held against the reference; the same tests are built for others too. */
#ifndef VAE_TEST_BACKEND
#define VAE_TEST_BACKEND vae_backend_cpu
#endif

#define MUST(call) cr_assert_eq((call), VAE_OK, "%s: %s", #call, vae_error_message())

typedef enum op_family {
    FAMILY_DENSE,
    FAMILY_CONVOLUTION,
    FAMILY_TRANSPOSED_CONVOLUTION,
    FAMILY_POSTERIOR,
    FAMILY_BERNOULLI,
    FAMILY_GAUSSIAN,
    FAMILY_LIKELIHOOD,
    FAMILY_TOKENS,  /* rows sequences of `samples` steps; out: the vocabulary */
    FAMILY_STROKES, /* the same; out: the mixture's components */
    /* Ops between layers: images [rows, in, in + 1, out], or matrices [rows, out] where in is 0. */
    FAMILY_BATCH_NORM,
    FAMILY_BATCH_NORM_RUNNING, /* by the running statistics; forward only */
    FAMILY_LAYER_NORM,
    FAMILY_DROPOUT,
    FAMILY_UPSAMPLE, /* by `samples` */
    FAMILY_RESIDUAL, /* and `activate` */
    FAMILY_TIED,     /* the layer before it once more, and again: three uses of the same parameters */
} op_family;

typedef struct op_case {
    const char *name;
    op_family family;
    int64_t rows, in, out; /* out: width of a layer, latent dimensions, or elements */
    int64_t samples;
    vae_activation activation;
    double variance;
    double spread;    /* inputs are spread × normals */
    bool autoencoder; /* the posterior is not sampled */
    /* Convolutions: in and out are channels. */
    int64_t height, width;
    vae_window window;
    /* Likelihoods: out is pixels. */
    vae_likelihood likelihood;
    int64_t channels;
    bool evaluation; /* gaussian_shared: σ² is the statistic, not the batch's */
} op_case;

#define OP_CASE(name_, family_, rows_, in_, out_, samples_, activation_, variance_, spread_, autoencoder_)             \
    {                                                                                                                  \
        .name = name_, .family = family_, .rows = rows_, .in = in_, .out = out_, .samples = samples_,                  \
        .activation = activation_, .variance = variance_, .spread = spread_, .autoencoder = autoencoder_               \
    }
static const op_case op_cases[] = {
    OP_CASE("dense 1x1", FAMILY_DENSE, 1, 1, 1, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
    OP_CASE("dense odd", FAMILY_DENSE, 5, 7, 3, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
    OP_CASE("dense prime", FAMILY_DENSE, 13, 31, 37, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("dense leaky relu", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_LEAKY_RELU, 1, 1, false),
    OP_CASE("dense tanh", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("dense sigmoid", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_SIGMOID, 1, 1, false),
    OP_CASE("dense elu", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_ELU, 1, 1, false),
    OP_CASE("dense gelu", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_GELU, 1, 1, false),
    OP_CASE("dense softplus", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_SOFTPLUS, 1, 1, false),
    OP_CASE("dense silu", FAMILY_DENSE, 6, 9, 11, 1, VAE_ACTIVATION_SILU, 1, 1, false),
    OP_CASE("dense gelu, large", FAMILY_DENSE, 67, 130, 129, 1, VAE_ACTIVATION_GELU, 1, 1, false),
#define WINDOWED(name_, family_, rows_, in_, out_, activation_, height_, width_, ...)                                  \
    {                                                                                                                  \
        .name = name_, .family = family_, .rows = rows_, .in = in_, .out = out_, .samples = 1,                         \
        .activation = activation_, .spread = 1, .height = height_, .width = width_, .window = __VA_ARGS__              \
    }
#define CONVOLUTION(name, ...) WINDOWED(name, FAMILY_CONVOLUTION, __VA_ARGS__)
#define TRANSPOSED(name, ...) WINDOWED(name, FAMILY_TRANSPOSED_CONVOLUTION, __VA_ARGS__)
    CONVOLUTION("convolution 1x1", 1, 1, 1, VAE_ACTIVATION_IDENTITY, 1, 1, {1, 1, 0, {0}}),
    CONVOLUTION("convolution k4 s2", 3, 1, 5, VAE_ACTIVATION_TANH, 8, 6, {4, 2, 1, {0}}),
    CONVOLUTION("convolution k3 s1", 2, 3, 2, VAE_ACTIVATION_GELU, 5, 7, {3, 1, 1, {0}}),
    CONVOLUTION("convolution k3 s2, a rest", 2, 2, 3, VAE_ACTIVATION_RELU, 8, 7, {3, 2, 0, {0}}),
    CONVOLUTION("convolution k5 s3", 2, 2, 3, VAE_ACTIVATION_SILU, 11, 9, {5, 3, 2, {0}}),
    CONVOLUTION("convolution k1 s2", 2, 2, 3, VAE_ACTIVATION_IDENTITY, 5, 5, {1, 2, 0, {0}}),
    CONVOLUTION("convolution, large", 16, 32, 48, VAE_ACTIVATION_RELU, 14, 14, {4, 2, 1, {0}}),
    CONVOLUTION("convolution, many channels", 3, 40, 130, VAE_ACTIVATION_LEAKY_RELU, 6, 5, {3, 1, 1, {0}}),
    TRANSPOSED("transposed 1x1", 1, 1, 1, VAE_ACTIVATION_IDENTITY, 1, 1, {1, 1, 0, {0}}),
    TRANSPOSED("transposed k4 s2", 3, 5, 1, VAE_ACTIVATION_TANH, 4, 3, {4, 2, 1, {0}}),
    TRANSPOSED("transposed k3 s1", 2, 2, 3, VAE_ACTIVATION_GELU, 5, 7, {3, 1, 1, {0}}),
    TRANSPOSED("transposed k3 s2, output padding", 2, 3, 2, VAE_ACTIVATION_SOFTPLUS, 4, 5, {3, 2, 1, {1, 1}}),
    TRANSPOSED("transposed k3 s2, output padding of the height only", 2, 3, 2, VAE_ACTIVATION_SOFTPLUS, 4, 5,
               {3, 2, 1, {1, 0}}),
    TRANSPOSED("transposed k4 s3, output padding of the width more", 1, 2, 3, VAE_ACTIVATION_TANH, 3, 2,
               {4, 3, 1, {0, 2}}),
    TRANSPOSED("transposed k2 s3, gaps", 2, 3, 2, VAE_ACTIVATION_SIGMOID, 3, 2, {2, 3, 0, {2, 2}}),
    TRANSPOSED("transposed, large", 16, 48, 32, VAE_ACTIVATION_RELU, 7, 7, {4, 2, 1, {0}}),
    TRANSPOSED("transposed, one channel", 16, 32, 1, VAE_ACTIVATION_IDENTITY, 14, 14, {4, 2, 1, {0}}),
#undef CONVOLUTION
#undef TRANSPOSED
#undef WINDOWED
    OP_CASE("posterior 1x1", FAMILY_POSTERIOR, 1, 0, 1, 1, 0, 1, 1, false),
    OP_CASE("posterior odd", FAMILY_POSTERIOR, 5, 0, 7, 1, 0, 1, 1, false),
    OP_CASE("posterior 3 samples", FAMILY_POSTERIOR, 7, 0, 5, 3, 0, 1, 1, false),
    OP_CASE("posterior many", FAMILY_POSTERIOR, 129, 0, 33, 2, 0, 1, 1, false),
    OP_CASE("posterior not sampled", FAMILY_POSTERIOR, 5, 0, 3, 1, 0, 1, 1, true),
    OP_CASE("posterior wide", FAMILY_POSTERIOR, 3, 0, 600, 1, 0, 1, 0.5, false),
    OP_CASE("bernoulli 1x1", FAMILY_BERNOULLI, 1, 0, 1, 1, 0, 1, 1, false),
    OP_CASE("bernoulli odd", FAMILY_BERNOULLI, 3, 0, 7, 1, 0, 1, 2, false),
    OP_CASE("bernoulli prime", FAMILY_BERNOULLI, 13, 0, 31, 1, 0, 1, 2, false),
    OP_CASE("bernoulli 3 samples", FAMILY_BERNOULLI, 4, 0, 9, 3, 0, 1, 2, false),
    OP_CASE("bernoulli long rows", FAMILY_BERNOULLI, 3, 0, 2051, 1, 0, 1, 3, false),
    OP_CASE("gaussian 1x1", FAMILY_GAUSSIAN, 1, 0, 1, 1, 0, 1, 1, false),
    OP_CASE("gaussian small variance", FAMILY_GAUSSIAN, 5, 0, 9, 1, 0, 0.01, 1, false),
    OP_CASE("gaussian 2 samples", FAMILY_GAUSSIAN, 5, 0, 9, 2, 0, 2.5, 1, false),
    OP_CASE("gaussian long rows", FAMILY_GAUSSIAN, 3, 0, 2051, 1, 0, 0.5, 1, false),
    OP_CASE("batch norm 17 x 6", FAMILY_BATCH_NORM, 17, 0, 6, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
    OP_CASE("batch norm tanh", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("batch norm sigmoid", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_SIGMOID, 1, 1, false),
    OP_CASE("batch norm gelu", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_GELU, 1, 1, false),
    OP_CASE("batch norm softplus", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_SOFTPLUS, 1, 1, false),
    OP_CASE("batch norm silu", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_SILU, 1, 1, false),
    OP_CASE("batch norm relu", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("batch norm leaky relu", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_LEAKY_RELU, 1, 1, false),
    OP_CASE("batch norm elu", FAMILY_BATCH_NORM, 7, 0, 4, 1, VAE_ACTIVATION_ELU, 1, 1, false),
    OP_CASE("batch norm of images", FAMILY_BATCH_NORM, 5, 3, 8, 1, VAE_ACTIVATION_SILU, 1, 1, false),
    OP_CASE("batch norm of odd images", FAMILY_BATCH_NORM, 3, 2, 3, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("batch norm of one channel", FAMILY_BATCH_NORM, 3, 2, 1, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("running batch norm", FAMILY_BATCH_NORM_RUNNING, 5, 3, 8, 1, VAE_ACTIVATION_GELU, 1, 1, false),
    OP_CASE("running batch norm of a row", FAMILY_BATCH_NORM_RUNNING, 1, 0, 7, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("layer norm 17 x 6", FAMILY_LAYER_NORM, 17, 0, 6, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
    OP_CASE("layer norm 3 x 8", FAMILY_LAYER_NORM, 3, 0, 8, 1, VAE_ACTIVATION_GELU, 1, 1, false),
    OP_CASE("layer norm relu", FAMILY_LAYER_NORM, 7, 0, 5, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("layer norm of images", FAMILY_LAYER_NORM, 5, 3, 8, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("layer norm of odd images", FAMILY_LAYER_NORM, 3, 2, 3, 1, VAE_ACTIVATION_SILU, 1, 1, false),
    OP_CASE("dropout", FAMILY_DROPOUT, 7, 0, 9, 1, 0, 1, 1, false),
    OP_CASE("dropout of images", FAMILY_DROPOUT, 3, 2, 4, 1, 0, 1, 1, false),
    OP_CASE("upsample", FAMILY_UPSAMPLE, 3, 2, 4, 2, 0, 1, 1, false),
    OP_CASE("upsample by 3", FAMILY_UPSAMPLE, 2, 3, 3, 3, 0, 1, 1, false),
    OP_CASE("upsample one channel", FAMILY_UPSAMPLE, 2, 1, 1, 2, 0, 1, 1, false),
    OP_CASE("tied 1x1", FAMILY_TIED, 1, 0, 1, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("tied relu", FAMILY_TIED, 5, 0, 7, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("tied silu", FAMILY_TIED, 9, 0, 8, 1, VAE_ACTIVATION_SILU, 1, 1, false),
    OP_CASE("tied identity", FAMILY_TIED, 6, 0, 12, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
    OP_CASE("tied norms of images", FAMILY_TIED, 3, 4, 5, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("residual tanh", FAMILY_RESIDUAL, 5, 0, 7, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("residual silu", FAMILY_RESIDUAL, 6, 0, 8, 1, VAE_ACTIVATION_SILU, 1, 1, false),
    OP_CASE("residual relu", FAMILY_RESIDUAL, 6, 0, 8, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("residual identity", FAMILY_RESIDUAL, 6, 0, 8, 1, VAE_ACTIVATION_IDENTITY, 1, 1, false),
    OP_CASE("residual of images", FAMILY_RESIDUAL, 3, 2, 4, 1, VAE_ACTIVATION_GELU, 1, 1, false),
#define LIKELIHOOD(name_, likelihood_, rows_, pixels_, channels_, samples_, spread_, ...)                              \
    {                                                                                                                  \
        .name = name_, .family = FAMILY_LIKELIHOOD, .rows = rows_, .out = pixels_, .samples = samples_, .variance = 1, \
        .spread = spread_, .likelihood = VAE_LIKELIHOOD_##likelihood_, .channels = channels_, __VA_ARGS__              \
    }
    LIKELIHOOD("mse", MSE, 5, 9, 1, 1, 1),
    LIKELIHOOD("gaussian shared 1x1", GAUSSIAN_SHARED, 1, 1, 1, 1, 1),
    LIKELIHOOD("gaussian shared", GAUSSIAN_SHARED, 5, 7, 3, 1, 1),
    LIKELIHOOD("gaussian shared, 2 samples", GAUSSIAN_SHARED, 13, 31, 1, 2, 1),
    LIKELIHOOD("gaussian shared, evaluation", GAUSSIAN_SHARED, 5, 7, 1, 3, 1, .evaluation = true),
    LIKELIHOOD("gaussian shared, long rows", GAUSSIAN_SHARED, 130, 1031, 1, 1, 1),
    LIKELIHOOD("gaussian pixel 1x1", GAUSSIAN_PIXEL, 1, 1, 1, 1, 1),
    LIKELIHOOD("gaussian pixel", GAUSSIAN_PIXEL, 3, 7, 3, 1, 1),
    LIKELIHOOD("gaussian pixel, 3 samples", GAUSSIAN_PIXEL, 4, 9, 2, 3, 1),
    LIKELIHOOD("gaussian pixel, long rows", GAUSSIAN_PIXEL, 3, 1031, 1, 1, 1),
    LIKELIHOOD("laplace 1x1", LAPLACE, 1, 1, 1, 1, 1),
    LIKELIHOOD("laplace", LAPLACE, 3, 7, 3, 1, 1),
    LIKELIHOOD("laplace, long rows", LAPLACE, 2, 601, 1, 2, 1),
    LIKELIHOOD("continuous bernoulli 1x1", CONTINUOUS_BERNOULLI, 1, 1, 1, 1, 1),
    LIKELIHOOD("continuous bernoulli", CONTINUOUS_BERNOULLI, 4, 31, 1, 3, 1),
    LIKELIHOOD("continuous bernoulli, near 1/2", CONTINUOUS_BERNOULLI, 3, 9, 1, 1, 0.01),
    LIKELIHOOD("continuous bernoulli, long rows", CONTINUOUS_BERNOULLI, 3, 2051, 1, 1, 3),
    LIKELIHOOD("categorical 1x1", CATEGORICAL, 1, 1, 1, 1, 1),
    LIKELIHOOD("categorical", CATEGORICAL, 3, 2, 3, 2, 1),
    LIKELIHOOD("logistic 1x1", LOGISTIC, 1, 1, 1, 1, 1),
    LIKELIHOOD("logistic", LOGISTIC, 3, 13, 2, 1, 1),
    LIKELIHOOD("logistic, 3 samples", LOGISTIC, 4, 9, 1, 3, 3),
    LIKELIHOOD("logistic, long rows", LOGISTIC, 3, 1031, 1, 1, 1),
    LIKELIHOOD("mixture 1x1", LOGISTIC_MIXTURE, 1, 1, 1, 1, 1),
    LIKELIHOOD("mixture, grey", LOGISTIC_MIXTURE, 4, 33, 1, 3, 1),
    LIKELIHOOD("mixture, colours", LOGISTIC_MIXTURE, 3, 5, 3, 2, 1),
    LIKELIHOOD("mixture, many pixels", LOGISTIC_MIXTURE, 3, 35, 3, 1, 1),
#undef LIKELIHOOD
    OP_CASE("tokens 1x1", FAMILY_TOKENS, 1, 1, 2, 1, 0, 1, 1, false),
    OP_CASE("tokens", FAMILY_TOKENS, 5, 3, 7, 4, 0, 1, 2, false),
    OP_CASE("tokens, more", FAMILY_TOKENS, 9, 5, 44, 7, 0, 1, 3, false),
    OP_CASE("tokens, a long vector", FAMILY_TOKENS, 6, 7, 5003, 5, 0, 1, 3, false),
    OP_CASE("tokens, a long vector of fours", FAMILY_TOKENS, 6, 7, 5000, 5, 0, 1, 3, false),
    OP_CASE("strokes 1x1", FAMILY_STROKES, 1, 1, 1, 1, 0, 1, 1, false),
    OP_CASE("strokes", FAMILY_STROKES, 5, 3, 4, 6, 0, 1, 1, false),
    OP_CASE("strokes, pens over padding", FAMILY_STROKES, 7, 3, 3, 5, 0, 1, 1, true),
    OP_CASE("strokes, many components", FAMILY_STROKES, 9, 5, 45, 11, 0, 1, 1, false),
};
enum { OP_CASE_COUNT = sizeof op_cases / sizeof *op_cases };

/* VAE_OP_CASES="norm,dropout" leaves the cases whose name holds one of these; unset, all. */
static inline bool is_wanted(const op_case *c)
{
    const char *words = getenv("VAE_OP_CASES");
    if (!words) return true;
    while (*words) {
        const size_t length = strcspn(words, ",");
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)length, words);
        if (strstr(c->name, word)) return true;
        words += length + (words[length] == ',');
    }
    return false;
}

/* A case's program: forward, and the backward ops of Σ rows weighted by a fixed factor. */
typedef struct op_program {
    const op_case *c;
    vae_layout layout;
    vae_program program;
    vae_tensor input;   /* x of a layer, the posterior, or the prediction; external */
    vae_tensor data;    /* x of a likelihood, or VAE_NO_TENSOR */
    vae_tensor lengths; /* of sequences */
    vae_tensor outputs[3];
    vae_tensor gradient; /* of the input, or VAE_NO_TENSOR */
} op_program;

static const vae_weight row_weight = {0.37, VAE_SCALAR_BETA};
/* What gives a case its gradient to carry back. */
static const vae_likelihood_options unit_gaussian = {VAE_LIKELIHOOD_GAUSSIAN, .channels = 1, .variance = 1.0};
static const vae_step op_step = {.seed = 11, .step = 5, .beta = 1.3, .learning_rate = 0.0, .adam_step = 3};

/* Deterministic normals for test inputs. */
static inline double test_normal(uint64_t stream, uint64_t index)
{
    double normal[4];
    vae_random_normal4(99, 1000, stream, index / 4, normal);
    return normal[index % 4];
}

/* A layer is followed by a Gaussian likelihood, which gives it a gradient to carry back, and preceded by a linear
 * layer, so that it has an input gradient too. */
static inline void build_dense(op_program *p)
{
    const op_case *c = p->c;
    vae_tensor hidden, y, ll;
    MUST(vae_layout_add(&p->layout, "first.weight", vae_shape_matrix(c->in, c->in), c->in, NULL));
    MUST(vae_layout_add(&p->layout, "first.bias", vae_shape_vector(c->in), c->in, NULL));
    MUST(vae_layout_add(&p->layout, "layer.weight", vae_shape_matrix(c->in, c->out), c->in, NULL));
    MUST(vae_layout_add(&p->layout, "layer.bias", vae_shape_vector(c->out), c->in, NULL));
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", vae_shape_matrix(c->rows, c->in), &p->input));
    MUST(vae_program_input(&p->program, "target", vae_shape_matrix(c->rows, c->out), &p->data));
    MUST(vae_program_dense(&p->program, "first", p->input, VAE_ACTIVATION_IDENTITY, true, &hidden));
    MUST(vae_program_dense(&p->program, "layer", hidden, c->activation, true, &y));
    vae_program_mark_external(&p->program, y);
    MUST(vae_program_likelihood(&p->program, "ll", y, p->data, &unit_gaussian, true, &ll));
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    p->outputs[1] = y;
    const vae_loss_term term = {ll, row_weight};
    MUST(vae_program_differentiate(&p->program, &term, 1));
}

/* The same, with a 1x1 convolution before it. */
static inline void build_convolution(op_program *p)
{
    const op_case *c = p->c;
    const bool transposed = c->family == FAMILY_TRANSPOSED_CONVOLUTION;
    const int64_t places = c->window.kernel * c->window.kernel;
    const vae_shape images = vae_shape_images(c->rows, c->height, c->width, c->in);
    const vae_window point = {1, 1, 0, {0}};
    vae_tensor hidden, y, ll;
    vae_shape output;
    MUST(vae_window_output(&c->window, transposed, "layer", &images, c->out, &output));
    MUST(vae_layout_add(&p->layout, "first.weight", vae_shape_matrix(c->in, c->in), c->in, NULL));
    MUST(vae_layout_add(&p->layout, "first.bias", vae_shape_vector(c->in), c->in, NULL));
    const vae_shape weight =
        transposed ? vae_shape_matrix(c->in, places * c->out) : vae_shape_matrix(places * c->in, c->out);
    MUST(vae_layout_add(&p->layout, "layer.weight", weight, c->in * places, NULL));
    MUST(vae_layout_add(&p->layout, "layer.bias", vae_shape_vector(c->out), c->in, NULL));
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", images, &p->input));
    MUST(vae_program_input(&p->program, "target", output, &p->data));
    MUST(vae_program_convolution(&p->program, "first", p->input, false, point, VAE_ACTIVATION_IDENTITY, true, &hidden));
    MUST(vae_program_convolution(&p->program, "layer", hidden, transposed, c->window, c->activation, true, &y));
    vae_program_mark_external(&p->program, y);
    MUST(vae_program_likelihood(&p->program, "ll", y, p->data, &unit_gaussian, true, &ll));
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    p->outputs[1] = y;
    const vae_loss_term term = {ll, row_weight};
    MUST(vae_program_differentiate(&p->program, &term, 1));
}

/* The posterior comes from an identity layer whose gradients are read: d_posterior flows into its bias and weight. */
static inline void build_posterior(op_program *p)
{
    const op_case *c = p->c;
    vae_tensor posterior, ll;
    vae_posterior_outputs outputs;
    const int64_t rows = c->rows, width = 2 * c->out;
    MUST(vae_layout_add(&p->layout, "posterior.weight", vae_shape_matrix(width, width), width, NULL));
    MUST(vae_layout_add(&p->layout, "posterior.bias", vae_shape_vector(width), width, NULL));
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", vae_shape_matrix(rows, width), &p->input));
    MUST(vae_program_input(&p->program, "target", vae_shape_matrix(rows, c->out), &p->data));
    MUST(vae_program_dense(&p->program, "posterior", p->input, VAE_ACTIVATION_IDENTITY, true, &posterior));
    const vae_posterior_options options = {.samples = c->samples,
                                           .stream = VAE_STREAM_POSTERIOR,
                                           .sampled = !c->autoencoder,
                                           .with_kl = true,
                                           .with_log_ratio = true};
    MUST(vae_program_gaussian_sample_kl(&p->program, "sample", posterior, options, &outputs));
    MUST(vae_program_likelihood(&p->program, "ll", outputs.z, p->data, &unit_gaussian, true, &ll));
    vae_program_mark_external(&p->program, outputs.kl);
    vae_program_mark_external(&p->program, outputs.log_ratio);
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    p->outputs[1] = outputs.kl;
    p->outputs[2] = outputs.log_ratio;
    const vae_loss_term terms[] = {{ll, row_weight}, {outputs.kl, {-0.8, VAE_SCALAR_ONE}}};
    MUST(vae_program_differentiate(&p->program, terms, 2));
}

/* Levels lie in [-1, 1] where that is free, so that scale and shift count. */
static inline vae_likelihood_options likelihood_of(const op_case *c)
{
    vae_likelihood_options options = {
        .channels = 1, .variance = c->variance, .scale = 2.0 / 255, .shift = -1, .mixtures = 4};
    if (c->family == FAMILY_BERNOULLI) options.family = VAE_LIKELIHOOD_BERNOULLI;
    if (c->family == FAMILY_GAUSSIAN) options.family = VAE_LIKELIHOOD_GAUSSIAN;
    if (c->family == FAMILY_LIKELIHOOD) {
        options.family = c->likelihood;
        options.channels = c->channels;
    }
    return options;
}

static inline void build_likelihood_case(op_program *p)
{
    const op_case *c = p->c;
    const vae_likelihood_options options = likelihood_of(c);
    const int64_t width = c->out * vae_likelihood_width(&options);
    /* Wide predictions come from few numbers. */
    const int64_t in = width < 2100 && c->family != FAMILY_LIKELIHOOD ? width : 7;
    vae_tensor prediction, ll, mean;
    MUST(vae_layout_add(&p->layout, "output.weight", vae_shape_matrix(in, width), in, NULL));
    MUST(vae_layout_add(&p->layout, "output.bias", vae_shape_vector(width), in, NULL));
    MUST(vae_layout_add_statistic(&p->layout, "likelihood.log_variance", vae_shape_vector(1), -1.2));
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", vae_shape_matrix(c->rows * c->samples, in), &p->input));
    MUST(vae_program_input(&p->program, "target", vae_shape_matrix(c->rows, c->out * options.channels), &p->data));
    MUST(vae_program_dense(&p->program, "output", p->input, VAE_ACTIVATION_IDENTITY, true, &prediction));
    MUST(vae_program_likelihood(&p->program, "ll", prediction, p->data, &options, !c->evaluation, &ll));
    MUST(vae_program_likelihood_mean(&p->program, "mean", prediction, &options, &mean));
    vae_program_mark_external(&p->program, mean);
    p->outputs[1] = mean;
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    const vae_loss_term term = {ll, row_weight};
    MUST(vae_program_differentiate(&p->program, &term, 1));
}

#include "ops_block.h"
#include "ops_sequence.h"

static inline void build_case(const op_case *c, op_program *p)
{
    *p = (op_program){.c = c, .data = VAE_NO_TENSOR};
    for (int i = 0; i < 3; ++i)
        p->outputs[i] = VAE_NO_TENSOR;
    if (c->family == FAMILY_DENSE) build_dense(p);
    if (c->family == FAMILY_CONVOLUTION || c->family == FAMILY_TRANSPOSED_CONVOLUTION) build_convolution(p);
    if (c->family == FAMILY_POSTERIOR) build_posterior(p);
    if (c->family >= FAMILY_BATCH_NORM) build_block(p);
    if (is_sequence(c)) build_sequence(p);
    if (c->family == FAMILY_BERNOULLI || c->family == FAMILY_GAUSSIAN || c->family == FAMILY_LIKELIHOOD) {
        build_likelihood_case(p);
    }
    MUST(vae_program_plan(&p->program));
}

static inline void free_case(op_program *p)
{
    vae_program_free(&p->program);
    vae_layout_free(&p->layout);
}

/* A program on a backend, with its inputs and parameters filled. */
typedef struct op_run {
    const vae_backend *backend;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    double *parameters;
} op_run;

/* Parameters that keep activations in a range where differences are accurate: near the identity where square. */
static inline void fill_parameters(const op_program *p, double *values)
{
    memset(values, 0, (size_t)p->layout.elements * sizeof *values);
    for (int32_t i = 0; i < p->layout.count; ++i) {
        const vae_parameter *parameter = &p->layout.parameters[i];
        const int64_t count = vae_shape_elements(&parameter->shape);
        const double bound = parameter->fan_in > 0 ? 1.0 / sqrt((double)parameter->fan_in) : 0.2;
        for (int64_t k = 0; k < count; ++k) {
            values[parameter->offset + k] = parameter->initial + bound * test_normal((uint64_t)i + 50, (uint64_t)k);
        }
    }
}

/* Element i of x: a normal, or a number between 0 and 1, or a level, the outer ones often among them. */
static inline double target_value(const op_case *c, int64_t i)
{
    const double normal = test_normal(2, (uint64_t)i), unit = 0.5 * erfc(-normal * M_SQRT1_2);
    const vae_likelihood_options options = likelihood_of(c);
    if (is_sequence(c)) return sequence_target(c, i);
    if (c->family == FAMILY_BERNOULLI || options.family == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI) return unit;
    if (!vae_likelihood_is_discrete(options.family)) return normal;
    const double level = fmin(fmax(floor(320 * unit) - 32, 0), 255);
    return level * options.scale + options.shift;
}

static inline void write_inputs(const op_program *p, const op_run *r)
{
    const int64_t count = p->program.tensors[p->input].elements;
    double *values = calloc((size_t)count + 1, sizeof *values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = p->c->spread * test_normal(1, (uint64_t)i);
    MUST(r->backend->tensor_write(r->executable, p->input, VAE_FLOAT64, values));
    free(values);
    const int64_t targets = p->program.tensors[p->data].elements;
    values = calloc((size_t)targets + 1, sizeof *values);
    for (int64_t i = 0; i < targets; ++i)
        values[i] = target_value(p->c, i);
    MUST(r->backend->tensor_write(r->executable, p->data, VAE_FLOAT64, values));
    free(values);
    if (!is_sequence(p->c)) return;
    values = calloc((size_t)p->c->rows, sizeof *values);
    for (int64_t i = 0; i < p->c->rows; ++i)
        values[i] = sequence_length(i, p->c->samples);
    MUST(r->backend->tensor_write(r->executable, p->lengths, VAE_FLOAT64, values));
    free(values);
}

static inline void open_run_with(const vae_backend *backend, const vae_device_options *options, op_program *p,
                                 op_run *r)
{
    *r = (op_run){.backend = backend};
    MUST(backend->device_open(options, &r->device));
    MUST(backend->store_create(r->device, &p->layout, true, &r->store));
    r->parameters = calloc((size_t)p->layout.elements + 1, sizeof *r->parameters);
    fill_parameters(p, r->parameters);
    MUST(backend->store_write(r->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r->parameters));
    MUST(backend->executable_create(r->device, &p->program, r->store, NULL, &r->executable));
    write_inputs(p, r);
}

static inline void open_run(const vae_backend *backend, int threads, op_program *p, op_run *r)
{
    const vae_device_options options = {.threads = threads, .precision = VAE_PRECISION_FP32};
    open_run_with(backend, &options, p, r);
}

static inline void close_run(op_run *r)
{
    r->backend->executable_destroy(r->executable);
    r->backend->store_destroy(r->store);
    r->backend->device_close(r->device);
    free(r->parameters);
}

/* Reads a whole tensor in double; the caller frees. */
static inline double *read_values(const op_program *p, const op_run *r, vae_tensor tensor)
{
    double *values = calloc((size_t)p->program.tensors[tensor].elements + 1, sizeof *values);
    MUST(r->backend->tensor_read(r->executable, tensor, VAE_FLOAT64, values));
    return values;
}

static inline double *read_arena(const op_program *p, const op_run *r, vae_arena arena)
{
    double *values = calloc((size_t)p->layout.elements + 1, sizeof *values);
    MUST(r->backend->store_read(r->store, arena, VAE_FLOAT64, values));
    return values;
}

/* A program of one op on given numbers. */
typedef struct one_op {
    vae_layout layout;
    vae_program program;
    vae_tensor input, data, output, output2;
} one_op;

static inline void run_one_op(const vae_backend *backend, const one_op *o, const double *input, const double *data,
                              double *output, double *output2)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &o->layout, false, &store));
    MUST(backend->executable_create(device, &o->program, store, NULL, &executable));
    MUST(backend->tensor_write(executable, o->input, VAE_FLOAT64, input));
    if (data) MUST(backend->tensor_write(executable, o->data, VAE_FLOAT64, data));
    MUST(backend->executable_run(executable, &op_step));
    MUST(backend->tensor_read(executable, o->output, VAE_FLOAT64, output));
    if (output2) MUST(backend->tensor_read(executable, o->output2, VAE_FLOAT64, output2));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
}

#endif
