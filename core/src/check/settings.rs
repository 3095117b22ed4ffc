//! Settings and clusters.

use super::{Check, CheckedCluster, CheckedEdge, CheckedNode, RunSettings};
use crate::fields::{DurationText, Entries, Properties, Secret};
use crate::operators::{Scope, Spread};
use crate::pipeline::{Guarantee, Scale, is_application_id};
use crate::problem::{Fix, Place, Problem, Remedy, meant_or};

const COMMIT_INTERVAL: DurationText = DurationText::from_ms(1_000);

impl Check<'_> {
    pub(super) fn settings(&mut self) -> RunSettings {
        let settings = &self.pipeline.settings;
        let (values, problems) = (&self.values, &mut self.problems);
        let place = |name: &str| Place::field(format!("settings.{name}"));
        let id_place = if settings.application_id.is_some() { place("application_id") } else { Place::field("name") };
        let application_id = values.fill(self.pipeline.application_id(), &id_place, problems);
        if !is_application_id(&application_id) {
            let message =
                format!("`{application_id}` cannot be an application id: 1 to 63 letters, digits, `.`, `_`, `-`");
            problems.push(Problem::error(id_place, message).remedy("set settings.application_id"));
        }
        let commit = place("commit_interval");
        let commit_interval =
            values.settle(settings.commit_interval.as_ref(), &commit, problems).unwrap_or(COMMIT_INTERVAL);
        if commit_interval.to_ms() == 0 {
            let remedy = Remedy::from("write at least 1ms").by(Fix::Write(COMMIT_INTERVAL.to_string()));
            problems.push(Problem::error(commit, "offsets cannot be committed every 0s").remedy(remedy));
        }
        let threads = values.settle(settings.threads.as_ref(), &place("threads"), problems);
        if threads == Some(0) {
            let problem = Problem::error(place("threads"), "at least one thread is needed");
            problems.push(problem.remedy("write 1 or more, or leave it away for one per core"));
        }
        RunSettings {
            application_id,
            guarantee: values.settle(settings.guarantee.as_ref(), &place("guarantee"), problems).unwrap_or_default(),
            commit_interval_ms: commit_interval.to_ms(),
            scale: values.settle(settings.scale.as_ref(), &place("scale"), problems).unwrap_or_default(),
            max_task_idle_ms: values
                .settle(settings.max_task_idle.as_ref(), &place("max_task_idle"), problems)
                .unwrap_or_default()
                .to_ms(),
            threads,
        }
    }

    pub(super) fn clusters(&mut self) -> Vec<CheckedCluster> {
        let pipeline = self.pipeline;
        let mut clusters = Vec::with_capacity(pipeline.clusters.0.len());
        for (name, cluster) in pipeline.clusters.iter() {
            let place = Place::field(format!("clusters.{name}.brokers"));
            let brokers = cluster.brokers.as_deref().map(|text| self.values.fill(text, &place, &mut self.problems));
            if brokers.as_deref().is_some_and(|brokers| brokers.trim().is_empty()) {
                let problem = Problem::error(place, "there is no address");
                self.problems.push(problem.remedy("write `host:port`, or `embedded`"));
            }
            for (property, value) in cluster.properties.iter() {
                self.property(&format!("clusters.{name}.properties.{property}"), property, value);
            }
            let secret = |(name, value): (&str, &String)| (name.to_string(), Secret::new(value.as_str()));
            let properties = Properties(cluster.properties.iter().map(secret).collect::<Entries<Secret>>());
            clusters.push(CheckedCluster { name: name.into(), brokers, properties });
        }
        clusters
    }

    fn property(&mut self, path: &str, property: &str, value: &str) {
        let place = Place::field(path);
        if let Some((_, why)) = self.options.owned_properties.iter().find(|(owned, _)| *owned == property) {
            let problem = Problem::error(place.clone(), format!("`{property}` is set by Tidegate itself: {why}"));
            self.problems.push(problem.remedy(Remedy::from("take it away").by(Fix::Remove)));
        }
        self.problems.extend(self.values.names_problems(value, &place, true));
        if is_secret_property(property) && !value.contains("${") {
            let problem =
                Problem::warning(place, format!("the value of `{property}` stands in the file, where others read it"));
            self.problems.push(problem.remedy("declare a secret parameter and write ${NAME}"));
        }
    }

    /// Reports a name of a cluster that is not declared. `default` need not be: the command line may give its address.
    pub(super) fn cluster_name(&mut self, name: &str, place: Place) {
        let known = || self.pipeline.clusters.names();
        if name == "default" || known().any(|known| known == name) {
            return;
        }
        let remedy = meant_or(name, known(), "declare it under `clusters`");
        self.problems.push(Problem::error(place, format!("unknown cluster `{name}`")).remedy(remedy));
    }

    /// What the settings ask for and this program does not do yet.
    pub(super) fn not_built(&mut self, settings: &RunSettings, nodes: &[CheckedNode], edges: &[CheckedEdge]) {
        if settings.guarantee == Guarantee::ExactlyOnce {
            let place = Place::field("settings.guarantee");
            let remedy = Remedy::from("write \"at-least-once\"").by(Fix::Write("at-least-once".into()));
            self.problems.push(Problem::error(place, "exactly-once is not built yet").remedy(remedy));
        }
        let active = || nodes.iter().zip(&self.pipeline.nodes).filter(|(node, _)| node.is_active);
        let has_state = |node: &CheckedNode| node.operator.is_some_and(|operator| operator.scope == Scope::Key);
        let stateful: Vec<&str> =
            active().filter(|(node, _)| has_state(node)).map(|(_, drawn)| drawn.id.as_str()).collect();
        let mut found = Vec::new();
        if settings.scale == Scale::Group {
            for (place, (node, drawn)) in
                nodes.iter().zip(&self.pipeline.nodes).enumerate().filter(|(_, (node, _))| node.is_active)
            {
                let spread = spread_of(place, node, edges);
                let what = match spread {
                    _ if has_state(node) => "keeps state",
                    Some(Spread::Key) => "brings the records of a key together",
                    Some(Spread::Broadcast) => "reads the same records on every lane",
                    Some(Spread::Lane) | None => continue,
                };
                let message = format!("`{}` {what}, and a group of processes cannot do that yet", drawn.id);
                let single = Fix::Setting { name: "scale".into(), word: "single".into() };
                let remedy = Remedy::from("write \"scale\": \"single\" in the settings").by(single);
                found.push(Problem::error(Place::node(&drawn.id), message).remedy(remedy));
            }
        }
        if let Some(first) = stateful.first().filter(|_| active().any(|(node, _)| reads_topics(node))) {
            let message = format!(
                "{} {} state that does not survive a run yet: no offsets are committed, each run reads again from `start`",
                stateful.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "),
                if stateful.len() == 1 { "keeps" } else { "keep" },
            );
            let remedy = "nothing to do while `start` is earliest: state is rebuilt from what is read again";
            found.push(Problem::note(Place::node(*first), message).remedy(remedy));
        }
        self.problems.extend(found);
    }
}

/// How records come to a node's connected ports, where not all of them on their lane.
fn spread_of(place: usize, node: &CheckedNode, edges: &[CheckedEdge]) -> Option<Spread> {
    let ports = node.ports.as_ref()?;
    let is_connected = |port| edges.iter().any(|edge| edge.is_active && edge.to == Some((place, port)));
    let spreads =
        ports.inputs.iter().enumerate().filter(|(port, _)| is_connected(*port)).map(|(_, input)| input.spread);
    spreads.into_iter().find(|spread| *spread != Spread::Lane)
}

fn reads_topics(node: &CheckedNode) -> bool {
    node.shape.as_ref().is_some_and(|shape| matches!(shape.touches(), crate::operators::Touches::Reads(_)))
}

/// librdkafka's properties that hold what must not be seen.
fn is_secret_property(name: &str) -> bool {
    name.contains("password") || name.contains("secret") || name.ends_with("key.pem")
}
