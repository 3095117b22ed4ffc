//! Topics that clusters have, for whoever types the name of one. They are asked for in the background, by the thread that
//! looks at clusters, and again while somebody goes on typing; here stands what was told last, and why there is nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What was told of clusters, by their names in the drawing.
#[derive(Debug, Clone, Default)]
pub struct Topics(BTreeMap<String, Known>);

#[derive(Debug, Clone, Default)]
struct Known {
    names: Vec<String>,
    /// why it has not answered the last question
    silence: Option<String>,
    asked_ms: i64,
    is_waiting: bool,
}

/// How old an answer may be while somebody types.
const FRESH_MS: i64 = 10_000;

impl Topics {
    /// Whether a cluster is to be asked now; where it is, it counts as asked. `now_ms` is the wall clock.
    pub fn is_due(&mut self, cluster: &str, now_ms: i64) -> bool {
        match self.0.get_mut(cluster) {
            None => {
                let known = Known { asked_ms: now_ms, is_waiting: true, ..Known::default() };
                self.0.insert(cluster.to_string(), known);
            }
            Some(known) if known.is_waiting || now_ms - known.asked_ms < FRESH_MS => return false,
            Some(known) => (known.asked_ms, known.is_waiting) = (now_ms, true),
        }
        true
    }

    /// Takes in what a cluster has told, or why it has not. What was told before stays where it does not answer.
    pub fn take(&mut self, cluster: String, told: Result<Vec<String>, String>) {
        let known = self.0.entry(cluster).or_default();
        known.is_waiting = false;
        match told {
            Ok(names) => (known.names, known.silence) = (names, None),
            Err(why) => known.silence = Some(why),
        }
    }

    /// Names of a cluster's topics, as far as they are known.
    pub fn names(&self, cluster: &str) -> &[String] {
        self.0.get(cluster).map_or(&[], |known| &known.names)
    }

    /// Why names may be missing, as a sentence; none where they are all there.
    pub fn silence(&self, cluster: &str) -> Option<String> {
        let known = self.0.get(cluster)?;
        match (&known.silence, known.is_waiting) {
            (Some(why), _) => Some(format!("Cluster {cluster} does not tell its topics: {why}.")),
            (None, true) if known.names.is_empty() => Some(format!("Cluster {cluster} is asked for its topics.")),
            (None, _) => None,
        }
    }
}

/// The cluster that is meant where none is named.
pub const DEFAULT_CLUSTER: &str = "default";

/// The cluster whose topics the fields of a node's config name.
pub fn cluster_of(config: &Map<String, Value>) -> &str {
    config.get("cluster").and_then(Value::as_str).unwrap_or(DEFAULT_CLUSTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_asked_once_until_it_has_answered_and_again_after_a_while() {
        let mut topics = Topics::default();
        assert!(topics.is_due("default", 0) && topics.is_due("other", 0));
        assert!(!topics.is_due("default", 60_000), "it has not answered yet");
        assert_eq!(topics.silence("default").as_deref(), Some("Cluster default is asked for its topics."));
        topics.take("default".into(), Ok(vec!["orders".into()]));
        assert_eq!((topics.names("default"), topics.silence("default")), (&["orders".to_string()][..], None));
        assert!(topics.names("other").is_empty() && topics.names("third").is_empty());
        assert!(!topics.is_due("default", FRESH_MS - 1) && topics.is_due("default", FRESH_MS));
        assert_eq!(topics.silence("default"), None, "what was told before is still there");
        topics.take("default".into(), Err("no broker answers".into()));
        assert_eq!(topics.names("default"), ["orders"]);
        let why = topics.silence("default").unwrap();
        assert_eq!(why, "Cluster default does not tell its topics: no broker answers.");
        assert!(!topics.is_due("default", FRESH_MS + 1) && topics.is_due("default", 2 * FRESH_MS));
    }

    #[test]
    fn a_config_says_which_cluster() {
        for (config, expected) in [("{}", "default"), (r#"{"cluster": "b"}"#, "b"), (r#"{"cluster": 1}"#, "default")] {
            assert_eq!(cluster_of(&serde_json::from_str(config).unwrap()), expected, "{config}");
        }
    }
}
