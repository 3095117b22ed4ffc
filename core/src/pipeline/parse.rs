//! Text to pipeline: every fault of structure at once, each at its node or edge and with line and column. What is wrong is
//! taken out, so that the rest can be read and checked.

use serde_json::{Value, json};

use super::json::{self, Read, Step};
use super::{Pipeline, VERSION, identity, locate};
use crate::form::Form;
use crate::problem::{Place, Problem};

impl Pipeline {
    /// Reads a file.
    ///
    /// There is a pipeline unless the text is not JSON, is of a newer version, or is no pipeline at all. What was refused (an
    /// unknown field, a value of a wrong kind) is left out of it and told of in the problems; with an error among them it
    /// must not be run, nor saved over the file. A node that has no operator, and an edge that has no end, has an empty text
    /// there; a node that has no id has its place.
    pub fn parse(text: &str) -> (Option<Pipeline>, Vec<Problem>) {
        let Reading { pipeline, mut problems, mended } = Reading::new(text);
        if let (Some(pipeline), Some(mended)) = (&pipeline, &mended) {
            problems.extend(mended.place(pipeline.identity_problems()));
        }
        (pipeline, problems)
    }
}

/// What was read of a file.
pub(crate) struct Reading {
    /// what it says, as far as it is right
    pub pipeline: Option<Pipeline>,
    /// what is wrong with its structure
    pub problems: Vec<Problem>,
    /// what the pipeline was made of
    pub mended: Option<Mended>,
}

/// A file with what was refused taken out, or something right in its place.
pub(crate) struct Mended {
    text: String,
    value: Value,
    refused: Vec<Vec<Step>>,
    /// ways to what had another name in the text, and that
    renamed: Vec<(Vec<Step>, Step)>,
}

/// A name may turn out to be wrong within what had a wrong name.
const MAX_ROUNDS: usize = 8;

/// What a node and an edge cannot be without.
const VITAL: [(&str, [&str; 2]); 2] = [("nodes", ["id", "operator"]), ("edges", ["from", "to"])];

impl Reading {
    /// Reads a text.
    pub(crate) fn new(text: &str) -> Reading {
        let Read { value, text, mut problems, gaps } = match json::read(text.trim_start_matches('\u{feff}')) {
            Ok(read) => read,
            Err(problems) => return Reading { pipeline: None, problems, mended: None },
        };
        let mut mended = Mended { text, value, refused: Vec::new(), renamed: Vec::new() };
        let form = Form::of::<Pipeline>();
        gaps.into_iter().for_each(|steps| mended.refuse(&form, steps));
        if let Some((problem, is_ours)) = mended.version_problem() {
            problems.push(problem);
            if !is_ours {
                return Reading { pipeline: None, problems, mended: None };
            }
        }
        problems.extend(mended.structure_problems(&form));
        let pipeline = mended.pipeline(&form, &mut problems);
        Reading { pipeline, problems, mended: Some(mended) }
    }
}

impl Mended {
    /// Gives problems of the pipeline their lines. What only follows from what was refused is dropped.
    pub(crate) fn place(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let place = |mut problem: Problem| {
            let steps = locate::steps_to(&self.value, &problem.place);
            if problem.place.line.is_none() {
                let span = problem.place.span.as_ref();
                problem.place.line = locate::line(&self.text, &self.written(&steps), span);
            }
            let follows = self.refused.iter().any(|refused| steps.starts_with(refused));
            (!follows).then_some(problem)
        };
        problems.into_iter().filter_map(place).collect()
    }

    fn place_of(&self, steps: &[Step]) -> Place {
        let line = json::position(&self.text, &self.written(steps));
        Place { line, ..locate::place(&self.value, steps) }
    }

    /// The way that leads there in the text.
    fn written(&self, steps: &[Step]) -> Vec<Step> {
        let mut written = steps.to_vec();
        for (now, before) in self.renamed.iter().filter(|(now, _)| steps.starts_with(now)) {
            written[now.len() - 1] = before.clone();
        }
        written
    }

