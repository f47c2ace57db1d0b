/* Ops that take rows: of a table by their numbers, and whole steps of sequences. A program is exported for a batch of
 * one, so a row of a time-major matrix is a step there, and as many rows as the batch has in the graph. */
#include <inttypes.h>

#include "export/emit_ops.h"

static vae_status reshape(vae_emitter *emitter, const vae_op *op, const char *x, const int64_t *sizes, int32_t rank,
                          const char **y)
{
    const char *shape;
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/shape", sizes, rank, &shape));
    return vae_emit_simple(emitter, "Reshape", op->name, x, shape, y);
}

vae_status vae_emit_gather_rows(vae_emitter *emitter, const vae_op *op)
{
    enum { INT64 = 7 };
    const int64_t flat = -1;
    const char *table, *index, *y;
    VAE_TRY(vae_emit_use_matrix(emitter, op->inputs[0], &table));
    VAE_TRY(vae_emit_use(emitter, op->inputs[1], VAE_VIEW_ROWS, &index));
    VAE_TRY(reshape(emitter, op, index, &flat, 1, &index));
    const vae_node cast = {.type = "Cast",
                           .name = op->name,
                           .inputs = {index},
                           .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "to", .integers = {INT64}}}};
    VAE_TRY(vae_graph_node(emitter->graph, &cast, &index));
    VAE_TRY(vae_emit_simple(emitter, "Gather", op->name, table, index, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}

bool vae_emit_slices_rows(const vae_emitter *emitter, const vae_op *op)
{
    return op->attributes.slice.width > vae_shape_columns(&emitter->program->tensors[op->inputs[0]].shape);
}

vae_status vae_emit_slice_rows(vae_emitter *emitter, const vae_op *op)
{
    const vae_shape *shape = &emitter->program->tensors[op->inputs[0]].shape;
    const int64_t columns = vae_shape_columns(shape), begin = op->attributes.slice.begin / columns;
    const int64_t end = begin + op->attributes.slice.count / columns, axis = 0;
    const int64_t steps[] = {shape->size[0], -1, columns}, rows[] = {-1, columns};
    vae_node node = {.type = "Slice", .name = op->name};
    const char *y;
    if (emitter->program->batch_rows != 1 || shape->rank != 2) {
        char text[96];
        return vae_error_set(VAE_ERROR_ARGUMENT, "ONNX export: op '%s' takes rows of '%s' %s, which are no steps",
                             op->name, emitter->program->tensors[op->inputs[0]].name,
                             vae_shape_format(shape, text, sizeof text));
    }
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &node.inputs[0]));
    VAE_TRY(reshape(emitter, op, node.inputs[0], steps, 3, &node.inputs[0]));
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/begin", &begin, 1, &node.inputs[1]));
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/end", &end, 1, &node.inputs[2]));
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/axis", &axis, 1, &node.inputs[3]));
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    VAE_TRY(reshape(emitter, op, y, rows, 2, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}
