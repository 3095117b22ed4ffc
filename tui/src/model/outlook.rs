//! The cluster as it is seen from here: its last snapshot, whether it still answers, the past of its groups, and the group
//! that was opened, in the shape of a run, so that its partitions are shown as those of a run are.

use tidegate_core::snapshot::{ClusterSnapshot, ClusterWanted, GroupSnapshot, RunSnapshot, Snapshot};

use super::history::History;
use super::run::{Link, Watched};

/// A cluster, watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlook {
    /// the dashboard is of a cluster alone: nothing runs, and nothing is drawn
    pub(crate) is_alone: bool,
    pub(crate) link: Link,
    pub(crate) now: ClusterSnapshot,
    /// lags of groups
    pub(crate) history: History,
    /// the group whose partitions are shown
    pub(crate) opened: Option<Watched>,
    /// what was asked for last
    pub(crate) asked: Option<ClusterWanted>,
}

impl Outlook {
    /// There are figures to show.
    pub(crate) fn has_figures(&self) -> bool {
        self.now.at_ms != 0
    }

    /// Takes in what was seen.
    pub(crate) fn take(&mut self, mut seen: ClusterSnapshot) {
        let wanted = self.asked.as_ref().and_then(|asked| asked.cluster.as_ref());
        if wanted.is_some_and(|wanted| *wanted != seen.name) {
            // It is of the cluster that was looked at before.
            return;
        }
        self.link = Link::Live;
        self.history.take_groups(&seen);
        let told = seen.opened.take();
        if let (Some(opened), Some(told)) = (&mut self.opened, told)
            && opened.name == told.name
        {
            let run = RunSnapshot { application_id: told.name, ..RunSnapshot::default() };
            let (at_ms, partitions, past) = (seen.at_ms, told.partitions, told.past);
            opened.now = Snapshot { at_ms, run, partitions, past, ..Snapshot::default() };
            opened.history.take(&opened.now);
            opened.link = Link::Live;
        }
        self.now = seen;
    }

    /// Another cluster of the run is looked at from now on: nothing is known of it yet.
    pub(crate) fn turn(&mut self) {
        let clusters = std::mem::take(&mut self.now.clusters);
        self.now = ClusterSnapshot { clusters, ..ClusterSnapshot::default() };
        (self.link, self.history) = (Link::Starting, History::default());
    }

    /// Opens a group: its partitions are asked for from now on.
    pub(crate) fn open(&mut self, name: &str) {
        if self.opened.as_ref().is_none_or(|opened| opened.name != name) {
            self.opened = Some(Watched { name: name.to_string(), link: Link::Starting, ..Watched::default() });
        }
    }

    /// The worst of the groups that were looked at: by its verdict, then by how far behind it is.
    pub(crate) fn worst(&self) -> Option<&GroupSnapshot> {
        let rank = |group: &&GroupSnapshot| group.figures.as_ref().map(|figures| (figures.verdict, figures.lag));
        self.now.groups.iter().filter(|group| group.figures.is_some()).max_by_key(rank)
    }
}
