/* Ops of sequences, a backend against reference: batches of a data set of sequences, drawings that are varied, tokens
 * that are replaced, and likelihoods of known sequences. */
#include "core/permutation.h"
#include "ops.h"

static const vae_backend *const backends[] = {&vae_backend_reference, &VAE_TEST_BACKEND};

/* A kernel of a GPU cannot report an error. */
#ifdef VAE_TEST_CUDA
static const bool reports_errors[] = {true, false};
#else
static const bool reports_errors[] = {true, true};
#endif

typedef struct sequences {
    vae_layout layout;
    vae_program program;
    vae_tensor x, lengths;
} sequences;

/* What a run gives; the caller frees both. */
typedef struct batch {
    double *x, *lengths;
} batch;

static void open_gather(sequences *s, int64_t rows, int64_t elements, vae_gather_sequence gather)
{
    *s = (sequences){0};
    vae_program_init(&s->program, "sequences", &s->layout);
    MUST(vae_program_gather_sequence(&s->program, "x", rows, elements, &gather, &s->x, &s->lengths));
    vae_program_mark_external(&s->program, s->x);
    vae_program_mark_external(&s->program, s->lengths);
    MUST(vae_program_plan(&s->program));
}

static vae_status try_run(const vae_backend *backend, const sequences *s, const vae_column *column,
                          const vae_step *step, batch *found)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable = NULL;
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &s->layout, false, &store));
    MUST(backend->data_create(device, column, &data));
    vae_status status = backend->executable_create(device, &s->program, store, data, &executable);
    if (!status) status = backend->executable_run(executable, step);
    if (!status) {
        found->x = calloc((size_t)s->program.tensors[s->x].elements, sizeof *found->x);
        found->lengths = calloc((size_t)s->program.tensors[s->lengths].elements, sizeof *found->lengths);
        MUST(backend->tensor_read(executable, s->x, VAE_FLOAT64, found->x));
        MUST(backend->tensor_read(executable, s->lengths, VAE_FLOAT64, found->lengths));
    }
    backend->executable_destroy(executable);
    backend->data_destroy(data);
    backend->store_destroy(store);
    backend->device_close(device);
    return status;
}

static batch run_gather(const vae_backend *backend, const sequences *s, const vae_column *column, const vae_step *step)
{
    batch found;
    MUST(try_run(backend, s, column, step, &found));
    return found;
}

static void free_batch(batch *b)
{
    free(b->x);
    free(b->lengths);
}

static void close_sequences(sequences *s)
{
    vae_program_free(&s->program);
    vae_layout_free(&s->layout);
}

static void expect_batch(sequences *s, const vae_column *column, const vae_step *step, const double *x,
                         const double *lengths)
{
    for (int b = 0; b < 2; ++b) {
        batch found = run_gather(backends[b], s, column, step);
        for (int64_t i = 0; i < s->program.tensors[s->x].elements; ++i)
            cr_assert_float_eq(found.x[i], x[i], 1e-6, "%s: x[%lld] is %g, not %g", backends[b]->name, (long long)i,
                               found.x[i], x[i]);
        for (int64_t r = 0; r < s->program.tensors[s->lengths].elements; ++r)
            cr_assert_eq(found.lengths[r], lengths[r], "%s: length %lld is %g", backends[b]->name, (long long)r,
                         found.lengths[r]);
        free_batch(&found);
    }
    close_sequences(s);
}

/* ---- Ids ---- */

static const int32_t ids[] = {10, 11, 20, 21, 22, 30, 31, 32, 33};
static const int64_t id_offsets[] = {0, 2, 5, 9}, id_order[] = {2, 0, 1};
static const vae_column id_column = {
    .values = ids, .dtype = VAE_INT32, .count = 3, .elements = 1, .offsets = id_offsets, .order = id_order};