    /// What is wrong with the version, and whether the file can be read as one of this version all the same.
    fn version_problem(&mut self) -> Option<(Problem, bool)> {
        let begin = format!("begin the file with {{ \"tidegate\": {VERSION}");
        let line = |steps: &[Step]| json::position(&self.text, steps);
        let Value::Object(map) = &mut self.value else {
            let place = Place { line: line(&[]), ..Place::default() };
            return Some((Problem::error(place, "a pipeline is a JSON object").remedy(begin), false));
        };
        let has_nodes = map.contains_key("nodes");
        let found = map.insert("tidegate".into(), VERSION.into());
        let place = |steps: &[Step]| Place { line: line(steps), ..Place::default() };
        let there = || place(&[Step::Name("tidegate".into())]).at_field("tidegate");
        let (problem, is_ours) = match found {
            Some(version) if version.as_u64() == Some(u64::from(VERSION)) => return None,
            Some(Value::Number(version)) if version.as_f64() > Some(f64::from(VERSION)) => {
                let message = format!("written by a newer Tidegate: version {version}, this one reads up to {VERSION}");
                (Problem::error(there(), message).remedy("update Tidegate"), false)
            }
            Some(other) => {
                let message = format!("expected the version of the file, {VERSION}, found {other}");
                (Problem::error(there(), message).remedy(begin), has_nodes)
            }
            None => {
                let message = "this is not a pipeline: `tidegate` is missing";
                (Problem::error(place(&[]), message).remedy(begin), has_nodes)
            }
        };
        Some((problem, is_ours))
    }

    /// Finds what does not fit the form of a file, and mends it.
    fn structure_problems(&mut self, form: &Form) -> Vec<Problem> {
        let mut problems = Vec::new();
        // What had a name that is none is looked at once more under the one that it has now.
        for _ in 0..MAX_ROUNDS {
            let Value::Object(map) = &self.value else { break };
            let found = form.validate_template(map, &Place::default());
            let steps =
                |problem: &Problem| json::steps(&self.value, problem.place.field.as_deref().unwrap_or_default());
            let refused: Vec<Vec<Step>> = found.iter().map(steps).collect();
            problems.extend(
                found
                    .into_iter()
                    .zip(&refused)
                    .filter(|(_, steps)| !self.refused.contains(steps))
                    .map(|(problem, steps)| Problem { place: self.place_of(steps), ..problem }),
            );
            if refused.is_empty() {
                break;
            }
            refused.into_iter().for_each(|steps| self.refuse(form, steps));
        }
        problems
    }

    /// The pipeline, once all is mended that the form cannot tell: a parameter where none may stand.
    fn pipeline(&mut self, form: &Form, problems: &mut Vec<Problem>) -> Option<Pipeline> {
        loop {
            let error = match serde_path_to_error::deserialize(self.value.clone()) {
                Ok(pipeline) => return Some(with_ids(pipeline)),
                Err(error) => error,
            };
            let mut steps = json::steps(&self.value, &error.path().to_string());
            if !self.refused.contains(&steps) {
                let remedy = "see the file's schema, assets/tidegate.schema.json";
                problems.push(Problem::error(self.place_of(&steps), error.inner().to_string()).remedy(remedy));
            }
            // What stands in its place is refused too: then all that is around it goes.
            while self.refused.contains(&steps) {
                steps.pop()?;
            }
            self.refuse(form, steps);
        }
    }

    /// Takes what is behind some steps out; what a node or an edge cannot be without becomes nothing.
    fn refuse(&mut self, form: &Form, steps: Vec<Step>) {
        let meant = self.value.as_object_mut().and_then(|map| form.mend(map, &steps));
        if let (Some(meant), Some((before, around))) = (meant, steps.split_last()) {
            self.renamed.push(([around, &[Step::Name(meant)]].concat(), before.clone()));
        }
        self.blank(&steps);
        self.refused.push(steps);
    }

    fn blank(&mut self, steps: &[Step]) {
        let [Step::Name(section), within @ ..] = steps else { return };
        let Some((section, vital)) = VITAL.iter().find(|(name, _)| name == section) else { return };
        let (index, names) = match within {
            [] => (0, &vital[..]),
            [Step::Item(index)] => (*index, &vital[..]),
            [Step::Item(index), Step::Name(name)] => {
                let Some(at) = vital.iter().position(|vital| vital == name) else { return };
                (*index, &vital[at..=at])
            }
            _ => return,
        };
        if within.is_empty() {
            // Something is there, and it may be anything.
            self.value[*section] = json!([{}]);
        }
        let Some(Value::Object(part)) = self.value[*section].get_mut(index) else { return };
        for name in names {
            let text = if *name == "id" { identity::place_as_id(index) } else { String::new() };
            part.insert((*name).into(), text.into());
            self.refused.push(vec![Step::Name((*section).into()), Step::Item(index), Step::Name((*name).into())]);
        }
    }
}

/// Notes and groups that a person wrote without an id get one.
fn with_ids(mut pipeline: Pipeline) -> Pipeline {
    for index in 0..pipeline.notes.len() {
        if pipeline.notes[index].id.is_empty() {
            pipeline.notes[index].id = pipeline.fresh_id("note");
        }
    }
    for index in 0..pipeline.groups.len() {
        if pipeline.groups[index].id.is_empty() {
            pipeline.groups[index].id = pipeline.fresh_id("group");
        }
    }
    pipeline
}
