/* Generation step by step: the same log p as a whole sequence at once, what may be drawn, and beam search against all
 * that there is. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/vocabulary.h"
#include "model/generate_internal.h"

#define MUST(call) cr_assert_eq(call, VAE_OK, "%s", vae_error_message())

enum { TOKENS = 6, LATENT = 2, STEPS = 6, ROWS = 3, DRAWS = 400 };

typedef struct setting {
    vae_design design;
    vae_device *device;
    vae_store *store;
    vae_instance model;
    double *parameters;
} setting;

static double *parameter(setting *s, const char *name)
{
    const int32_t index = vae_layout_find(&s->design.layout, name);
    cr_assert_geq(index, 0, "no parameter %s", name);
    return s->parameters + s->design.layout.parameters[index].offset;
}

/* Weights are large enough that tokens differ in how likely they are; z is the posterior's mean to the last bit. `more`
 * keys end with NULL. */
static void open_model(setting *s, vae_kind kind, const char *const *more)
{
    const vae_input input = {.height = 1,
                             .width = 1,
                             .channels = 1,
                             .scale = 1.0 / 255.0,
                             .dtype = VAE_INT32,
                             .kind = kind,
                             .longest = STEPS,
                             .vocabulary = TOKENS};
    const char *const keys[] = {kind == VAE_KIND_TEXT ? "model.family=text_vae" : "model.family=music_vae",
                                "model.embedding=3", "model.encoder_units=4", "model.decoder_units=5",
                                "model.latent=2"};
    const vae_device_options options = {.threads = 1};
    const vae_backend *b = &vae_backend_cpu;
    vae_config config;
    memset(s, 0, sizeof *s);
    vae_config_defaults(&config);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
        MUST(vae_config_set(&config, keys[i]));
    for (; *more; ++more)
        MUST(vae_config_set(&config, *more));
    MUST(vae_design_create(&config, &input, &s->design));
    MUST(b->device_open(&options, &s->device));
    MUST(b->store_create(s->device, &s->design.layout, true, &s->store));
    s->model = (vae_instance){&s->design, s->device, s->store};
    s->parameters = calloc((size_t)s->design.layout.elements, sizeof *s->parameters);
    vae_layout_initialise(&s->design.layout, 3, s->parameters);
    for (int64_t i = 0; i < s->design.layout.elements; ++i)
        s->parameters[i] *= 3.0;
    for (int j = 0; j < LATENT; ++j)
        parameter(s, "posterior.bias")[LATENT + j] = -70.0;
    MUST(b->store_write(s->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, s->parameters));
}

static void open_setting(setting *s, const char *cell)
{
    char text[64];
    snprintf(text, sizeof text, "model.cell=%s", cell);
    open_model(s, VAE_KIND_TEXT, (const char *const[]){text, NULL});
}

static void close_setting(setting *s)
{
    s->device->backend->store_destroy(s->store);
    s->device->backend->device_close(s->device);
    vae_design_free(&s->design);
    free(s->parameters);
}

/* ---- Step by step, and at once ---- */

typedef struct items {
    int32_t ids[ROWS * STEPS];
    int64_t offsets[ROWS + 1], longest;
} items;

static const items sentences = {{0, 3, 5, 2, 1, 0, 1, 0, 4, 4, 3, 5, 1}, {0, 5, 7, 13}, 6};
static const items tunes = {{0, 3, 1, 2, 1, 0, 1, 4, 4, 5, 0, 2, 4, 3, 5}, {0, 5, 10, 15}, 5};

static void evaluate(setting *s, const items *all, float *ll, float *codes)
{
    const int32_t *ids = all->ids;
    const int64_t *offsets = all->offsets;
    const vae_column column = {.values = ids, .dtype = VAE_INT32, .count = ROWS, .elements = 1, .offsets = offsets};
    const vae_build what = {.role = VAE_ROLE_EVALUATE, .rows = ROWS, .steps = all->longest, .count = ROWS};
    const vae_step step = {.beta = 1.0, .rows = ROWS, .share = 1.0};
    float code[ROWS * 2 * LATENT];
    vae_data *data;
    vae_runner runner;
    MUST(s->device->backend->data_create(s->device, &column, &data));
    MUST(vae_runner_create(&runner, &s->model, what, data));
    MUST(vae_runner_run(&runner, &step));
    MUST(vae_runner_read(&runner, "ll", ll));
    MUST(vae_runner_read(&runner, "code", code));
    vae_runner_destroy(&runner);
    s->device->backend->data_destroy(data);
    for (int r = 0; r < ROWS; ++r)
        memcpy(codes + r * LATENT, code + r * 2 * LATENT, LATENT * sizeof *codes);
}

