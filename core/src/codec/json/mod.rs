//! JSON to columns and back. `mask` finds the quotes, `cursor`, `number` and `escape` know the grammar, `object`, `reader` and `node`
//! fill columns, `decode` takes bad records back; `encode` writes.

mod cursor;
mod decode;
mod encode;
mod escape;
mod mask;
mod node;
mod number;
mod object;
mod reader;
#[cfg(test)]
mod tests;

pub(super) use decode::{JsonDecoder, check};
pub(super) use encode::{Bound, Inner, JsonEncoder, Style, bind};
pub(super) use escape::write_text;

/// How the types stand in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// as other programs write them
    Plain,
    /// so that nothing is lost
    Exact,
}
