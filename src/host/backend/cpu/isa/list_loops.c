/* Every elementwise function and its gradients, expanded as SIMD loops. */
#include "backend/cpu/isa/list_loops.h"

#include "backend/cpu/isa/primitives.h"

#define DEFINE_LOOP(name, expression)                                                                                  \
    static void name(const float *a_, const float *b_, const float *y_, const float *d_, float *result, int64_t count) \
    {                                                                                                                  \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float a = a_[i], b = b_[i], y = y_[i], d = d_[i];                                                    \
            (void)a, (void)b, (void)y, (void)d;                                                                        \
            result[i] = (expression);                                                                                  \
        }                                                                                                              \
    }
#define DEFINE_LOOPS_1(name, value, by_a, by_b)                                                                        \
    DEFINE_LOOP(value_##name, value)                                                                                   \
    DEFINE_LOOP(gradient_a_##name, by_a)
#define DEFINE_LOOPS_2(name, value, by_a, by_b)                                                                        \
    DEFINE_LOOPS_1(name, value, by_a, by_b)                                                                            \
    DEFINE_LOOP(gradient_b_##name, by_b)
#define DEFINE_LOOPS(NAME, name, operands, value, by_a, by_b, onnx) DEFINE_LOOPS_##operands(name, value, by_a, by_b)
VAE_FUNCTION_MAP(DEFINE_LOOPS)
#undef DEFINE_LOOPS

#define ROW_1(name) value_##name, gradient_a_##name
#define ROW_2(name) ROW_1(name), gradient_b_##name
#define ROW(NAME, name, operands, ...) [VAE_FUNCTION_##NAME] = {ROW_##operands(name)},
static const vae_list_loop loops[VAE_FUNCTION_COUNT][VAE_PART_GRADIENT_B + 1] = {VAE_FUNCTION_MAP(ROW)};
#undef ROW

vae_list_loop VAE_ISA_NAME(vae_cpu_list_loop)(const vae_instruction *instruction)
{
    return loops[instruction->function][instruction->part];
}