/* Σ log p of each item's tokens, by the state that the steps before left. */
static void step_through(setting *s, const items *all, const float *codes, double *sums)
{
    const int32_t *ids = all->ids;
    const int64_t *offsets = all->offsets;
    vae_generator *g;
    double log_probability[TOKENS];
    MUST(vae_generator_create(&s->model, ROWS, &g));
    vae_generator_begin(g);
    memcpy(g->codes, codes, ROWS * LATENT * sizeof *codes);
    for (int64_t t = 0; t + 1 < all->longest; ++t) {
        MUST(vae_generator_step(g, t == 0));
        for (int r = 0; r < ROWS; ++r) {
            if (t + 1 >= offsets[r + 1] - offsets[r]) continue;
            const int32_t next = ids[offsets[r] + t + 1];
            const float *logits = g->predictions + r * TOKENS;
            double sum = 0.0;
            g->choice->log_probabilities(&s->design, logits, log_probability);
            for (int k = 0; k < TOKENS; ++k)
                sum += exp((double)logits[k] - (double)logits[next]);
            sums[r] -= log(sum);
            g->inputs[r] = (float)next;
        }
    }
    vae_generator_destroy(g);
}

/* Also closes the setting. */
static void expect_same_likelihood(setting *s, const items *all, const char *name)
{
    float ll[ROWS], codes[ROWS * LATENT];
    double sums[ROWS] = {0};
    evaluate(s, all, ll, codes);
    step_through(s, all, codes, sums);
    for (int r = 0; r < ROWS; ++r)
        cr_assert_float_eq(sums[r], (double)ll[r], 1e-4, "%s, row %d: %g by steps, %g at once", name, r, sums[r],
                           (double)ll[r]);
    close_setting(s);
}

Test(generation, steps_give_the_likelihood_of_the_whole)
{
    const char *const cells[] = {"lstm", "gru", "layer_norm_lstm"};
    for (int c = 0; c < 3; ++c) {
        setting s;
        open_setting(&s, cells[c]);
        expect_same_likelihood(&s, &sentences, cells[c]);
    }
}

/* Of several layers; and with a conductor, which moves on after two steps. */
Test(generation, steps_of_music_give_the_likelihood_of_the_whole)
{
    static const char *const models[][6] = {
        {"model.decoder_depth=2"},
        {"model.decoder_depth=3", "model.cell=gru"},
        {"model.conductor_units=3", "model.segment_steps=2"},
        {"model.conductor_units=6", "model.segment_steps=2", "model.cell=gru", "model.decoder_depth=2"},
        {"model.conductor_units=4", "model.segment_steps=1", "model.cell=layer_norm_lstm"},
    };
    for (size_t m = 0; m < sizeof models / sizeof *models; ++m) {
        setting s;
        open_model(&s, VAE_KIND_MUSIC, models[m]);
        expect_same_likelihood(&s, &tunes, models[m][0]);
    }
}

/* ---- What is drawn ---- */

static void generate(setting *s, vae_generation what, vae_sequence_list *made)
{
    vae_generator *g;
    MUST(vae_sequence_list_create(1, made));
    MUST(vae_generator_create(&s->model, 8, &g));
    MUST(vae_generate(g, &what, made));
    vae_generator_destroy(g);
}

static vae_decoding decoding_of(double temperature, int64_t top_k, double top_p, int64_t beams)
{
    return (vae_decoding){
        .temperature = temperature, .top_k = top_k, .top_p = top_p, .beams = beams, .max_steps = STEPS, .seed = 5};
}

static const float one_code[LATENT] = {0.7f, -1.1f};

static float *same_codes(int64_t count)
{
    float *codes = malloc((size_t)(count * LATENT) * sizeof *codes);
    for (int64_t i = 0; i < count * LATENT; ++i)
        codes[i] = one_code[i % LATENT];
    return codes;
}

/* log p of each first token. */
static void first_step(setting *s, double *log_probability)
{
    vae_generator *g;
    MUST(vae_generator_create(&s->model, 1, &g));
    vae_generator_begin(g);
    memcpy(g->codes, one_code, sizeof one_code);
    MUST(vae_generator_step(g, true));
    g->choice->log_probabilities(&s->design, g->predictions, log_probability);
    vae_generator_destroy(g);
}

