/* Recurrent ops as expressions: every operand there and not, sequences of all lengths, both directions. Included by
 * expressions.h. */
#ifndef VAE_TESTS_RECURRENT_H
#define VAE_TESTS_RECURRENT_H

#include "program/recurrent.h"

/* What a case's `function` says: bits, and the number of steps above them. */
enum {
    RECURRENT_GRU = 1,
    RECURRENT_REVERSE = 2,
    RECURRENT_LENGTHS = 4, /* an input "lengths": odd ones, 0, and those of all steps */
    RECURRENT_DROPOUT = 8,
    RECURRENT_LAST = 16,     /* nothing reads h */
    RECURRENT_SEQUENCE = 32, /* nothing reads the last states */
    RECURRENT_STEPS = 64,
};

/* The op's parameters by position; those that a case leaves out have rank 0. */
enum {
    RECURRENT_X, /* the gates, or [steps·rows, H], of which a product with the weight makes them */
    RECURRENT_W,
    RECURRENT_Z,
    RECURRENT_H0,
    RECURRENT_C0, /* of gru, hidden_bias */
    RECURRENT_SCALE,
    RECURRENT_SHIFT,
};

/* h plus last_h ⊙ σ(last_c), broadcast in some way. */
static inline vae_tensor join_outputs(vae_program *program, const vae_recurrent_outputs *out, int way)
{
    if (way & RECURRENT_SEQUENCE) return out->h;
    vae_tensor last = out->last_h;
    if (out->last_c != VAE_NO_TENSOR) {
        MUST(vae_program_apply(program, "sigmoid", VAE_FUNCTION_SIGMOID, out->last_c, VAE_NO_TENSOR, &last));
        MUST(vae_program_apply(program, "last", VAE_FUNCTION_MULTIPLY, out->last_h, last, &last));
    }
    if (way & RECURRENT_LAST) return last;
    vae_tensor y;
    MUST(vae_program_apply(program, "both", VAE_FUNCTION_ADD, out->h, last, &y));
    return y;
}

static inline vae_tensor build_recurrent(vae_program *program, const vae_tensor *p, vae_function function)
{
    const int way = (int)function;
    const bool gru = way & RECURRENT_GRU;
    const int64_t hidden = program->tensors[p[RECURRENT_W]].shape.size[0];
    const vae_shape x = program->tensors[p[RECURRENT_X]].shape;
    const vae_recurrent options = {
        .steps = way / RECURRENT_STEPS,
        .reverse = way & RECURRENT_REVERSE,
        .training = true,
        .forget_bias = gru ? 0 : 1,
        .dropout = way & RECURRENT_DROPOUT ? 0.3 : 0,
        .stream = VAE_STREAM_RECURRENT,
    };
    vae_recurrent_inputs in = vae_recurrent_inputs_of(p[RECURRENT_X], p[RECURRENT_W]);
    vae_recurrent_outputs out;
    /* Long sums of numbers near 1 would leave every gate open or closed. */
    if (hidden > 8) {
        const vae_weight small = {1 / sqrt((double)hidden), VAE_SCALAR_ONE};
        MUST(vae_program_apply_constant(program, "small", VAE_FUNCTION_MULTIPLY, in.weight, small, &in.weight));
    }
    if (x.size[1] == hidden) MUST(vae_program_matmul(program, "gates", in.gates, false, in.weight, false, &in.gates));
    if (way & RECURRENT_LENGTHS) {
        MUST(vae_program_input(program, "lengths", vae_shape_vector(x.size[0] / options.steps), &in.lengths));
    }
    in.per_sequence = p[RECURRENT_Z];
    in.initial_h = p[RECURRENT_H0];
    *(gru ? &in.hidden_bias : &in.initial_c) = p[RECURRENT_C0];
    in.norm_scale = p[RECURRENT_SCALE];
    in.norm_shift = p[RECURRENT_SHIFT];
    MUST((gru ? vae_program_gru : vae_program_lstm)(program, "cell", &in, options, &out));
    return join_outputs(program, &out, way);
}

