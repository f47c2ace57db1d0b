/* Ops of sequences as expressions, each row with a gradient of its own. Included by expressions.h. */
#ifndef VAE_TESTS_SEQUENCES_H
#define VAE_TESTS_SEQUENCES_H

/* What a case's `function` says: bits, and the number of steps above them. */
enum {
    SEQUENCE_PRODUCT = 1, /* the prediction is a product of two parameters, else a parameter itself */
    SEQUENCE_PADDED = 2,  /* pens count over padding */
    SEQUENCE_STEPS = 64,
};

static inline vae_tensor sequence_prediction(vae_program *program, const vae_tensor *p, vae_function function)
{
    vae_tensor prediction = p[0];
    if (function & SEQUENCE_PRODUCT)
        MUST(vae_program_matmul(program, "prediction", p[0], false, p[1], false, &prediction));
    return prediction;
}

static inline vae_tensor build_tokens(vae_program *program, const vae_tensor *p, vae_function function)
{
    const vae_tensor logits = sequence_prediction(program, p, function);
    const int64_t count = program->tensors[logits].shape.size[0], steps = (int)function / SEQUENCE_STEPS;
    vae_tensor targets, lengths, ll;
    MUST(vae_program_input(program, "targets", vae_shape_matrix(count, 1), &targets));
    MUST(vae_program_input(program, "lengths", vae_shape_vector(count / steps), &lengths));
    MUST(vae_program_token_likelihood(program, "ll", logits, targets, lengths, &ll));
    return ll;
}

static inline vae_tensor build_strokes(vae_program *program, const vae_tensor *p, vae_function function)
{
    const vae_tensor prediction = sequence_prediction(program, p, function);
    const int64_t count = program->tensors[prediction].shape.size[0], steps = (int)function / SEQUENCE_STEPS;
    vae_tensor targets, lengths, ll;
    MUST(vae_program_input(program, "strokes", vae_shape_matrix(count, 5), &targets));
    MUST(vae_program_input(program, "lengths", vae_shape_vector(count / steps), &lengths));
    MUST(vae_program_stroke_likelihood(program, "ll", prediction, targets, lengths, function & SEQUENCE_PADDED, &ll));
    return ll;
}

/* Rows of q but the first and the last, among zeros, and those of p behind the first. */
static inline vae_tensor build_rows(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    const int64_t rows = program->tensors[p[0]].shape.size[0];
    vae_tensor middle, padded, later;
    MUST(vae_program_slice_rows(program, "middle", p[1], 1, rows - 2, &middle));
    MUST(vae_program_pad_rows(program, "padded", applied(program, VAE_FUNCTION_TANH, middle, VAE_NO_TENSOR), rows - 1,
                              1, &padded));
    MUST(vae_program_slice_rows(program, "later", p[0], 1, rows - 1, &later));
    return applied(program, VAE_FUNCTION_ADD, padded, later);
}

#define SEQUENCE(steps, way) (vae_function)((steps)*SEQUENCE_STEPS + (way))
static const expression sequence_cases[] = {
    {"tokens 1x1", {{2, {1, 2}}}, build_tokens, SEQUENCE(1, 0), false},
    {"tokens", {{2, {20, 7}}}, build_tokens, SEQUENCE(4, 0), false},
    {"tokens of a product", {{2, {20, 3}}, {2, {3, 11}}}, build_tokens, SEQUENCE(4, SEQUENCE_PRODUCT), false},
    {"tokens, many", {{2, {21, 3}}, {2, {3, 2500}}}, build_tokens, SEQUENCE(3, SEQUENCE_PRODUCT), false},
    {"tokens, a long vector", {{2, {6, 5}}, {2, {5, 1031}}}, build_tokens, SEQUENCE(2, SEQUENCE_PRODUCT), false},
    {"strokes 1x1", {{2, {1, 9}}}, build_strokes, SEQUENCE(1, 0), false},
    {"strokes", {{2, {20, 27}}}, build_strokes, SEQUENCE(4, SEQUENCE_PADDED), false},
    {"strokes of a product", {{2, {21, 3}}, {2, {3, 21}}}, build_strokes, SEQUENCE(3, SEQUENCE_PRODUCT), false},
    {"strokes, many", {{2, {130, 123}}}, build_strokes, SEQUENCE(13, 0), false},
    {"strokes, many components", {{2, {12, 603}}}, build_strokes, SEQUENCE(3, 0), false},
    {"rows of a matrix", {{2, {5, 3}}, {2, {5, 3}}}, build_rows, 0, false},
    {"rows of a vector", {{1, {7}}, {1, {7}}}, build_rows, 0, false},
    {"rows, by fours", {{2, {9, 12}}, {2, {9, 12}}}, build_rows, 0, false},
};
#undef SEQUENCE
enum { SEQUENCE_CASE_COUNT = sizeof sequence_cases / sizeof *sequence_cases };

#endif
