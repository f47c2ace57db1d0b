/* Elementwise functions, one row each: all that is to be known of a function stands in its row, and every backend, the
 * ONNX export and the report's page make what they need of it. */
#ifndef VAE_PROGRAM_FUNCTION_H
#define VAE_PROGRAM_FUNCTION_H

#include <stdbool.h>

/* X(NAME, name, operands, value, gradient by a, gradient by b, ONNX)
 *
 * value      y of the operands a and b
 * gradient   ∂loss/∂a (or b) of d = ∂loss/∂y, a, b and y. Only what it names is kept for the backward pass, so a
 *            gradient told from y lets go of a. "d" alone costs nothing: the gradient is handed on. That of an
 *            activation names a or y, not both, as a layer keeps one of them
 * ONNX       nested nodes of operator set 17 with a, b and numbers for their inputs
 *
 * Values and gradients are expressions of C and of JavaScript alike, in the arithmetic of whoever expands them: double,
 * float or SIMD lanes of float. They may use the operators of both languages, whole numbers, REAL(0.5) for others, and
 * these primitives, which each backend defines:
 *   EXP LOG SQRT ABS          LOG takes any number: -∞ of 0, NaN of negative ones
 *   TANH SIGMOID              1 / (1 + e^-x)
 *   SOFTPLUS                  log(1 + e^x)
 *   EXPM1_NEGATIVE            e^x - 1 for x ≤ 0
 *   NORMAL_CDF                Φ(x)
 * All are stable wherever they are defined. An expression must not branch on more than it needs: both sides of ?: may
 * be computed. */

/* Functions of one operand that a layer can have as its activation: [model] activation = <name>. gelu is the exact
 * (erf) one; elu has alpha 1, leaky_relu slope 0.01. */
#define VAE_ACTIVATION_FUNCTIONS(X)                                                                                    \
    X(IDENTITY, identity, 1, a, d, 0, "a")                                                                             \
    X(RELU, relu, 1, a > 0 ? a : 0, d * (y > 0 ? 1 : 0), 0, "Relu(a)")                                                 \
    X(LEAKY_RELU, leaky_relu, 1, a > 0 ? a : REAL(0.01) * a, d * (y > 0 ? 1 : REAL(0.01)), 0, "LeakyRelu(a)")          \
    X(TANH, tanh, 1, TANH(a), d *(1 - y * y), 0, "Tanh(a)")                                                            \
    X(SIGMOID, sigmoid, 1, SIGMOID(a), d *(y * (1 - y)), 0, "Sigmoid(a)")                                              \
    X(ELU, elu, 1, a > 0 ? a : EXPM1_NEGATIVE(a < 0 ? a : 0), d * (y > 0 ? 1 : y + 1), 0, "Elu(a)")                    \
    X(GELU, gelu, 1, a *NORMAL_CDF(a), d *(NORMAL_CDF(a) + a * REAL(0.39894228040143268) * EXP(REAL(-0.5) * a * a)),   \
      0, "Mul(Mul(a, Add(Erf(Mul(a, 0.70710678118654752)), 1)), 0.5)")                                                 \
    X(SOFTPLUS, softplus, 1, SOFTPLUS(a), d * -EXPM1_NEGATIVE(-y), 0, "Softplus(a)")                                   \
    X(SILU, silu, 1, a *SIGMOID(a), d *(SIGMOID(a) * (1 + a * (1 - SIGMOID(a)))), 0, "Mul(a, Sigmoid(a))")

#define VAE_OTHER_FUNCTIONS(X)                                                                                         \
    X(ADD, add, 2, a + b, d, d, "Add(a, b)")                                                                           \
    X(SUBTRACT, subtract, 2, a - b, d, -d, "Sub(a, b)")                                                                \
    X(MULTIPLY, multiply, 2, a *b, d *b, d *a, "Mul(a, b)")                                                            \
    X(DIVIDE, divide, 2, a / b, d / b, -d * y / b, "Div(a, b)")                                                        \
    X(MAXIMUM, maximum, 2, a > b ? a : b, a > b ? d : 0, a > b ? 0 : d, "Max(a, b)")                                   \
    X(MINIMUM, minimum, 2, a < b ? a : b, a < b ? d : 0, a < b ? 0 : d, "Min(a, b)")                                   \
    X(NEGATE, negate, 1, -a, -d, 0, "Neg(a)")                                                                          \
    X(EXP, exp, 1, EXP(a), d *y, 0, "Exp(a)")                                                                          \
    X(LOG, log, 1, LOG(a), d / a, 0, "Log(a)")                                                                         \
    X(SQRT, sqrt, 1, SQRT(a), d / (2 * y), 0, "Sqrt(a)")                                                               \
    X(SQUARE, square, 1, a *a, 2 * d * a, 0, "Mul(a, a)")                                                              \
    X(ABS, abs, 1, ABS(a), a < 0 ? -d : (a > 0 ? d : 0), 0, "Abs(a)")                                                  \
    X(LOG_SIGMOID, log_sigmoid, 1, -SOFTPLUS(-a), d * -EXPM1_NEGATIVE(y), 0, "Neg(Softplus(Neg(a)))")

#define VAE_FUNCTION_MAP(X) VAE_ACTIVATION_FUNCTIONS(X) VAE_OTHER_FUNCTIONS(X)

typedef enum vae_function {
#define VAE_FUNCTION_ROW(NAME, ...) VAE_FUNCTION_##NAME,
    VAE_FUNCTION_MAP(VAE_FUNCTION_ROW)
#undef VAE_FUNCTION_ROW
        VAE_FUNCTION_COUNT
} vae_function;

/* The activations, by the numbers that they have as functions. */
typedef enum vae_activation {
#define VAE_ACTIVATION_ROW(NAME, ...) VAE_ACTIVATION_##NAME,
    VAE_ACTIVATION_FUNCTIONS(VAE_ACTIVATION_ROW)
#undef VAE_ACTIVATION_ROW
        VAE_ACTIVATION_COUNT
} vae_activation;

/* What a gradient names beside d, as bits. */
typedef enum vae_function_reads {
    VAE_READS_A = 1,
    VAE_READS_B = 2,
    VAE_READS_Y = 4,
} vae_function_reads;

typedef struct vae_function_info {
    const char *name;
    int operands;            /* 1 or 2 */
    const char *value;       /* the row's expressions, as text */
    const char *gradient[2]; /* by a, by b */
    const char *onnx;
} vae_function_info;

/* `function` must be below VAE_FUNCTION_COUNT. */
const vae_function_info *vae_function_info_of(vae_function function);
/* The vae_function_reads of the gradient by an operand, 0 for a and 1 for b. */
int vae_function_gradient_reads(vae_function function, int operand);
/* Whether that gradient is d itself. */
bool vae_function_hands_on(vae_function function, int operand);
/* Whether the gradient of an activation is told from the pre-activation, rather than from y. */
bool vae_activation_needs_input(vae_activation activation);
const char *vae_activation_name(vae_activation activation);

#endif
