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

/* rows sequences of `samples` steps; out: the vocabulary. */
static inline void build_sequence(op_program *p)
{
    const op_case *c = p->c;
    const int64_t count = c->rows * c->samples;
    vae_tensor prediction, ll;
    MUST(vae_layout_add(&p->layout, "output.weight", vae_shape_matrix(c->in, c->out), c->in, NULL));
    MUST(vae_layout_add(&p->layout, "output.bias", vae_shape_vector(c->out), c->in, NULL));
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", vae_shape_matrix(count, c->in), &p->input));
    MUST(vae_program_input(&p->program, "target", vae_shape_vector(count), &p->data));
    MUST(vae_program_input(&p->program, "lengths", vae_shape_vector(c->rows), &p->lengths));
    MUST(vae_program_dense(&p->program, "output", p->input, VAE_ACTIVATION_IDENTITY, true, &prediction));
    MUST(vae_program_token_likelihood(&p->program, "ll", prediction, p->data, p->lengths, &ll));
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    const vae_loss_term term = {ll, row_weight};
    MUST(vae_program_differentiate(&p->program, &term, 1));
    for (int32_t i = 0; i < p->program.op_count; ++i) {
        const vae_op *op = &p->program.ops[i];
        if (op->kind == VAE_OP_TOKEN_LIKELIHOOD) cr_assert_eq(op->outputs[1], prediction, "%s: not in place", c->name);
    }
}

#endif
