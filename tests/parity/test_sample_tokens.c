/* sample_tokens, a backend against reference: which ids it replaces, what by, and that draws follow the softmax. */
#include "ops.h"

static const vae_backend *const backends[] = {&vae_backend_reference, &VAE_TEST_BACKEND};

enum { BEGIN = 0 };

/* Sequences that a run reads. Ids are 100 + their number, so that none is a token. */
typedef struct batch {
    int64_t steps, rows, vocabulary, never;
    double *logits, *lengths;
} batch;

static batch make_batch(int64_t steps, int64_t rows, int64_t vocabulary, int64_t never)
{
    batch b = {.steps = steps, .rows = rows, .vocabulary = vocabulary, .never = never};
    b.logits = calloc((size_t)(steps * rows * vocabulary), sizeof *b.logits);
    b.lengths = calloc((size_t)rows, sizeof *b.lengths);
    for (int64_t i = 0; i < steps * rows * vocabulary; ++i)
        b.logits[i] = 2.0 * test_normal(40, (uint64_t)i);
    for (int64_t r = 0; r < rows; ++r)
        b.lengths[r] = (double)steps;
    return b;
}

static void free_batch(batch *b)
{
    free(b->logits);
    free(b->lengths);
}

/* The ids that come out; the caller frees them. */
static double *run_threads(const vae_backend *backend, const batch *b, vae_step step, int threads)
{
    const vae_device_options options = {.threads = threads, .precision = VAE_PRECISION_FP32};
    const int64_t count = b->steps * b->rows;
    vae_layout layout = {0};
    vae_program program;
    vae_tensor logits, ids, lengths, y;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    double *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = 100 + (double)i;
    vae_program_init(&program, "tokens", &layout);
    MUST(vae_program_input(&program, "logits", vae_shape_matrix(count, b->vocabulary), &logits));
    MUST(vae_program_input(&program, "ids", vae_shape_matrix(count, 1), &ids));
    MUST(vae_program_input(&program, "lengths", vae_shape_vector(b->rows), &lengths));
    MUST(vae_program_sample_tokens(&program, "drawn", logits, ids, lengths, b->never, &y));
    vae_program_mark_external(&program, y);
    MUST(vae_program_plan(&program));
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &layout, false, &store));
    MUST(backend->executable_create(device, &program, store, NULL, &executable));
    MUST(backend->tensor_write(executable, logits, VAE_FLOAT64, b->logits));
    MUST(backend->tensor_write(executable, ids, VAE_FLOAT64, values));
    MUST(backend->tensor_write(executable, lengths, VAE_FLOAT64, b->lengths));
    MUST(backend->executable_run(executable, &step));
    MUST(backend->tensor_read(executable, y, VAE_FLOAT64, values));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    vae_program_free(&program);
    return values;
}

static double *run(const vae_backend *backend, const batch *b, vae_step step)
{
    return run_threads(backend, b, step, 2);
}

static vae_step step_of(double sampling)
{
    return (vae_step){.seed = 11, .step = 5, .sampling = sampling};
}

/* ---- Which ids ---- */

Test(sample_tokens, none_all_or_a_share_of_the_ids_but_not_the_begin_nor_padding)
{
    batch b = make_batch(40, 4, 9, BEGIN);
    b.lengths[1] = 0;
    b.lengths[2] = 17;
    b.lengths[3] = 1;
    for (int k = 0; k < 2; ++k) {
        double *none = run(backends[k], &b, step_of(0)), *all = run(backends[k], &b, step_of(1));
        double *some = run(backends[k], &b, step_of(0.3)), share = 0;
        for (int64_t i = 0; i < b.steps * b.rows; ++i) {
            const int64_t step = i / b.rows;
            const bool may_go = step > 0 && (double)step < b.lengths[i % b.rows];
            cr_assert_eq(none[i], 100 + (double)i);
            if (may_go) {
                cr_assert(all[i] > BEGIN && all[i] < 9 && all[i] == floor(all[i]), "%g", all[i]);
            } else {
                cr_assert_eq(all[i], none[i], "%s: step %lld", backends[k]->name, (long long)step);
            }
            /* What is drawn does not depend on how much is. */
            cr_assert(some[i] == none[i] || some[i] == all[i]);
            share += some[i] != none[i];
        }
        cr_assert(share > 8 && share < 26, "%s: %g of 55", backends[k]->name, share);
        free(none);
        free(all);
        free(some);
    }
    free_batch(&b);
}

