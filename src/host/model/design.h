/* A model's design: what a configuration and the shape of the data make of a family of models, resolved once. The rest
 * of the program asks a design for programs, by role, and for traits; it knows no family. */
#ifndef VAE_MODEL_DESIGN_H
#define VAE_MODEL_DESIGN_H

#include "config/config.h"
#include "model/input.h"
#include "model/network.h"
#include "program/program.h"

/* What a program is for, with the names of its ports. x is [rows, height, width, channels]; of sequences [steps·rows,
 * elements], time-major and from begin to end, with "lengths" [rows] where the host gives it. */
typedef enum vae_role {
    /* The batch of the data set from step.first on, metrics, backward pass, Adam. No ports. */
    VAE_ROLE_TRAIN,
    /* The same in the order of the data set, at (VAE_STREAM_EVALUATE, step), without backward pass. "x"; "code", as of
     * VAE_ROLE_ENCODE; "ll" [rows], log p(x|z), and, where there is a posterior, "kl" [rows], means over a row's
     * train.samples draws. */
    VAE_ROLE_EVALUATE,
    /* "x" → "log_weight" [rows·samples]: log p(x|z) + log p(z) - log q(z|x) of `samples` draws a row, at
     * (VAE_STREAM_IMPORTANCE, step). Only where there is a posterior. */
    VAE_ROLE_BOUND,
    /* "x" → "code" [rows, latent], which the decoder takes, or [rows, 2·latent], the log-variances behind it. */
    VAE_ROLE_ENCODE,
    /* "z" [rows, latent] → "mean" [rows, elements]: E[x|z]. */
    VAE_ROLE_DECODE,
    /* "z" [rows, latent] → "x" [rows, elements]: a draw of p(x|z), at (VAE_STREAM_OBSERVE, step). Only of likelihoods
     * that can be drawn from: see vae_distribution_draw(). */
    VAE_ROLE_DRAW,
    /* "normals" [rows, traits.normals] → "z" [rows, latent]: draws of p(z). Only where traits.draws_prior. */
    VAE_ROLE_PRIOR,
    /* Of models of sequences, one step of each row: "input" [rows, elements], what it reads, and "z" → "prediction",
     * what the next step is drawn from. "state" stays on the device from run to run: a row goes on from that of row
     * "parent", or, where "begin" is 1, anew from z. Both are [rows]. With traits.segment_steps, "advance" [rows] is 1
     * where a segment begins. */
    VAE_ROLE_NEXT,
} vae_role;

const char *vae_role_name(vae_role role); /* "train" */

/* What VAE_ROLE_TRAIN updates: one Adam for all, or for one of the two alone, by its gradient only. */
typedef enum vae_part {
    VAE_PART_ALL,
    VAE_PART_ENCODER, /* the next two: of models whose layout tells where the encoder ends */
    VAE_PART_DECODER
} vae_part;

typedef struct vae_build {
    vae_role role;
    vae_part part;  /* VAE_ROLE_TRAIN only */
    int32_t bucket; /* of sequences that the program gathers: the number of their bucket */
    int64_t rows;
    int64_t samples; /* VAE_ROLE_BOUND only */
    /* Of models of sequences: how long they may be, begin and end included; and, where the program gathers them, which
     * of the data set it takes: `count` places from `first` on of its order. */
    int64_t steps;
    int64_t first, count;
} vae_build;

/* What the rest of the program may ask of any model. */
typedef struct vae_traits {
    int64_t latent;      /* dimensions of the code that the decoder takes */
    int64_t normals;     /* standard normals that a draw of p(z) takes; of the standard normal as many as dimensions */
    bool draws_prior;    /* p(z) is more than the normals themselves */
    bool has_posterior;  /* z is drawn from q(z|x): there are a KL, a bound and log P(X) */
    bool fits_decoder;   /* the decoder is trained */
    int64_t fixed_steps; /* of sequences: programs have this many steps, whatever lengths there are; 0: by buckets */
    int64_t segment_steps; /* of sequences with a conductor: after how many steps its next segment begins; else 0 */
    /* Scheduled sampling: the share of tokens that it ends with, 0 where there is none, and the epochs over which it
     * rises from 0 to that. */
    double sampling, sampling_epochs;
    bool is_weighted;    /* a bound tighter than the ELBO is what counts: it decides which epoch is the best */
    const char *summary; /* "reconstruction only": in captions; NULL for the ELBO */
} vae_traits;

typedef struct vae_family vae_family;

typedef struct vae_design {
    vae_config config;
    vae_input input;
    const vae_family *family;
    vae_traits traits;
    vae_network encoder, decoder; /* of families that have them */
    vae_layout layout;            /* owned: the parameters, and where each stands */
} vae_design;

/* A family of models is a row in VAE_FAMILY_MAP (config/config.h) and a file model/family_<name>.c with this and its
 * keys (config/family_keys.h); nothing else names it. It is put together from model/parts.h or, if it only draws z or
 * weighs terms otherwise, from model/latent_model.h. */
struct vae_family {
    /* Fills in traits and, where the family has them, encoder and decoder. config, input and family are set. */
    vae_status (*resolve)(vae_design *design);
    /* Declares parameters, then statistics, which Adam does not reach. */
    vae_status (*declare)(const vae_design *design, vae_layout *layout);
    /* Appends the ops of a role and sets its ports. VAE_ERROR_ARGUMENT for a role that the model lacks. */
    vae_status (*build)(const vae_design *design, const vae_build *what, vae_program *program);
    /* Of models of sequences: how a step is chosen from what VAE_ROLE_NEXT predicts (model/step_choice.h). Else NULL.
     */
    const struct vae_step_choice *choice;
};

#define VAE_FAMILY_ROW(NAME, name) extern const vae_family vae_family_##name;
VAE_FAMILY_MAP(VAE_FAMILY_ROW)
#undef VAE_FAMILY_ROW

/* VAE_ERROR_CONFIG or VAE_ERROR_SHAPE, naming key or layer, where configuration and data do not fit; nothing is then to
 * be freed. */
vae_status vae_design_create(const vae_config *config, const vae_input *input, vae_design *design);
/* The same of a design whose config and input are set, and all else is zero. */
vae_status vae_design_resolve(vae_design *design);
/* Also of a zeroed struct. */
void vae_design_free(vae_design *design);

/* A program, joined and planned, to be freed before the design. VAE_ERROR_ARGUMENT for a role that the model lacks. */
vae_status vae_design_build(const vae_design *design, vae_build what, vae_program *program);

/* Initial parameters: weights and biases uniform in ±1/sqrt(fan_in), from (seed, VAE_STREAM_INITIALISE). `values` holds
 * layout->elements. */
void vae_layout_initialise(const vae_layout *layout, uint64_t seed, double *values);

/* Whether x is (value - mean) / deviation of its column. The layout then has the statistics data.mean and
 * data.deviation, [1, elements], and programs take and give values as the data have them: their ports "x" and "mean".
 * Log-likelihoods are those of x; of the values themselves they are less by Σ log deviation. */
bool vae_design_is_standardised(const vae_design *design);

vae_likelihood_options vae_design_likelihood(const vae_design *design);
/* vae_likelihood_bits_per_dimension of an image's negative ELBO or -log P(x), in nats. NAN also where pixels are
 * binarised, so no bytes, where data are float32, and without a posterior, as nothing is bounded. */
double vae_design_bits_per_dimension(const vae_design *design, double nats);

#endif
