/* Writes, for every case of tests/recurrent.h without layer norms or dropout, an ONNX model of the cell, its lengths
 * where it has some, and what the reference backend computes, for test_onnx_recurrent.py. Parameters of the case are in
 * the model. ONNX Runtime takes no empty sequences: those have a step here.
 * Usage: write_recurrent FOLDER */
#include <stdio.h>
#include <stdlib.h>

#include "core/npy.h"
#include "export/emit.h"
#include "expressions.h"

enum { MAX_PATH = 512 };

static vae_status write_array(const char *folder, const char *name, const char *array, const vae_shape *shape,
                              const double *values)
{
    const int64_t count = vae_shape_elements(shape);
    char path[MAX_PATH];
    float *floats = calloc((size_t)count, sizeof *floats);
    if (!floats) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < count; ++i)
        floats[i] = (float)values[i];
    snprintf(path, sizeof path, "%s/%s.%s.npy", folder, name, array);
    const vae_status status = vae_npy_write_float32(path, floats, shape->rank, shape->size);
    free(floats);
    return status;
}

/* Whatever the case has: a vector of lengths comes from outside. */
static vae_status write_lengths(const char *folder, const expression *e, const expression_program *p,
                                const expression_run *r, vae_emitter *emitter)
{
    const vae_tensor lengths = vae_program_find(&p->program, "lengths");
    if (lengths == VAE_NO_TENSOR) return VAE_OK;
    const vae_tensor_info *info = &p->program.tensors[lengths];
    double *values = calloc((size_t)info->elements, sizeof *values);
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    vae_status status = r->backend->tensor_read(r->executable, lengths, VAE_FLOAT64, values);
    for (int64_t i = 0; i < info->elements; ++i)
        values[i] = fmax(values[i], 1);
    if (!status) status = r->backend->tensor_write(r->executable, lengths, VAE_FLOAT64, values);
    if (!status) status = write_array(folder, e->name, "lengths", &info->shape, values);
    free(values);
    if (!status) status = vae_graph_input(emitter->graph, "lengths", NULL, 0);
    vae_emit_define(emitter, lengths, VAE_VIEW_ROWS, "lengths");
    return status;
}

static vae_status write_model(const char *folder, const expression *e, const expression_program *p,
                              vae_emitter *emitter)
{
    const vae_shape *shape = &p->program.tensors[p->value].shape;
    const vae_graph_description description = {.doc_string = e->name};
    const char *value;
    char path[MAX_PATH];
    VAE_TRY(vae_emit_program(emitter));
    VAE_TRY(vae_emit_use(emitter, p->value, VAE_VIEW_ROWS, &value));
    const vae_node node = {.type = "Identity", .name = "y", .inputs = {value}, .outputs = {"y"}};
    VAE_TRY(vae_graph_node(emitter->graph, &node, NULL));
    VAE_TRY(vae_graph_output(emitter->graph, "y", shape->size + 1, shape->rank - 1));
    snprintf(path, sizeof path, "%s/%s.onnx", folder, e->name);
    return vae_graph_write(emitter->graph, &description, path);
}

/* The case's forward program alone. */
static vae_status build(const expression *e, expression_program *p)
{
    vae_tensor parameters[EXPRESSION_PARAMETERS];
    *p = (expression_program){0};
    for (int i = 0; i < EXPRESSION_PARAMETERS; ++i) {
        char name[8];
        snprintf(name, sizeof name, "p%d", i);
        if (e->shapes[i].rank > 0) VAE_TRY(vae_layout_add(&p->layout, name, e->shapes[i], 1, NULL));
    }
    vae_program_init(&p->program, e->name, &p->layout);
    for (int i = 0; i < EXPRESSION_PARAMETERS; ++i) {
        char name[8];
        snprintf(name, sizeof name, "p%d", i);
        parameters[i] = VAE_NO_TENSOR;
        if (e->shapes[i].rank > 0) VAE_TRY(vae_program_parameter(&p->program, name, &parameters[i]));
    }
    p->value = e->build(&p->program, parameters, e->function);
    vae_program_mark_external(&p->program, p->value);
    return vae_program_plan(&p->program);
}

static vae_status write_case(const expression *e, const char *folder)
{
    expression_program p;
    expression_run r;
    vae_emitter emitter = {.program = &p.program, .dtype = VAE_FLOAT64};
    VAE_TRY(build(e, &p));
    open_expression(&vae_backend_reference, 1, e, &p, &r);
    emitter.parameters = r.parameters;
    emitter.values = calloc((size_t)p.program.tensor_count, sizeof *emitter.values);
    if (!emitter.values) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    VAE_TRY(vae_graph_create(e->name, &emitter.graph));
    VAE_TRY(write_lengths(folder, e, &p, &r, &emitter));
    VAE_TRY(r.backend->executable_run(r.executable, &op_step));
    double *value = expression_value(&p, &r);
    VAE_TRY(write_array(folder, e->name, "y", &p.program.tensors[p.value].shape, value));
    VAE_TRY(write_model(folder, e, &p, &emitter));
    free(value);
    free(emitter.values);
    vae_graph_free(emitter.graph);
    close_expression(&r);
    free_expression(&p);
    return VAE_OK;
}

/* Of h and of the last states by turns: ONNX has no sum of the two. */
static vae_status write_both(const expression *e, const char *folder)
{
    static const int ways[] = {RECURRENT_SEQUENCE, RECURRENT_LAST};
    static const char *const names[] = {"h", "last states"};
    for (int i = 0; i < 2; ++i) {
        char name[VAE_NAME_SIZE];
        expression part = *e;
        snprintf(name, sizeof name, "%s, %s", e->name, names[i]);
        part.name = name;
        part.function = (vae_function)(((int)e->function & ~(RECURRENT_SEQUENCE | RECURRENT_LAST)) | ways[i]);
        VAE_TRY(write_case(&part, folder));
    }
    return VAE_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: write_recurrent FOLDER\n");
        return 2;
    }
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i) {
        const expression *e = &recurrent_cases[i];
        const bool has_norms = e->shapes[RECURRENT_SCALE].rank > 0, is_wide = e->shapes[RECURRENT_W].size[0] > 8;
        if (has_norms || is_wide || (int)e->function & RECURRENT_DROPOUT) continue; /* a wide one scales its weight */
        if (!write_both(e, argv[1])) continue;
        fprintf(stderr, "%s: %s\n", e->name, vae_error_message());
        return 1;
    }
    return 0;
}