Test(generation, first_tokens_follow_their_probabilities)
{
    setting s;
    vae_sequence_list made;
    double log_probability[TOKENS], share[TOKENS] = {0};
    open_setting(&s, "lstm");
    first_step(&s, log_probability);
    float *codes = same_codes(DRAWS);
    generate(&s, (vae_generation){.count = DRAWS, .codes = codes, .decoding = decoding_of(1.0, 0, 1.0, 1)}, &made);
    cr_assert_eq(made.count, DRAWS);
    for (int64_t i = 0; i < DRAWS; ++i) {
        cr_assert_eq(made.values[made.offsets[i]], VAE_TOKEN_BEGIN);
        share[(int)made.values[made.offsets[i] + 1]] += 1.0 / DRAWS;
    }
    cr_assert_eq(share[VAE_TOKEN_BEGIN], 0.0);
    for (int k = 1; k < TOKENS; ++k) {
        const double p = exp(log_probability[k]);
        cr_assert_float_eq(share[k], p, 4.5 * sqrt(p * (1 - p) / DRAWS) + 1e-9, "token %d: %g of the draws, p %g", k,
                           share[k], p);
    }
    vae_sequence_list_free(&made);
    free(codes);
    close_setting(&s);
}

static int rank_of(const double *log_probability, int token)
{
    int rank = 0;
    for (int k = 0; k < TOKENS; ++k)
        rank += log_probability[k] > log_probability[token];
    return rank;
}

Test(generation, only_the_likeliest_are_drawn_where_told)
{
    static const struct {
        double temperature;
        int64_t top_k;
        double top_p;
        int most;
    } cases[] = {{0.0, 0, 1.0, 1}, {1.0, 1, 1.0, 1}, {1.0, 2, 1.0, 2}, {1.0, 0, 1e-6, 1}, {3.0, 3, 1.0, 3}};
    setting s;
    double log_probability[TOKENS];
    open_setting(&s, "lstm");
    first_step(&s, log_probability);
    float *codes = same_codes(DRAWS);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        const vae_decoding decoding = decoding_of(cases[c].temperature, cases[c].top_k, cases[c].top_p, 1);
        vae_sequence_list made;
        int worst = 0;
        generate(&s, (vae_generation){.count = DRAWS, .codes = codes, .decoding = decoding}, &made);
        for (int64_t i = 0; i < DRAWS; ++i) {
            const int rank = rank_of(log_probability, (int)made.values[made.offsets[i] + 1]);
            worst = rank > worst ? rank : worst;
        }
        cr_assert_eq(worst, cases[c].most - 1, "case %zu: the worst rank is %d", c, worst);
        vae_sequence_list_free(&made);
    }
    free(codes);
    close_setting(&s);
}

Test(generation, a_sequence_is_its_own_whatever_is_made_with_it)
{
    setting s;
    vae_sequence_list all, one;
    open_setting(&s, "gru");
    float *codes = same_codes(20);
    const vae_decoding decoding = decoding_of(1.0, 0, 1.0, 1);
    generate(&s, (vae_generation){.count = 20, .codes = codes, .decoding = decoding}, &all);
    generate(&s, (vae_generation){.count = 1, .codes = codes, .first_row = 13, .decoding = decoding}, &one);
    const int64_t rows = all.offsets[14] - all.offsets[13];
    cr_assert_eq(one.offsets[1], rows);
    cr_assert_arr_eq(one.values, all.values + all.offsets[13], (size_t)rows * sizeof(float));
    vae_sequence_list_free(&all);
    vae_sequence_list_free(&one);
    free(codes);
    close_setting(&s);
}

Test(generation, beginnings_are_kept)
{
    static float begun[] = {4, 2};
    static int64_t begun_offsets[] = {0, 2};
    const vae_sequence_list beginning = {.values = begun, .offsets = begun_offsets, .count = 1, .elements = 1};
    setting s;
    vae_sequence_list made;
    open_setting(&s, "lstm");
    float *codes = same_codes(12);
    generate(&s,
             (vae_generation){
                 .count = 12, .codes = codes, .beginnings = &beginning, .decoding = decoding_of(1.0, 0, 1.0, 1)},
             &made);
    for (int64_t i = 0; i < 12; ++i) {
        const float *row = made.values + made.offsets[i];
        cr_assert_geq(made.offsets[i + 1] - made.offsets[i], 4);
        cr_assert(row[0] == VAE_TOKEN_BEGIN && row[1] == 4 && row[2] == 2);
    }
    vae_sequence_list_free(&made);
    free(codes);
    close_setting(&s);
}

/* ---- Beam search ---- */

