/* Builds ONNX's protocol-buffer messages, with all their memory in one list, and packs them into a file. */
#include "export/graph.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vae/vae.h>

#include "core/file.h"
#include "onnx.pb-c.h"

/* IR version 8 is the one that came with operator set 17. */
enum { IR_VERSION = 8, OPERATOR_SET = 17, NAME_SIZE = 192 };

/* What protocol buffers allow a message, and so a file without external data. */
#define MAX_FILE_BYTES INT32_MAX

/* Messages point at each other all over; one list of all allocations frees them. */
typedef struct allocation {
    struct allocation *next;
    _Alignas(max_align_t) char content[];
} allocation;

struct vae_graph {
    Onnx__GraphProto proto;
    allocation *allocations;
    int64_t tensor_bytes;
};

static vae_status allocate(vae_graph *graph, size_t size, void *content)
{
    allocation *made = calloc(1, sizeof *made + size);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "ONNX graph: no memory for %zu bytes", size);
    made->next = graph->allocations;
    graph->allocations = made;
    void *start = made->content;
    memcpy(content, &start, sizeof start);
    return VAE_OK;
}

static vae_status copy_text(vae_graph *graph, const char *text, char **copy)
{
    const size_t size = strlen(text) + 1;
    VAE_TRY(allocate(graph, size, copy));
    memcpy(*copy, text, size);
    return VAE_OK;
}

/* Appends to a repeated field. What a doubled list leaves behind goes with the graph. */
static vae_status append(vae_graph *graph, void *message, void ***list, size_t *count)
{
    const size_t full = *count;
    if ((full & (full - 1)) == 0) {
        void **larger;
        VAE_TRY(allocate(graph, (full ? 2 * full : 1) * sizeof *larger, &larger));
        if (full) memcpy(larger, *list, full * sizeof *larger);
        *list = larger;
    }
    (*list)[(*count)++] = message;
    return VAE_OK;
}
#define APPEND(graph, message, parent, field) append(graph, message, (void ***)&(parent)->field, &(parent)->n_##field)

static vae_status copy_integers(vae_graph *graph, const int64_t *values, int32_t count, int64_t **copy)
{
    VAE_TRY(allocate(graph, (size_t)count * sizeof *values, copy));
    if (count > 0) memcpy(*copy, values, (size_t)count * sizeof *values); /* of a single number the sizes are NULL */
    return VAE_OK;
}

vae_status vae_graph_create(const char *name, vae_graph **graph)
{
    vae_graph *made = calloc(1, sizeof *made);
    *graph = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "ONNX graph: out of memory");
    onnx__graph_proto__init(&made->proto);
    const vae_status status = copy_text(made, name, &made->proto.name);
    if (status) {
        vae_graph_free(made);
        return status;
    }
    *graph = made;
    return VAE_OK;
}

void vae_graph_free(vae_graph *graph)
{
    if (!graph) return;
    for (allocation *at = graph->allocations; at;) {
        allocation *next = at->next;
        free(at);
        at = next;
    }
    free(graph);
}

/* ---- Inputs and outputs ---- */

static vae_status add_dimension(vae_graph *graph, Onnx__TensorShapeProto *shape,
                                Onnx__TensorShapeProto__Dimension **dim)
{
    VAE_TRY(allocate(graph, sizeof **dim, dim));
    onnx__tensor_shape_proto__dimension__init(*dim);
    return APPEND(graph, *dim, shape, dim);
}

static vae_status make_shape(vae_graph *graph, const int64_t *sizes, int32_t rank, Onnx__TensorShapeProto **shape)
{
    VAE_TRY(allocate(graph, sizeof **shape, shape));
    onnx__tensor_shape_proto__init(*shape);
    Onnx__TensorShapeProto__Dimension *dimension;
    VAE_TRY(add_dimension(graph, *shape, &dimension));
    dimension->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    VAE_TRY(copy_text(graph, "batch", &dimension->dim_param));
    for (int32_t i = 0; i < rank; ++i) {
        VAE_TRY(add_dimension(graph, *shape, &dimension));
        dimension->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        dimension->dim_value = sizes[i];
    }
    return VAE_OK;
}

