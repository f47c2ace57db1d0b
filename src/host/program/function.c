/* The table of elementwise functions as data: names, and what gradients read. */
#include "program/function.h"

#include <ctype.h>
#include <string.h>

const vae_function_info *vae_function_info_of(vae_function function)
{
    static const vae_function_info infos[VAE_FUNCTION_COUNT] = {
#define ROW(NAME, name_, operands_, value_, by_a, by_b, onnx_)                                                         \
    [VAE_FUNCTION_##NAME] = {#name_, operands_, #value_, {#by_a, #by_b}, onnx_},
        VAE_FUNCTION_MAP(ROW)
#undef ROW
    };
    return &infos[function];
}

/* Operands are the names of one letter, and no other name of an expression has one. */
int vae_function_gradient_reads(vae_function function, int operand)
{
    int reads = 0;
    const char *text = vae_function_info_of(function)->gradient[operand];
    while (*text) {
        size_t length = 0;
        while (isalnum((unsigned char)text[length]) || text[length] == '_')
            ++length;
        if (length == 1 && *text == 'a') reads |= VAE_READS_A;
        if (length == 1 && *text == 'b') reads |= VAE_READS_B;
        if (length == 1 && *text == 'y') reads |= VAE_READS_Y;
        text += length > 0 ? length : 1;
    }
    return reads;
}

bool vae_function_hands_on(vae_function function, int operand)
{
    return strcmp(vae_function_info_of(function)->gradient[operand], "d") == 0;
}

bool vae_activation_needs_input(vae_activation activation)
{
    return vae_function_gradient_reads((vae_function)activation, 0) & VAE_READS_A;
}

const char *vae_activation_name(vae_activation activation)
{
    return (unsigned)activation < VAE_ACTIVATION_COUNT ? vae_function_info_of((vae_function)activation)->name
                                                       : "unknown";
}