Test(sequences, a_batch_is_time_major_and_repeats_last_steps)
{
    sequences s;
    const vae_step step = {.rows = 2};
    open_gather(&s, 3, 1, (vae_gather_sequence){.steps = 4, .first = 1, .count = 2});
    expect_batch(&s, &id_column, &step, (double[]){10, 20, 0, 11, 21, 0, 11, 22, 0, 11, 22, 0}, (double[]){2, 3, 0});
}

Test(sequences, a_step_without_rows_of_its_own_has_all)
{
    sequences s;
    vae_column column = id_column;
    column.order = NULL;
    const vae_step step = {.first = 1};
    open_gather(&s, 2, 1, (vae_gather_sequence){.steps = 3, .count = 3});
    expect_batch(&s, &column, &step, (double[]){20, 30, 21, 31, 22, 32}, (double[]){3, 3});
}

/* Each bucket is shuffled by itself. */
Test(sequences, a_bucket_has_an_order_of_its_own)
{
    enum { COUNT = 50, FIRST = 7, ROWS = 12 };
    int32_t values[COUNT + FIRST];
    int64_t offsets[COUNT + FIRST + 1];
    for (int i = 0; i <= COUNT + FIRST; ++i)
        offsets[i] = i;
    for (int i = 0; i < COUNT + FIRST; ++i)
        values[i] = i;
    const vae_column column = {values, VAE_INT32, COUNT + FIRST, 1, offsets, NULL};
    for (int32_t bucket = 0; bucket < 3; ++bucket) {
        sequences s;
        double x[ROWS], lengths[ROWS];
        const vae_step step = {.seed = 5, .epoch = 3, .first = 20};
        const vae_permutation order = vae_permutation_make(5, 3 | (uint64_t)bucket << 32, COUNT);
        for (int r = 0; r < ROWS; ++r) {
            x[r] = FIRST + (double)vae_permutation_apply(&order, (uint64_t)(20 + r));
            lengths[r] = 1;
        }
        open_gather(
            &s, ROWS, 1,
            (vae_gather_sequence){.shuffle = true, .steps = 1, .bucket = bucket, .first = FIRST, .count = COUNT});
        expect_batch(&s, &column, &step, x, lengths);
    }
}

/* ---- Drawings ---- */

enum { DRAWINGS = 23, LONGEST = 300 };

typedef struct drawings {
    float *values;
    int64_t offsets[DRAWINGS + 1];
    vae_column column;
} drawings;

/* Lines of a few points, begin and end around them. The first is a single long line. */
static void make_drawings(drawings *d)
{
    d->values = calloc((size_t)DRAWINGS * LONGEST * 5, sizeof *d->values);
    int64_t at = 0;
    for (int i = 0; i < DRAWINGS; ++i) {
        const int64_t length = i == 0 ? LONGEST : 2 + (i * 37) % 40;
        d->offsets[i] = at;
        for (int64_t t = 0; t < length; ++t, ++at) {
            float *row = d->values + at * 5;
            const bool is_begin = t == 0, is_end = t == length - 1;
            const bool is_up = i > 0 && (t + i) % 7 == 6;
            row[0] = is_begin || is_end ? 0.0f : (float)test_normal(30, (uint64_t)(2 * at));
            row[1] = is_begin || is_end ? 0.0f : (float)test_normal(30, (uint64_t)(2 * at + 1));
            row[is_end ? 4 : is_up && !is_begin ? 3 : 2] = 1.0f;
        }
    }
    d->offsets[DRAWINGS] = at;
    d->column = (vae_column){d->values, VAE_FLOAT32, DRAWINGS, 5, d->offsets, NULL};
}

