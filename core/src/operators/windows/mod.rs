//! What the window operators and `aggregate` share: options, ports, columns, and the flow that folds records. Which
//! windows there are is said by [`crate::window`], what is folded by [`crate::aggregate`].

mod flow;
mod folding;
mod state;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::flow::Running;
use super::*;
use crate::fields::{DurationText, ExprMap};
use crate::problem::Severity;
use crate::window::{Emit, Kind};

/// The columns of a result that tell its window.
const BOUNDS: [&str; 2] = ["window_start", "window_end"];

/// What a late record has beside its own columns.
const LATE: [&str; 4] = ["_window_start", "_window_end", "_stream_time", "_reason"];

/// What becomes of open windows when no record will come any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AtEnd {
    /// they close, and give their results
    #[default]
    Close,
    /// they give nothing
    Keep,
}

/// Fields of the windows that time closes.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Timed {
    /// How long a window stays open behind its end for records that come late, in stream time.
    #[serde(default)]
    pub(super) grace: DurationText,
    /// After so long without a record, stream time moves on with the wall clock, so that windows close. Results that come
    /// that way have the header `tidegate.idle`.
    #[serde(default)]
    idle_after: Option<DurationText>,
    #[serde(flatten)]
    results: Results,
}

/// Fields of all windows.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Results {
    /// Columns of the result, and the aggregates that fill them: `count(*)`, `sum(price) FILTER (WHERE side = 'buy')`.
    #[schemars(extend("x-example" = r#"{"total": "sum(price * qty)"}"#))]
    aggregates: ExprMap,
    /// When results are given.
    #[serde(default)]
    emit: Emit,
    /// With `on-update`: at most one result per key and window in so much stream time, and the last one when it closes.
    #[serde(default)]
    every: Option<DurationText>,
    /// Whether the result has the columns `window_start` and `window_end`.
    #[serde(default = "yes")]
    window_columns: bool,
    /// What becomes of open windows when no record will come any more.
    #[serde(default)]
    at_end: AtEnd,
}

fn yes() -> bool {
    true
}

/// The config of an operator that folds.
pub(super) trait Folds: Send + Sync + std::fmt::Debug + 'static {
    /// Windows and their measures. Whatever was checked holds.
    fn kind(&self) -> Kind;

    /// The aggregates.
    fn aggregates(&self) -> &ExprMap;

    /// What is wrong with the measures.
    fn check(&self, report: &mut Report) {
        let _ = report;
    }

    /// Grace and the like, where time closes windows.
    fn timed(&self) -> Option<&Timed> {
        None
    }

    /// How results are given, where there are windows.
    fn results(&self) -> Option<&Results> {
        self.timed().map(|timed| &timed.results)
    }

    /// Whether a tombstone is folded as a row of nulls, as the reference does in most windows.
    fn folds_tombstones(&self) -> bool {
        true
    }
}

/// A node that folds.
#[derive(Debug)]
pub(super) struct Folding<C>(C);

/// Reads the config of an operator that folds.
pub(super) fn configure<C: Folds + serde::de::DeserializeOwned>(config: Value) -> Result<Box<dyn Shape>, ConfigError> {
    Ok(Box::new(Folding(ConfigError::read::<C>(config)?)))
}

/// Milliseconds; a duration that is longer than time is, is as long as that.
pub(super) fn millis(duration: DurationText) -> i64 {
    i64::try_from(duration.to_ms()).unwrap_or(i64::MAX)
}

/// A duration that may not be nothing.
pub(super) fn check_positive(report: &mut Report, field: &str, duration: DurationText) {
    if duration.to_ms() == 0 {
        report.error(field, "it is 0", "give a duration, such as 1m");
    }
}

impl Timed {
    pub(super) fn aggregates(&self) -> &ExprMap {
        &self.results.aggregates
    }

    pub(super) fn grace_ms(&self) -> i64 {
        millis(self.grace)
    }
}

impl Results {
    pub(super) fn aggregates(&self) -> &ExprMap {
        &self.aggregates
    }

