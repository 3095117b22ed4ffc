//! The engine: runs a plan. Tasks (a sub-topology on a lane) run on a fixed pool of threads, hand rows to each other
//! through bounded queues, and report what they still need; the smallest of that is committed. How Kafka is reached is
//! [`crate::kafka`]'s business, what a node does its operator's.
//!
//! - [`Run`]: start, stop, wait; [`RunHandle`]: watch, from wherever; `ending`, `supervise`, `commit`: how it ends, starts again, and what is safe
//! - `own_source`, `sinking`: sources and sinks of their own kind, which start again `alone`; `backoff`: after which waits
//! - `task`, `fanin`, `layout`: how rows go through a task
//! - `channel`, `bounded`, `reading`, `outlet`: how they come and go
//! - `stuck`: tasks that are in a call which does not come back
//! - `tap`, `queries`: a closer look at edges and stores
//! - `watch`, `snapshots`, `stamps`: what a run remembers and tells of itself
//! - `pool`, `cell`, `clock`, `meter`, `budget`: threads, what they run, time, counters, what may be read
//! - `workshop`, `lanes`: where tasks are made, `survey`: what they still need; `hub`, `membership`, `through`: where they meet Kafka

mod alone;
mod backoff;
mod blueprint;
mod bounded;
mod budget;
mod cell;
mod channel;
mod clock;
mod commit;
mod ending;
mod failures;
mod fanin;
mod handle;
mod hub;
mod ingest;
mod lanes;
mod layout;
mod membership;
mod meter;
mod options;
mod outlet;
mod own_source;
mod pool;
mod queries;
mod reading;
mod run;
mod sinking;
mod snapshots;
mod stamps;
mod stuck;
mod supervise;
mod survey;
mod tap;
mod task;
mod tee;
#[cfg(test)]
mod tests;
mod through;
mod watch;
mod workshop;

pub(crate) use cell::TaskCell;
pub(crate) use clock::{Clock, wall_ms};
pub use handle::RunHandle;
pub use hub::ClusterSettings;
pub use meter::stop_metering;
pub use options::{RunOptions, Until};
pub(crate) use outlet::Outlet;
pub use queries::{KeysAsked, StateQuery};
pub(crate) use reading::{Reading, Script};
pub use run::{EndedBy, Outcome, Run};
pub use tap::{Tap, TapOptions};
pub(crate) use task::{Pace, Step};
pub(crate) use workshop::{End, Ends, SlotOf, Workshop};