/* x of all three backends' steps: a whole batch, one that lacks rows, one from the middle of a batch. */
static void compare_drawings(vae_gather_sequence gather, int64_t rows)
{
    const vae_step steps[] = {{.seed = 3},
                              {.seed = 0x123456789ABCDEF, .step = 77, .epoch = 5, .first = 9, .rows = rows - 2},
                              {.seed = 9, .step = 2, .first = 1, .first_row = 1000}};
    drawings d;
    sequences s;
    make_drawings(&d);
    gather.count = DRAWINGS;
    open_gather(&s, rows, 5, gather);
    for (size_t k = 0; k < sizeof steps / sizeof *steps; ++k) {
        batch expected = run_gather(backends[0], &s, &d.column, &steps[k]);
        batch found = run_gather(backends[1], &s, &d.column, &steps[k]);
        for (int64_t i = 0; i < rows; ++i)
            cr_assert_eq(found.lengths[i], expected.lengths[i], "step %zu: length %lld", k, (long long)i);
        for (int64_t i = 0; i < s.program.tensors[s.x].elements; ++i)
            cr_assert_float_eq(found.x[i], expected.x[i], 2e-5, "step %zu: [%lld]: %g, not %g", k, (long long)i,
                               found.x[i], expected.x[i]);
        free_batch(&expected);
        free_batch(&found);
    }
    close_sequences(&s);
    free(d.values);
}

Test(sequences, drawings)
{
    compare_drawings((vae_gather_sequence){.shuffle = true, .steps = 60}, 9);
    compare_drawings((vae_gather_sequence){.steps = LONGEST, .scale_jitter = 0.15}, 7);
    compare_drawings((vae_gather_sequence){.steps = LONGEST + 3, .point_dropout = 0.4}, 7);
    compare_drawings((vae_gather_sequence){.shuffle = true, .steps = 31, .scale_jitter = 0.2, .point_dropout = 0.7}, 9);
}

/* Points that go: the begin, which is no point, and three in a line before a point keep it from going. */
Test(sequences, a_point_that_is_left_out_lengthens_the_line_to_the_one_before_it)
{
    float rows[11][5] = {{0, 0, 1, 0, 0}};
    const int64_t offsets[] = {0, 11};
    for (int t = 1; t < 10; ++t) {
        rows[t][0] = 1;
        rows[t][1] = (float)t;
        rows[t][t == 6 ? 3 : 2] = 1;
    }
    rows[10][4] = 1;
    const vae_column column = {rows, VAE_FLOAT32, 1, 5, offsets, NULL};
    const double expected[] = {
        0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 2, 1, 0, 0, 3, 12, 1, 0, 0, /* 3, 4 and 5 */
        1, 6, 0, 1, 0, 1, 7, 1, 0, 0, 1, 8, 1, 0, 0, 1, 9,  1, 0, 0, /* no three are in line before 9 */
        0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1,                 /* the end again */
    };
    sequences s;
    const vae_step step = {.seed = 1};
    open_gather(&s, 1, 5, (vae_gather_sequence){.steps = 11, .count = 1, .point_dropout = 1.0});
    expect_batch(&s, &column, &step, expected, (double[]){9});
}

/* Factors lie in 1 ± jitter, and are of a drawing; a third of the points of a line go; each batch draws others. */
Test(sequences, drawings_are_varied_as_asked)
{
    drawings d;
    sequences s;
    double lengths = 0, factors[2] = {0, 0};
    make_drawings(&d);
    open_gather(&s, 1, 5,
                (vae_gather_sequence){.steps = LONGEST, .count = 1, .scale_jitter = 0.2, .point_dropout = 0.3});
    for (uint64_t k = 0; k < 200; ++k) {
        const vae_step step = {.seed = 1, .step = k};
        batch found = run_gather(&vae_backend_reference, &s, &d.column, &step);
        for (int axis = 0; axis < 2; ++axis) {
            double sum = 0, whole = 0;
            for (int64_t t = 0; t < LONGEST; ++t) {
                sum += t < (int64_t)found.lengths[0] ? found.x[t * 5 + axis] : 0;
                whole += (double)d.values[t * 5 + axis];
            }
            cr_assert_leq(fabs(sum / whole - 1), 0.2 + 1e-5);
            factors[axis] += sum / whole / 200;
        }
        lengths += found.lengths[0] / 200;
        free_batch(&found);
    }
    cr_assert_float_eq(factors[0], 1, 0.03);
    cr_assert_float_eq(factors[1], 1, 0.03);
    cr_assert_neq(factors[0], factors[1]);
    cr_assert_float_eq(lengths, 5 + 0.7 * (LONGEST - 5), 3);
    close_sequences(&s);
    free(d.values);
}