static vae_status make_value(vae_graph *graph, const char *name, const int64_t *sizes, int32_t rank,
                             Onnx__ValueInfoProto **value)
{
    Onnx__TypeProto__Tensor *tensor;
    VAE_TRY(allocate(graph, sizeof **value, value));
    onnx__value_info_proto__init(*value);
    VAE_TRY(copy_text(graph, name, &(*value)->name));
    VAE_TRY(allocate(graph, sizeof *(*value)->type, &(*value)->type));
    onnx__type_proto__init((*value)->type);
    VAE_TRY(allocate(graph, sizeof *tensor, &tensor));
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = true;
    tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    (*value)->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    (*value)->type->tensor_type = tensor;
    return make_shape(graph, sizes, rank, &tensor->shape);
}

vae_status vae_graph_input(vae_graph *graph, const char *name, const int64_t *sizes, int32_t rank)
{
    Onnx__ValueInfoProto *value;
    VAE_TRY(make_value(graph, name, sizes, rank, &value));
    return APPEND(graph, value, &graph->proto, input);
}

vae_status vae_graph_output(vae_graph *graph, const char *name, const int64_t *sizes, int32_t rank)
{
    Onnx__ValueInfoProto *value;
    VAE_TRY(make_value(graph, name, sizes, rank, &value));
    return APPEND(graph, value, &graph->proto, output);
}

/* ---- Nodes ---- */

static vae_status add_attribute(vae_graph *graph, const vae_node_attribute *attribute, Onnx__NodeProto *node)
{
    Onnx__AttributeProto *made;
    VAE_TRY(allocate(graph, sizeof *made, &made));
    onnx__attribute_proto__init(made);
    VAE_TRY(copy_text(graph, attribute->name, &made->name));
    made->has_type = true;
    switch (attribute->type) {
    case VAE_ATTRIBUTE_NONE: break;
    case VAE_ATTRIBUTE_FLOAT:
        made->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        made->has_f = true;
        made->f = (float)attribute->real;
        break;
    case VAE_ATTRIBUTE_INT:
        made->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        made->has_i = true;
        made->i = attribute->integers[0];
        break;
    case VAE_ATTRIBUTE_INTS:
        made->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        made->n_ints = (size_t)attribute->count;
        VAE_TRY(copy_integers(graph, attribute->integers, attribute->count, &made->ints));
        break;
    case VAE_ATTRIBUTE_TEXT: {
        char *text;
        VAE_TRY(copy_text(graph, attribute->text, &text));
        made->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        made->has_s = true;
        made->s = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
        break;
    }
    }
    return APPEND(graph, made, node, attribute);
}

/* "encoder.0/Gemm", with the node's number behind it where the layer has another node of that type. */
static vae_status name_node(vae_graph *graph, const vae_node *node, char **name)
{
    char text[NAME_SIZE];
    snprintf(text, sizeof text, "%s/%s", node->name, node->type);
    for (size_t i = 0; i < graph->proto.n_node; ++i) {
        if (strcmp(graph->proto.node[i]->name, text) != 0) continue;
        snprintf(text, sizeof text, "%s/%s.%zu", node->name, node->type, graph->proto.n_node);
        break;
    }
    return copy_text(graph, text, name);
}

vae_status vae_graph_node(vae_graph *graph, const vae_node *node, const char **output)
{
    Onnx__NodeProto *made;
    char *name;
    VAE_TRY(allocate(graph, sizeof *made, &made));
    onnx__node_proto__init(made);
    VAE_TRY(name_node(graph, node, &made->name));
    VAE_TRY(copy_text(graph, node->type, &made->op_type));
    for (int i = 0; node->inputs[i]; ++i) {
        VAE_TRY(copy_text(graph, node->inputs[i], &name));
        VAE_TRY(APPEND(graph, name, made, input));
    }
    for (int i = 0; node->outputs[i]; ++i) {
        VAE_TRY(copy_text(graph, node->outputs[i], &name));
        VAE_TRY(APPEND(graph, name, made, output));
    }
    if (!node->outputs[0]) VAE_TRY(APPEND(graph, made->name, made, output));
    for (int i = 0; i < VAE_NODE_MAX_ATTRIBUTES && node->attributes[i].type; ++i)
        VAE_TRY(add_attribute(graph, &node->attributes[i], made));
    if (output) *output = made->output[0];
    return APPEND(graph, made, &graph->proto, node);
}

/* ---- Tensors ---- */

