/* Elementwise functions as nodes, from the text in their rows of program/function.h: nested calls of ONNX operators,
 * whose innermost inputs are the operands a and b and numbers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "export/emit.h"

typedef struct parser {
    vae_emitter *emitter;
    const char *layer;
    const char *operands[2]; /* the values of a and b */
    const char *text;        /* the whole expression, for messages */
    const char *at;
} parser;

static vae_status fail(const parser *p)
{
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: its function cannot be exported: ONNX expression '%s' at '%s'",
                         p->layer, p->text, p->at);
}

static bool take(parser *p, char wanted)
{
    while (*p->at == ' ')
        ++p->at;
    if (*p->at != wanted) return false;
    ++p->at;
    return true;
}

static vae_status parse_number(parser *p, const char **value)
{
    char *end;
    const double number = strtod(p->at, &end);
    if (end == p->at) return fail(p);
    p->at = end;
    return vae_emit_scalar(p->emitter, p->layer, "/number", number, value);
}

static vae_status parse(parser *p, const char **value);

static vae_status parse_call(parser *p, size_t length, const char **value)
{
    char type[32];
    if (length >= sizeof type) return fail(p);
    memcpy(type, p->at, length);
    type[length] = '\0';
    p->at += length;
    vae_node node = {.type = type, .name = p->layer};
    int count = 0;
    if (!take(p, '(')) return fail(p);
    do {
        if (count == VAE_NODE_MAX_INPUTS) return fail(p);
        VAE_TRY(parse(p, &node.inputs[count++]));
    } while (take(p, ','));
    if (!take(p, ')')) return fail(p);
    return vae_graph_node(p->emitter->graph, &node, value);
}

static vae_status parse(parser *p, const char **value)
{
    while (*p->at == ' ')
        ++p->at;
    if (!isalpha((unsigned char)*p->at)) return parse_number(p, value);
    size_t length = 0;
    while (isalnum((unsigned char)p->at[length]))
        ++length;
    if (length > 1) return parse_call(p, length, value);
    const int operand = *p->at - 'a';
    if (operand < 0 || operand > 1 || !p->operands[operand]) return fail(p);
    *value = p->operands[operand];
    ++p->at;
    return VAE_OK;
}

vae_status vae_emit_function(vae_emitter *emitter, const char *layer, vae_function function, const char *a,
                             const char *b, const char **y)
{
    const char *text = vae_function_info_of(function)->onnx;
    parser p = {emitter, layer, {a, b}, text, text};
    VAE_TRY(parse(&p, y));
    return *p.at == '\0' ? VAE_OK : fail(&p);
}