/* ---- What is refused ---- */

static void expect_refusal(vae_gather_sequence gather, int64_t elements, const vae_column *column, vae_step step,
                           const char *words)
{
    sequences s;
    open_gather(&s, 2, elements, gather);
    for (int b = 0; b < 2; ++b) {
        batch found;
        cr_assert_neq(try_run(backends[b], &s, column, &step, &found), VAE_OK, "%s: %s", backends[b]->name, words);
        cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    }
    close_sequences(&s);
}

Test(sequences, what_does_not_fit_is_named)
{
    const vae_gather_sequence plain = {.steps = 3, .count = 3};
    const vae_column images = {.values = ids, .dtype = VAE_INT32, .count = 3, .elements = 1};
    const vae_column bytes = {.values = ids, .dtype = VAE_UINT8, .count = 3, .elements = 1, .offsets = id_offsets};
    const int32_t points[5 * (sizeof ids / sizeof ids[0])] = {0};
    const vae_column strokes = {.values = points, .dtype = VAE_INT32, .count = 3, .elements = 5, .offsets = id_offsets};
    expect_refusal(plain, 1, &images, (vae_step){0}, "'x' reads sequences, but the data set's items are rows");
    expect_refusal(plain, 1, &bytes, (vae_step){0}, "'x' reads int32 or float32, but the data set holds bytes");
    expect_refusal(plain, 5, &id_column, (vae_step){0}, "'x' needs rows of 5 elements, but the data set's have 1");
    expect_refusal((vae_gather_sequence){.steps = 3, .first = 2, .count = 2}, 1, &id_column, (vae_step){0},
                   "'x' reads places 2 to 3 of a data set of 3");
    expect_refusal((vae_gather_sequence){.steps = 3, .count = 3, .scale_jitter = 0.1}, 5, &strokes, (vae_step){0},
                   "'x' varies drawings, but the data set holds int32");
    expect_refusal(plain, 1, &id_column, (vae_step){.first = 2}, "rows 2 to 3 were requested of a data set of 3");
    expect_refusal(plain, 1, &id_column, (vae_step){.rows = 3}, "a step of 3 rows was requested of a program of 2");
    vae_layout layout = {0};
    vae_program program;
    vae_tensor x, lengths;
    vae_program_init(&program, "refused", &layout);
    const vae_gather_sequence refused[] = {{.steps = 0, .count = 3},
                                           {.steps = 3, .count = 3, .bucket = 1 << 16},
                                           {.steps = 3, .count = 3, .point_dropout = 0.1}};
    const char *const words[] = {"of 0 steps", "bucket 65536 is not from 0 to 65535",
                                 "drawings have 5 numbers a step, not 1"};
    for (int i = 0; i < 3; ++i) {
        cr_assert_neq(vae_program_gather_sequence(&program, "g", 2, 1, &refused[i], &x, &lengths), VAE_OK);
        cr_assert_not_null(strstr(vae_error_message(), words[i]), "'%s' lacks '%s'", vae_error_message(), words[i]);
    }
    vae_program_free(&program);
}

/* ---- Tokens ---- */

