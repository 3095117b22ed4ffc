//! An i128 in two words, so that what holds one is no larger and no further aligned than its words.

/// 128 bits, as an i128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wide([u64; 2]);

impl Wide {
    /// The number.
    pub(super) fn get(self) -> i128 {
        (i128::from(self.0[1] as i64) << 64) | i128::from(self.0[0])
    }
}

impl From<Wide> for i128 {
    fn from(wide: Wide) -> i128 {
        wide.get()
    }
}

impl From<i128> for Wide {
    fn from(number: i128) -> Wide {
        Wide([number as u64, (number >> 64) as u64])
    }
}
