/* The cases of ops.h whose op stands between layers. */
#ifndef VAE_TESTS_OPS_BLOCK_H
#define VAE_TESTS_OPS_BLOCK_H

static inline vae_shape block_shape(const op_case *c)
{
    return c->in > 0 ? vae_shape_images(c->rows, c->in, c->in + 1, c->out) : vae_shape_matrix(c->rows, c->out);
}

/* Parameters of a layer that keeps the shape of its input: dense for matrices, a norm for images. */
static inline void declare_first(op_program *p, const char *name)
{
    const vae_shape channels = vae_shape_vector(p->c->out), square = vae_shape_matrix(p->c->out, p->c->out);
    char text[2][VAE_NAME_SIZE];
    snprintf(text[0], VAE_NAME_SIZE, "%s.%s", name, p->c->in > 0 ? "scale" : "weight");
    snprintf(text[1], VAE_NAME_SIZE, "%s.%s", name, p->c->in > 0 ? "shift" : "bias");
    if (p->c->in > 0) {
        MUST(vae_layout_add_filled(&p->layout, text[0], channels, 1.0));
        MUST(vae_layout_add_filled(&p->layout, text[1], channels, 0.0));
    } else {
        MUST(vae_layout_add(&p->layout, text[0], square, p->c->out, NULL));
        MUST(vae_layout_add(&p->layout, text[1], channels, p->c->out, NULL));
    }
}

/* Its activation is not linear: a norm after a linear one has the same output whatever scale and shift come before. */
static inline void append_first(op_program *p, const char *name, vae_tensor x, vae_activation activation, vae_tensor *y)
{
    if (p->c->in > 0) {
        MUST(vae_program_layer_norm(&p->program, name, x, activation, true, y));
    } else {
        MUST(vae_program_dense(&p->program, name, x, activation, true, y));
    }
}

static inline void declare_block(op_program *p)
{
    const vae_shape channels = vae_shape_vector(p->c->out);
    declare_first(p, "first");
    declare_first(p, "second");
    declare_first(p, "third");
    MUST(vae_layout_add_filled(&p->layout, "norm.scale", channels, 1.0));
    MUST(vae_layout_add_filled(&p->layout, "norm.shift", channels, 0.0));
    MUST(vae_layout_add_statistic(&p->layout, "norm.mean", channels, 0.0));
    MUST(vae_layout_add_statistic(&p->layout, "norm.variance", channels, 1.0));
}

/* x is read three times, once by an op that changes its gradient in place. The gradient of the second sum comes from a
 * product and is handed down to a layer that a product could carry, but for the copy that is taken between. */
static inline void append_residual(op_program *p, vae_tensor x, vae_tensor *y)
{
    const vae_activation activation = p->c->activation;
    vae_tensor inner, sum, twice, activated;
    append_first(p, "second", x, activation, &inner);
    MUST(vae_program_add(&p->program, "sum", inner, x, &sum));
    MUST(vae_program_activate(&p->program, "activated", sum, activation, &activated));
    MUST(vae_program_add(&p->program, "again", activated, x, &twice));
    append_first(p, "third", twice, activation, &inner);
    MUST(vae_program_add(&p->program, "double", inner, inner, y));
}

static inline void append_tied(op_program *p, vae_tensor x, vae_tensor *y)
{
    vae_tensor again;
    append_first(p, "first", x, p->c->activation, &again);
    append_first(p, "first", again, p->c->activation, y);
}

static inline void append_block(op_program *p, vae_tensor x, vae_tensor *y)
{
    const op_case *c = p->c;
    vae_program *program = &p->program;
    switch (c->family) {
    case FAMILY_BATCH_NORM:
    case FAMILY_BATCH_NORM_RUNNING:
        MUST(vae_program_batch_norm(program, "norm", x, c->activation, c->family == FAMILY_BATCH_NORM, y));
        break;
    case FAMILY_LAYER_NORM: MUST(vae_program_layer_norm(program, "norm", x, c->activation, true, y)); break;
    case FAMILY_DROPOUT: MUST(vae_program_dropout(program, "dropout", x, 0.3, 2, y)); break;
    case FAMILY_UPSAMPLE: MUST(vae_program_upsample(program, "upsample", x, c->samples, y)); break;
    case FAMILY_TIED: append_tied(p, x, y); break;
    default: append_residual(p, x, y);
    }
}

static inline void build_block(op_program *p)
{
    const op_case *c = p->c;
    vae_tensor first, y, ll;
    declare_block(p);
    vae_program_init(&p->program, c->name, &p->layout);
    MUST(vae_program_input(&p->program, "x", block_shape(c), &p->input));
    const bool kinked = c->family == FAMILY_RESIDUAL && c->activation == VAE_ACTIVATION_RELU;
    append_first(p, "first", p->input, kinked ? VAE_ACTIVATION_RELU : VAE_ACTIVATION_TANH, &first);
    append_block(p, first, &y);
    vae_program_mark_external(&p->program, y);
    const vae_shape shape = p->program.tensors[y].shape;
    MUST(vae_program_input(&p->program, "target", shape, &p->data));
    MUST(vae_program_likelihood(&p->program, "ll", y, p->data, &unit_gaussian, true, &ll));
    vae_program_mark_external(&p->program, ll);
    p->outputs[0] = ll;
    p->outputs[1] = y;
    const vae_loss_term term = {ll, row_weight};
    if (c->family != FAMILY_BATCH_NORM_RUNNING) MUST(vae_program_differentiate(&p->program, &term, 1));
}

#endif