/* "encoder.0/number", with the tensor's number behind it where there is one of that name. */
static void name_tensor(const vae_graph *graph, const char *layer, const char *suffix, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "%s%s", layer, suffix);
    for (size_t i = 0; i < graph->proto.n_initializer; ++i) {
        if (strcmp(graph->proto.initializer[i]->name, text) != 0) continue;
        snprintf(text, NAME_SIZE, "%s%s.%zu", layer, suffix, graph->proto.n_initializer);
        return;
    }
}

/* Gives the data's place, `bytes` long, which the caller fills. */
static vae_status add_tensor(vae_graph *graph, const char *layer, const char *suffix, const int64_t *sizes,
                             int32_t rank, int64_t element_bytes, const char **name, Onnx__TensorProto **tensor)
{
    char text[NAME_SIZE];
    name_tensor(graph, layer, suffix, text);
    int64_t bytes = element_bytes;
    for (int32_t i = 0; i < rank && bytes <= MAX_FILE_BYTES; ++i)
        bytes *= sizes[i];
    graph->tensor_bytes += bytes;
    if (graph->tensor_bytes > MAX_FILE_BYTES) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "ONNX graph: with '%s' its weights take %" PRId64
                             " bytes or more, but an ONNX file can hold at most %d",
                             text, graph->tensor_bytes, MAX_FILE_BYTES);
    }
    VAE_TRY(allocate(graph, sizeof **tensor, tensor));
    onnx__tensor_proto__init(*tensor);
    VAE_TRY(copy_text(graph, text, &(*tensor)->name));
    (*tensor)->n_dims = (size_t)rank;
    VAE_TRY(copy_integers(graph, sizes, rank, &(*tensor)->dims));
    (*tensor)->has_data_type = (*tensor)->has_raw_data = true;
    (*tensor)->raw_data.len = (size_t)bytes;
    VAE_TRY(allocate(graph, (size_t)bytes, &(*tensor)->raw_data.data));
    *name = (*tensor)->name;
    return APPEND(graph, *tensor, &graph->proto, initializer);
}

vae_status vae_graph_reals(vae_graph *graph, const char *layer, const char *suffix, const int64_t *sizes, int32_t rank,
                           const char **name, float **values)
{
    Onnx__TensorProto *tensor;
    VAE_TRY(add_tensor(graph, layer, suffix, sizes, rank, sizeof **values, name, &tensor));
    tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    *values = (float *)(void *)tensor->raw_data.data;
    return VAE_OK;
}

vae_status vae_graph_integers(vae_graph *graph, const char *layer, const char *suffix, const int64_t *values,
                              int32_t count, const char **name)
{
    Onnx__TensorProto *tensor;
    const int64_t size = count;
    VAE_TRY(add_tensor(graph, layer, suffix, &size, 1, sizeof *values, name, &tensor));
    tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    memcpy(tensor->raw_data.data, values, (size_t)count * sizeof *values);
    return VAE_OK;
}

/* ---- Writing ---- */

static vae_status write_model(const Onnx__ModelProto *model, const char *path)
{
    const size_t size = onnx__model_proto__get_packed_size(model);
    if (size > MAX_FILE_BYTES) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: would have %zu bytes, but an ONNX file can hold at most %d", path,
                             size, MAX_FILE_BYTES);
    }
    uint8_t *data = malloc(size);
    if (!data) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its %zu bytes", path, size);
    onnx__model_proto__pack(model, data);
    const void *parts[] = {data};
    const vae_status status = vae_file_write_atomic(path, parts, &size, 1);
    free(data);
    return status;
}

vae_status vae_graph_write(vae_graph *graph, const vae_graph_description *description, const char *path)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    Onnx__OperatorSetIdProto *sets[] = {&set};
    char *doc_string;
    VAE_TRY(copy_text(graph, description->doc_string, &doc_string));
    set.domain = (char[]){""};
    set.has_version = true;
    set.version = OPERATOR_SET;
    model.has_ir_version = model.has_model_version = true;
    model.ir_version = IR_VERSION;
    model.model_version = description->model_version;
    model.producer_name = (char[]){"vae-cuda"};
    model.producer_version = (char[]){VAE_VERSION};
    model.doc_string = doc_string;
    model.n_opset_import = 1;
    model.opset_import = sets;
    model.graph = &graph->proto;
    return write_model(&model, path);
}
