#include "base/team.h"

#include <sched.h>

#include "base/check.h"
#include "base/thread_pool.h"

namespace senvec {
namespace {

constexpr int kItemBits = 20;
constexpr uint64_t kItemMask = (uint64_t{1} << kItemBits) - 1;

uint64_t MakeTicket(uint64_t step, uint64_t n) { return step << (2 * kItemBits) | n << kItemBits; }
uint64_t TicketSize(uint64_t ticket) { return ticket >> kItemBits & kItemMask; }
uint64_t TicketNext(uint64_t ticket) { return ticket & kItemMask; }

// Spins politely; gives the core away now and then, in case the one waited for has none.
class Spinner {
 public:
  void Pause() {
    if (++rounds_ % kRoundsToYield == 0) {
      sched_yield();
      return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

 private:
  static constexpr int kRoundsToYield = 1024;
  int rounds_ = 0;
};

}  // namespace

void Team::Run(ThreadPool& pool, absl::FunctionRef<void(Team&)> lead) {
  const int threads = pool.num_threads();
  if (threads == 1) {
    Team alone;
    lead(alone);
    return;
  }
  Team team(threads);
  // Whoever takes item 0 leads; a thread that comes late finds the work ended.
  pool.ParallelFor(static_cast<size_t>(threads), [&](size_t slot) {
    if (slot != 0) {
      team.Help(slot);
      return;
    }
    lead(team);
    team.ended_.store(true, std::memory_order_release);
  });
}

void Team::Help(size_t slot) {
  Spinner spinner;
  while (!ended_.load(std::memory_order_acquire)) {
    TakeItems(slot);
    spinner.Pause();
  }
}

void Team::TakeItems(size_t slot) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (TicketNext(ticket) < TicketSize(ticket)) {
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acquire)) continue;
    // The leader does not go on before this item is finished, so that body_ is this step's.
    (*body_)(TicketNext(ticket), slot);
    finished_.fetch_add(1, std::memory_order_release);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void Team::For(size_t n, absl::FunctionRef<void(size_t, size_t)> body) {
  SENVEC_CHECK(n <= kMaxItems);
  if (slots_ == 1 || n == 1) {
    for (size_t i = 0; i < n; ++i) body(i, 0);
    return;
  }
  if (n == 0) return;
  body_ = &body;
  finished_.store(0, std::memory_order_relaxed);
  // The step's number keeps a late helper from taking an item of a step that has ended; it may wrap.
  ticket_.store(MakeTicket(++step_, n), std::memory_order_release);
  TakeItems(0);
  Spinner spinner;
  while (finished_.load(std::memory_order_acquire) != n) spinner.Pause();
}

}  // namespace senvec
