/* The cases of ops.h whose op is the likelihood of a sequence: its weight is that of the term of the loss, and its
 * gradient takes the place of the prediction. */
#ifndef VAE_TESTS_OPS_SEQUENCE_H
#define VAE_TESTS_OPS_SEQUENCE_H

/* Lengths of sequences of so many steps, in turn: all, none, one, an odd number. */
static inline double sequence_length(int64_t row, int64_t steps)
{
    const int64_t lengths[] = {steps, 0, 1, (steps - 1) | 1};
    return (double)(lengths[row % 4] < steps ? lengths[row % 4] : steps);
}

static inline bool is_sequence(const op_case *c)
{
    return c->family == FAMILY_TOKENS || c->family == FAMILY_STROKES;
}

/* Number i of the targets: an id, or one of a stroke, whose pen takes its states in turn. */
static inline double sequence_target(const op_case *c, int64_t i)
{
    const int64_t step = i / 5, number = i % 5;
    if (c->family == FAMILY_TOKENS) return (double)((i * i + i / 3) % c->out);
    return number < 2 ? test_normal(2, (uint64_t)i) : (step + step / 4) % 3 == number - 2;
}

static inline vae_status append_sequence(op_program *p, vae_tensor prediction, vae_tensor *ll)
{
    vae_program *program = &p->program;
    return p->c->family == FAMILY_TOKENS
               ? vae_program_token_likelihood(program, "ll", prediction, p->data, p->lengths, ll)
               : vae_program_stroke_likelihood(program, "ll", prediction, p->data, p->lengths, p->c->autoencoder, ll);
}

/* Rows of `samples` steps; out: the vocabulary, or components, for which `autoencoder` says that pens count over
 * padding. */
static inline void build_sequence(op_program *p)
{
    const op_case *c = p->c;
    const bool strokes = c->family == FAMILY_STROKES;
    const int64_t count = c->rows * c->samples, width = strokes ? 6 * c->out + 3 : c->out;
    vae_tensor prediction, ll;
    MUST(vae_layout_add(&p->layout, "output.weight", vae_shape_matrix(c->in, width), c->in, NULL));
    MUST(vae_layout_add(&p->layout, "output.bias", vae_shape_vector(width), c->in, NULL));
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", vae_shape_matrix(count, c->in), &p->input));
    MUST(vae_program_input(&p->program, "target", vae_shape_matrix(count, strokes ? 5 : 1), &p->data));
    MUST(vae_program_input(&p->program, "lengths", vae_shape_vector(c->rows), &p->lengths));
    MUST(vae_program_dense(&p->program, "output", p->input, VAE_ACTIVATION_IDENTITY, true, &prediction));
    MUST(append_sequence(p, prediction, &ll));
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    const vae_loss_term term = {ll, row_weight};
    MUST(vae_program_differentiate(&p->program, &term, 1));
    for (int32_t i = 0; i < p->program.op_count; ++i) {
        const vae_op *op = &p->program.ops[i];
        if (op->inputs[0] == prediction && op->inputs[2] == p->lengths)
            cr_assert_eq(op->outputs[1], prediction, "%s: not in place", c->name);
    }
}

#endif
