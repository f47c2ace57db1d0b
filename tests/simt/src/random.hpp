// The executor's own random numbers: only their speed and that a seed repeats them matter.
#pragma once

#include <cstdint>
#include <utility>

namespace simt
{
class Random
{
  public:
    void seed(uint64_t value)
    {
        state_ = value;
    }
    uint64_t next() // SplitMix64
    {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    uint32_t below(uint32_t bound)
    {
        return static_cast<uint32_t>(((next() >> 32) * bound) >> 32);
    }
    template <class T> void shuffle(T *items, uint32_t count)
    {
        for (uint32_t i = count; i > 1; --i)
            std::swap(items[i - 1], items[below(i)]);
    }

  private:
    uint64_t state_ = 0;
};
} // namespace simt
