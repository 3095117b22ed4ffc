//! Which slots of a list are free. The lowest free one is taken first, so that what is held gathers at the front and
//! the back can be given up.

const BITS: usize = u64::BITS as usize;

/// Slots in use and free ones, as bits: a set bit of the first level is a free slot, one of a higher level a word below
/// with any.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    levels: Vec<Vec<u64>>,
    /// slots that exist
    length: usize,
    /// of them in use
    used: usize,
}

impl Slots {
    /// Slots that exist, in use or free; all are below this number.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Slots in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Takes the lowest free slot, or a new one behind all others.
    pub(crate) fn take(&mut self) -> usize {
        self.used += 1;
        match self.lowest() {
            Some(slot) => {
                self.unset(slot);
                slot
            }
            None => {
                self.length += 1;
                self.length - 1
            }
        }
    }

    /// Frees a slot; whether it was in use. Free slots at the end cease to exist.
    pub(crate) fn free(&mut self, slot: usize) -> bool {
        if slot >= self.length || self.is_free(slot) {
            return false;
        }
        self.used -= 1;
        self.set(slot);
        while self.length > 0 && self.is_free(self.length - 1) {
            self.length -= 1;
            self.unset(self.length);
        }
        true
    }

    fn is_free(&self, slot: usize) -> bool {
        let word = self.levels.first().and_then(|words| words.get(slot / BITS));
        word.is_some_and(|word| word & (1 << (slot % BITS)) != 0)
    }

    fn lowest(&self) -> Option<usize> {
        let mut at = 0;
        for words in self.levels.iter().rev() {
            let word = words.get(at).filter(|word| **word != 0)?;
            at = at * BITS + word.trailing_zeros() as usize;
        }
        (!self.levels.is_empty()).then_some(at)
    }

    fn set(&mut self, slot: usize) {
        let mut at = slot;
        for level in 0.. {
            if level == self.levels.len() {
                // A level above: what was the top word may have any free.
                let any = self.levels.last().is_some_and(|words| words.first().is_some_and(|word| *word != 0));
                self.levels.push(vec![u64::from(any)]);
            }
            let words = &mut self.levels[level];
            if words.len() <= at / BITS {
                words.resize(at / BITS + 1, 0);
            }
            words[at / BITS] |= 1 << (at % BITS);
            at /= BITS;
            if at == 0 && level + 1 == self.levels.len() {
                return;
            }
        }
    }

    fn unset(&mut self, slot: usize) {
        let mut at = slot;
        for words in &mut self.levels {
            let Some(word) = words.get_mut(at / BITS) else { return };
            *word &= !(1 << (at % BITS));
            if *word != 0 {
                return;
            }
            at /= BITS;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Take(usize),
        Free(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![(0usize..300).prop_map(Step::Take), (0usize..9000).prop_map(Step::Free)];
        prop::collection::vec(step, 0..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_is_a_set_that_gives_its_lowest(steps in steps()) {
            let (mut slots, mut free, mut length) = (Slots::default(), BTreeSet::new(), 0);
            for step in steps {
                match step {
                    Step::Take(count) => for _ in 0..count {
                        let lowest = free.pop_first().unwrap_or(length);
                        length = length.max(lowest + 1);
                        prop_assert_eq!(slots.take(), lowest);
                    },
                    Step::Free(slot) => prop_assert_eq!(slots.free(slot), slot < length && free.insert(slot)),
                }
                while length > 0 && free.remove(&(length - 1)) {
                    length -= 1;
                }
                prop_assert_eq!((slots.used(), slots.len()), (length - free.len(), length));
            }
        }
    }
}
