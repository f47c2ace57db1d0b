// Warp collectives: lanes leave their values and wait; the last to come computes what each gets.
#include "block.hpp"

#include <cstdio>

namespace simt
{
namespace
{
constexpr uint64_t undefined_value = ~uint64_t{0};

std::string hex(unsigned mask)
{
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", mask);
    return text;
}

void misuse(Site site, const std::string &what)
{
    note_fault(cudaErrorLaunchFailure, "warp collective at " + to_string(site) + ": " + what);
}

void check_mask(const Warp &warp, unsigned lane, unsigned mask, Site site)
{
    if ((mask >> lane & 1) == 0) misuse(site, "lane " + std::to_string(lane) + " is not in its own mask " + hex(mask));
    if ((mask & ~warp.existing) != 0)
        misuse(site,
               "mask " + hex(mask) + " names lanes that the block does not have (it has " + hex(warp.existing) + ")");
    if ((mask & warp.ended) != 0)
        misuse(site, "mask " + hex(mask) + " names lanes that have ended (" + hex(warp.ended) + ")");
}

// Two lanes that wait for each other must be in the same collective. One that this lane waits for may still be in
// another, with lanes of its own.
void check_agreement(const Warp &warp, unsigned lane)
{
    const Lane &mine = warp.lanes[lane];
    for (unsigned left = warp.waiting & mine.mask; left != 0; left &= left - 1) {
        const auto other = static_cast<unsigned>(__builtin_ctz(left));
        const Lane &theirs = warp.lanes[other];
        if ((theirs.mask >> lane & 1) == 0) continue;
        if (theirs.mask != mine.mask)
            misuse(mine.site, "lane " + std::to_string(other) + " waits at " + to_string(theirs.site) + " with mask " +
                                  hex(theirs.mask) + ", not " + hex(mine.mask));
        if (theirs.kind != mine.kind)
            misuse(mine.site,
                   "lane " + std::to_string(other) + " is in another collective, at " + to_string(theirs.site));
    }
}

bool all_have_come(const Warp &warp, unsigned mask)
{
    if ((warp.waiting & mask) != mask) return false;
    for (unsigned left = warp.uniform ? 0 : mask; left != 0; left &= left - 1)
        if (warp.lanes[__builtin_ctz(left)].mask != mask) return false;
    return true;
}

// Nearly always all lanes agree, which is cheap to see.
bool stays_uniform(Warp *warp, CollectiveKind kind, unsigned mask)
{
    if (warp->waiting == 0) {
        warp->uniform = true;
        warp->mask = mask;
        warp->kind = kind;
    }
    warp->uniform = warp->uniform && warp->mask == mask && warp->kind == kind;
    return warp->uniform;
}

uint64_t combine(CollectiveKind kind, uint64_t a, uint64_t b)
{
    const auto x = static_cast<int64_t>(a), y = static_cast<int64_t>(b);
    switch (kind) {
    case CollectiveKind::sum: return a + b;
    case CollectiveKind::smallest: return x < y ? a : b;
    case CollectiveKind::largest: return x > y ? a : b;
    case CollectiveKind::bit_and: return a & b;
    case CollectiveKind::bit_or: return a | b;
    default: return a ^ b;
    }
}

void compute_results(Warp &warp, CollectiveKind kind, unsigned mask)
{
    uint64_t common = 0;
    bool first = true;
    for (unsigned lane = 0; lane < 32; ++lane) {
        if ((mask >> lane & 1) == 0) continue;
        const uint64_t value = warp.lanes[lane].value;
        if (kind == CollectiveKind::ballot)
            common |= value << lane;
        else
            common = first ? value : combine(kind, common, value);
        first = false;
    }
    for (unsigned lane = 0; lane < 32; ++lane) {
        Lane &l = warp.lanes[lane];
        if ((mask >> lane & 1) == 0) continue;
        if (kind == CollectiveKind::shuffle)
            l.result = (mask >> l.source & 1) != 0 ? warp.lanes[l.source].value : undefined_value;
        else
            l.result = common;
    }
}

void release_lanes(Block &block, Warp &warp, unsigned mask, unsigned self)
{
    const size_t before = block.ready.size();
    for (unsigned lane = 0; lane < 32; ++lane)
        if (lane != self && (mask >> lane & 1) != 0) block.ready.push_back(warp.lanes[lane].fiber);
    block.random.shuffle(block.ready.data() + before, static_cast<uint32_t>(block.ready.size() - before));
    warp.waiting &= ~mask;
}
} // namespace

unsigned lane()
{
    return current_block().thread() % 32;
}

unsigned active_lanes()
{
    const Block &block = current_block();
    const Warp &warp = block.warps[block.thread() / 32];
    return warp.existing & ~warp.ended;
}

uint64_t collective(CollectiveKind kind, unsigned mask, uint64_t value, unsigned source, const char *file, int line)
{
    Block &block = current_block();
    Warp &warp = block.warps[block.thread() / 32];
    const unsigned self = block.thread() % 32;
    check_mask(warp, self, mask, {file, line});
    end_if_faulty();
    Lane &mine = warp.lanes[self];
    mine = {block.running, kind, mask, source % 32, value, 0, {file, line}};
    if (!stays_uniform(&warp, kind, mask)) check_agreement(warp, self);
    warp.waiting |= 1u << self;
    if (all_have_come(warp, mask)) {
        compute_results(warp, kind, mask);
        release_lanes(block, warp, mask, self);
    } else {
        suspend();
    }
    return mine.result;
}

std::string describe_waiting_lane(unsigned *thread)
{
    const Block &block = current_block();
    for (unsigned w = 0; w * 32 < block.threads; ++w) {
        const Warp &warp = block.warps[w];
        if (warp.waiting == 0) continue;
        const unsigned lane = static_cast<unsigned>(__builtin_ctz(warp.waiting));
        *thread = w * 32 + lane;
        return "a warp collective at " + to_string(warp.lanes[lane].site) + " for lanes " +
               hex(warp.lanes[lane].mask & ~warp.waiting);
    }
    return "";
}
} // namespace simt
