/* Networks become parameters and operations. */
#include <stdio.h>

#include "model/network.h"

static void join(char name[VAE_NAME_SIZE], const char *layer, const char *role)
{
    snprintf(name, VAE_NAME_SIZE, "%.40s.%s", layer, role);
}

static int64_t channels_of(const vae_shape *shape)
{
    return shape->size[shape->rank - 1];
}

/* ---- Parameters ---- */

/* The layer itself, or one of a residual layer's two. */
static vae_status declare_product(vae_layout *layout, const vae_network_layer *l, const char *name)
{
    const int64_t places = l->window.kernel * l->window.kernel;
    const int64_t in = channels_of(&l->input), out = channels_of(&l->output);
    const bool images = l->input.rank == 4;
    if (l->kind == VAE_LAYER_DECONV) {
        return vae_layout_add_layer(layout, name, vae_shape_matrix(in, places * out), out, places * out);
    }
    if (l->kind == VAE_LAYER_CONV || (l->kind == VAE_LAYER_RESIDUAL && images)) {
        return vae_layout_add_layer(layout, name, vae_shape_matrix(places * in, out), out, places * in);
    }
    const int64_t columns = vae_shape_columns(&l->input), width = vae_shape_columns(&l->output);
    return vae_layout_add_layer(layout, name, vae_shape_matrix(columns, width), width, columns);
}

static vae_status declare_norm(vae_layout *layout, const vae_network_layer *l, const char *layer)
{
    if (l->norm == VAE_NORM_NONE) return VAE_OK;
    char name[VAE_NAME_SIZE];
    const vae_shape shape = vae_shape_vector(channels_of(&l->output));
    join(name, layer, "norm.scale");
    VAE_TRY(vae_layout_add_filled(layout, name, shape, 1.0));
    join(name, layer, "norm.shift");
    return vae_layout_add_filled(layout, name, shape, 0.0);
}

static vae_status declare_part(vae_layout *layout, const vae_network_layer *l, const char *name)
{
    VAE_TRY(declare_product(layout, l, name));
    return declare_norm(layout, l, name);
}

static vae_status declare_statistics(vae_layout *layout, const vae_network_layer *l, const char *layer)
{
    if (l->norm != VAE_NORM_BATCH) return VAE_OK;
    char name[VAE_NAME_SIZE];
    const vae_shape shape = vae_shape_vector(channels_of(&l->output));
    join(name, layer, "norm.mean");
    VAE_TRY(vae_layout_add_statistic(layout, name, shape, 0.0));
    join(name, layer, "norm.variance");
    return vae_layout_add_statistic(layout, name, shape, 1.0);
}

/* Does `declare` for each set of weights that a layer has. */
typedef vae_status (*declare_function)(vae_layout *layout, const vae_network_layer *l, const char *name);

static vae_status for_each_part(const vae_network *network, vae_layout *layout, declare_function declare)
{
    for (int32_t i = 0; i < network->count; ++i) {
        const vae_network_layer *l = &network->layers[i];
        char name[VAE_NAME_SIZE];
        switch (l->kind) {
        case VAE_LAYER_RESIDUAL:
            join(name, l->name, "first");
            VAE_TRY(declare(layout, l, name));
            join(name, l->name, "second");
            VAE_TRY(declare(layout, l, name));
            break;
        case VAE_LAYER_UPSAMPLE:
        case VAE_LAYER_DROPOUT: break;
        default: VAE_TRY(declare(layout, l, l->name));
        }
    }
    return VAE_OK;
}

vae_status vae_network_declare(const vae_network *network, vae_layout *layout)
{
    return for_each_part(network, layout, declare_part);
}

vae_status vae_network_declare_statistics(const vae_network *network, vae_layout *layout)
{
    return for_each_part(network, layout, declare_statistics);
}

/* ---- Operations ---- */

/* Weights, then the norm where there is one, which takes the activation. */
static vae_status build_part(const vae_network_layer *l, const char *name, vae_program *program, vae_tensor x,
                             vae_activation activation, bool training, vae_tensor *y)
{
    const vae_activation fused = l->norm == VAE_NORM_NONE ? activation : VAE_ACTIVATION_IDENTITY;
    const bool images = l->input.rank == 4;
    if (l->kind == VAE_LAYER_DENSE || !images) {
        vae_shape output = l->output;
        output.size[0] = program->tensors[x].shape.size[0];
        VAE_TRY(vae_program_dense(program, name, x, fused, training, y));
        VAE_TRY(vae_program_view(program, *y, output));
    } else {
        VAE_TRY(vae_program_convolution(program, name, x, l->kind == VAE_LAYER_DECONV, l->window, fused, training, y));
    }
    char norm[VAE_NAME_SIZE];
    join(norm, name, "norm");
    if (l->norm == VAE_NORM_BATCH) return vae_program_batch_norm(program, norm, *y, activation, training, y);
    if (l->norm == VAE_NORM_LAYER) return vae_program_layer_norm(program, norm, *y, activation, training, y);
    return VAE_OK;
}

static vae_status build_residual(const vae_network_layer *l, vae_program *program, vae_tensor x, bool training,
                                 vae_tensor *y)
{
    char name[VAE_NAME_SIZE];
    vae_tensor hidden, change;
    join(name, l->name, "first");
    VAE_TRY(build_part(l, name, program, x, l->activation, training, &hidden));
    join(name, l->name, "second");
    VAE_TRY(build_part(l, name, program, hidden, VAE_ACTIVATION_IDENTITY, training, &change));
    return vae_program_add(program, l->name, x, change, y);
}

static vae_status build_layer(const vae_network_layer *l, vae_program *program, vae_tensor x, bool training,
                              vae_tensor *y)
{
    switch (l->kind) {
    case VAE_LAYER_UPSAMPLE: return vae_program_upsample(program, l->name, x, l->factor, y);
    case VAE_LAYER_RESIDUAL: return build_residual(l, program, x, training, y);
    case VAE_LAYER_DROPOUT:
        *y = x;
        return training ? vae_program_dropout(program, l->name, x, l->rate, l->noise, y) : VAE_OK;
    default: return build_part(l, l->name, program, x, l->activation, training, y);
    }
}

vae_status vae_network_build(const vae_network *network, vae_program *program, vae_tensor x, bool training,
                             vae_tensor *y)
{
    *y = x;
    for (int32_t i = 0; i < network->count; ++i)
        VAE_TRY(build_layer(&network->layers[i], program, *y, training, y));
    return VAE_OK;
}
