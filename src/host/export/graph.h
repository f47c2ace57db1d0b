/* An ONNX graph in the making: values are names, nodes are appended in the order in which they are computed.
 *
 * Names that are handed out belong to the graph. Every function may fail with VAE_ERROR_MEMORY; the graph then is still
 * to be freed. */
#ifndef VAE_EXPORT_GRAPH_H
#define VAE_EXPORT_GRAPH_H

#include <stdint.h>

#include "core/error.h"

enum { VAE_NODE_MAX_INPUTS = 7, VAE_NODE_MAX_OUTPUTS = 3, VAE_NODE_MAX_ATTRIBUTES = 8, VAE_ATTRIBUTE_MAX_INTS = 8 };

typedef struct vae_graph vae_graph;

typedef enum vae_attribute_type {
    VAE_ATTRIBUTE_NONE, /* ends a list */
    VAE_ATTRIBUTE_FLOAT,
    VAE_ATTRIBUTE_INT,
    VAE_ATTRIBUTE_INTS,
    VAE_ATTRIBUTE_TEXT,
} vae_attribute_type;

typedef struct vae_node_attribute {
    const char *name;
    vae_attribute_type type;
    int32_t count;
    double real;                              /* FLOAT; written as float32 */
    int64_t integers[VAE_ATTRIBUTE_MAX_INTS]; /* INT: the first; INTS: the first `count` */
    const char *text;
} vae_node_attribute;

/* What a node is made from; nothing of it is kept. */
typedef struct vae_node {
    const char *type;                                       /* ONNX's name of the operator, "Gemm" say */
    const char *name;                                       /* of the layer it is a part of */
    const char *inputs[VAE_NODE_MAX_INPUTS + 1];            /* up to the first NULL */
    const char *outputs[VAE_NODE_MAX_OUTPUTS + 1];          /* likewise; none: one output, named after layer and type */
    vae_node_attribute attributes[VAE_NODE_MAX_ATTRIBUTES]; /* up to the first of no type */
} vae_node;

/* What the file says about itself. */
typedef struct vae_graph_description {
    const char *doc_string;
    int64_t model_version;
} vae_graph_description;

vae_status vae_graph_create(const char *name, vae_graph **graph);
/* NULL is allowed. */
void vae_graph_free(vae_graph *graph);

/* Declares a float32 input or output of shape [batch, sizes…], batch being free. */
vae_status vae_graph_input(vae_graph *graph, const char *name, const int64_t *sizes, int32_t rank);
vae_status vae_graph_output(vae_graph *graph, const char *name, const int64_t *sizes, int32_t rank);

/* Appends a node and gives the name of its first output; `output` may be NULL. */
vae_status vae_graph_node(vae_graph *graph, const vae_node *node, const char **output);

/* Adds a float32 tensor "<layer><suffix>", with a number behind it where that name is taken, of sizes[rank], rank 0
 * being one number, and gives room for its numbers, which the caller fills. VAE_ERROR_SHAPE, with nothing allocated, if
 * all tensors together are more than a file can hold. */
vae_status vae_graph_reals(vae_graph *graph, const char *layer, const char *suffix, const int64_t *sizes, int32_t rank,
                           const char **name, float **values);
/* Adds a one-dimensional int64 tensor, named likewise. */
vae_status vae_graph_integers(vae_graph *graph, const char *layer, const char *suffix, const int64_t *values,
                              int32_t count, const char **name);

/* Writes the file; it appears at once or not at all. */
vae_status vae_graph_write(vae_graph *graph, const vae_graph_description *description, const char *path);

#endif
