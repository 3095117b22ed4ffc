//! The dashboard without a terminal: what is known, where a person is, what a message changes. A message goes in, wishes
//! come out; what reads keys, asks the run and writes files is somewhere else, and so tests need none of it.

pub(crate) mod filter;
pub(crate) mod form;
pub(crate) mod outlook;
pub(crate) mod place;
pub(crate) mod run;

use tidegate_core::faces::host::Opened;
use tidegate_core::faces::topics::Topics;
use tidegate_core::faces::watcher::News;
pub(crate) use tidegate_core::faces::{drawing, history};
use tidegate_core::pipeline::Pipeline;
use tidegate_core::pipeline::edit::Fragment;
use tidegate_core::snapshot::{ClusterSnapshot, ClusterWanted, Snapshot, StateSnapshot, TapSnapshot};

use crate::commands::View;
use crate::host::{Found, Opening};
use crate::keys::Key;
use crate::theme::Look;
use drawing::Drawing;
use outlook::Outlook;
use place::{Chosen, Place};
use run::{Link, Watched};

/// All that the dashboard knows.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) look: Look,
    /// columns and rows
    pub(crate) size: (usize, usize),
    /// wall clock, in milliseconds since 1970
    pub(crate) now_ms: i64,
    /// seconds east of UTC
    pub(crate) offset_s: i32,
    pub(crate) run: Watched,
    /// what was shown when the screen was held
    pub(crate) held: Option<Box<Watched>>,
    /// the cluster that it uses, or that is looked at alone
    pub(crate) outlook: Outlook,
    pub(crate) drawing: Drawing,
    pub(crate) tapped: Tapped,
    pub(crate) place: Place,
    /// the answer to the last command
    pub(crate) said: Option<String>,
    pub(crate) rights: Rights,
    /// what was copied
    pub(crate) clip: Fragment,
    /// what can be opened here; none where nobody has looked
    pub(crate) found: Option<Vec<Found>>,
    /// topics of the drawing's clusters
    pub(crate) topics: Topics,
}

pub(crate) use tidegate_core::faces::host::Rights;

/// Records at the two sides of a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tapped {
    /// the edges that were asked for
    pub(crate) asked: Vec<String>,
    /// by edge, what passed last
    pub(crate) edges: Vec<TapSnapshot>,
    /// why there is nothing
    pub(crate) silence: Option<String>,
}

/// News.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// a key was pressed
    Key(Key),
    /// something was pasted
    Pasted(String),
    /// the pointer did something
    Mouse(crate::update::Pointer),
    /// the screen has this size
    Size(usize, usize),
    /// it is so late
    Tick(i64),
    /// what the meters say
    News(Box<Snapshot>),
    /// the run does not answer
    Silence { why: String, at_ms: i64 },
    /// the run is over
    Over { how: String, last: Option<Box<Snapshot>> },
    /// a run has been started from this pipeline
    Started(Box<Pipeline>),
    /// records on edges
    Taps(Vec<TapSnapshot>),
    /// there are none, for this reason
    NoTaps(String),
    /// something else was opened
    Opened(Box<Opened>),
    /// what can be opened
    Found(Vec<Found>),
    /// what was seen of the cluster
    Cluster(Box<ClusterSnapshot>),
    /// the cluster does not answer
    ClusterSilence { why: String, at_ms: i64 },
    /// there is none
    NoCluster,
    /// which topics a cluster of the drawing has, or why that is not known
    Topics { cluster: String, found: Result<Vec<String>, String> },
    /// what a node keeps; of it a lane was asked for
    State { found: Box<StateSnapshot>, lane: u32 },
    /// the answer to a wish
    Said(String),
    /// the file was written
    Saved { pipeline: Box<Pipeline>, to: String },
}

impl From<News> for Message {
    fn from(news: News) -> Message {
        match news {
            News::Figures(snapshot) => Message::News(snapshot),
            News::Silence { why, at_ms } => Message::Silence { why, at_ms },
            News::Over { how, last, .. } => Message::Over { how, last },
            News::Started(pipeline) => Message::Started(pipeline),
            News::Taps(taps) => Message::Taps(taps),
            News::NoTaps(why) => Message::NoTaps(why),
            News::Cluster(seen) => Message::Cluster(seen),
            News::ClusterSilence { why, at_ms } => Message::ClusterSilence { why, at_ms },
            News::NoCluster => Message::NoCluster,
            News::Topics { cluster, found } => Message::Topics { cluster, found },
            News::State { found, lane } => Message::State { found, lane },
            News::Said(text) => Message::Said(text),
            News::Opened(opened) => Message::Opened(opened),
            News::Found(found) => Message::Found(found),
            News::Saved { pipeline, to } => Message::Saved { pipeline, to },
        }
    }
}

/// What is asked of the outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wish {
    /// the end
    Quit,
    /// all cells anew
    DrawAgain,
    /// run this
    Run(Box<Pipeline>),
    /// sources rest
    Pause,
    /// sources go on
    Resume,
    /// the run ends
    Stop,
    /// write the pipeline to its file, or to this one
    Save { pipeline: Box<Pipeline>, path: Option<String> },
    /// look at records on these edges, and at no others
    Tap(Vec<String>),
    /// look at this of the cluster, and at nothing else
    Look(Option<ClusterWanted>),
    /// which topics this cluster of the drawing has
    Topics { pipeline: Box<Pipeline>, cluster: String },
    /// onto the terminal's clipboard
    Copy(String),
    /// what a node keeps on a lane
    State { node: String, lane: u32 },
    /// this in place of what is shown
    Open(Opening),
    /// what can be opened
    Find,
}

