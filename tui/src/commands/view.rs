//! The views, as tabs name and order them, each with the question that it answers.

/// The seven screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) enum View {
    /// where does it stick
    #[default]
    Graph,
    /// which partition, and is it getting worse
    Partitions,
    /// who is busy, who waits for whom
    Tasks,
    /// what fires next, what is stuck
    Windows,
    /// what did this node do to this record
    Tap,
    /// what changed when
    Log,
    /// is it us or Kafka
    Cluster,
}

impl View {
    /// All, in the order of their tabs.
    pub(crate) const ALL: [View; 7] =
        [View::Graph, View::Partitions, View::Tasks, View::Windows, View::Tap, View::Log, View::Cluster];

    /// What the tab says.
    pub(crate) fn name(self) -> &'static str {
        match self {
            View::Graph => "graph",
            View::Partitions => "partitions",
            View::Tasks => "tasks",
            View::Windows => "windows",
            View::Tap => "tap",
            View::Log => "log",
            View::Cluster => "cluster",
        }
    }

    /// Its place among the tabs.
    pub(crate) fn place(self) -> usize {
        View::ALL.iter().position(|view| *view == self).unwrap_or_default()
    }
}