/* A draw has the logits of the step before it, of its own row. */
Test(sample_tokens, draws_are_of_the_step_before)
{
    for (int64_t vocabulary = 6; vocabulary < 9; ++vocabulary) {
        batch b = make_batch(13, 3, vocabulary, BEGIN);
        for (int64_t i = 0; i < b.steps * b.rows; ++i) {
            b.logits[i * vocabulary + 1 + i * 5 % (vocabulary - 1)] += 60;
            b.logits[i * vocabulary + BEGIN] += 200;
        }
        for (int k = 0; k < 2; ++k) {
            double *found = run(backends[k], &b, step_of(1));
            for (int64_t i = b.rows; i < b.steps * b.rows; ++i)
                cr_assert_eq(found[i], 1 + (double)((i - b.rows) * 5 % (vocabulary - 1)), "%s: %lld of %lld is %g",
                             backends[k]->name, (long long)i, (long long)vocabulary, found[i]);
            free(found);
        }
        free_batch(&b);
    }
}

/* A row's draws are its own: the same in a longer batch, in one that is cut into runs, and whatever the threads; and
 * others in another step or with another seed. */
Test(sample_tokens, padding_and_batches_change_nothing)
{
    batch whole = make_batch(9, 5, 37, 3), longer = make_batch(12, 5, 37, 3), part = make_batch(9, 2, 37, 3);
    memcpy(longer.logits, whole.logits, sizeof(double) * 9 * 5 * 37);
    for (int64_t t = 0; t < 9; ++t)
        memcpy(part.logits + t * 2 * 37, whole.logits + (t * 5 + 3) * 37, sizeof(double) * 2 * 37);
    for (int k = 0; k < 2; ++k) {
        const vae_step step = step_of(0.6);
        vae_step later = step, other = step, from_third = step;
        later.step = 6;
        other.seed = 12;
        from_third.first_row = 3;
        double *expected = run(backends[k], &whole, step), *alone = run_threads(backends[k], &whole, step, 1);
        double *padded = run(backends[k], &longer, step), *cut = run(backends[k], &part, from_third);
        double *next = run(backends[k], &whole, later), *seeded = run(backends[k], &whole, other);
        int differ[2] = {0, 0};
        cr_assert_arr_eq(alone, expected, sizeof(double) * 45);
        cr_assert_arr_eq(padded, expected, sizeof(double) * 45);
        for (int i = 0; i < 18; ++i) {
            const double full = expected[i / 2 * 5 + 3 + i % 2];
            cr_assert(cut[i] >= 100 ? full >= 100 : cut[i] == full);
        }
        for (int i = 0; i < 45; ++i) {
            differ[0] += next[i] != expected[i];
            differ[1] += seeded[i] != expected[i];
        }
        cr_assert(differ[0] > 10 && differ[1] > 10);
        double *const all[] = {expected, alone, padded, cut, next, seeded};
        for (int i = 0; i < 6; ++i)
            free(all[i]);
    }
    free_batch(&whole);
    free_batch(&longer);
    free_batch(&part);
}

/* ---- What is drawn ---- */

/* Of vocabularies around a tile of the CPU's and a block's share of a GPU's. */
Test(sample_tokens, backends_draw_the_same)
{
    const int64_t vocabularies[] = {2, 3, 4, 255, 256, 257, 1023, 1028, 2051, 5003};
    for (int i = 0; i < 10; ++i) {
        batch b = make_batch(9, 3, vocabularies[i], i % 2);
        double *expected = run(backends[0], &b, step_of(0.7)), *found = run(backends[1], &b, step_of(0.7));
        cr_assert_arr_eq(found, expected, sizeof(double) * 27, "%lld tokens", (long long)b.vocabulary);
        free(expected);
        free(found);
        free_batch(&b);
    }
}