/// Records of an edge that are kept to look at.
const MOST_ROWS: usize = 200;

impl Tapped {
    /// Puts records behind those that are there.
    pub(crate) fn take(&mut self, tap: TapSnapshot) {
        match self.edges.iter_mut().find(|known| known.edge == tap.edge) {
            Some(known) => {
                known.seen += tap.seen;
                known.rows.extend(tap.rows);
                let old = known.rows.len().saturating_sub(MOST_ROWS);
                known.rows.drain(..old);
            }
            None => self.edges.push(tap),
        }
    }
}

impl Model {
    /// A dashboard on a pipeline.
    pub(crate) fn new(name: String, drawing: Drawing, rights: Rights, look: Look) -> Model {
        let run = Watched { name, ..Watched::default() };
        let mut model = Model {
            look,
            size: (80, 24),
            now_ms: 0,
            offset_s: 0,
            run,
            held: None,
            outlook: Outlook::default(),
            drawing,
            tapped: Tapped::default(),
            place: Place::default(),
            said: None,
            rights,
            clip: Fragment::default(),
            found: None,
            topics: Topics::default(),
        };
        model.place.graph.chosen = model.first_node().map(Chosen::Node);
        model
    }

    /// Something else in place of what is shown.
    pub(crate) fn open(&mut self, opened: Opened) {
        let Opened { name, pipeline, path, operators, check, rights, starts: _, is_of_cluster } = opened;
        let drawing = Drawing::new(pipeline, path, operators, check);
        let next = Model::new(name, drawing, rights, self.look);
        let (size, now_ms, offset_s) = (self.size, self.now_ms, self.offset_s);
        let (clip, found) = (std::mem::take(&mut self.clip), self.found.take());
        // What was asked of a cluster is asked until something else is.
        let asked = self.outlook.asked.take();
        *self = Model { size, now_ms, offset_s, clip, found, ..next };
        self.outlook.asked = asked;
        if is_of_cluster {
            self.is_of_cluster();
        }
    }

    /// A cluster is looked at alone.
    pub(crate) fn is_of_cluster(&mut self) {
        self.outlook.is_alone = true;
        self.place.view = View::Cluster;
    }

    /// The run as it is shown: held, or as it is now.
    pub(crate) fn shown(&self) -> &Watched {
        self.held.as_deref().unwrap_or(&self.run)
    }

    /// What the view of partitions is of: the group that was opened, else the run.
    pub(crate) fn read(&self) -> &Watched {
        self.outlook.opened.as_ref().unwrap_or_else(|| self.shown())
    }

    /// What is on the screen comes from the cluster.
    pub(crate) fn is_on_cluster(&self) -> bool {
        match self.place.view {
            View::Cluster => true,
            View::Partitions => self.outlook.opened.is_some(),
            _ => false,
        }
    }

    /// The views that there are: of a cluster alone two.
    pub(crate) fn views(&self) -> &'static [View] {
        if self.outlook.is_alone { &[View::Partitions, View::Cluster] } else { &View::ALL }
    }

    /// How old the figures are, in milliseconds; none where there are none.
    pub(crate) fn age_ms(&self) -> Option<i64> {
        if self.is_on_cluster() {
            let seen = &self.outlook;
            return seen.has_figures().then(|| (self.now_ms - seen.now.at_ms).max(0));
        }
        self.run.has_figures().then(|| (self.now_ms - self.shown().now.at_ms).max(0))
    }

    /// The figures are not those of now.
    pub(crate) fn is_old(&self) -> bool {
        let link = if self.is_on_cluster() { &self.outlook.link } else { &self.shown().link };
        matches!(link, Link::Silent { .. } | Link::Over { .. })
    }

    /// Ids of the nodes as they are drawn, in flow order.
    pub(crate) fn flow(&self) -> Vec<String> {
        let pipeline = &self.drawing.pipeline;
        pipeline.order().into_iter().filter_map(|place| Some(pipeline.nodes.get(place)?.id.clone())).collect()
    }

    pub(crate) fn first_node(&self) -> Option<String> {
        self.flow().into_iter().next()
    }

    /// The node that the selection of the open view is about.
    pub(crate) fn chosen_node(&self) -> Option<String> {
        match (self.place.view, &self.place.graph.chosen) {
            (View::Graph, Some(Chosen::Node(id))) => Some(id.clone()),
            (View::Graph, _) => None,
            (view, _) => crate::views::node_of_row(self, view),
        }
    }

    /// The node that a view is about: that which was chosen for it, else the first that fits.
    pub(crate) fn subject(&self, view: View) -> Option<String> {
        let chosen = self.place.lists[view.place()].subject.clone();
        let fitting = crate::views::subjects(self, view);
        chosen.filter(|id| fitting.contains(id)).or_else(|| fitting.into_iter().next())
    }
}
