//! The gallery that comes with the program, wherever it runs: files of `pipelines/` to begin from, those that show most at a
//! glance first.

use tidegate_core::faces::drawing::{Checker, Drawing};
use tidegate_core::faces::host::{Opening, Sample};
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;

use super::opener::first_sentence;

/// Names and texts of files. Those that need records of another pipeline, or a file beside them, come last.
const FILES: &[(&str, &str)] = &[
    ("top-trades", include_str!("../../../pipelines/top-trades.json")),
    ("five-minutes", include_str!("../../../pipelines/five-minutes.json")),
    ("direct-or-topic", include_str!("../../../pipelines/direct-or-topic.json")),
    ("sessions", include_str!("../../../pipelines/sessions.json")),
    ("overflow", include_str!("../../../pipelines/overflow.json")),
    ("market", include_str!("../../../pipelines/market.json")),
    ("factorials", include_str!("../../../pipelines/factorials.json")),
    ("nexmark-q0", include_str!("../../../pipelines/nexmark-q0.json")),
    ("nexmark-q1", include_str!("../../../pipelines/nexmark-q1.json")),
    ("nexmark-q2", include_str!("../../../pipelines/nexmark-q2.json")),
    ("nexmark-q11", include_str!("../../../pipelines/nexmark-q11.json")),
    ("nexmark-q12", include_str!("../../../pipelines/nexmark-q12.json")),
    ("trades-generate", include_str!("../../../pipelines/trades-generate.json")),
    ("trades", include_str!("../../../pipelines/trades.json")),
    ("weblog", include_str!("../../../pipelines/weblog.json")),
];

/// A pipeline of the gallery.
pub(super) fn pipeline(name: &str) -> Option<Pipeline> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Pipeline::parse(text).0
}

/// All of them, to look at.
pub(super) fn samples(check: &Checker) -> Vec<Sample> {
    let sample = |(name, text): &(&str, &str)| {
        let pipeline = Pipeline::parse(text).0?;
        Some(Sample {
            opening: Opening::Sample((*name).to_string()),
            sentence: first_sentence(&pipeline.description),
            drawing: Drawing::new(pipeline, None, operators::ALL, check.clone()),
        })
    };
    FILES.iter().filter_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_gallery_is_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
        let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
        let files: BTreeSet<String> = files
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let names: BTreeSet<String> = FILES.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, files);
        for (name, _) in FILES {
            assert!(pipeline(name).is_some_and(|pipeline| !pipeline.description.is_empty()), "{name}");
        }
    }
}