/* Ids of so many steps of two rows, of which the elements are 1, 2, …; read from an input. */
static double *replace(const vae_backend *backend, int64_t steps, double rate)
{
    one_op o = {0};
    double input[200], *y = calloc(200, sizeof *y);
    vae_program_init(&o.program, "tokens", &o.layout);
    MUST(vae_program_input(&o.program, "ids", vae_shape_matrix(2 * steps, 1), &o.input));
    MUST(vae_program_replace_tokens(&o.program, "dropped", o.input, 2, rate, 9999, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    for (int i = 0; i < 2 * steps; ++i)
        input[i] = i + 1;
    run_one_op(backend, &o, input, NULL, y, NULL);
    vae_program_free(&o.program);
    return y;
}

Test(sequences, words_are_left_out_but_for_the_begin)
{
    for (int b = 0; b < 2; ++b) {
        double *none = replace(backends[b], 50, 0), *all = replace(backends[b], 50, 1);
        double *half = replace(backends[b], 50, 0.5), *longer = replace(backends[b], 90, 0.5), share = 0;
        for (int i = 0; i < 100; ++i) {
            cr_assert_eq(none[i], i + 1);
            cr_assert_eq(all[i], i < 2 ? i + 1 : 9999);
            cr_assert(half[i] == i + 1 || (i >= 2 && half[i] == 9999));
            cr_assert_eq(half[i], longer[i], "padding changes what is left out");
            share += half[i] == 9999;
        }
        cr_assert(share > 30 && share < 70, "%g of 98", share);
        free(none);
        free(all);
        free(half);
        free(longer);
    }
    double *expected = replace(backends[0], 77, 0.3), *found = replace(backends[1], 77, 0.3);
    cr_assert_arr_eq(expected, found, 2 * 77 * sizeof *found);
    free(expected);
    free(found);
}

/* ---- Likelihoods ---- */

/* A likelihood of two sequences. */
typedef struct scored {
    vae_layout layout;
    vae_program program;
    vae_tensor inputs[3], ll; /* prediction, targets, lengths */
} scored;

enum { TOKENS, STROKES, PADDED_STROKES };

static void open_scored(scored *s, int kind, int64_t count, int64_t columns)
{
    const bool tokens = kind == TOKENS;
    *s = (scored){0};
    vae_program_init(&s->program, "scored", &s->layout);
    MUST(vae_program_input(&s->program, "prediction", vae_shape_matrix(count, columns), &s->inputs[0]));
    MUST(vae_program_input(&s->program, "targets", vae_shape_matrix(count, tokens ? 1 : 5), &s->inputs[1]));
    MUST(vae_program_input(&s->program, "lengths", vae_shape_vector(2), &s->inputs[2]));
    MUST(tokens ? vae_program_token_likelihood(&s->program, "ll", s->inputs[0], s->inputs[1], s->inputs[2], &s->ll)
                : vae_program_stroke_likelihood(&s->program, "ll", s->inputs[0], s->inputs[1], s->inputs[2],
                                                kind == PADDED_STROKES, &s->ll));
    vae_program_mark_external(&s->program, s->ll);
    MUST(vae_program_plan(&s->program));
}

static vae_status run_scored(const vae_backend *backend, const scored *s, const double *const inputs[3], double ll[2])
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &s->layout, false, &store));
    MUST(backend->executable_create(device, &s->program, store, NULL, &executable));
    for (int i = 0; i < 3; ++i)
        MUST(backend->tensor_write(executable, s->inputs[i], VAE_FLOAT64, inputs[i]));
    const vae_status status = backend->executable_run(executable, &op_step);
    if (!status) MUST(backend->tensor_read(executable, s->ll, VAE_FLOAT64, ll));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    return status;
}

static vae_status score(const vae_backend *backend, int kind, int64_t count, int64_t columns, const double *prediction,
                        const double *targets, const double *lengths, double ll[2])
{
    scored s;
    open_scored(&s, kind, count, columns);
    const vae_status status = run_scored(backend, &s, (const double *const[]){prediction, targets, lengths}, ll);
    vae_program_free(&s.program);
    return status;
}

/* Four tokens, two sequences of three steps. */
static vae_status score_tokens(const vae_backend *backend, const double *targets, const double *lengths, double ll[2])
{
    static const double logits[6 * 4] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2e3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    return score(backend, TOKENS, 6, 4, logits, targets, lengths, ll);
}