#define RECURRENT_CASE(name, steps, way, ...)                                                                          \
    {                                                                                                                  \
        name, {__VA_ARGS__}, build_recurrent, (vae_function)((steps)*RECURRENT_STEPS + (way)), false                   \
    }
/* The shapes of an lstm's parameters, with numbers for x's columns and all those that may be absent, as rows or 0. */
#define LSTM_SHAPES(steps, rows, hidden, x, z, h, c, norm)                                                             \
    {2, {(steps) * (rows), x}}, {2, {hidden, 4 * (hidden)}}, {(z) ? 2 : 0, {rows, 4 * (hidden)}},                      \
        {(h) ? 2 : 0, {rows, hidden}}, {(c) ? 2 : 0, {rows, hidden}}, {(norm) ? 2 : 0, {5, hidden}},                   \
    {                                                                                                                  \
        (norm) ? 2 : 0,                                                                                                \
        {                                                                                                              \
            5, hidden                                                                                                  \
        }                                                                                                              \
    }
#define GRU_SHAPES(steps, rows, hidden, x, z, h, bias)                                                                 \
    {2, {(steps) * (rows), x}}, {2, {hidden, 3 * (hidden)}}, {(z) ? 2 : 0, {rows, 3 * (hidden)}},                      \
        {(h) ? 2 : 0, {rows, hidden}},                                                                                 \
    {                                                                                                                  \
        (bias) ? 1 : 0,                                                                                                \
        {                                                                                                              \
            hidden                                                                                                     \
        }                                                                                                              \
    }

