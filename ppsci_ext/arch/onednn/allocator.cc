// Memory of tensors on the CPU, so that the block of a freed tensor fits the next one of its size.
//
// Paddle aligns tensors to pages of 4096 bytes. The C library has to look for a page more than a
// tensor needs then, so that the hole that a tensor of the same size has left, between two others,
// is too small for it: training holds almost twice the memory of its tensors. Cache lines are all
// that the processor wants. A block that is asked for as the same size each time is found again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "paddle/phi/backends/context_pool.h"
#include "paddle/phi/core/memory/allocation/allocator.h"

namespace paddle::memory {
// of paddle/phi/core/memory/stats.h, which includes a header that Paddle doesn't come with
void HostMemoryStatUpdate(const std::string& name, int device, int64_t increment);
}  // namespace paddle::memory

namespace {

using paddle::memory::allocation::Allocation;
using paddle::memory::allocation::Allocator;
using paddle::memory::allocation::BadAlloc;

constexpr std::size_t kCacheLine = 64;

// What paddle.base.core.host_memory_stat_peak_value("Allocated", 0) is the highest value of.
void Count(int64_t increment) {
  paddle::memory::HostMemoryStatUpdate("Allocated", 0, increment);
}

class RefittingAllocator : public Allocator {
 public:
  bool IsAllocThreadSafe() const override { return true; }

 protected:
  phi::Allocation* AllocateImpl(std::size_t size) override {
    void* block = std::malloc(size + kCacheLine);
    if (block == nullptr) {
      PADDLE_THROW_BAD_ALLOC(common::errors::ResourceExhausted(
          "There is no memory for a tensor of %d bytes.", size));
    }
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(block);
    const std::uintptr_t aligned = start + kCacheLine - start % kCacheLine;
    Count(size);
    return new Allocation(reinterpret_cast<void*>(aligned), block, size, phi::CPUPlace());
  }

  void FreeImpl(phi::Allocation* allocation) override {
    Count(-static_cast<int64_t>(allocation->size()));
    std::free(static_cast<Allocation*>(allocation)->base_ptr());
    delete allocation;
  }
};

}  // namespace

// Let operators on the CPU take the memory of their results from here.
extern "C" void refit_memory() {
  // tensors that live as long as the process give their memory back at its end
  static RefittingAllocator* const allocator = new RefittingAllocator;
  phi::DeviceContextPool::Instance().Get(phi::CPUPlace())->SetAllocator(allocator);
}
