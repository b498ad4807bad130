//! The bytes of a stream that one side has produced and the other not yet confirmed.

/// A bounded buffer addressed by absolute stream offsets: what lies between [`Ring::start`] and [`Ring::end`] is kept.
///
/// The memory is taken when the first byte comes, and given back by [`Ring::shrink`]. An empty ring starts over at the
/// beginning of its memory, so a stream that is read as fast as it is written touches few pages.
#[derive(Debug)]
pub struct Ring {
    memory: Vec<u8>,
    capacity: usize,
    /// Where in `memory` the byte at `start` is.
    head: usize,
    start: u64,
    end: u64,
}

impl Ring {
    /// An empty ring for `capacity` bytes, at stream offset 0.
    ///
    /// # Panics
    ///
    /// When it could hold nothing.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring holds something");
        Self { memory: Vec::new(), capacity, head: 0, start: 0, end: 0 }
    }

    /// The offset of the oldest byte that is kept.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The offset of the next byte to come.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        // At most `capacity`, which is a usize.
        (self.end - self.start) as usize
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether no byte fits.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity
    }

    /// The free memory for the next bytes, up to the wrap: empty only when the ring is full.
    pub fn spare(&mut self) -> &mut [u8] {
        if self.memory.is_empty() {
            // Zeroed memory comes from the kernel page by page, when it is used.
            self.memory = vec![0; self.capacity];
        }
        if self.is_empty() {
            self.head = 0;
        }
        let length = self.len();
        let tail = (self.head + length) % self.capacity;
        let until = if length == self.capacity {
            tail
        } else if tail < self.head {
            self.head
        } else {
            self.capacity
        };
        &mut self.memory[tail..until]
    }

    /// Takes in the first `count` bytes of what [`Ring::spare`] returned.
    ///
    /// # Panics
    ///
    /// When there were fewer.
    pub fn filled(&mut self, count: usize) {
        assert!(count <= self.capacity - self.len(), "only free memory can be filled");
        self.end += count as u64;
    }

    /// The bytes from `offset` on, up to the wrap: empty only when `offset` is the end.
    ///
    /// # Panics
    ///
    /// Unless `offset` lies between [`Ring::start`] and [`Ring::end`].
    #[must_use]
    pub fn from(&self, offset: u64) -> &[u8] {
        assert!((self.start..=self.end).contains(&offset), "only what is kept can be read");
        let skip = (offset - self.start) as usize;
        let wanted = self.len() - skip;
        if wanted == 0 {
            return &[];
        }
        let position = (self.head + skip) % self.capacity;
        &self.memory[position..self.capacity.min(position + wanted)]
    }

    /// Forgets what lies below `offset`.
    ///
    /// # Panics
    ///
    /// Unless `offset` lies between [`Ring::start`] and [`Ring::end`].
    pub fn release(&mut self, offset: u64) {
        assert!((self.start..=self.end).contains(&offset), "only what is kept can be released");
        self.head = (self.head + (offset - self.start) as usize) % self.capacity;
        self.start = offset;
    }

    /// Gives the memory back when nothing is kept.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.memory = Vec::new();
            self.head = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::Ring;

    #[derive(Clone, Debug)]
    enum Step {
        Fill(usize),
        Release(usize),
        Shrink,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step =
            prop_oneof![(0..20_usize).prop_map(Step::Fill), (0..20_usize).prop_map(Step::Release), Just(Step::Shrink),];
        proptest::collection::vec(step, 0..200)
    }

    /// Everything from `offset` on, read in as many pieces as it takes.
    fn collect(ring: &Ring, mut offset: u64) -> Vec<u8> {
        let mut all = Vec::new();
        while offset < ring.end() {
            let piece = ring.from(offset);
            assert!(!piece.is_empty());
            all.extend_from_slice(piece);
            offset += piece.len() as u64;
        }
        all
    }

    proptest! {
        #[test]
        fn keeps_exactly_what_is_not_released(capacity in 1..40_usize, steps in steps()) {
            let mut ring = Ring::new(capacity);
            let mut model = VecDeque::new();
            let (mut start, mut next) = (0_u64, 0_u8);
            for step in steps {
                match step {
                    Step::Fill(wanted) => {
                        let spare = ring.spare();
                        prop_assert_eq!(spare.is_empty(), model.len() == capacity);
                        let count = wanted.min(spare.len());
                        for slot in &mut spare[..count] {
                            *slot = next;
                            model.push_back(next);
                            next = next.wrapping_add(1);
                        }
                        ring.filled(count);
                    }
                    Step::Release(wanted) => {
                        let count = wanted.min(model.len());
                        model.drain(..count);
                        start += count as u64;
                        ring.release(start);
                    }
                    Step::Shrink => ring.shrink(),
                }
                prop_assert_eq!(ring.start(), start);
                prop_assert_eq!(ring.len(), model.len());
                prop_assert_eq!(ring.is_full(), model.len() == capacity);
                for skip in [0, model.len() / 2, model.len()] {
                    let expected: Vec<u8> = model.iter().skip(skip).copied().collect();
                    prop_assert_eq!(collect(&ring, start + skip as u64), expected);
                }
            }
        }
    }

    #[test]
    fn offers_all_its_memory_when_empty() {
        let mut ring = Ring::new(8);
        assert_eq!(ring.spare().len(), 8);
        ring.filled(5);
        ring.release(5);
        assert_eq!(ring.spare().len(), 8);
    }

    #[test]
    #[should_panic(expected = "only what is kept can be read")]
    fn does_not_read_what_was_released() {
        let mut ring = Ring::new(8);
        ring.spare();
        ring.filled(4);
        ring.release(2);
        let _ = ring.from(1);
    }
}
