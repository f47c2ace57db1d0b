/* model/kl_term.c: the term of a loss that kl_floor and free_bits make of a batch's KL, against its definition. */
#include <math.h>

#include "model/kl_term.h"
#include "ops.h"

enum { ROWS = 3, LATENT = 4 };

/* (μ | log σ²); the last dimension carries nothing. */
static const double posterior[ROWS * 2 * LATENT] = {
    1.0,  -0.5, 0.2, 0.0, -1.0, 0.3,  0.0, 0.0, /* */
    0.4,  0.7,  0.1, 0.0, 0.5,  -0.2, 0.1, 0.0, /* */
    -2.0, 0.3,  0.0, 0.0, -0.4, 0.1,  0.0, 0.0,
};
static const double present[2][ROWS] = {{1, 1, 1}, {1, 1, 0}};

static double kl_of(int row, int j)
{
    const double mean = posterior[row * 2 * LATENT + j], log_variance = posterior[row * 2 * LATENT + LATENT + j];
    return 0.5 * (mean * mean + exp(log_variance) - log_variance - 1.0);
}

/* The mean KL of a dimension over the rows that are present. */
static double mean_kl(int j, int rows)
{
    double sum = 0.0;
    for (int row = 0; row < rows; ++row)
        sum += kl_of(row, j);
    return sum / rows;
}

/* What the term gives of a batch in which `rows` rows are present: its weight times the sum of its elements. */
static double term_of(const vae_backend *b, const vae_config *config, int rows, double beta)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor x, kl, mask;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    vae_loss_term term;
    double sums[ROWS] = {0}, values[LATENT], total = 0.0;
    MUST(vae_layout_add(&layout, "a", vae_shape_vector(1), 1, NULL));
    vae_program_init(&program, "kl", &layout);
    MUST(vae_program_input(&program, "posterior", vae_shape_matrix(ROWS, 2 * LATENT), &x));
    MUST(vae_program_input(&program, "kl", vae_shape_vector(ROWS), &kl));
    MUST(vae_program_input(&program, "present", vae_shape_vector(ROWS), &mask));
    const vae_kl_inputs inputs = {
        .kl = kl, .mean = 1.0 / ROWS, .rows = ROWS, .posterior = x, .present = rows < ROWS ? mask : VAE_NO_TENSOR};
    MUST(vae_kl_term(config, &program, &inputs, &term));
    vae_program_mark_external(&program, term.rows);
    MUST(vae_program_plan(&program));
    MUST(b->device_open(&(vae_device_options){.threads = 1}, &device));
    MUST(b->store_create(device, &layout, false, &store));
    MUST(b->executable_create(device, &program, store, NULL, &executable));
    for (int row = 0; row < rows; ++row) {
        for (int j = 0; j < LATENT; ++j)
            sums[row] += kl_of(row, j);
    }
    MUST(b->tensor_write(executable, x, VAE_FLOAT64, posterior));
    MUST(b->tensor_write(executable, kl, VAE_FLOAT64, sums));
    MUST(b->tensor_write(executable, mask, VAE_FLOAT64, present[rows < ROWS]));
    const double share = (double)ROWS / rows;
    MUST(b->executable_run(executable, &(vae_step){.beta = beta, .rows = rows, .share = share}));
    MUST(b->tensor_read(executable, term.rows, VAE_FLOAT64, values));
    for (int64_t i = 0; i < program.tensors[term.rows].elements; ++i)
        total += values[i];
    b->executable_destroy(executable);
    b->store_destroy(store);
    b->device_close(device);
    vae_program_free(&program);
    vae_layout_free(&layout);
    return vae_weight_in_step(term.weight, beta, share) * total;
}

static void expect_term(const vae_config *config, int rows, double expected)
{
    const double beta = 0.7;
    const double exact = term_of(&vae_backend_reference, config, rows, beta);
    const double single = term_of(&vae_backend_cpu, config, rows, beta);
    cr_expect_float_eq(exact, beta * expected, 1e-12, "%d rows: %.15g, not %.15g", rows, exact, beta * expected);
    cr_expect_float_eq(single, beta * expected, 1e-6, "%d rows: %.9g, not %.9g", rows, single, beta * expected);
}

Test(kl_term, is_the_mean_kl_or_what_holds_it_up)
{
    static vae_config config;
    for (int rows = ROWS - 1; rows <= ROWS; ++rows) {
        double mean = 0.0, held = 0.0;
        int below = 0;
        for (int j = 0; j < LATENT; ++j) {
            mean += mean_kl(j, rows);
            held += fmax(mean_kl(j, rows), 0.1);
            below += mean_kl(j, rows) < 0.1;
        }
        cr_assert(below > 0 && below < LATENT);
        vae_config_defaults(&config);
        expect_term(&config, rows, mean);
        config.train.kl_floor = 0.01;
        expect_term(&config, rows, mean);
        config.train.kl_floor = 3;
        expect_term(&config, rows, 3);
        config.train.kl_floor = 0;
        config.train.free_bits = 0.1;
        expect_term(&config, rows, held);
    }
}

/* Objectives without a KL term of their own, and posteriors without one of each dimension, cannot be held up. */
Test(kl_term, is_refused_where_there_is_nothing_to_hold)
{
    static const struct {
        const char *set[2], *words;
    } cases[] = {
        {{"train.kl_floor=1", "train.free_bits=1"}, "[train] free_bits: kl_floor is given as well"},
        {{"train.kl_floor=1", "model.objective=iwae"}, "[train] kl_floor: the objective has no KL term"},
        {{"train.free_bits=1", "model.objective=ae"}, "[train] free_bits: the objective has no KL term"},
        {{"train.free_bits=1", "model.posterior=planar"}, "[train] free_bits: needs the KL of each dimension"},
        {{"train.free_bits=1", "model.kl=sampled"}, "[train] free_bits: needs the KL of each dimension"},
        {{"train.free_bits=1", "model.latent=3, 2"}, "[train] free_bits: needs the KL of each dimension"},
        {{"train.free_bits=1", "model.family=student_prior"}, "[train] free_bits: needs the KL of each dimension"},
    };
    static vae_config config;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        vae_config_defaults(&config);
        MUST(vae_config_set(&config, "data.train_data=x"));
        for (int k = 0; k < 2; ++k)
            MUST(vae_config_set(&config, cases[i].set[k]));
        cr_assert_eq(vae_config_check(&config), VAE_ERROR_CONFIG, "accepted: %s", cases[i].words);
        cr_expect_not_null(strstr(vae_error_message(), cases[i].words), "%s", vae_error_message());
    }
}
