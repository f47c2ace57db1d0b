// __syncthreads: all threads of the block must come to the same call of it.
#include "block.hpp"
#include "runtime.hpp"

#include <cstring>

namespace simt
{
namespace
{
bool same_site(Site a, Site b)
{
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

void check_arrival(const Block &block, Site site)
{
    if (block.ended != 0)
        note_fault(cudaErrorLaunchTimeout, "divergent barrier: it waits in __syncthreads at " + to_string(site) +
                                               ", but " + thread_name(block.last_ended) + " has ended");
    if (!block.barrier.waiting.empty() && !same_site(block.barrier.site, site))
        note_fault(cudaErrorLaunchTimeout, "divergent barrier: it waits in __syncthreads at " + to_string(site) +
                                               ", but " + thread_name(block.barrier.waiting.front()->thread) +
                                               " waits in the one at " + to_string(block.barrier.site));
}

// All have come: they go on in a new random order.
void open_barrier(Block &block)
{
    Barrier &barrier = block.barrier;
    barrier.last_count = barrier.true_predicates;
    barrier.true_predicates = 0;
    block.ready.insert(block.ready.end(), barrier.waiting.begin(), barrier.waiting.end());
    barrier.waiting.clear();
    block.random.shuffle(block.ready.data(), static_cast<uint32_t>(block.ready.size()));
    ++runtime().counters.barriers;
}
} // namespace

int barrier(BarrierKind kind, int predicate, const char *file, int line)
{
    Block &block = current_block();
    const Site site{file, line};
    check_arrival(block, site);
    end_if_faulty();
    block.barrier.site = site;
    block.barrier.true_predicates += predicate != 0;
    block.barrier.waiting.push_back(block.running);
    if (block.barrier.waiting.size() == block.threads) open_barrier(block);
    suspend();
    const unsigned count = block.barrier.last_count;
    switch (kind) {
    case BarrierKind::count: return static_cast<int>(count);
    case BarrierKind::conjunction: return count == block.threads;
    case BarrierKind::disjunction: return count != 0;
    case BarrierKind::plain: break;
    }
    return 0;
}

void check_nobody_waits_for(unsigned thread)
{
    Block &block = current_block();
    if (!block.barrier.waiting.empty())
        note_fault(cudaErrorLaunchTimeout, "divergent barrier: it ended, but " +
                                               thread_name(block.barrier.waiting.front()->thread) +
                                               " waits in __syncthreads at " + to_string(block.barrier.site));
    const Warp &warp = block.warps[thread / 32];
    for (unsigned lane = 0; warp.waiting != 0 && lane < 32; ++lane)
        if ((warp.waiting >> lane & 1) != 0 && (warp.lanes[lane].mask >> thread % 32 & 1) != 0)
            note_fault(cudaErrorLaunchTimeout, "it ended, but lane " + std::to_string(lane) +
                                                   " of its warp waits for it at " + to_string(warp.lanes[lane].site));
}

void trap(const char *file, int line)
{
    note_fault(cudaErrorLaunchFailure, "__trap at " + to_string({file, line}));
    end_if_faulty();
    __builtin_unreachable();
}
} // namespace simt
