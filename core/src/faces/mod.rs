//! What both faces, the editor and the dashboard, work with: a pipeline being drawn, a run being watched, configs as rows to
//! fill in, figures as text. It draws nothing.
//!
//! - [`drawing`]: a pipeline that is changed through edits, undone and checked
//! - [`host`]: what a face asks of the world, as traits
//! - [`watcher`]: the thread that asks the run, so that no frame waits for it
//! - [`lookout`]: the thread that looks at a cluster
//! - [`watched`]: the run that is looked at; [`history`]: its figures of the last minutes
//! - [`topics`]: topics of clusters, as values to choose from
//! - [`keeper`]: the thread that writes what is kept; [`drafts`]: what is not saved, in case of a crash; [`recent`]: files that
//!   were opened lately; [`storage`]: where all that is kept
//! - [`changes`]: what differs between two drawings, line by line
//! - [`building`]: what a person builds, as edits, and which ports fit
//! - [`document`]: parameters and clusters, as edits
//! - [`marks`]: groups and notes of the canvas, as edits
//! - [`rows`]: the fields of a form, to fill in; [`complete`]: what fits where somebody types into one
//! - [`subject`]: what of a pipeline is filled in by a form, and the edits that do it
//! - [`glance`]: a config in one line
//! - [`numbers`]: figures as text

pub mod building;
pub mod changes;
pub mod complete;
pub mod document;
pub mod drafts;
pub mod drawing;
pub mod glance;
pub mod history;
pub mod host;
pub mod keeper;
pub mod lookout;
pub mod marks;
pub mod numbers;
pub mod recent;
pub mod rows;
pub mod storage;
pub mod subject;
pub mod topics;
pub mod watched;
pub mod watcher;