static const expression recurrent_cases[] = {
    RECURRENT_CASE("lstm 1x1", 1, 0, LSTM_SHAPES(1, 1, 1, 4, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm of one step", 1, RECURRENT_LENGTHS, LSTM_SHAPES(1, 4, 3, 12, 0, 1, 1, 0)),
    RECURRENT_CASE("lstm", 5, 0, LSTM_SHAPES(5, 3, 7, 28, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm of a row", 4, RECURRENT_REVERSE, LSTM_SHAPES(4, 1, 5, 20, 1, 1, 1, 0)),
    RECURRENT_CASE("lstm, lengths", 5, RECURRENT_LENGTHS, LSTM_SHAPES(5, 7, 3, 12, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, lengths, in place", 5, RECURRENT_LENGTHS, LSTM_SHAPES(5, 7, 3, 3, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, reverse", 5, RECURRENT_LENGTHS | RECURRENT_REVERSE, LSTM_SHAPES(5, 7, 3, 3, 1, 1, 1, 0)),
    RECURRENT_CASE("lstm, reverse, no state", 4, RECURRENT_LENGTHS | RECURRENT_REVERSE,
                   LSTM_SHAPES(4, 6, 4, 4, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, all operands", 6, RECURRENT_LENGTHS, LSTM_SHAPES(6, 5, 4, 4, 1, 1, 1, 0)),
    RECURRENT_CASE("lstm, h0 alone", 3, RECURRENT_LENGTHS, LSTM_SHAPES(3, 5, 4, 4, 0, 1, 0, 0)),
    RECURRENT_CASE("lstm, c0 alone", 3, RECURRENT_LENGTHS, LSTM_SHAPES(3, 5, 4, 4, 0, 0, 1, 0)),
    RECURRENT_CASE("lstm, last states", 5, RECURRENT_LENGTHS | RECURRENT_LAST, LSTM_SHAPES(5, 7, 3, 3, 1, 1, 1, 0)),
    RECURRENT_CASE("lstm, last states, reverse", 5, RECURRENT_LENGTHS | RECURRENT_LAST | RECURRENT_REVERSE,
                   LSTM_SHAPES(5, 7, 3, 12, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, sequence alone", 5, RECURRENT_LENGTHS | RECURRENT_SEQUENCE,
                   LSTM_SHAPES(5, 7, 3, 3, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, dropout", 5, RECURRENT_LENGTHS | RECURRENT_DROPOUT, LSTM_SHAPES(5, 7, 3, 3, 1, 1, 1, 0)),
    RECURRENT_CASE("lstm, dropout, reverse", 5, RECURRENT_DROPOUT | RECURRENT_REVERSE,
                   LSTM_SHAPES(5, 3, 6, 6, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, norm", 4, RECURRENT_LENGTHS, LSTM_SHAPES(4, 5, 6, 6, 1, 1, 1, 1)),
    RECURRENT_CASE("lstm, norm, reverse, dropout", 4, RECURRENT_LENGTHS | RECURRENT_REVERSE | RECURRENT_DROPOUT,
                   LSTM_SHAPES(4, 5, 5, 20, 0, 0, 0, 1)),
    RECURRENT_CASE("lstm, norm of a row", 3, RECURRENT_LAST, LSTM_SHAPES(3, 1, 7, 28, 0, 1, 1, 1)),
    RECURRENT_CASE("lstm, wide", 3, RECURRENT_LENGTHS, LSTM_SHAPES(3, 37, 67, 67, 1, 1, 1, 0)),
    RECURRENT_CASE("lstm, wide, no state", 3, 0, LSTM_SHAPES(3, 5, 37, 37, 0, 0, 0, 0)),
    RECURRENT_CASE("lstm, wide, norm", 3, RECURRENT_LENGTHS | RECURRENT_DROPOUT,
                   LSTM_SHAPES(3, 19, 131, 131, 1, 1, 1, 1)),
    RECURRENT_CASE("lstm, long", 19, RECURRENT_LENGTHS | RECURRENT_REVERSE, LSTM_SHAPES(19, 32, 64, 64, 1, 1, 1, 0)),
    RECURRENT_CASE("gru 1x1", 1, RECURRENT_GRU, GRU_SHAPES(1, 1, 1, 3, 0, 0, 1)),
    RECURRENT_CASE("gru", 5, RECURRENT_GRU, GRU_SHAPES(5, 3, 7, 21, 0, 0, 0)),
    RECURRENT_CASE("gru of a row", 4, RECURRENT_GRU | RECURRENT_REVERSE, GRU_SHAPES(4, 1, 5, 5, 1, 1, 1)),
    RECURRENT_CASE("gru, lengths", 5, RECURRENT_GRU | RECURRENT_LENGTHS, GRU_SHAPES(5, 7, 3, 3, 0, 0, 1)),
    RECURRENT_CASE("gru, all operands", 6, RECURRENT_GRU | RECURRENT_LENGTHS, GRU_SHAPES(6, 5, 4, 4, 1, 1, 1)),
    RECURRENT_CASE("gru, reverse", 5, RECURRENT_GRU | RECURRENT_LENGTHS | RECURRENT_REVERSE,
                   GRU_SHAPES(5, 7, 3, 9, 1, 1, 0)),
    RECURRENT_CASE("gru, last state", 5, RECURRENT_GRU | RECURRENT_LENGTHS | RECURRENT_LAST,
                   GRU_SHAPES(5, 7, 3, 3, 1, 0, 1)),
    RECURRENT_CASE("gru, sequence alone", 5, RECURRENT_GRU | RECURRENT_LENGTHS | RECURRENT_SEQUENCE,
                   GRU_SHAPES(5, 7, 3, 3, 0, 1, 1)),
    RECURRENT_CASE("gru, wide", 3, RECURRENT_GRU | RECURRENT_LENGTHS, GRU_SHAPES(3, 37, 67, 67, 1, 1, 1)),
    RECURRENT_CASE("gru, wide, no state", 3, RECURRENT_GRU, GRU_SHAPES(3, 5, 37, 37, 0, 0, 1)),
    RECURRENT_CASE("gru, long", 19, RECURRENT_GRU | RECURRENT_LENGTHS | RECURRENT_REVERSE,
                   GRU_SHAPES(19, 32, 64, 64, 1, 1, 1)),
};
enum { RECURRENT_CASE_COUNT = sizeof recurrent_cases / sizeof *recurrent_cases };

#endif