/* The best mean log p over all sequences of at most `left` further tokens. */
static void search_all(setting *s, vae_generator *g, float *row, int64_t length, double sum, int64_t most, double *best)
{
    double log_probability[TOKENS];
    vae_generator_begin(g);
    memcpy(g->codes, one_code, sizeof one_code);
    for (int64_t t = 0; t < length; ++t) {
        g->inputs[0] = row[t];
        MUST(vae_generator_step(g, t == 0));
    }
    g->choice->log_probabilities(&s->design, g->predictions, log_probability);
    for (int k = 1; k < TOKENS; ++k) {
        const double total = sum + log_probability[k];
        if (k == VAE_TOKEN_END || length == most + 1) { /* an end, or cut without one */
            *best = fmax(*best, k == VAE_TOKEN_END ? total / (double)length : sum / (double)(length - 1));
            continue;
        }
        row[length] = (float)k;
        search_all(s, g, row, length + 1, total, most, best);
    }
}

/* Mean log p of a sequence that was made. */
static double score(setting *s, vae_generator *g, const float *row, int64_t rows)
{
    double log_probability[TOKENS], sum = 0.0;
    vae_generator_begin(g);
    memcpy(g->codes, one_code, sizeof one_code);
    for (int64_t t = 0; t + 1 < rows; ++t) {
        g->inputs[0] = row[t];
        MUST(vae_generator_step(g, t == 0));
        g->choice->log_probabilities(&s->design, g->predictions, log_probability);
        sum += log_probability[(int)row[t + 1]];
    }
    return sum / (double)(rows - 1);
}

Test(generation, a_wide_beam_finds_the_best_of_all)
{
    enum { MOST = 3, WIDE = 64 };
    setting s;
    vae_generator *g;
    vae_sequence_list wide, greedy;
    float row[MOST + 1] = {VAE_TOKEN_BEGIN};
    double best = -INFINITY;
    vae_decoding decoding = decoding_of(1.0, 0, 1.0, WIDE);
    open_setting(&s, "lstm");
    decoding.max_steps = MOST;
    MUST(vae_generator_create(&s.model, WIDE, &g));
    search_all(&s, g, row, 1, 0.0, MOST, &best);
    MUST(vae_sequence_list_create(1, &wide));
    MUST(vae_sequence_list_create(1, &greedy));
    MUST(vae_generate(g, &(vae_generation){.count = 1, .codes = one_code, .decoding = decoding}, &wide));
    decoding.temperature = 0.0;
    decoding.beams = 1;
    MUST(vae_generate(g, &(vae_generation){.count = 1, .codes = one_code, .decoding = decoding}, &greedy));
    cr_assert_float_eq(score(&s, g, wide.values, wide.offsets[1]), best, 1e-5);
    cr_assert_leq(score(&s, g, greedy.values, greedy.offsets[1]), best + 1e-9);
    vae_generator_destroy(g);
    vae_sequence_list_free(&wide);
    vae_sequence_list_free(&greedy);
    close_setting(&s);
}

/* ---- Teacher forcing ---- */

/* What a model makes by itself it also predicts of itself; of another item it says, step by step, what it would have
 * said there. */
Test(generation, a_forced_step_follows_the_true_ones)
{
    static const char *const conductor[] = {"model.conductor_units=3", "model.segment_steps=2", NULL};
    float codes[ROWS * LATENT] = {0.3f, -1.0f, 2.0f, 0.5f, -0.7f, 1.5f};
    vae_decoding greedy = {.top_p = 1.0, .beams = 1, .max_steps = 4};
    setting s;
    vae_generator *g;
    vae_sequence_list made, again, other;
    open_model(&s, VAE_KIND_MUSIC, conductor);
    MUST(vae_generator_create(&s.model, ROWS, &g));
    vae_generation what = {.count = ROWS, .codes = codes, .decoding = greedy};
    MUST(vae_sequence_list_create(1, &made));
    MUST(vae_sequence_list_create(1, &again));
    MUST(vae_sequence_list_create(1, &other));
    MUST(vae_generate(g, &what, &made));
    what.forced = true;
    what.beginnings = &made;
    MUST(vae_generate(g, &what, &again));
    cr_assert_arr_eq(again.offsets, made.offsets, sizeof(int64_t[ROWS + 1]));
    cr_assert_arr_eq(again.values, made.values, (size_t)made.offsets[ROWS] * sizeof(float));
    /* With another second step, the first is as it was, and none after the change is read from what was made. */
    made.values[2] = made.values[2] == 3.0f ? 4.0f : 3.0f;
    MUST(vae_generate(g, &what, &other));
    cr_expect_eq(other.values[1], again.values[1]);
    cr_expect_eq(other.values[2], again.values[2]);
    cr_expect_arr_eq(other.values + made.offsets[1], again.values + made.offsets[1],
                     (size_t)(made.offsets[ROWS] - made.offsets[1]) * sizeof(float));
    vae_sequence_list_free(&made);
    vae_sequence_list_free(&again);
    vae_sequence_list_free(&other);
    vae_generator_destroy(g);
    close_setting(&s);
}