/* An error of the run, or NaN in the row whose target it is. */
static void expect_bad_row(int backend, vae_status status, const double ll[2], const char *words)
{
    cr_assert_eq(status, reports_errors[backend] ? VAE_ERROR_ARGUMENT : VAE_OK);
    if (reports_errors[backend]) {
        cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    } else {
        cr_assert(isfinite(ll[0]) && isnan(ll[1]));
    }
}

Test(sequences, tokens_have_the_softmax_of_their_step)
{
    const double targets[] = {3, 0, 1, 2, 0, 0}, lengths[] = {2, 3};
    const double second = 1 - log(M_E + 3);
    for (int b = 0; b < 2; ++b) {
        double ll[2];
        MUST(score_tokens(backends[b], targets, lengths, ll));
        cr_assert_float_eq(ll[0], -2 * log(4), 1e-5, "%s: %g", backends[b]->name, ll[0]);
        cr_assert_float_eq(ll[1], second - log(4), 1e-5, "%s: %g", backends[b]->name, ll[1]);
    }
}

/* Of steps that do not count, nothing is asked. */
Test(sequences, a_target_that_is_no_token_is_named)
{
    const double targets[] = {3, 0, 1, 4, 0, 0.5}, short_lengths[] = {2, 1}, lengths[] = {2, 3};
    for (int b = 0; b < 2; ++b) {
        double ll[2];
        MUST(score_tokens(backends[b], targets, short_lengths, ll));
        cr_assert(isfinite(ll[0]) && isfinite(ll[1]));
        expect_bad_row(b, score_tokens(backends[b], targets, lengths, ll), ll,
                       "scored: 'll': the target of step 1 of row 1 is 4, but must be a whole number from 0 to 3");
    }
}

/* One component, N(0, 1) of both offsets, and a pen of equal chances: an end has no offset; a sequence without steps
 * counts nothing, over padding neither. The published loss adds 1e-6 to a density. */
Test(sequences, strokes_have_an_offset_up_to_their_end)
{
    enum { END = 4 };
    const double prediction[6 * 9] = {0}, lengths[] = {2, 0};
    double targets[6 * 5] = {0};
    const double offset = -log(2 * M_PI) - 0.5 * (1 + 4), pen = -log(3);
    targets[0] = 1;
    targets[1] = 2;
    targets[2] = 1;
    targets[2 * 5 + END] = targets[4 * 5 + END] = 1;
    for (int b = 0; b < 2; ++b) {
        double ll[2];
        MUST(score(backends[b], STROKES, 6, 9, prediction, targets, lengths, ll));
        cr_assert_float_eq(ll[0], offset + 2 * pen, 1e-5, "%s: %g", backends[b]->name, ll[0]);
        cr_assert_eq(ll[1], 0);
        MUST(score(backends[b], PADDED_STROKES, 6, 9, prediction, targets, lengths, ll));
        cr_assert_float_eq(ll[0], log(exp(offset) + 1e-6) + 3 * pen, 1e-5, "%s: %g", backends[b]->name, ll[0]);
        cr_assert_eq(ll[1], 0);
    }
    targets[0] = 1e6;
    for (int b = 0; b < 2; ++b) {
        double ll[2];
        MUST(score(backends[b], PADDED_STROKES, 6, 9, prediction, targets, lengths, ll));
        cr_assert_float_eq(ll[0], log(1e-6) + 3 * pen, 1e-5, "%s: %g", backends[b]->name, ll[0]);
    }
}