/* Such a model fails by its loss; until then what is drawn must be a token. */
Test(sample_tokens, of_logits_that_are_no_numbers_a_token_is_drawn)
{
    for (int never = 0; never < 2; ++never) {
        batch b = make_batch(3, 2, 5, never);
        for (int i = 0; i < 3 * 2 * 5; ++i)
            b.logits[i] = NAN;
        for (int k = 0; k < 2; ++k) {
            double *found = run(backends[k], &b, step_of(1));
            for (int i = 2; i < 6; ++i)
                cr_assert_eq(found[i], 1 - never);
            free(found);
        }
        free_batch(&b);
    }
}

/* Pearson's χ² of N draws from one softmax; its mean is the number of tokens that can be drawn less one, and a
 * thousandth of all lie above the bound. */
static void expect_softmax(const vae_backend *backend, int64_t vocabulary, double bound)
{
    enum { STEPS = 21, ROWS = 100, DRAWS = (STEPS - 1) * ROWS };
    batch b = make_batch(STEPS, ROWS, vocabulary, BEGIN);
    double weights[16], sum = 0, chi = 0, counts[16] = {0};
    for (int64_t v = 0; v < vocabulary; ++v)
        sum += weights[v] = v == BEGIN ? 0.0 : exp(1.5 * sin((double)v));
    for (int64_t i = 0; i < STEPS * ROWS * vocabulary; ++i)
        b.logits[i] = 7 + 1.5 * sin((double)(i % vocabulary));
    double *found = run(backend, &b, step_of(1));
    for (int64_t i = ROWS; i < STEPS * ROWS; ++i)
        counts[(int)found[i]]++;
    cr_assert_eq(counts[BEGIN], 0);
    for (int64_t v = 1; v < vocabulary; ++v) {
        const double expected = DRAWS * weights[v] / sum;
        chi += (counts[v] - expected) * (counts[v] - expected) / expected;
    }
    cr_assert_leq(chi, bound, "%s: χ² = %g", backend->name, chi);
    free(found);
    free_batch(&b);
}

Test(sample_tokens, draws_follow_the_softmax)
{
    for (int k = 0; k < 2; ++k) {
        expect_softmax(backends[k], 4, 13.8);
        expect_softmax(backends[k], 11, 27.9);
    }
}

/* ---- What is refused ---- */

Test(sample_tokens, what_does_not_fit_is_named)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor logits, ids, fewer, lengths, huge, y;
    vae_program_init(&program, "refused", &layout);
    MUST(vae_program_input(&program, "logits", vae_shape_matrix(6, 4), &logits));
    MUST(vae_program_input(&program, "ids", vae_shape_vector(6), &ids));
    MUST(vae_program_input(&program, "fewer", vae_shape_vector(5), &fewer));
    MUST(vae_program_input(&program, "lengths", vae_shape_vector(2), &lengths));
    MUST(vae_program_input(&program, "huge", vae_shape_matrix(6, (int64_t)1 << 31), &huge));
    cr_assert_eq(vae_program_sample_tokens(&program, "s", logits, fewer, lengths, 0, &y), VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), "s: prediction [6, 4], targets [5]"), "%s", vae_error_message());
    cr_assert_eq(vae_program_sample_tokens(&program, "s", logits, ids, lengths, 4, &y), VAE_ERROR_ARGUMENT);
    cr_assert_not_null(strstr(vae_error_message(), "s: of 4 tokens, 4 is never drawn"), "%s", vae_error_message());
    cr_assert_eq(vae_program_sample_tokens(&program, "s", huge, ids, lengths, 0, &y), VAE_ERROR_ARGUMENT);
    cr_assert_not_null(strstr(vae_error_message(), "s: 3 steps of 2147483648 tokens are more than"), "%s",
                       vae_error_message());
    vae_program_free(&program);
}
