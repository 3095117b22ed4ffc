//! News of the run, of files and of clusters, taken in by the editor.

use std::path::Path;

use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::host::{Opened, Opening};
use tidegate_core::faces::subject::Subject;
use tidegate_core::faces::topics::Topics;
use tidegate_core::faces::watched::{Link, Watched};
use tidegate_core::faces::watcher::{Ask, News};
use tidegate_core::pipeline::Pipeline;

use super::Editor;
use crate::acts::Chosen;
use crate::desk::Wanted;
use crate::disk::Disk;
use crate::panels::inspector::InspectorSeen;
use crate::panels::toasts::Toast;

impl Editor {
    /// Takes in what has been told since the last frame.
    pub(crate) fn hear(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            self.take(news);
        }
    }

    /// Takes in a piece of news.
    pub(crate) fn take(&mut self, news: News) {
        match news {
            News::Figures(snapshot) => {
                self.run.history.take(&snapshot);
                self.seen.bottom.late_marks.take(&snapshot);
                self.run.now = *snapshot;
                self.run.link = Link::Live;
                self.has_figures = true;
            }
            News::Silence { why, at_ms } => {
                let link = std::mem::take(&mut self.run.link);
                self.run.link = link.silent(why, at_ms);
                // Nodes look otherwise then.
                self.has_figures = true;
            }
            News::Over { how, field, last } => {
                let lacks = field.and_then(|field| Subject::of_field(&self.drawing.pipeline, &field));
                if let Some((part, _)) = lacks {
                    self.choose(Chosen::part(part));
                }
                if let Some(last) = last {
                    self.run.now = *last;
                }
                self.run.link = Link::Over { how };
                self.is_stale = true;
            }
            News::Started(pipeline) => {
                self.drawing.running = *pipeline;
                self.otherwise = None;
                self.run = Watched { name: std::mem::take(&mut self.run.name), ..Watched::default() };
                self.run.link = Link::Starting;
                self.is_stale = true;
                self.seen.bottom.forget();
            }
            News::Taps(taps) if !self.seen.bottom.is_held => {
                self.seen.bottom.no_taps = None;
                for tap in taps {
                    let held = &mut self.seen.bottom.taps;
                    match held.iter_mut().find(|known| known.edge == tap.edge) {
                        // Nothing has passed since: what was shown stays.
                        Some(_) if tap.rows.is_empty() => {}
                        Some(known) => *known = tap,
                        None => held.push(tap),
                    }
                }
            }
            News::Taps(_) => {}
            News::State { found, .. } => self.seen.bottom.state = Some(*found),
            News::NoTaps(why) => self.seen.bottom.no_taps = Some(why),
            // No panel shows the cluster, so nobody looks at it.
            News::Cluster(_) | News::ClusterSilence { .. } | News::NoCluster => {}
            News::Topics { cluster, found } => self.topics.take(cluster, found),
            News::Opened(opened) => self.open(*opened),
            News::Found(found) => self.found = found,
            News::Said(words) => self.is_told(words),
            News::Saved { pipeline, to } => self.saved(*pipeline, &to),
        }
    }

    /// Takes in a sentence, which may be the answer to what was begun.
    fn is_told(&mut self, words: String) {
        self.seen.toast = Some(Toast::new(words, false));
        self.sheet.is_saving = false;
        if std::mem::take(&mut self.sheet.is_opening) && self.sheet.restores.is_some() {
            // The file cannot be opened any more: what was kept is drawn without one.
            self.begin(Opening::New(None));
        }
    }

    /// Shows another document in place of this one.
    fn open(&mut self, opened: Opened) {
        let Opened { name, pipeline, path, operators, check, rights, starts, is_of_cluster: _ } = opened;
        self.disk = Disk::new(path.as_deref());
        self.drawing = Drawing::new(pipeline, path, operators, check);
        self.run = Watched { name, ..Watched::default() };
        if !rights.owns_run {
            self.run.link = Link::Starting;
        }
        self.rights = rights;
        self.seen.chosen = Chosen::default();
        self.seen.inspector = InspectorSeen::default();
        self.seen.bottom.forget();
        self.topics = Topics::default();
        self.seen.canvas.wants_fit = true;
        self.seen.canvas.wants_focus = true;
        self.is_stale = true;
        (self.sheet.is_start, self.sheet.is_opening) = (false, false);
        if let Some(path) = self.drawing.path.clone().filter(|path| path.exists()) {
            self.wanted.push(Wanted::Note(path));
        }
        if starts {
            self.ask(Ask::Run(Box::new(self.drawing.pipeline.clone())));
        }
        if let Some(left) = self.sheet.restores.take() {
            self.restore(left);
        }
    }

    fn saved(&mut self, pipeline: Pipeline, to: &str) {
        self.drawing.is_saved_as(pipeline);
        self.disk = Disk::new(Some(Path::new(to)));
        self.drawing.path = Some(to.into());
        self.sheet.is_saving = false;
        self.wanted.push(Wanted::Note(to.into()));
        self.seen.toast = Some(Toast::new(format!("Saved {to}."), false));
    }
}
