// Epilogues: what cuBLASLt does to a product on its way to memory.
#include "matmul.hpp"

#include "runtime.hpp"

#include <cmath>

namespace simt
{
namespace
{
constexpr float sqrt_2_over_pi = 0.7978845608f, cubic = 0.044715f;

float gelu(float x)
{
    return 0.5f * x * (1.0f + std::tanh(sqrt_2_over_pi * (x + cubic * x * x * x)));
}

float gelu_derivative(float x)
{
    const float t = std::tanh(sqrt_2_over_pi * (x + cubic * x * x * x));
    return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * sqrt_2_over_pi * (1.0f + 3.0f * cubic * x * x);
}

cudaDataType type_or(int32_t type, cudaDataType otherwise)
{
    return type == -1 ? otherwise : static_cast<cudaDataType>(type);
}

// A bit per element, column by column.
class Mask
{
  public:
    Mask(const MatmulDescription &description)
        : bytes_(static_cast<uint8_t *>(description.aux)), leading_(static_cast<size_t>(description.aux_leading))
    {
    }
    bool get(size_t row, size_t column) const
    {
        const size_t bit = column * leading_ + row;
        return (bytes_[bit / 8] >> bit % 8 & 1) != 0;
    }
    void set(size_t row, size_t column, bool value)
    {
        const size_t bit = column * leading_ + row;
        const auto one = static_cast<uint8_t>(1u << bit % 8);
        bytes_[bit / 8] = static_cast<uint8_t>(value ? bytes_[bit / 8] | one : bytes_[bit / 8] & ~one);
    }

  private:
    uint8_t *bytes_;
    size_t leading_;
};

// Of a relu's mask, where the documentation does not say.
bool bit_at_zero()
{
    Runtime &rt = runtime();
    return rt.injections.relu_mask_at_zero == 2 ? rt.random.below(2) == 1 : rt.injections.relu_mask_at_zero == 1;
}

float forward(const Matmul &mm, float x, size_t row, size_t column)
{
    const MatmulDescription &op = mm.description;
    const uint32_t e = op.epilogue;
    if ((e & epilogue_bias) != 0) x += load(op.bias, type_or(op.bias_type, mm.d_layout.type), row);
    if ((e & epilogue_relu) != 0) {
        if ((e & epilogue_aux) != 0) Mask(op).set(row, column, x == 0.0f ? bit_at_zero() : x > 0.0f);
        return x < 0.0f ? 0.0f : x; // a NaN stays one
    }
    if ((e & epilogue_gelu) != 0) {
        if ((e & epilogue_aux) != 0)
            store(op.aux, type_or(op.aux_type, mm.d_layout.type), column * static_cast<size_t>(op.aux_leading) + row,
                  x);
        return gelu(x);
    }
    return x;
}

float backward(const Matmul &mm, float gradient, size_t row, size_t column)
{
    const MatmulDescription &op = mm.description;
    if ((op.epilogue & epilogue_drelu) != 0) return Mask(op).get(row, column) ? gradient : 0.0f;
    const float x =
        load(op.aux, type_or(op.aux_type, mm.d_layout.type), column * static_cast<size_t>(op.aux_leading) + row);
    return gradient * gelu_derivative(x);
}

void store_bias_gradient(const Matmul &mm, size_t index, double sum)
{
    const MatmulDescription &op = mm.description;
    store(op.bias, type_or(op.bias_type, mm.d_layout.type), index, static_cast<float>(sum));
}

// BGRADA sums the rows of op(A), BGRADB the columns of op(B): both over k.
void sum_of_input(const Matmul &mm)
{
    const bool of_a = (mm.description.epilogue & epilogue_of_a) != 0;
    const MatrixLayout &layout = of_a ? mm.a_layout : mm.b_layout;
    const void *matrix = of_a ? mm.a : mm.b;
    const bool transposed = (of_a ? mm.description.transpose_a : mm.description.transpose_b) != CUBLAS_OP_N;
    const bool k_is_column = of_a != transposed;
    const size_t outputs = of_a ? mm.m() : mm.n();
    for (size_t i = 0; i < outputs; ++i) {
        double sum = 0.0;
        for (size_t l = 0; l < mm.k(); ++l) {
            const size_t row = k_is_column ? i : l, column = k_is_column ? l : i;
            sum += load(matrix, layout.type, column * static_cast<size_t>(layout.leading) + row);
        }
        store_bias_gradient(mm, i, sum);
    }
}
} // namespace

void apply_epilogue(const Matmul &mm, std::vector<float> *d)
{
    const uint32_t e = mm.description.epilogue;
    const bool is_backward = (e & (epilogue_drelu | epilogue_dgelu)) != 0;
    for (size_t column = 0; e != CUBLASLT_EPILOGUE_DEFAULT && column < mm.n(); ++column)
        for (size_t row = 0; row < mm.m(); ++row) {
            float &x = (*d)[column * mm.m() + row];
            x = is_backward ? backward(mm, x, row, column) : forward(mm, x, row, column);
        }
    if ((e & epilogue_bias_gradient) != 0)
        for (size_t row = 0; row < mm.m(); ++row) {
            double sum = 0.0;
            for (size_t column = 0; column < mm.n(); ++column)
                sum += (*d)[column * mm.m() + row];
            store_bias_gradient(mm, row, sum);
        }
    if ((e & (epilogue_of_a | epilogue_of_b)) != 0) sum_of_input(mm);
}
} // namespace simt