    fn check(&self, report: &mut Report) {
        if let Some(every) = self.every {
            check_positive(report, "every", every);
            if self.emit == Emit::OnClose {
                report.error("every", "a window that gives one result has nothing to hold back", "take it away");
            }
        }
        if self.window_columns {
            for name in BOUNDS.iter().filter(|name| self.aggregates.get(name).is_some()) {
                let remedy = "give the aggregate another name, or set window_columns to false";
                report.error(&format!("aggregates.{name}"), "the window has a column of this name", remedy);
            }
        }
    }
}

impl<C: Folds> Folding<C> {
    fn has_bounds(&self) -> bool {
        self.0.results().is_some_and(|results| results.window_columns)
    }
}

impl<C: Folds> Shape for Folding<C> {
    fn ports(&self) -> Ports {
        let input = InputPort::any("in").only(Carries::Records).by_key();
        let outputs: &[&str] = if self.0.timed().is_some() { &["out", "late"] } else { &["out"] };
        Ports { inputs: vec![input], ..Ports::flow(outputs.iter().copied()).failing() }
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        self.0.check(report);
        if let Some(results) = self.0.results() {
            results.check(report);
        }
        if self.0.timed().and_then(|timed| timed.idle_after).is_some_and(|after| after.to_ms() == 0) {
            report.error("idle_after", "it is 0", "give a duration, such as 1m, or take it away");
        }
        if self.0.aggregates().is_empty() {
            report.error("aggregates", "no aggregates", "name at least one: {\"count\": \"count(*)\"}");
        }
        self.0.aggregates().names().for_each(|name| report.check_column(&format!("aggregates.{name}"), name));
        let ports = 1 + usize::from(self.0.timed().is_some());
        let [Some(input)] = inputs else { return vec![None; ports] };
        if input.windowed && !input.gaps.key {
            let remedy = "put a `key-by` in front: it gives records keys without a window";
            report.push(Severity::Error, Some("in"), "the keys have a window already", remedy);
        }
        let aggregates = report.compile_aggregates("aggregates", self.0.aggregates(), input);
        let aggregates = aggregates.as_ref().map_or(&[][..], |aggregates| aggregates.columns());
        // Those that time does not close have numbers for bounds.
        let bound = if self.0.timed().is_some() { Type::Timestamp } else { Type::Int64 };
        let gaps = Gaps { columns: aggregates.len() < self.0.aggregates().0.len(), key: input.gaps.key };
        let bounds = BOUNDS.iter().filter(|_| self.has_bounds()).map(|name| Column::required(*name, bound.clone()));
        let columns = bounds.chain(aggregates.iter().cloned()).collect();
        let out = Stream {
            schema: Arc::new(Schema::new(columns)),
            carries: Carries::Changes,
            windowed: self.0.results().is_some(),
            key: input.key,
            gaps,
        };
        match self.0.timed() {
            Some(_) => vec![Some(out), Some(late_stream(input))],
            None => vec![Some(out)],
        }
    }

    fn needs(&self, _: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        let mut needs = Wanted::union(&wanted[1.min(wanted.len())..]);
        let Some(input) = inputs.first() else { return needs };
        needs.columns.retain(|column| input.schema.find(column).is_some());
        let quiet = &mut Report::default();
        let aggregates = quiet.compile_aggregates("", self.0.aggregates(), input);
        needs.columns.extend(aggregates.into_iter().flat_map(|aggregates| aggregates.reads()));
        needs
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let running = Running::new(&self.0, site)?;
        Ok(Body::Flow(Box::new(running)))
    }
}

/// The stream of a port `late`: the records that came too late, and for which window.
fn late_stream(input: &Stream) -> Stream {
    let data = |name: &&str| if *name == "_reason" { Type::Text } else { Type::Timestamp };
    let known = input.schema.columns.iter().filter(|column| !LATE.contains(&column.name.as_str())).cloned();
    let columns = known.chain(LATE.iter().map(|name| Column::required(*name, data(name)))).collect();
    Stream { schema: Arc::new(Schema::new(columns)), carries: Carries::Records, windowed: false, ..input.clone() }
}