/* Correlations next to ±1, and small deviations, on a stroke that lies right on their line. */
Test(sequences, narrow_strokes_stay_finite)
{
    const double lengths[] = {1, 1}, targets[] = {0.02, 0.02, 1, 0, 0, 0.01, -0.01, 0, 1, 0};
    for (int i = 0; i <= 8; ++i) {
        const double prediction[] = {0, 0, 0, -2.0 - i, -2.0 - i, i,  5,  -3, 0,
                                     0, 0, 0, -1.0 - i, -1.0 - i, -i, 80, 2,  9};
        double expected[2], found[2];
        MUST(score(backends[0], STROKES, 2, 9, prediction, targets, lengths, expected));
        MUST(score(backends[1], STROKES, 2, 9, prediction, targets, lengths, found));
        for (int r = 0; r < 2; ++r) {
            cr_assert(isfinite(expected[r]));
            cr_assert_float_eq(found[r], expected[r], 2e-5 * fabs(expected[r]), "%d: %g, not %g", i, found[r],
                               expected[r]);
        }
    }
}

Test(sequences, a_pen_in_no_state_is_named)
{
    const double prediction[4 * 9] = {0}, lengths[] = {1, 2}, short_lengths[] = {1, 1};
    const double pens[][3] = {{0, 0, 0}, {1, 1, 0}, {0, 0.5, 0}, {-1, 1, 1}};
    for (int i = 0; i < 4; ++i) {
        double targets[] = {0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 7, 7, 0, 0, 0, 0, 0}, ll[2];
        char words[120];
        memcpy(targets + 17, pens[i], sizeof pens[i]);
        snprintf(words, sizeof words, "scored: 'll': the pen of step 1 of row 1 is (%g, %g, %g), but one of",
                 pens[i][0], pens[i][1], pens[i][2]);
        for (int b = 0; b < 2; ++b) {
            MUST(score(backends[b], STROKES, 4, 9, prediction, targets, short_lengths, ll));
            cr_assert(isfinite(ll[0]) && isfinite(ll[1]));
            expect_bad_row(b, score(backends[b], STROKES, 4, 9, prediction, targets, lengths, ll), ll, words);
        }
    }
}

typedef struct fixture {
    vae_layout layout;
    vae_program program;
    vae_tensor logits, targets, lengths, ll;
} fixture;

Test(sequences, likelihoods_of_other_sequences_are_named)
{
    fixture s = {0};
    vae_program_init(&s.program, "shapes", &s.layout);
    MUST(vae_program_input(&s.program, "logits", vae_shape_matrix(6, 4), &s.logits));
    MUST(vae_program_input(&s.program, "targets", vae_shape_vector(5), &s.targets));
    MUST(vae_program_input(&s.program, "lengths", vae_shape_vector(2), &s.lengths));
    cr_assert_eq(vae_program_token_likelihood(&s.program, "ll", s.logits, s.targets, s.lengths, &s.ll),
                 VAE_ERROR_SHAPE);
    cr_assert_not_null(
        strstr(vae_error_message(), "ll: prediction [6, 4], targets [5] of 1 a step and lengths [2] are"), "%s",
        vae_error_message());
    cr_assert_eq(vae_program_stroke_likelihood(&s.program, "ll", s.logits, s.targets, s.lengths, false, &s.ll),
                 VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), "ll: prediction [6, 4]: a mixture of M strokes, 1 to 256, takes"),
                       "%s", vae_error_message());
    cr_assert_eq(vae_program_replace_tokens(&s.program, "r", s.targets, 2, 0.5, 0, &s.ll), VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), "r: ids have shape [5], but must be a vector of steps of 2 rows"));
    cr_assert_eq(vae_program_replace_tokens(&s.program, "r", s.targets, 5, 1.5, 0, &s.ll), VAE_ERROR_ARGUMENT);
    cr_assert_not_null(strstr(vae_error_message(), "r: the rate is 1.5"));
    cr_assert_eq(vae_program_slice_rows(&s.program, "s", s.logits, 4, 3, &s.ll), VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), "s: slice of [6, 4]: rows 4 to 6 lie outside 6"));
    cr_assert_eq(vae_program_pad_rows(&s.program, "p", s.logits, 7, 2, &s.ll), VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), "p: pad of [6, 4]: rows 2 to 7 lie outside 7"));
    vae_program_free(&s.program);
}
