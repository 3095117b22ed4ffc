//! Types of config fields that pick their own editor: a field of type [`Topic`] is a topic picker, one of type [`ExprText`]
//! an expression editor. Each describes itself with `x-kind` in its JSON schema, which [`crate::form`] reads.
//! They hold what the file says; nothing here looks at a broker, a schema or a parameter.

mod entries;
mod measure;
mod rate;
mod secret;
mod text;

pub use entries::{Entries, ExprMap, Properties};
pub use measure::{ByteSize, DurationText, MeasureError};
pub use rate::{Moment, Rate};
pub use secret::Secret;
pub use text::{ColumnName, ExprText, PathText, RegexText, Time, Topic, Topics, topic_name_fault};
